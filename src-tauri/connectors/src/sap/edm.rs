//! OData V2 values as they stand in a body: dates, instants and exact decimals. Literals and filters are in `filter`.

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

    /// Days from the year 1 to the year 9999.
    const DAYS: std::ops::RangeInclusive<i64> = -719_162..=2_932_896;

    proptest! {
        #[test]
        fn every_day_of_sap_is_its_own_calendar_date(days in DAYS, within in 0_i64..86_400_000) {
            let date = jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().days(days)).unwrap();
            let millis = days * 86_400_000;
            let read = calendar_date(&format!("/Date({millis})/"));
            prop_assert_eq!(read.clone(), Some(date.to_string()));
            // A time within the day, as some services send it, does not move the date.
            prop_assert_eq!(calendar_date(&format!("/Date({})/", millis + within)), read.clone());
            prop_assert_eq!(calendar_date(&format!("{date}T00:00:00")), read);
        }

        #[test]
        fn an_offset_never_moves_an_instant(
            millis in -62_135_596_800_000_i64..=253_402_207_200_000,
            offset in 0_u32..=9_999,
            sign in "[+-]",
        ) {
            let plain = ticks(&format!("/Date({millis})/"));
            prop_assert_eq!(plain, Some(Timestamp::from_millis(millis)));
            prop_assert_eq!(ticks(&format!("/Date({millis}{sign}{offset:04})/")), plain);
        }

        #[test]
        fn years_beyond_sap_are_no_dates(beyond in 253_402_300_800_000_i64..i64::MAX) {
            prop_assert_eq!(ticks(&format!("/Date({beyond})/")), None);
            prop_assert_eq!(calendar_date(&format!("/Date({beyond})/")), None);
            prop_assert_eq!(calendar_date(&format!("/Date(-{beyond})/")), None);
        }

        #[test]
        fn no_text_makes_the_readers_panic(text in ".{0,40}") {
            let _ = (ticks(&text), calendar_date(&text), decimal(&text));
            let _ = ticks(&format!("/Date({text})/"));
        }
    }
}
