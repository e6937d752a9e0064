//! Instants and the clock that is passed in.
//!
//! All times are UTC milliseconds inside and RFC 3339 text on the wire. Display zones are the screen's business.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use ts_rs::TS;

/// An instant in UTC, in milliseconds since 1970. On the wire `2026-06-22T14:04:36.000Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, TS, JsonSchema)]
#[ts(type = "string")]
#[schemars(with = "String")]
pub struct Timestamp(i64);

impl Timestamp {
    /// From UTC milliseconds.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// UTC milliseconds.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// This instant moved forward.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// This instant moved back.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// The time from `earlier` to this instant; zero when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Reads RFC 3339 with a mandatory offset. `None` for anything else, also for a time without offset.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>()
            .ok()
            .map(|t| Self(t.as_millisecond()))
    }

    /// The calendar date of this instant in an IANA zone, `YYYY-MM-DD`; in UTC when the zone is absent or not known here.
    #[must_use]
    pub fn date_in(self, zone: Option<&str>) -> String {
        let zone = zone
            .and_then(|zone| jiff::tz::TimeZone::get(zone).ok())
            .unwrap_or(jiff::tz::TimeZone::UTC);
        jiff::Timestamp::from_millisecond(self.0)
            .map_or_else(|_| String::new(), |t| t.to_zoned(zone).date().to_string())
    }

    /// The calendar day of this instant in an IANA zone, from its first instant to that of the next day: 23 or 25 hours where
    /// the clocks change. In UTC when the zone is absent or not known here; `None` beyond the calendar.
    #[must_use]
    pub fn day_in(self, zone: Option<&str>) -> Option<(Self, Self)> {
        let zone = zone
            .and_then(|zone| jiff::tz::TimeZone::get(zone).ok())
            .unwrap_or(jiff::tz::TimeZone::UTC);
        let day = jiff::Timestamp::from_millisecond(self.0)
            .ok()?
            .to_zoned(zone.clone())
            .date();
        let first = |day: jiff::civil::Date| {
            let start = day.to_zoned(zone.clone()).ok()?;
            Some(Self(start.timestamp().as_millisecond()))
        };
        Some((first(day)?, first(day.tomorrow().ok()?)?))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(t) => write!(f, "{t:.3}"),
            Err(_) => write!(f, "out of range: {} ms", self.0),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not an RFC 3339 time with offset"))
    }
}

/// What both clocks of the machine say at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// Wall clock.
    pub utc: Timestamp,
    /// Milliseconds since boot, suspend included (CLOCK_BOOTTIME).
    pub boot_ms: u64,
    /// Names this boot; a deadline in boot time means nothing after a restart of the machine.
    pub boot_id: String,
}

/// The clocks. Nothing below `app` reads one by itself.
pub trait Clock: Send + Sync {
    /// Both clocks now.
    fn moment(&self) -> Moment;

    /// The wall clock now.
    fn now(&self) -> Timestamp {
        self.moment().utc
    }

    /// Microseconds since boot, for measuring how long something took; whole milliseconds where a clock knows no finer.
    fn boot_us(&self) -> u64 {
        self.moment().boot_ms.saturating_mul(1_000)
    }
}

/// A point in time after which something is over. It is over when either clock says so, and stays over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadline {
    /// Wall clock limit.
    pub utc: Timestamp,
    /// Limit in milliseconds since boot.
    pub boot_ms: u64,
    /// The boot that `boot_ms` counts from.
    pub boot_id: String,
}

impl Deadline {
    /// The deadline `window` after `start`.
    #[must_use]
    pub fn after(start: &Moment, window: Duration) -> Self {
        Self {
            utc: start.utc.plus(window),
            boot_ms: start
                .boot_ms
                .saturating_add(u64::try_from(window.as_millis()).unwrap_or(u64::MAX)),
            boot_id: start.boot_id.clone(),
        }
    }

    /// Whether the deadline has passed. A wall clock set back does not revive it within the same boot.
    #[must_use]
    pub fn has_passed(&self, now: &Moment) -> bool {
        now.utc >= self.utc || (now.boot_id == self.boot_id && now.boot_ms >= self.boot_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(utc: i64, boot_ms: u64, boot_id: &str) -> Moment {
        Moment {
            utc: Timestamp::from_millis(utc),
            boot_ms,
            boot_id: boot_id.to_owned(),
        }
    }

    #[test]
    fn a_timestamp_survives_the_wire_to_the_millisecond() {
        let t = Timestamp::from_millis(1_782_137_076_042);
        let wire = serde_json::to_string(&t).unwrap();
        assert_eq!(wire, "\"2026-06-22T14:04:36.042Z\"");
        assert_eq!(serde_json::from_str::<Timestamp>(&wire).unwrap(), t);
    }

    #[test]
    fn a_time_without_offset_is_refused() {
        assert_eq!(Timestamp::parse("2026-06-22T14:04:36"), None);
        assert!(Timestamp::parse("2026-06-22T14:04:36+02:00").is_some());
    }

    #[test]
    fn a_calendar_day_lasts_23_or_25_hours_where_the_clocks_change() {
        let hours = |text: &str, zone| {
            let (since, until) = Timestamp::parse(text).unwrap().day_in(zone).unwrap();
            until.since(since).as_secs() / 3600
        };
        assert_eq!(hours("2026-03-29T12:00:00Z", Some("Europe/Berlin")), 23);
        assert_eq!(hours("2026-10-25T12:00:00Z", Some("Europe/Berlin")), 25);
        assert_eq!(hours("2026-03-29T12:00:00Z", None), 24);
    }

    #[test]
    fn a_deadline_passes_when_either_clock_says_so() {
        let deadline = Deadline::after(&moment(1_000, 50, "a"), Duration::from_millis(100));
        assert!(!deadline.has_passed(&moment(1_050, 100, "a")));
        assert!(
            deadline.has_passed(&moment(1_100, 60, "a")),
            "the wall clock reached it"
        );
        assert!(
            deadline.has_passed(&moment(0, 150, "a")),
            "a wall clock set back does not revive it"
        );
        assert!(
            !deadline.has_passed(&moment(1_050, 9_999, "b")),
            "boot time of another boot says nothing"
        );
    }
}
