//! Reads the fields of one JSON object tolerantly and notes what was missing or wrong. Numbers stay exact: they are taken
//! from the text of the body and never pass through floating point.

use std::collections::HashMap;

use andon_domain::{Amount, Timestamp};
use rust_decimal::Decimal;
use serde_json::value::RawValue;

/// Fields of an object by name.
pub(super) struct Fields<'a> {
    /// Where it stands in the record, for notes: empty or `counters.`.
    path: &'static str,
    values: HashMap<String, &'a RawValue>,
}

/// What was missing or wrong.
pub(super) type Notes = Vec<String>;

impl<'a> Fields<'a> {
    /// The object in `raw`; `None` when it is not one.
    pub(super) fn parse(raw: &'a RawValue) -> Option<Self> {
        Some(Self {
            path: "",
            values: serde_json::from_str(raw.get()).ok()?,
        })
    }

    fn raw(&self, name: &str) -> Option<&'a str> {
        self.values
            .get(name)
            .map(|raw| raw.get())
            .filter(|text| *text != "null")
    }

    fn note(&self, notes: &mut Notes, name: &str, what: &str) {
        notes.push(format!("{}{name}: {what}", self.path));
    }

    /// Notes a mandatory field that is absent or null.
    pub(super) fn must_have(&self, names: &[&str], notes: &mut Notes) {
        for name in names {
            if self.raw(name).is_none() {
                self.note(notes, name, "missing");
            }
        }
    }

    fn read<T>(
        &self,
        name: &str,
        what: &str,
        notes: &mut Notes,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let value = read(self.raw(name)?);
        if value.is_none() {
            self.note(notes, name, what);
        }
        value
    }

    /// A text.
    pub(super) fn text(&self, name: &str, notes: &mut Notes) -> Option<String> {
        self.read(name, "not a text", notes, |raw| serde_json::from_str(raw).ok())
    }

    /// An exact number. A number written as a text is not one.
    pub(super) fn number(&self, name: &str, notes: &mut Notes) -> Option<Amount> {
        self.read(name, "not an exact number", notes, number)
    }

    /// A whole number.
    pub(super) fn integer(&self, name: &str, notes: &mut Notes) -> Option<i64> {
        self.read(name, "not a whole number", notes, |raw| raw.parse().ok())
    }

    /// A flag.
    pub(super) fn flag(&self, name: &str, notes: &mut Notes) -> Option<bool> {
        self.read(name, "not a flag", notes, |raw| serde_json::from_str(raw).ok())
    }

    /// A time. Without an offset it is unknown, since no zone may be assumed.
    pub(super) fn instant(&self, name: &str, notes: &mut Notes) -> Option<Timestamp> {
        self.read(name, "not a time with offset", notes, |raw| {
            Timestamp::parse(&serde_json::from_str::<String>(raw).ok()?)
        })
    }

    /// A nested object. `path` is its name with a dot, for notes.
    pub(super) fn object(&self, name: &str, path: &'static str, notes: &mut Notes) -> Option<Self> {
        let values = self.read(name, "not an object", notes, |_| {
            let raw = self.values.get(name)?;
            serde_json::from_str(raw.get()).ok()
        })?;
        Some(Self { path, values })
    }

    /// A nested list; empty when absent.
    pub(super) fn list(&self, name: &str, notes: &mut Notes) -> Vec<&'a RawValue> {
        let read = self.read(name, "not a list", notes, |_| {
            serde_json::from_str(self.values.get(name)?.get()).ok()
        });
        read.unwrap_or_default()
    }
}

fn number(raw: &str) -> Option<Amount> {
    if !raw.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
        return None;
    }
    match raw.parse() {
        Ok(amount) => Some(amount),
        Err(_) if raw.contains(['e', 'E']) => Decimal::from_scientific(raw).ok().map(Amount::new),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_fields_are_noted_and_the_rest_is_kept() {
        let raw: Box<RawValue> = serde_json::from_str(
            r#"{"a":"x","n":12.340,"big":9007199254740993,"s":"12","t":"2026-06-22T14:04:36","ok":"2026-06-22T14:04:60-00:00","nil":null}"#,
        )
        .unwrap();
        let fields = Fields::parse(&raw).unwrap();
        let mut notes = Notes::new();
        assert_eq!(fields.text("a", &mut notes).as_deref(), Some("x"));
        assert_eq!(fields.number("n", &mut notes).unwrap().to_string(), "12.340");
        assert_eq!(
            fields.number("big", &mut notes).unwrap().to_string(),
            "9007199254740993",
            "above 2^53 and exact"
        );
        assert_eq!(
            fields.instant("ok", &mut notes).unwrap().to_string(),
            "2026-06-22T14:04:59.999Z".replace(".999", ".000")
        );
        assert_eq!(fields.text("nil", &mut notes), None);
        assert!(notes.is_empty(), "{notes:?}");
        assert_eq!(fields.number("s", &mut notes), None);
        assert_eq!(fields.instant("t", &mut notes), None);
        fields.must_have(&["a", "nil", "gone"], &mut notes);
        assert_eq!(
            notes,
            [
                "s: not an exact number",
                "t: not a time with offset",
                "nil: missing",
                "gone: missing"
            ]
        );
    }
}
