//! How the floor looks when the plant opens: machines, their orders and their past, who stands still for which reason,
//! and what will happen soon.

use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::sync::Arc;

use super::{
    Category, Counters, Floor, Foreseen, HOUR, MINUTE, Machine, Next, Plan, REPORT, Reason, SECOND, Shifts,
    Status,
};
use crate::dice::Dice;
use crate::mes::machines::{Cause, LINES, MAINTENANCE, TOOL_CHANGE, WAITS};
use crate::mes::orders::OrderStatus;

/// Eight days for up to 120 machines, so that a window of seven days is full; less for more, but never less than a day,
/// so that 5,000 machines start in seconds and stay below a GiB.
pub(super) fn history_ms(machines: usize) -> i64 {
    let machines = i64::try_from(machines).unwrap_or(i64::MAX).max(120);
    (8 * 24 * HOUR * 120 / machines).max(24 * HOUR)
}

impl Floor {
    /// A floor with its past at `now_ms`, someone in setup, idle and maintenance, and a stop to come.
    pub(crate) fn open(plan: Plan, now_ms: i64) -> Self {
        let history_ms = history_ms(plan.machines);
        // A little more than is kept, so that the oldest hours are not all beginnings.
        let start = now_ms - history_ms - 2 * HOUR;
        let mut floor = Self {
            machines: Vec::new(),
            downtime: BTreeMap::new(),
            orders: BTreeMap::new(),
            reports: BTreeMap::new(),
            clock_ms: start,
            shifts: Shifts::new(),
            history_ms,
            // The past is lived at the usual pace; only what follows is hurried.
            speed: 1.0,
            is_opening: true,
            next_event: 1,
            next_order: 100_001,
            next_report: 1,
            next_amendment: 1,
            next_trim_ms: 0,
            changes: Vec::new(),
            agenda: BinaryHeap::new(),
            amendments: BTreeMap::new(),
        };
        for index in 0..plan.machines {
            floor.add_machine(plan, index, start);
        }
        floor.plan_opening(plan, now_ms);
        floor.advance(now_ms);
        floor.speed = plan.speed;
        floor.begin_present(plan, now_ms);
        floor.is_opening = false;
        floor
    }

    /// Lines of six in turn, one of each kind; large plants have lines of twenty-five.
    fn add_machine(&mut self, plan: Plan, index: usize, start: i64) {
        let per_line = if plan.machines > 240 { 25 } else { 6 };
        let (line_number, place) = (index / per_line, index % per_line);
        let line = &LINES[line_number % LINES.len()];
        let number = line_number / LINES.len() * per_line + place + 1;
        let width = if plan.machines > 240 { 4 } else { 2 };
        let id = format!("{}-{number:0width$}", line.prefix);
        let mut dice = Dice::new(plan.seed, &id);
        let inspector = Dice::new(plan.seed, &format!("{id} inspections"));
        let cycle_ms = line.cycle_ms[place % line.cycle_ms.len()];
        let until_ms = start + dice.between(MINUTE, 40 * MINUTE);
        let next_report_ms = start + dice.between(0, super::PAST_REPORT);
        let next_inspection_ms = start + dice.between(0, 75 * MINUTE);
        let pace_percent = dice.between(line.rates.pace_percent.0, line.rates.pace_percent.1);
        self.machines.push(Machine {
            name: format!("{} {number}", line.machine_name),
            id,
            line,
            work_center: Arc::from(format!("L{}", line_number + 1)),
            cycle_ms,
            status: Status::Running,
            category: None,
            status_since_ms: start,
            reason: None,
            alarms: Vec::new(),
            counters: Counters {
                since_ms: start,
                ..Counters::default()
            },
            last_cycle_ms: cycle_ms,
            order: 0,
            metrics: line.metrics.iter().map(|kind| (kind, kind.tenths)).collect(),
            observed_ms: start,
            updated_ms: start,
            version: 0,
            history: VecDeque::new(),
            queue: VecDeque::new(),
            is_flaky: index % 24 == 22,
            pace_percent,
            real_cycle_ms: cycle_ms,
            open_event: None,
            until_ms,
            next_report_ms,
            next_shift_ms: self.shifts.after(start),
            next_inspection_ms,
            counted_to_ms: start,
            partial_ms: 0,
            foreseen: Vec::new(),
            dice,
            inspector,
        });
        let mut from = start;
        for status in [OrderStatus::Released, OrderStatus::Released, OrderStatus::Planned] {
            let added = self.add_order(index, status, from);
            from = self.orders.get(&added).map_or(from, |order| order.planned_end_ms);
        }
        self.machines[index].order = self.machines[index].queue.pop_front().unwrap_or(0);
        let next = Next {
            status: Status::Running,
            category: None,
            reason: None,
            until_ms,
        };
        self.enter(index, start, next);
        self.machines[index].next_report_ms = next_report_ms;
        self.note_due(index);
    }

    /// Who stands still for which reason when the plant opens, and the stop that comes soon after.
    fn plan_opening(&mut self, plan: Plan, now_ms: i64) {
        let mut dice = Dice::new(plan.seed, "opening");
        let mut place = |line: usize| {
            (line * 6 + usize::try_from(dice.between(0, 3)).unwrap_or(0)) % self.machines.len().max(1)
        };
        let (setup, idle, maintenance, stop) = (place(1), place(2), place(3), place(0));
        let mut foresee = |index: usize, at_ms: i64, next: Next| {
            if let Some(machine) = self.machines.get_mut(index) {
                machine.foreseen.push(Foreseen { at_ms, next });
                machine
                    .foreseen
                    .sort_by_key(|foreseen| std::cmp::Reverse(foreseen.at_ms));
            }
        };
        let next = |status, category, cause: Option<&Cause>, until_ms| Next {
            status,
            category,
            reason: cause.map(|cause| Arc::new(Reason::from(cause))),
            until_ms,
        };
        let until = now_ms + dice.between(6, 14) * MINUTE;
        let since = now_ms - dice.between(4, 12) * MINUTE;
        let change = next(Status::Setup, Some(Category::Setup), Some(&TOOL_CHANGE), until);
        foresee(setup, since, change);
        let until = now_ms + dice.between(4, 9) * MINUTE;
        let since = now_ms - dice.between(2, 5) * MINUTE;
        let wait = next(Status::Idle, Some(Category::Waiting), WAITS.first(), until);
        foresee(idle, since, wait);
        let until = now_ms + dice.between(20, 40) * MINUTE;
        let since = now_ms - dice.between(15, 30) * MINUTE;
        let (status, category) = (Status::Maintenance, Some(Category::Planned));
        foresee(
            maintenance,
            since,
            next(status, category, MAINTENANCE.first(), until),
        );
        // The stopper certainly runs before it stops.
        let running_since = now_ms - dice.between(20, 40) * MINUTE;
        foresee(stop, running_since, next(Status::Running, None, None, i64::MAX));
        let stop_at = now_ms + dice.between(12 * SECOND, 25 * SECOND);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            reason = "minutes in milliseconds"
        )]
        let lasts = ((dice.between(2 * MINUTE, 4 * MINUTE) as f64 / plan.speed) as i64).max(10 * SECOND);
        let cause = dice.pick(LINES[0].breakdowns);
        let (status, category) = (Status::Down, Some(Category::Unplanned));
        foresee(stop, stop_at, next(status, category, cause, stop_at + lasts));
        for index in [setup, idle, maintenance, stop] {
            if index < self.machines.len() {
                self.note_due(index);
            }
        }
    }

    /// Brings every record up to the present, and prepares what a newcomer should see soon: an order that ends, one that
    /// becomes late, and one on hold.
    fn begin_present(&mut self, plan: Plan, now_ms: i64) {
        let mut dice = Dice::new(plan.seed, "present");
        for index in 0..self.machines.len() {
            self.count(index, now_ms);
            let machine = &mut self.machines[index];
            if machine.status != Status::Offline {
                machine.observe(now_ms - dice.between(0, 4 * SECOND));
            }
            machine.next_report_ms = now_ms + dice.between(SECOND, REPORT);
            // What was drawn for the usual pace is waited for at the present one.
            if machine.until_ms != i64::MAX {
                let left = machine.until_ms - now_ms;
                self.machines[index].until_ms = now_ms + self.at_speed(left);
            }
            self.hurry_orders(index, now_ms);
            self.note_due(index);
        }
        let runners: Vec<usize> = (0..self.machines.len())
            .filter(|index| self.machines[*index].status == Status::Running)
            .filter(|index| self.machines[*index].foreseen.is_empty())
            .collect();
        let mut runners = runners.into_iter();
        if let Some(index) = runners.next_back() {
            self.end_soon(index, now_ms + dice.between(70, 150) * SECOND);
        }
        let mut long = runners.filter(|index| self.left_ms(*index) > 20 * MINUTE);
        if let Some(order) = long.next().and_then(|index| self.present_order(index)) {
            order.due_ms = now_ms + dice.between(45, 120) * SECOND;
        }
        let waiting = self
            .machines
            .iter()
            .rev()
            .find_map(|machine| machine.queue.front());
        if let Some(number) = waiting.copied()
            && let Some(version) = self.orders.get(&number).map(|order| order.version)
            && self.hold_order(number, version).is_err()
        {
            tracing::debug!(number, "no order on hold at the opening");
        }
    }

    /// Orders of the past are as long as usual; at a higher speed what is left of them shrinks.
    fn hurry_orders(&mut self, index: usize, now_ms: i64) {
        let machine = &self.machines[index];
        let numbers: Vec<u64> = std::iter::once(machine.order)
            .chain(machine.queue.iter().copied())
            .collect();
        for number in numbers {
            let speed = self.speed;
            if let Some(order) = self.orders.get_mut(&number) {
                let left = (order.planned - order.counted.good).max(1);
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_precision_loss,
                    reason = "pieces of one order"
                )]
                let left = ((left as f64 / speed.max(1.0)) as i64).max(1);
                order.planned = order.counted.good + left;
                order.report(order.updated_ms.max(now_ms - 20 * SECOND));
            }
        }
        self.foresee_finish(index, now_ms);
    }

    /// Makes the order on a machine small enough to end at about a moment.
    fn end_soon(&mut self, index: usize, at_ms: i64) {
        let real_cycle_ms = self.machines[index].real_cycle_ms;
        let left = ((at_ms - self.clock_ms) / real_cycle_ms).max(1);
        // It certainly runs until then.
        self.machines[index].until_ms = self.machines[index].until_ms.max(at_ms + MINUTE);
        if let Some(order) = self.present_order(index) {
            order.planned = order.counted.good + left;
        }
        self.foresee_finish(index, self.clock_ms);
        self.note_due(index);
    }

    fn left_ms(&self, index: usize) -> i64 {
        let machine = &self.machines[index];
        self.orders.get(&machine.order).map_or(0, |order| {
            (order.planned - order.counted.good) * machine.real_cycle_ms
        })
    }

    fn present_order(&mut self, index: usize) -> Option<&mut super::Order> {
        self.orders.get_mut(&self.machines[index].order)
    }
}
