//! Orders posted in this run (or, with a state file, in earlier ones), kept as the rows they came in.

use rust_decimal::Decimal;

use super::Draft;
use crate::sap::edm::Edm;
use crate::sap::schema::{Row, SetId};

/// The posted orders with their parts, each list in key order because numbers only grow.
#[derive(Debug, Default)]
pub(super) struct Filed {
    orders: Vec<Row>,
    items: Vec<Row>,
    schedule: Vec<Row>,
    accounts: Vec<Row>,
}

impl Filed {
    pub(super) fn rows(&self, set: SetId) -> &[Row] {
        match set {
            SetId::PurchaseOrder => &self.orders,
            SetId::PurchaseOrderItem => &self.items,
            SetId::ScheduleLine => &self.schedule,
            SetId::AccountAssignment => &self.accounts,
            _ => &[],
        }
    }

    /// What belongs to one order in a set.
    pub(super) fn of_order(&self, set: SetId, number: &str) -> &[Row] {
        let rows = self.rows(set);
        let (start, end) = span(rows, number_field(set), number);
        rows.get(start..end).unwrap_or_default()
    }

    pub(super) fn enter(&mut self, draft: Draft, number: &str) {
        let own = || Edm::text(number.to_owned());
        self.orders.push(draft.header.with("PurchaseOrder", own()));
        for item in draft.items {
            let line = item.row.text("PurchaseOrderItem").to_owned();
            let unit = item.row.text("PurchaseOrderQuantityUnit").to_owned();
            self.schedule.push(
                Row::default()
                    .with("PurchasingDocument", own())
                    .with("PurchasingDocumentItem", Edm::text(line.clone()))
                    .with("ScheduleLine", Edm::text("0001"))
                    .with("ScheduleLineDeliveryDate", Edm::DateTime(item.delivery_ms))
                    .with(
                        "ScheduleLineOrderQuantity",
                        Edm::Decimal(item.row.decimal("OrderQuantity")),
                    )
                    .with("PurchaseOrderQuantityUnit", Edm::text(unit)),
            );
            self.accounts.extend(item.accounts.into_iter().map(|account| {
                account
                    .with("PurchaseOrder", own())
                    .with("PurchaseOrderItem", Edm::text(line.clone()))
            }));
            self.items.push(item.row.with("PurchaseOrder", own()));
        }
    }

    /// Marks an order as delivered and gives what arrived: material, plant, quantity.
    pub(super) fn receive(&mut self, number: &str, now_ms: i64) -> Vec<(String, String, Decimal)> {
        let (start, end) = span(&self.items, "PurchaseOrder", number);
        let mut arrived = Vec::new();
        for item in self.items.get_mut(start..end).unwrap_or_default() {
            arrived.push((
                item.text("Material").to_owned(),
                item.text("Plant").to_owned(),
                item.decimal("OrderQuantity"),
            ));
            item.set("IsCompletelyDelivered", Edm::Boolean(true));
        }
        let (start, end) = span(&self.orders, "PurchaseOrder", number);
        for order in self.orders.get_mut(start..end).unwrap_or_default() {
            order.set("LastChangeDateTime", Edm::DateTimeOffset(now_ms));
        }
        arrived
    }
}

fn number_field(set: SetId) -> &'static str {
    if set == SetId::ScheduleLine {
        "PurchasingDocument"
    } else {
        "PurchaseOrder"
    }
}

fn span(rows: &[Row], field: &str, number: &str) -> (usize, usize) {
    (
        rows.partition_point(|row| row.text(field) < number),
        rows.partition_point(|row| row.text(field) <= number),
    )
}
