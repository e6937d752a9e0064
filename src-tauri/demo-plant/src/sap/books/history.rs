//! What the books hold when the plant opens: past orders and stock, made up from the seed.

use rust_decimal::Decimal;

use super::{DAY_MS, Draft, DraftItem, QUANTITY, fill_item};
use crate::company::{
    COMPANY_CODE, MATERIALS, Material, PAYMENT_TERMS, PURCHASING_GROUPS, PURCHASING_ORGANIZATION,
    SHORT_AT_OPENING, SUPPLIERS, Supplier, per_euro,
};
use crate::dice::Dice;
use crate::sap::edm::Edm;
use crate::sap::schema::{Row, SetId};

/// An order of the past, by its date.
pub(super) fn past_order(dice: &mut Dice, date: i64, today: i64) -> Draft {
    let supplier = dice.pick(SUPPLIERS).unwrap_or(&SUPPLIERS[0]);
    let age_days = (today - date) / DAY_MS;
    let fate = Fate::draw(dice, age_days);
    let (terms, days) = dice.pick(PAYMENT_TERMS).copied().unwrap_or(("0001", 0));
    let changed = (date + dice.between(7, 9 * 24) * 3_600_000 + dice.between(0, 3_599_000)).min(today);
    // Small orders need no release in SAP; the others have been released.
    let status = if fate == Fate::Active && dice.chance(40) {
        "02"
    } else {
        fate.status()
    };
    let header = Row::default()
        .with("CompanyCode", Edm::text(COMPANY_CODE))
        .with("PurchaseOrderType", Edm::text("NB"))
        .with(
            "PurchasingDocumentDeletionCode",
            Edm::text(if fate == Fate::Deleted { "L" } else { "" }),
        )
        .with("PurchasingProcessingStatus", Edm::text(status))
        .with(
            "CreatedByUser",
            Edm::text(
                dice.pick(&["JMORENO", "TKELLER", "AWINTER"])
                    .copied()
                    .unwrap_or("JMORENO"),
            ),
        )
        .with("CreationDate", Edm::DateTime(date))
        .with("LastChangeDateTime", Edm::DateTimeOffset(changed))
        .with("Supplier", Edm::text(supplier.number))
        .with("Language", Edm::text("EN"))
        .with("PaymentTerms", Edm::text(terms))
        .with("NetPaymentDays", Edm::Decimal(Decimal::from(days)))
        .with("PurchasingOrganization", Edm::text(PURCHASING_ORGANIZATION))
        .with(
            "PurchasingGroup",
            Edm::text(dice.pick(PURCHASING_GROUPS).copied().unwrap_or("001")),
        )
        .with("PurchaseOrderDate", Edm::DateTime(date))
        .with("DocumentCurrency", Edm::text(supplier.currency))
        .with("ExchangeRate", Edm::text("1.00000"))
        .with("ReleaseIsNotCompleted", Edm::Boolean(fate == Fate::InRelease))
        .with("PurchasingCompletenessStatus", Edm::Boolean(fate == Fate::Held));
    let count = dice.between(1, 5);
    let items = (1..=count)
        .filter_map(|line| past_item(dice, supplier, line, date, age_days, fate))
        .collect();
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
    let own: Vec<&Material> = MATERIALS
        .iter()
        .filter(|m| m.supplier == supplier.number)
        .collect();
    let material = *dice.pick(&own)?;
    let plant = dice.pick(material.plants).copied()?;
    let quantity = (material.lot * dice.between(40, 130) / 100).max(1);
    let drift = Decimal::new(dice.between(88, 106), 2);
    let price = (material.price() * per_euro(supplier.currency) * drift).round_dp(2);
    let is_delivered = fate == Fate::Active && age_days > material.lead_days + 3;
    let is_deleted = fate == Fate::Deleted || dice.chance(2);
    let row = Row::default()
        .with(
            "PurchasingDocumentDeletionCode",
            Edm::text(if is_deleted { "L" } else { "" }),
        )
        .with("IsCompletelyDelivered", Edm::Boolean(is_delivered))
        .with(
            "IsFinallyInvoiced",
            Edm::Boolean(is_delivered && age_days > material.lead_days + 20),
        );
    let row = fill_item(row, material, line * 10, plant, Decimal::from(quantity));
    let row = row
        .with("DocumentCurrency", Edm::text(supplier.currency))
        .with("NetPriceAmount", Edm::Decimal(price))
        .with(
            "NetPriceQuantity",
            Edm::Decimal(Decimal::from(material.price_unit)),
        );
    Some(DraftItem {
        row,
        delivery_ms: date + material.lead_days * DAY_MS,
    })
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
pub(super) fn stock(seed: u64) -> Vec<Row> {
    let mut dice = Dice::new(seed, "stock");
    let mut rows = Vec::new();
    for material in MATERIALS {
        for plant in material.plants {
            let is_short = SHORT_AT_OPENING.contains(&(material.number, plant));
            let percent = if is_short {
                dice.between(15, 60)
            } else {
                dice.between(120, 260)
            };
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
        SetId::StockBucket
            .set()
            .keys()
            .map(|key| row.text(key.name).to_owned())
            .collect::<Vec<_>>()
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
