//! What must hold on the shop floor at every moment, over whole days and several seeds.

mod commands;
mod history;

use std::collections::BTreeMap;

use super::*;
use crate::mes::orders::OrderStatus;

const NOW: i64 = 1_795_000_000_000;

fn open(seed: u64, speed: f64) -> Floor {
    let plan = Plan {
        seed,
        speed,
        machines: 24,
    };
    Floor::open(plan, NOW)
}

fn check(floor: &Floor, before: &mut BTreeMap<String, (Counters, u64, i64)>) {
    let all_open: Vec<&Downtime> = floor
        .downtime
        .values()
        .filter(|event| event.end_ms.is_none())
        .collect();
    for (index, machine) in floor.machines.iter().enumerate() {
        let counters = machine.counters;
        assert_eq!(
            counters.produced,
            counters.good + counters.scrap,
            "{}: pieces do not add up",
            machine.id
        );
        assert!(
            counters.rework <= counters.good,
            "{}: more rework than good",
            machine.id
        );
        let open: Vec<&&Downtime> = all_open.iter().filter(|event| event.machine == index).collect();
        let stands = !matches!(machine.status, Status::Running | Status::Offline);
        assert_eq!(
            open.len(),
            usize::from(stands),
            "{}: open events while {:?}",
            machine.id,
            machine.status
        );
        if let Some(event) = open.first() {
            assert_eq!(
                event.start_ms, machine.status_since_ms,
                "{}: event and status begin apart",
                machine.id
            );
            assert_eq!(Some(event.category), machine.category);
            assert_eq!(event.reason, machine.reason);
            let fits = match event.category {
                Category::Unplanned => machine.status == Status::Down,
                Category::Planned => machine.status == Status::Maintenance,
                Category::Setup => machine.status == Status::Setup,
                Category::MinorStop | Category::Waiting => machine.status == Status::Idle,
            };
            assert!(
                fits,
                "{}: {:?} while {:?}",
                machine.id, event.category, machine.status
            );
        }
        assert_eq!(
            machine.status == Status::Down,
            !machine.alarms.is_empty(),
            "{}: alarms",
            machine.id
        );
        assert!(machine.status_since_ms <= floor.clock_ms && machine.observed_ms <= floor.clock_ms);
        assert!(
            floor.orders.contains_key(&machine.order),
            "{}: no order",
            machine.id
        );
        let entry = (counters, machine.version, machine.observed_ms);
        if let Some((old, version, observed)) = before.insert(machine.id.clone(), entry) {
            assert!(
                machine.version >= version && machine.observed_ms >= observed,
                "{}: went back",
                machine.id
            );
            if old.since_ms == counters.since_ms {
                assert!(
                    counters.produced >= old.produced && counters.good >= old.good,
                    "{}",
                    machine.id
                );
            } else {
                assert!(
                    counters.since_ms > old.since_ms,
                    "{}: counters began earlier",
                    machine.id
                );
            }
        }
    }
    for event in floor.downtime.values() {
        assert!(
            event.end_ms.is_none_or(|end| end >= event.start_ms),
            "event ends before it starts"
        );
    }
    for order in floor.orders.values() {
        assert!(
            order.counted.good <= order.planned,
            "MO-{}: more than planned",
            order.number
        );
        assert!(
            !order.is_held || order.status == OrderStatus::Paused,
            "a held order is {:?}",
            order.status
        );
        assert_eq!(order.counted.produced, order.counted.good + order.counted.scrap);
        assert_eq!(
            order.status == OrderStatus::Completed,
            order.actual_end_ms.is_some()
        );
    }
}

#[test]
fn a_day_stays_consistent_at_several_seeds_and_speeds() {
    for (seed, speed, hours) in [
        (1, 1.0, 24),
        (22_400, 1.0, 24),
        (77, 20.0, 3),
        (u64::MAX, 1.0, 24),
    ] {
        let mut floor = open(seed, speed);
        let mut before = BTreeMap::new();
        let (mut running, mut looks) = (0, 0);
        let mut now = NOW;
        while now < NOW + hours * HOUR {
            now += 397 * SECOND;
            floor.advance(now);
            check(&floor, &mut before);
            running += floor
                .machines
                .iter()
                .filter(|machine| machine.status == Status::Running)
                .count();
            looks += 1;
        }
        let mean = running / looks;
        if speed == 1.0 {
            assert!(
                (16..=21).contains(&mean),
                "seed {seed}: {mean} machines run on average"
            );
        }
        assert!(
            floor.machines.iter().all(|machine| machine.counters.produced > 0),
            "somebody made nothing"
        );
    }
}

#[test]
fn past_events_of_one_machine_do_not_overlap() {
    let floor = open(22_400, 1.0);
    for index in 0..floor.machines.len() {
        let mut events: Vec<&Downtime> = floor
            .downtime
            .values()
            .filter(|event| event.machine == index)
            .collect();
        events.sort_by_key(|event| event.start_ms);
        for pair in events.windows(2) {
            assert!(
                pair[0].end_ms.is_some_and(|end| end <= pair[1].start_ms),
                "events overlap: {pair:?}"
            );
        }
    }
}

#[test]
fn the_opening_shows_every_kind_and_a_week_of_past() {
    for seed in 0..20 {
        let floor = open(seed, 1.0);
        assert_eq!(floor.machines.len(), 24);
        let count = |status| {
            floor
                .machines
                .iter()
                .filter(|machine| machine.status == status)
                .count()
        };
        for status in [Status::Setup, Status::Idle, Status::Maintenance] {
            assert!(count(status) >= 1, "seed {seed}: nobody is in {status:?}");
        }
        assert!(
            count(Status::Running) >= 11,
            "seed {seed}: only {} run",
            count(Status::Running)
        );
        let oldest = floor.downtime.values().map(|event| event.start_ms).min();
        assert!(
            oldest.is_some_and(|start| start < NOW - 7 * 24 * HOUR),
            "seed {seed}: the past is short"
        );
        assert!(
            floor.downtime.len() > 3_000,
            "seed {seed}: few events: {}",
            floor.downtime.len()
        );
    }
}

#[test]
fn the_first_stop_comes_between_12_and_25_seconds_at_every_seed() {
    for seed in 0..20 {
        let mut floor = open(seed, 1.0);
        let down = |floor: &Floor| -> Vec<usize> {
            let machines = floor.machines.iter().enumerate();
            machines
                .filter(|(_, machine)| machine.status == Status::Down)
                .map(|(index, _)| index)
                .collect()
        };
        let before = down(&floor);
        floor.advance(NOW + 25 * SECOND + 1);
        let fresh: Vec<usize> = down(&floor)
            .into_iter()
            .filter(|index| !before.contains(index))
            .filter(|index| floor.machines[*index].status_since_ms >= NOW + 12 * SECOND)
            .collect();
        assert!(!fresh.is_empty(), "seed {seed}: nothing stopped");
        floor.advance(NOW + 25 * SECOND + 4 * MINUTE + 1);
        assert!(
            fresh
                .iter()
                .any(|index| floor.machines[*index].status == Status::Running),
            "seed {seed}: no recovery"
        );
    }
}

#[test]
fn the_same_seed_lives_the_same_day() {
    let (mut a, mut b) = (open(5, 1.0), open(5, 1.0));
    a.advance(NOW + HOUR);
    for minute in 1..=60 {
        b.advance(NOW + minute * MINUTE);
    }
    let picture = |floor: &Floor| {
        let rows = floor
            .machines
            .iter()
            .map(|m| (m.status, m.status_since_ms, m.counters, m.version));
        rows.collect::<Vec<_>>()
    };
    assert_eq!(picture(&a), picture(&b), "the size of a step must not matter");
}

#[test]
fn a_forced_stop_lasts_until_the_recovery() {
    let mut floor = open(22_400, 1.0);
    assert!(floor.stop("PS-03", "E312"), "the machine exists");
    assert!(!floor.stop("XX-01", "E312"), "no such machine");
    let changes = floor.advance(NOW + 6 * HOUR);
    assert!(changes.contains(&Change::Machine(14)), "the stop is told");
    let machine = &floor.machines[14];
    assert_eq!(
        (machine.id.as_str(), machine.status, machine.status_since_ms),
        ("PS-03", Status::Down, NOW)
    );
    assert_eq!(
        machine.reason.as_ref().map(|reason| &*reason.text),
        Some("Light curtain fault")
    );
    floor.recover("PS-03");
    let machine = &floor.machines[14];
    assert_eq!(
        (machine.status, machine.status_since_ms),
        (Status::Running, NOW + 6 * HOUR)
    );
    check(&floor, &mut BTreeMap::new());
}

#[test]
fn shifts_begin_at_six_two_and_ten_local_time() {
    let shifts = Shifts::new();
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_millisecond();
    assert_eq!(
        shifts.after(at("2026-01-10T05:00:00Z")),
        at("2026-01-10T13:00:00Z")
    );
    assert_eq!(
        shifts.after(at("2026-01-10T21:30:00Z")),
        at("2026-01-11T05:00:00Z")
    );
    assert_eq!(
        shifts.after(at("2026-07-10T03:59:00Z")),
        at("2026-07-10T04:00:00Z")
    );
}

#[test]
fn the_calendar_has_three_shifts_a_day_and_nights_that_change_their_length() {
    let shifts = Shifts::new();
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_millisecond();
    // From noon to noon local time: a rest of the early shift, late, night, and a beginning of the next early one.
    let day = shifts.between(at("2026-11-24T11:00:00Z"), at("2026-11-25T11:00:00Z"));
    let names: Vec<&str> = day.iter().map(|shift| shift.name).collect();
    assert_eq!(names, ["Early", "Late", "Night", "Early"]);
    assert_eq!(
        (day[2].business_day.as_str(), day[2].start_ms, day[2].end_ms),
        (
            "2026-11-24",
            at("2026-11-24T21:00:00Z"),
            at("2026-11-25T05:00:00Z")
        ),
        "the night belongs to the day on which it began"
    );
    for pair in day.windows(2) {
        assert_eq!(pair[0].end_ms, pair[1].start_ms, "no gap between shifts");
    }
    let night = |since: &str| shifts.between(at(since), at(since) + 1).remove(0);
    let hours = |shift: &Shift| (shift.end_ms - shift.start_ms) / HOUR;
    assert_eq!(hours(&night("2026-10-25T00:30:00Z")), 9, "the clocks go back");
    assert_eq!(hours(&night("2026-03-29T00:30:00Z")), 7, "the clocks go forward");
    for shift in shifts.between(at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z")) {
        for (start, end) in &shift.breaks {
            assert!(
                shift.start_ms < *start && start < end && *end < shift.end_ms,
                "{}",
                shift.id
            );
            assert!(shifts.is_break(*start) && !shifts.is_break(*end));
        }
    }
}
