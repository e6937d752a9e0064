//! A stop of a machine.

use andon_domain::Timestamp;
use andon_domain::records::{DowntimeCategory, DowntimeEvent};
use rust_decimal::Decimal;
use serde_json::value::RawValue;

use super::super::fields::{Fields, Notes};
use super::super::words::StatusWords;
use super::{Versioned, equipment, in_order, reason, version};

impl Versioned for DowntimeEvent {
    type Key = String;
    const NEEDS: &'static str = "a key";

    fn read(raw: &RawValue, _: &StatusWords) -> Option<Self> {
        let mut notes = Notes::new();
        let fields = Fields::parse(raw, &mut notes)?;
        let id = fields.key("id", &mut notes)?;
        let deleted = fields.flag("deleted", &mut notes).unwrap_or_default();
        // What was taken back need not say any more what it was.
        let needed: &[&str] = if deleted {
            &["version"]
        } else {
            &["machine_id", "category", "start", "updated_at", "version"]
        };
        fields.must_have(needed, &mut notes);
        let (start, end) = (
            fields.instant("start", &mut notes),
            fields.instant("end", &mut notes),
        );
        in_order(start, end, ("start", "end"), &mut notes);
        told_duration(&fields, start, end, &mut notes);
        Some(Self {
            id,
            machine_id: fields.text("machine_id", &mut notes).unwrap_or_default(),
            equipment: equipment(&fields, &mut notes),
            order_id: fields.text("order_id", &mut notes),
            category: category(fields.text("category", &mut notes).as_deref()),
            failure: fields.flag("failure", &mut notes),
            reason: reason(&fields, &mut notes),
            start,
            end,
            comment: fields.text("comment", &mut notes),
            deleted,
            updated_at: fields.instant("updated_at", &mut notes),
            version: version(&fields, &mut notes),
            incomplete: notes,
        })
    }

    fn key(&self) -> String {
        self.id.clone()
    }

    fn rank(&self) -> (i64, Option<Timestamp>) {
        (self.version, self.updated_at)
    }

    fn incomplete(&self) -> &[String] {
        &self.incomplete
    }
}

/// What the MES says of the length is not kept; where it is another one, that is noted.
fn told_duration(fields: &Fields<'_>, start: Option<Timestamp>, end: Option<Timestamp>, notes: &mut Notes) {
    let (Some(told), Some(start), Some(end)) = (fields.number("duration_s", notes), start, end) else {
        return;
    };
    if end < start {
        return;
    }
    let ours = Decimal::from(end.millis() - start.millis()) / Decimal::ONE_THOUSAND;
    let apart = told.value().checked_sub(ours);
    if apart.is_none_or(|apart| apart.abs() > Decimal::ONE) {
        notes.push(format!("duration_s: {told} s told, {ours} s from start to end"));
    }
}

fn category(word: Option<&str>) -> DowntimeCategory {
    match word.map(|word| word.trim().to_ascii_lowercase()).as_deref() {
        Some("unplanned") => DowntimeCategory::Unplanned,
        Some("planned") => DowntimeCategory::Planned,
        Some("setup") => DowntimeCategory::Setup,
        Some("minor_stop") => DowntimeCategory::MinorStop,
        Some("waiting") => DowntimeCategory::Waiting,
        _ => DowntimeCategory::Unknown,
    }
}
