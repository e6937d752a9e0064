//! The shop floor: machines that run, stop and recover, event by event, from one seed.
//! Every state change moves status, downtime, counters and orders together, so that no reader finds them apart.
//! The clock comes in; `speed` shortens how long states last and leaves cycle times and clocks honest.

mod opening;
mod shifts;
mod states;

use std::collections::BTreeMap;

use shifts::Shifts;

use super::machines::{Cause, LINES, Line, MetricKind};
use super::orders::Order;
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
        self.downtime
            .retain(|_, event| event.end_ms.is_none_or(|end| end > oldest));
        self.orders
            .retain(|_, order| order.actual_end_ms.is_none_or(|end| end > oldest));
        std::mem::take(&mut self.changes)
    }

    /// Brings a machine down until [`Floor::recover`]; false if there is no such machine.
    pub(crate) fn stop(&mut self, id: &str, reason: &str) -> bool {
        let Some(index) = self.machines.iter().position(|machine| machine.id == id) else {
            return false;
        };
        let known = self.machines[index]
            .line
            .breakdowns
            .iter()
            .find(|cause| cause.code == reason);
        let reason = known.map_or_else(
            || Reason {
                code: "X900".to_owned(),
                text: reason.to_owned(),
                group: "operator".to_owned(),
                alarm: reason.to_owned(),
            },
            Reason::from,
        );
        self.force(
            index,
            Status::Down,
            Some(Category::Unplanned),
            Some(reason),
            i64::MAX,
        );
        true
    }

    /// Lets a machine run again; false if there is no such machine.
    pub(crate) fn recover(&mut self, id: &str) -> bool {
        let Some(index) = self.machines.iter().position(|machine| machine.id == id) else {
            return false;
        };
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
        self.enter(
            index,
            at_ms,
            Next {
                status,
                category,
                reason,
                until_ms,
            },
        );
    }

    fn next_machine(&self, now_ms: i64) -> Option<usize> {
        let next = self
            .machines
            .iter()
            .enumerate()
            .min_by_key(|(_, machine)| machine.next_ms())?;
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
        let Some(order) = self.orders.get_mut(&order_number) else {
            return;
        };
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
            machine.counters = Counters {
                since_ms: boundary,
                ..Counters::default()
            };
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

#[cfg(test)]
mod tests;
