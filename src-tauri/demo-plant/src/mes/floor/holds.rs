//! What a person may command: hold and release an order, change the target of a machine.

use std::sync::Arc;

use super::{Category, Change, Floor, MINUTE, Next, Reason, SECOND, Status};
use crate::mes::machines::ON_HOLD;
use crate::mes::orders::OrderStatus;

/// How long a machine waits for the release of its order before it takes another one.
const PATIENCE: i64 = 15 * MINUTE;

/// Why the floor does not do as it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unwilling {
    NoSuchOrder,
    NoSuchMachine,
    /// The record has this version now.
    OtherVersion(u64),
    /// The order has this status.
    Status(OrderStatus),
}

impl Floor {
    /// Puts a released or active order on hold; its machine stops.
    pub(crate) fn hold_order(&mut self, number: u64, version: u64) -> Result<(), Unwilling> {
        let at_ms = self.clock_ms;
        let index = self.check_order(number, version)?;
        self.count(index, at_ms);
        let order = self.orders.get_mut(&number).ok_or(Unwilling::NoSuchOrder)?;
        if !matches!(order.status, OrderStatus::Released | OrderStatus::Active) {
            return Err(Unwilling::Status(order.status));
        }
        order.status = OrderStatus::Paused;
        order.is_held = true;
        order.change(at_ms);
        self.tell(Change::Order(number));
        let machine = &mut self.machines[index];
        machine.queue.retain(|waiting| *waiting != number);
        if machine.order == number
            && machine.status == Status::Running
            && let Some(next) = self.wait_for_release(index, at_ms)
        {
            self.enter(index, at_ms, next);
            self.note_due(index);
        }
        Ok(())
    }

    /// Releases a planned or paused order; a machine that waits for it goes on soon.
    pub(crate) fn release_order(&mut self, number: u64, version: u64) -> Result<(), Unwilling> {
        let at_ms = self.clock_ms;
        let index = self.check_order(number, version)?;
        let order = self.orders.get_mut(&number).ok_or(Unwilling::NoSuchOrder)?;
        if !matches!(order.status, OrderStatus::Planned | OrderStatus::Paused) {
            return Err(Unwilling::Status(order.status));
        }
        order.status = OrderStatus::Released;
        let was_held = std::mem::take(&mut order.is_held);
        order.change(at_ms);
        self.tell(Change::Order(number));
        let machine = &mut self.machines[index];
        if machine.order == number {
            if machine.is_waiting_for_release() {
                machine.until_ms = at_ms + machine.dice.between(5, 20) * SECOND;
                self.note_due(index);
            }
        } else if was_held {
            machine.queue.push_front(number);
        }
        Ok(())
    }

    /// Changes the planned time per piece of a machine and of the order on it.
    pub(crate) fn set_cycle(&mut self, id: &str, version: u64, cycle_ms: i64) -> Result<usize, Unwilling> {
        let at_ms = self.clock_ms;
        let index = self.machine_named(id).ok_or(Unwilling::NoSuchMachine)?;
        let is = self.machines[index].version;
        if is != version {
            return Err(Unwilling::OtherVersion(is));
        }
        self.count(index, at_ms);
        let machine = &mut self.machines[index];
        machine.cycle_ms = cycle_ms;
        machine.version += 1;
        machine.updated_ms = at_ms;
        let number = machine.order;
        self.take_pace(index);
        self.cut(index, at_ms);
        self.tell(Change::Machine(index));
        if let Some(order) = self.orders.get_mut(&number)
            && !order.status.is_over()
        {
            order.cycle_ms = cycle_ms;
            order.change(at_ms);
            self.tell(Change::Order(number));
        }
        self.foresee_finish(index, at_ms);
        self.note_due(index);
        Ok(index)
    }

    /// The state of a machine whose order is on hold; `None` when it is not.
    pub(super) fn wait_for_release(&mut self, index: usize, at_ms: i64) -> Option<Next> {
        let order = self.orders.get(&self.machines[index].order)?;
        order.is_held.then(|| Next {
            status: Status::Idle,
            category: Some(Category::Waiting),
            reason: Some(Arc::new(Reason::from(&ON_HOLD))),
            until_ms: at_ms + self.at_speed(PATIENCE),
        })
    }

    fn check_order(&self, number: u64, version: u64) -> Result<usize, Unwilling> {
        let order = self.orders.get(&number).ok_or(Unwilling::NoSuchOrder)?;
        if order.version == version {
            Ok(order.machine)
        } else {
            Err(Unwilling::OtherVersion(order.version))
        }
    }
}
