//! Settings of an SAP connection and what makes them unacceptable.

use std::path::PathBuf;

use andon_domain::{PortError, PortErrorKind, System};
use url::Url;

use crate::transport::{AuthKind, ConfigProblem, HttpRule, Limits, Names, check_endpoint};

/// Where the order service is, under the endpoint.
pub const PURCHASE_ORDER_SERVICE: &str = "API_PURCHASEORDER_PROCESS_SRV";
/// Where the stock service is, under the endpoint.
pub const MATERIAL_STOCK_SERVICE: &str = "API_MATERIAL_STOCK_SRV";

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
    /// Whether plain HTTP may leave this machine.
    pub http: HttpRule,
    /// Certificates to trust besides the operating system's.
    pub ca_file: Option<PathBuf>,
    /// Who turns names into addresses.
    pub names: Names,
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
            http: HttpRule::default(),
            ca_file: None,
            names: Names::default(),
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
        let problems = config.check();
        let fields: Vec<_> = problems.iter().map(|p| p.field.as_str()).collect();
        assert_eq!(
            fields,
            ["endpoint", "client", "language", "username", "page_size"]
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
