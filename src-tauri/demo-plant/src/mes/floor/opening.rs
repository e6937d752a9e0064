//! How the floor looks when the plant opens: machines, their first orders, and who stands still for which reason.

use super::{Category, Counters, Floor, HOUR, MINUTE, Machine, Next, Plan, REPORT, Reason, SECOND, Status};
use crate::dice::Dice;
use crate::mes::machines::{Cause, LINES, Line, MAINTENANCE, TOOL_CHANGE, WAITS};
use crate::mes::orders::{Order, OrderStatus};

impl Floor {
    pub(super) fn add_machine(
        &mut self,
        seed: u64,
        line: &'static Line,
        place: usize,
        cycle_ms: i64,
        start: i64,
    ) {
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
            counters: Counters {
                since_ms: start,
                ..Counters::default()
            },
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
            from = self
                .orders
                .last_key_value()
                .map_or(from, |(_, order)| order.planned_end_ms);
            self.add_order(index, status, from);
        }
    }

    pub(super) fn add_order(&mut self, index: usize, status: OrderStatus, from_ms: i64) -> u64 {
        let number = self.next_order;
        self.next_order += 1;
        let machine = &mut self.machines[index];
        let product = machine
            .dice
            .pick(machine.line.products)
            .copied()
            .unwrap_or(("", ""));
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
    pub(super) fn plan_opening(&mut self, seed: u64, now_ms: i64, speed: f64) {
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
        plan(
            setup,
            since,
            next(Status::Setup, Some(Category::Setup), Some(&TOOL_CHANGE), until),
        );
        let until = now_ms + dice.between(4, 9) * MINUTE;
        let since = now_ms - dice.between(2, 5) * MINUTE;
        plan(
            idle,
            since,
            next(Status::Idle, Some(Category::Waiting), WAITS.first(), until),
        );
        let until = now_ms + dice.between(20, 40) * MINUTE;
        let since = now_ms - dice.between(15, 30) * MINUTE;
        plan(
            maintenance,
            since,
            next(
                Status::Maintenance,
                Some(Category::Planned),
                MAINTENANCE.first(),
                until,
            ),
        );
        // The stopper certainly runs before it stops.
        let running_since = now_ms - dice.between(20, 40) * MINUTE;
        plan(stop, running_since, next(Status::Running, None, None, i64::MAX));
        let stop_at = now_ms + dice.between(12 * SECOND, 25 * SECOND);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            reason = "minutes in milliseconds"
        )]
        let lasts = ((dice.between(2 * MINUTE, 4 * MINUTE) as f64 / speed) as i64).max(10 * SECOND);
        let cause = dice.pick(LINES[0].breakdowns);
        plan(
            stop,
            stop_at,
            next(Status::Down, Some(Category::Unplanned), cause, stop_at + lasts),
        );
    }
}
