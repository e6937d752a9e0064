//! Reads the fields of one JSON object tolerantly and notes what was missing or wrong. Numbers stay exact: they are taken
//! from the text of the body and never pass through floating point.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use andon_domain::text::visible;
use andon_domain::{Amount, Timestamp};
use rust_decimal::Decimal;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// Fields of one object at most; no record of the contract has a tenth of it.
const MAX_FIELDS: usize = 512;
/// Fields that there is room for at once: a machine has as many.
const USUAL_FIELDS: usize = 24;
/// Bytes of one text at most, as written.
const MAX_TEXT: usize = 1024 * 1024;

/// Fields of an object by name.
pub(super) struct Fields<'a> {
    /// Where it stands in the record, for notes: empty or `counters.`.
    path: &'static str,
    /// In [`order`]. A few fields are found faster so than by a hash of their names.
    values: Vec<(Word<'a>, &'a RawValue)>,
}

/// A text that is borrowed from the body where nothing in it is escaped.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Word<'a>(#[serde(borrow)] Cow<'a, str>);

/// What was missing, wrong or impossible.
pub(super) type Notes = Vec<String>;

/// Notes a value that cannot be: the screen marks it and sums leave it out. `what` says it in a few words.
pub(super) fn impossible(notes: &mut Notes, what: &str) {
    notes.push(format!("impossible: {what}"));
}

impl<'a> Fields<'a> {
    /// The object in `raw`; `None` when it is not one.
    pub(super) fn parse(raw: &'a RawValue, notes: &mut Notes) -> Option<Self> {
        Self::at("", raw, notes)
    }

    fn at(path: &'static str, raw: &'a RawValue, notes: &mut Notes) -> Option<Self> {
        let Object(mut values) = serde_json::from_str(raw.get()).ok()?;
        values.sort_by(|(one, _), (other, _)| order(&one.0, &other.0));
        // Of two values neither can be believed.
        let twice = values.windows(2).filter(|pair| pair[0].0 == pair[1].0);
        let mut twice: Vec<Word<'_>> = twice.map(|pair| pair[0].0.clone()).collect();
        twice.dedup();
        for name in twice {
            values.retain(|(other, _)| *other != name);
            notes.push(format!("{path}{}: given twice", visible(&name.0, 80)));
        }
        Some(Self { path, values })
    }

    fn value(&self, name: &str) -> Option<&'a RawValue> {
        let found = self.values.binary_search_by(|(other, _)| order(&other.0, name));
        found.ok().map(|at| self.values[at].1)
    }

    fn raw(&self, name: &str) -> Option<&'a str> {
        self.value(name).map(RawValue::get).filter(|text| *text != "null")
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
        notes: &mut Notes,
        read: impl FnOnce(&'a str) -> Result<T, String>,
    ) -> Option<T> {
        match read(self.raw(name)?) {
            Ok(value) => Some(value),
            Err(what) => {
                self.note(notes, name, &what);
                None
            }
        }
    }

    /// A text.
    pub(super) fn text(&self, name: &str, notes: &mut Notes) -> Option<String> {
        self.word(name, notes).map(Cow::into_owned)
    }

    /// A text that is looked at and not kept.
    pub(super) fn word(&self, name: &str, notes: &mut Notes) -> Option<Cow<'a, str>> {
        let word: Word<'a> = self.read(name, notes, |raw| match raw.len() {
            0..=MAX_TEXT => serde_json::from_str(raw).map_err(|_| "not a text".to_owned()),
            _ => Err("longer than can be kept".to_owned()),
        })?;
        Some(word.0)
    }

    /// A text that is not empty: a key.
    pub(super) fn key(&self, name: &str, notes: &mut Notes) -> Option<String> {
        self.text(name, notes).filter(|key| !key.is_empty())
    }

    /// An exact number. A number written as a text is not one.
    pub(super) fn number(&self, name: &str, notes: &mut Notes) -> Option<Amount> {
        self.read(name, notes, number)
    }

    /// A count or a duration: an exact number that cannot be below zero. A negative one is kept and noted.
    pub(super) fn count(&self, name: &str, notes: &mut Notes) -> Option<Amount> {
        let count = self.number(name, notes)?;
        if count < Amount::ZERO {
            impossible(notes, &format!("negative {}{name}", self.path));
        }
        Some(count)
    }

    /// A whole number.
    pub(super) fn integer(&self, name: &str, notes: &mut Notes) -> Option<i64> {
        self.read(name, notes, |raw| {
            raw.parse().map_err(|_| "not a whole number".to_owned())
        })
    }

    /// A whole number within limits.
    pub(super) fn within(&self, name: &str, least: u8, most: u8, notes: &mut Notes) -> Option<u8> {
        self.read(name, notes, |raw| {
            let number = raw.parse().ok().filter(|number| (least..=most).contains(number));
            number.ok_or_else(|| format!("not a whole number from {least} to {most}"))
        })
    }

    /// A flag.
    pub(super) fn flag(&self, name: &str, notes: &mut Notes) -> Option<bool> {
        self.read(name, notes, |raw| {
            serde_json::from_str(raw).map_err(|_| "not a flag".to_owned())
        })
    }

    /// A time. Without an offset it is unknown, since no zone may be assumed.
    pub(super) fn instant(&self, name: &str, notes: &mut Notes) -> Option<Timestamp> {
        self.read(name, notes, |raw| {
            let text: Word<'_> =
                serde_json::from_str(raw).map_err(|_| "time unknown: not a text".to_owned())?;
            instant(&text.0)
        })
    }

    /// A nested object. `path` is its name with a dot, for notes.
    pub(super) fn object(&self, name: &str, path: &'static str, notes: &mut Notes) -> Option<Self> {
        self.raw(name)?;
        let object = Self::at(path, self.value(name)?, notes);
        if object.is_none() {
            self.note(notes, name, "not an object");
        }
        object
    }

    /// A nested list; empty when absent.
    pub(super) fn list(&self, name: &str, notes: &mut Notes) -> Vec<&'a RawValue> {
        let read = self.read(name, notes, |raw| {
            serde_json::from_str(raw).map_err(|_| "not a list".to_owned())
        });
        read.unwrap_or_default()
    }

    /// A nested list of objects, each read by `read`; those that are none, or lack their key, are counted in a note.
    pub(super) fn objects<T>(
        &self,
        name: &str,
        notes: &mut Notes,
        mut read: impl FnMut(&Fields<'_>, &mut Notes) -> Option<T>,
    ) -> Vec<T> {
        let (mut objects, mut inner, mut dropped) = (Vec::new(), Notes::new(), 0_u32);
        for raw in self.list(name, notes) {
            match Fields::parse(raw, &mut inner).and_then(|fields| read(&fields, &mut inner)) {
                Some(object) => objects.push(object),
                None => dropped += 1,
            }
        }
        // One note for the list says enough; which entry it was is seen in the record.
        notes.extend(
            inner
                .into_iter()
                .next()
                .map(|first| match first.strip_prefix("impossible: ") {
                    Some(what) => format!("impossible: {what} in {name}"),
                    None => format!("{name}[].{first}"),
                }),
        );
        if dropped > 0 {
            notes.push(format!("{name}: {dropped} without a key"));
        }
        objects
    }
}

fn number(raw: &str) -> Result<Amount, String> {
    if !raw.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
        return Err("not a number".to_owned());
    }
    exact(raw)
        .map(Amount::new)
        .ok_or_else(|| format!("more digits than can be kept exactly: {}", visible(raw, 60)))
}

/// The number as written, never rounded; `None` when it does not fit.
fn exact(raw: &str) -> Option<Decimal> {
    let Some((mantissa, exponent)) = raw.split_once(['e', 'E']) else {
        return Decimal::from_str_exact(raw).ok();
    };
    let (mantissa, exponent) = (
        Decimal::from_str_exact(mantissa).ok()?.normalize(),
        exponent.parse::<i64>().ok()?,
    );
    if mantissa.is_zero() {
        return Some(Decimal::ZERO);
    }
    let scale = i64::from(mantissa.scale()).checked_sub(exponent)?;
    match u32::try_from(scale) {
        Ok(scale) => Decimal::try_from_i128_with_scale(mantissa.mantissa(), scale).ok(),
        Err(_) => {
            let shift = 10_i128.checked_pow(u32::try_from(scale.checked_neg()?).ok()?)?;
            Decimal::try_from_i128_with_scale(mantissa.mantissa().checked_mul(shift)?, 0).ok()
        }
    }
}

fn instant(text: &str) -> Result<Timestamp, String> {
    let on_a_clock = leap_second(text);
    let text = on_a_clock.as_deref().unwrap_or(text);
    Timestamp::parse(text).ok_or_else(|| {
        let has_no_offset = text.parse::<jiff::civil::DateTime>().is_ok();
        let why = if has_no_offset {
            "no offset"
        } else {
            "not readable"
        };
        format!("time unknown: {why}")
    })
}

/// A leap second counts as the last moment before it, since no clock here has it.
fn leap_second(text: &str) -> Option<String> {
    let (before, seconds) = (text.get(..17)?, text.get(17..)?);
    let rest = seconds.strip_prefix("60").filter(|_| before.ends_with(':'))?;
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => rest,
    };
    Some(format!("{before}59.999{rest}"))
}

/// Names by their length first: seldom have two the same, and then nothing is compared but numbers.
fn order(one: &str, other: &str) -> Ordering {
    one.len().cmp(&other.len()).then_with(|| one.cmp(other))
}

/// The fields of an object as they stand in it, a name perhaps more than once: JSON does not say which value counts then.
struct Object<'a>(Vec<(Word<'a>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading;
        impl<'de> Visitor<'de> for Reading {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut values = Vec::with_capacity(USUAL_FIELDS);
                while let Some(field) = map.next_entry()? {
                    if values.len() == MAX_FIELDS {
                        return Err(A::Error::custom("too many fields"));
                    }
                    values.push(field);
                }
                Ok(Object(values))
            }
        }
        deserializer.deserialize_map(Reading)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<T>(text: &str, read: impl FnOnce(&Fields<'_>, &mut Notes) -> T) -> (T, Notes) {
        let raw: Box<RawValue> = serde_json::from_str(text).unwrap();
        let mut notes = Notes::new();
        let fields = Fields::parse(&raw, &mut notes).unwrap();
        let value = read(&fields, &mut notes);
        (value, notes)
    }

    #[test]
    fn wrong_fields_are_noted_and_the_rest_is_kept() {
        let (_, notes) = with(
            r#"{"a":"x","s":"12","t":"2026-06-22T14:04:36","u":"soon","v":17,"nil":null,"neg":-3}"#,
            |fields, notes| {
                assert_eq!(fields.text("a", notes).as_deref(), Some("x"));
                assert_eq!(fields.text("nil", notes), None);
                assert!(notes.is_empty(), "{notes:?}");
                assert_eq!(fields.number("s", notes), None);
                for name in ["t", "u", "v"] {
                    assert_eq!(fields.instant(name, notes), None);
                }
                assert_eq!(fields.count("neg", notes).unwrap().to_string(), "-3");
                fields.must_have(&["a", "nil", "gone"], notes);
            },
        );
        assert_eq!(
            notes,
            [
                "s: not a number",
                "t: time unknown: no offset",
                "u: time unknown: not readable",
                "v: time unknown: not a text",
                "impossible: negative neg",
                "nil: missing",
                "gone: missing"
            ]
        );
    }

    #[test]
    fn numbers_are_exact_or_unknown() {
        for (raw, read) in [
            ("12.340", Some("12.340")),
            ("9007199254740993", Some("9007199254740993")),
            ("-0.5", Some("-0.5")),
            ("1.5e3", Some("1500")),
            ("1.50E-3", Some("0.0015")),
            ("1e-28", Some("0.0000000000000000000000000001")),
            ("1e-29", None),
            ("1e29", None),
            ("0e999999999999", Some("0")),
            ("1e99999999999999999999", None),
            ("0.12345678901234567890123456789012", None),
            ("true", None),
            ("[1]", None),
        ] {
            let (number, notes) = with(&format!("{{\"n\":{raw}}}"), |f, notes| f.number("n", notes));
            assert_eq!(number.map(|n| n.to_string()).as_deref(), read, "{raw}");
            assert_eq!(notes.is_empty(), read.is_some(), "{raw}: {notes:?}");
        }
        let (_, notes) = with("{\"n\":1e400}", |f, notes| f.number("n", notes));
        assert_eq!(notes, ["n: more digits than can be kept exactly: 1e400"]);
    }

    #[test]
    fn times_follow_the_profile() {
        for (text, read) in [
            ("2026-06-22T14:04:36-00:00", Some("2026-06-22T14:04:36.000Z")),
            (
                "2026-06-22T14:04:36.123456789+02:00",
                Some("2026-06-22T12:04:36.123Z"),
            ),
            ("2026-06-22T14:04:36-09:30", Some("2026-06-22T23:34:36.000Z")),
            ("2016-12-31T23:59:60Z", Some("2016-12-31T23:59:59.999Z")),
            ("2016-12-31T23:59:60.5+00:00", Some("2016-12-31T23:59:59.999Z")),
            ("0001-01-01T00:00:00Z", Some("0001-01-01T00:00:00.000Z")),
            ("9999-12-30T21:59:59Z", Some("9999-12-30T21:59:59.000Z")),
            ("9999-12-31T23:59:59Z", None),
            ("2026-06-22", None),
            ("2026-06-22T14:04:61Z", None),
            ("2026-02-30T00:00:00Z", None),
            ("ääääääääääääääääää", None),
            ("", None),
        ] {
            assert_eq!(
                instant(text).ok().map(|t| t.to_string()).as_deref(),
                read,
                "{text}"
            );
        }
    }

    #[test]
    fn a_field_given_twice_is_believed_in_neither_form() {
        let (value, notes) = with(r#"{"a":"x","b":1,"a":"y","o":{"c":1,"c":2}}"#, |fields, notes| {
            fields.object("o", "o.", notes);
            fields.text("a", notes)
        });
        assert_eq!(value, None);
        assert_eq!(notes, ["a: given twice", "o.c: given twice"]);
    }

    #[test]
    fn what_is_beyond_measure_is_left_out() {
        let many: Vec<String> = (0..=MAX_FIELDS).map(|i| format!("\"f{i}\":1")).collect();
        let raw: Box<RawValue> = serde_json::from_str(&format!("{{{}}}", many.join(","))).unwrap();
        assert!(Fields::parse(&raw, &mut Notes::new()).is_none());
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_TEXT));
        let (value, notes) = with(&long, |fields, notes| fields.text("a", notes));
        assert_eq!((value, notes.len()), (None, 1));
    }
}
