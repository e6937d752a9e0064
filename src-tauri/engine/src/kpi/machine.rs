//! One machine in one window: from its records to its time elements, pieces, losses and stops.

use andon_domain::records::{DowntimeCategory, DowntimeEvent, MachineState, StateSegment};
use andon_domain::{Amount, Timestamp};
use rust_decimal::Decimal;

use super::buckets::{Buckets, Rated, Share};
use super::losses::{Losses, ParetoSums};
use super::spans::{Span, Spans};

/// What a connector puts before a note about a value that cannot be true.
const IMPOSSIBLE: &str = "impossible:";

/// What is known of one machine.
#[derive(Clone, Copy)]
pub struct MachineInput<'i, 'r> {
    /// The window, up to now at most.
    pub window: Span,
    /// Planned operation time around the window: shifts without breaks.
    pub planned: &'i Spans,
    /// Up to when its history is known; what lasts is taken to last until then.
    pub known_until: i64,
    /// A stop whose category is not known is minor when it was shorter, in milliseconds.
    pub minor_below: i64,
    /// Its state segments, by start.
    pub segments: &'i [&'r StateSegment],
    /// Its downtime events.
    pub events: &'i [&'r DowntimeEvent],
    /// Planned seconds per piece of an order, where the segment itself does not say.
    pub cycle_of: &'i dyn Fn(&str) -> Option<Amount>,
}

/// What comes out for one machine.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MachineResult<'r> {
    /// Sums.
    pub buckets: Buckets,
    /// Where the planned busy time that was not production went.
    pub losses: Losses<'r>,
    /// Downtime by reason.
    pub pareto: ParetoSums<'r>,
    /// Impossible records: those that were left out, and those whose pieces were.
    pub impossible: u32,
}

/// The figures of one machine.
#[must_use]
pub fn machine<'r>(input: &MachineInput<'_, 'r>) -> MachineResult<'r> {
    let mut impossible = 0;
    let mut possible = |is_impossible: bool| {
        impossible += u32::from(is_impossible);
        !is_impossible
    };
    let segments: Vec<(Span, &'r StateSegment)> = segment_spans(input)
        .into_iter()
        .filter(|(_, segment)| possible(is_impossible_segment(segment)))
        .collect();
    let miscounted = segments.iter().filter(|(_, segment)| has_wrong_counts(segment));
    let miscounted = u32::try_from(miscounted.count()).unwrap_or(u32::MAX);
    let open_until = input.window.end.min(input.known_until);
    let mut events: Vec<(Span, &'r DowntimeEvent)> = input
        .events
        .iter()
        .filter(|event| !event.deleted && possible(is_impossible_event(event)))
        .filter_map(|event| Some((event_span(event, open_until)?, *event)))
        .collect();
    // Each second belongs to the event that began first.
    events.sort_by(|(a, left), (b, right)| (a.start, &left.id).cmp(&(b.start, &right.id)));

    let in_state = |wanted: fn(MachineState) -> bool| -> Spans {
        segments
            .iter()
            .filter(|(_, segment)| wanted(segment.status))
            .map(|(span, _)| *span)
            .collect()
    };
    let planned_events = events
        .iter()
        .filter(|(_, event)| event.category == DowntimeCategory::Planned)
        .map(|(span, _)| *span);
    let operation = input.planned.within(input.window);
    let planned_down = in_state(|state| state == MachineState::Maintenance)
        .union(&planned_events.collect())
        .intersection(&operation);
    let busy = operation.difference(&planned_down);
    let production = in_state(|state| state == MachineState::Running).intersection(&busy);
    let covered = in_state(|state| state != MachineState::Offline).intersection(&busy);

    let mut buckets = Buckets {
        machines: 1,
        planned_operation: operation.millis(),
        planned_down: planned_down.millis(),
        planned_busy: busy.millis(),
        production: production.millis(),
        uncovered: busy.millis() - covered.millis(),
        ..Buckets::default()
    };
    add_pieces(&mut buckets, &segments, &busy, input.cycle_of);
    add_failures(&mut buckets, &events, input.window);
    add_stops(&mut buckets, &events, &busy, input.minor_below);
    MachineResult {
        losses: Losses::of(&busy.difference(&production), &events, &segments),
        pareto: ParetoSums::of(&busy, &events),
        buckets,
        impossible: impossible + miscounted,
    }
}

/// The spans of the segments. One that lasts ends where the next one begins, else where knowledge ends.
fn segment_spans<'r>(input: &MachineInput<'_, 'r>) -> Vec<(Span, &'r StateSegment)> {
    let spans = input.segments.iter().enumerate().map(|(at, segment)| {
        let start = segment.start.millis();
        let end = segment.end.map_or_else(
            || {
                let next = input.segments[at + 1..]
                    .iter()
                    .map(|next| next.start.millis())
                    .find(|next| *next > start);
                next.unwrap_or(i64::MAX).min(input.known_until)
            },
            Timestamp::millis,
        );
        (Span { start, end }, *segment)
    });
    spans.collect()
}

/// An event that lasts is taken to last until the end of the window, or of what is known.
fn event_span(event: &DowntimeEvent, until: i64) -> Option<Span> {
    let start = event.start?.millis();
    let end = event.end.map_or(until, Timestamp::millis);
    Some(Span { start, end })
}

/// Whether a segment cannot be true: it ends before it begins.
#[must_use]
pub fn is_impossible_segment(segment: &StateSegment) -> bool {
    segment.end.is_some_and(|end| end < segment.start)
}

/// Whether the counts of a segment contradict each other or are no counts. Its time is still true.
#[must_use]
pub fn has_wrong_counts(segment: &StateSegment) -> bool {
    let counts = [segment.produced, segment.good, segment.scrap, segment.rework];
    is_marked(&segment.incomplete)
        || counts.into_iter().flatten().any(|count| count < Amount::ZERO)
        || matches!((segment.produced, segment.good), (Some(produced), Some(good)) if good > produced)
}

/// Whether a downtime event cannot be true: it ends before it begins.
#[must_use]
pub fn is_impossible_event(event: &DowntimeEvent) -> bool {
    is_marked(&event.incomplete)
        || matches!((event.start, event.end), (Some(start), Some(end)) if end < start)
}

fn is_marked(notes: &[String]) -> bool {
    notes.iter().any(|note| note.starts_with(IMPOSSIBLE))
}

/// Whether a stop is minor: called so, or shorter than `below` and of unknown category.
#[must_use]
pub fn is_minor_stop(event: &DowntimeEvent, below: i64) -> bool {
    match event.category {
        DowntimeCategory::MinorStop => true,
        DowntimeCategory::Unknown => matches!(
            (event.start, event.end),
            (Some(start), Some(end)) if Span::new(start, end).millis() < below
        ),
        _ => false,
    }
}

/// Pieces of a segment partly inside are taken in proportion to time. A machine that ran without telling its pieces or its
/// planned cycle, or told what cannot be true, has no speed and no quality.
fn add_pieces(
    buckets: &mut Buckets,
    segments: &[(Span, &StateSegment)],
    busy: &Spans,
    cycle_of: &dyn Fn(&str) -> Option<Amount>,
) {
    let mut rated = Some(Rated {
        machines: 1,
        planned_busy: buckets.planned_busy,
        production: buckets.production,
        ..Rated::default()
    });
    let (mut produced, mut scrap, mut rework) =
        (Some(Decimal::ZERO), Some(Decimal::ZERO), Some(Decimal::ZERO));
    for (span, segment) in segments {
        let Some(portion) = Portion::of(*span, busy) else {
            continue;
        };
        let is_telling = segment.produced.is_some() || segment.status == MachineState::Running;
        if !is_telling {
            continue;
        }
        let told = segment.produced.filter(|_| !has_wrong_counts(segment));
        // Of no pieces none is good, scrap or rework, also where nobody says so.
        let none = told.filter(|count| *count == Amount::ZERO);
        let part_of = |count: Option<Amount>| portion.take(told.and(count).or(none)?);
        let pieces = told.and_then(|count| portion.take(count));
        let good = part_of(segment.good);
        produced = add(produced, pieces);
        scrap = add(scrap, part_of(segment.scrap));
        rework = add(rework, part_of(segment.rework));
        let cycle = segment
            .planned_cycle_s
            .or_else(|| segment.order_id.as_deref().and_then(cycle_of))
            .filter(|cycle| cycle.is_positive());
        rated = rated.and_then(|sums| with_pieces(sums, pieces?, good?, cycle));
    }
    if let Some(mut sums) = rated {
        // To the microsecond, so that the steps of the waterfall add up exactly.
        sums.ideal = sums.ideal.round_dp(3);
        sums.ideal_good = sums.ideal_good.round_dp(3);
        buckets.rated = sums;
    }
    let share = |part: Option<Decimal>| match (part, produced) {
        (Some(part), Some(of)) => Share {
            machines: 1,
            part,
            of,
        },
        _ => Share::default(),
    };
    buckets.scrap = share(scrap);
    buckets.rework = share(rework);
}

fn with_pieces(mut sums: Rated, pieces: Decimal, good: Decimal, cycle: Option<Amount>) -> Option<Rated> {
    if pieces.is_zero() && good.is_zero() {
        return Some(sums);
    }
    let cycle_ms = cycle?.value().checked_mul(Decimal::ONE_THOUSAND)?;
    sums.produced = sums.produced.checked_add(pieces)?;
    sums.good = sums.good.checked_add(good)?;
    sums.ideal = sums.ideal.checked_add(cycle_ms.checked_mul(pieces)?)?;
    sums.ideal_good = sums.ideal_good.checked_add(cycle_ms.checked_mul(good)?)?;
    Some(sums)
}

fn add(sum: Option<Decimal>, more: Option<Decimal>) -> Option<Decimal> {
    sum?.checked_add(more?)
}

/// The part of a segment that lies in planned busy time.
struct Portion {
    inside: Decimal,
    length: Decimal,
}

impl Portion {
    /// `None` when nothing of the segment counts. One without length counts where it stands.
    fn of(span: Span, busy: &Spans) -> Option<Self> {
        if span.start == span.end {
            return busy.contains(span.start).then_some(Self {
                inside: Decimal::ONE,
                length: Decimal::ONE,
            });
        }
        let inside = busy.millis_within(span);
        (inside > 0).then(|| Self {
            inside: Decimal::from(inside),
            length: Decimal::from(span.millis()),
        })
    }

    fn take(&self, count: Amount) -> Option<Decimal> {
        if self.inside == self.length {
            return Some(count.value());
        }
        count.value().checked_mul(self.inside)?.checked_div(self.length)
    }
}

/// Failures that begin in the window, with their whole length, also beyond it.
fn add_failures(buckets: &mut Buckets, events: &[(Span, &DowntimeEvent)], window: Span) {
    let failures = events
        .iter()
        .filter(|(span, event)| event.failure == Some(true) && window.contains(span.start));
    for (span, event) in failures {
        buckets.failures += 1;
        if event.end.is_some() {
            buckets.repaired += 1;
            buckets.repair += span.millis();
        }
    }
}

fn add_stops(buckets: &mut Buckets, events: &[(Span, &DowntimeEvent)], busy: &Spans, minor_below: i64) {
    let touching: Vec<&(Span, &DowntimeEvent)> = events
        .iter()
        .filter(|(span, _)| busy.millis_within(*span) > 0)
        .collect();
    let time = |spans: Spans| spans.intersection(busy).millis();
    let minor = || {
        touching
            .iter()
            .filter(|(_, event)| is_minor_stop(event, minor_below))
    };
    buckets.downtime_events = u32::try_from(touching.len()).unwrap_or(u32::MAX);
    buckets.downtime = time(touching.iter().map(|(span, _)| *span).collect());
    buckets.minor_stops = u32::try_from(minor().count()).unwrap_or(u32::MAX);
    buckets.minor_stop = time(minor().map(|(span, _)| *span).collect());
}
