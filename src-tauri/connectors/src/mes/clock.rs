//! How far the clock of the MES is ahead of ours, from what single answers say of it. One answer bounds it to half its round
//! trip; the closest bound is kept until it is old or an answer contradicts it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use andon_domain::Timestamp;

use crate::transport::{Answer, http_date};

/// Clocks drift: after this, any answer counts again.
const OLD: Duration = Duration::from_secs(10 * 60);
/// A `Date` header is cut to whole seconds.
const DATE_STEP_MS: i64 = 1_000;

/// What one answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) ahead_ms: i64,
    /// How far that may be off, either way.
    off_by_ms: i64,
    at: Timestamp,
}

impl Reading {
    /// From the time that the body told, else from the `Date` header.
    pub(super) fn of(answer: &Answer, told: Option<Timestamp>) -> Option<Self> {
        let date = || http_date(answer.header("date"));
        let (theirs, step) = match told {
            Some(theirs) => (theirs, 0),
            None => (date()?, DATE_STEP_MS),
        };
        let half = i64::try_from(answer.round_trip.as_millis().div_ceil(2)).ok()?;
        let middle = answer.answered_at.millis().saturating_sub(half);
        Some(Self {
            ahead_ms: theirs.millis().saturating_add(step / 2).saturating_sub(middle),
            off_by_ms: half.saturating_add(step / 2),
            at: answer.answered_at,
        })
    }

    fn contradicts(&self, other: &Self) -> bool {
        let apart = self.ahead_ms.saturating_sub(other.ahead_ms).saturating_abs();
        apart > self.off_by_ms.saturating_add(other.off_by_ms)
    }

    fn is_old(&self, now: Timestamp) -> bool {
        now < self.at || now.since(self.at) > OLD
    }
}

/// The best reading so far.
#[derive(Debug, Default)]
pub(super) struct Skew(Mutex<Option<Reading>>);

impl Skew {
    pub(super) fn note(&self, reading: Option<Reading>) {
        let Some(new) = reading else { return };
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_better =
            |old: &Reading| new.off_by_ms <= old.off_by_ms || new.contradicts(old) || old.is_old(new.at);
        if kept.as_ref().is_none_or(is_better) {
            *kept = Some(new);
        }
    }

    pub(super) fn ahead_ms(&self) -> Option<i64> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().map(|reading| reading.ahead_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(answered_ms: i64, round_trip_ms: u64, date: Option<&str>) -> Answer {
        let headers = date.map(|date| ("date".parse().unwrap(), date.parse().unwrap()));
        Answer {
            status: 200,
            headers: headers.into_iter().collect(),
            body: Vec::new(),
            attempts: 1,
            elapsed: Duration::ZERO,
            round_trip: Duration::from_millis(round_trip_ms),
            answered_at: Timestamp::from_millis(answered_ms),
        }
    }

    fn told(answered_ms: i64, round_trip_ms: u64, theirs_ms: i64) -> Option<Reading> {
        Reading::of(
            &answer(answered_ms, round_trip_ms, None),
            Some(Timestamp::from_millis(theirs_ms)),
        )
    }

    #[test]
    fn the_time_of_an_answer_is_that_of_the_middle_of_its_own_round_trip() {
        let reading = told(10_000, 400, 14_800).unwrap();
        assert_eq!((reading.ahead_ms, reading.off_by_ms), (5_000, 200));
        let date = answer(60_000, 400, Some("Thu, 01 Jan 1970 00:01:04 GMT"));
        let reading = Reading::of(&date, None).unwrap();
        assert_eq!((reading.ahead_ms, reading.off_by_ms), (4_700, 700));
        assert_eq!(Reading::of(&answer(0, 1, None), None), None);
    }

    #[test]
    fn the_closest_answer_counts_until_it_is_old_or_contradicted() {
        let skew = Skew::default();
        assert_eq!(skew.ahead_ms(), None);
        skew.note(told(10_000, 8_000, 6_000));
        assert_eq!(skew.ahead_ms(), Some(0));
        skew.note(told(20_000, 100, 20_950));
        assert_eq!(skew.ahead_ms(), Some(1_000));
        skew.note(told(40_000, 8_000, 39_900));
        assert_eq!(skew.ahead_ms(), Some(1_000), "a slow answer knows less");
        skew.note(told(60_000, 600, 120_000));
        assert_eq!(skew.ahead_ms(), Some(60_300), "a clock was set");
        skew.note(told(70_000, 800, 129_700));
        assert_eq!(skew.ahead_ms(), Some(60_300));
        skew.note(told(900_000, 800, 959_700));
        assert_eq!(skew.ahead_ms(), Some(60_100), "the old one may have drifted");
    }
}
