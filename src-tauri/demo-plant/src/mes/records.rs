//! The records of "Plant REST v1" as JSON. Field names and words are the contract's.

use serde_json::{Value, json};

use super::floor::{
    Category, Counters, Disposition, Downtime, Floor, Machine, Reason, Report, Segment, Shift, Status,
    Verdict,
};
use super::orders::Order;

const SITE: &str = "Werk Nord";

/// An RFC 3339 time in UTC with milliseconds.
pub(crate) fn time(ms: i64) -> Value {
    match jiff::Timestamp::from_millisecond(ms) {
        Ok(instant) => json!(format!("{instant:.3}")),
        Err(_) => Value::Null,
    }
}

pub(crate) fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::Conditional => "conditional",
        Verdict::Pending => "pending",
    }
}

fn disposition_word(disposition: Disposition) -> &'static str {
    match disposition {
        Disposition::Accept => "accept",
        Disposition::Rework => "rework",
        Disposition::Scrap => "scrap",
        Disposition::UseAsIs => "use_as_is",
        Disposition::Pending => "pending",
    }
}

pub(crate) fn status_word(status: Status) -> &'static str {
    match status {
        Status::Running => "running",
        Status::Idle => "idle",
        Status::Setup => "setup",
        Status::Down => "down",
        Status::Maintenance => "maintenance",
        Status::Offline => "offline",
    }
}

fn raw_status(machine: &Machine) -> &'static str {
    match (machine.status, machine.category) {
        (Status::Running, _) => "Execute",
        (Status::Idle, Some(Category::MinorStop)) => "Held",
        (Status::Idle, _) => "Suspended",
        (Status::Setup, _) => "Setup",
        (Status::Down, _) => "Aborted",
        (Status::Maintenance, _) => "Stopped",
        (Status::Offline, _) => "NoComm",
    }
}

fn mode(status: Status) -> &'static str {
    match status {
        Status::Setup => "setup",
        Status::Maintenance => "maintenance",
        Status::Offline => "unknown",
        Status::Running | Status::Idle | Status::Down => "production",
    }
}

fn category_word(category: Category) -> &'static str {
    match category {
        Category::Unplanned => "unplanned",
        Category::Planned => "planned",
        Category::Setup => "setup",
        Category::MinorStop => "minor_stop",
        Category::Waiting => "waiting",
    }
}

fn equipment(machine: &Machine) -> Value {
    json!({
        "enterprise": "Rheinufer Metallwerke", "site": SITE, "area": machine.line.area,
        "work_center": &*machine.work_center, "work_unit": machine.id,
    })
}

fn reason(reason: Option<&Reason>) -> Value {
    reason.map_or(
        Value::Null,
        |reason| json!({"code": reason.code, "text": reason.text, "group": reason.group}),
    )
}

fn counters(counters: Counters) -> Value {
    json!({
        "produced": counters.produced, "good": counters.good, "scrap": counters.scrap,
        "rework": counters.rework, "uom": "C62", "since": time(counters.since_ms),
    })
}

#[expect(clippy::cast_precision_loss, reason = "measurements in tenths are small")]
fn in_tenths(tenths: i64) -> f64 {
    tenths as f64 / 10.0
}

#[expect(clippy::cast_precision_loss, reason = "cycle times in milliseconds are small")]
fn in_seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}

/// A number of steps of a last decimal, written as that decimal says.
fn decimal(steps: i64, decimals: u32) -> Value {
    let text = rust_decimal::Decimal::new(steps, decimals).to_string();
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

pub(crate) fn machine(floor: &Floor, machine: &Machine) -> Value {
    let is_offline = machine.status == Status::Offline;
    let product = floor.orders.get(&machine.order).map(|order| order.product.0);
    let metrics: Vec<Value> = machine
        .metrics
        .iter()
        .map(|(kind, value)| {
            json!({
                "name": kind.name, "value": in_tenths(*value), "unit": kind.unit,
                "quality": if is_offline { "bad" } else { "good" }, "observed_at": time(machine.observed_ms),
            })
        })
        .collect();
    let alarms: Vec<Value> = machine
        .alarms
        .iter()
        .map(|alarm| {
            json!({
                "id": alarm.id, "code": alarm.code, "text": alarm.text, "priority": alarm.priority,
                "raised_at": time(alarm.raised_ms), "acknowledged": false,
            })
        })
        .collect();
    json!({
        "machine_id": machine.id,
        "name": machine.name,
        "equipment": equipment(machine),
        "status": status_word(machine.status),
        "status_raw": raw_status(machine),
        "status_since": time(machine.status_since_ms),
        "mode": mode(machine.status),
        "planned_busy": machine.status != Status::Maintenance && !floor.shifts.is_break(floor.clock_ms),
        "connection": if is_offline { "offline" } else { "online" },
        "reason": reason(machine.reason.as_deref()),
        "order_id": order_id(machine.order),
        "product_id": product,
        "counters": counters(machine.counters),
        "cycle": {"planned_s": in_seconds(machine.cycle_ms), "last_s": in_seconds(machine.last_cycle_ms)},
        "metrics": metrics,
        "alarms": alarms,
        "observed_at": time(machine.observed_ms),
        "received_at": time(machine.observed_ms),
        "updated_at": time(machine.updated_ms),
        "version": machine.version,
    })
}

pub(crate) fn order_id(number: u64) -> String {
    format!("MO-{number}")
}

/// The number in an order's id.
pub(crate) fn order_number(id: &str) -> Option<u64> {
    let number = id.strip_prefix("MO-")?.parse().ok()?;
    (order_id(number) == id).then_some(number)
}

fn lot_id(order: u64) -> String {
    format!("LOT-{order}")
}

pub(crate) fn downtime_id(number: u64) -> String {
    format!("DT-{number:06}")
}

#[expect(
    clippy::integer_division,
    reason = "whole seconds are what the contract's readers compare with"
)]
pub(crate) fn downtime(floor: &Floor, event: &Downtime) -> Value {
    let machine = &floor.machines[event.machine];
    json!({
        "id": downtime_id(event.number),
        "machine_id": machine.id,
        "equipment": equipment(machine),
        "order_id": order_id(event.order),
        "category": category_word(event.category),
        "failure": event.is_failure(),
        "reason": reason(event.reason.as_deref()),
        "start": time(event.start_ms),
        "end": event.end_ms.map_or(Value::Null, time),
        "duration_s": event.end_ms.map(|end| (end - event.start_ms + 500) / 1000),
        "comment": event.comment,
        "deleted": event.is_deleted,
        "updated_at": time(event.updated_ms),
        "version": event.version,
    })
}

pub(crate) fn order(floor: &Floor, order: &Order) -> Value {
    let machine = &floor.machines[order.machine];
    json!({
        "id": order_id(order.number),
        "order_number": order.number.to_string(),
        "status": order.status.word(),
        "status_raw": order.status.raw(),
        "priority": order.priority,
        "product": {"id": order.product.0, "name": order.product.1, "revision": "A"},
        "equipment": equipment(machine),
        "quantity": {
            "planned": order.planned, "produced": order.shown.produced, "good": order.shown.good,
            "scrap": order.shown.scrap, "rework": order.shown.rework, "uom": "C62",
        },
        "planned_cycle_s": in_seconds(order.cycle_ms),
        "planned_start": time(order.planned_start_ms),
        "planned_end": time(order.planned_end_ms),
        "due_at": time(order.due_ms),
        "actual_start": order.actual_start_ms.map_or(Value::Null, time),
        "actual_end": order.actual_end_ms.map_or(Value::Null, time),
        "lot_id": lot_id(order.number),
        "updated_at": time(order.updated_ms),
        "version": order.version,
    })
}

pub(crate) fn segment(machine: &Machine, segment: &Segment) -> Value {
    json!({
        "machine_id": machine.id,
        "status": status_word(segment.status),
        "mode": mode(segment.status),
        "start": time(segment.start_ms),
        "end": segment.end_ms.map_or(Value::Null, time),
        "produced": segment.made.produced,
        "good": segment.made.good,
        "scrap": segment.made.scrap,
        "rework": segment.made.rework,
        "planned_cycle_s": in_seconds(segment.cycle_ms),
        "order_id": order_id(segment.order),
        "reason": reason(segment.reason.as_deref()),
    })
}

pub(crate) fn shift(shift: &Shift) -> Value {
    let breaks: Vec<Value> = shift
        .breaks
        .iter()
        .map(|(start, end)| json!({"start": time(*start), "end": time(*end)}))
        .collect();
    json!({
        "id": shift.id, "shift": shift.name, "business_day": shift.business_day, "site": SITE,
        "start": time(shift.start_ms), "end": time(shift.end_ms), "breaks": breaks,
    })
}

pub(crate) fn report_id(number: u64) -> String {
    format!("QR-{number:06}")
}

pub(crate) fn report(floor: &Floor, report: &Report) -> Value {
    let machine = &floor.machines[report.machine];
    let is_pending = report.verdict == Verdict::Pending;
    let known = |pieces: i64| if is_pending { Value::Null } else { json!(pieces) };
    let faulty_as = |wanted: Disposition| {
        known(if report.disposition == wanted {
            report.faulty
        } else {
            0
        })
    };
    let characteristics: Vec<Value> = machine
        .line
        .check
        .characteristics
        .iter()
        .zip(&report.values)
        .map(|(characteristic, value)| {
            let is_inside = (characteristic.lower..=characteristic.upper).contains(value);
            let number = |steps: i64| decimal(steps, characteristic.decimals);
            json!({
                "id": characteristic.id, "name": characteristic.name, "value": number(*value),
                "unit": characteristic.unit, "target": number(characteristic.target),
                "lsl": number(characteristic.lower), "usl": number(characteristic.upper),
                "result": if is_inside { "pass" } else { "fail" },
            })
        })
        .collect();
    let defects: Vec<Value> = report
        .defect
        .iter()
        .map(|defect| {
            json!({
                "code": defect.code, "text": defect.text, "severity": defect.severity,
                "quantity": report.faulty, "location": defect.location,
            })
        })
        .collect();
    json!({
        "id": report_id(report.number),
        "order_id": order_id(report.order),
        "machine_id": machine.id,
        "product_id": floor.orders.get(&report.order).map(|order| order.product.0),
        "lot_id": lot_id(report.order),
        "serial": report.serial.map(|piece| format!("{}-{piece:05}", report.order)),
        "type": if report.is_final { "final" } else { "in_process" },
        "result": verdict_word(report.verdict),
        "inspected_at": time(report.inspected_ms),
        "quantity": {
            "inspected": report.inspected, "good": known(report.inspected - report.faulty),
            "scrap": faulty_as(Disposition::Scrap), "rework": faulty_as(Disposition::Rework), "uom": "C62",
        },
        "characteristics": characteristics,
        "defects": defects,
        "disposition": disposition_word(report.disposition),
        "inspector_ref": format!("INSP-{:02}", report.inspector),
        "updated_at": time(report.updated_ms),
        "version": report.version,
    })
}
