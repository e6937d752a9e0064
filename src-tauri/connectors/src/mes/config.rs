//! Settings of a MES connection.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use andon_domain::records::{MachineState, ProductionOrderStatus};
use url::Url;

use super::words::{is_machine_word, is_order_word};
use crate::transport::{AuthKind, ConfigProblem, HttpRule, Limits, Names, ca_file_problem, check_endpoint};

/// Settings of a MES connection.
#[derive(Debug, Clone)]
pub struct MesConfig {
    /// Address of the MES or its adapter, for example `https://mes.example.org`.
    pub endpoint: Url,
    /// How to log on.
    pub auth: AuthKind,
    /// What this plant's words for machine states mean, besides the contract's and the common vendors'.
    pub machine_status: BTreeMap<String, MachineState>,
    /// What this plant's words for the status of production orders mean, likewise.
    pub order_status: BTreeMap<String, ProductionOrderStatus>,
    /// Whether plain HTTP may leave this machine.
    pub http: HttpRule,
    /// Certificates to trust besides the operating system's.
    pub ca_file: Option<PathBuf>,
    /// Who turns names into addresses.
    pub names: Names,
    /// Limits of the transport.
    pub limits: Limits,
}

impl MesConfig {
    /// Settings with the documented defaults: answers of at most 16 MiB that begin within 10 s.
    #[must_use]
    pub fn new(endpoint: Url, auth: AuthKind) -> Self {
        let limits = Limits {
            idle: Duration::from_secs(10),
            body: 16 * 1024 * 1024,
            ..Limits::default()
        };
        Self {
            endpoint,
            auth,
            machine_status: BTreeMap::new(),
            order_status: BTreeMap::new(),
            http: HttpRule::default(),
            ca_file: None,
            names: Names::default(),
            limits,
        }
    }

    /// Everything that is wrong with the settings; empty when they can be used.
    #[must_use]
    pub fn check(&self) -> Vec<ConfigProblem> {
        let mut problems: Vec<_> = check_endpoint("endpoint", &self.endpoint, self.http)
            .into_iter()
            .collect();
        if matches!(self.auth, AuthKind::None | AuthKind::BearerIfSet) {
            problems.push(ConfigProblem {
                field: "auth".to_owned(),
                value: "none".to_owned(),
                problem: "is not a way to log on to the MES".to_owned(),
                remedy: "Give bearer, basic or oauth2.".to_owned(),
            });
        }
        let machines = self
            .machine_status
            .iter()
            .map(|(word, state)| (word.as_str(), state.as_str()));
        problems.extend(check_words("machine_status", machines, is_machine_word));
        let orders = self
            .order_status
            .iter()
            .map(|(word, status)| (word.as_str(), status.as_str()));
        problems.extend(check_words("order_status", orders, is_order_word));
        problems.extend(ca_file_problem(self.ca_file.as_deref()));
        problems.extend(self.auth.token_service_problems(self.http));
        problems
    }

    /// The address, ending in a slash.
    pub(super) fn base(&self) -> Url {
        let mut base = self.endpoint.clone();
        base.set_path(&format!("{}/", base.path().trim_end_matches('/')));
        base
    }
}

/// A line of a table that would have no effect, or one that depends on the order of lines, is a mistake.
fn check_words<'a>(
    table: &str,
    words: impl Iterator<Item = (&'a str, &'static str)>,
    is_contract: fn(&str) -> bool,
) -> Vec<ConfigProblem> {
    let (mut problems, mut seen) = (Vec::new(), BTreeMap::<String, &str>::new());
    for (word, state) in words {
        let mut add = |problem: &str, remedy: &str| {
            problems.push(ConfigProblem {
                field: format!("{table}.{word}"),
                value: state.to_owned(),
                problem: problem.to_owned(),
                remedy: remedy.to_owned(),
            });
        };
        let same = seen.insert(word.trim().to_lowercase(), state);
        if word.trim().is_empty() {
            add("has no word before it", "Give the word that the MES sends.");
        } else if is_contract(word) {
            add(
                "gives a word of the contract another meaning",
                "Remove the line; the MES adapter must send another word for another state.",
            );
        } else if same.is_some_and(|same| same != state) {
            add(
                "is the same word as another line, which says something else",
                "Keep one of the two lines; capital letters and surrounding spaces do not count.",
            );
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_a_table_without_effect_is_named() {
        let mut config = MesConfig::new("https://mes.example.org".parse().unwrap(), AuthKind::Bearer);
        config.machine_status = [
            ("Störung", MachineState::Down),
            ("STÖRUNG", MachineState::Idle),
            ("Running", MachineState::Idle),
            (" ", MachineState::Idle),
            ("stopped", MachineState::Unknown),
        ]
        .into_iter()
        .map(|(word, state)| (word.to_owned(), state))
        .collect();
        config.order_status = BTreeMap::from([("Paused".to_owned(), ProductionOrderStatus::Active)]);
        let fields: Vec<_> = config.check().into_iter().map(|problem| problem.field).collect();
        assert_eq!(
            fields,
            [
                "machine_status. ",
                "machine_status.Running",
                "machine_status.Störung",
                "order_status.Paused"
            ]
        );
    }
}
