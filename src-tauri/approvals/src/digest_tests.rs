use super::*;
use crate::testing::*;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The digest is in signed records: a change of its form makes every earlier approval unreadable.
#[test]
fn the_digest_of_a_known_action_is_known() {
    let digest = waiting(HIGH).request.digest;
    assert_eq!(digest.to_string(), GOLDEN);
    assert_eq!(
        digest.fingerprint(),
        format!("{} {} {}", &GOLDEN[..4], &GOLDEN[4..8], &GOLDEN[8..12])
    );
    assert_eq!(ActionDigest::parse(GOLDEN), Some(digest));
}

const GOLDEN: &str = "3e1e28befa7af25e538ca3746608c85ba3680a4339c127f480b82c2c66c952d4";

#[test]
fn only_64_hexadecimal_digits_are_a_digest() {
    for text in [
        "",
        "00",
        &"0".repeat(63),
        &"0".repeat(65),
        &"g".repeat(64),
        &"0".repeat(128),
    ] {
        assert_eq!(ActionDigest::parse(text), None, "{text}");
    }
}

/// A second canonical form, written from RFC 8785 alone: for the values that can be in an action.
fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut keys: Vec<&String> = fields.keys().collect();
            keys.sort_by(|a, b| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            for (place, key) in keys.into_iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                text(key, out);
                out.push(':');
                canonical(&fields[key], out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                canonical(item, out);
            }
            out.push(']');
        }
        Value::String(string) => text(string, out),
        Value::Number(number) => out.push_str(&number.as_i64().unwrap().to_string()),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Null => out.push_str("null"),
    }
}

fn text(string: &str, out: &mut String) {
    out.push('"');
    for c in string.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

fn json() -> impl proptest::strategy::Strategy<Value = Value> {
    use proptest::prelude::*;
    let max = andon_domain::canonical::MAX_INTEGER;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-max..=max).prop_map(Value::from),
        any::<String>().prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 30, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            proptest::collection::btree_map(any::<String>(), inner, 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest::proptest! {
    #[test]
    fn two_implementations_agree_on_every_action(
        parameters in json(), agent in proptest::prelude::any::<String>(),
        on_behalf_of in proptest::option::of(proptest::prelude::any::<String>()),
        target_version in proptest::option::of(".*"), schema_version in proptest::prelude::any::<u32>(),
        endpoint in proptest::prelude::any::<[u8; 32]>(),
    ) {
        let parameters = CanonicalJson::from_value(&parameters).unwrap();
        let (operation, tenant) = (OperationName::from("sap.create_purchase_order"), TenantId::default_tenant());
        let digest = action_digest(&Action {
            operation: &operation,
            schema_version,
            requested_by: &agent,
            on_behalf_of: on_behalf_of.as_deref(),
            tenant: &tenant,
            endpoint_fingerprint: &endpoint,
            parameters: &parameters,
            target_version: target_version.as_deref(),
            policy_version: "value/1",
        }).unwrap();
        let endpoint: String = endpoint.iter().map(|byte| format!("{byte:02x}")).collect();
        let whole = json!({
            "agent": agent, "endpoint_fingerprint": endpoint, "on_behalf_of": on_behalf_of,
            "parameters": parameters.value(), "policy_version": "value/1", "target_version": target_version,
            "tenant": "default", "tool": "sap.create_purchase_order", "tool_schema_version": schema_version,
        });
        let mut bytes = String::new();
        canonical(&whole, &mut bytes);
        let expected: [u8; 32] = Sha256::digest(bytes.as_bytes()).into();
        proptest::prop_assert_eq!(digest.as_bytes(), &expected);
    }
}

#[test]
fn nothing_volatile_is_in_the_digest() {
    let row = waiting(HIGH);
    let mut other = row.request.clone();
    other.rationale = Some("said in other words".to_owned());
    other.idempotency_key = Some("again".to_owned());
    other.requested_at = other.requested_at.plus(std::time::Duration::from_secs(1));
    assert_eq!(digest_of(&other), row.request.digest);
}
