//! The changes of state: what a machine does next, and everything that moves with it.

use super::{Category, Change, Downtime, Floor, MINUTE, Next, REPORT, Reason, SECOND, Status};
use crate::mes::machines::{CHANGE_OVER, Cause, FLAKY, MAINTENANCE, MINOR_STOPS, TOOL_CHANGE, WAITS};
use crate::mes::orders::OrderStatus;

impl Floor {
    /// Takes a new state: closes the old downtime, opens a new one, and bumps every record that changes.
    pub(super) fn enter(&mut self, index: usize, at_ms: i64, next: Next) {
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
                machine
                    .alarms
                    .push(reason.alarm(number, machine.dice.between(1, 2), at_ms));
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
    pub(super) fn follow_order(&mut self, number: u64, was: Status, now: Status, at_ms: i64) {
        let Some(order) = self.orders.get_mut(&number) else {
            return;
        };
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
    pub(super) fn finish_order(&mut self, index: usize, at_ms: i64) {
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
        let last_end = waiting
            .last()
            .and_then(|number| self.orders.get(number))
            .map_or(at_ms, |o| o.planned_end_ms);
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
        self.enter(
            index,
            at_ms,
            Next {
                status: Status::Setup,
                category: Some(Category::Setup),
                reason,
                until_ms,
            },
        );
    }

    /// What comes after the present state has run out.
    pub(super) fn next_state(&mut self, index: usize, at_ms: i64) -> Next {
        if self.machines[index].status != Status::Running {
            let until_ms = at_ms + self.running_time(index);
            return Next {
                status: Status::Running,
                category: None,
                reason: None,
                until_ms,
            };
        }
        let machine = &mut self.machines[index];
        if machine.id == FLAKY && machine.dice.chance(35) {
            let until_ms = at_ms + self.hurried(index, 2 * MINUTE);
            return Next {
                status: Status::Offline,
                category: None,
                reason: None,
                until_ms,
            };
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
        let reason = machine
            .dice
            .pick(causes)
            .filter(|_| !is_unexplained)
            .map(Reason::from);
        let until_ms = at_ms + self.hurried(index, mean);
        Next {
            status,
            category: Some(category),
            reason,
            until_ms,
        }
    }

    pub(super) fn running_time(&mut self, index: usize) -> i64 {
        self.hurried(index, 42 * MINUTE)
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "minutes in milliseconds"
    )]
    pub(super) fn hurried(&mut self, index: usize, mean_ms: i64) -> i64 {
        let dwell = self.machines[index].dice.dwell(mean_ms);
        ((dwell as f64 / self.speed) as i64).max(2 * SECOND)
    }
}
