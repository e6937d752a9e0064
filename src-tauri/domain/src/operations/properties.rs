//! Canonical parameters of every operation of the table: one form for one meaning, whatever was written, and nothing in it that
//! was not asked for.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{Operation, find, table};
use crate::canonical::CanonicalJson;

/// What may stand in a field: some of it fits some fields, none of it fits all.
fn word() -> impl Strategy<Value = Value> {
    let known = [
        "1010",
        "HX-220",
        "0000100482",
        "A",
        "2026",
        "2026-06-22",
        "9999-12-31",
        "0001-01-01",
        "2026-06-22T06:00:00Z",
        "2026-06-22T08:00:00+02:00",
        "2026-10-25T02:30:00+01:00",
        "running",
        "active",
        "released",
        "fail",
        "unrestricted",
        "own",
        "",
        " 1010",
        "10\u{202e}10",
        "O'Neill",
        "ä",
    ];
    prop_oneof![
        4 => prop::sample::select(known.to_vec()).prop_map(Value::from),
        2 => "[A-Z0-9]{1,4}".prop_map(Value::from),
        1 => "\\PC{0,12}".prop_map(Value::from),
        1 => prop_oneof![Just(json!(null)), Just(json!(1)), Just(json!(1.5)), Just(json!(true)), Just(json!([])), Just(json!({}))],
    ]
}

/// What an operation cannot be without; empty for reads.
fn needed(operation: &Operation) -> Value {
    match operation.name {
        "sap.create_purchase_order" => json!({"company_code": "1000", "purchasing_organization": "1000",
            "purchasing_group": "001", "supplier": "100482", "currency": "EUR", "items": [{"material": "HX-220",
            "plant": "1010", "quantity": "10.000", "unit": "PC", "net_price": "12.34"}]}),
        "mes.hold_production_order" | "mes.release_production_order" => {
            json!({"order_id": "PO-1", "version": 3, "reason": "tool is worn"})
        }
        "mes.set_cycle_target" => json!({"machine_id": "M-07", "version": 12, "current_cycle_s": "40",
            "cycle_s": "38.5", "reason": "bearing changed"}),
        _ => json!({}),
    }
}

/// The wishes that the operation accepts, one after the other on top of what it needs.
fn accepted(operation: &Operation, wishes: &[(prop::sample::Index, Value)]) -> Value {
    let schema = (operation.schema)();
    let fields: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    let mut parameters = needed(operation);
    for (field, wish) in wishes {
        let mut more = parameters.clone();
        more[field.get(&fields).as_str()] = wish.clone();
        if (operation.validate)(&more).is_ok() {
            parameters = more;
        }
    }
    parameters
}

/// The same JSON, its fields in another order.
fn backwards(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().rev();
            let texts: Vec<_> = fields
                .map(|(name, value)| format!("{} : {}", json!(name), backwards(value)))
                .collect();
            format!("{{ {} }}", texts.join(" , "))
        }
        Value::Array(items) => format!(
            "[{}]",
            items.iter().map(backwards).collect::<Vec<_>>().join(" , ")
        ),
        other => other.to_string(),
    }
}

/// What was asked for: a field without a value says nothing.
fn meaning(parameters: &Value) -> Map<String, Value> {
    let fields = parameters.as_object().unwrap().clone().into_iter();
    fields.filter(|(_, value)| !value.is_null()).collect()
}

#[test]
fn what_is_needed_is_enough_for_every_operation() {
    for operation in table() {
        assert!(
            (operation.validate)(&needed(operation)).is_ok(),
            "{}",
            operation.name
        );
        assert_eq!(find(&operation.tool_name()).unwrap().name, operation.name);
    }
}

proptest! {
    #[test]
    fn one_meaning_has_one_form(
        which in 0..table().len(),
        wishes in prop::collection::vec((any::<prop::sample::Index>(), word()), 0..12),
    ) {
        let operation = &table()[which];
        let parameters = accepted(operation, &wishes);
        let canonical = (operation.validate)(&parameters).unwrap();
        // Read again, written in another order, sent as text or as canonical bytes: the same.
        let text: Value = serde_json::from_str(&backwards(&parameters)).unwrap();
        prop_assert_eq!((operation.validate)(&text).unwrap().sha256(), canonical.sha256());
        prop_assert_eq!(&(operation.validate)(canonical.value()).unwrap(), &canonical);
        prop_assert_eq!(&CanonicalJson::parse(canonical.as_str()).unwrap(), &canonical);
        // All that was asked for is in it as it was written, and a read has nothing else in it.
        let form = canonical.value().as_object().unwrap();
        for (name, value) in meaning(&parameters) {
            if name != "items" {
                prop_assert_eq!(&form[&name], &value, "{}", name);
            }
        }
        prop_assert_eq!(form.len(), meaning(&parameters).len());
    }

    #[test]
    fn two_meanings_have_two_forms(
        which in 0..table().len(),
        one in prop::collection::vec((any::<prop::sample::Index>(), word()), 0..6),
        other in prop::collection::vec((any::<prop::sample::Index>(), word()), 0..6),
    ) {
        let operation = &table()[which];
        let (one, other) = (accepted(operation, &one), accepted(operation, &other));
        let forms = [&one, &other].map(|parameters| (operation.validate)(parameters).unwrap().sha256());
        prop_assert_eq!(forms[0] == forms[1], meaning(&one) == meaning(&other), "{} and {}", one, other);
    }

    #[test]
    fn no_parameters_make_an_operation_panic_and_a_refusal_says_what_is_wrong(
        which in 0..table().len(),
        wishes in prop::collection::vec((any::<prop::sample::Index>(), word()), 1..6),
        stranger in prop::option::of("[a-z_]{1,12}"),
    ) {
        let operation = &table()[which];
        let schema = (operation.schema)();
        let fields: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
        let mut parameters = needed(operation);
        for (field, wish) in &wishes {
            parameters[field.get(&fields).as_str()] = wish.clone();
        }
        let is_unknown = stranger.as_ref().is_some_and(|name| !fields.contains(&name));
        if let Some(name) = stranger {
            parameters[name] = json!("x");
        }
        match (operation.validate)(&parameters) {
            Ok(_) => prop_assert!(!is_unknown, "a field nobody knows was accepted: {}", parameters),
            Err(refused) => prop_assert!(!refused.0.is_empty() && refused.0.iter().all(|p| !p.hint.is_empty())),
        }
    }
}
