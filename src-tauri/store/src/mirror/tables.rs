//! Records as rows of the public tables. A column without a value here is an error of SQLite at the first insert.

use andon_domain::records::{
    DowntimeEvent, Equipment, MachineMode, MachineStatus, PurchaseOrder, PurchaseOrderItem, Reason, StockRow,
};
use andon_domain::{Amount, Timestamp};
use rusqlite::{ToSql, Transaction};
use rust_decimal::prelude::ToPrimitive;

use super::schema::insert_sql;

type Values<'a> = Vec<(&'a str, Box<dyn ToSql + 'a>)>;

pub(crate) fn add_purchase_order(
    tx: &Transaction<'_>,
    po: &PurchaseOrder,
    synced_at: Timestamp,
) -> rusqlite::Result<()> {
    let values: Values<'_> = vec![
        (":purchase_order", Box::new(&po.purchase_order)),
        (":company_code", Box::new(&po.company_code)),
        (":order_type", Box::new(&po.order_type)),
        (":supplier", Box::new(&po.supplier)),
        (":purchasing_organization", Box::new(&po.purchasing_organization)),
        (":purchasing_group", Box::new(&po.purchasing_group)),
        (":currency", Box::new(&po.currency)),
        (":order_date", Box::new(&po.order_date)),
        (":last_changed_at", time(po.last_changed_at)),
        (":status", Box::new(po.status.as_str())),
        (":status_raw", Box::new(&po.status_raw)),
        (":external_reference", Box::new(&po.external_reference)),
        (":created_by", Box::new(&po.created_by)),
        (":net_value", real(po.net_value)),
        (":net_value_text", exact(po.net_value)),
        (
            ":item_count",
            Box::new(i64::try_from(po.items.len()).unwrap_or(i64::MAX)),
        ),
        (":source_time", time(po.last_changed_at)),
        (":synced_at", time(Some(synced_at))),
    ];
    add(tx, "purchase_orders", &values)?;
    po.items
        .iter()
        .try_for_each(|item| add_item(tx, po, item, synced_at))
}

fn add_item(
    tx: &Transaction<'_>,
    po: &PurchaseOrder,
    item: &PurchaseOrderItem,
    synced_at: Timestamp,
) -> rusqlite::Result<()> {
    let values: Values<'_> = vec![
        (":purchase_order", Box::new(&po.purchase_order)),
        (":item", Box::new(&item.item)),
        (":text", Box::new(&item.text)),
        (":material", Box::new(&item.material)),
        (":plant", Box::new(&item.plant)),
        (":storage_location", Box::new(&item.storage_location)),
        (":quantity", real(item.quantity)),
        (":quantity_text", exact(item.quantity)),
        (":unit", Box::new(&item.unit)),
        (":net_price", real(item.net_price)),
        (":net_price_text", exact(item.net_price)),
        (":price_unit", real(item.price_unit)),
        (":net_value", real(item.net_value)),
        (":net_value_text", exact(item.net_value)),
        (":currency", Box::new(&po.currency)),
        (":is_deleted", Box::new(item.is_deleted)),
        (":is_completely_delivered", Box::new(item.is_completely_delivered)),
        (":source_time", time(po.last_changed_at)),
        (":synced_at", time(Some(synced_at))),
    ];
    add(tx, "purchase_order_items", &values)
}

pub(crate) fn add_stock(
    tx: &Transaction<'_>,
    stock: &StockRow,
    synced_at: Timestamp,
) -> rusqlite::Result<()> {
    let values: Values<'_> = vec![
        (":material", Box::new(&stock.material)),
        (":plant", Box::new(&stock.plant)),
        (":storage_location", Box::new(&stock.storage_location)),
        (":stock_type", Box::new(stock.stock_type.as_str())),
        (":stock_type_raw", Box::new(&stock.stock_type_raw)),
        (":special_stock", Box::new(&stock.special_stock)),
        (":quantity", real(stock.quantity)),
        (":quantity_text", exact(stock.quantity)),
        (":unit", Box::new(&stock.unit)),
        (":buckets", Box::new(stock.buckets)),
        // SAP's stock service does not tell from when its answer is.
        (":source_time", time(None)),
        (":synced_at", time(Some(synced_at))),
    ];
    add(tx, "inventory", &values)
}

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
        (":good_pcs", real(counters.and_then(|c| c.good))),
        (":scrap_pcs", real(counters.and_then(|c| c.scrap))),
        (":rework_pcs", real(counters.and_then(|c| c.rework))),
        (":count_unit", Box::new(counters.and_then(|c| c.uom.as_deref()))),
        (":counting_since", time(counters.and_then(|c| c.since))),
        (":planned_cycle_s", real(machine.planned_cycle_s)),
        (":last_cycle_s", real(machine.last_cycle_s)),
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
        (":duration_s", Box::new(duration_s(event))),
        (":comment", Box::new(&event.comment)),
        (":is_incomplete", Box::new(!event.incomplete.is_empty())),
        (":version", Box::new(event.version)),
        (":source_time", time(event.updated_at)),
        (":synced_at", time(Some(synced_at))),
    ];
    add(tx, "downtime_events", &values)
}

fn add(tx: &Transaction<'_>, table: &str, values: &Values<'_>) -> rusqlite::Result<()> {
    let bound: Vec<(&str, &dyn ToSql)> = values
        .iter()
        .map(|(name, value)| (*name, value.as_ref()))
        .collect();
    tx.prepare_cached(&insert_sql(table))?.execute(bound.as_slice())?;
    Ok(())
}

fn reason(reason: Option<&Reason>) -> (Option<&str>, Option<&str>, Option<&str>) {
    reason.map_or((None, None, None), |r| {
        (r.code.as_deref(), r.text.as_deref(), r.group.as_deref())
    })
}

/// An end before the start is impossible and stays out of sums.
fn duration_s(event: &DowntimeEvent) -> Option<f64> {
    match (event.start, event.end) {
        (Some(start), Some(end)) if end >= start => Some(end.since(start).as_secs_f64()),
        _ => None,
    }
}

const fn mode(mode: MachineMode) -> &'static str {
    match mode {
        MachineMode::Production => "production",
        MachineMode::Setup => "setup",
        MachineMode::Maintenance => "maintenance",
        MachineMode::Manual => "manual",
        MachineMode::None => "none",
        MachineMode::Unknown => "unknown",
    }
}

fn time(at: Option<Timestamp>) -> Box<dyn ToSql> {
    Box::new(at.map(|at| at.to_string()))
}

fn real(amount: Option<Amount>) -> Box<dyn ToSql> {
    Box::new(amount.and_then(|amount| amount.value().to_f64()))
}

fn exact(amount: Option<Amount>) -> Box<dyn ToSql> {
    Box::new(amount.map(|amount| amount.to_string()))
}
