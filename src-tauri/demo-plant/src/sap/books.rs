//! The books of the demo SAP: orders, items, schedule lines and stock, their made-up history and the goods
//! movements that keep stock alive. Times come in; numbers come from one seed.

use rust_decimal::Decimal;
use std::collections::BTreeMap;

use super::edm::Edm;
use super::query::Rows;
use super::schema::{Row, SetId};
use crate::company::{
    COMPANY_CODE, MATERIALS, Material, PAYMENT_TERMS, PURCHASING_GROUPS, PURCHASING_ORGANIZATION,
    SHORT_AT_OPENING, SUPPLIERS, Supplier, per_euro,
};
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
        self.receipts.push(Receipt { due_ms: now_ms + wait_ms, order: number.clone() });
        number
    }

    fn enter(&mut self, draft: Draft) -> String {
        let number = self.next_number.to_string();
        self.next_number += 1;
        self.orders.push(draft.header.with("PurchaseOrder", Edm::text(number.clone())));
        for DraftItem { row, delivery_ms } in draft.items {
            let quantity = row.raw("OrderQuantity").map_or(Decimal::ZERO, Edm::as_decimal);
            self.schedule.push(
                Row::default()
                    .with("PurchasingDocument", Edm::text(number.clone()))
                    .with("PurchasingDocumentItem", Edm::text(row.text("PurchaseOrderItem")))
                    .with("ScheduleLine", Edm::text("0001"))
                    .with("ScheduleLineDeliveryDate", Edm::DateTime(delivery_ms))
                    .with("ScheduleLineOrderQuantity", Edm::Decimal(quantity))
                    .with("PurchaseOrderQuantityUnit", Edm::text(row.text("PurchaseOrderQuantityUnit"))),
            );
            self.items.push(row.with("PurchaseOrder", Edm::text(number.clone())));
        }
        number
    }

    /// Books the receipts that are due and draws one material down a little; called about once a minute.
    pub(crate) fn move_goods(&mut self, now_ms: i64) {
        let (due, later) = std::mem::take(&mut self.receipts).into_iter().partition(|r| r.due_ms <= now_ms);
        self.receipts = later;
        for receipt in due {
            self.receive(&receipt, now_ms);
        }
        let Some(material) = self.dice.pick(MATERIALS) else { return };
        let Some(plant) = self.dice.pick(material.plants).copied() else { return };
        let share = self.dice.between(15, 45);
        self.change_stock(material, plant, |stock| {
            stock - (stock * Decimal::new(share, 2)).floor().max(Decimal::ZERO)
        });
    }

    fn receive(&mut self, receipt: &Receipt, now_ms: i64) {
        let mut arrived = Vec::new();
        for item in self.items.iter_mut().filter(|item| item.text("PurchaseOrder") == receipt.order) {
            let quantity = item.raw("OrderQuantity").map_or(Decimal::ZERO, Edm::as_decimal);
            arrived.push((item.text("Material").to_owned(), item.text("Plant").to_owned(), quantity));
            item.set("IsCompletelyDelivered", Edm::Boolean(true));
        }
        for (material, plant, quantity) in arrived {
            if let Some(material) = Material::named(&material) {
                self.change_stock(material, &plant, |stock| stock + quantity);
            }
        }
        if let Some(order) = self.orders.iter_mut().find(|row| row.text("PurchaseOrder") == receipt.order) {
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
                && row.raw(QUANTITY).is_some_and(|quantity| quantity.as_decimal() > Decimal::ZERO)
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

fn past_order(dice: &mut Dice, date: i64, today: i64) -> Draft {
    let supplier = dice.pick(SUPPLIERS).unwrap_or(&SUPPLIERS[0]);
    let age_days = (today - date) / DAY_MS;
    let fate = Fate::draw(dice, age_days);
    let (terms, days) = dice.pick(PAYMENT_TERMS).copied().unwrap_or(("0001", 0));
    let changed = (date + dice.between(7, 9 * 24) * 3_600_000 + dice.between(0, 3_599_000)).min(today);
    let header = Row::default()
        .with("CompanyCode", Edm::text(COMPANY_CODE))
        .with("PurchaseOrderType", Edm::text("NB"))
        .with("PurchasingDocumentDeletionCode", Edm::text(if fate == Fate::Deleted { "L" } else { "" }))
        .with("PurchasingProcessingStatus", Edm::text(fate.status()))
        .with("CreatedByUser", Edm::text(dice.pick(&["JMORENO", "TKELLER", "AWINTER"]).copied().unwrap_or("JMORENO")))
        .with("CreationDate", Edm::DateTime(date))
        .with("LastChangeDateTime", Edm::DateTimeOffset(changed))
        .with("Supplier", Edm::text(supplier.number))
        .with("Language", Edm::text("EN"))
        .with("PaymentTerms", Edm::text(terms))
        .with("NetPaymentDays", Edm::Decimal(Decimal::from(days)))
        .with("PurchasingOrganization", Edm::text(PURCHASING_ORGANIZATION))
        .with("PurchasingGroup", Edm::text(dice.pick(PURCHASING_GROUPS).copied().unwrap_or("001")))
        .with("PurchaseOrderDate", Edm::DateTime(date))
        .with("DocumentCurrency", Edm::text(supplier.currency))
        .with("ExchangeRate", Edm::text("1.00000"))
        .with("ReleaseIsNotCompleted", Edm::Boolean(fate == Fate::InRelease))
        .with("PurchasingCompletenessStatus", Edm::Boolean(fate == Fate::Held));
    let count = dice.between(1, 5);
    let items = (1..=count).filter_map(|line| past_item(dice, supplier, line, date, age_days, fate)).collect();
    Draft { header, items }
}

fn past_item(
    dice: &mut Dice,
    supplier: &Supplier,
    line: i64,
    date: i64,
    age_days: i64,
    fate: Fate,
) -> Option<DraftItem> {
    let own: Vec<&Material> = MATERIALS.iter().filter(|m| m.supplier == supplier.number).collect();
    let material = *dice.pick(&own)?;
    let plant = dice.pick(material.plants).copied()?;
    let quantity = (material.lot * dice.between(40, 130) / 100).max(1);
    let drift = Decimal::new(dice.between(88, 106), 2);
    let price = (material.price() * per_euro(supplier.currency) * drift).round_dp(2);
    let is_delivered = fate == Fate::Active && age_days > material.lead_days + 3;
    let is_deleted = fate == Fate::Deleted || dice.chance(2);
    let row = Row::default()
        .with("PurchasingDocumentDeletionCode", Edm::text(if is_deleted { "L" } else { "" }))
        .with("IsCompletelyDelivered", Edm::Boolean(is_delivered))
        .with("IsFinallyInvoiced", Edm::Boolean(is_delivered && age_days > material.lead_days + 20));
    let row = fill_item(row, material, line * 10, plant, Decimal::from(quantity));
    let row = row
        .with("DocumentCurrency", Edm::text(supplier.currency))
        .with("NetPriceAmount", Edm::Decimal(price))
        .with("NetPriceQuantity", Edm::Decimal(Decimal::from(material.price_unit)));
    Some(DraftItem { row, delivery_ms: date + material.lead_days * DAY_MS })
}

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

/// What became of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Active,
    InRelease,
    Rejected,
    Deleted,
    Held,
}

impl Fate {
    fn draw(dice: &mut Dice, age_days: i64) -> Self {
        let roll = dice.between(0, 99);
        match roll {
            0..=2 => Self::Rejected,
            3..=5 => Self::Deleted,
            6..=13 if age_days < 20 => Self::InRelease,
            14..=17 if age_days < 20 => Self::Held,
            _ => Self::Active,
        }
    }

    fn status(self) -> &'static str {
        match self {
            Self::Active => "05",
            Self::InRelease => "03",
            Self::Rejected => "08",
            Self::Deleted | Self::Held => "02",
        }
    }
}

/// Stock buckets: unrestricted everywhere, some in quality inspection or blocked, a little consignment, one negative.
fn stock(seed: u64) -> Vec<Row> {
    let mut dice = Dice::new(seed, "stock");
    let mut rows = Vec::new();
    for material in MATERIALS {
        for plant in material.plants {
            let is_short = SHORT_AT_OPENING.contains(&(material.number, plant));
            let percent = if is_short { dice.between(15, 60) } else { dice.between(120, 260) };
            let quantity = (material.reorder_point * percent / 100).max(1);
            let location = format!("{}A", &plant[..3]);
            rows.push(bucket(material, plant, &location, "01", Decimal::from(quantity)));
            if dice.chance(30) {
                let inspected = (material.lot * dice.between(5, 25) / 100).max(1);
                rows.push(bucket(material, plant, &location, "02", Decimal::from(inspected)));
            }
            if dice.chance(18) {
                let blocked = (material.lot * dice.between(2, 10) / 100).max(1);
                rows.push(bucket(material, plant, &location, "07", Decimal::from(blocked)));
            }
            if matches!(material.number, "WW-120" | "RO-600" | "HX-220") {
                let own = bucket(material, plant, &location, "01", Decimal::from(material.lot / 4));
                rows.push(
                    own.with("InventorySpecialStockType", Edm::text("K"))
                        .with("Supplier", Edm::text(material.supplier)),
                );
            }
        }
    }
    // A goods issue was posted before its receipt: SAP shows such stock as negative.
    if let Some(material) = Material::named("PK-410") {
        let location = "101B";
        rows.push(bucket(material, "1010", location, "01", Decimal::new(-125, 1)));
    }
    rows.sort_by_key(|row| {
        SetId::StockBucket.set().keys().map(|key| row.text(key.name).to_owned()).collect::<Vec<_>>()
    });
    rows
}

fn bucket(material: &Material, plant: &str, location: &str, stock_type: &str, quantity: Decimal) -> Row {
    Row::default()
        .with("Material", Edm::text(material.number))
        .with("Plant", Edm::text(plant))
        .with("StorageLocation", Edm::text(location))
        .with("InventoryStockType", Edm::text(stock_type))
        .with("MaterialBaseUnit", Edm::text(material.unit))
        .with(QUANTITY, Edm::Decimal(quantity))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

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
                books.items.iter().any(|item| item.text("PurchaseOrder") == order.text("PurchaseOrder"))
            }));
            for set in [SetId::PurchaseOrder, SetId::PurchaseOrderItem, SetId::ScheduleLine, SetId::StockBucket] {
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
        assert!(dates.iter().all(|ms| *ms <= NOW && ms % DAY_MS == 0), "dates are past midnights");
        let suppliers: BTreeSet<&str> = books.orders.iter().map(|row| row.text("Supplier")).collect();
        assert_eq!(suppliers.len(), 12);
    }

    #[test]
    fn opening_shortages_are_true_at_every_seed() {
        for seed in 0..20 {
            let books = Books::open(seed, NOW);
            for (number, plant) in SHORT_AT_OPENING {
                let reorder = Decimal::from(Material::named(number).unwrap().reorder_point);
                assert!(unrestricted(&books, number, plant) < reorder, "{number} in {plant}, seed {seed}");
            }
            assert!(books.stock.iter().any(|row| row.raw(QUANTITY).unwrap().as_decimal().is_sign_negative()));
        }
    }

    #[test]
    fn goods_arrive_for_an_order_of_this_run() {
        let mut books = Books::open(22_400, NOW);
        let material = Material::named("HX-220").unwrap();
        let row = fill_item(Row::default(), material, 10, "1010", Decimal::from(60));
        let header = Row::default().with("CorrespncExternalReference", Edm::text("REF1"));
        let draft = Draft { header, items: vec![DraftItem { row, delivery_ms: NOW }] };
        let before = unrestricted(&books, "HX-220", "1010");
        let first = books.file(draft.clone(), NOW);
        let second = books.file(draft, NOW);
        assert_eq!((first.as_str(), second.as_str()), ("4500000301", "4500000302"));
        assert_eq!(books.by_reference().get("REF1"), Some(&2), "the same reference makes a second order");
        books.receive(&Receipt { due_ms: NOW, order: first.clone() }, NOW);
        assert_eq!(unrestricted(&books, "HX-220", "1010"), before + Decimal::from(60));
    }
}
