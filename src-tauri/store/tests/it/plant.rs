//! Records of machines, stops, orders and stock to start from.

use andon_domain::Amount;
use andon_domain::records::{
    Alarm, Counters, DowntimeCategory, DowntimeEvent, Equipment, MachineMode, MachineState, MachineStatus,
    PurchaseOrder, PurchaseOrderItem, PurchaseOrderStatus, Reason, StockRow, StockType,
};

use crate::arrange::at;

pub(crate) fn amount(text: &str) -> Option<Amount> {
    Some(text.parse().unwrap())
}

pub(crate) fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn equipment() -> Equipment {
    Equipment {
        site: some("Ulm"),
        area: some("Hall 2"),
        work_center: some("L1"),
        ..Equipment::default()
    }
}

pub(crate) fn machine(id: &str, version: i64) -> MachineStatus {
    MachineStatus {
        machine_id: id.to_owned(),
        name: some("Mill 3"),
        equipment: equipment(),
        status: MachineState::Down,
        status_raw: None,
        status_since: Some(at(0)),
        mode: MachineMode::Production,
        planned_busy: Some(true),
        reason: Some(Reason {
            code: some("E12"),
            text: some("spindle overload"),
            group: None,
        }),
        order_id: some("1000123"),
        product_id: None,
        counters: Some(Counters {
            produced: amount("120"),
            good: amount("118"),
            scrap: None,
            rework: None,
            uom: some("C62"),
            since: Some(at(-9_000)),
        }),
        planned_cycle_s: amount("12.50"),
        last_cycle_s: None,
        alarms: vec![Alarm {
            id: "a".to_owned(),
            code: None,
            text: None,
            priority: Some(2),
            raised_at: None,
            acknowledged: None,
        }],
        observed_at: Some(at(10)),
        updated_at: Some(at(20)),
        version,
        incomplete: Vec::new(),
    }
}

pub(crate) fn stop(id: &str, version: i64, end: Option<i64>) -> DowntimeEvent {
    DowntimeEvent {
        id: id.to_owned(),
        machine_id: "m1".to_owned(),
        equipment: equipment(),
        order_id: None,
        category: DowntimeCategory::Unplanned,
        failure: Some(true),
        reason: None,
        start: Some(at(1_000)),
        end: end.map(at),
        comment: None,
        deleted: false,
        updated_at: Some(at(20)),
        version,
        incomplete: Vec::new(),
    }
}

pub(crate) fn order(number: &str, value: &str, items: usize) -> PurchaseOrder {
    let item = |number: usize| PurchaseOrderItem {
        item: format!("{:05}", number * 10),
        text: None,
        material: some("MAT-1"),
        plant: some("1010"),
        storage_location: None,
        quantity: amount("12.340"),
        unit: some("KG"),
        net_price: amount("1.10"),
        price_unit: amount("100"),
        net_value: amount("0.13574"),
        is_deleted: false,
        is_free_of_charge: None,
        is_finally_invoiced: None,
        is_completely_delivered: None,
    };
    PurchaseOrder {
        purchase_order: number.to_owned(),
        company_code: some("1010"),
        order_type: some("NB"),
        supplier: some("0000100017"),
        purchasing_organization: None,
        purchasing_group: None,
        currency: some("EUR"),
        order_date: some("2026-06-22"),
        last_changed_at: Some(at(0)),
        status: PurchaseOrderStatus::Active,
        status_raw: some("02"),
        payment_terms: None,
        external_reference: None,
        created_by: None,
        net_value: amount(value),
        items: (1..=items).map(item).collect(),
    }
}

pub(crate) fn stock(material: &str, location: Option<&str>, quantity: &str) -> StockRow {
    StockRow {
        material: material.to_owned(),
        plant: "1010".to_owned(),
        storage_location: location.map(str::to_owned),
        stock_type: StockType::Unrestricted,
        stock_type_raw: some("01"),
        special_stock: None,
        quantity: amount(quantity),
        unit: some("PC"),
        buckets: 2,
        value_estimate: None,
        value_basis: None,
    }
}
