//! The MES connection against servers that keep, bend and break the contract.

mod examining;
mod feeds;
mod health;
mod reading;
mod stream;
mod writing;

use std::sync::Arc;
use std::time::Duration;

use andon_domain::operations::find;
use andon_domain::ports::Fetched;
use andon_domain::{CanonicalJson, Timestamp};
use serde_json::{Value, json};

use super::*;
use crate::stranger::{Fixed, Reply, Seen, Stranger, noon};
use crate::transport::{AuthKind, Limits};

/// What a MES with everything announces.
const ALL: [&str; 8] = [
    "production-orders",
    "machines/status",
    "quality-reports",
    "downtime-events",
    "machines/history",
    "calendar",
    "events",
    "commands",
];

fn mes(server: &Stranger) -> Arc<Mes> {
    mes_as(server, |_| {})
}

fn mes_as(server: &Stranger, change: impl FnOnce(&mut MesConfig)) -> Arc<Mes> {
    let mut config = MesConfig::new(server.url.clone(), AuthKind::Bearer);
    config.limits = Limits {
        back_off: Duration::from_millis(1),
        total: Duration::from_secs(4),
        ..config.limits
    };
    change(&mut config);
    Mes::new(config, Fixed::new(Some("token")), noon()).unwrap()
}

/// A MES that announces these parts and answers everything else as told.
async fn announcing(
    parts: &'static [&'static str],
    answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
) -> Stranger {
    Stranger::start(move |seen| match seen.path.as_str() {
        "/health" => Reply::json(
            200,
            &json!({"status": "ok", "api_version": "1.0", "product": "Demo", "version": "7", "time_zone": "Europe/Berlin",
                "server_time": "2026-06-22T12:00:00Z", "capabilities": parts, "checks": []}),
        ),
        _ => answer(seen),
    })
    .await
}

/// What was asked, `/health` aside.
fn asked(server: &Stranger) -> Vec<Seen> {
    let seen = server.seen().into_iter();
    seen.filter(|seen| seen.path != "/health").collect()
}

fn parameters(operation: &str, value: &Value) -> CanonicalJson {
    (find(operation).unwrap().validate)(value).unwrap()
}

async fn read(operation: Arc<dyn ReadOperation>, name: &str, value: &Value) -> Result<Fetched, PortError> {
    operation.read(&parameters(name, value)).await
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn with(mut record: Value, more: &Value) -> Value {
    let fields = record.as_object_mut().unwrap();
    fields.extend(more.as_object().unwrap().clone());
    record
}

fn machine(id: &str, version: u32) -> Value {
    json!({"machine_id": id, "status": "running", "status_since": "2026-06-22T10:00:00Z", "version": version,
        "observed_at": "2026-06-22T11:59:58Z", "updated_at": "2026-06-22T11:59:58Z"})
}

fn order(id: &str, status: &str, version: u32) -> Value {
    json!({"id": id, "status": status, "version": version, "updated_at": "2026-06-22T11:00:00Z",
        "quantity": {"planned": 100, "produced": 40, "good": 39, "uom": "C62"}})
}

fn stop(id: &str) -> Value {
    json!({"id": id, "machine_id": "M-1", "category": "unplanned", "start": "2026-06-22T11:00:00Z", "end": null,
        "updated_at": "2026-06-22T11:00:00Z", "version": 1})
}

fn report(id: &str, result: &str) -> Value {
    json!({"id": id, "machine_id": "M-1", "result": result, "type": "final", "inspected_at": "2026-06-22T11:30:00Z",
        "updated_at": "2026-06-22T11:30:00Z", "version": 1})
}

fn segment(machine: &str, start: &str) -> Value {
    json!({"machine_id": machine, "status": "running", "start": start, "end": null, "produced": 5, "good": 5})
}

fn shift(id: &str) -> Value {
    json!({"id": id, "shift": "Early", "business_day": "2026-06-22", "site": "Werk Nord",
        "start": "2026-06-22T04:00:00Z", "end": "2026-06-22T12:00:00Z",
        "breaks": [{"start": "2026-06-22T08:00:00Z", "end": "2026-06-22T08:30:00Z"}]})
}

fn list(items: &[Value], next: Option<&str>) -> Value {
    json!({"items": items, "next_cursor": next, "total": null, "as_of": "2026-06-22T11:59:59Z", "server_time": "2026-06-22T12:00:00Z"})
}

/// The whole list in one answer.
fn page(items: &[Value]) -> Reply {
    Reply::json(200, &list(items, None))
}

fn not_found() -> Reply {
    Reply::json(404, &json!({"title": "Not Found", "detail": "no such resource"}))
}
