//! The shop floor: machines that run, stop and recover, event by event, from one seed.
//! Every state change moves status, downtime, counters and orders together, so that no reader finds them apart.
//! The clock comes in; `speed` shortens how long states last and leaves cycle times and clocks honest.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::machines::{
    CHANGE_OVER, Cause, FLAKY, LINES, Line, MAINTENANCE, MINOR_STOPS, MetricKind, TOOL_CHANGE, WAITS,
};
use super::orders::{Order, OrderStatus};
use crate::dice::Dice;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// How long before the opening the made-up past begins.
const PAST: i64 = 9 * HOUR;
/// How often a machine reports its counters.
const REPORT: i64 = 10 * SECOND;
const ORDER_REPORT: i64 = 30 * SECOND;
const KEEP_EVENTS: i64 = 48 * HOUR;

/// What a machine is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    Running,
    Idle,
    Setup,
    Down,
    Maintenance,
    Offline,
}

/// The kind of a downtime event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Category {
    Unplanned,
    Planned,
    Setup,
    MinorStop,
    Waiting,
}

/// A reason as it is shown; forced stops bring their own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reason {
    pub(crate) code: String,
    pub(crate) text: String,
    pub(crate) group: String,
    alarm: String,
}

/// A pending alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Alarm {
    pub(crate) id: String,
    pub(crate) code: String,
    pub(crate) text: String,
    pub(crate) priority: u8,
    pub(crate) raised_ms: i64,
}

/// Pieces since a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    pub(crate) produced: i64,
    pub(crate) good: i64,
    pub(crate) scrap: i64,
    pub(crate) rework: i64,
    pub(crate) since_ms: i64,
}

/// A machine as the MES knows it.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) line: &'static Line,
    pub(crate) cycle_ms: i64,
    pub(crate) status: Status,
    pub(crate) category: Option<Category>,
    pub(crate) status_since_ms: i64,
    pub(crate) reason: Option<Reason>,
    pub(crate) alarms: Vec<Alarm>,
    pub(crate) counters: Counters,
    pub(crate) last_cycle_ms: i64,
    pub(crate) order: u64,
    pub(crate) metrics: Vec<(&'static MetricKind, i64)>,
    pub(crate) observed_ms: i64,
    pub(crate) updated_ms: i64,
    pub(crate) version: u64,
    open_event: Option<u64>,
    until_ms: i64,
    next_report_ms: i64,
    next_shift_ms: i64,
    counted_to_ms: i64,
    partial_ms: i64,
    plans: Vec<Plan>,
    dice: Dice,
}

/// A state that a machine will take at a moment, whatever it does then; the soonest is last in its list.
#[derive(Debug, Clone)]
struct Plan {
    at_ms: i64,
    next: Next,
}

#[derive(Debug, Clone)]
struct Next {
    status: Status,
    category: Option<Category>,
    reason: Option<Reason>,
    until_ms: i64,
}

/// An interval in which a machine stood still.
#[derive(Debug, Clone)]
pub(crate) struct Downtime {
    pub(crate) number: u64,
    pub(crate) machine: usize,
    pub(crate) order: u64,
    pub(crate) category: Category,
    pub(crate) reason: Option<Reason>,
    pub(crate) start_ms: i64,
    pub(crate) end_ms: Option<i64>,
    pub(crate) updated_ms: i64,
    pub(crate) version: u64,
}

/// What changed since the last look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Machine(usize),
    Downtime(u64),
    Order(u64),
}

/// All machines with their events and orders.
#[derive(Debug)]
pub(crate) struct Floor {
    pub(crate) machines: Vec<Machine>,
    pub(crate) downtime: BTreeMap<u64, Downtime>,
    pub(crate) orders: BTreeMap<u64, Order>,
    pub(crate) clock_ms: i64,
    speed: f64,
    next_event: u64,
    next_order: u64,
    changes: Vec<Change>,
    shifts: Shifts,
}

impl Floor {
    /// A floor with nine hours of past at `now_ms`, someone in setup, idle and maintenance, and a stop to come.
    pub(crate) fn open(seed: u64, now_ms: i64, speed: f64) -> Self {
        let start = now_ms - PAST;
        let shifts = Shifts::new();
        let mut floor = Self {
            machines: Vec::new(),
            downtime: BTreeMap::new(),
            orders: BTreeMap::new(),
            clock_ms: start,
            // The past is lived at the usual pace; only what follows is hurried.
            speed: 1.0,
            next_event: 1,
            next_order: 100_001,
            changes: Vec::new(),
            shifts,
        };
        for line in LINES {
            for (place, cycle_ms) in line.cycle_ms.iter().enumerate() {
                floor.add_machine(seed, line, place, *cycle_ms, start);
            }
        }
        floor.plan_opening(seed, now_ms, speed);
        floor.advance(now_ms);
        floor.speed = speed;
        floor.changes.clear();
        floor
    }

    /// Lives on until `now_ms` and tells what changed.
    pub(crate) fn advance(&mut self, now_ms: i64) -> Vec<Change> {
        while let Some(index) = self.next_machine(now_ms) {
            let at_ms = self.machines[index].next_ms();
            self.clock_ms = self.clock_ms.max(at_ms);
            self.step(index, at_ms);
        }
        self.clock_ms = self.clock_ms.max(now_ms);
        let oldest = self.clock_ms - KEEP_EVENTS;
        self.downtime.retain(|_, event| event.end_ms.is_none_or(|end| end > oldest));
        self.orders.retain(|_, order| order.actual_end_ms.is_none_or(|end| end > oldest));
        std::mem::take(&mut self.changes)
    }

    /// Brings a machine down until [`Floor::recover`]; false if there is no such machine.
    pub(crate) fn stop(&mut self, id: &str, reason: &str) -> bool {
        let Some(index) = self.machines.iter().position(|machine| machine.id == id) else { return false };
        let known = self.machines[index].line.breakdowns.iter().find(|cause| cause.code == reason);
        let reason = known.map_or_else(
            || Reason {
                code: "X900".to_owned(),
                text: reason.to_owned(),
                group: "operator".to_owned(),
                alarm: reason.to_owned(),
            },
            Reason::from,
        );
        self.force(index, Status::Down, Some(Category::Unplanned), Some(reason), i64::MAX);
        true
    }

    /// Lets a machine run again; false if there is no such machine.
    pub(crate) fn recover(&mut self, id: &str) -> bool {
        let Some(index) = self.machines.iter().position(|machine| machine.id == id) else { return false };
        let until_ms = self.clock_ms + self.running_time(index);
        self.force(index, Status::Running, None, None, until_ms);
        true
    }

    fn force(
        &mut self,
        index: usize,
        status: Status,
        category: Option<Category>,
        reason: Option<Reason>,
        until_ms: i64,
    ) {
        self.machines[index].plans.clear();
        let at_ms = self.clock_ms;
        self.count(index, at_ms);
        self.enter(index, at_ms, Next { status, category, reason, until_ms });
    }

    fn next_machine(&self, now_ms: i64) -> Option<usize> {
        let next = self.machines.iter().enumerate().min_by_key(|(_, machine)| machine.next_ms())?;
        (next.1.next_ms() <= now_ms).then_some(next.0)
    }

    fn step(&mut self, index: usize, at_ms: i64) {
        self.count(index, at_ms);
        let machine = &mut self.machines[index];
        if machine.plans.last().is_some_and(|plan| plan.at_ms <= at_ms) {
            if let Some(plan) = machine.plans.pop() {
                self.enter(index, at_ms, plan.next);
            }
        } else if machine.until_ms <= at_ms {
            let next = self.next_state(index, at_ms);
            self.enter(index, at_ms, next);
        } else {
            self.report(index, at_ms);
        }
    }

    /// A routine report: counters, measurements, and the order now and then.
    fn report(&mut self, index: usize, at_ms: i64) {
        let machine = &mut self.machines[index];
        machine.next_report_ms = at_ms + REPORT;
        if machine.status == Status::Offline {
            return;
        }
        machine.observe(at_ms);
        self.changes.push(Change::Machine(index));
        let order_number = machine.order;
        let is_running = machine.status == Status::Running;
        let Some(order) = self.orders.get_mut(&order_number) else { return };
        if order.shown != order.counted && at_ms - order.updated_ms >= ORDER_REPORT {
            order.show(at_ms);
            self.changes.push(Change::Order(order_number));
        }
        if is_running && order.counted.good >= order.planned {
            self.finish_order(index, at_ms);
        }
    }

    /// Counts pieces up to `at_ms`, with the counters starting again where a shift begins.
    fn count(&mut self, index: usize, at_ms: i64) {
        while self.machines[index].next_shift_ms <= at_ms {
            let boundary = self.machines[index].next_shift_ms;
            self.count_pieces(index, boundary);
            let machine = &mut self.machines[index];
            machine.counters = Counters { since_ms: boundary, ..Counters::default() };
            machine.next_shift_ms = self.shifts.after(boundary);
        }
        self.count_pieces(index, at_ms);
    }

    fn count_pieces(&mut self, index: usize, to_ms: i64) {
        let machine = &mut self.machines[index];
        let elapsed = (to_ms - machine.counted_to_ms).max(0);
        machine.counted_to_ms = machine.counted_to_ms.max(to_ms);
        if machine.status != Status::Running {
            return;
        }
        machine.partial_ms += elapsed;
        let order = self.orders.get_mut(&machine.order);
        let mut made = Counters::default();
        while machine.partial_ms >= machine.last_cycle_ms {
            machine.partial_ms -= machine.last_cycle_ms;
            machine.last_cycle_ms = machine.cycle_ms * machine.dice.between(97, 112) / 100;
            let is_scrap = machine.dice.chance(2);
            made.produced += 1;
            made.scrap += i64::from(is_scrap);
            made.good += i64::from(!is_scrap);
            made.rework += i64::from(!is_scrap && machine.dice.chance(1));
        }
        machine.counters.add(made);
        if let Some(order) = order {
            order.counted.add(made);
        }
    }

    /// Takes a new state: closes the old downtime, opens a new one, and bumps every record that changes.
    fn enter(&mut self, index: usize, at_ms: i64, next: Next) {
        let machine = &mut self.machines[index];
        if let Some(number) = machine.open_event.take()
            && let Some(event) = self.downtime.get_mut(&number)
        {
            event.end_ms = Some(at_ms);
            event.updated_ms = at_ms;
            event.version += 1;
            self.changes.push(Change::Downtime(number));
        }
        let was = machine.status;
        machine.status = next.status;
        machine.category = next.category;
        machine.status_since_ms = at_ms;
        machine.until_ms = next.until_ms;
        machine.reason = next.reason;
        machine.alarms = Vec::new();
        if let Some(category) = next.category {
            let number = self.next_event;
            self.next_event += 1;
            if category == Category::Unplanned
                && let Some(reason) = &machine.reason
            {
                machine.alarms.push(reason.alarm(number, machine.dice.between(1, 2), at_ms));
            }
            machine.open_event = Some(number);
            self.downtime.insert(
                number,
                Downtime {
                    number,
                    machine: index,
                    order: machine.order,
                    category,
                    reason: machine.reason.clone(),
                    start_ms: at_ms,
                    end_ms: None,
                    updated_ms: at_ms,
                    version: 1,
                },
            );
            self.changes.push(Change::Downtime(number));
        }
        if next.status == Status::Offline {
            // The MES notices the silence; the source measured last when it last reported.
            machine.updated_ms = at_ms;
            machine.version += 1;
        } else {
            machine.observe(at_ms);
        }
        machine.next_report_ms = at_ms + REPORT;
        let order = machine.order;
        self.changes.push(Change::Machine(index));
        self.follow_order(order, was, next.status, at_ms);
    }

    /// What the order does when its machine changes state.
    fn follow_order(&mut self, number: u64, was: Status, now: Status, at_ms: i64) {
        let Some(order) = self.orders.get_mut(&number) else { return };
        let wanted = match now {
            Status::Maintenance if order.status == OrderStatus::Active => OrderStatus::Paused,
            Status::Running => OrderStatus::Active,
            _ => order.status,
        };
        if was != now || wanted != order.status {
            if wanted == OrderStatus::Active && order.actual_start_ms.is_none() {
                order.actual_start_ms = Some(at_ms);
            }
            order.status = wanted;
            order.show(at_ms);
            self.changes.push(Change::Order(number));
        }
    }

    /// Ends a finished order and sets the machine up for its next one.
    fn finish_order(&mut self, index: usize, at_ms: i64) {
        let number = self.machines[index].order;
        if let Some(order) = self.orders.get_mut(&number) {
            order.status = OrderStatus::Completed;
            order.actual_end_ms = Some(at_ms);
            order.show(at_ms);
            self.changes.push(Change::Order(number));
        }
        let waiting = self
            .orders
            .values()
            .filter(|order| order.machine == index && order.status.is_waiting())
            .map(|order| order.number)
            .collect::<Vec<_>>();
        let last_end = waiting.last().and_then(|number| self.orders.get(number)).map_or(at_ms, |o| o.planned_end_ms);
        let next = match waiting.first() {
            Some(first) => *first,
            None => self.add_order(index, OrderStatus::Released, at_ms),
        };
        if let Some(second) = waiting.get(1).and_then(|number| self.orders.get_mut(number)) {
            second.status = OrderStatus::Released;
            second.show(at_ms);
            self.changes.push(Change::Order(second.number));
        }
        let added = self.add_order(index, OrderStatus::Planned, last_end.max(at_ms));
        self.changes.push(Change::Order(added));
        self.machines[index].order = next;
        let until_ms = at_ms + self.hurried(index, 13 * MINUTE);
        let reason = Some(Reason::from(&CHANGE_OVER));
        self.enter(index, at_ms, Next { status: Status::Setup, category: Some(Category::Setup), reason, until_ms });
    }

    /// What comes after the present state has run out.
    fn next_state(&mut self, index: usize, at_ms: i64) -> Next {
        if self.machines[index].status != Status::Running {
            let until_ms = at_ms + self.running_time(index);
            return Next { status: Status::Running, category: None, reason: None, until_ms };
        }
        let machine = &mut self.machines[index];
        if machine.id == FLAKY && machine.dice.chance(35) {
            let until_ms = at_ms + self.hurried(index, 2 * MINUTE);
            return Next { status: Status::Offline, category: None, reason: None, until_ms };
        }
        let roll = machine.dice.between(0, 99);
        let line = machine.line;
        let (status, category, causes, mean): (_, _, &[Cause], _) = match roll {
            0..=49 => (Status::Idle, Category::MinorStop, MINOR_STOPS, MINUTE),
            50..=71 => (Status::Down, Category::Unplanned, line.breakdowns, 8 * MINUTE),
            72..=81 => (Status::Setup, Category::Setup, &[TOOL_CHANGE], 12 * MINUTE),
            82..=96 => (Status::Idle, Category::Waiting, WAITS, 4 * MINUTE),
            _ => (Status::Maintenance, Category::Planned, MAINTENANCE, 25 * MINUTE),
        };
        // Now and then nobody enters why a machine waits.
        let is_unexplained = category == Category::Waiting && machine.dice.chance(20);
        let reason = machine.dice.pick(causes).filter(|_| !is_unexplained).map(Reason::from);
        let until_ms = at_ms + self.hurried(index, mean);
        Next { status, category: Some(category), reason, until_ms }
    }

    fn running_time(&mut self, index: usize) -> i64 {
        self.hurried(index, 42 * MINUTE)
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "minutes in milliseconds")]
    fn hurried(&mut self, index: usize, mean_ms: i64) -> i64 {
        let dwell = self.machines[index].dice.dwell(mean_ms);
        ((dwell as f64 / self.speed) as i64).max(2 * SECOND)
    }

    fn add_machine(&mut self, seed: u64, line: &'static Line, place: usize, cycle_ms: i64, start: i64) {
        let number = place + 1;
        let id = format!("{}-{number:02}", line.prefix);
        let index = self.machines.len();
        let mut dice = Dice::new(seed, &id);
        let until_ms = start + dice.between(MINUTE, 40 * MINUTE);
        let next_report_ms = start + dice.between(0, REPORT - 1);
        self.machines.push(Machine {
            name: format!("{} {number}", line.machine_name),
            id,
            line,
            cycle_ms,
            status: Status::Running,
            category: None,
            status_since_ms: start,
            reason: None,
            alarms: Vec::new(),
            counters: Counters { since_ms: start, ..Counters::default() },
            last_cycle_ms: cycle_ms,
            order: 0,
            metrics: line.metrics.iter().map(|kind| (kind, kind.tenths)).collect(),
            observed_ms: start,
            updated_ms: start,
            version: 1,
            open_event: None,
            until_ms,
            next_report_ms,
            next_shift_ms: self.shifts.after(start),
            counted_to_ms: start,
            partial_ms: 0,
            plans: Vec::new(),
            dice,
        });
        let active = self.add_order(index, OrderStatus::Active, start);
        self.machines[index].order = active;
        let mut from = start;
        for status in [OrderStatus::Released, OrderStatus::Planned] {
            from = self.orders.last_key_value().map_or(from, |(_, order)| order.planned_end_ms);
            self.add_order(index, status, from);
        }
    }

    fn add_order(&mut self, index: usize, status: OrderStatus, from_ms: i64) -> u64 {
        let number = self.next_order;
        self.next_order += 1;
        let machine = &mut self.machines[index];
        let product = machine.dice.pick(machine.line.products).copied().unwrap_or(("", ""));
        let hours = machine.dice.between(3, 8);
        let slack = machine.dice.between(0, 20) * HOUR;
        let priority = machine.dice.between(1, 9);
        let planned = (hours * HOUR / machine.cycle_ms / 10 * 10).max(10);
        let planned_end_ms = from_ms + planned * machine.cycle_ms * 6 / 5;
        let order = Order {
            number,
            machine: index,
            status,
            priority,
            product,
            planned,
            counted: Counters::default(),
            shown: Counters::default(),
            planned_start_ms: from_ms,
            planned_end_ms,
            due_ms: planned_end_ms + slack,
            actual_start_ms: (status == OrderStatus::Active).then_some(from_ms),
            actual_end_ms: None,
            updated_ms: self.clock_ms,
            version: 1,
        };
        self.orders.insert(number, order);
        number
    }

    /// Who stands still for which reason when the plant opens, and the stop that comes soon after.
    fn plan_opening(&mut self, seed: u64, now_ms: i64, speed: f64) {
        let mut dice = Dice::new(seed, "opening");
        let mut place = |line: usize| line * 6 + usize::try_from(dice.between(0, 3)).unwrap_or(0);
        let (setup, idle, maintenance, stop) = (place(1), place(2), place(3), place(0));
        let mut plan = |index: usize, at_ms: i64, next: Next| {
            self.machines[index].plans.insert(0, Plan { at_ms, next });
        };
        let next = |status, category, cause: Option<&Cause>, until_ms| Next {
            status,
            category,
            reason: cause.map(Reason::from),
            until_ms,
        };
        let until = now_ms + dice.between(6, 14) * MINUTE;
        let since = now_ms - dice.between(4, 12) * MINUTE;
        plan(setup, since, next(Status::Setup, Some(Category::Setup), Some(&TOOL_CHANGE), until));
        let until = now_ms + dice.between(4, 9) * MINUTE;
        let since = now_ms - dice.between(2, 5) * MINUTE;
        plan(idle, since, next(Status::Idle, Some(Category::Waiting), WAITS.first(), until));
        let until = now_ms + dice.between(20, 40) * MINUTE;
        let since = now_ms - dice.between(15, 30) * MINUTE;
        plan(maintenance, since, next(Status::Maintenance, Some(Category::Planned), MAINTENANCE.first(), until));
        // The stopper certainly runs before it stops.
        let running_since = now_ms - dice.between(20, 40) * MINUTE;
        plan(stop, running_since, next(Status::Running, None, None, i64::MAX));
        let stop_at = now_ms + dice.between(12 * SECOND, 25 * SECOND);
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "minutes in milliseconds")]
        let lasts = ((dice.between(2 * MINUTE, 4 * MINUTE) as f64 / speed) as i64).max(10 * SECOND);
        let cause = dice.pick(LINES[0].breakdowns);
        plan(stop, stop_at, next(Status::Down, Some(Category::Unplanned), cause, stop_at + lasts));
    }
}

impl Machine {
    fn next_ms(&self) -> i64 {
        let planned = self.plans.last().map_or(i64::MAX, |plan| plan.at_ms);
        self.until_ms.min(self.next_report_ms).min(planned)
    }

    /// The source measures: new values, new version.
    fn observe(&mut self, at_ms: i64) {
        for (kind, value) in &mut self.metrics {
            let is_zero = kind.is_zero_at_rest && self.status != Status::Running;
            *value = if is_zero {
                0
            } else {
                kind.tenths + self.dice.between(-kind.spread_tenths, kind.spread_tenths)
            };
        }
        self.observed_ms = at_ms;
        self.updated_ms = at_ms;
        self.version += 1;
    }
}

impl Counters {
    fn add(&mut self, made: Self) {
        self.produced += made.produced;
        self.good += made.good;
        self.scrap += made.scrap;
        self.rework += made.rework;
    }
}

impl From<&Cause> for Reason {
    fn from(cause: &Cause) -> Self {
        Self {
            code: cause.code.to_owned(),
            text: cause.text.to_owned(),
            group: cause.group.to_owned(),
            alarm: cause.alarm.to_owned(),
        }
    }
}

impl Reason {
    fn alarm(&self, number: u64, priority: i64, at_ms: i64) -> Alarm {
        Alarm {
            id: format!("AL-{number:06}"),
            code: self.code.clone(),
            text: self.alarm.clone(),
            priority: u8::try_from(priority).unwrap_or(2),
            raised_ms: at_ms,
        }
    }
}

/// Shifts begin at 06:00, 14:00 and 22:00 in the plant's zone.
#[derive(Debug)]
struct Shifts(TimeZone);

impl Shifts {
    /// Central European time by rule, so that no zone database is needed.
    fn new() -> Self {
        Self(TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap_or(TimeZone::UTC))
    }

    /// The first shift that begins after an instant.
    fn after(&self, ms: i64) -> i64 {
        let next = || {
            let local = jiff::Timestamp::from_millisecond(ms).ok()?.to_zoned(self.0.clone()).datetime();
            let starts = [(0, 6), (0, 14), (0, 22), (1, 6)];
            starts.into_iter().find_map(|(days, hour)| {
                let day = local.date().checked_add(jiff::Span::new().days(days)).ok()?;
                let start = day.at(hour, 0, 0, 0).to_zoned(self.0.clone()).ok()?.timestamp().as_millisecond();
                (start > ms).then_some(start)
            })
        };
        next().unwrap_or(ms + 8 * HOUR)
    }
}

#[cfg(test)]
#[path = "floor_tests.rs"]
mod tests;
