//! When shifts begin and end, in the plant's own time, and when people take their breaks.
//! Machines run through breaks, since somebody steps in; a break is only outside what was planned.

use jiff::Span;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{HOUR, MINUTE};

/// The shifts of a day: when they begin, what they are called, and the letter in their id.
const SHIFTS: [(i8, &str, char); 3] = [(6, "Early", 'E'), (14, "Late", 'L'), (22, "Night", 'N')];
/// After how much of the shift a break begins, and how long it is. Counted from its start, so that a night with a
/// change of the clocks keeps its breaks.
const BREAKS: [(i64, i64); 2] = [(3 * HOUR, 15 * MINUTE), (330 * MINUTE, 30 * MINUTE)];

/// Shifts begin at 06:00, 14:00 and 22:00 in the plant's zone.
#[derive(Debug)]
pub(crate) struct Shifts(TimeZone);

/// One shift of one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shift {
    pub(crate) id: String,
    pub(crate) name: &'static str,
    /// The day on which it began.
    pub(crate) business_day: String,
    pub(crate) start_ms: i64,
    pub(crate) end_ms: i64,
    pub(crate) breaks: Vec<(i64, i64)>,
}

impl Shifts {
    /// Central European time by rule, so that no zone database is needed.
    pub(super) fn new() -> Self {
        Self(TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap_or(TimeZone::UTC))
    }

    /// The first shift that begins after an instant.
    pub(super) fn after(&self, ms: i64) -> i64 {
        self.starts_since_the_day_before(ms)
            .map(|(start_ms, ..)| start_ms)
            .find(|start_ms| *start_ms > ms)
            .unwrap_or(ms + 8 * HOUR)
    }

    /// Every shift that overlaps `[since_ms, until_ms)`.
    pub(crate) fn between(&self, since_ms: i64, until_ms: i64) -> Vec<Shift> {
        let mut shifts = Vec::new();
        let mut starts = self.starts_since_the_day_before(since_ms).peekable();
        while let Some((start_ms, day, (_, name, letter))) = starts.next() {
            let end_ms = starts.peek().map_or(start_ms + 8 * HOUR, |next| next.0);
            if start_ms >= until_ms {
                break;
            }
            if end_ms > since_ms {
                let breaks = BREAKS.map(|(after, lasts)| (start_ms + after, start_ms + after + lasts));
                shifts.push(Shift {
                    id: format!("{day}-{letter}"),
                    name,
                    business_day: day.to_string(),
                    start_ms,
                    end_ms,
                    breaks: breaks.to_vec(),
                });
            }
        }
        shifts
    }

    /// Whether an instant lies in a break.
    pub(crate) fn is_break(&self, ms: i64) -> bool {
        let shifts = self.between(ms, ms + 1);
        let mut breaks = shifts.iter().flat_map(|shift| &shift.breaks);
        breaks.any(|(start, end)| (*start..*end).contains(&ms))
    }

    /// The starts of shifts in order, from the day before an instant on.
    fn starts_since_the_day_before(
        &self,
        ms: i64,
    ) -> impl Iterator<Item = (i64, Date, (i8, &'static str, char))> + use<'_> {
        let first = jiff::Timestamp::from_millisecond(ms).ok().and_then(|instant| {
            let today = instant.to_zoned(self.0.clone()).date();
            today.checked_sub(Span::new().days(1)).ok()
        });
        let days = std::iter::successors(first, |day| day.tomorrow().ok());
        days.flat_map(move |day| {
            SHIFTS.into_iter().filter_map(move |shift| {
                let start = day.at(shift.0, 0, 0, 0).to_zoned(self.0.clone()).ok()?;
                Some((start.timestamp().as_millisecond(), day, shift))
            })
        })
    }
}
