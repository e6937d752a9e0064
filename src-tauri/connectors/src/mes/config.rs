//! Settings of a MES connection, and the status words of common vendors.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::time::Duration;

use andon_domain::records::MachineState;
use url::Url;

use crate::transport::{AuthKind, ConfigProblem, HttpRule, Limits, Names, check_endpoint};

/// Settings of a MES connection.
#[derive(Debug, Clone)]
pub struct MesConfig {
    /// Address of the MES or its adapter, for example `https://mes.example.org`.
    pub endpoint: Url,
    /// How to log on.
    pub auth: AuthKind,
    /// Status words of this plant besides the contract's and the common vendors'.
    pub status_words: BTreeMap<String, MachineState>,
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
            status_words: BTreeMap::new(),
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

/// Machine states by lower-case word.
#[derive(Debug)]
pub(super) struct StatusWords(HashMap<String, MachineState>);

/// Words of PackML, MTConnect and SEMI E10. A plant's own words win over them.
const VENDOR_WORDS: &[(MachineState, &[&str])] = &[
    (
        MachineState::Running,
        &["execute", "completing", "starting", "active", "productive"],
    ),
    (
        MachineState::Idle,
        &[
            "complete",
            "resetting",
            "suspended",
            "held",
            "ready",
            "wait",
            "program_completed",
            "feed_hold",
            "optional_stop",
            "interrupted",
            "standby",
        ],
    ),
    (MachineState::Setup, &["teardown", "engineering"]),
    (
        MachineState::Down,
        &[
            "aborting",
            "aborted",
            "clearing",
            "stopping",
            "stopped",
            "program_stopped",
            "triggered",
            "unscheduled down",
        ],
    ),
    (MachineState::Maintenance, &["scheduled down"]),
    (MachineState::Offline, &["unavailable"]),
];

impl StatusWords {
    pub(super) fn new(own: &BTreeMap<String, MachineState>) -> Self {
        let vendors = VENDOR_WORDS
            .iter()
            .flat_map(|(state, words)| words.iter().map(|word| ((*word).to_owned(), *state)));
        let own = own
            .iter()
            .map(|(word, state)| (word.trim().to_lowercase(), *state));
        Self(vendors.chain(own).collect())
    }

    /// The state of a word, and whether it is a word of the contract.
    pub(super) fn state(&self, word: &str) -> (MachineState, bool) {
        let known = MachineState::from_word(word);
        let is_contract = known != MachineState::Unknown || word.trim().eq_ignore_ascii_case("unknown");
        match self.0.get(&word.trim().to_lowercase()) {
            Some(state) if !is_contract => (*state, false),
            _ => (known, is_contract),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_vendors_and_plants_are_understood_and_others_are_unknown() {
        let own = BTreeMap::from([
            ("Störung".to_owned(), MachineState::Down),
            ("held".to_owned(), MachineState::Setup),
        ]);
        let words = StatusWords::new(&own);
        assert_eq!(words.state(" Running "), (MachineState::Running, true));
        assert_eq!(words.state("EXECUTE"), (MachineState::Running, false));
        assert_eq!(words.state("störung"), (MachineState::Down, false));
        assert_eq!(
            words.state("held"),
            (MachineState::Setup, false),
            "the plant's own meaning wins"
        );
        assert_eq!(words.state("dancing"), (MachineState::Unknown, false));
    }
}
