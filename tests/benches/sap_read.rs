//! Purchase orders read from the demo plant over loopback and mapped to records by the SAP connector: beside bare reqwest and
//! `serde_json` on the same answers, and from small to large. CPU time of this process, so that the plant and a busy machine
//! do not count.
#![expect(clippy::unwrap_used, reason = "a bench may stop")]

mod measure;

use std::process::ExitCode;
use std::sync::Arc;

use andon_connectors::sap::{Sap, SapConfig};
use andon_connectors::transport::AuthKind;
use andon_domain::ports::{Feed, FeedAsk, FeedRecords, FeedSource as _};
use andon_domain::records::PurchaseOrder;
use andon_domain::{Amount, Timestamp};
use measure::plant::{Credential, Listener, Plant};
use measure::process::{cpu, memory_of};
use measure::{Pair, Report, WallClock, mebibytes, median, millis};
use reqwest::Url;
use serde::Deserialize;
use tokio::runtime::Runtime;

/// Orders of the read that is compared, and those that the cost of a record is followed over.
const ORDERS: usize = 5_000;
const FEW: usize = 1_000;
const MANY: usize = 50_000;
const TURNS: usize = 20;
/// Turns over all sizes; in each, the smaller ones are read so often that they take some time as well.
const SIZE_TURNS: usize = 5;
const FEW_READS: usize = 10;
const READS: usize = 2;

fn main() -> ExitCode {
    rustls::crypto::ring::default_provider()
        .install_default()
        .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut report = Report::new("sap read: purchase orders over loopback, CPU time of this process");
    let plant = Plant::start(&["--size", &ORDERS.to_string()]);
    // Before anything else fills this process.
    beside_bare(&runtime, &plant, &mut report);
    over_sizes(&runtime, plant, &mut report);
    report.end()
}

/// One read of the connector after another, each followed by one of the baseline.
fn beside_bare(runtime: &Runtime, plant: &Plant, report: &mut Report) {
    let sap = connect(plant, plant.endpoint("sap"));
    let (orders, memory) = memory_of(|| runtime.block_on(orders_of(&sap)));
    let counts = (orders.len(), items_of(&orders));
    assert_eq!(counts.0, ORDERS, "all orders of the plant");
    drop(orders);
    // To ask for the same, one read is listened to; a read of each to see that both get the same.
    let listener = Listener::before(plant.endpoint("sap"));
    let heard = runtime.block_on(orders_of(&connect(plant, listener.endpoint.clone())));
    let bare = Bare::new(plant, listener.heard());
    let (rows, bytes) = runtime.block_on(bare.read());
    assert_eq!(counts, (heard.len(), items_of(&heard)));
    assert_eq!(
        counts,
        (rows.len(), rows.iter().map(|row| row.items.results.len()).sum())
    );
    drop((heard, rows));
    let turns: Vec<(f64, f64)> = (0..TURNS)
        .map(|_| {
            let began = cpu();
            let orders = runtime.block_on(orders_of(&sap));
            let ours = cpu() - began;
            drop(orders);
            let began = cpu();
            let rows = runtime.block_on(bare.read());
            let baseline = cpu() - began;
            drop(rows);
            (ours.as_secs_f64(), baseline.as_secs_f64())
        })
        .collect();
    let pair = Pair::of(&turns);
    report.line(
        "orders, items, requests, bytes",
        format_args!("{}, {}, {}, {bytes}", counts.0, counts.1, bare.addresses.len()),
    );
    report.line(
        "connector: fetched, checked and mapped, median",
        millis(pair.ours),
    );
    report.line("bare reqwest and serde_json, median", millis(pair.baseline));
    report.ratio("connector ÷ bare", pair.ratio, 2.0, false);
    report.line("resident before the first read", mebibytes(memory.before));
    report.mebibytes("peak of this process in it, program and all", memory.peak, 120);
}

/// The cost of one record of few, more and many orders; an order and an item of it are a record each.
fn over_sizes(runtime: &Runtime, plant: Plant, report: &mut Report) {
    let start = |orders: usize, reads: usize, plant: Option<Plant>| {
        let plant = plant.unwrap_or_else(|| Plant::start(&["--size", &orders.to_string()]));
        let sap = connect(&plant, plant.endpoint("sap"));
        Size {
            orders,
            reads,
            sap,
            _plant: plant,
        }
    };
    let sizes = [
        start(FEW, FEW_READS, None),
        start(ORDERS, READS, Some(plant)),
        start(MANY, 1, None),
    ];
    // Once without counting, so that each has its connection and the allocator its pages.
    for size in &sizes {
        size.cost_of_a_record(runtime);
    }
    let turns: Vec<[f64; 3]> = (0..SIZE_TURNS)
        .map(|_| sizes.each_ref().map(|size| size.cost_of_a_record(runtime)))
        .collect();
    for (at, size) in sizes.iter().enumerate() {
        let cost = median(turns.iter().map(|turn| turn[at]).collect());
        report.line(
            &format!("{:>6} orders: a record, median", size.orders),
            measure::micros(std::time::Duration::from_secs_f64(cost)),
        );
    }
    for (at, size) in sizes.iter().enumerate().skip(1) {
        let growth = median(turns.iter().map(|turn| turn[at] / turn[0]).collect());
        report.flat(
            &format!("a record of {} ÷ one of {FEW} orders", size.orders),
            growth,
            15.0,
        );
    }
}

/// A plant with so many orders, which are read so many times a turn.
struct Size {
    orders: usize,
    reads: usize,
    sap: Arc<Sap>,
    _plant: Plant,
}

impl Size {
    /// Seconds.
    fn cost_of_a_record(&self, runtime: &Runtime) -> f64 {
        let (mut spent, mut records) = (0.0, 0);
        for _ in 0..self.reads {
            let began = cpu();
            let orders = runtime.block_on(orders_of(&self.sap));
            spent += (cpu() - began).as_secs_f64();
            assert_eq!(orders.len(), self.orders, "no limit may cut them");
            records += orders.len() + items_of(&orders);
        }
        spent / records as f64
    }
}

async fn orders_of(sap: &Sap) -> Vec<PurchaseOrder> {
    let ask = FeedAsk {
        changed_since: None,
        window_since: Timestamp::from_millis(0),
        window_until: None,
    };
    match sap.fetch(Feed::PurchaseOrders, &ask).await.unwrap() {
        FeedRecords::PurchaseOrders(batch) => {
            assert!(batch.is_complete && batch.dropped == 0);
            batch.records
        }
        other => panic!("asked for purchase orders and got {}", other.feed().as_str()),
    }
}

fn items_of(orders: &[PurchaseOrder]) -> usize {
    orders.iter().map(|order| order.items.len()).sum()
}

fn connect(plant: &Plant, endpoint: Url) -> Arc<Sap> {
    let auth = AuthKind::Basic {
        username: plant.said("sap", "username"),
    };
    let mut config = SapConfig::new(endpoint, auth);
    config.client = Some(plant.said("sap", "client"));
    let password = Credential(plant.said("sap", "password"));
    Sap::new(config, Arc::new(password), Arc::new(WallClock)).unwrap()
}

/// What somebody writes who wants the rows and nothing else.
struct Bare {
    http: reqwest::Client,
    addresses: Vec<Url>,
    user: String,
    password: String,
}

impl Bare {
    fn new(plant: &Plant, addresses: Vec<Url>) -> Self {
        Self {
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            addresses,
            user: plant.said("sap", "username"),
            password: plant.said("sap", "password"),
        }
    }

    /// The rows, and the size of the answers.
    async fn read(&self) -> (Vec<Order>, usize) {
        let (mut rows, mut bytes) = (Vec::new(), 0);
        for address in &self.addresses {
            let request = self
                .http
                .get(address.clone())
                .basic_auth(&self.user, Some(&self.password));
            let answer = request.send().await.unwrap().error_for_status().unwrap();
            let body = answer.bytes().await.unwrap();
            bytes += body.len();
            let page: Envelope = serde_json::from_slice(&body).unwrap();
            rows.extend(page.d.results);
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
