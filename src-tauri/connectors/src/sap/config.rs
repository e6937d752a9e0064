//! Settings of an SAP connection and what makes them unacceptable.

use std::path::PathBuf;
use std::time::Duration;

use andon_domain::{PortError, PortErrorKind, System};
use url::Url;

use super::names::Names;
use crate::transport::{
    AuthKind, ConfigProblem, HttpRule, Limits, Names as HostNames, ca_file_problem, check_endpoint,
};

/// Settings of an SAP connection.
#[derive(Debug, Clone)]
pub struct SapConfig {
    /// Address of the services, for example `https://sap.example.org/sap/opu/odata/sap`. Without a path, that path.
    pub endpoint: Url,
    /// SAP client (`mandt`), three digits; the system's default when absent.
    pub client: Option<String>,
    /// Language of texts and messages, two letters.
    pub language: String,
    /// How to log on.
    pub auth: AuthKind,
    /// Rows asked for at once.
    pub page_size: u32,
    /// Rows of a read at most; more are cut and said to be cut.
    pub row_limit: u32,
    /// Rows of a feed of the mirror at most.
    pub feed_limit: u32,
    /// Time for a read that somebody waits for, all its pages and parts together.
    pub read_time: Duration,
    /// Time for a feed of the mirror, all its pages and parts together.
    pub feed_time: Duration,
    /// Which plan is the budget: the planning category, different in every system.
    pub planning_category: String,
    /// Ledger of budget and actuals.
    pub ledger: String,
    /// What the system calls services, sets and fields where it differs from SAP's own.
    pub names: Names,
    /// Whether plain HTTP may leave this machine.
    pub http: HttpRule,
    /// Certificates to trust besides the operating system's.
    pub ca_file: Option<PathBuf>,
    /// Who turns names of hosts into addresses.
    pub host_names: HostNames,
    /// Limits of the transport.
    pub limits: Limits,
}

impl SapConfig {
    /// Settings with the documented defaults.
    #[must_use]
    pub fn new(endpoint: Url, auth: AuthKind) -> Self {
        Self {
            endpoint,
            client: None,
            language: "EN".to_owned(),
            auth,
            page_size: 500,
            row_limit: 10_000,
            feed_limit: 200_000,
            read_time: Duration::from_secs(90),
            // SAP may take some seconds for a page of orders with their items.
            feed_time: Duration::from_secs(600),
            planning_category: "PLN".to_owned(),
            ledger: "0L".to_owned(),
            names: Names::default(),
            http: HttpRule::default(),
            ca_file: None,
            host_names: HostNames::default(),
            limits: Limits::default(),
        }
    }

    /// Everything that is wrong with the settings; empty when they can be used.
    #[must_use]
    pub fn check(&self) -> Vec<ConfigProblem> {
        let mut problems: Vec<_> = check_endpoint("endpoint", &self.endpoint, self.http)
            .into_iter()
            .collect();
        let mut add = |field: &str, value: &str, problem: &str, remedy: &str| {
            problems.push(ConfigProblem {
                field: field.to_owned(),
                value: value.to_owned(),
                problem: problem.to_owned(),
                remedy: remedy.to_owned(),
            });
        };
        if let Some(client) = &self.client
            && (client.len() != 3 || !client.bytes().all(|b| b.is_ascii_digit()))
        {
            add(
                "client",
                client,
                "is not an SAP client",
                "Give three digits such as 100, or leave it out.",
            );
        }
        if self.language.len() != 2 || !self.language.bytes().all(|b| b.is_ascii_alphabetic()) {
            add(
                "language",
                &self.language,
                "is not a language",
                "Give two letters such as EN or DE.",
            );
        }
        match &self.auth {
            AuthKind::Basic { username } if username.is_empty() => {
                add(
                    "username",
                    username,
                    "is empty",
                    "Give the technical user's name; its password goes to the keyring.",
                );
            }
            AuthKind::Basic { username }
                if username.contains(':') || username.chars().any(char::is_control) =>
            {
                add(
                    "username",
                    username,
                    "has a colon or an invisible character",
                    "Give the name as SAP shows it.",
                );
            }
            AuthKind::Basic { .. } | AuthKind::Bearer | AuthKind::OAuth2 { .. } => {}
            AuthKind::None | AuthKind::BearerIfSet => {
                add(
                    "auth",
                    "none",
                    "is not a way to log on to SAP",
                    "Give basic, bearer or oauth2.",
                );
            }
        }
        if self.page_size == 0 || self.page_size > 5_000 {
            add(
                "page_size",
                &self.page_size.to_string(),
                "is out of range",
                "Give 1 to 5000.",
            );
        }
        for (field, value, most) in [
            ("planning_category", &self.planning_category, 10),
            ("ledger", &self.ledger, 2),
        ] {
            if value.is_empty()
                || value.len() > most
                || !value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            {
                let remedy = format!("Give 1 to {most} letters or digits as SAP shows it.");
                add(field, value, "is not a key of SAP", &remedy);
            }
        }
        problems.extend(ca_file_problem(self.ca_file.as_deref()));
        problems.extend(self.names.check());
        problems.extend(self.auth.token_service_problems(self.http));
        problems
    }

    /// Base of the services, ending in a slash.
    pub(super) fn base(&self) -> Url {
        let mut base = self.endpoint.clone();
        let path = match base.path() {
            "/" | "" => "/sap/opu/odata/sap/".to_owned(),
            path => format!("{}/", path.trim_end_matches('/')),
        };
        base.set_path(&path);
        base
    }
}

/// The first problem as a failure of the connection.
pub(crate) fn refuse(system: System, problems: &[ConfigProblem]) -> Result<(), PortError> {
    match problems.first() {
        None => Ok(()),
        Some(p) => Err(PortError {
            attempts: 0,
            ..PortError::new(
                system,
                PortErrorKind::NotConfigured,
                format!("the setting {} {}", p.field, p.problem),
            )
            .detail(format!("{}: {}; {}", p.field, p.value, p.remedy))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wrong_setting_is_named_with_its_remedy() {
        let mut config = SapConfig::new(
            "http://10.0.0.1".parse().unwrap(),
            AuthKind::Basic {
                username: "A:B".to_owned(),
            },
        );
        config.client = Some("1".to_owned());
        config.language = "english".to_owned();
        config.page_size = 0;
        config.ledger = "0L'".to_owned();
        let problems = config.check();
        let fields: Vec<_> = problems.iter().map(|p| p.field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "endpoint",
                "client",
                "language",
                "username",
                "page_size",
                "ledger"
            ]
        );
        assert!(problems.iter().all(|p| !p.remedy.is_empty()));
    }

    #[test]
    fn the_usual_path_is_assumed_when_none_is_given() {
        let base = |text: &str| {
            SapConfig::new(text.parse().unwrap(), AuthKind::Bearer)
                .base()
                .to_string()
        };
        assert_eq!(
            base("https://sap.example.org"),
            "https://sap.example.org/sap/opu/odata/sap/"
        );
        assert_eq!(
            base("https://sap.example.org/z/odata"),
            "https://sap.example.org/z/odata/"
        );
    }
}
