//! The past as the screens will use it: segments, downtime, orders and inspections that fit each other.

use super::*;

/// What the formulas make of a set of machines.
#[derive(Debug, Default, Clone, Copy)]
struct Figures {
    busy: i64,
    running: i64,
    planned_for_made: i64,
    planned_for_good: i64,
    produced: i64,
    scrap: i64,
    failures: i64,
    repair: i64,
}

impl Figures {
    fn of(floor: &Floor, work_center: &str) -> Self {
        let mut figures = Self::default();
        let since = NOW - 7 * 24 * HOUR;
        for machine in floor
            .machines
            .iter()
            .filter(|machine| &*machine.work_center == work_center)
        {
            for segment in machine.history.iter().filter(|segment| segment.start_ms >= since) {
                let lasts = segment.end_ms.unwrap_or(NOW) - segment.start_ms;
                if segment.status != Status::Maintenance {
                    figures.busy += lasts;
                }
                if segment.status == Status::Running {
                    figures.running += lasts;
                }
                figures.produced += segment.made.produced;
                figures.scrap += segment.made.scrap;
                figures.planned_for_made += segment.made.produced * segment.cycle_ms;
                figures.planned_for_good += segment.made.good * segment.cycle_ms;
            }
        }
        let events = floor.downtime.values().filter(|event| event.start_ms >= since);
        for event in events.filter(|event| &*floor.machines[event.machine].work_center == work_center) {
            if let (true, Some(end)) = (event.is_failure(), event.end_ms) {
                figures.failures += 1;
                figures.repair += end - event.start_ms;
            }
        }
        figures
    }

    fn per_mille(part: i64, whole: i64) -> i64 {
        part * 1000 / whole.max(1)
    }

    fn oee(&self) -> i64 {
        Self::per_mille(self.planned_for_good, self.busy)
    }
}

#[test]
fn a_week_gives_plausible_figures_that_differ_by_line() {
    for seed in 0..20 {
        let floor = open(seed, 1.0);
        let lines: Vec<Figures> = ["L1", "L2", "L3", "L4"]
            .map(|line| Figures::of(&floor, line))
            .into();
        for (number, line) in lines.iter().enumerate() {
            let oee = line.oee();
            assert!(
                (450..=900).contains(&oee),
                "seed {seed} L{}: oee {oee}",
                number + 1
            );
            let effectiveness = Figures::per_mille(line.planned_for_made, line.running);
            assert!(
                (750..=1000).contains(&effectiveness),
                "seed {seed} L{}: effectiveness {effectiveness}",
                number + 1
            );
            let scrap = Figures::per_mille(line.scrap, line.produced);
            assert!(
                (5..=50).contains(&scrap),
                "seed {seed} L{}: scrap {scrap}",
                number + 1
            );
            let mttr = line.repair / line.failures.max(1);
            let mtbf = line.running / line.failures.max(1);
            assert!(
                (5 * MINUTE..=60 * MINUTE).contains(&mttr),
                "seed {seed}: mttr {mttr} ms"
            );
            assert!((HOUR..=24 * HOUR).contains(&mtbf), "seed {seed}: mtbf {mtbf} ms");
        }
        let oees: Vec<i64> = lines.iter().map(Figures::oee).collect();
        let spread = oees.iter().max().unwrap() - oees.iter().min().unwrap();
        assert!(spread >= 80, "seed {seed}: the lines are alike: {oees:?}");
    }
}

#[test]
fn history_closes_without_overlap_and_fits_downtime_counters_and_orders() {
    for seed in 0..20 {
        let mut floor = open(seed, if seed % 2 == 0 { 1.0 } else { 30.0 });
        floor.advance(NOW + 3 * HOUR);
        let now = NOW + 3 * HOUR;
        for (index, machine) in floor.machines.iter().enumerate() {
            let segments: Vec<&Segment> = machine.history.iter().collect();
            assert!(segments[0].start_ms <= now - 7 * 24 * HOUR, "{}", machine.id);
            for pair in segments.windows(2) {
                assert_eq!(
                    pair[0].end_ms,
                    Some(pair[1].start_ms),
                    "seed {seed} {}: a gap or an overlap",
                    machine.id
                );
                assert!(pair[0].start_ms < pair[1].start_ms, "seed {seed} {}", machine.id);
            }
            let open = segments.last().unwrap();
            assert_eq!(
                (open.end_ms, open.status, open.order, open.cycle_ms),
                (None, machine.status, machine.order, machine.cycle_ms)
            );
            let mut since_shift = Counters {
                since_ms: machine.counters.since_ms,
                ..Counters::default()
            };
            for segment in &segments {
                if segment.start_ms >= machine.counters.since_ms {
                    since_shift.add(segment.made);
                }
                assert_eq!(segment.made.produced, segment.made.good + segment.made.scrap);
                assert!(segment.made.produced == 0 || segment.status == Status::Running);
                assert!(
                    floor.orders.contains_key(&segment.order),
                    "no order {}",
                    segment.order
                );
            }
            assert_eq!(
                since_shift, machine.counters,
                "seed {seed} {}: counters",
                machine.id
            );
            // Every stop of the history is an event and the other way round, but for what was offline.
            let stands = |segment: &Segment| !matches!(segment.status, Status::Running | Status::Offline);
            let stood: i64 = segments
                .iter()
                .filter(|segment| stands(segment))
                .map(|segment| segment.end_ms.unwrap_or(now) - segment.start_ms.max(segments[0].start_ms))
                .sum();
            let events = floor.downtime.values().filter(|event| event.machine == index);
            let lost: i64 = events
                .map(|event| event.end_ms.unwrap_or(now) - event.start_ms.max(segments[0].start_ms))
                .sum();
            assert_eq!(stood, lost, "seed {seed} {}: history and downtime", machine.id);
        }
        for order in floor.orders.values() {
            let segments = &floor.machines[order.machine].history;
            let starts_inside = order
                .actual_start_ms
                .is_some_and(|start| segments.front().is_some_and(|first| start >= first.start_ms));
            if starts_inside {
                let made: i64 = segments
                    .iter()
                    .filter(|segment| segment.order == order.number)
                    .map(|segment| segment.made.produced)
                    .sum();
                assert_eq!(made, order.counted.produced, "seed {seed} MO-{}", order.number);
            }
        }
        for event in floor.downtime.values() {
            assert!(
                floor.orders.contains_key(&event.order),
                "no order {}",
                event.order
            );
        }
    }
}

#[test]
fn inspections_fit_their_verdicts() {
    for seed in 0..20 {
        let floor = open(seed, 1.0);
        let mut fails = 0;
        for report in floor.reports.values() {
            let check = floor.machines[report.machine].line.check;
            assert!(
                floor.orders.contains_key(&report.order),
                "no order {}",
                report.order
            );
            assert!(report.faulty <= report.inspected && report.inspected >= 1);
            assert_eq!(report.values.len(), check.characteristics.len());
            let outside = check
                .characteristics
                .iter()
                .zip(&report.values)
                .filter(|(characteristic, value)| {
                    !(characteristic.lower..=characteristic.upper).contains(value)
                })
                .count();
            let (is_outside, has_defect) = match report.verdict {
                Verdict::Fail => (true, true),
                Verdict::Pass | Verdict::Conditional => (false, false),
                Verdict::Pending => continue,
            };
            assert_eq!(outside > 0, is_outside, "seed {seed}: {report:?}");
            assert_eq!(
                report.defect.is_some() && report.faulty > 0,
                has_defect,
                "{report:?}"
            );
            fails += usize::from(is_outside);
        }
        let (all, fails) = (floor.reports.len(), fails * 100);
        assert!(all > 1_500, "seed {seed}: only {all} reports in a week");
        assert!((all..=12 * all).contains(&fails), "seed {seed}: {fails} of {all}");
    }
}

#[test]
fn the_past_has_corrections_tombstones_gaps_and_stops_without_a_reason() {
    for seed in 0..20 {
        let floor = open(seed, 1.0);
        let count = |is: fn(&Downtime) -> bool| floor.downtime.values().filter(|event| is(event)).count();
        assert!(count(|event| event.is_deleted) > 0, "seed {seed}: no tombstone");
        assert!(
            count(|event| event.comment.is_some()) > 0,
            "seed {seed}: nothing corrected"
        );
        assert!(
            count(|event| event.reason.is_none()) > 0,
            "seed {seed}: all explained"
        );
        assert!(count(|event| event.category == Category::Planned) > 0);
        let offline = floor
            .machines
            .iter()
            .flat_map(|machine| &machine.history)
            .filter(|segment| segment.status == Status::Offline);
        assert!(offline.count() > 0, "seed {seed}: nobody was offline");
        let status = |wanted| {
            floor
                .orders
                .values()
                .filter(|order| order.status == wanted)
                .count()
        };
        for wanted in [
            OrderStatus::Planned,
            OrderStatus::Released,
            OrderStatus::Active,
            OrderStatus::Paused,
            OrderStatus::Completed,
            OrderStatus::Cancelled,
        ] {
            assert!(status(wanted) > 0, "seed {seed}: no order is {wanted:?}");
        }
    }
}

#[test]
fn soon_after_the_opening_an_order_ends_one_becomes_late_and_a_report_comes() {
    for seed in 0..20 {
        let mut floor = open(seed, 1.0);
        let late = |floor: &Floor| -> Vec<u64> {
            let open = floor.orders.values().filter(|order| !order.status.is_over());
            open.filter(|order| order.due_ms < floor.clock_ms)
                .map(|order| order.number)
                .collect()
        };
        let (late_before, reports) = (late(&floor), floor.reports.len());
        let changes = floor.advance(NOW + 10 * MINUTE);
        assert!(
            late(&floor).iter().any(|number| !late_before.contains(number)),
            "seed {seed}: no order became late"
        );
        let ended = floor
            .orders
            .values()
            .filter(|order| order.actual_end_ms.is_some_and(|end| end > NOW));
        assert!(ended.count() > 0, "seed {seed}: no order ended");
        assert!(floor.reports.len() > reports, "seed {seed}: no inspection");
        assert!(changes.iter().any(|change| matches!(change, Change::Report(_))));
    }
}

#[test]
fn a_larger_plant_has_a_shorter_past_and_a_small_one_works() {
    for machines in [1, 2, 7, 60, 1_000] {
        let plan = Plan {
            seed: 3,
            speed: 1.0,
            machines,
        };
        let mut floor = Floor::open(plan, NOW);
        assert_eq!(floor.machines.len(), machines);
        let ids: std::collections::BTreeSet<&str> =
            floor.machines.iter().map(|machine| machine.id.as_str()).collect();
        assert_eq!(ids.len(), machines, "two machines of one name");
        let hours = if machines <= 120 { 8 * 24 } else { 24 };
        for machine in &floor.machines {
            let first = machine.history.front().unwrap();
            assert!(first.start_ms <= NOW - hours * HOUR);
            assert!(first.end_ms.is_none_or(|end| end > NOW - hours * HOUR));
        }
        floor.advance(NOW + 5 * MINUTE);
        check(&floor, &mut BTreeMap::new());
    }
}

#[test]
fn a_hurried_plant_finishes_orders_within_minutes() {
    let mut floor = open(22_400, 50.0);
    let before = floor
        .orders
        .values()
        .filter(|order| order.status.is_over())
        .count();
    floor.advance(NOW + 20 * MINUTE);
    let after = floor
        .orders
        .values()
        .filter(|order| order.status.is_over())
        .count();
    assert!(after >= before + 24, "{before} orders were over, now {after}");
    let pace = floor
        .machines
        .iter()
        .filter(|machine| machine.status == Status::Running);
    for machine in pace {
        let percent = machine.real_cycle_ms * 100 / machine.cycle_ms;
        assert!(
            (95..=125).contains(&percent),
            "cycle times stay real: {percent} %"
        );
    }
}
