//! The status of 5,000 machines polled from the demo plant over loopback and mapped to records by the MES connector, beside
//! bare reqwest and `serde_json` on the same answers: once when everything is sent, once when nothing changed. CPU time of
//! this process, so that the plant and a busy machine do not count.
#![expect(clippy::unwrap_used, reason = "a bench may stop")]

mod measure;

use std::process::ExitCode;
use std::sync::Arc;

use andon_connectors::mes::{Mes, MesConfig};
use andon_connectors::transport::AuthKind;
use andon_domain::ports::{Feed, FeedAsk, FeedBatch, FeedRecords, FeedSource as _};
use andon_domain::records::{Alarm, Equipment, MachineMode, MachineState, MachineStatus, Reason};
use andon_domain::{Amount, Timestamp};
use measure::plant::{Credential, Listener, Plant};
use measure::process::{cpu, memory_of};
use measure::{Pair, Report, WallClock, mebibytes, millis};
use reqwest::header::{ETAG, IF_NONE_MATCH};
use reqwest::{Response, StatusCode, Url};
use serde::{Deserialize, Deserializer};
use serde_json::json;
use serde_json::value::RawValue;
use tokio::runtime::Runtime;

const MACHINES: usize = 5_000;
const TURNS: usize = 20;

fn main() -> ExitCode {
    rustls::crypto::ring::default_provider()
        .install_default()
        .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let plant = Plant::start(&["--machines", &MACHINES.to_string()]);
    // Both sides read the same bytes when the data stands still.
    runtime.block_on(stand_still(&plant));
    let mes = connect(&plant, plant.endpoint("mes"));
    let (first, memory) = memory_of(|| runtime.block_on(machines_of(&mes)));
    assert_eq!(first.records.len(), MACHINES, "all machines of the plant");
    let bare = Bare::new(&runtime, &plant);
    let (machines, bytes, tag) = runtime.block_on(bare.read());
    let keys = |ours: &MachineStatus, theirs: &Machine| ours.machine_id == theirs.machine_id;
    assert!(
        machines.len() == MACHINES
            && first
                .records
                .iter()
                .zip(&machines)
                .all(|(ours, theirs)| keys(ours, theirs)),
        "both read the same machines"
    );
    drop((first, machines));
    let whole = whole(&runtime, &mes, &bare);
    let unchanged = unchanged(&runtime, &mes, &bare, &tag);
    let mut report =
        Report::new("machine poll: status of all machines over loopback, CPU time of this process");
    report.line("machines, bytes", format_args!("{MACHINES}, {bytes}"));
    report.line(
        "connector: fetched, checked and mapped, median",
        millis(whole.ours),
    );
    report.line("bare reqwest and serde_json, median", millis(whole.baseline));
    report.ratio("connector ÷ bare", whole.ratio, 2.0, false);
    report.line("nothing changed: connector, median", millis(unchanged.ours));
    report.line(
        "nothing changed: bare reqwest, median",
        millis(unchanged.baseline),
    );
    report.ratio("nothing changed: connector ÷ bare", unchanged.ratio, 2.0, false);
    report.line("resident before the first poll", mebibytes(memory.before));
    report.line("peak of this process in it", mebibytes(memory.peak));
    report.end()
}

/// Every machine is sent each time.
fn whole(runtime: &Runtime, mes: &Mes, bare: &Bare) -> Pair {
    let turn = |_| {
        mes.forget();
        let began = cpu();
        let batch = runtime.block_on(machines_of(mes));
        let ours = cpu() - began;
        assert_eq!(batch.records.len(), MACHINES);
        drop(batch);
        let began = cpu();
        let read = runtime.block_on(bare.read());
        let baseline = cpu() - began;
        drop(read);
        (ours.as_secs_f64(), baseline.as_secs_f64())
    };
    Pair::of(&(0..TURNS).map(turn).collect::<Vec<_>>())
}

/// The tag of the last answer still holds.
fn unchanged(runtime: &Runtime, mes: &Mes, bare: &Bare, tag: &str) -> Pair {
    let turn = |_| {
        let began = cpu();
        let batch = runtime.block_on(machines_of(mes));
        let ours = cpu() - began;
        assert!(batch.is_unchanged);
        let began = cpu();
        let answer = runtime.block_on(bare.ask(Some(tag)));
        let baseline = cpu() - began;
        assert_eq!(answer.status(), StatusCode::NOT_MODIFIED);
        (ours.as_secs_f64(), baseline.as_secs_f64())
    };
    Pair::of(&(0..TURNS).map(turn).collect::<Vec<_>>())
}

async fn stand_still(plant: &Plant) {
    let address = format!("{}faults", plant.endpoint("control"));
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = http.post(address).json(&json!({"mes": "stale"})).send().await;
    answer.unwrap().error_for_status().unwrap();
}

async fn machines_of(mes: &Mes) -> FeedBatch<MachineStatus> {
    let ask = FeedAsk {
        changed_since: None,
        window_since: Timestamp::from_millis(0),
        window_until: None,
    };
    match mes.fetch(Feed::Machines, &ask).await.unwrap() {
        FeedRecords::Machines(batch) => batch,
        other => panic!("asked for machines and got {}", other.feed().as_str()),
    }
}

fn connect(plant: &Plant, endpoint: Url) -> Arc<Mes> {
    let token = Credential(plant.said("mes", "token"));
    let config = MesConfig::new(endpoint, AuthKind::Bearer);
    Mes::new(config, Arc::new(token), Arc::new(WallClock)).unwrap()
}

/// What somebody writes who wants the machines and nothing else.
struct Bare {
    http: reqwest::Client,
    address: Url,
    token: String,
}

impl Bare {
    /// Asks for what the connector asks for.
    fn new(runtime: &Runtime, plant: &Plant) -> Self {
        let listener = Listener::before(plant.endpoint("mes"));
        let mes = connect(plant, listener.endpoint.clone());
        runtime.block_on(machines_of(&mes));
        let heard = listener.heard();
        let mut lists = heard.into_iter().filter(|url| url.path() != "/health");
        let address = lists.next().unwrap();
        assert!(lists.next().is_none(), "one answer has all machines");
        Self {
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            address,
            token: plant.said("mes", "token"),
        }
    }

    async fn ask(&self, tag: Option<&str>) -> Response {
        let mut request = self.http.get(self.address.clone()).bearer_auth(&self.token);
        if let Some(tag) = tag {
            request = request.header(IF_NONE_MATCH, tag);
        }
        request.send().await.unwrap().error_for_status().unwrap()
    }

    /// The machines, the size of the answer and its tag.
    async fn read(&self) -> (Vec<Machine>, usize, String) {
        let answer = self.ask(None).await;
        let tag = answer.headers()[ETAG].to_str().unwrap().to_owned();
        let body = answer.bytes().await.unwrap();
        let page: Page = serde_json::from_slice(&body).unwrap();
        (page.items, body.len(), tag)
    }
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Machine>,
}

/// What the connector reads of a machine, with the same types.
#[derive(Deserialize)]
#[expect(
    dead_code,
    reason = "they are read from the answer, which is what is measured"
)]
struct Machine {
    machine_id: String,
    name: Option<String>,
    equipment: Equipment,
    status: MachineState,
    status_raw: Option<String>,
    status_since: Option<Timestamp>,
    mode: MachineMode,
    planned_busy: Option<bool>,
    reason: Option<Reason>,
    order_id: Option<String>,
    product_id: Option<String>,
    counters: Option<Counters>,
    cycle: Option<Cycle>,
    alarms: Vec<Alarm>,
    observed_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    version: i64,
}

#[derive(Deserialize)]
#[expect(
    dead_code,
    reason = "they are read from the answer, which is what is measured"
)]
struct Counters {
    produced: Option<Exact>,
    good: Option<Exact>,
    scrap: Option<Exact>,
    rework: Option<Exact>,
    uom: Option<String>,
    since: Option<Timestamp>,
}

#[derive(Deserialize)]
#[expect(
    dead_code,
    reason = "they are read from the answer, which is what is measured"
)]
struct Cycle {
    planned_s: Option<Exact>,
    last_s: Option<Exact>,
}

/// A JSON number as exact as it is written.
struct Exact(#[expect(dead_code, reason = "read and not looked at")] Amount);

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        raw.parse().map(Self).map_err(serde::de::Error::custom)
    }
}
