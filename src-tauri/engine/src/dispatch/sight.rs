//! What a caller sees of an operation's records: fields above the clearance are taken out of every record before anybody
//! sees, searches, sorts or exports it.

use andon_domain::Class;
use andon_domain::operations::{FieldClass, Operation};
use serde_json::Value;

/// What a caller sees of an operation's records.
pub(super) struct Sight {
    /// Paths that are taken out, by their parts.
    hidden: Vec<Vec<&'static str>>,
    /// The same as people read them.
    pub(super) names: Vec<String>,
    /// Highest class of what is left.
    pub(super) class: Class,
}

impl Sight {
    /// What this clearance sees of the operation's records.
    pub(super) fn of(operation: &Operation, clearance: Class) -> Self {
        let (shown, hidden): (Vec<&FieldClass>, Vec<&FieldClass>) = operation
            .fields
            .iter()
            .partition(|field| field.class <= clearance);
        Self {
            class: shown
                .iter()
                .map(|field| field.class)
                .fold(operation.class, Class::max),
            names: hidden.iter().map(|field| field.path.to_owned()).collect(),
            hidden: hidden
                .iter()
                .map(|field| field.path.split('.').collect())
                .collect(),
        }
    }

    /// The record without what is hidden.
    pub(super) fn shown(&self, record: &Value) -> Value {
        let mut shown = record.clone();
        for path in &self.hidden {
            take_out(&mut shown, path);
        }
        shown
    }

    /// Whether the field at this path, and everything in it, may be looked at.
    pub(super) fn may_see(&self, path: &[&str]) -> bool {
        let is_touched = |hidden: &Vec<&str>| hidden.iter().zip(path).all(|(one, other)| one == other);
        !self.hidden.iter().any(is_touched)
    }

    /// The first hidden field that bears this name, as a parameter that filters by it does.
    pub(super) fn hidden_by_name(&self, name: &str) -> Option<&str> {
        let is_named = |path: &&Vec<&'static str>| path.last().is_some_and(|last| *last == name);
        self.hidden
            .iter()
            .find(is_named)
            .and_then(|path| path.last().copied())
    }

    /// Whether any visible text or number of the record fits.
    pub(super) fn any_scalar(&self, record: &Value, fits: &impl Fn(&Value) -> bool) -> bool {
        let hidden: Vec<&[&str]> = self.hidden.iter().map(Vec::as_slice).collect();
        any_scalar(record, &hidden, fits)
    }
}

/// Lists are walked through, however they are nested.
fn take_out(value: &mut Value, path: &[&str]) {
    match value {
        Value::Array(entries) => entries.iter_mut().for_each(|entry| take_out(entry, path)),
        Value::Object(fields) => match path {
            [] => {}
            [last] => {
                fields.remove(*last);
            }
            [first, rest @ ..] => {
                if let Some(inner) = fields.get_mut(*first) {
                    take_out(inner, rest);
                }
            }
        },
        _ => {}
    }
}

fn any_scalar(value: &Value, hidden: &[&[&str]], fits: &impl Fn(&Value) -> bool) -> bool {
    match value {
        Value::Array(entries) => entries.iter().any(|entry| any_scalar(entry, hidden, fits)),
        Value::Object(fields) => fields.iter().any(|(name, inner)| {
            let below: Vec<&[&str]> = hidden
                .iter()
                .filter_map(|path| path.split_first())
                .filter(|(first, _)| **first == name.as_str())
                .map(|(_, rest)| rest)
                .collect();
            !below.iter().any(|rest| rest.is_empty()) && any_scalar(inner, &below, fits)
        }),
        Value::String(_) | Value::Number(_) => fits(value),
        Value::Null | Value::Bool(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use andon_domain::operations;
    use proptest::prelude::*;
    use serde_json::{Map, json};

    use super::*;

    const CLASSES: [Class; 4] = [
        Class::Public,
        Class::Internal,
        Class::BusinessSensitive,
        Class::HighlyRestricted,
    ];

    /// Records whose keys are the parts of the hidden paths, in every nesting, so that most of them lie on such a path.
    fn record() -> impl Strategy<Value = Value> {
        let name = prop_oneof![
            Just("supplier"),
            Just("net_value"),
            Just("items"),
            Just("net_price"),
            Just("price_unit"),
            Just("valuations"),
            Just("price"),
            Just("budget"),
            Just("inspector_ref"),
            Just("value_estimate"),
            Just("other"),
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[a-z0-9.]{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 60, 5, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
                proptest::collection::vec((name.clone(), inner), 0..5).prop_map(|fields| {
                    Value::Object(
                        fields
                            .into_iter()
                            .map(|(k, v)| (k.to_owned(), v))
                            .collect::<Map<_, _>>(),
                    )
                }),
            ]
        })
    }

    /// Every path in a record, lists walked through, with the value at it.
    fn paths(value: &Value, at: &str, found: &mut Vec<(String, Value)>) {
        match value {
            Value::Array(entries) => entries.iter().for_each(|entry| paths(entry, at, found)),
            Value::Object(fields) => {
                for (name, inner) in fields {
                    let path = if at.is_empty() {
                        name.clone()
                    } else {
                        format!("{at}.{name}")
                    };
                    found.push((path.clone(), inner.clone()));
                    paths(inner, &path, found);
                }
            }
            _ => {}
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]
        #[test]
        fn no_field_above_the_clearance_survives_and_every_other_does(record in record()) {
            for operation in operations::table() {
                for clearance in CLASSES {
                    let sight = Sight::of(operation, clearance);
                    let is_hidden = |path: &str| operation.fields.iter().any(|field| {
                        field.class > clearance
                            && (path == field.path || path.starts_with(&format!("{}.", field.path)))
                    });
                    let (mut before, mut after) = (Vec::new(), Vec::new());
                    paths(&record, "", &mut before);
                    paths(&sight.shown(&record), "", &mut after);
                    prop_assert!(after.iter().all(|(path, _)| !is_hidden(path)));
                    let names = |found: &[(String, Value)]| {
                        found.iter().map(|(path, _)| path.clone()).filter(|path| !is_hidden(path)).collect::<Vec<_>>()
                    };
                    prop_assert_eq!(names(&before), names(&after));
                    // What is hidden is not found either.
                    let mut seen = std::cell::RefCell::new(Vec::new());
                    sight.any_scalar(&record, &|value| { seen.borrow_mut().push(value.clone()); false });
                    let mut left = Vec::new();
                    scalars(&sight.shown(&record), &mut left);
                    prop_assert_eq!(seen.get_mut(), &mut left);
                }
            }
        }
    }

    fn scalars(value: &Value, found: &mut Vec<Value>) {
        match value {
            Value::Array(entries) => entries.iter().for_each(|entry| scalars(entry, found)),
            Value::Object(fields) => fields.values().for_each(|inner| scalars(inner, found)),
            Value::String(_) | Value::Number(_) => found.push(value.clone()),
            Value::Null | Value::Bool(_) => {}
        }
    }

    #[test]
    fn what_is_left_has_the_highest_class_of_its_fields() {
        let orders = operations::find("sap.get_purchase_orders").unwrap();
        let viewer = Sight::of(orders, Class::Internal);
        assert_eq!((viewer.class, viewer.names.len()), (Class::Internal, 5));
        assert!(viewer.names.contains(&"items.net_price".to_owned()));
        let admin = Sight::of(orders, Class::HighlyRestricted);
        assert_eq!(
            (admin.class, admin.names.len()),
            (Class::BusinessSensitive, 0),
            "the class of what is in it, not of the reader"
        );
        let machines = Sight::of(
            operations::find("mes.get_machine_status").unwrap(),
            Class::HighlyRestricted,
        );
        assert_eq!(machines.class, Class::Internal);
    }

    #[test]
    fn a_hidden_field_is_not_reached_by_a_longer_or_shorter_path() {
        let sight = Sight::of(operations::find("sap.get_inventory").unwrap(), Class::Internal);
        assert!(!sight.may_see(&["value_estimate"]) && !sight.may_see(&["value_estimate", "amount"]));
        assert!(sight.may_see(&["quantity"]));
        let orders = Sight::of(
            operations::find("sap.get_purchase_orders").unwrap(),
            Class::Internal,
        );
        assert!(!orders.may_see(&["items"]), "something in it is hidden");
        assert!(orders.may_see(&["items", "quantity"]));
        assert_eq!(orders.hidden_by_name("supplier"), Some("supplier"));
        let record = json!({"supplier": "1", "items": [{"net_price": "1", "quantity": "2"}]});
        assert_eq!(orders.shown(&record), json!({"items": [{"quantity": "2"}]}));
    }
}
