//! The two connections under test, as the engine holds them, with limits small enough for a test; every list that is read
//! from them, with one healthy record each.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use andon_connectors::mes::{Mes, MesConfig};
use andon_connectors::sap::{Sap, SapConfig};
use andon_connectors::transport::{AuthKind, CredentialSource, HttpRule, Limits, Names};
use andon_domain::operations::find;
use andon_domain::ports::{Connector, Feed, FeedAsk, FeedRecords, FeedSource, Health, ReadOperation};
use andon_domain::time::Moment;
use andon_domain::{Clock, PortError, Secret, Timestamp};
use async_trait::async_trait;
use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

use crate::upstream::{Asked, Script, Step, answer, json};

/// What must never be in a message.
pub(crate) const SECRET: &str = "correct-horse-battery-staple";

/// A kind of system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum System {
    Sap,
    Mes,
}

/// Both.
pub(crate) const BOTH: [System; 2] = [System::Sap, System::Mes];

/// A list that is read from a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Read {
    PurchaseOrders,
    Inventory,
    CostCenters,
    Materials,
    Machines,
    ProductionOrders,
    Downtime,
    Quality,
    History,
    Calendar,
}

/// Every list.
pub(crate) const ALL: &[Read] = &[
    Read::PurchaseOrders,
    Read::Inventory,
    Read::CostCenters,
    Read::Materials,
    Read::Machines,
    Read::ProductionOrders,
    Read::Downtime,
    Read::Quality,
    Read::History,
    Read::Calendar,
];
/// Those of SAP.
pub(crate) const SAP: &[Read] = ALL.split_at(4).0;
/// Those of the MES.
pub(crate) const MES: &[Read] = ALL.split_at(4).1;
pub(crate) const ORDERS: &[Read] = &[Read::PurchaseOrders];
pub(crate) const MACHINES: &[Read] = &[Read::Machines];

/// How a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// By the operation of agents and people.
    Operation,
    /// By the feed of the mirror.
    Feed,
}

/// What came of a read.
#[derive(Debug)]
pub(crate) struct Got {
    /// Each record once.
    pub(crate) records: Vec<Value>,
    /// Said to be cut. A feed of events never says that it is complete, so there it is not known.
    pub(crate) is_cut: Option<bool>,
}

pub(crate) type Reached = Result<Got, PortError>;

impl Read {
    pub(crate) const fn system(self) -> System {
        match self {
            Self::PurchaseOrders | Self::Inventory | Self::CostCenters | Self::Materials => System::Sap,
            _ => System::Mes,
        }
    }

    const fn operation(self) -> &'static str {
        match self {
            Self::PurchaseOrders => "sap.get_purchase_orders",
            Self::Inventory => "sap.get_inventory",
            Self::CostCenters => "sap.get_cost_centers",
            Self::Materials => "sap.get_materials",
            Self::Machines => "mes.get_machine_status",
            Self::ProductionOrders => "mes.get_production_orders",
            Self::Downtime => "mes.get_downtime_events",
            Self::Quality => "mes.get_quality_reports",
            Self::History => "mes.get_machine_history",
            Self::Calendar => "mes.get_shift_calendar",
        }
    }

    const fn feed(self) -> Feed {
        match self {
            Self::PurchaseOrders => Feed::PurchaseOrders,
            Self::Inventory => Feed::Stock,
            Self::CostCenters => Feed::CostCenters,
            Self::Materials => Feed::Materials,
            Self::Machines => Feed::Machines,
            Self::ProductionOrders => Feed::ProductionOrders,
            Self::Downtime => Feed::Downtime,
            Self::Quality => Feed::Quality,
            Self::History => Feed::MachineHistory,
            Self::Calendar => Feed::Calendar,
        }
    }

    /// One record as the system tells it.
    pub(crate) const fn record(self) -> &'static str {
        match self {
            Self::PurchaseOrders => {
                r#"{"PurchaseOrder":"4500000001","Supplier":"0000100482","DocumentCurrency":"EUR","PurchasingProcessingStatus":"02","PurchaseOrderDate":"/Date(1782086400000)/","to_PurchaseOrderItem":{"results":[{"PurchaseOrderItem":"00010","Material":"HX-220","Plant":"1010","OrderQuantity":"10.000","NetPriceAmount":"12.34","NetPriceQuantity":"1"}]}}"#
            }
            Self::Inventory => {
                r#"{"Material":"HX-220","Plant":"1010","StorageLocation":"0001","InventoryStockType":"01","InventorySpecialStockType":"","MaterialBaseUnit":"PC","MatlWrhsStkQtyInMatlBaseUnit":"10.000"}"#
            }
            Self::CostCenters => {
                r#"{"ControllingArea":"A000","CostCenter":"4711","ValidityStartDate":"/Date(1577836800000)/","ValidityEndDate":"/Date(253402214400000)/","Department":"HX-220"}"#
            }
            Self::Materials => {
                r#"{"Product":"HX-220","ProductType":"ROH","BaseUnit":"PC","to_Description":{"results":[{"Language":"EN","ProductDescription":"Bolt"}]},"to_Plant":{"results":[{"Plant":"1010"}]},"to_Valuation":{"results":[]}}"#
            }
            Self::Machines => {
                r#"{"machine_id":"M-01","name":"Mill 1","status":"running","status_since":"2026-06-22T10:00:00Z","observed_at":"2026-06-22T11:59:58Z","updated_at":"2026-06-22T11:59:58Z","version":3}"#
            }
            Self::ProductionOrders => {
                r#"{"id":"PO-1","order_number":"Mill 1","status":"active","product":{"id":"HX"},"quantity":{"planned":10,"uom":"C62"},"updated_at":"2026-06-22T11:59:58Z","version":3}"#
            }
            Self::Downtime => {
                r#"{"id":"D-1","machine_id":"M-01","category":"unplanned","comment":"Mill 1","start":"2026-06-22T10:00:00Z","end":null,"updated_at":"2026-06-22T11:59:58Z","version":3}"#
            }
            Self::Quality => {
                r#"{"id":"Q-1","product_id":"Mill 1","type":"final","result":"pass","inspected_at":"2026-06-22T10:00:00Z","updated_at":"2026-06-22T11:59:58Z","version":3}"#
            }
            Self::History => {
                r#"{"machine_id":"M-01","status":"running","order_id":"Mill 1","start":"2026-06-22T10:00:00Z","end":null}"#
            }
            Self::Calendar => {
                r#"{"id":"S-1","shift":"Mill 1","business_day":"2026-06-22","start":"2026-06-22T04:00:00Z","end":"2026-06-22T12:00:00Z","breaks":[]}"#
            }
        }
    }

    /// The body of a page with these records and this link or cursor to the next.
    pub(crate) fn page(self, records: &[&str], next: Option<&str>) -> String {
        let records = records.join(",");
        match self.system() {
            System::Sap => {
                let next = next.map_or(String::new(), |next| format!(r#","__next":"{next}""#));
                format!(r#"{{"d":{{"results":[{records}]{next}}}}}"#)
            }
            System::Mes => {
                let next = next.map_or("null".to_owned(), |next| format!("\"{next}\""));
                format!(
                    r#"{{"items":[{records}],"next_cursor":{next},"total":null,"as_of":"2026-06-22T12:00:00Z","server_time":"2026-06-22T12:00:00Z"}}"#
                )
            }
        }
    }

    /// The answer to what is asked beside the list: what a MES offers, what stock is worth, what was planned and posted.
    pub(crate) fn beside(self, asked: &Asked) -> Option<Vec<Step>> {
        let is_for = |part: &str| asked.target.contains(part);
        if is_for("/health") {
            return Some(json(HEALTH));
        }
        if self == Self::Inventory && is_for("A_ProductValuation") {
            return Some(json(r#"{"d":{"results":[]}}"#));
        }
        let is_amount = is_for("API_FINPLANNINGENTRYITEM_SRV") || is_for("API_JOURNALENTRYITEMBASIC_SRV");
        (self == Self::CostCenters && is_amount).then(|| answer(404, &[], b""))
    }

    /// A system that keeps every rule and has one record.
    pub(crate) fn healthy(self) -> Script {
        Arc::new(move |asked| {
            let list = || json(&self.page(&[self.record()], None));
            self.beside(asked).unwrap_or_else(list)
        })
    }
}

/// How a test connects.
pub(crate) struct Setting {
    /// The token service, where tokens are asked for.
    pub(crate) token_url: Option<Url>,
    pub(crate) is_basic: bool,
    pub(crate) names: Names,
    /// Without TLS, also to another machine.
    pub(crate) is_plain: bool,
    pub(crate) clock: Arc<Hands>,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            token_url: None,
            is_basic: false,
            names: Names::default(),
            is_plain: false,
            clock: Arc::new(Hands::default()),
        }
    }
}

impl System {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sap => "SAP",
            Self::Mes => "MES",
        }
    }

    /// Its usual list.
    pub(crate) const fn usual(self) -> Read {
        match self {
            Self::Sap => Read::PurchaseOrders,
            Self::Mes => Read::Machines,
        }
    }

    /// Opens a connection as it mostly is.
    pub(crate) fn connect(self, url: &Url) -> Connection {
        let is_basic = self == Self::Sap;
        self.connect_as(
            url,
            Setting {
                is_basic,
                ..Setting::default()
            },
        )
    }

    /// Opens a connection.
    pub(crate) fn connect_as(self, url: &Url, setting: Setting) -> Connection {
        let limits = Limits {
            connect: Duration::from_secs(1),
            idle: Duration::from_millis(400),
            total: Duration::from_secs(3),
            body: 4 * 1024 * 1024,
            attempts: 3,
            back_off: Duration::from_millis(1),
            ..Limits::default()
        };
        let auth = match (setting.token_url, setting.is_basic) {
            (Some(token_url), _) => AuthKind::OAuth2 {
                token_url,
                client_id: "andon".to_owned(),
                scope: None,
            },
            (None, true) => AuthKind::Basic {
                username: "ANDON".to_owned(),
            },
            (None, false) => AuthKind::Bearer,
        };
        let http = match setting.is_plain {
            true => HttpRule::Everywhere,
            false => HttpRule::LoopbackOnly,
        };
        match self {
            Self::Sap => {
                let mut config = SapConfig::new(url.clone(), auth);
                (config.limits, config.http) = (limits, http);
                config.host_names = setting.names;
                Connection::Sap(Sap::new(config, Arc::new(Known), setting.clock).unwrap())
            }
            Self::Mes => {
                let mut config = MesConfig::new(url.clone(), auth);
                (config.limits, config.http) = (limits, http);
                config.names = setting.names;
                Connection::Mes(Mes::new(config, Arc::new(Known), setting.clock).unwrap())
            }
        }
    }
}

/// What a MES says of itself.
pub(crate) const HEALTH: &str = r#"{"status":"ok","api_version":"1.0","product":"Hostile","version":"1","server_time":"2026-06-22T12:00:00Z","time_zone":"Europe/Berlin","capabilities":["production-orders","machines/status","quality-reports","downtime-events","machines/history","calendar","events"],"checks":[]}"#;

/// A connection under test.
#[derive(Clone)]
pub(crate) enum Connection {
    Sap(Arc<Sap>),
    Mes(Arc<Mes>),
}

impl Connection {
    /// Reads a list.
    pub(crate) async fn ask(&self, read: Read, way: Way) -> Reached {
        match way {
            Way::Operation => self.read(read, &json!({})).await,
            Way::Feed => {
                let ask = FeedAsk {
                    changed_since: None,
                    window_since: noon().minus(Duration::from_secs(8 * 3_600)),
                    window_until: None,
                };
                let source: &dyn FeedSource = match self {
                    Self::Sap(sap) => sap.as_ref(),
                    Self::Mes(mes) => mes.as_ref(),
                };
                source.fetch(read.feed(), &ask).await.map(of_feed)
            }
        }
    }

    /// Reads a list with parameters.
    pub(crate) async fn read(&self, read: Read, parameters: &Value) -> Reached {
        let parameters = (find(read.operation()).unwrap().validate)(parameters).unwrap();
        let fetched = self.operation(read).read(&parameters).await?;
        Ok(Got {
            records: fetched.records,
            is_cut: Some(fetched.is_truncated),
        })
    }

    fn operation(&self, read: Read) -> Arc<dyn ReadOperation> {
        match (self, read) {
            (Self::Sap(sap), Read::PurchaseOrders) => sap.purchase_orders_read(),
            (Self::Sap(sap), Read::Inventory) => sap.inventory_read(),
            (Self::Sap(sap), Read::CostCenters) => sap.cost_centers_read(),
            (Self::Sap(sap), Read::Materials) => sap.materials_read(),
            (Self::Mes(mes), Read::Machines) => mes.machine_status_read(),
            (Self::Mes(mes), Read::ProductionOrders) => mes.production_orders_read(),
            (Self::Mes(mes), Read::Downtime) => mes.downtime_events_read(),
            (Self::Mes(mes), Read::Quality) => mes.quality_reports_read(),
            (Self::Mes(mes), Read::History) => mes.machine_history_read(),
            (Self::Mes(mes), Read::Calendar) => mes.shift_calendar_read(),
            _ => panic!("{read:?} is a list of the other system"),
        }
    }

    /// The health check that the engine makes from time to time.
    pub(crate) async fn check(&self) -> Health {
        match self {
            Self::Sap(sap) => sap.check().await,
            Self::Mes(mes) => mes.check().await,
        }
    }

    pub(crate) fn credentials_changed(&self) {
        match self {
            Self::Sap(sap) => sap.credentials_changed(),
            Self::Mes(mes) => mes.credentials_changed(),
        }
    }
}

fn of_feed(records: FeedRecords) -> Got {
    match records {
        FeedRecords::Machines(batch) => got(&batch.records, Some(!batch.is_complete)),
        FeedRecords::Calendar(batch) => got(&batch.records, Some(!batch.is_complete)),
        FeedRecords::Downtime(batch) => got(&batch.records, None),
        FeedRecords::ProductionOrders(batch) => got(&batch.records, None),
        FeedRecords::Quality(batch) => got(&batch.records, None),
        FeedRecords::MachineHistory(batch) => got(&batch.records, None),
        FeedRecords::PurchaseOrders(batch) => got(&batch.records, Some(!batch.is_complete)),
        FeedRecords::Stock(batch) => got(&batch.records, Some(!batch.is_complete)),
        FeedRecords::CostCenters(batch) => got(&batch.records, Some(!batch.is_complete)),
        FeedRecords::Materials(batch) => got(&batch.records, Some(!batch.is_complete)),
    }
}

fn got<R: Serialize>(batch: &[R], is_cut: Option<bool>) -> Got {
    let mut records: Vec<Value> = Vec::new();
    for record in batch {
        let record = serde_json::to_value(record).unwrap();
        // The feed of production orders is two lists, and the mirror merges what is in both.
        if !records.contains(&record) {
            records.push(record);
        }
    }
    Got { records, is_cut }
}

struct Known;

#[async_trait]
impl CredentialSource for Known {
    async fn secret(&self) -> Result<Option<Secret>, PortError> {
        Ok(Some(Secret::new(SECRET.to_owned())))
    }
}

/// A clock that a test moves.
#[derive(Default)]
pub(crate) struct Hands(AtomicU64);

impl Hands {
    /// Moves it on.
    pub(crate) fn by(&self, time: Duration) {
        self.0
            .fetch_add(u64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for Hands {
    fn moment(&self) -> Moment {
        let passed = self.0.load(Ordering::SeqCst);
        Moment {
            utc: noon().plus(Duration::from_millis(passed)),
            boot_ms: 1_000 + passed,
            boot_id: "boot".into(),
        }
    }
}

pub(crate) fn noon() -> Timestamp {
    Timestamp::parse("2026-06-22T12:00:00Z").unwrap()
}
