//! The life of orders: planned, released, worked off, finished, and planned anew when the floor runs behind.

use std::sync::Arc;

use super::{Category, Change, Counters, Floor, HOUR, MINUTE, Next, Reason, Status};
use crate::mes::machines::CHANGE_OVER;
use crate::mes::orders::{Order, OrderStatus};

impl Floor {
    pub(super) fn add_order(&mut self, index: usize, status: OrderStatus, from_ms: i64) -> u64 {
        let number = self.next_order;
        self.next_order += 1;
        let machine = &mut self.machines[index];
        let product = machine
            .dice
            .pick(machine.line.products)
            .copied()
            .unwrap_or(("", ""));
        let minutes = machine.dice.between(180, 480);
        let slack = machine.dice.between(2, 16) * HOUR;
        let priority = machine.dice.between(1, 9);
        let (cycle_ms, percent) = (machine.cycle_ms, machine.line.rates.planning_percent);
        let planned = (self.at_speed(minutes * MINUTE) / cycle_ms / 10 * 10).max(10);
        let planned_end_ms = from_ms + planned * cycle_ms * percent / 100;
        let order = Order {
            number,
            machine: index,
            status,
            is_held: false,
            priority,
            product,
            planned,
            cycle_ms,
            counted: Counters::default(),
            shown: Counters::default(),
            planned_start_ms: from_ms,
            planned_end_ms,
            due_ms: planned_end_ms + self.at_speed(slack),
            actual_start_ms: None,
            actual_end_ms: None,
            updated_ms: self.clock_ms,
            version: 1,
        };
        self.orders.insert(number, order);
        self.machines[index].queue.push_back(number);
        number
    }

    /// What the order does when its machine changes state.
    pub(super) fn follow_order(&mut self, number: u64, now: Status, at_ms: i64) {
        let Some(order) = self.orders.get_mut(&number) else {
            return;
        };
        let wanted = match now {
            _ if order.is_held => order.status,
            Status::Maintenance if order.status == OrderStatus::Active => OrderStatus::Paused,
            Status::Running => OrderStatus::Active,
            _ => order.status,
        };
        if wanted == order.status {
            order.report(at_ms);
        } else {
            order.status = wanted;
            if wanted == OrderStatus::Active {
                order.actual_start_ms.get_or_insert(at_ms);
            }
            order.change(at_ms);
        }
        self.tell(Change::Order(number));
    }

    /// Ends a finished order and sets the machine up for its next one.
    pub(super) fn finish_order(&mut self, index: usize, at_ms: i64) {
        self.inspect(index, at_ms, true);
        let number = self.machines[index].order;
        if let Some(order) = self.orders.get_mut(&number) {
            order.status = OrderStatus::Completed;
            order.actual_end_ms = Some(at_ms);
            order.change(at_ms);
            self.tell(Change::Order(number));
        }
        self.start_next_order(index, at_ms);
    }

    /// Sets the machine up for the next order that waits for it, and plans those that follow.
    pub(super) fn start_next_order(&mut self, index: usize, at_ms: i64) {
        let until_ms = at_ms + self.hurried(index, 13 * MINUTE);
        while self.machines[index].queue.len() < 3 {
            let last = self.machines[index].queue.back();
            let last = last.and_then(|number| self.orders.get(number));
            let from_ms = last.map_or(until_ms, |order| order.planned_end_ms.max(until_ms));
            let added = self.add_order(index, OrderStatus::Planned, from_ms);
            self.tell(Change::Order(added));
        }
        let Some(next) = self.machines[index].queue.pop_front() else {
            return;
        };
        self.machines[index].order = next;
        self.plan_anew(index, next, until_ms, at_ms);
        self.cancel_some(index, at_ms);
        self.enter(
            index,
            at_ms,
            Next {
                status: Status::Setup,
                category: Some(Category::Setup),
                reason: Some(Arc::new(Reason::from(&CHANGE_OVER))),
                until_ms,
            },
        );
    }

    /// The next order starts when the set-up is over, the others follow it; due dates stay as promised.
    fn plan_anew(&mut self, index: usize, next: u64, from_ms: i64, at_ms: i64) {
        let (cycle_ms, percent) = {
            let machine = &self.machines[index];
            (machine.cycle_ms, machine.line.rates.planning_percent)
        };
        let waiting: Vec<u64> = self.machines[index].queue.iter().copied().collect();
        let mut from_ms = from_ms;
        for (place, number) in std::iter::once(next).chain(waiting).enumerate() {
            let Some(order) = self.orders.get_mut(&number) else {
                continue;
            };
            if place < 2 {
                order.status = OrderStatus::Released;
            }
            let left = (order.planned - order.counted.good).max(0);
            order.cycle_ms = cycle_ms;
            order.planned_start_ms = order.actual_start_ms.unwrap_or(from_ms);
            order.planned_end_ms = from_ms + left * cycle_ms * percent / 100;
            from_ms = order.planned_end_ms;
            order.change(at_ms);
            self.tell(Change::Order(number));
        }
    }

    /// Now and then a customer changes his mind about the last order in line; another one takes its place.
    fn cancel_some(&mut self, index: usize, at_ms: i64) {
        if !self.machines[index].dice.chance(3) {
            return;
        }
        let Some(number) = self.machines[index].queue.pop_back() else {
            return;
        };
        let mut from_ms = at_ms;
        if let Some(order) = self.orders.get_mut(&number) {
            from_ms = order.planned_start_ms;
            order.status = OrderStatus::Cancelled;
            order.change(at_ms);
            self.tell(Change::Order(number));
        }
        let added = self.add_order(index, OrderStatus::Planned, from_ms);
        self.tell(Change::Order(added));
    }
}
