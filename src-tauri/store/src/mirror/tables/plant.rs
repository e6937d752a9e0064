//! What the MES tells, as rows.

use andon_domain::Timestamp;
use andon_domain::records::{
    Characteristic, Defect, DefectSeverity, DowntimeEvent, Equipment, MachineStatus, Product,
    ProductionOrder, QualityReport, Shift, Span, StateSegment,
};
use rusqlite::{ToSql, Transaction};

use super::{Values, add, exact, mode, real, reason, time};

pub(crate) fn add_machine(
    tx: &Transaction<'_>,
    machine: &MachineStatus,
    synced_at: Timestamp,
) -> rusqlite::Result<()> {
    let Equipment {
        enterprise,
        site,
        area,
        work_center,
        work_unit,
    } = &machine.equipment;
    let counters = machine.counters.as_ref();
    let (reason_code, reason_text, reason_group) = reason(machine.reason.as_ref());
    let values: Values<'_> = vec![
        (":machine_id", Box::new(&machine.machine_id)),
        (":name", Box::new(&machine.name)),
        (":enterprise", Box::new(enterprise)),
        (":site", Box::new(site)),
        (":area", Box::new(area)),
        (":line", Box::new(work_center)),
        (":work_unit", Box::new(work_unit)),
        (":status", Box::new(machine.status.as_str())),
        (":status_raw", Box::new(&machine.status_raw)),
        (":status_since", time(machine.status_since)),
        (":mode", Box::new(mode(machine.mode))),
        (":planned_busy", Box::new(machine.planned_busy)),
        (":reason_code", Box::new(reason_code)),
        (":reason_text", Box::new(reason_text)),
        (":reason_group", Box::new(reason_group)),
        (":order_id", Box::new(&machine.order_id)),
        (":product_id", Box::new(&machine.product_id)),
        (":produced_pcs", real(counters.and_then(|c| c.produced))),
        (":produced_pcs_text", exact(counters.and_then(|c| c.produced))),
        (":good_pcs", real(counters.and_then(|c| c.good))),
        (":good_pcs_text", exact(counters.and_then(|c| c.good))),
        (":scrap_pcs", real(counters.and_then(|c| c.scrap))),
        (":scrap_pcs_text", exact(counters.and_then(|c| c.scrap))),
        (":rework_pcs", real(counters.and_then(|c| c.rework))),
        (":rework_pcs_text", exact(counters.and_then(|c| c.rework))),
        (":count_unit", Box::new(counters.and_then(|c| c.uom.as_deref()))),
        (":counting_since", time(counters.and_then(|c| c.since))),
        (":planned_cycle_s", real(machine.planned_cycle_s)),
        (":planned_cycle_s_text", exact(machine.planned_cycle_s)),
        (":last_cycle_s", real(machine.last_cycle_s)),
        (":last_cycle_s_text", exact(machine.last_cycle_s)),
        (
            ":alarm_count",
            Box::new(i64::try_from(machine.alarms.len()).unwrap_or(i64::MAX)),
        ),
        (
            ":top_alarm_priority",
            Box::new(machine.alarms.iter().filter_map(|a| a.priority).min()),
        ),
        (":is_incomplete", Box::new(!machine.incomplete.is_empty())),
        (":version", Box::new(machine.version)),
        (":source_time", time(machine.observed_at)),
        (":synced_at", time(Some(synced_at))),
    ];
    add(tx, "machines", &values)
}

pub(crate) fn add_downtime(
    tx: &Transaction<'_>,
    event: &DowntimeEvent,
    synced_at: Timestamp,
) -> rusqlite::Result<()> {
    let (reason_code, reason_text, reason_group) = reason(event.reason.as_ref());
    let values: Values<'_> = vec![
        (":id", Box::new(&event.id)),
        (":machine_id", Box::new(&event.machine_id)),
        (":site", Box::new(&event.equipment.site)),
        (":area", Box::new(&event.equipment.area)),
        (":line", Box::new(&event.equipment.work_center)),
        (":order_id", Box::new(&event.order_id)),
        (":category", Box::new(event.category.as_str())),
        (":is_failure", Box::new(event.failure)),
        (":reason_code", Box::new(reason_code)),
        (":reason_text", Box::new(reason_text)),
        (":reason_group", Box::new(reason_group)),
        (":started_at", time(event.start)),
        (":ended_at", time(event.end)),
        (":duration_s", Box::new(duration_s(event.start, event.end))),
        (":comment", Box::new(&event.comment)),
        (":is_incomplete", Box::new(!event.incomplete.is_empty())),
        (":version", Box::new(event.version)),
        (":source_time", time(event.updated_at)),
        (":synced_at", time(Some(synced_at))),
    ];
    add(tx, "downtime_events", &values)
}

pub(crate) fn add_segment(
    tx: &Transaction<'_>,
    segment: &StateSegment,
    synced_at: Timestamp,
) -> rusqlite::Result<()> {
    let (reason_code, reason_text, reason_group) = reason(segment.reason.as_ref());
    let values: Values<'_> = vec![
        (":machine_id", Box::new(&segment.machine_id)),
        (":status", Box::new(segment.status.as_str())),
        (":status_raw", Box::new(&segment.status_raw)),
        (":mode", Box::new(mode(segment.mode))),
        (":started_at", time(Some(segment.start))),
        (":ended_at", time(segment.end)),
        (
            ":duration_s",
            Box::new(duration_s(Some(segment.start), segment.end)),
        ),
        (":produced_pcs", real(segment.produced)),
        (":produced_pcs_text", exact(segment.produced)),
        (":good_pcs", real(segment.good)),
        (":good_pcs_text", exact(segment.good)),
        (":scrap_pcs", real(segment.scrap)),
        (":scrap_pcs_text", exact(segment.scrap)),
        (":rework_pcs", real(segment.rework)),
        (":rework_pcs_text", exact(segment.rework)),
        (":planned_cycle_s", real(segment.planned_cycle_s)),
        (":planned_cycle_s_text", exact(segment.planned_cycle_s)),
        (":order_id", Box::new(&segment.order_id)),
        (":reason_code", Box::new(reason_code)),
        (":reason_text", Box::new(reason_text)),
        (":reason_group", Box::new(reason_group)),
        (":incomplete_fields", incomplete(&segment.incomplete)),
        // The MES does not tell when it changed a segment.
        (":source_time", time(None)),
        (":synced_at", time(Some(synced_at))),
    ];
    add(tx, "machine_states", &values)
}

fn incomplete(fields: &[String]) -> Box<dyn ToSql> {
    Box::new((!fields.is_empty()).then(|| serde_json::json!(fields).to_string()))
}

pub(crate) fn add_production_order(
    tx: &Transaction<'_>,
    order: &ProductionOrder,
    synced_at: Timestamp,
) -> rusqlite::Result<()> {
    let Equipment {
        enterprise,
        site,
        area,
        work_center,
        work_unit,
    } = &order.equipment;
    let product = order.product.as_ref();
    let part = |of: fn(&Product) -> Option<&str>| product.and_then(of);
    let quantity = &order.quantity;
    let values: Values<'_> = vec![
        (":id", Box::new(&order.id)),
        (":order_number", Box::new(&order.order_number)),
        (":status", Box::new(order.status.as_str())),
        (":status_raw", Box::new(&order.status_raw)),
        (":priority", Box::new(order.priority)),
        (":product_id", Box::new(part(|product| Some(&product.id)))),
        (":product_name", Box::new(part(|product| product.name.as_deref()))),
        (
            ":product_revision",
            Box::new(part(|product| product.revision.as_deref())),
        ),
        (":enterprise", Box::new(enterprise)),
        (":site", Box::new(site)),
        (":area", Box::new(area)),
        (":line", Box::new(work_center)),
        (":work_unit", Box::new(work_unit)),
        (":planned_quantity", real(quantity.planned)),
        (":planned_quantity_text", exact(quantity.planned)),
        (":produced_quantity", real(quantity.produced)),
        (":produced_quantity_text", exact(quantity.produced)),
        (":good_quantity", real(quantity.good)),
        (":good_quantity_text", exact(quantity.good)),
        (":scrap_quantity", real(quantity.scrap)),
        (":scrap_quantity_text", exact(quantity.scrap)),
        (":rework_quantity", real(quantity.rework)),
        (":rework_quantity_text", exact(quantity.rework)),
        (":unit", Box::new(&quantity.uom)),
        (":planned_cycle_s", real(order.planned_cycle_s)),
        (":planned_cycle_s_text", exact(order.planned_cycle_s)),
        (":planned_start", time(order.planned_start)),
        (":planned_end", time(order.planned_end)),
        (":due_at", time(order.due_at)),
        (":actual_start", time(order.actual_start)),
        (":actual_end", time(order.actual_end)),
        (":lot_id", Box::new(&order.lot_id)),
        (":is_incomplete", Box::new(!order.incomplete.is_empty())),
        (":version", Box::new(order.version)),
        (":source_time", time(order.updated_at)),
        (":synced_at", time(Some(synced_at))),
    ];
    add(tx, "production_orders", &values)
}

pub(crate) fn add_report(
    tx: &Transaction<'_>,
    report: &QualityReport,
    synced_at: Timestamp,
) -> rusqlite::Result<()> {
    let quantity = &report.quantity;
    let values: Values<'_> = vec![
        (":id", Box::new(&report.id)),
        (":order_id", Box::new(&report.order_id)),
        (":machine_id", Box::new(&report.machine_id)),
        (":product_id", Box::new(&report.product_id)),
        (":lot_id", Box::new(&report.lot_id)),
        (":serial", Box::new(&report.serial)),
        (":inspection", Box::new(report.inspection.as_str())),
        (":result", Box::new(report.result.as_str())),
        (":inspected_at", time(report.inspected_at)),
        (":inspected_quantity", real(quantity.inspected)),
        (":inspected_quantity_text", exact(quantity.inspected)),
        (":good_quantity", real(quantity.good)),
        (":good_quantity_text", exact(quantity.good)),
        (":scrap_quantity", real(quantity.scrap)),
        (":scrap_quantity_text", exact(quantity.scrap)),
        (":rework_quantity", real(quantity.rework)),
        (":rework_quantity_text", exact(quantity.rework)),
        (":unit", Box::new(&quantity.uom)),
        (":disposition", Box::new(report.disposition.as_str())),
        (
            ":defect_count",
            Box::new(i64::try_from(report.defects.len()).unwrap_or(i64::MAX)),
        ),
        (":inspector_ref", Box::new(&report.inspector_ref)),
        (":is_incomplete", Box::new(!report.incomplete.is_empty())),
        (":version", Box::new(report.version)),
        (":source_time", time(report.updated_at)),
        (":synced_at", time(Some(synced_at))),
    ];
    add(tx, "quality_reports", &values)?;
    report
        .characteristics
        .iter()
        .try_for_each(|property| add_characteristic(tx, report, property, synced_at))?;
    report
        .defects
        .iter()
        .try_for_each(|defect| add_defect(tx, report, defect, synced_at))
}

fn add_characteristic(
    tx: &Transaction<'_>,
    report: &QualityReport,
    property: &Characteristic,
    synced_at: Timestamp,
) -> rusqlite::Result<()> {
    let values: Values<'_> = vec![
        (":report_id", Box::new(&report.id)),
        (":characteristic_id", Box::new(&property.id)),
        (":name", Box::new(&property.name)),
        (":value", real(property.value)),
        (":value_text", exact(property.value)),
        (":unit", Box::new(&property.unit)),
        (":target", real(property.target)),
        (":target_text", exact(property.target)),
        (":lower_limit", real(property.lsl)),
        (":lower_limit_text", exact(property.lsl)),
        (":upper_limit", real(property.usl)),
        (":upper_limit_text", exact(property.usl)),
        (":result", Box::new(property.result.as_str())),
        (":source_time", time(report.updated_at)),
        (":synced_at", time(Some(synced_at))),
    ];
    add(tx, "quality_characteristics", &values)
}

fn add_defect(
    tx: &Transaction<'_>,
    report: &QualityReport,
    defect: &Defect,
    synced_at: Timestamp,
) -> rusqlite::Result<()> {
    let values: Values<'_> = vec![
        (":report_id", Box::new(&report.id)),
        (":code", Box::new(&defect.code)),
        (":text", Box::new(&defect.text)),
        (":severity", Box::new(severity(defect.severity))),
        (":quantity", real(defect.quantity)),
        (":quantity_text", exact(defect.quantity)),
        (":location", Box::new(&defect.location)),
        (":source_time", time(report.updated_at)),
        (":synced_at", time(Some(synced_at))),
    ];
    add(tx, "quality_defects", &values)
}

const fn severity(severity: DefectSeverity) -> &'static str {
    match severity {
        DefectSeverity::Critical => "critical",
        DefectSeverity::Major => "major",
        DefectSeverity::Minor => "minor",
        DefectSeverity::Unknown => "unknown",
    }
}

pub(crate) fn add_shift(tx: &Transaction<'_>, shift: &Shift, synced_at: Timestamp) -> rusqlite::Result<()> {
    let breaks = shift.breaks.iter();
    let break_s: f64 = breaks
        .filter_map(|span| duration_s(Some(span.start), Some(span.end)))
        .sum();
    let values: Values<'_> = vec![
        (":id", Box::new(&shift.id)),
        (":shift", Box::new(&shift.shift)),
        (":business_day", Box::new(&shift.business_day)),
        (":site", Box::new(&shift.site)),
        (":started_at", time(Some(shift.start))),
        (":ended_at", time(Some(shift.end))),
        (
            ":duration_s",
            Box::new(duration_s(Some(shift.start), Some(shift.end))),
        ),
        (":break_s", Box::new(break_s)),
        // The MES does not tell when it changed a shift.
        (":source_time", time(None)),
        (":synced_at", time(Some(synced_at))),
    ];
    add(tx, "shifts", &values)?;
    shift
        .breaks
        .iter()
        .try_for_each(|span| add_break(tx, shift, span, synced_at))
}

fn add_break(tx: &Transaction<'_>, shift: &Shift, span: &Span, synced_at: Timestamp) -> rusqlite::Result<()> {
    let values: Values<'_> = vec![
        (":shift_id", Box::new(&shift.id)),
        (":started_at", time(Some(span.start))),
        (":ended_at", time(Some(span.end))),
        (":source_time", time(None)),
        (":synced_at", time(Some(synced_at))),
    ];
    add(tx, "shift_breaks", &values)
}

/// An end before the start is impossible and stays out of sums.
fn duration_s(start: Option<Timestamp>, end: Option<Timestamp>) -> Option<f64> {
    match (start, end) {
        (Some(start), Some(end)) if end >= start => Some(end.since(start).as_secs_f64()),
        _ => None,
    }
}
