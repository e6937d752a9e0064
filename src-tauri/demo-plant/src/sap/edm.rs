//! The value types of OData V2 and how SAP writes them: decimals as strings, dates as `/Date(ms)/`.

use std::borrow::Cow;
use std::cmp::Ordering;

use jiff::civil::DateTime;
use rust_decimal::Decimal;
use serde::{Serialize, Serializer};
use serde_json::Value;

/// A property's type with the facets that `$metadata` announces; a string of length 0 has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EdmType {
    String(u16),
    Boolean,
    Decimal(u8, u8),
    DateTime,
    DateTimeOffset,
    Time,
}

/// One value. Times are milliseconds since 1970, UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Edm {
    Null,
    /// Borrowed where the text is part of the program, so that large histories stay small.
    String(Cow<'static, str>),
    Boolean(bool),
    Decimal(Decimal),
    DateTime(i64),
    DateTimeOffset(i64),
    Time(String),
}

impl Edm {
    pub(crate) fn text(value: impl Into<Cow<'static, str>>) -> Self {
        Self::String(value.into())
    }

    /// What SAP delivers for a field that nobody filled.
    pub(crate) fn initial(edm_type: EdmType) -> Self {
        match edm_type {
            EdmType::String(_) => Self::String(Cow::Borrowed("")),
            EdmType::Boolean => Self::Boolean(false),
            EdmType::Decimal(..) => Self::Decimal(Decimal::ZERO),
            EdmType::DateTime | EdmType::DateTimeOffset => Self::Null,
            EdmType::Time => Self::Time("PT00H00M00S".to_owned()),
        }
    }

    /// As part of a key predicate in an address.
    pub(crate) fn to_key_literal(&self) -> String {
        match self {
            Self::DateTime(ms) => {
                let text = civil(*ms).map_or_else(String::new, |time| {
                    time.strftime("%Y-%m-%dT%H%%3A%M%%3A%S").to_string()
                });
                format!("datetime'{text}'")
            }
            other => format!("'{}'", other.as_text().replace('\'', "''")),
        }
    }

    /// The order within one type; values of different types have none.
    pub(crate) fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Null, Self::Null) => Some(Ordering::Equal),
            (Self::String(a), Self::String(b)) => Some(a.cmp(b)),
            (Self::Time(a), Self::Time(b)) => Some(a.cmp(b)),
            (Self::Boolean(a), Self::Boolean(b)) => Some(a.cmp(b)),
            (Self::Decimal(a), Self::Decimal(b)) => Some(a.cmp(b)),
            (Self::DateTime(a), Self::DateTime(b)) | (Self::DateTimeOffset(a), Self::DateTimeOffset(b)) => {
                Some(a.cmp(b))
            }
            _ => None,
        }
    }

    pub(crate) fn as_text(&self) -> &str {
        match self {
            Self::String(text) => text,
            Self::Time(text) => text,
            _ => "",
        }
    }

    pub(crate) fn as_decimal(&self) -> Decimal {
        match self {
            Self::Decimal(number) => *number,
            _ => Decimal::ZERO,
        }
    }
}

impl Serialize for Edm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::String(text) => serializer.serialize_str(text),
            Self::Time(text) => serializer.serialize_str(text),
            Self::Boolean(flag) => serializer.serialize_bool(*flag),
            Self::Decimal(number) => serializer.collect_str(number),
            Self::DateTime(ms) => serializer.collect_str(&format_args!("/Date({ms})/")),
            Self::DateTimeOffset(ms) => serializer.collect_str(&format_args!("/Date({ms}+0000)/")),
        }
    }
}

impl EdmType {
    /// Whether a literal of this value may be compared with a property of this type.
    pub(crate) fn accepts(self, value: &Edm) -> bool {
        matches!(
            (self, value),
            (_, Edm::Null)
                | (Self::String(_), Edm::String(_))
                | (Self::Boolean, Edm::Boolean(_))
                | (Self::Decimal(..), Edm::Decimal(_))
                | (Self::DateTime, Edm::DateTime(_))
                | (Self::DateTimeOffset, Edm::DateTimeOffset(_))
                | (Self::Time, Edm::Time(_))
        )
    }

    /// Reads a property of a posted entity; the error is the reason, without the property's name.
    pub(crate) fn read_json(self, value: &Value) -> Result<Edm, String> {
        match (self, value) {
            (_, Value::Null) => Ok(Edm::Null),
            (Self::String(max), Value::String(text)) => {
                if max > 0 && text.chars().count() > usize::from(max) {
                    return Err(format!("value exceeds the maximum length {max}"));
                }
                Ok(Edm::text(text.clone()))
            }
            (Self::Boolean, Value::Bool(flag)) => Ok(Edm::Boolean(*flag)),
            (Self::Decimal(precision, scale), Value::String(text)) => read_decimal(text, precision, scale),
            (Self::DateTime, Value::String(text)) => read_date(text)
                .map(Edm::DateTime)
                .ok_or_else(|| "not a date".to_owned()),
            (Self::DateTimeOffset, Value::String(text)) => read_date(text)
                .map(Edm::DateTimeOffset)
                .ok_or_else(|| "not a time stamp".to_owned()),
            (Self::Time, Value::String(text)) => Ok(Edm::Time(text.clone())),
            _ => Err("wrong type".to_owned()),
        }
    }
}

fn read_decimal(text: &str, precision: u8, scale: u8) -> Result<Edm, String> {
    let number = Decimal::from_str_exact(text).map_err(|_| "not a decimal".to_owned())?;
    let number = number.normalize();
    let digits = number.trunc().abs().to_string().len();
    if number.scale() > u32::from(scale) || digits > usize::from(precision - scale) {
        return Err(format!("value does not fit Decimal({precision},{scale})"));
    }
    Ok(Edm::Decimal(number))
}

/// `/Date(ms)/` with or without an offset (the ticks are UTC either way), or an ISO date without a zone.
fn read_date(text: &str) -> Option<i64> {
    if let Some(inner) = text
        .strip_prefix("/Date(")
        .and_then(|rest| rest.strip_suffix(")/"))
    {
        let end = inner
            .char_indices()
            .skip(1)
            .find(|(_, c)| matches!(c, '+' | '-'))
            .map(|(at, _)| at);
        return inner.get(..end.unwrap_or(inner.len()))?.parse().ok();
    }
    text.trim_end_matches('Z').parse().ok().and_then(milliseconds)
}

const EPOCH: DateTime = jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0);

/// A civil time as SAP counts it, without a zone. Not by way of a time stamp: SAP's open end, 31 December 9999, lies
/// beyond the last one.
pub(crate) fn milliseconds(time: DateTime) -> Option<i64> {
    i64::try_from(time.duration_since(EPOCH).as_millis()).ok()
}

fn civil(ms: i64) -> Option<DateTime> {
    EPOCH.checked_add(jiff::SignedDuration::from_millis(ms)).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_written_as_the_gateway_writes_them() {
        assert_eq!(json!(Edm::Decimal(Decimal::new(1234, 2))), json!("12.34"));
        assert_eq!(
            json!(Edm::DateTime(1_700_000_000_000)),
            json!("/Date(1700000000000)/")
        );
        assert_eq!(json!(Edm::DateTimeOffset(5)), json!("/Date(5+0000)/"));
    }

    #[test]
    fn posted_values_are_checked_against_the_type() {
        let price = EdmType::Decimal(12, 3);
        assert_eq!(
            price.read_json(&json!("12.340")),
            Ok(Edm::Decimal(Decimal::new(1234, 2)))
        );
        assert!(
            price.read_json(&json!(12.34)).is_err(),
            "decimals are strings on the wire"
        );
        assert!(price.read_json(&json!("1.2345")).is_err(), "too many decimals");
        assert!(price.read_json(&json!("1234567890")).is_err(), "too many digits");
        assert!(EdmType::String(3).read_json(&json!("abcd")).is_err(), "too long");
        assert_eq!(
            EdmType::DateTime.read_json(&json!("/Date(-5)/")),
            Ok(Edm::DateTime(-5))
        );
        assert_eq!(
            EdmType::DateTime.read_json(&json!("/Date(1000+0100)/")),
            Ok(Edm::DateTime(1000))
        );
        assert_eq!(
            EdmType::DateTime.read_json(&json!("2026-01-01T00:00:00")),
            Ok(Edm::DateTime(1_767_225_600_000))
        );
    }
}
