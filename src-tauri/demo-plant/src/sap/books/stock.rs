//! Stock when the plant opens, one row per bucket, made up from the seed: unrestricted everywhere, some in quality
//! inspection or blocked, one material in batches, a little consignment of suppliers, one negative.

use rust_decimal::Decimal;

use super::past::storage_location;
use crate::company::{MATERIALS, Material, SHORT_AT_OPENING};
use crate::dice::Dice;
use crate::sap::edm::Edm;
use crate::sap::schema::{Record, Row, SetId};

pub(super) const QUANTITY: &str = "MatlWrhsStkQtyInMatlBaseUnit";
/// Kept in batches.
pub(super) const BATCHED: &str = "RO-600";

/// The buckets in key order.
pub(super) fn buckets(seed: u64) -> Vec<Row> {
    let mut dice = Dice::new(seed, "stock");
    let mut rows = Vec::new();
    for material in MATERIALS {
        for plant in material.plants {
            rows.extend(material_in_plant(&mut dice, material, plant));
        }
    }
    // A goods issue was posted before its receipt: SAP shows such stock as negative.
    if let Some(material) = Material::named("PK-410") {
        rows.push(bucket(material, "1010", "101B", "01", Decimal::new(-125, 1)));
    }
    rows.sort_by_cached_key(|row| {
        SetId::StockBucket
            .set()
            .keys()
            .map(|key| row.text(key.name).to_owned())
            .collect::<Vec<_>>()
    });
    rows
}

/// The materials that have stock, in key order.
pub(super) fn materials() -> Vec<Row> {
    MATERIALS
        .iter()
        .map(|material| {
            Row::default()
                .with("Material", Edm::text(material.number))
                .with("MaterialBaseUnit", Edm::text(material.unit))
        })
        .collect()
}

/// Whether a bucket holds free stock of our own.
pub(super) fn is_free(row: &Row) -> bool {
    row.text("InventoryStockType") == "01" && row.text("InventorySpecialStockType").is_empty()
}

/// How much a bucket holds.
pub(super) fn quantity_of(record: Record<'_>) -> Decimal {
    record
        .field(QUANTITY)
        .map(|quantity| quantity.as_decimal())
        .unwrap_or_default()
}

fn material_in_plant(dice: &mut Dice, material: &Material, plant: &'static str) -> Vec<Row> {
    let is_short = SHORT_AT_OPENING.contains(&(material.number, plant));
    let percent = if is_short {
        dice.between(15, 60)
    } else {
        dice.between(120, 260)
    };
    let location = storage_location(plant);
    let amount = |dice: &mut Dice, whole: i64| match material.unit {
        "KG" | "TO" | "L" => Decimal::new(whole.max(1) * 1000 + dice.between(0, 999), 3),
        _ => Decimal::from(whole.max(1)),
    };
    let free = amount(dice, material.reorder_point * percent / 100);
    let mut rows = Vec::new();
    if material.number == BATCHED {
        let older = (free / Decimal::from(3)).round_dp(3);
        for (batch, quantity) in [("0000004711", older), ("0000004716", free - older)] {
            let row = bucket(material, plant, &location, "01", quantity);
            rows.push(row.with("Batch", Edm::text(batch)));
        }
    } else {
        rows.push(bucket(material, plant, &location, "01", free));
    }
    if dice.chance(30) {
        let share = dice.between(5, 25);
        let inspected = amount(dice, material.lot * share / 100);
        rows.push(bucket(material, plant, &location, "02", inspected));
    }
    if dice.chance(18) {
        let share = dice.between(2, 10);
        let blocked = amount(dice, material.lot * share / 100);
        rows.push(bucket(material, plant, &location, "07", blocked));
    }
    if matches!(material.number, "WW-120" | "RO-600" | "HX-220") {
        let suppliers = bucket(material, plant, &location, "01", Decimal::from(material.lot / 4));
        rows.push(
            suppliers
                .with("InventorySpecialStockType", Edm::text("K"))
                .with("Supplier", Edm::text(material.supplier)),
        );
    }
    rows
}

fn bucket(
    material: &Material,
    plant: &'static str,
    location: &str,
    stock_type: &'static str,
    quantity: Decimal,
) -> Row {
    Row::default()
        .with("Material", Edm::text(material.number))
        .with("Plant", Edm::text(plant))
        .with("StorageLocation", Edm::text(location.to_owned()))
        .with("InventoryStockType", Edm::text(stock_type))
        .with("MaterialBaseUnit", Edm::text(material.unit))
        .with(QUANTITY, Edm::Decimal(quantity))
}
