//! `sap.services`: what a system calls services, sets and fields where it differs from SAP's own. Whether a name is one that
//! is used, and could be one of a system, the connector says.

use andon_connectors::sap::{Names, Service};

use super::read::Reader;

/// The names of the file. One that says nothing is a mistake.
pub(super) fn names(reader: &mut Reader<'_>) -> Names {
    let mut names = Names::default();
    for (full, text) in reader.services() {
        let parts: Vec<&str> = full.split('.').skip(2).collect();
        let Some(service) = parts.first().and_then(|key| Service::find(key)) else {
            let known: Vec<_> = Service::ALL.iter().map(|service| service.key()).collect();
            let remedy = format!("Give one of {}.", known.join(", "));
            reader.mistake(&full, &text, "belongs to no service that is used", &remedy);
            continue;
        };
        let own = names.0.entry(service).or_default();
        match parts.get(1..).unwrap_or_default() {
            ["path"] => own.path = Some(text),
            ["set"] => {
                own.sets.insert(service.main_set().to_owned(), text);
            }
            ["sets", standard] => {
                own.sets.insert((*standard).to_owned(), text);
            }
            ["fields", standard] => {
                own.fields.insert((*standard).to_owned(), text);
            }
            _ => reader.mistake(
                &full,
                &text,
                "is not a setting of a service",
                "Give path, set, sets or fields.",
            ),
        }
    }
    names
}
