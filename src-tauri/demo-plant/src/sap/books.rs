//! The books of the demo SAP: orders, items, schedule lines and stock, their made-up history and the goods
//! movements that keep stock alive. Times come in; numbers come from one seed.

mod history;

use std::collections::BTreeMap;

use history::{past_order, stock};
use rust_decimal::Decimal;

use super::edm::Edm;
use super::query::Rows;
use super::schema::{Row, SetId};
use crate::company::{MATERIALS, Material};
use crate::dice::Dice;

const DAY_MS: i64 = 86_400_000;
const HISTORY_ORDERS: usize = 300;
const FIRST_NUMBER: u64 = 4_500_000_001;

/// All rows, each list in key order.
#[derive(Debug)]
pub(crate) struct Books {
    orders: Vec<Row>,
    items: Vec<Row>,
    schedule: Vec<Row>,
    stock: Vec<Row>,
    materials: Vec<Row>,
    next_number: u64,
    by_reference: BTreeMap<String, u64>,
    created: u64,
    receipts: Vec<Receipt>,
    dice: Dice,
}

/// A checked purchase order on its way into the books; numbers are given when it is filed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Draft {
    pub(crate) header: Row,
    pub(crate) items: Vec<DraftItem>,
}

/// An item with its delivery date (milliseconds, UTC midnight).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DraftItem {
    pub(crate) row: Row,
    pub(crate) delivery_ms: i64,
}

/// Goods that arrive for an order of this run.
#[derive(Debug)]
struct Receipt {
    due_ms: i64,
    order: String,
}

impl Rows for Books {
    fn rows(&self, set: SetId) -> Vec<&Row> {
        let rows = match set {
            SetId::PurchaseOrder => &self.orders,
            SetId::PurchaseOrderItem => &self.items,
            SetId::ScheduleLine => &self.schedule,
            SetId::StockBucket => &self.stock,
            SetId::MaterialStock => &self.materials,
        };
        rows.iter().collect()
    }
}

impl Books {
    /// Books with a history that ends at `now_ms`.
    pub(crate) fn open(seed: u64, now_ms: i64) -> Self {
        let mut books = Self {
            orders: Vec::new(),
            items: Vec::new(),
            schedule: Vec::new(),
            stock: stock(seed),
            materials: MATERIALS
                .iter()
                .map(|material| {
                    Row::default()
                        .with("Material", Edm::text(material.number))
                        .with("MaterialBaseUnit", Edm::text(material.unit))
                })
                .collect(),
            next_number: FIRST_NUMBER,
            by_reference: BTreeMap::new(),
            created: 0,
            receipts: Vec::new(),
            dice: Dice::new(seed, "goods movements"),
        };
        books.write_history(seed, now_ms);
        books
    }

    pub(crate) fn created(&self) -> u64 {
        self.created
    }

    pub(crate) fn by_reference(&self) -> &BTreeMap<String, u64> {
        &self.by_reference
    }

    pub(crate) fn order(&self, number: &str) -> Option<&Row> {
        self.orders.iter().find(|row| row.text("PurchaseOrder") == number)
    }

    /// Enters an order of this run and gives its number. The same reference twice makes two orders, as in SAP.
    pub(crate) fn file(&mut self, draft: Draft, now_ms: i64) -> String {
        let reference = draft.header.text("CorrespncExternalReference").to_owned();
        if !reference.is_empty() {
            *self.by_reference.entry(reference).or_default() += 1;
        }
        self.created += 1;
        let number = self.enter(draft);
        let wait_ms = self.dice.between(6, 12) * 60_000;
        self.receipts.push(Receipt {
            due_ms: now_ms + wait_ms,
            order: number.clone(),
        });
        number
    }

    fn enter(&mut self, draft: Draft) -> String {
        let number = self.next_number.to_string();
        self.next_number += 1;
        self.orders
            .push(draft.header.with("PurchaseOrder", Edm::text(number.clone())));
        for DraftItem { row, delivery_ms } in draft.items {
            let quantity = row.raw("OrderQuantity").map_or(Decimal::ZERO, Edm::as_decimal);
            self.schedule.push(
                Row::default()
                    .with("PurchasingDocument", Edm::text(number.clone()))
                    .with("PurchasingDocumentItem", Edm::text(row.text("PurchaseOrderItem")))
                    .with("ScheduleLine", Edm::text("0001"))
                    .with("ScheduleLineDeliveryDate", Edm::DateTime(delivery_ms))
                    .with("ScheduleLineOrderQuantity", Edm::Decimal(quantity))
                    .with(
                        "PurchaseOrderQuantityUnit",
                        Edm::text(row.text("PurchaseOrderQuantityUnit")),
                    ),
            );
            self.items
                .push(row.with("PurchaseOrder", Edm::text(number.clone())));
        }
        number
    }

    /// Books the receipts that are due and draws one material down; called about twice a minute.
    pub(crate) fn move_goods(&mut self, now_ms: i64) {
        let (due, later) = std::mem::take(&mut self.receipts)
            .into_iter()
            .partition(|r| r.due_ms <= now_ms);
        self.receipts = later;
        for receipt in due {
            self.receive(&receipt, now_ms);
        }
        let Some(material) = self.dice.pick(MATERIALS) else {
            return;
        };
        let Some(plant) = self.dice.pick(material.plants).copied() else {
            return;
        };
        // An issue leaves about as much as the reorder point, so that somebody soon has something to order.
        let left = Decimal::from(material.reorder_point * self.dice.between(55, 125) / 100).max(Decimal::ONE);
        self.change_stock(material, plant, |stock| stock.min(left));
    }

    fn receive(&mut self, receipt: &Receipt, now_ms: i64) {
        let mut arrived = Vec::new();
        for item in self
            .items
            .iter_mut()
            .filter(|item| item.text("PurchaseOrder") == receipt.order)
        {
            let quantity = item.raw("OrderQuantity").map_or(Decimal::ZERO, Edm::as_decimal);
            arrived.push((
                item.text("Material").to_owned(),
                item.text("Plant").to_owned(),
                quantity,
            ));
            item.set("IsCompletelyDelivered", Edm::Boolean(true));
        }
        for (material, plant, quantity) in arrived {
            if let Some(material) = Material::named(&material) {
                self.change_stock(material, &plant, |stock| stock + quantity);
            }
        }
        if let Some(order) = self
            .orders
            .iter_mut()
            .find(|row| row.text("PurchaseOrder") == receipt.order)
        {
            order.set("LastChangeDateTime", Edm::DateTimeOffset(now_ms));
        }
        tracing::info!(order = receipt.order, "goods received");
    }

    fn change_stock(&mut self, material: &Material, plant: &str, change: impl Fn(Decimal) -> Decimal) {
        let bucket = self.stock.iter_mut().find(|row| {
            row.text("Material") == material.number
                && row.text("Plant") == plant
                && row.text("InventoryStockType") == "01"
                && row.text("InventorySpecialStockType").is_empty()
                && row
                    .raw(QUANTITY)
                    .is_some_and(|quantity| quantity.as_decimal() > Decimal::ZERO)
        });
        if let Some(bucket) = bucket {
            let before = bucket.raw(QUANTITY).map_or(Decimal::ZERO, Edm::as_decimal);
            bucket.set(QUANTITY, Edm::Decimal(change(before).normalize()));
        }
    }

    fn write_history(&mut self, seed: u64, now_ms: i64) {
        let mut dice = Dice::new(seed, "order history");
        let today = now_ms - now_ms.rem_euclid(DAY_MS);
        for index in 0..HISTORY_ORDERS {
            // About thirteen months, oldest first, closer together towards today.
            let back = i64::try_from(HISTORY_ORDERS - index).unwrap_or(0);
            let date = today - (back * 4 / 3 + dice.between(0, 1)) * DAY_MS;
            let draft = past_order(&mut dice, date, today);
            self.enter(draft);
        }
    }
}

const QUANTITY: &str = "MatlWrhsStkQtyInMatlBaseUnit";

/// The fields that follow from the material and the item number.
pub(crate) fn fill_item(row: Row, material: &Material, line: i64, plant: &str, quantity: Decimal) -> Row {
    row.with("PurchaseOrderItem", Edm::text(format!("{line:05}")))
        .with("PurchaseOrderItemText", Edm::text(material.text))
        .with("Plant", Edm::text(plant))
        .with("MaterialGroup", Edm::text(material.group))
        .with("Material", Edm::text(material.number))
        .with("OrderQuantity", Edm::Decimal(quantity))
        .with("PurchaseOrderQuantityUnit", Edm::text(material.unit))
        .with("OrderPriceUnit", Edm::text(material.unit))
        .with("OrderPriceUnitToOrderUnitNmrtr", Edm::Decimal(Decimal::ONE))
        .with("OrdPriceUnitToOrderUnitDnmntr", Edm::Decimal(Decimal::ONE))
        .with("TaxCode", Edm::text("V1"))
        .with("GoodsReceiptIsExpected", Edm::Boolean(true))
        .with("InvoiceIsExpected", Edm::Boolean(true))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::company::SHORT_AT_OPENING;

    const NOW: i64 = 1_795_000_000_000;

    fn unrestricted(books: &Books, material: &str, plant: &str) -> Decimal {
        books
            .rows(SetId::StockBucket)
            .iter()
            .filter(|row| {
                row.text("Material") == material
                    && row.text("Plant") == plant
                    && row.text("InventoryStockType") == "01"
                    && row.text("InventorySpecialStockType").is_empty()
            })
            .map(|row| row.raw(QUANTITY).map_or(Decimal::ZERO, Edm::as_decimal))
            .sum()
    }

    #[test]
    fn the_history_has_300_orders_with_items_and_unique_keys() {
        for seed in [1, 22_400, u64::MAX] {
            let books = Books::open(seed, NOW);
            assert_eq!(books.orders.len(), 300);
            assert!(books.orders.iter().all(|order| {
                books
                    .items
                    .iter()
                    .any(|item| item.text("PurchaseOrder") == order.text("PurchaseOrder"))
            }));
            for set in [
                SetId::PurchaseOrder,
                SetId::PurchaseOrderItem,
                SetId::ScheduleLine,
                SetId::StockBucket,
            ] {
                let rows = books.rows(set);
                let keys: BTreeSet<String> = rows.iter().map(|row| row.key_predicate(set.set())).collect();
                assert_eq!(keys.len(), rows.len(), "keys of {set:?} are not unique");
            }
        }
    }

    #[test]
    fn history_lies_in_the_past_and_uses_every_supplier() {
        let books = Books::open(22_400, NOW);
        let dates: Vec<i64> = books
            .orders
            .iter()
            .filter_map(|row| match row.raw("PurchaseOrderDate") {
                Some(Edm::DateTime(ms)) => Some(*ms),
                _ => None,
            })
            .collect();
        assert!(
            dates.iter().all(|ms| *ms <= NOW && ms % DAY_MS == 0),
            "dates are past midnights"
        );
        let suppliers: BTreeSet<&str> = books.orders.iter().map(|row| row.text("Supplier")).collect();
        assert_eq!(suppliers.len(), 12);
    }

    #[test]
    fn opening_shortages_are_true_at_every_seed() {
        for seed in 0..20 {
            let books = Books::open(seed, NOW);
            for (number, plant) in SHORT_AT_OPENING {
                let reorder = Decimal::from(Material::named(number).unwrap().reorder_point);
                assert!(
                    unrestricted(&books, number, plant) < reorder,
                    "{number} in {plant}, seed {seed}"
                );
            }
            assert!(
                books
                    .stock
                    .iter()
                    .any(|row| row.raw(QUANTITY).unwrap().as_decimal().is_sign_negative())
            );
        }
    }

    #[test]
    fn goods_arrive_for_an_order_of_this_run() {
        let mut books = Books::open(22_400, NOW);
        let material = Material::named("HX-220").unwrap();
        let row = fill_item(Row::default(), material, 10, "1010", Decimal::from(60));
        let header = Row::default().with("CorrespncExternalReference", Edm::text("REF1"));
        let draft = Draft {
            header,
            items: vec![DraftItem {
                row,
                delivery_ms: NOW,
            }],
        };
        let before = unrestricted(&books, "HX-220", "1010");
        let first = books.file(draft.clone(), NOW);
        let second = books.file(draft, NOW);
        assert_eq!((first.as_str(), second.as_str()), ("4500000301", "4500000302"));
        assert_eq!(
            books.by_reference().get("REF1"),
            Some(&2),
            "the same reference makes a second order"
        );
        books.receive(
            &Receipt {
                due_ms: NOW,
                order: first.clone(),
            },
            NOW,
        );
        assert_eq!(unrestricted(&books, "HX-220", "1010"), before + Decimal::from(60));
    }
}
