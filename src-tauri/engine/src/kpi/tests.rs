//! The numbers of the specification, and what is easily got wrong: overlaps, open ends, gaps, minor stops, denominators of 0.

use andon_domain::records::{
    DowntimeCategory, DowntimeEvent, Equipment, MachineMode, MachineState, Reason, StateSegment,
};
use andon_domain::{Amount, Timestamp};
use rust_decimal::Decimal;

use super::*;

pub(super) const MINUTE: i64 = 60_000;

pub(super) fn segment(status: MachineState, start: i64, end: Option<i64>) -> StateSegment {
    StateSegment {
        machine_id: "M1".to_owned(),
        status,
        status_raw: None,
        mode: MachineMode::Production,
        start: Timestamp::from_millis(start),
        end: end.map(Timestamp::from_millis),
        produced: None,
        good: None,
        scrap: None,
        rework: None,
        planned_cycle_s: None,
        order_id: None,
        reason: None,
        incomplete: Vec::new(),
    }
}

pub(super) fn producing(start: i64, end: i64, produced: i64, good: i64) -> StateSegment {
    StateSegment {
        produced: Some(produced.into()),
        good: Some(good.into()),
        planned_cycle_s: Some(1.into()),
        ..segment(MachineState::Running, start, Some(end))
    }
}

pub(super) fn event(id: &str, start: i64, end: Option<i64>) -> DowntimeEvent {
    DowntimeEvent {
        id: id.to_owned(),
        machine_id: "M1".to_owned(),
        equipment: Equipment::default(),
        order_id: None,
        category: DowntimeCategory::Unplanned,
        failure: None,
        reason: None,
        start: Some(Timestamp::from_millis(start)),
        end: end.map(Timestamp::from_millis),
        comment: None,
        deleted: false,
        updated_at: None,
        version: 1,
        incomplete: Vec::new(),
    }
}

pub(super) fn because(code: &str, event: DowntimeEvent) -> DowntimeEvent {
    let reason = Reason {
        code: Some(code.to_owned()),
        text: Some(format!("text of {code}")),
        group: None,
    };
    DowntimeEvent {
        reason: Some(reason),
        ..event
    }
}

/// A machine that is planned for the whole window, all of it known.
pub(super) fn compute<'r>(
    window: Span,
    segments: &'r [StateSegment],
    events: &'r [DowntimeEvent],
) -> MachineResult<'r> {
    compute_planned(window, &Spans::from(window), segments, events)
}

pub(super) fn compute_planned<'r>(
    window: Span,
    planned: &Spans,
    segments: &'r [StateSegment],
    events: &'r [DowntimeEvent],
) -> MachineResult<'r> {
    let (segments, events): (Vec<&StateSegment>, Vec<&DowntimeEvent>) =
        (segments.iter().collect(), events.iter().collect());
    machine(&MachineInput {
        window,
        planned,
        known_until: window.end,
        minor_below: 2 * MINUTE,
        segments: &segments,
        events: &events,
        cycle_of: &|_| None,
    })
}

pub(super) fn near(value: Option<f64>, wanted: f64) {
    let value = value.expect("the value is known");
    assert!((value - wanted).abs() < 0.000_05, "{value} is not {wanted}");
}

pub(super) const fn span(start: i64, end: i64) -> Span {
    Span { start, end }
}

#[test]
fn the_numbers_of_the_specification_come_out() {
    let window = span(0, 420 * MINUTE);
    let segments = [
        producing(0, 373 * MINUTE, 19_271, 19_271 - 423),
        segment(MachineState::Down, 373 * MINUTE, Some(420 * MINUTE)),
    ];
    let buckets = compute(window, &segments, &[]).buckets;
    near(buckets.availability(), 0.8881);
    near(buckets.effectiveness(), 0.8611);
    near(buckets.quality(), 0.9780);
    near(buckets.oee(), 0.7479);
    let product = [buckets.availability(), buckets.effectiveness(), buckets.quality()]
        .into_iter()
        .flatten()
        .product::<f64>();
    near(buckets.oee(), product);
}

#[test]
fn a_group_adds_times_and_never_averages_percentages() {
    let rated = |busy: i64, good: i64| Buckets {
        machines: 1,
        planned_busy: busy,
        production: busy,
        rated: Rated {
            machines: 1,
            planned_busy: busy,
            production: busy,
            ideal: Decimal::from(busy),
            ideal_good: Decimal::from(good),
            ..Rated::default()
        },
        ..Buckets::default()
    };
    let mut group = rated(100, 80);
    near(group.oee(), 0.80);
    group += &rated(300, 135);
    near(group.oee(), 0.5375);
}

#[test]
fn what_divides_by_zero_is_unknown() {
    let nothing_planned = compute_planned(span(0, MINUTE), &Spans::default(), &[], &[]).buckets;
    let nothing_known = compute(span(0, MINUTE), &[], &[]).buckets;
    for buckets in [&nothing_planned, &nothing_known] {
        let ratios = [
            buckets.availability(),
            buckets.effectiveness(),
            buckets.quality(),
            buckets.oee(),
            buckets.mttr(),
            buckets.mtbf(),
            buckets.scrap_ratio(),
        ];
        assert_eq!(ratios, [None; 7], "neither 0 % nor 100 %");
    }
    assert_eq!(nothing_planned.coverage(), None);
    assert_eq!(
        nothing_known.coverage(),
        Some(0.0),
        "a plan without data is not covered"
    );
    let stood = [segment(MachineState::Idle, 0, Some(MINUTE))];
    let stood = compute(span(0, MINUTE), &stood, &[]).buckets;
    assert_eq!(
        (stood.availability(), stood.oee()),
        (Some(0.0), Some(0.0)),
        "a real zero"
    );
    assert_eq!((stood.effectiveness(), stood.quality()), (None, None));
}

#[test]
fn breaks_and_planned_stops_are_no_planned_busy_time() {
    let window = span(0, 480 * MINUTE);
    let planned = Spans::from(window).difference(&Spans::from(span(240 * MINUTE, 270 * MINUTE)));
    let segments = [
        producing(0, 300 * MINUTE, 300, 300),
        segment(MachineState::Maintenance, 300 * MINUTE, Some(360 * MINUTE)),
        producing(360 * MINUTE, 480 * MINUTE, 120, 120),
    ];
    let planned_stop = DowntimeEvent {
        category: DowntimeCategory::Planned,
        ..event("planned", 350 * MINUTE, Some(370 * MINUTE))
    };
    let buckets = compute_planned(window, &planned, &segments, &[planned_stop]).buckets;
    assert_eq!(buckets.planned_operation, 450 * MINUTE);
    assert_eq!(buckets.planned_down, 70 * MINUTE, "overlapping plans count once");
    assert_eq!(buckets.planned_busy, 380 * MINUTE);
    assert_eq!(buckets.production, 380 * MINUTE);
    assert_eq!(buckets.downtime_events, 0, "a planned stop is no downtime");
    assert_eq!(
        buckets.rated.produced,
        Decimal::from(270 + 110),
        "pieces made in a break or in planned down are left out in proportion to time"
    );
}

#[test]
fn a_shift_across_a_change_of_clocks_lasts_as_long_as_it_lasts() {
    let hours = |start: &str, end: &str| {
        let [start, end] = [start, end].map(|text| Timestamp::parse(text).unwrap());
        let window = Span::new(start, end);
        compute(window, &[], &[]).buckets.planned_operation / 3_600_000
    };
    assert_eq!(hours("2026-03-28T22:00:00+01:00", "2026-03-29T06:00:00+02:00"), 7);
    assert_eq!(hours("2026-10-24T22:00:00+02:00", "2026-10-25T06:00:00+01:00"), 9);
}

#[test]
fn offline_and_unknown_time_stay_planned_and_lower_the_coverage() {
    let window = span(0, 100 * MINUTE);
    let segments = [
        producing(0, 50 * MINUTE, 3000, 3000),
        segment(MachineState::Offline, 50 * MINUTE, Some(70 * MINUTE)),
    ];
    let result = compute(window, &segments, &[]);
    near(result.buckets.coverage(), 0.5);
    near(result.buckets.availability(), 0.5);
    assert!(result.buckets.is_low_confidence());
    let steps = result.losses.waterfall(&result.buckets);
    let lost = |key| {
        let name = StepName::Availability(key);
        steps
            .iter()
            .find(|step| step.name == name)
            .map(|step| step.millis)
    };
    assert_eq!(lost(LossKey::NoData), Some(Decimal::from(30 * MINUTE)));
    assert_eq!(
        lost(LossKey::State(StateKey::Offline)),
        Some(Decimal::from(20 * MINUTE))
    );
}

#[test]
fn what_lasts_ends_where_knowledge_ends_or_the_next_state_begins() {
    let window = span(0, 60 * MINUTE);
    let segments = [
        segment(MachineState::Running, 0, None),
        segment(MachineState::Idle, 20 * MINUTE, None),
    ];
    let segments: Vec<&StateSegment> = segments.iter().collect();
    let input = MachineInput {
        window,
        planned: &Spans::from(window),
        known_until: 30 * MINUTE,
        minor_below: 2 * MINUTE,
        segments: &segments,
        events: &[],
        cycle_of: &|_| None,
    };
    let buckets = machine(&input).buckets;
    assert_eq!(buckets.production, 20 * MINUTE, "it ran until the next state");
    assert_eq!(buckets.uncovered, 30 * MINUTE, "nothing is bridged to now");
}

#[test]
fn a_machine_without_counts_or_cycle_has_no_oee_and_spoils_no_group() {
    let window = span(0, 10 * MINUTE);
    let mut silent = producing(0, 10 * MINUTE, 500, 500);
    silent.planned_cycle_s = None;
    let silent = [silent];
    let told = [producing(0, 10 * MINUTE, 300, 300)];
    let silent = compute(window, &silent, &[]);
    let told = compute(window, &told, &[]);
    assert_eq!(
        (silent.buckets.availability(), silent.buckets.oee()),
        (Some(1.0), None)
    );
    let mut group = silent.buckets.clone();
    group += &told.buckets;
    near(group.oee(), 0.5);
    assert_eq!((group.machines, group.rated.machines), (2, 1));
    let mut losses = silent.losses.clone();
    losses += &told.losses;
    let steps = losses.waterfall(&group);
    assert!(
        steps
            .iter()
            .any(|step| step.name == StepName::Unrated && step.millis == Decimal::from(10 * MINUTE)),
        "its running time is shown as not rated"
    );
}

#[test]
fn the_cycle_of_the_order_is_taken_where_the_segment_has_none() {
    let window = span(0, 10 * MINUTE);
    let mut made = producing(0, 10 * MINUTE, 100, 100);
    made.planned_cycle_s = None;
    made.order_id = Some("PO-1".to_owned());
    let buckets = machine(&MachineInput {
        window,
        planned: &Spans::from(window),
        known_until: window.end,
        minor_below: 2 * MINUTE,
        segments: &[&made],
        events: &[],
        cycle_of: &|order| (order == "PO-1").then(|| Amount::from(3)),
    })
    .buckets;
    near(buckets.effectiveness(), 0.5);
}

#[test]
fn more_than_planned_is_shown_as_it_is() {
    let segments = [producing(0, MINUTE, 90, 90)];
    let result = compute(span(0, MINUTE), &segments, &[]);
    near(result.buckets.effectiveness(), 1.5);
    let steps = result.losses.waterfall(&result.buckets);
    let speed = steps.iter().find(|step| step.name == StepName::Speed).unwrap();
    assert_eq!(speed.millis, Decimal::from(-30_000), "a gain is a negative loss");
}

#[test]
fn each_second_of_overlapping_stops_goes_to_the_one_that_began_first() {
    let window = span(0, 60 * MINUTE);
    let events = [
        because("B", event("2", 20 * MINUTE, Some(40 * MINUTE))),
        because("A", event("1", 10 * MINUTE, Some(30 * MINUTE))),
        event("3", 35 * MINUTE, Some(50 * MINUTE)),
        because("C", event("4", 22 * MINUTE, Some(25 * MINUTE))),
    ];
    let result = compute(window, &[], &events);
    let entries: Vec<_> = result
        .pareto
        .entries()
        .map(|entry| (entry.key, entry.millis / MINUTE, entry.count))
        .collect();
    assert_eq!(
        entries,
        [
            (ReasonKey::Code("A"), 20, 1),
            (ReasonKey::Code("B"), 10, 1),
            (ReasonKey::Code("C"), 0, 1),
            (ReasonKey::None, 10, 1),
        ]
    );
    assert_eq!(
        result.pareto.millis(),
        result.buckets.downtime,
        "the same total everywhere"
    );
    assert_eq!(result.buckets.downtime, 40 * MINUTE);
}

#[test]
fn failures_that_begin_in_the_window_make_mttr_and_mtbf() {
    let window = span(0, 100 * MINUTE);
    let failure = |id, start, end| DowntimeEvent {
        failure: Some(true),
        ..event(id, start, end)
    };
    let segments = [segment(MachineState::Running, 0, Some(60 * MINUTE))];
    let events = [
        failure("before", -10 * MINUTE, Some(5 * MINUTE)),
        failure("long", 60 * MINUTE, Some(110 * MINUTE)),
        failure("short", 70 * MINUTE, Some(80 * MINUTE)),
        failure("open", 90 * MINUTE, None),
        event("no failure", 20 * MINUTE, Some(30 * MINUTE)),
    ];
    let buckets = compute(window, &segments, &events).buckets;
    assert_eq!((buckets.failures, buckets.repaired), (3, 2));
    near(buckets.mttr(), f64::from(30 * 60_000));
    near(buckets.mtbf(), f64::from(20 * 60_000));
    let quiet = compute(window, &segments, &[]).buckets;
    assert_eq!(
        (quiet.mttr(), quiet.mtbf()),
        (None, None),
        "no failure in the window"
    );
}

#[test]
fn minor_stops_are_called_so_or_short_and_of_unknown_category() {
    let of = |category, end| {
        let event = DowntimeEvent {
            category,
            ..event("1", 0, end)
        };
        is_minor_stop(&event, 2 * MINUTE)
    };
    assert!(of(DowntimeCategory::MinorStop, Some(10 * MINUTE)));
    assert!(of(DowntimeCategory::Unknown, Some(119_999)));
    assert!(!of(DowntimeCategory::Unknown, Some(120_000)));
    assert!(
        !of(DowntimeCategory::Unknown, None),
        "an open one may become long"
    );
    assert!(!of(DowntimeCategory::Unplanned, Some(1_000)));
}

#[test]
fn impossible_records_are_left_out_and_counted() {
    let window = span(0, 10 * MINUTE);
    let mut marked = producing(0, 10 * MINUTE, 10, 10);
    marked
        .incomplete
        .push("impossible: good above produced".to_owned());
    let segments = [marked, segment(MachineState::Running, 5 * MINUTE, Some(MINUTE))];
    let events = [event("back", 5 * MINUTE, Some(MINUTE)), {
        let mut gone = event("deleted", 0, Some(MINUTE));
        gone.deleted = true;
        gone
    }];
    let result = compute(window, &segments, &events);
    assert_eq!(result.impossible, 3, "what was taken back is not impossible");
    assert_eq!(result.buckets.downtime, 0);
}

#[test]
fn a_wrong_count_takes_the_pieces_away_and_not_the_time() {
    let wrong = |produced: i64, good: i64| producing(10 * MINUTE, 20 * MINUTE, produced, good);
    for wrong in [wrong(5, 6), wrong(-1, -1)] {
        let segments = [producing(0, 10 * MINUTE, 10, 10), wrong];
        let result = compute(span(0, 20 * MINUTE), &segments, &[]);
        assert_eq!(result.buckets.production, 20 * MINUTE);
        assert_eq!(result.buckets.uncovered, 0);
        assert_eq!(result.buckets.rated.machines, 0, "its pieces are not known");
        assert_eq!(result.buckets.scrap_ratio(), None);
        assert_eq!(result.impossible, 1);
    }
}

#[test]
fn no_pieces_are_no_good_pieces_also_where_nobody_says_so() {
    let mut idle = segment(MachineState::Idle, 10 * MINUTE, Some(20 * MINUTE));
    idle.produced = Some(0.into());
    let mut made = producing(0, 10 * MINUTE, 300, 270);
    made.scrap = Some(30.into());
    let segments = [made, idle];
    let buckets = compute(span(0, 20 * MINUTE), &segments, &[]).buckets;
    near(buckets.oee(), 0.225);
    near(buckets.scrap_ratio(), 0.1);
}

#[test]
fn scrap_and_rework_are_parts_of_what_their_machines_produced() {
    let mut made = producing(0, MINUTE, 50, 40);
    made.scrap = Some(8.into());
    let made = [made];
    let buckets = compute(span(0, MINUTE), &made, &[]).buckets;
    near(buckets.scrap_ratio(), 0.16);
    assert_eq!(buckets.rework_ratio(), None, "not told is not none");
}

#[test]
fn counts_beyond_every_number_make_nothing_known_and_no_panic() {
    let mut made = producing(0, 3, 1, 1);
    let most: Amount = "79228162514264337593543950335".parse().unwrap();
    made.produced = Some(most);
    made.good = Some(most);
    made.planned_cycle_s = Some(most);
    let segments = [made];
    let result = compute(span(1, 3), &segments, &[]);
    assert_eq!(result.buckets.oee(), None);
}
