//! When shifts begin, in the plant's own time.

use jiff::tz::TimeZone;

use super::HOUR;

/// Shifts begin at 06:00, 14:00 and 22:00 in the plant's zone.
#[derive(Debug)]
pub(super) struct Shifts(TimeZone);

impl Shifts {
    /// Central European time by rule, so that no zone database is needed.
    pub(super) fn new() -> Self {
        Self(TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap_or(TimeZone::UTC))
    }

    /// The first shift that begins after an instant.
    pub(super) fn after(&self, ms: i64) -> i64 {
        let next = || {
            let local = jiff::Timestamp::from_millisecond(ms)
                .ok()?
                .to_zoned(self.0.clone())
                .datetime();
            let starts = [(0, 6), (0, 14), (0, 22), (1, 6)];
            starts.into_iter().find_map(|(days, hour)| {
                let day = local.date().checked_add(jiff::Span::new().days(days)).ok()?;
                let start = day
                    .at(hour, 0, 0, 0)
                    .to_zoned(self.0.clone())
                    .ok()?
                    .timestamp()
                    .as_millisecond();
                (start > ms).then_some(start)
            })
        };
        next().unwrap_or(ms + 8 * HOUR)
    }
}
