//! Production orders on the board: what each machine makes, and which orders are due and not ended.

use std::collections::HashMap;

use andon_domain::records::{ProductionOrder, ProductionOrderStatus};
use andon_domain::{Amount, Timestamp};
use serde::Serialize;
use ts_rs::TS;

use super::board::BoardMachine;

/// The order on a machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct BoardOrder {
    /// Number as people know it, else the key.
    pub number: String,
    /// What it makes; untrusted.
    pub product: Option<String>,
    /// To be made.
    pub planned: Option<Amount>,
    /// Good so far.
    pub good: Option<Amount>,
    /// UN/ECE Rec 20 unit.
    pub uom: Option<String>,
    /// When it is due.
    pub due: Option<Timestamp>,
}

/// An order that is due and not ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct LateOrder {
    /// Key.
    pub order_id: String,
    /// Number as people know it, else the key.
    pub number: String,
    /// What it makes; untrusted.
    pub product: Option<String>,
    /// Line.
    pub work_center: Option<String>,
    /// A machine it is on.
    pub machine_id: Option<String>,
    /// Since when it is late.
    pub due: Timestamp,
}

/// The order as the tile of a machine shows it.
pub(super) fn on_tile(order: &ProductionOrder) -> BoardOrder {
    BoardOrder {
        number: number(order),
        product: product(order),
        planned: order.quantity.planned,
        good: order.quantity.good,
        uom: order.quantity.uom.clone(),
        due: due(order),
    }
}

fn number(order: &ProductionOrder) -> String {
    order.order_number.clone().unwrap_or_else(|| order.id.clone())
}

fn product(order: &ProductionOrder) -> Option<String> {
    let product = order.product.as_ref()?;
    Some(product.name.clone().unwrap_or_else(|| product.id.clone()))
}

/// When an order is due: as told, else when it is planned to end.
pub(super) fn due(order: &ProductionOrder) -> Option<Timestamp> {
    order.due_at.or(order.planned_end)
}

/// Whether the order still has to be done. One whose status is not understood is not called late.
pub(super) const fn is_open(order: &ProductionOrder) -> bool {
    matches!(
        order.status,
        ProductionOrderStatus::Planned
            | ProductionOrderStatus::Released
            | ProductionOrderStatus::Active
            | ProductionOrderStatus::Paused
    )
}

/// The orders that are due and not ended, longest first.
pub(super) fn late_orders(
    orders: &[ProductionOrder],
    machines: &[BoardMachine],
    now: Timestamp,
) -> Vec<LateOrder> {
    let on: HashMap<&str, &str> = machines
        .iter()
        .rev()
        .filter_map(|machine| {
            Some((
                machine.status.order_id.as_deref()?,
                machine.status.machine_id.as_str(),
            ))
        })
        .collect();
    let mut late: Vec<LateOrder> = orders
        .iter()
        .filter(|order| is_open(order) && order.actual_end.is_none())
        .filter_map(|order| {
            Some(LateOrder {
                order_id: order.id.clone(),
                number: number(order),
                product: product(order),
                work_center: order.equipment.work_center.clone(),
                machine_id: on.get(order.id.as_str()).map(|id| (*id).to_owned()),
                due: due(order).filter(|due| *due < now)?,
            })
        })
        .collect();
    late.sort_by(|a, b| (a.due, &a.order_id).cmp(&(b.due, &b.order_id)));
    late
}

#[cfg(test)]
mod tests {
    use andon_domain::records::{Equipment, MachineState, OrderQuantity};

    use super::*;
    use crate::watch::tests::machine;

    fn order(id: &str, status: ProductionOrderStatus, due: i64) -> ProductionOrder {
        ProductionOrder {
            id: id.to_owned(),
            order_number: None,
            status,
            status_raw: None,
            priority: None,
            product: None,
            equipment: Equipment::default(),
            quantity: OrderQuantity::default(),
            planned_cycle_s: None,
            planned_start: None,
            planned_end: Some(Timestamp::from_millis(due)),
            due_at: None,
            actual_start: None,
            actual_end: None,
            lot_id: None,
            updated_at: None,
            version: 1,
            incomplete: Vec::new(),
        }
    }

    #[test]
    fn late_is_what_is_due_and_not_ended() {
        use ProductionOrderStatus::{Active, Completed, Paused, Unknown};
        let mut told = order("told", Active, 0);
        told.due_at = Some(Timestamp::from_millis(200));
        let mut ended = order("ended", Active, 10);
        ended.actual_end = Some(Timestamp::from_millis(20));
        let orders = [
            order("second", Paused, 50),
            order("first", Active, 10),
            order("done", Completed, 10),
            order("not understood", Unknown, 10),
            told,
            ended,
        ];
        let mut on = machine("M11", MachineState::Running, None);
        on.order_id = Some("first".to_owned());
        let on = BoardMachine {
            status: on,
            synced_at: Timestamp::from_millis(0),
            age_ms: None,
            is_stale: true,
            order: None,
        };
        let late = late_orders(&orders, &[on], Timestamp::from_millis(100));
        let told: Vec<_> = late
            .iter()
            .map(|late| (late.order_id.as_str(), late.machine_id.as_deref()))
            .collect();
        assert_eq!(told, [("first", Some("M11")), ("second", None)]);
    }
}
