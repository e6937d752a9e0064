//! From the range a person picks to exact limits, by the shift calendar in the site's zone. Pure.

use std::time::Duration;

use andon_domain::Timestamp;
use andon_domain::ports::Window;
use andon_domain::records::Shift;

use super::figures::{PlantRange, PlantWindow, WindowLimits};
use crate::error::EngineError;

/// A range of one's own is at most so long.
const LONGEST: Duration = Duration::from_secs(31 * 24 * 3600);
/// From how long before now, and until how long after, the calendar is read.
pub(super) const CALENDAR_BACK: Duration = Duration::from_secs(9 * 24 * 3600);
/// See [`CALENDAR_BACK`].
pub(super) const CALENDAR_AHEAD: Duration = Duration::from_secs(24 * 3600);

/// What limits are resolved with.
pub(super) struct Calendar<'c> {
    /// The MES's clock.
    pub(super) now: Timestamp,
    /// IANA zone of the site.
    pub(super) zone: Option<String>,
    /// The shifts around now, by start.
    pub(super) shifts: &'c [Shift],
}

/// The window of a range.
///
/// # Errors
/// [`EngineError::InvalidInput`] for limits of one's own that are missing, the wrong way round, or too far apart.
pub(super) fn resolve(
    calendar: &Calendar<'_>,
    range: PlantRange,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
) -> Result<PlantWindow, EngineError> {
    let now = calendar.now;
    let back = |hours: u64| (now.minus(Duration::from_secs(hours * 3600)), now);
    let (since, until) = match range {
        PlantRange::CurrentShift => calendar.current().map_or_else(|| back(8), limits),
        PlantRange::PreviousShift => {
            let previous = calendar
                .current()
                .and_then(|current| calendar.before(current.start));
            previous.map_or_else(|| (back(16).0, back(8).0), limits)
        }
        PlantRange::BusinessDay => calendar.business_day(),
        PlantRange::Last8h => back(8),
        PlantRange::Last24h => back(24),
        PlantRange::Last7d => back(7 * 24),
        PlantRange::Custom => own_limits(since, until)?,
    };
    Ok(calendar.window(range, since, until))
}

impl Calendar<'_> {
    /// The shift that runs now; of several, the one that began last. Between shifts the one that ended last.
    fn current(&self) -> Option<&Shift> {
        let begun = || self.shifts.iter().filter(|shift| shift.start <= self.now);
        begun()
            .filter(|shift| shift.end > self.now)
            .max_by_key(|shift| shift.start)
            .or_else(|| begun().max_by_key(|shift| shift.end))
    }

    /// The last shift that ended by then.
    fn before(&self, start: Timestamp) -> Option<&Shift> {
        let ended = self.shifts.iter().filter(|shift| shift.end <= start);
        ended.max_by_key(|shift| (shift.end, shift.start))
    }

    /// The first shift that begins then or later and has begun by now.
    fn after(&self, end: Timestamp) -> Option<&Shift> {
        let begun = self
            .shifts
            .iter()
            .filter(|shift| shift.start >= end && shift.start <= self.now);
        begun.min_by_key(|shift| (shift.start, shift.end))
    }

    fn business_day(&self) -> (Timestamp, Timestamp) {
        let day = self.current().and_then(|shift| shift.business_day.as_deref());
        let shifts = || {
            self.shifts
                .iter()
                .filter(|shift| day.is_some() && shift.business_day.as_deref() == day)
        };
        let first = shifts().map(|shift| shift.start).min();
        let last = shifts().map(|shift| shift.end).max();
        match (first, last) {
            (Some(first), Some(last)) => (first, last),
            _ => self
                .now
                .day_in(self.zone.as_deref())
                .unwrap_or((self.now.minus(Duration::from_secs(24 * 3600)), self.now)),
        }
    }

    fn window(&self, range: PlantRange, since: Timestamp, until: Timestamp) -> PlantWindow {
        let exact = self
            .shifts
            .iter()
            .find(|shift| shift.start == since && shift.end == until);
        let touching: Vec<Shift> = self
            .shifts
            .iter()
            .filter(|shift| shift.start < until && shift.end > since)
            .cloned()
            .collect();
        let day = match range {
            PlantRange::BusinessDay => touching
                .first()
                .and_then(|shift| shift.business_day.clone())
                .or_else(|| Some(since.date_in(self.zone.as_deref()))),
            _ => exact.and_then(|shift| shift.business_day.clone()),
        };
        let step = |shift: &Shift| WindowLimits {
            since: shift.start,
            until: shift.end,
        };
        PlantWindow {
            range,
            since,
            until,
            as_of: until.min(self.now).max(since),
            time_zone: self.zone.clone(),
            label: exact.and_then(|shift| shift.shift.clone()),
            business_day: day,
            is_finished: until <= self.now,
            is_calendar_assumed: touching.is_empty() && self.shifts.is_empty(),
            previous: self.before(since).map(step),
            next: self.after(until).map(step),
            shifts: touching,
        }
    }
}

fn limits(shift: &Shift) -> (Timestamp, Timestamp) {
    (shift.start, shift.end)
}

fn own_limits(
    since: Option<Timestamp>,
    until: Option<Timestamp>,
) -> Result<(Timestamp, Timestamp), EngineError> {
    let refuse = |field, message: &str, hint: &str| EngineError::InvalidInput {
        field,
        message: message.to_owned(),
        hint: hint.to_owned(),
    };
    let since =
        since.ok_or_else(|| refuse("since", "not given", "Say from when, with an offset from UTC."))?;
    let until =
        until.ok_or_else(|| refuse("until", "not given", "Say up to when, with an offset from UTC."))?;
    if until <= since {
        return Err(refuse(
            "until",
            "not after since",
            "Choose an end after the beginning.",
        ));
    }
    if until.since(since) > LONGEST {
        return Err(refuse(
            "until",
            "more than 31 days after since",
            "Choose at most 31 days.",
        ));
    }
    Ok((since, until))
}

/// How far the calendar must be read for a range.
pub(super) fn calendar_span(now: Timestamp, since: Option<Timestamp>, until: Option<Timestamp>) -> Window {
    let back = since.map_or(now, |since| since.min(now)).minus(CALENDAR_BACK);
    let ahead = until.map_or(now, |until| until.max(now)).plus(CALENDAR_AHEAD);
    Window {
        since: back.max(now.minus(LONGEST * 13)),
        until: ahead.min(now.plus(LONGEST)),
    }
}
