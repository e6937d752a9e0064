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
/// does not matter. `None` when absent or unreadable.
#[must_use]
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let until = http_date(text)?;
    let now = http_date(headers.get(reqwest::header::DATE)?.to_str().ok()?)?;
    Some(until.since(now))
}

/// Reads an HTTP date such as `Sun, 06 Nov 1994 08:49:37 GMT`.
#[must_use]
pub(crate) fn http_date(text: &str) -> Option<Timestamp> {
    static PARSER: jiff::fmt::rfc2822::DateTimeParser = jiff::fmt::rfc2822::DateTimeParser::new();
    PARSER
        .parse_timestamp(text.trim())
        .ok()
        .map(|t| Timestamp::from_millis(t.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap()))
            .collect()
    }

    #[test]
    fn retry_after_is_read_as_seconds_or_as_a_date() {
        assert_eq!(
            retry_after(&headers(&[("retry-after", "7")])),
            Some(Duration::from_secs(7))
        );
        let date = headers(&[
            ("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("date", "Sun, 06 Nov 1994 08:49:30 GMT"),
        ]);
        assert_eq!(retry_after(&date), Some(Duration::from_secs(7)));
        assert_eq!(retry_after(&headers(&[("retry-after", "soon")])), None);
        assert_eq!(retry_after(&headers(&[])), None);
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
