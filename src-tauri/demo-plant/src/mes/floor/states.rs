//! The changes of state: what a machine does next, and everything that moves with it.

use std::sync::Arc;

use super::{Category, Change, Downtime, Floor, MINUTE, Machine, Next, Reason, Status};
use crate::mes::machines::{Cause, MAINTENANCE, MINOR_STOPS, ON_HOLD, TOOL_CHANGE, WAITS};

impl Floor {
    /// Takes a new state: closes the old downtime, opens a new one, cuts the history, and tells every record that changes.
    pub(super) fn enter(&mut self, index: usize, at_ms: i64, next: Next) {
        self.close_event(index, at_ms);
        let (is_offline, is_opening) = (next.status == Status::Offline, self.is_opening);
        let next_report_ms = at_ms + self.report_every();
        let machine = &mut self.machines[index];
        machine.status = next.status;
        machine.category = next.category;
        machine.status_since_ms = at_ms;
        machine.until_ms = next.until_ms;
        machine.reason = next.reason;
        machine.alarms = Vec::new();
        machine.version += 1;
        machine.updated_ms = at_ms;
        // When a machine falls silent, the source measured last when it last reported.
        if !is_offline && !is_opening {
            machine.observe(at_ms);
        } else if !is_offline {
            machine.observed_ms = at_ms;
        }
        machine.next_report_ms = next_report_ms;
        let order = machine.order;
        if let Some(category) = next.category {
            self.open_event(index, category, at_ms);
        }
        self.take_pace(index);
        self.cut(index, at_ms);
        self.tell(Change::Machine(index));
        self.follow_order(order, next.status, at_ms);
        self.foresee_finish(index, at_ms);
    }

    /// What follows when the present state has run out.
    pub(super) fn leave(&mut self, index: usize, at_ms: i64) {
        if self.machines[index].is_waiting_for_release() && self.is_held(index) {
            return self.start_next_order(index, at_ms);
        }
        let next = match self.wait_for_release(index, at_ms) {
            Some(waiting) => waiting,
            None => self.next_state(index, at_ms),
        };
        self.enter(index, at_ms, next);
    }

    /// What a piece really takes from now on.
    pub(super) fn take_pace(&mut self, index: usize) {
        let machine = &mut self.machines[index];
        let percent = machine.pace_percent * machine.dice.between(98, 102);
        machine.real_cycle_ms = (machine.cycle_ms * percent / 10_000).max(1);
        // A piece that was begun is not done by a faster pace alone.
        machine.partial_ms = machine.partial_ms.min(machine.real_cycle_ms - 1);
    }

    fn is_held(&self, index: usize) -> bool {
        self.orders
            .get(&self.machines[index].order)
            .is_some_and(|order| order.is_held)
    }

    fn close_event(&mut self, index: usize, at_ms: i64) {
        let Some(number) = self.machines[index].open_event.take() else {
            return;
        };
        if let Some(event) = self.downtime.get_mut(&number) {
            event.end_ms = Some(at_ms);
            event.updated_ms = at_ms;
            event.version += 1;
            self.tell(Change::Downtime(number));
            self.foresee_amendment(number, at_ms);
        }
    }

    fn open_event(&mut self, index: usize, category: Category, at_ms: i64) {
        let number = self.next_event;
        self.next_event += 1;
        let machine = &mut self.machines[index];
        if category == Category::Unplanned
            && let Some(reason) = &machine.reason
        {
            let alarm = reason.alarm(number, machine.dice.between(1, 2), at_ms);
            machine.alarms.push(alarm);
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
                comment: None,
                is_deleted: false,
                updated_ms: at_ms,
                version: 1,
            },
        );
        self.tell(Change::Downtime(number));
    }

    fn next_state(&mut self, index: usize, at_ms: i64) -> Next {
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
        if machine.is_flaky && machine.dice.chance(25) {
            let until_ms = at_ms + self.hurried(index, 12 * MINUTE);
            return Next {
                status: Status::Offline,
                category: None,
                reason: None,
                until_ms,
            };
        }
        let rates = &machine.line.rates;
        let [minor, breakdown, tool, wait] = rates.stops;
        let roll = machine.dice.between(0, 99);
        let (status, category, causes, mean_ms): (_, _, &'static [Cause], _) = if roll < minor {
            (Status::Idle, Category::MinorStop, MINOR_STOPS, 70 * super::SECOND)
        } else if roll < minor + breakdown {
            let mean_ms = rates.repair_min * MINUTE;
            (
                Status::Down,
                Category::Unplanned,
                machine.line.breakdowns,
                mean_ms,
            )
        } else if roll < minor + breakdown + tool {
            (Status::Setup, Category::Setup, &[TOOL_CHANGE], 13 * MINUTE)
        } else if roll < minor + breakdown + tool + wait {
            (Status::Idle, Category::Waiting, WAITS, rates.waiting_min * MINUTE)
        } else {
            (Status::Maintenance, Category::Planned, MAINTENANCE, 35 * MINUTE)
        };
        // Now and then nobody enters why a machine waits.
        let is_unexplained = category == Category::Waiting && machine.dice.chance(25);
        let reason = machine
            .dice
            .pick(causes)
            .filter(|_| !is_unexplained)
            .map(|cause| Arc::new(Reason::from(cause)));
        let until_ms = at_ms + self.hurried(index, mean_ms);
        Next {
            status,
            category: Some(category),
            reason,
            until_ms,
        }
    }
}

impl Machine {
    pub(super) fn is_waiting_for_release(&self) -> bool {
        self.status == Status::Idle
            && self
                .reason
                .as_ref()
                .is_some_and(|reason| reason.code == ON_HOLD.code)
    }
}
