//! The two connections under test, as the engine holds them, with limits small enough for a test and one healthy answer
//! each.

use std::sync::Arc;
use std::time::Duration;

use andon_connectors::mes::{Mes, MesConfig};
use andon_connectors::sap::{Sap, SapConfig};
use andon_connectors::transport::{AuthKind, CredentialSource, Limits};
use andon_domain::operations::find;
use andon_domain::ports::{Fetched, ReadOperation};
use andon_domain::time::Moment;
use andon_domain::{Clock, PortError, Secret, Timestamp};
use async_trait::async_trait;
use url::Url;

use crate::upstream::{Script, json};

/// What must never be in a message.
pub(crate) const SECRET: &str = "correct-horse-battery-staple";

/// One order as SAP tells it.
pub(crate) const ORDER: &str = r#"{"PurchaseOrder":"4500000001","Supplier":"0000100482","DocumentCurrency":"EUR","PurchasingProcessingStatus":"02","PurchaseOrderDate":"/Date(1782086400000)/","to_PurchaseOrderItem":{"results":[{"PurchaseOrderItem":"00010","Material":"HX-220","Plant":"1010","OrderQuantity":"10.000","NetPriceAmount":"12.34","NetPriceQuantity":"1"}]}}"#;
/// One machine as the MES tells it.
pub(crate) const MACHINE: &str = r#"{"machine_id":"M-01","name":"Mill 1","status":"running","status_since":"2026-06-22T10:00:00Z","observed_at":"2026-06-22T11:59:58Z","updated_at":"2026-06-22T11:59:58Z","version":3}"#;

pub(crate) type Reached = Result<Fetched, PortError>;

/// A kind of system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum System {
    Sap,
    Mes,
}

/// Both.
pub(crate) const BOTH: &[System] = &[System::Sap, System::Mes];

impl System {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sap => "SAP",
            Self::Mes => "MES",
        }
    }

    /// One record of its usual list.
    pub(crate) const fn record(self) -> &'static str {
        match self {
            Self::Sap => ORDER,
            Self::Mes => MACHINE,
        }
    }

    /// The body of a page with these records and this link or cursor to the next.
    pub(crate) fn page(self, records: &[&str], next: Option<&str>) -> String {
        let records = records.join(",");
        match self {
            Self::Sap => {
                let next = next.map_or(String::new(), |next| format!(r#","__next":"{next}""#));
                format!(r#"{{"d":{{"results":[{records}]{next}}}}}"#)
            }
            Self::Mes => {
                let next = next.map_or("null".to_owned(), |next| format!("\"{next}\""));
                format!(
                    r#"{{"items":[{records}],"next_cursor":{next},"total":null,"as_of":"2026-06-22T12:00:00Z","server_time":"2026-06-22T12:00:00Z"}}"#
                )
            }
        }
    }

    /// A system that keeps every rule and has one record.
    pub(crate) fn healthy(self) -> Script {
        Arc::new(move |asked| match asked.target.contains("/health") {
            true => json(HEALTH),
            false => json(&self.page(&[self.record()], None)),
        })
    }

    /// Opens a connection.
    pub(crate) fn connect(self, url: &Url) -> Connection {
        let limits = Limits {
            connect: Duration::from_secs(1),
            idle: Duration::from_millis(400),
            total: Duration::from_secs(3),
            body: 4 * 1024 * 1024,
            attempts: 3,
            back_off: Duration::from_millis(1),
            ..Limits::default()
        };
        match self {
            Self::Sap => {
                let auth = AuthKind::Basic {
                    username: "ANDON".to_owned(),
                };
                let mut config = SapConfig::new(url.clone(), auth);
                config.limits = limits;
                Connection::Sap(Sap::new(config, Arc::new(Known), Arc::new(Noon)).unwrap())
            }
            Self::Mes => {
                let mut config = MesConfig::new(url.clone(), AuthKind::Bearer);
                config.limits = limits;
                Connection::Mes(Mes::new(config, Arc::new(Known), Arc::new(Noon)).unwrap())
            }
        }
    }
}

/// What a MES says of itself.
pub(crate) const HEALTH: &str = r#"{"status":"ok","api_version":"1.0","product":"Hostile","version":"1","server_time":"2026-06-22T12:00:00Z","time_zone":"Europe/Berlin","capabilities":["production-orders","machines/status","quality-reports","downtime-events","machines/history","calendar","events"],"checks":[]}"#;

/// A connection under test.
pub(crate) enum Connection {
    Sap(Arc<Sap>),
    Mes(Arc<Mes>),
}

impl Connection {
    /// The system's usual read.
    pub(crate) async fn read(&self) -> Reached {
        let (name, read): (_, Arc<dyn ReadOperation>) = match self {
            Self::Sap(sap) => ("sap.get_purchase_orders", sap.purchase_orders_read()),
            Self::Mes(mes) => ("mes.get_machine_status", mes.machine_status_read()),
        };
        let parameters = (find(name).unwrap().validate)(&serde_json::json!({})).unwrap();
        read.read(&parameters).await
    }

    pub(crate) fn credentials_changed(&self) {
        match self {
            Self::Sap(sap) => sap.credentials_changed(),
            Self::Mes(mes) => mes.credentials_changed(),
        }
    }
}

struct Known;

#[async_trait]
impl CredentialSource for Known {
    async fn secret(&self) -> Result<Option<Secret>, PortError> {
        Ok(Some(Secret::new(SECRET.to_owned())))
    }
}

struct Noon;

impl Clock for Noon {
    fn moment(&self) -> Moment {
        Moment {
            utc: Timestamp::parse("2026-06-22T12:00:00Z").unwrap(),
            boot_ms: 1_000,
            boot_id: "boot".into(),
        }
    }
}
