//! The entries. Adding an operation is one entry here and one function in its connector.

use schemars::JsonSchema;
use serde_json::Value;

use super::parameters::{describe_create_purchase_order, validate};
use super::{
    CreatePurchaseOrder, Effect, GetDowntimeEvents, GetInventory, GetMachineStatus, GetPurchaseOrders,
    Operation,
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

static TABLE: [Operation; 5] = [
    Operation {
        name: "sap.get_purchase_orders",
        system: System::Sap,
        effect: Effect::Read,
        permission: Permission::ConnectorRead,
        risk: Risk::Low,
        class: Class::BusinessSensitive,
        cache_ttl_s: None,
        invalidates: &[],
        sentence: "Reads purchase orders with their items from SAP, by number, supplier, status, plant, material or date.",
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
        cache_ttl_s: None,
        invalidates: &[],
        sentence: "Reads stock by material, plant, storage location and stock type from SAP; special stock is kept apart.",
        schema: schema::<GetInventory>,
        validate: validate::<GetInventory>,
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
        cache_ttl_s: Some(5),
        invalidates: &[],
        sentence: "Reads the state, order, counters and alarms of machines from the MES as they are now.",
        schema: schema::<GetMachineStatus>,
        validate: validate::<GetMachineStatus>,
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
        cache_ttl_s: None,
        invalidates: &[],
        sentence: "Reads stops of machines with reason, start and end from the MES; by default the last 8 hours and what is open.",
        schema: schema::<GetDowntimeEvents>,
        validate: validate::<GetDowntimeEvents>,
        describe: None,
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
            for read in operation.invalidates {
                assert_eq!(find(read).unwrap().effect, Effect::Read);
            }
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
}
