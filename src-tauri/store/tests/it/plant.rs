//! Records of machines, stops, orders and stock to start from.

use andon_domain::Amount;
use andon_domain::records::{
    Alarm, Characteristic, CostCenter, Counters, Defect, DefectSeverity, Disposition, DowntimeCategory,
    DowntimeEvent, Equipment, InspectedQuantity, InspectionResult, InspectionType, MachineMode, MachineState,
    MachineStatus, Material, MaterialPlant, MaterialValuation, OrderQuantity, PriceControl, Product,
    ProductionOrder, ProductionOrderStatus, PurchaseOrder, PurchaseOrderItem, PurchaseOrderStatus,
    QualityReport, Reason, Shift, Span, StateSegment, StockRow, StockType,
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

pub(crate) fn segment(machine: &str, start: i64, end: Option<i64>) -> StateSegment {
    StateSegment {
        machine_id: machine.to_owned(),
        status: MachineState::Running,
        status_raw: some("Execute"),
        mode: MachineMode::Production,
        start: at(start),
        end: end.map(at),
        produced: amount("12.5"),
        good: amount("12"),
        scrap: None,
        rework: None,
        planned_cycle_s: amount("4.250"),
        order_id: some("PO-1"),
        reason: Some(Reason {
            code: None,
            text: some("short stop"),
            group: None,
        }),
        incomplete: vec!["mode".to_owned()],
    }
}

pub(crate) fn production_order(id: &str, status: ProductionOrderStatus, version: i64) -> ProductionOrder {
    ProductionOrder {
        id: id.to_owned(),
        order_number: some("1000123"),
        status,
        status_raw: None,
        priority: Some(2),
        product: Some(Product {
            id: "P-1".to_owned(),
            name: some("Bracket"),
            revision: None,
        }),
        equipment: equipment(),
        quantity: OrderQuantity {
            planned: amount("1000"),
            produced: amount("12.50"),
            good: None,
            scrap: None,
            rework: None,
            uom: some("C62"),
        },
        planned_cycle_s: amount("4.25"),
        planned_start: Some(at(1_000)),
        planned_end: Some(at(2_000)),
        due_at: Some(at(3_000)),
        actual_start: None,
        actual_end: None,
        lot_id: None,
        updated_at: Some(at(20)),
        version,
        incomplete: Vec::new(),
    }
}

pub(crate) fn report(id: &str, inspected: i64) -> QualityReport {
    QualityReport {
        id: id.to_owned(),
        order_id: some("PO-1"),
        machine_id: some("m1"),
        product_id: some("P-1"),
        lot_id: None,
        serial: None,
        inspection: InspectionType::InProcess,
        result: InspectionResult::Fail,
        inspected_at: Some(at(inspected)),
        quantity: InspectedQuantity {
            inspected: amount("5"),
            good: amount("4"),
            scrap: amount("1"),
            rework: None,
            uom: some("C62"),
        },
        characteristics: vec![Characteristic {
            id: "bore".to_owned(),
            name: some("Bore"),
            value: amount("12.0340"),
            unit: some("mm"),
            target: amount("12"),
            lsl: amount("11.98"),
            usl: amount("12.02"),
            result: InspectionResult::Fail,
        }],
        defects: vec![Defect {
            code: some("D7"),
            text: some("bore too wide"),
            severity: DefectSeverity::Major,
            quantity: None,
            location: None,
        }],
        disposition: Disposition::Scrap,
        inspector_ref: some("i-17"),
        updated_at: Some(at(inspected)),
        version: 1,
        incomplete: Vec::new(),
    }
}

pub(crate) fn shift(id: &str, start: i64, end: i64) -> Shift {
    Shift {
        id: id.to_owned(),
        shift: some("Early"),
        business_day: some("2026-06-22"),
        site: some("Ulm"),
        start: at(start),
        end: at(end),
        breaks: vec![Span {
            start: at(start + 1_000),
            end: at(start + 2_500),
        }],
    }
}

pub(crate) fn cost_center(number: &str, valid_to: &str, actual: Option<&str>) -> CostCenter {
    CostCenter {
        controlling_area: "A000".to_owned(),
        cost_center: number.to_owned(),
        valid_from: some("2020-01-01"),
        valid_to: valid_to.to_owned(),
        name: some("Milling"),
        description: None,
        company_code: some("1010"),
        department: None,
        responsible: some("R. Vogt"),
        responsible_user: some("VOGT"),
        category: None,
        profit_center: None,
        is_blocked: Some(false),
        currency: some("EUR"),
        fiscal_year: "2026".to_owned(),
        budget: amount("120000.00"),
        actual: actual.and_then(amount),
        amounts_currency: some("EUR"),
    }
}

pub(crate) fn material(number: &str, valuations: usize) -> Material {
    let valuation = |place: usize| MaterialValuation {
        valuation_area: format!("10{place}0"),
        valuation_type: None,
        price_control: PriceControl::MovingAverage,
        price: amount("12.50"),
        price_unit: amount("100"),
        currency: some("EUR"),
    };
    Material {
        material: number.to_owned(),
        description: some("Hex bolt"),
        description_language: some("EN"),
        material_type: some("ROH"),
        material_group: None,
        base_unit: some("PC"),
        gross_weight: amount("0.120"),
        net_weight: None,
        weight_unit: some("KG"),
        cross_plant_status: None,
        is_marked_for_deletion: Some(false),
        is_batch_managed: None,
        standard_id: None,
        last_changed_at: Some(at(5)),
        plants: vec![MaterialPlant {
            plant: "1010".to_owned(),
            mrp_type: some("PD"),
            abc_indicator: None,
            purchasing_group: None,
        }],
        valuations: (1..=valuations).map(valuation).collect(),
    }
}
