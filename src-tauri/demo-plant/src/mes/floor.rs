//! The shop floor: machines that run, stop and recover, event by event, from one seed.
//! Every state change moves status, history, downtime, counters and orders together, so that no reader finds them apart.
//! The clock comes in; `speed` shortens how long states and orders last and leaves cycle times and clocks honest.

mod amendments;
mod counting;
mod holds;
mod opening;
mod orders;
mod quality;
mod shifts;
mod states;
mod words;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::sync::Arc;

use amendments::Amendment;
pub(crate) use holds::Unwilling;
pub(crate) use quality::{Disposition, Report, Verdict};
pub(crate) use shifts::{Shift, Shifts};
pub(crate) use words::{Alarm, Category, Change, Counters, Downtime, Reason, Segment, Status};

use super::machines::{Line, MetricKind};
use super::orders::Order;
use crate::dice::Dice;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// How often a machine reports its counters.
const REPORT: i64 = 10 * SECOND;
/// The same in the past, of which only the result is seen.
const PAST_REPORT: i64 = 30 * MINUTE;
const ORDER_REPORT: i64 = 30 * SECOND;
/// How often what has grown too old is thrown away.
const TRIM: i64 = MINUTE;

/// What the floor is made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// How many times faster than usual things happen.
    pub(crate) speed: f64,
    pub(crate) machines: usize,
}

/// A machine as the MES knows it.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) line: &'static Line,
    pub(crate) work_center: Arc<str>,
    /// Planned time per piece.
    pub(crate) cycle_ms: i64,
    pub(crate) status: Status,
    pub(crate) category: Option<Category>,
    pub(crate) status_since_ms: i64,
    pub(crate) reason: Option<Arc<Reason>>,
    pub(crate) alarms: Vec<Alarm>,
    pub(crate) counters: Counters,
    pub(crate) last_cycle_ms: i64,
    pub(crate) order: u64,
    pub(crate) metrics: Vec<(&'static MetricKind, i64)>,
    pub(crate) observed_ms: i64,
    pub(crate) updated_ms: i64,
    /// Counts state, order and target; measurements move `updated_ms` only, as with orders.
    pub(crate) version: u64,
    /// What it did, oldest first; the last one is still open.
    pub(crate) history: VecDeque<Segment>,
    /// Orders that wait for this machine, the next one first.
    queue: VecDeque<u64>,
    is_flaky: bool,
    pace_percent: i64,
    /// What a piece takes while the present state lasts.
    real_cycle_ms: i64,
    open_event: Option<u64>,
    until_ms: i64,
    next_report_ms: i64,
    next_shift_ms: i64,
    next_inspection_ms: i64,
    counted_to_ms: i64,
    partial_ms: i64,
    foreseen: Vec<Foreseen>,
    dice: Dice,
    inspector: Dice,
}

/// A state that a machine will take at a moment, whatever it does then; the soonest is last in its list.
#[derive(Debug, Clone)]
struct Foreseen {
    at_ms: i64,
    next: Next,
}

#[derive(Debug, Clone)]
struct Next {
    status: Status,
    category: Option<Category>,
    reason: Option<Arc<Reason>>,
    until_ms: i64,
}

/// All machines with their events, orders and reports.
#[derive(Debug)]
pub(crate) struct Floor {
    pub(crate) machines: Vec<Machine>,
    pub(crate) downtime: BTreeMap<u64, Downtime>,
    pub(crate) orders: BTreeMap<u64, Order>,
    pub(crate) reports: BTreeMap<u64, Report>,
    pub(crate) clock_ms: i64,
    pub(crate) shifts: Shifts,
    history_ms: i64,
    speed: f64,
    is_opening: bool,
    next_event: u64,
    next_order: u64,
    next_report: u64,
    next_amendment: u64,
    next_trim_ms: i64,
    changes: Vec<Change>,
    /// When each machine is due; entries that a machine has outlived are passed over.
    agenda: BinaryHeap<Reverse<(i64, usize)>>,
    amendments: BTreeMap<(i64, u64), Amendment>,
}

impl Floor {
    /// Lives on until `now_ms` and tells what changed.
    pub(crate) fn advance(&mut self, now_ms: i64) -> Vec<Change> {
        loop {
            let machine = self.next_machine().filter(|(at_ms, _)| *at_ms <= now_ms);
            let amendment = self.amendments.first_key_value().map(|(key, _)| key.0);
            let amendment = amendment.filter(|at_ms| *at_ms <= now_ms);
            match (machine, amendment) {
                (None, None) => break,
                (Some((at_ms, index)), due) if due.is_none_or(|due| at_ms < due) => {
                    self.clock_ms = self.clock_ms.max(at_ms);
                    self.step(index, at_ms);
                    self.note_due(index);
                }
                _ => self.amend(),
            }
        }
        self.clock_ms = self.clock_ms.max(now_ms);
        if self.clock_ms >= self.next_trim_ms {
            self.next_trim_ms = self.clock_ms + TRIM;
            self.forget_before(self.clock_ms - self.history_ms);
        }
        std::mem::take(&mut self.changes)
    }

    /// Brings a machine down until [`Floor::recover`]; false if there is no such machine.
    pub(crate) fn stop(&mut self, id: &str, reason: &str) -> bool {
        let Some(index) = self.machine_named(id) else {
            return false;
        };
        let known = self.machines[index]
            .line
            .breakdowns
            .iter()
            .find(|cause| cause.code == reason);
        let reason = known.map_or_else(|| Reason::by_hand(reason), Reason::from);
        let next = Next {
            status: Status::Down,
            category: Some(Category::Unplanned),
            reason: Some(Arc::new(reason)),
            until_ms: i64::MAX,
        };
        self.force(index, next);
        true
    }

    /// Lets a machine run again, or wait while its order is on hold; false if there is no such machine.
    pub(crate) fn recover(&mut self, id: &str) -> bool {
        let Some(index) = self.machine_named(id) else {
            return false;
        };
        let at_ms = self.clock_ms;
        let next = match self.wait_for_release(index, at_ms) {
            Some(waiting) => waiting,
            None => Next {
                status: Status::Running,
                category: None,
                reason: None,
                until_ms: at_ms + self.running_time(index),
            },
        };
        self.force(index, next);
        true
    }

    pub(crate) fn machine_named(&self, id: &str) -> Option<usize> {
        self.machines.iter().position(|machine| machine.id == id)
    }

    fn force(&mut self, index: usize, next: Next) {
        self.machines[index].foreseen.clear();
        let at_ms = self.clock_ms;
        self.count(index, at_ms);
        self.enter(index, at_ms, next);
        self.note_due(index);
    }

    fn next_machine(&mut self) -> Option<(i64, usize)> {
        loop {
            let Reverse((at_ms, index)) = *self.agenda.peek()?;
            if self.machines[index].due_ms() == at_ms {
                return Some((at_ms, index));
            }
            self.agenda.pop();
        }
    }

    fn note_due(&mut self, index: usize) {
        self.agenda.push(Reverse((self.machines[index].due_ms(), index)));
    }

    fn step(&mut self, index: usize, at_ms: i64) {
        self.count(index, at_ms);
        let machine = &mut self.machines[index];
        if machine.foreseen.last().is_some_and(|next| next.at_ms <= at_ms) {
            if let Some(foreseen) = machine.foreseen.pop() {
                self.enter(index, at_ms, foreseen.next);
            }
        } else if machine.until_ms <= at_ms {
            self.leave(index, at_ms);
        } else {
            self.report(index, at_ms);
        }
    }

    /// A routine report: counters, measurements, an inspection when it is time, and the order now and then.
    fn report(&mut self, index: usize, at_ms: i64) {
        let next_report_ms = at_ms + self.report_every();
        let machine = &mut self.machines[index];
        machine.next_report_ms = next_report_ms;
        if machine.status == Status::Offline {
            return;
        }
        if !self.is_opening {
            machine.observe(at_ms);
        }
        let number = machine.order;
        let is_running = machine.status == Status::Running;
        let is_inspection = is_running && machine.next_inspection_ms <= at_ms;
        self.tell(Change::Machine(index));
        let Some(order) = self.orders.get_mut(&number) else {
            return;
        };
        if order.shown != order.counted && at_ms - order.updated_ms >= ORDER_REPORT {
            order.report(at_ms);
            self.tell(Change::Order(number));
        }
        if is_inspection {
            self.inspect_sample(index, at_ms);
        }
        if is_running && self.is_finished(index) {
            self.finish_order(index, at_ms);
        } else if is_running {
            self.foresee_finish(index, at_ms);
        }
    }

    fn report_every(&self) -> i64 {
        if self.is_opening { PAST_REPORT } else { REPORT }
    }

    fn tell(&mut self, change: Change) {
        if !self.is_opening {
            self.changes.push(change);
        }
    }

    /// Throws away what ended before a moment, everywhere at once, so that nothing refers to what is gone.
    fn forget_before(&mut self, oldest_ms: i64) {
        let is_kept = |end_ms: Option<i64>| end_ms.is_none_or(|end| end > oldest_ms);
        for machine in &mut self.machines {
            while machine
                .history
                .front()
                .is_some_and(|segment| !is_kept(segment.end_ms))
            {
                machine.history.pop_front();
            }
        }
        self.downtime.retain(|_, event| is_kept(event.end_ms));
        self.reports
            .retain(|_, report| is_kept(Some(report.inspected_ms)));
        self.orders.retain(|_, order| {
            !order.status.is_over() || is_kept(order.actual_end_ms.or(Some(order.updated_ms)))
        });
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "minutes in milliseconds"
    )]
    fn at_speed(&self, time_ms: i64) -> i64 {
        ((time_ms as f64 / self.speed) as i64).max(2 * SECOND)
    }

    /// A time around a mean, shortened by the speed.
    fn hurried(&mut self, index: usize, mean_ms: i64) -> i64 {
        let dwell = self.machines[index].dice.dwell(mean_ms);
        self.at_speed(dwell)
    }

    fn running_time(&mut self, index: usize) -> i64 {
        self.hurried(index, self.machines[index].line.rates.running_min * MINUTE)
    }
}

impl Machine {
    fn due_ms(&self) -> i64 {
        let foreseen = self.foreseen.last().map_or(i64::MAX, |next| next.at_ms);
        self.until_ms.min(self.next_report_ms).min(foreseen)
    }

    /// The source measures: new values.
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
    }
}

#[cfg(test)]
mod tests;
