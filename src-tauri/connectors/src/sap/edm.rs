//! OData V2 values: dates, exact decimals, literals, filters and the addresses made from them.
//!
//! A filter is only ever built from checked names and escaped literals; no text of a caller is pasted into it.

use andon_domain::{Amount, Timestamp};
use rust_decimal::Decimal;

/// First and last millisecond of the years 1 to 9999.
const YEARS: std::ops::RangeInclusive<i64> = -62_135_596_800_000..=253_402_300_799_999;

/// Reads `/Date(ms)/` and `/Date(ms+oooo)/` as the instant of its ticks. The offset is display information only. `None`
/// for anything else, and for instants too late to be shown.
pub(super) fn ticks(text: &str) -> Option<Timestamp> {
    let millis = millis(text)?;
    jiff::Timestamp::from_millisecond(millis)
        .ok()
        .map(|_| Timestamp::from_millis(millis))
}

fn millis(text: &str) -> Option<i64> {
    let inner = text.strip_prefix("/Date(")?.strip_suffix(")/")?;
    let digits = match inner.rfind(['+', '-']).filter(|at| *at > 0) {
        Some(at) => {
            let offset = &inner[at + 1..];
            if offset.len() != 4 || !offset.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            &inner[..at]
        }
        None => inner,
    };
    let unsigned = digits.strip_prefix('-').unwrap_or(digits);
    if unsigned.is_empty() || !unsigned.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|millis| YEARS.contains(millis))
}

/// Reads an `Edm.DateTime` as its calendar date, `YYYY-MM-DD`. It has no zone, so no zone may shift it.
pub(super) fn calendar_date(text: &str) -> Option<String> {
    if let Some(millis) = millis(text) {
        // Counted in days: SAP's open end, 9999-12-31, is no instant in every zone.
        let days = jiff::Span::new().try_days(millis.div_euclid(86_400_000)).ok()?;
        return Some(jiff::civil::date(1970, 1, 1).checked_add(days).ok()?.to_string());
    }
    // Some services that are not SAP's own write ISO 8601; all zeros is "no date".
    let date: jiff::civil::Date = text.get(..10)?.parse().ok()?;
    (date.year() > 0 && matches!(text.as_bytes().get(10), None | Some(b'T'))).then(|| date.to_string())
}

/// Reads a decimal exactly, from a JSON string or number as it stands in the body. `None` when it is no number or has more
/// digits than can be kept.
pub(super) fn decimal(raw: &str) -> Option<Amount> {
    let text = raw.trim().trim_matches('"').trim();
    // SAP writes a trailing minus in a few places.
    let turned = text.strip_suffix('-').map(|positive| format!("-{positive}"));
    let text = turned.as_deref().unwrap_or(text);
    match text.parse::<Amount>() {
        Ok(amount) => Some(amount),
        Err(_) if text.contains(['e', 'E']) => Decimal::from_scientific(text).ok().map(Amount::new),
        Err(_) => None,
    }
}

/// A string literal: quotes doubled. The address encodes the rest.
pub(super) fn string_literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// An `Edm.DateTime` literal for a date of the form `YYYY-MM-DD`; `None` when it is no date.
pub(super) fn date_literal(text: &str) -> Option<String> {
    let date: jiff::civil::Date = text.parse().ok()?;
    Some(format!("datetime'{date}T00:00:00'"))
}

/// Conditions joined by "and".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Filter(Vec<String>);

impl Filter {
    /// The property has this text.
    pub(super) fn equals(mut self, property: &'static str, text: &str) -> Self {
        self.0.push(format!("{property} eq {}", string_literal(text)));
        self
    }

    /// The property has this text when there is one.
    pub(super) fn equals_if(self, property: &'static str, text: Option<&String>) -> Self {
        match text {
            Some(text) => self.equals(property, text),
            None => self,
        }
    }

    /// The property has one of these texts.
    pub(super) fn one_of<T: AsRef<str>>(mut self, property: &'static str, texts: &[T]) -> Self {
        let each: Vec<_> = texts
            .iter()
            .map(|t| format!("{property} eq {}", string_literal(t.as_ref())))
            .collect();
        match each.as_slice() {
            [] => self,
            [only] => {
                self.0.push(only.clone());
                self
            }
            several => {
                self.0.push(format!("({})", several.join(" or ")));
                self
            }
        }
    }

    /// The property is the key in any of the spellings SAP may keep it in.
    pub(super) fn key_if(self, property: &'static str, text: Option<&String>, lengths: &[usize]) -> Self {
        match text {
            Some(text) => self.one_of(property, &spellings(text, lengths)),
            None => self,
        }
    }

    /// A condition in our own words; never made from a caller's text.
    pub(super) fn condition(mut self, condition: &'static str) -> Self {
        self.0.push(condition.to_owned());
        self
    }

    /// The date is on or after (`ge`) or on or before (`le`) this one.
    pub(super) fn date_if(
        mut self,
        property: &'static str,
        operator: &'static str,
        date: Option<&String>,
    ) -> Self {
        if let Some(literal) = date.and_then(|date| date_literal(date)) {
            self.0.push(format!("{property} {operator} {literal}"));
        }
        self
    }

    /// The text of `$filter`; `None` without conditions.
    pub(super) fn text(&self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.0.join(" and "))
    }
}

/// The ways a key may be kept: as given, without leading zeros, padded to each length. Only all-digit keys are padded.
pub(super) fn spellings(text: &str, lengths: &[usize]) -> Vec<String> {
    let mut all = vec![text.to_owned()];
    if text.bytes().all(|b| b.is_ascii_digit()) {
        let bare = bare(text);
        let padded = lengths
            .iter()
            .filter(|length| **length >= bare.len())
            .map(|length| format!("{bare:0>length$}"));
        for spelling in std::iter::once(bare.to_owned()).chain(padded) {
            if !all.contains(&spelling) {
                all.push(spelling);
            }
        }
    }
    all
}

/// An all-digit key without its leading zeros; any other key as it is.
pub(super) fn bare(text: &str) -> &str {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return text;
    }
    match text.trim_start_matches('0') {
        "" => "0",
        rest => rest,
    }
}

/// Whether two keys are the same but for leading zeros.
pub(super) fn is_same_key(one: &str, other: &str) -> bool {
    bare(one) == bare(other)
}

/// Percent-encodes a query value: everything but unreserved characters and the few that OData uses and no proxy touches.
pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() + 16);
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z'
            | b'a'..=b'z'
            | b'0'..=b'9'
            | b'-'
            | b'.'
            | b'_'
            | b'~'
            | b'('
            | b')'
            | b','
            | b'$'
            | b':' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_are_calendar_dates_and_never_shift() {
        assert_eq!(
            calendar_date("/Date(1782086400000)/").as_deref(),
            Some("2026-06-22")
        );
        assert_eq!(
            calendar_date("/Date(253402214400000)/").as_deref(),
            Some("9999-12-31"),
            "SAP's open end"
        );
        assert_eq!(
            calendar_date("/Date(-62135596800000)/").as_deref(),
            Some("0001-01-01")
        );
        assert_eq!(calendar_date("/Date(-86400000)/").as_deref(), Some("1969-12-31"));
        assert_eq!(
            calendar_date("2024-01-31T00:00:00").as_deref(),
            Some("2024-01-31")
        );
        for none in [
            "0000-00-00T00:00:00",
            "",
            "/Date()/",
            "/Date(12x)/",
            "/Date(99999999999999999)/",
            "20240131",
            "/Date(1+1)/",
        ] {
            assert_eq!(calendar_date(none), None, "{none}");
        }
    }

    #[test]
    fn the_offset_of_a_datetimeoffset_does_not_move_its_instant() {
        let plain = ticks("/Date(1782137076042)/").unwrap();
        assert_eq!(ticks("/Date(1782137076042+0000)/"), Some(plain));
        assert_eq!(ticks("/Date(1782137076042+0120)/"), Some(plain));
        assert_eq!(ticks("/Date(-1-0060)/"), Some(Timestamp::from_millis(-1)));
    }

    #[test]
    fn decimals_are_exact_or_absent() {
        assert_eq!(decimal("\"12.340\"").unwrap().to_string(), "12.340");
        assert_eq!(
            decimal("12.34").unwrap().to_string(),
            "12.34",
            "a JSON number is accepted too"
        );
        assert_eq!(decimal("\"1.5E+2\"").unwrap().to_string(), "150");
        assert_eq!(decimal("\"5.000-\"").unwrap().to_string(), "-5.000");
        assert_eq!(
            decimal("\"12345678901234567.12345678901234\""),
            None,
            "31 digits do not fit and are not rounded"
        );
        assert_eq!(decimal("\"\""), None);
        assert_eq!(decimal("null"), None);
    }

    #[test]
    fn a_quote_cannot_end_a_literal_early() {
        let filter = Filter::default()
            .equals("Supplier", "x' or '1' eq '1")
            .text()
            .unwrap();
        assert_eq!(filter, "Supplier eq 'x'' or ''1'' eq ''1'");
        assert_eq!(encode("O''Neill & +#%/"), "O%27%27Neill%20%26%20%2B%23%25%2F");
    }

    #[test]
    fn digit_keys_are_looked_for_in_every_spelling() {
        assert_eq!(spellings("100482", &[10]), ["100482", "0000100482"]);
        assert_eq!(spellings("0000100482", &[10]), ["0000100482", "100482"]);
        assert_eq!(spellings("HX-220", &[18, 40]), ["HX-220"]);
        assert!(
            is_same_key("0000100482", "100482")
                && !is_same_key("HX-220", "hx-220")
                && is_same_key("000", "0")
        );
    }

    /// Reads a string literal back the way a server does.
    fn read_literal(text: &str) -> Option<(String, &str)> {
        let mut rest = text.strip_prefix('\'')?;
        let mut value = String::new();
        loop {
            let at = rest.find('\'')?;
            value.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            match rest.strip_prefix('\'') {
                Some(more) => {
                    value.push('\'');
                    rest = more;
                }
                None => return Some((value, rest)),
            }
        }
    }

    proptest! {
        #[test]
        fn every_text_survives_its_literal_and_its_encoding(text in ".{0,60}") {
            let literal = string_literal(&text);
            prop_assert_eq!(read_literal(&literal), Some((text.clone(), "")));
            let url = url::Url::parse(&format!("http://h/?$filter={}&x=1", encode(&literal))).unwrap();
            let pairs: Vec<_> = url.query_pairs().into_owned().collect();
            prop_assert_eq!(&pairs[0].1, &literal, "the server decodes what we meant");
            prop_assert_eq!(pairs.len(), 2, "no literal can add a parameter");
        }

        #[test]
        fn a_filter_has_as_many_conditions_as_were_put_in(a in ".{0,20}", b in "[0-9]{1,10}") {
            let filter = Filter::default().equals("A", &a).key_if("B", Some(&b), &[10]).text().unwrap();
            let (read, rest) = read_literal(filter.strip_prefix("A eq ").unwrap()).unwrap();
            prop_assert_eq!(read, a);
            prop_assert!(rest.starts_with(" and B eq ") || rest.starts_with(" and (B eq "), "{}", rest);
        }

        #[test]
        fn every_day_of_sap_reads_back(days in -719_162_i64..=2_932_896) {
            let text = format!("/Date({})/", days * 86_400_000);
            let date = calendar_date(&text).unwrap();
            let literal = date_literal(&date).unwrap();
            let expected = format!("datetime'{date}T00:00:00'");
            prop_assert_eq!(literal, expected);
            let with_offset = format!("/Date({}+0530)/", days * 86_400_000 + 1);
            prop_assert!(ticks(&with_offset).is_some() || days > 2_932_890);
        }

        #[test]
        fn no_text_makes_the_readers_panic(text in ".{0,40}") {
            let _ = (ticks(&text), calendar_date(&text), decimal(&text));
            let _ = ticks(&format!("/Date({text})/"));
        }
    }
}
