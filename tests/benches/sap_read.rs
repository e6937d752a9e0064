//! Purchase orders read from the demo plant over loopback and mapped to records by the SAP connector, beside bare reqwest
//! and `serde_json` on the same answers; CPU time of this process, so that the plant and a busy machine do not count.
#![expect(clippy::unwrap_used, reason = "a bench may stop")]

mod measure;

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use andon_connectors::sap::{Sap, SapConfig};
use andon_connectors::transport::{AuthKind, CredentialSource};
use andon_domain::ports::{Feed, FeedAsk, FeedRecords, FeedSource as _};
use andon_domain::records::PurchaseOrder;
use andon_domain::time::Moment;
use andon_domain::{Amount, Clock, PortError, Secret, Timestamp};
use async_trait::async_trait;
use measure::{Pair, Report};
use rustix::time::{ClockId, clock_gettime};
use serde::Deserialize;
use serde_json::Value;

const TURNS: usize = 40;

/// What the connector asks for.
const SELECT: &str = "PurchaseOrder,CompanyCode,PurchaseOrderType,Supplier,PurchasingOrganization,PurchasingGroup,\
DocumentCurrency,PurchaseOrderDate,LastChangeDateTime,PurchasingProcessingStatus,PurchasingCompletenessStatus,\
ReleaseIsNotCompleted,PurchasingDocumentDeletionCode,PaymentTerms,CorrespncExternalReference,CreatedByUser,\
to_PurchaseOrderItem/PurchaseOrderItem,to_PurchaseOrderItem/PurchaseOrderItemText,to_PurchaseOrderItem/Material,\
to_PurchaseOrderItem/Plant,to_PurchaseOrderItem/StorageLocation,to_PurchaseOrderItem/OrderQuantity,\
to_PurchaseOrderItem/PurchaseOrderQuantityUnit,to_PurchaseOrderItem/OrderPriceUnit,\
to_PurchaseOrderItem/OrderPriceUnitToOrderUnitNmrtr,to_PurchaseOrderItem/OrdPriceUnitToOrderUnitDnmntr,\
to_PurchaseOrderItem/NetPriceAmount,to_PurchaseOrderItem/NetPriceQuantity,\
to_PurchaseOrderItem/PurchasingDocumentDeletionCode,to_PurchaseOrderItem/PurchasingItemIsFreeOfCharge,\
to_PurchaseOrderItem/IsCompletelyDelivered,to_PurchaseOrderItem/IsFinallyInvoiced";

async fn orders_of(sap: &Sap) -> Vec<PurchaseOrder> {
    let ask = FeedAsk {
        changed_since: None,
        window_since: Timestamp::from_millis(0),
    };
    match sap.fetch(Feed::PurchaseOrders, &ask).await.unwrap() {
        FeedRecords::PurchaseOrders(batch) => batch.records,
        other => panic!("asked for purchase orders and got {}", other.feed().as_str()),
    }
}

fn main() -> ExitCode {
    rustls::crypto::ring::default_provider()
        .install_default()
        .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let plant = Plant::start();
    let bare = Bare::new(&plant);
    let sap = connect(&plant);
    let mut turns = Vec::new();
    // One of each to warm up, and to see that both read the same.
    let orders = runtime.block_on(orders_of(&sap));
    let counts = (
        orders.len(),
        orders.iter().map(|order| order.items.len()).sum::<usize>(),
    );
    let (rows, bytes) = runtime.block_on(bare.read());
    assert_eq!(
        counts,
        (rows.len(), rows.iter().map(|row| row.items.results.len()).sum())
    );
    for _ in 0..TURNS {
        let began = cpu();
        let orders = runtime.block_on(orders_of(&sap));
        let ours = cpu() - began;
        drop(orders);
        let began = cpu();
        let rows = runtime.block_on(bare.read());
        let baseline = cpu() - began;
        drop(rows);
        turns.push((ours.as_secs_f64(), baseline.as_secs_f64()));
    }
    let pair = Pair::of(&turns);
    let millis = |seconds: f64| format!("{:.2} ms", seconds * 1e3);
    let mut report = Report::new("sap read: purchase orders over loopback, CPU time of this process");
    report.line(
        "orders, items, bytes",
        format_args!("{}, {}, {bytes}", counts.0, counts.1),
    );
    report.line(
        "connector: fetched, checked and mapped, median",
        millis(pair.ours),
    );
    report.line("bare reqwest and serde_json, median", millis(pair.baseline));
    report.ratio("connector ÷ bare", pair.ratio, 2.0, false);
    report.end()
}

fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap())
}

/// The demo plant as a process; it ends with us.
struct Plant {
    child: Child,
    ready: Value,
}

impl Plant {
    fn start() -> Self {
        let beside = std::env::current_exe()
            .unwrap()
            .ancestors()
            .nth(3)
            .unwrap()
            .join("debug/andon-demo-plant");
        let path = std::env::var_os("ANDON_DEMO_PLANT").map_or(beside, PathBuf::from);
        let mut child = Command::new(&path)
            .args(["--quiet-agent", "--exit-with-parent"])
            .env("RUST_LOG", "error")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("{} does not start, build it first: {e}", path.display()));
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        Self {
            child,
            ready: serde_json::from_str(&line).unwrap(),
        }
    }

    fn sap(&self, name: &str) -> String {
        self.ready["sap"][name].as_str().unwrap().to_owned()
    }
}

impl Drop for Plant {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Password(String);

#[async_trait]
impl CredentialSource for Password {
    async fn secret(&self) -> Result<Option<Secret>, PortError> {
        Ok(Some(Secret::new(self.0.clone())))
    }
}

struct WallClock;

impl Clock for WallClock {
    fn moment(&self) -> Moment {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let millis = i64::try_from(since.as_millis()).unwrap();
        Moment {
            utc: Timestamp::from_millis(millis),
            boot_ms: millis.unsigned_abs(),
            boot_id: "bench".to_owned(),
        }
    }
}

fn connect(plant: &Plant) -> Arc<Sap> {
    let auth = AuthKind::Basic {
        username: plant.sap("username"),
    };
    let mut config = SapConfig::new(plant.sap("endpoint").parse().unwrap(), auth);
    config.client = Some(plant.sap("client"));
    Sap::new(
        config,
        Arc::new(Password(plant.sap("password"))),
        Arc::new(WallClock),
    )
    .unwrap()
}

/// What somebody writes who wants the rows and nothing else.
struct Bare {
    http: reqwest::Client,
    address: reqwest::Url,
    user: String,
    password: String,
}

impl Bare {
    fn new(plant: &Plant) -> Self {
        let address = format!(
            "{}/API_PURCHASEORDER_PROCESS_SRV/A_PurchaseOrder?$select={SELECT}&$orderby=PurchaseOrder&$top=500&$format=json\
             &$expand=to_PurchaseOrderItem&$inlinecount=allpages&sap-client={}&sap-language=EN",
            plant.sap("endpoint"),
            plant.sap("client")
        );
        Self {
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            address: address.parse().unwrap(),
            user: plant.sap("username"),
            password: plant.sap("password"),
        }
    }

    /// The rows, and the size of the answers.
    async fn read(&self) -> (Vec<Order>, usize) {
        let (mut rows, mut bytes) = (Vec::new(), 0);
        let mut next = Some(self.address.clone());
        while let Some(address) = next {
            let request = self
                .http
                .get(address.clone())
                .basic_auth(&self.user, Some(&self.password));
            let body = request
                .send()
                .await
                .unwrap()
                .error_for_status()
                .unwrap()
                .bytes()
                .await
                .unwrap();
            let answer: Envelope = serde_json::from_slice(&body).unwrap();
            bytes += body.len();
            rows.extend(answer.d.results);
            next = answer.d.next.map(|link| address.join(&link).unwrap());
        }
        (rows, bytes)
    }
}

#[derive(Deserialize)]
struct Envelope {
    d: Page,
}

#[derive(Deserialize)]
struct Page {
    results: Vec<Order>,
    #[serde(rename = "__next")]
    next: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(
    dead_code,
    reason = "they are read from the answer, which is what is measured"
)]
struct Order {
    purchase_order: String,
    company_code: Option<String>,
    purchase_order_type: Option<String>,
    supplier: Option<String>,
    purchasing_organization: Option<String>,
    purchasing_group: Option<String>,
    document_currency: Option<String>,
    purchase_order_date: Option<String>,
    last_change_date_time: Option<String>,
    purchasing_processing_status: Option<String>,
    purchasing_completeness_status: Option<bool>,
    release_is_not_completed: Option<bool>,
    purchasing_document_deletion_code: Option<String>,
    payment_terms: Option<String>,
    correspnc_external_reference: Option<String>,
    created_by_user: Option<String>,
    #[serde(rename = "to_PurchaseOrderItem")]
    items: Items,
}

#[derive(Deserialize)]
struct Items {
    results: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(
    dead_code,
    reason = "they are read from the answer, which is what is measured"
)]
struct Item {
    purchase_order_item: String,
    purchase_order_item_text: Option<String>,
    material: Option<String>,
    plant: Option<String>,
    storage_location: Option<String>,
    order_quantity: Option<Amount>,
    purchase_order_quantity_unit: Option<String>,
    order_price_unit: Option<String>,
    order_price_unit_to_order_unit_nmrtr: Option<Amount>,
    ord_price_unit_to_order_unit_dnmntr: Option<Amount>,
    net_price_amount: Option<Amount>,
    net_price_quantity: Option<Amount>,
    purchasing_document_deletion_code: Option<String>,
    purchasing_item_is_free_of_charge: Option<bool>,
    is_completely_delivered: Option<bool>,
    is_finally_invoiced: Option<bool>,
}
