//! When and how long to wait before a read is tried again: exponential back-off with full jitter, or what the system asked
//! for, within the time of the call. Writes never come here.

use std::time::Duration;

use andon_domain::Timestamp;
use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// Longest time a system may ask us to wait within a call.
pub(super) const MAX_RETRY_AFTER: Duration = Duration::from_secs(30);

/// Waiting times of one call.
pub(super) struct Waits {
    steps: ExponentialBackoff,
}

impl Waits {
    /// For a call of at most `attempts` attempts.
    pub(super) fn new(attempts: u32, first: Duration) -> Self {
        let steps = ExponentialBuilder::new()
            .with_min_delay(first)
            .with_factor(2.0)
            .with_max_delay(first.saturating_mul(25))
            .with_max_times(attempts.saturating_sub(1) as usize)
            .build();
        Self { steps }
    }

    /// How long to wait before the next attempt; `None` when there is none.
    pub(super) fn next(&mut self, asked_for: Option<Duration>) -> Option<Duration> {
        let step = self.steps.next()?;
        // Full jitter: anywhere between nothing and the step, so that many clients do not come back together.
        let jittered = step.mul_f64(fastrand::f64());
        Some(asked_for.map_or(jittered, |asked| asked.min(MAX_RETRY_AFTER).max(jittered)))
    }
}

/// Whether this status says "later" for a read.
pub(super) const fn is_later(status: u16) -> bool {
    matches!(status, 429 | 502 | 503 | 504)
}

/// What `Retry-After` asks for: seconds, or a date. A date is compared with the answer's own `Date`, so that our clock
/// matters only where that is missing. `None` when absent or unreadable.
#[must_use]
pub(super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let theirs = headers
        .get(reqwest::header::DATE)
        .and_then(|date| date.to_str().ok());
    Some(http_date(text)?.since(theirs.and_then(http_date).unwrap_or(now)))
}

/// Reads an HTTP date: `Sun, 06 Nov 1994 08:49:37 GMT`, or one of the two older forms that still have to be understood.
#[must_use]
pub(crate) fn http_date(text: &str) -> Option<Timestamp> {
    static PARSER: jiff::fmt::rfc2822::DateTimeParser = jiff::fmt::rfc2822::DateTimeParser::new();
    let text = text.trim();
    let older = |form: &str| {
        let time = jiff::civil::DateTime::strptime(form, text).ok()?;
        Some(time.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    };
    PARSER
        .parse_timestamp(text)
        .ok()
        .or_else(|| older("%A, %d-%b-%y %H:%M:%S GMT"))
        .or_else(|| older("%a %b %e %H:%M:%S %Y"))
        .map(|time| Timestamp::from_millis(time.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use reqwest::header::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap()))
            .collect()
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn retry_after_is_read_as_seconds_or_as_a_date() {
        let far_off = at("2100-01-01T00:00:00Z");
        let seconds = headers(&[("retry-after", "7")]);
        assert_eq!(retry_after(&seconds, far_off), Some(Duration::from_secs(7)));
        let date = headers(&[
            ("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("date", "Sun, 06 Nov 1994 08:49:30 GMT"),
        ]);
        assert_eq!(
            retry_after(&date, far_off),
            Some(Duration::from_secs(7)),
            "by the server's own clock"
        );
        let alone = headers(&[("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")]);
        let now = at("1994-11-06T08:49:00Z");
        assert_eq!(retry_after(&alone, now), Some(Duration::from_secs(37)));
        assert_eq!(retry_after(&alone, far_off), Some(Duration::ZERO), "long past");
        assert_eq!(retry_after(&headers(&[("retry-after", "soon")]), far_off), None);
        assert_eq!(retry_after(&headers(&[]), far_off), None);
    }

    #[test]
    fn the_three_forms_of_a_date_are_one_instant() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(http_date(text), Some(at("1994-11-06T08:49:37Z")), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_header_makes_us_panic_or_wait_too_long(
            after in "\\PC{0,40}",
            date in "[A-Z][a-z]{2}, [0-9]{1,2} [A-Z][a-z]{2} [0-9]{1,6} [0-9]{1,3}:[0-9]{2}:[0-9]{2} GMT",
            seconds in any::<u128>(),
            now in any::<i64>(),
        ) {
            for text in [after, date, seconds.to_string(), format!("-{seconds}")] {
                let Ok(value) = HeaderValue::from_str(&text) else { continue };
                let mut headers = HeaderMap::new();
                headers.insert(RETRY_AFTER, value.clone());
                let asked_for = retry_after(&headers, Timestamp::from_millis(now));
                let wait = Waits::new(2, Duration::from_millis(10)).next(asked_for).unwrap();
                prop_assert!(wait <= MAX_RETRY_AFTER, "{text:?} would hold us for {wait:?}");
                headers.insert(reqwest::header::DATE, value);
                let _ = retry_after(&headers, Timestamp::from_millis(now));
            }
        }
    }

    #[test]
    fn waits_grow_stay_under_their_step_and_end() {
        let mut waits = Waits::new(4, Duration::from_millis(100));
        let seen: Vec<_> = std::iter::from_fn(|| waits.next(None)).collect();
        assert_eq!(seen.len(), 3, "four attempts have three waits between them");
        for (wait, step) in seen.iter().zip([100, 200, 400]) {
            assert!(*wait <= Duration::from_millis(step), "{wait:?} over {step} ms");
        }
    }

    #[test]
    fn what_the_system_asks_for_is_kept_up_to_a_limit() {
        let mut waits = Waits::new(3, Duration::from_millis(10));
        assert_eq!(
            waits.next(Some(Duration::from_secs(2))),
            Some(Duration::from_secs(2))
        );
        assert_eq!(waits.next(Some(Duration::from_secs(3600))), Some(MAX_RETRY_AFTER));
    }
}
