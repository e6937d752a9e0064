//! Canonical JSON: the one byte form that is stored, shown, hashed, signed and sent.
//!
//! RFC 8785 with a stricter input: duplicate keys, numbers that are not integers within ±(2^53−1), more than 32 levels
//! or more than 256 KiB are refused, because RFC 8785 would give different values the same bytes.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use sha2::{Digest, Sha256};
use thiserror::Error;

/// Largest integer that every reader of the bytes understands in the same way.
pub const MAX_INTEGER: i64 = (1 << 53) - 1;
/// Deepest nesting accepted.
pub const MAX_DEPTH: usize = 32;
/// Most bytes accepted.
pub const MAX_BYTES: usize = 256 * 1024;

/// Why a JSON text has no canonical form.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum CanonicalError {
    /// Over [`MAX_BYTES`].
    #[error("json is too large: {0} bytes")]
    TooLarge(usize),
    /// Not JSON, nested too deep, duplicate key or inexact number; the text says which and where.
    #[error("json is not acceptable: {0}")]
    NotAcceptable(String),
}

/// JSON bytes in canonical form, with the value they stand for.
#[derive(Clone, PartialEq, Eq)]
pub struct CanonicalJson {
    bytes: String,
    value: Value,
}

impl CanonicalJson {
    /// Reads JSON text strictly and brings it into canonical form.
    ///
    /// # Errors
    /// [`CanonicalError`] when the text is too large, not JSON, or holds something without an exact canonical form.
    pub fn parse(text: &str) -> Result<Self, CanonicalError> {
        if text.len() > MAX_BYTES {
            return Err(CanonicalError::TooLarge(text.len()));
        }
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let value = Strict { depth: 0 }
            .deserialize(&mut deserializer)
            .and_then(|value| deserializer.end().map(|()| value))
            .map_err(|e| CanonicalError::NotAcceptable(e.to_string()))?;
        let bytes = serde_json_canonicalizer::to_string(&value)
            .map_err(|e| CanonicalError::NotAcceptable(e.to_string()))?;
        Ok(Self { bytes, value })
    }

    /// Canonical form of a value made by us or already parsed, under the same rules.
    ///
    /// # Errors
    /// As [`CanonicalJson::parse`]; a duplicate key can no longer be seen in a parsed value.
    pub fn from_value<T: Serialize>(value: &T) -> Result<Self, CanonicalError> {
        let text = serde_json::to_string(value).map_err(|e| CanonicalError::NotAcceptable(e.to_string()))?;
        Self::parse(&text)
    }

    /// The canonical text. These bytes are shown, hashed and sent; nothing re-serialises them.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.bytes
    }

    /// The value, for reading.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// SHA-256 of the canonical bytes.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(self.bytes.as_bytes()).into()
    }

    /// Reads the value as a typed record.
    ///
    /// # Errors
    /// The reader's own words when the value does not fit the type.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.bytes)
    }
}

impl fmt::Debug for CanonicalJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.bytes)
    }
}

/// Lower-case hexadecimal, for digests on screens and in files.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            text.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
            text.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
            text
        })
}

/// Reads hexadecimal of either case; `None` for anything else.
#[must_use]
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(text.get(i..i + 2)?, 16).ok())
        .collect()
}

struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: serde::de::Error>(&self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom(format!("more than {MAX_DEPTH} levels")));
        }
        Ok(Self {
            depth: self.depth + 1,
        })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("json")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, v: bool) -> Result<Value, E> {
        Ok(Value::Bool(v))
    }

    fn visit_i64<E: serde::de::Error>(self, v: i64) -> Result<Value, E> {
        if (-MAX_INTEGER..=MAX_INTEGER).contains(&v) {
            Ok(Value::from(v))
        } else {
            Err(E::custom(format!(
                "an integer beyond 2^53-1 must be a string: {v}"
            )))
        }
    }

    fn visit_u64<E: serde::de::Error>(self, v: u64) -> Result<Value, E> {
        i64::try_from(v)
            .map_err(|_| E::custom(format!("an integer beyond 2^53-1 must be a string: {v}")))
            .and_then(|v| self.visit_i64(v))
    }

    fn visit_f64<E: serde::de::Error>(self, v: f64) -> Result<Value, E> {
        Err(E::custom(format!(
            "a number that is not an integer must be a string: {v}"
        )))
    }

    fn visit_str<E>(self, v: &str) -> Result<Value, E> {
        Ok(Value::String(v.to_owned()))
    }

    fn visit_string<E>(self, v: String) -> Result<Value, E> {
        Ok(Value::String(v))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(self.deeper()?)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = BTreeMap::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value_seed(self.deeper()?)?;
            if fields.insert(key.clone(), value).is_some() {
                return Err(serde::de::Error::custom(format!("duplicate key: {key}")));
            }
        }
        Ok(Value::Object(fields.into_iter().collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(text: &str) -> Result<String, CanonicalError> {
        CanonicalJson::parse(text).map(|c| c.as_str().to_owned())
    }

    #[test]
    fn keys_are_sorted_and_space_is_gone() {
        assert_eq!(
            parsed(r#"{ "b": [1, true, null], "a": "x" }"#).unwrap(),
            r#"{"a":"x","b":[1,true,null]}"#
        );
    }

    #[test]
    fn two_numbers_that_rfc_8785_would_merge_are_refused() {
        assert!(parsed("9007199254740992").is_err() && parsed("9007199254740993").is_err());
        assert_eq!(parsed("9007199254740991").unwrap(), "9007199254740991");
        assert!(
            parsed("1.5").is_err() && parsed("1e3").is_err(),
            "decimals travel as strings"
        );
        assert!(parsed("-0.0").is_err());
    }

    #[test]
    fn duplicate_keys_depth_size_and_rubbish_are_refused() {
        assert!(
            matches!(parsed(r#"{"a":1,"a":2}"#), Err(CanonicalError::NotAcceptable(m)) if m.contains("duplicate key: a"))
        );
        assert!(
            parsed(r#"{"a":1,"\u0061":2}"#).is_err(),
            "an escaped duplicate is a duplicate"
        );
        assert!(parsed(&format!("{}1{}", "[".repeat(33), "]".repeat(33))).is_err());
        assert!(parsed(&format!("{}1{}", "[".repeat(32), "]".repeat(32))).is_ok());
        assert!(matches!(
            parsed(&"1".repeat(MAX_BYTES + 1)),
            Err(CanonicalError::TooLarge(_))
        ));
        assert!(parsed("{} {}").is_err() && parsed("").is_err() && parsed("NaN").is_err());
    }

    #[test]
    fn text_is_not_normalised() {
        let composed = parsed("\"\u{e9}\"").unwrap();
        let decomposed = parsed("\"e\u{301}\"").unwrap();
        assert_ne!(composed, decomposed, "two spellings are two values");
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            (-MAX_INTEGER..=MAX_INTEGER).prop_map(Value::from),
            ".*".prop_map(Value::String),
        ];
        leaf.prop_recursive(5, 40, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
                proptest::collection::btree_map(".*", inner, 0..6)
                    .prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn canonical_bytes_stand_for_exactly_one_value(a in json(), b in json()) {
            let ca = CanonicalJson::from_value(&a).unwrap();
            let cb = CanonicalJson::from_value(&b).unwrap();
            prop_assert_eq!(ca.value(), &a);
            prop_assert_eq!(CanonicalJson::parse(ca.as_str()).unwrap(), ca.clone());
            prop_assert_eq!(ca.as_str() == cb.as_str(), a == b);
        }

        #[test]
        fn hex_round_trips(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            prop_assert_eq!(from_hex(&hex(&bytes)).unwrap(), bytes);
        }
    }
}
