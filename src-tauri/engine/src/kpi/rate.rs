//! At which rate an order runs: good units of the last hours by the time since then, stops included; without a history, since
//! it started. No rate without good units: an order that makes nothing has no expected end.

use andon_domain::records::StateSegment;
use andon_domain::{Amount, Timestamp};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::machine::{has_wrong_counts, is_impossible_segment};
use super::spans::Span;

/// What a rate rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateSource {
    /// Segments of the order within the last hours.
    RecentHistory,
    /// Its good count since it started.
    SinceStart,
}

/// The rate of an order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Good units an hour.
    pub per_hour: f64,
    /// What it rests on.
    pub source: RateSource,
    /// The time it was measured over.
    pub span: Span,
}

/// The rate of an order over the recent span. `segments` are those of the order on all machines; `good` its good count and
/// `started` when it started.
#[must_use]
pub fn order_rate(
    segments: &[&StateSegment],
    recent: Span,
    good: Option<Amount>,
    started: Option<i64>,
) -> Option<Rate> {
    from_history(segments, recent).or_else(|| {
        let span = Span {
            start: started?,
            end: recent.end,
        };
        per_hour(good?.value(), span).map(|per_hour| Rate {
            per_hour,
            source: RateSource::SinceStart,
            span,
        })
    })
}

fn from_history(segments: &[&StateSegment], recent: Span) -> Option<Rate> {
    let is_possible = |segment: &StateSegment| !is_impossible_segment(segment) && !has_wrong_counts(segment);
    let possible = || segments.iter().filter(|segment| is_possible(segment));
    let first = possible().map(|segment| segment.start.millis()).min()?;
    let span = Span {
        start: first.max(recent.start),
        end: recent.end,
    };
    let mut good = Decimal::ZERO;
    for segment in possible() {
        let whole = Span {
            start: segment.start.millis(),
            end: segment.end.map_or(recent.end, Timestamp::millis),
        };
        let (inside, length) = (whole.intersection(span).millis(), whole.millis());
        if inside > 0 {
            let pieces = segment.good.unwrap_or(Amount::ZERO).value();
            let part = pieces
                .checked_mul(Decimal::from(inside))?
                .checked_div(Decimal::from(length))?;
            good = good.checked_add(part)?;
        }
    }
    per_hour(good, span).map(|per_hour| Rate {
        per_hour,
        source: RateSource::RecentHistory,
        span,
    })
}

fn per_hour(good: Decimal, span: Span) -> Option<f64> {
    let rate = good
        .checked_mul(Decimal::from(3_600_000))?
        .checked_div(Decimal::from(span.millis()))?
        .to_f64()?;
    (rate > 0.0).then_some(rate)
}

#[cfg(test)]
mod tests {
    use andon_domain::records::MachineState;

    use super::*;
    use crate::kpi::tests::{MINUTE, producing, segment, span};

    #[test]
    fn a_rate_counts_stops_and_there_is_none_without_good_pieces() {
        let hour = 60 * MINUTE;
        let recent = span(0, 2 * hour);
        let made = producing(hour, 2 * hour, 60, 50);
        let stood = segment(MachineState::Down, 0, Some(hour));
        let rate = order_rate(&[&stood, &made], recent, None, None).unwrap();
        assert_eq!((rate.source, rate.per_hour), (RateSource::RecentHistory, 25.0));
        let started = order_rate(&[], recent, Some(30.into()), Some(-hour)).unwrap();
        assert_eq!((started.source, started.per_hour), (RateSource::SinceStart, 10.0));
        assert_eq!(order_rate(&[&stood], recent, Some(0.into()), Some(0)), None);
    }
}
