//! The entries. Adding an operation is one entry here and one function in its connector.

use schemars::JsonSchema;
use serde_json::Value;

use super::parameters::{
    describe_create_purchase_order, describe_hold_production_order, describe_release_production_order,
    describe_set_cycle_target, validate,
};
use super::{
    ChangeProductionOrder, CreatePurchaseOrder, Effect, FieldClass, GetCostCenters, GetDowntimeEvents,
    GetInventory, GetMachineHistory, GetMachineStatus, GetMaterials, GetProductionOrders, GetPurchaseOrders,
    GetQualityReports, GetShiftCalendar, Operation, SetCycleTarget,
};
use crate::caller::Permission;
use crate::classification::Class;
use crate::ports::System;
use crate::risk::Risk;

/// All operations, in the order people see them.
#[must_use]
pub fn table() -> &'static [Operation] {
    &TABLE
}

/// The operation with this dotted name, or the name agents use for it.
#[must_use]
pub fn find(name: &str) -> Option<&'static Operation> {
    TABLE
        .iter()
        .find(|operation| operation.name == name || operation.tool_name() == name)
}

fn schema<T: JsonSchema>() -> Value {
    schemars::schema_for!(T).to_value()
}

const fn sensitive(path: &'static str) -> FieldClass {
    FieldClass {
        path,
        class: Class::BusinessSensitive,
    }
}

static TABLE: [Operation; 14] = [
    Operation {
        name: "sap.get_purchase_orders",
        system: System::Sap,
        effect: Effect::Read,
        permission: Permission::ConnectorRead,
        risk: Risk::Low,
        class: Class::Internal,
        fields: &[
            sensitive("supplier"),
            sensitive("net_value"),
            sensitive("items.net_price"),
            sensitive("items.price_unit"),
            sensitive("items.net_value"),
        ],
        cache_ttl_s: None,
        invalidates: &[],
        sentence: "Reads purchase orders with their items from SAP, by number, supplier, status, organisation, plant, material or date.",
        schema: schema::<GetPurchaseOrders>,
        validate: validate::<GetPurchaseOrders>,
        describe: None,
        schema_version: 1,
    },
    Operation {
        name: "sap.get_inventory",
        system: System::Sap,
        effect: Effect::Read,
        permission: Permission::ConnectorRead,
        risk: Risk::Low,
        class: Class::Internal,
        fields: &[sensitive("value_estimate")],
        cache_ttl_s: None,
        invalidates: &[],
        sentence: "Reads stock by material, plant, storage location and stock type from SAP, with an estimate of its value; special stock is kept apart.",
        schema: schema::<GetInventory>,
        validate: validate::<GetInventory>,
        describe: None,
        schema_version: 1,
    },
    Operation {
        name: "sap.get_cost_centers",
        system: System::Sap,
        effect: Effect::Read,
        permission: Permission::ConnectorRead,
        risk: Risk::Low,
        class: Class::Internal,
        fields: &[
            sensitive("responsible"),
            sensitive("responsible_user"),
            sensitive("budget"),
            sensitive("actual"),
        ],
        cache_ttl_s: None,
        invalidates: &[],
        sentence: "Reads cost centres valid on a day from SAP, with who is responsible, and the budget and actuals of a fiscal year where SAP offers them.",
        schema: schema::<GetCostCenters>,
        validate: validate::<GetCostCenters>,
        describe: None,
        schema_version: 1,
    },
    Operation {
        name: "sap.get_materials",
        system: System::Sap,
        effect: Effect::Read,
        permission: Permission::ConnectorRead,
        risk: Risk::Low,
        class: Class::Internal,
        fields: &[sensitive("valuations.price"), sensitive("valuations.price_unit")],
        cache_ttl_s: None,
        invalidates: &[],
        sentence: "Reads material master data from SAP: description, type, group, units, plants and valuation.",
        schema: schema::<GetMaterials>,
        validate: validate::<GetMaterials>,
        describe: None,
        schema_version: 1,
    },
    Operation {
        name: "sap.create_purchase_order",
        system: System::Sap,
        effect: Effect::Write,
        permission: Permission::ConnectorWrite,
        risk: Risk::High,
        class: Class::BusinessSensitive,
        fields: &[],
        cache_ttl_s: Some(0),
        invalidates: &["sap.get_purchase_orders"],
        sentence: "Creates a purchase order in SAP after a person approved exactly these parameters.",
        schema: schema::<CreatePurchaseOrder>,
        validate: validate::<CreatePurchaseOrder>,
        describe: Some(describe_create_purchase_order),
        schema_version: 1,
    },
    Operation {
        name: "mes.get_machine_status",
        system: System::Mes,
        effect: Effect::Read,
        permission: Permission::ConnectorRead,
        risk: Risk::Low,
        class: Class::Internal,
        fields: &[],
        cache_ttl_s: Some(5),
        invalidates: &[],
        sentence: "Reads the state, order, counters and alarms of machines from the MES as they are now.",
        schema: schema::<GetMachineStatus>,
        validate: validate::<GetMachineStatus>,
        describe: None,
        schema_version: 1,
    },
    Operation {
        name: "mes.get_production_orders",
        system: System::Mes,
        effect: Effect::Read,
        permission: Permission::ConnectorRead,
        risk: Risk::Low,
        class: Class::Internal,
        fields: &[],
        cache_ttl_s: Some(30),
        invalidates: &[],
        sentence: "Reads production orders with their quantities, times and version from the MES; by default those not ended.",
        schema: schema::<GetProductionOrders>,
        validate: validate::<GetProductionOrders>,
        describe: None,
        schema_version: 1,
    },
    Operation {
        name: "mes.get_downtime_events",
        system: System::Mes,
        effect: Effect::Read,
        permission: Permission::ConnectorRead,
        risk: Risk::Low,
        class: Class::Internal,
        fields: &[],
        cache_ttl_s: None,
        invalidates: &[],
        sentence: "Reads stops of machines with reason, start and end from the MES; by default the last 8 hours and what is open.",
        schema: schema::<GetDowntimeEvents>,
        validate: validate::<GetDowntimeEvents>,
        describe: None,
        schema_version: 1,
    },
    Operation {
        name: "mes.get_quality_reports",
        system: System::Mes,
        effect: Effect::Read,
        permission: Permission::ConnectorRead,
        risk: Risk::Low,
        class: Class::Internal,
        fields: &[sensitive("inspector_ref")],
        cache_ttl_s: None,
        invalidates: &[],
        sentence: "Reads inspections with their measured values, defects and disposition from the MES; by default the last 8 hours.",
        schema: schema::<GetQualityReports>,
        validate: validate::<GetQualityReports>,
        describe: None,
        schema_version: 1,
    },
    Operation {
        name: "mes.get_machine_history",
        system: System::Mes,
        effect: Effect::Read,
        permission: Permission::ConnectorRead,
        risk: Risk::Low,
        class: Class::Internal,
        fields: &[],
        cache_ttl_s: None,
        invalidates: &[],
        sentence: "Reads what state machines were in, from when to when and with how many pieces, from the MES; by default the last 8 hours.",
        schema: schema::<GetMachineHistory>,
        validate: validate::<GetMachineHistory>,
        describe: None,
        schema_version: 1,
    },
    Operation {
        name: "mes.get_shift_calendar",
        system: System::Mes,
        effect: Effect::Read,
        permission: Permission::ConnectorRead,
        risk: Risk::Low,
        class: Class::Internal,
        fields: &[],
        cache_ttl_s: None,
        invalidates: &[],
        sentence: "Reads the shifts and their breaks from the MES; by default a day back and a day ahead.",
        schema: schema::<GetShiftCalendar>,
        validate: validate::<GetShiftCalendar>,
        describe: None,
        schema_version: 1,
    },
    Operation {
        name: "mes.hold_production_order",
        system: System::Mes,
        effect: Effect::Write,
        permission: Permission::ConnectorWrite,
        risk: Risk::Medium,
        class: Class::Internal,
        fields: &[],
        cache_ttl_s: Some(0),
        invalidates: &["mes.get_production_orders", "mes.get_machine_status"],
        sentence: "Puts a production order on hold in the MES after a person approved it.",
        schema: schema::<ChangeProductionOrder>,
        validate: validate::<ChangeProductionOrder>,
        describe: Some(describe_hold_production_order),
        schema_version: 1,
    },
    Operation {
        name: "mes.release_production_order",
        system: System::Mes,
        effect: Effect::Write,
        permission: Permission::ConnectorWrite,
        risk: Risk::Medium,
        class: Class::Internal,
        fields: &[],
        cache_ttl_s: Some(0),
        invalidates: &["mes.get_production_orders", "mes.get_machine_status"],
        sentence: "Releases a planned or held production order in the MES after a person approved it.",
        schema: schema::<ChangeProductionOrder>,
        validate: validate::<ChangeProductionOrder>,
        describe: Some(describe_release_production_order),
        schema_version: 1,
    },
    Operation {
        name: "mes.set_cycle_target",
        system: System::Mes,
        effect: Effect::Write,
        permission: Permission::ConnectorWrite,
        risk: Risk::Medium,
        class: Class::Internal,
        fields: &[],
        cache_ttl_s: Some(0),
        invalidates: &[
            "mes.get_machine_status",
            "mes.get_production_orders",
            "mes.get_machine_history",
        ],
        sentence: "Changes the planned seconds per piece of a machine in the MES; within the set band the policy approves it, beyond it a person.",
        schema: schema::<SetCycleTarget>,
        validate: validate::<SetCycleTarget>,
        describe: Some(describe_set_cycle_target),
        schema_version: 1,
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn order() -> Value {
        json!({"company_code":"1000","purchasing_organization":"1000","purchasing_group":"001",
            "supplier":"0000100482","currency":"EUR",
            "items":[{"material":"HX-220","plant":"1010","quantity":"10.000","unit":"PC","net_price":"12.34"}]})
    }

    #[test]
    fn every_entry_is_complete_and_named_once() {
        for operation in table() {
            assert_eq!(find(operation.name).unwrap().name, operation.name);
            assert_eq!(
                find(&operation.tool_name()).unwrap().name,
                operation.name,
                "agents find it too"
            );
            assert_eq!(
                operation.describe.is_some(),
                operation.effect == Effect::Write,
                "{}",
                operation.name
            );
            assert!(
                (operation.schema)()["additionalProperties"] == json!(false),
                "{}",
                operation.name
            );
            assert!(
                operation.fields.iter().all(|field| field.class > operation.class),
                "{}: a named field is more sensitive than the rest",
                operation.name
            );
            for read in operation.invalidates {
                assert_eq!(find(read).unwrap().effect, Effect::Read);
            }
        }
    }

    #[test]
    fn a_new_cycle_target_makes_its_machine_its_order_and_its_history_be_read_again() {
        let reads = find("mes.set_cycle_target").unwrap().invalidates;
        for read in [
            "mes.get_machine_status",
            "mes.get_production_orders",
            "mes.get_machine_history",
        ] {
            assert!(reads.contains(&read), "{read}");
        }
    }

    #[test]
    fn a_purchase_order_is_described_from_its_canonical_bytes() {
        let operation = find("sap.create_purchase_order").unwrap();
        let canonical = (operation.validate)(&order()).unwrap();
        let description = operation.describe.unwrap()(&canonical).unwrap();
        assert_eq!(description.value.unwrap().to_string(), "EUR 123.40");
        assert!(
            description
                .sentence
                .contains("10.000 PC of HX-220 for plant 1010 from supplier 100482 for EUR 123.40")
        );
        assert!(
            description
                .rows
                .iter()
                .any(|row| row.field == "items[0].net_price" && row.value == "12.34")
        );
        assert_eq!(description.target, "100482");
    }

    #[test]
    fn every_problem_is_named_with_its_field_and_remedy() {
        let mut bad = order();
        bad["currency"] = json!("euro");
        bad["items"][0]["quantity"] = json!("-1");
        bad["items"][0]["plant"] = json!("10\u{202e}10");
        bad["items"][0]["delivery_date"] = json!("soon");
        let problems = (find("sap.create_purchase_order").unwrap().validate)(&bad)
            .unwrap_err()
            .0;
        let fields: Vec<_> = problems.iter().map(|p| p.field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "currency",
                "items[0].plant",
                "items[0].quantity",
                "items[0].delivery_date"
            ]
        );
        assert!(problems.iter().all(|p| !p.hint.is_empty()));
    }

    #[test]
    fn unknown_fields_and_json_numbers_are_refused() {
        let operation = find("sap.create_purchase_order").unwrap();
        let mut extra = order();
        extra["approve"] = json!(true);
        assert!((operation.validate)(&extra).is_err());
        let mut number = order();
        number["items"][0]["net_price"] = json!(12.34);
        assert!(
            (operation.validate)(&number).is_err(),
            "a price is a string, or it is not exact"
        );
    }

    #[test]
    fn a_cycle_target_is_described_with_how_far_it_moves() {
        let operation = find("mes.set_cycle_target").unwrap();
        let asked = json!({"machine_id":"M-07","version":12,"current_cycle_s":"40","cycle_s":"38.5","reason":"bearing changed"});
        let description = operation.describe.unwrap()(&(operation.validate)(&asked).unwrap()).unwrap();
        assert_eq!(description.change_percent.unwrap().to_string(), "3.75");
        assert!(
            description.sentence.contains("from 40 s to 38.5 s, 3.8 % faster"),
            "{}",
            description.sentence
        );
        assert_eq!(description.target, "M-07");
        let same =
            json!({"machine_id":"M-07","version":12,"current_cycle_s":"40","cycle_s":"40.0","reason":"x"});
        assert!(
            (operation.validate)(&same).is_err(),
            "a change that changes nothing wakes nobody"
        );
    }

    #[test]
    fn a_window_ends_after_it_begins_and_a_reason_says_something() {
        let history = find("mes.get_machine_history").unwrap();
        let backwards = json!({"since":"2026-06-22T06:00:00Z","until":"2026-06-22T05:00:00Z"});
        assert_eq!((history.validate)(&backwards).unwrap_err().0[0].field, "until");
        let hold = find("mes.hold_production_order").unwrap();
        let silent = json!({"order_id":"PO-1","version":3,"reason":"  "});
        assert_eq!((hold.validate)(&silent).unwrap_err().0[0].field, "reason");
    }
}
