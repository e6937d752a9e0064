//! What holds for any records: the algebra of spans, the closing waterfall, bounds, and that adding is adding.

use andon_domain::records::{DowntimeCategory, DowntimeEvent, MachineState, StateSegment};
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::tests::{because, compute_planned, event, producing, segment};
use super::*;

const WINDOW: Span = Span { start: 0, end: 1_000 };

fn any_span() -> impl Strategy<Value = Span> {
    (-200_i64..1_200, -50_i64..400).prop_map(|(start, length)| Span {
        start,
        end: start + length,
    })
}

fn any_spans() -> impl Strategy<Value = Spans> {
    proptest::collection::vec(any_span(), 0..12).prop_map(|spans| spans.into_iter().collect())
}

/// The instants of a set, one by one: slow, and obviously right.
fn instants(spans: &Spans) -> Vec<bool> {
    (-300..1_700)
        .map(|at| spans.iter().any(|span| span.contains(at)))
        .collect()
}

fn state(number: u8) -> MachineState {
    [
        MachineState::Running,
        MachineState::Running,
        MachineState::Idle,
        MachineState::Setup,
        MachineState::Down,
        MachineState::Maintenance,
        MachineState::Offline,
        MachineState::Unknown,
    ][usize::from(number) % 8]
}

fn any_segment() -> impl Strategy<Value = StateSegment> {
    (any_span(), 0..8_u8, 0..500_i64, 0..500_i64).prop_map(|(span, number, produced, bad)| {
        let status = state(number);
        if status == MachineState::Running {
            producing(span.start, span.end, produced, (produced - bad).max(0))
        } else {
            segment(status, span.start, Some(span.end))
        }
    })
}

fn any_segments() -> impl Strategy<Value = Vec<StateSegment>> {
    proptest::collection::vec(any_segment(), 0..12).prop_map(|mut segments| {
        segments.sort_by_key(|segment| segment.start);
        segments
    })
}

/// Segments of a machine that may not tell its pieces or its planned cycle, or tells what cannot be true.
fn any_told_segments() -> impl Strategy<Value = Vec<StateSegment>> {
    (any_segments(), 0..12_usize, 0..6_u8).prop_map(|(mut segments, at, lack)| {
        if let Some(segment) = segments.get_mut(at) {
            match lack {
                0 => segment.produced = None,
                1 => segment.good = None,
                2 => segment.planned_cycle_s = None,
                3 => segment.good = segment.produced.map(|_| 1_000.into()),
                _ => {}
            }
        }
        segments
    })
}

fn any_event() -> impl Strategy<Value = DowntimeEvent> {
    (any_span(), 0..6_u8, 0..4_u8, any::<bool>(), 0..1_000_u32).prop_map(
        |(span, category, reason, failure, id)| {
            let category = [
                DowntimeCategory::Unplanned,
                DowntimeCategory::Planned,
                DowntimeCategory::Setup,
                DowntimeCategory::MinorStop,
                DowntimeCategory::Waiting,
                DowntimeCategory::Unknown,
            ][usize::from(category)];
            let plain = DowntimeEvent {
                category,
                failure: Some(failure),
                ..event(&format!("E{id}"), span.start, Some(span.end))
            };
            match reason {
                0 => plain,
                other => because(&format!("R{other}"), plain),
            }
        },
    )
}

fn any_events() -> impl Strategy<Value = Vec<DowntimeEvent>> {
    proptest::collection::vec(any_event(), 0..8)
}

/// The times that add up when a window is cut in two.
fn times(buckets: &Buckets) -> [i64; 8] {
    [
        buckets.planned_operation,
        buckets.planned_down,
        buckets.planned_busy,
        buckets.production,
        buckets.uncovered,
        buckets.downtime,
        buckets.minor_stop,
        i64::from(buckets.failures),
    ]
}

proptest! {
    #[test]
    fn spans_are_sets_of_instants(a in any_spans(), b in any_spans(), span in any_span()) {
        let (in_a, in_b) = (instants(&a), instants(&b));
        let both = |of: fn(bool, bool) -> bool| -> Vec<bool> {
            in_a.iter().zip(&in_b).map(|(a, b)| of(*a, *b)).collect()
        };
        prop_assert_eq!(instants(&a.union(&b)), both(|a, b| a || b));
        prop_assert_eq!(instants(&a.intersection(&b)), both(|a, b| a && b));
        prop_assert_eq!(instants(&a.difference(&b)), both(|a, b| a && !b));
        prop_assert_eq!(a.within(span), a.intersection(&Spans::from(span)));
        prop_assert_eq!(a.millis_within(span), a.within(span).millis());
        prop_assert_eq!(a.millis(), i64::try_from(in_a.iter().filter(|is| **is).count()).unwrap());
        prop_assert!((-300..1_700).all(|at| a.contains(at) == in_a[usize::try_from(at + 300).unwrap()]));
        let parts: Vec<Span> = a.union(&b).iter().collect();
        prop_assert!(parts.iter().all(|span| !span.is_empty()));
        prop_assert!(parts.windows(2).all(|pair| pair[0].end < pair[1].start), "in order and apart");
    }

    #[test]
    fn the_waterfall_of_any_machines_closes_to_the_millisecond(
        machines in proptest::collection::vec((any_told_segments(), any_events()), 1..4),
        planned in any_spans(),
    ) {
        let (mut buckets, mut losses) = (Buckets::default(), Losses::default());
        for (segments, events) in &machines {
            let result = compute_planned(WINDOW, &planned, segments, events);
            buckets += &result.buckets;
            losses += &result.losses;
        }
        prop_assert_eq!(losses.millis(), buckets.planned_busy - buckets.production);
        let steps = losses.waterfall(&buckets);
        let lost: Decimal = steps.iter().filter(|step| !step.is_total).map(|step| step.millis).sum();
        let last = steps.iter().rev().find(|step| step.name == StepName::Good).map(|step| step.millis);
        prop_assert_eq!(lost + last.unwrap_or_default(), Decimal::from(buckets.planned_busy));
    }

    #[test]
    fn times_stay_within_each_other_and_ratios_within_bounds(
        segments in any_segments(),
        events in any_events(),
        planned in any_spans(),
    ) {
        let result = compute_planned(WINDOW, &planned, &segments, &events);
        let buckets = &result.buckets;
        prop_assert!(buckets.planned_operation <= WINDOW.millis());
        prop_assert_eq!(buckets.planned_busy + buckets.planned_down, buckets.planned_operation);
        for part in [buckets.production, buckets.uncovered, buckets.downtime, buckets.minor_stop] {
            prop_assert!((0..=buckets.planned_busy).contains(&part));
        }
        for value in [buckets.availability(), buckets.quality(), buckets.coverage()].into_iter().flatten() {
            prop_assert!((0.0..=1.0).contains(&value), "{}", value);
        }
        prop_assert_eq!(result.pareto.millis(), buckets.downtime, "one total everywhere");
        if let (Some(a), Some(e), Some(q), Some(oee)) =
            (buckets.availability(), buckets.effectiveness(), buckets.quality(), buckets.oee())
        {
            prop_assert!((a * e * q - oee).abs() < 1e-9);
        }
    }

    #[test]
    fn two_halves_of_a_window_add_up_to_the_whole(
        segments in any_segments(),
        events in any_events(),
        planned in any_spans(),
        cut in 0_i64..=1_000,
    ) {
        let of = |start, end| compute_planned(Span { start, end }, &planned, &segments, &events);
        let whole = of(WINDOW.start, WINDOW.end).buckets;
        let mut sum = of(WINDOW.start, cut).buckets;
        sum += &of(cut, WINDOW.end).buckets;
        prop_assert_eq!(times(&sum), times(&whole));
        let close = |a: Decimal, b: Decimal| (a - b).abs() < Decimal::new(1, 2);
        prop_assert!(close(sum.rated.ideal, whole.rated.ideal));
        prop_assert!(close(sum.rated.ideal_good, whole.rated.ideal_good));
        prop_assert!(close(sum.rated.produced, whole.rated.produced));
    }

    #[test]
    fn adding_machines_is_adding_their_buckets_in_any_order(
        machines in proptest::collection::vec((any_segments(), any_events()), 1..5),
    ) {
        let results: Vec<_> = machines
            .iter()
            .map(|(segments, events)| compute_planned(WINDOW, &Spans::from(WINDOW), segments, events))
            .collect();
        let sum = |results: &mut dyn Iterator<Item = &MachineResult<'_>>| {
            let (mut buckets, mut lost, mut stopped) = (Buckets::default(), 0, 0);
            for result in results {
                buckets += &result.buckets;
                lost += result.losses.millis();
                stopped += result.pareto.millis();
            }
            (buckets, lost, stopped)
        };
        let (there, lost, stopped) = sum(&mut results.iter());
        let (back, ..) = sum(&mut results.iter().rev());
        prop_assert_eq!(times(&there), times(&back));
        prop_assert_eq!(there.oee(), back.oee());
        prop_assert_eq!(lost, there.planned_busy - there.production);
        prop_assert_eq!(stopped, there.downtime);
    }

    #[test]
    fn a_timeline_covers_its_window_without_gap_or_overlap(
        segments in any_segments(),
        known in 0_i64..1_200,
        now in proptest::option::of((0..8_u8, -100_i64..1_100, 0_i64..400)),
    ) {
        let segments: Vec<&StateSegment> = segments.iter().collect();
        let now = now.map(|(number, since, length)| Now { state: state(number), since, until: since + length });
        let pieces = timeline(WINDOW, known, &segments, now);
        prop_assert_eq!(pieces.first().map(|piece| piece.span.start), Some(WINDOW.start));
        prop_assert_eq!(pieces.last().map(|piece| piece.span.end), Some(WINDOW.end));
        prop_assert!(pieces.iter().all(|piece| !piece.span.is_empty()));
        prop_assert!(pieces.windows(2).all(|pair| pair[0].span.end == pair[1].span.start));
    }
}
