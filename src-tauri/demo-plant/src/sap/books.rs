//! The books of the demo SAP: orders, stock, material master and controlling, their made-up history and the goods
//! movements that keep stock alive. Times come in; numbers come from one seed.

pub(crate) mod controlling;
mod filed;
mod history;
mod past;
mod products;
mod stock;

use std::collections::BTreeMap;

use filed::Filed;
use rust_decimal::Decimal;
use stock::{QUANTITY, is_free, quantity_of};

pub(crate) use past::{Past, PastOrders};

use super::edm::Edm;
use super::query::Rows;
use super::schema::{Navigation, Property, Record, Row, SetId};
use crate::company::{MATERIALS, Material};
use crate::dice::Dice;

const DAY_MS: i64 = 86_400_000;
const FIRST_NUMBER: u64 = 4_500_000_001;

/// All entities, each set in key order.
#[derive(Debug)]
pub(crate) struct Books {
    past: PastOrders,
    filed: Filed,
    tables: BTreeMap<SetId, Vec<Row>>,
    next_number: u64,
    by_reference: BTreeMap<String, u64>,
    created: u64,
    receipts: Vec<Receipt>,
    dice: Dice,
    version: u64,
}

/// A checked purchase order on its way into the books; numbers are given when it is filed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Draft {
    pub(crate) header: Row,
    pub(crate) items: Vec<DraftItem>,
}

/// An item with its delivery date (milliseconds, UTC midnight) and whom it is charged to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DraftItem {
    pub(crate) row: Row,
    pub(crate) delivery_ms: i64,
    pub(crate) accounts: Vec<Row>,
}

/// Goods that arrive for an order of this run.
#[derive(Debug)]
struct Receipt {
    due_ms: i64,
    order: String,
}

impl Rows for Books {
    fn count(&self, set: SetId) -> usize {
        let table = self.tables.get(&set).map_or(0, Vec::len);
        self.past.count(set) + self.filed.rows(set).len() + table
    }

    fn at(&self, set: SetId, index: usize) -> Option<Record<'_>> {
        let past = self.past.count(set);
        if index < past {
            return self.past.at(set, index);
        }
        let rows = match self.tables.get(&set) {
            Some(rows) => rows,
            None => self.filed.rows(set),
        };
        rows.get(index - past).map(Record::from)
    }

    fn follow<'a>(&'a self, navigation: &Navigation, from: Record<'_>) -> Vec<Record<'a>> {
        let pairs: Option<Vec<(&Property, Edm)>> = navigation
            .join
            .iter()
            .map(|(from_name, to_name)| {
                let property = navigation.target.set().property(to_name)?;
                let value = from.field(from_name);
                Some((property, value.unwrap_or_else(|| Edm::initial(property.edm_type))))
            })
            .collect();
        pairs.map_or_else(Vec::new, |pairs| self.matching(navigation.target, &pairs))
    }
}

impl Books {
    /// Books with a history of `size` orders that ends at `now_ms`.
    pub(crate) fn open(seed: u64, size: u32, now_ms: i64) -> Self {
        let mut tables = products::master(seed, now_ms);
        tables.extend(controlling::books(seed, now_ms));
        tables.insert(SetId::StockBucket, stock::buckets(seed));
        tables.insert(SetId::MaterialStock, stock::materials());
        Self {
            past: history::past_orders(seed, size, now_ms),
            filed: Filed::default(),
            tables,
            next_number: FIRST_NUMBER + u64::from(size),
            by_reference: BTreeMap::new(),
            created: 0,
            receipts: Vec::new(),
            dice: Dice::new(seed, "goods movements"),
            version: 0,
        }
    }

    /// Grows with every change, so that what was found before can be used again until then.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    pub(crate) fn created(&self) -> u64 {
        self.created
    }

    pub(crate) fn by_reference(&self) -> &BTreeMap<String, u64> {
        &self.by_reference
    }

    pub(crate) fn order(&self, number: &str) -> Option<Record<'_>> {
        self.of_order(SetId::PurchaseOrder, number).into_iter().next()
    }

    /// The entity with these keys.
    pub(crate) fn find(&self, set: SetId, key: &[(&'static Property, Edm)]) -> Option<Record<'_>> {
        self.matching(set, key).into_iter().next()
    }

    /// The entities with these values. Orders and their parts are found by the order's number, everything else is few.
    fn matching(&self, set: SetId, wanted: &[(&Property, Edm)]) -> Vec<Record<'_>> {
        let number = wanted.iter().find(|(property, _)| {
            property.is_key && matches!(property.name, "PurchaseOrder" | "PurchasingDocument")
        });
        let candidates = match number {
            Some((_, number)) => self.of_order(set, number.as_text()),
            None => (0..self.count(set))
                .filter_map(|index| self.at(set, index))
                .collect(),
        };
        candidates
            .into_iter()
            .filter(|record| {
                wanted
                    .iter()
                    .all(|(property, value)| record.get(property) == *value)
            })
            .collect()
    }

    fn of_order(&self, set: SetId, number: &str) -> Vec<Record<'_>> {
        let past = number
            .parse::<u64>()
            .ok()
            .and_then(|number| usize::try_from(number.checked_sub(FIRST_NUMBER)?).ok())
            .filter(|index| *index < self.past.count(SetId::PurchaseOrder));
        match past {
            Some(index) => self.past.of_order(set, index),
            None => self
                .filed
                .of_order(set, number)
                .iter()
                .map(Record::from)
                .collect(),
        }
    }

    /// Enters an order of this run and gives its number. The same reference twice makes two orders, as in SAP.
    pub(crate) fn file(&mut self, draft: Draft, now_ms: i64) -> String {
        let reference = draft.header.text("CorrespncExternalReference").to_owned();
        if !reference.is_empty() {
            *self.by_reference.entry(reference).or_default() += 1;
        }
        self.created += 1;
        self.version += 1;
        let number = self.next_number.to_string();
        self.next_number += 1;
        self.filed.enter(draft, &number);
        let wait_ms = self.dice.between(6, 12) * 60_000;
        self.receipts.push(Receipt {
            due_ms: now_ms + wait_ms,
            order: number.clone(),
        });
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
        self.change_stock(material.number, plant, |stock| stock.min(left));
    }

    fn receive(&mut self, receipt: &Receipt, now_ms: i64) {
        for (material, plant, quantity) in self.filed.receive(&receipt.order, now_ms) {
            self.change_stock(&material, &plant, |stock| stock + quantity);
        }
        self.version += 1;
        tracing::info!(order = receipt.order, "goods received");
    }

    fn change_stock(&mut self, material: &str, plant: &str, change: impl Fn(Decimal) -> Decimal) {
        let mut buckets = self.tables.get_mut(&SetId::StockBucket).into_iter().flatten();
        let bucket = buckets.find(|row| {
            row.text("Material") == material
                && row.text("Plant") == plant
                && is_free(row)
                && row.decimal(QUANTITY) > Decimal::ZERO
        });
        if let Some(bucket) = bucket {
            let after = change(quantity_of((&*bucket).into())).normalize();
            bucket.set(QUANTITY, Edm::Decimal(after));
            self.version += 1;
        }
    }
}

/// The fields that follow from the material and the item number.
pub(crate) fn fill_item(row: Row, material: &Material, line: i64, plant: &str, quantity: Decimal) -> Row {
    row.with("PurchaseOrderItem", Edm::text(format!("{line:05}")))
        .with("PurchaseOrderItemText", Edm::text(material.text))
        .with("Plant", Edm::text(plant.to_owned()))
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
mod tests;
