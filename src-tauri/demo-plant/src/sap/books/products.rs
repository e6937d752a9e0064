//! The material master: descriptions in two languages, plants, and valuation by standard or moving average price.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::DAY_MS;
use super::stock::BATCHED;
use crate::company::{MATERIALS, Material, ONLY_GERMAN, PURCHASING_GROUPS, german_text};
use crate::dice::Dice;
use crate::sap::edm::Edm;
use crate::sap::schema::{Row, SetId};

/// Not valuated there: its stock has no known value.
const WITHOUT_VALUATION: (&str, &str) = ("CG-201", "1030");
/// Valuated apart as new and repaired, beside the row for the whole.
const SPLIT: &str = "SV-045";
/// 1 September 2014, before which nothing was created.
const FIRST_DAY_MS: i64 = 1_409_529_600_000;

/// The four sets, each in key order.
pub(super) fn master(seed: u64, now_ms: i64) -> BTreeMap<SetId, Vec<Row>> {
    let mut dice = Dice::new(seed, "material master");
    let today = now_ms - now_ms.rem_euclid(DAY_MS);
    let mut sets: BTreeMap<SetId, Vec<Row>> = BTreeMap::new();
    for (index, material) in (1..).zip(MATERIALS) {
        let mut add = |set, rows: Vec<Row>| sets.entry(set).or_default().extend(rows);
        add(SetId::Product, vec![product(&mut dice, material, index, today)]);
        add(SetId::ProductDescription, descriptions(material));
        for plant in material.plants {
            add(SetId::ProductPlant, vec![in_plant(&mut dice, material, plant)]);
            add(
                SetId::ProductValuation,
                valuations(&mut dice, material, plant, today),
            );
        }
    }
    sets
}

fn product(dice: &mut Dice, material: &Material, index: u64, today: i64) -> Row {
    let created = FIRST_DAY_MS + dice.between(0, 3000) * DAY_MS;
    let changed = today - dice.between(1, 700) * DAY_MS + dice.between(6, 17) * 3_600_000 - DAY_MS;
    let net = Decimal::new(dice.between(50, 40_000), 3);
    let mut row = Row::default()
        .with("Product", Edm::text(material.number))
        .with("ProductType", Edm::text(product_type(material.group)))
        .with("CreationDate", Edm::DateTime(created))
        .with("CreatedByUser", Edm::text("MIGRATION"))
        .with(
            "LastChangeDate",
            Edm::DateTime(changed - changed.rem_euclid(DAY_MS)),
        )
        .with("LastChangedByUser", Edm::text("AWINTER"))
        .with("LastChangeDateTime", Edm::DateTimeOffset(changed))
        .with("PurchaseOrderQuantityUnit", Edm::text(""))
        .with("CountryOfOrigin", Edm::text("DE"))
        .with("ProductGroup", Edm::text(material.group))
        .with("BaseUnit", Edm::text(material.unit))
        .with("Division", Edm::text("00"))
        .with("ProductStandardID", Edm::text(own_gtin(index)))
        .with(
            "IsBatchManagementRequired",
            Edm::Boolean(material.number == BATCHED),
        )
        .with("IndustrySector", Edm::text("M"));
    if !matches!(material.unit, "KG" | "TO" | "L") {
        row.set("NetWeight", Edm::Decimal(net));
        row.set("GrossWeight", Edm::Decimal(net + Decimal::new(250, 3)));
        row.set("WeightUnit", Edm::text("KG"));
    }
    row
}

fn product_type(group: &str) -> &'static str {
    match group {
        "COIL" | "SHEET" => "ROH",
        "PACKAGING" => "VERP",
        "BEARING" | "DRIVE" | "ELECTRIC" | "HYDRAULIC" | "ROLL" => "ERSA",
        _ => "HIBE",
    }
}

/// A number of the range that is reserved for use inside a company, so that it names no real product.
fn own_gtin(index: u64) -> String {
    let body = format!("2{index:011}");
    let sum: u32 = (0..)
        .zip(body.chars().filter_map(|digit| digit.to_digit(10)))
        .map(|(place, digit): (u32, u32)| if place % 2 == 0 { digit } else { digit * 3 })
        .sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

fn descriptions(material: &Material) -> Vec<Row> {
    let text = |language: &'static str, text: &'static str| {
        Row::default()
            .with("Product", Edm::text(material.number))
            .with("Language", Edm::text(language))
            .with("ProductDescription", Edm::text(text))
    };
    let german = german_text(material.number).map(|german| text("DE", german));
    let english = (material.number != ONLY_GERMAN).then(|| text("EN", material.text));
    german.into_iter().chain(english).collect()
}

fn in_plant(dice: &mut Dice, material: &Material, plant: &'static str) -> Row {
    let value = material.lot_value();
    let class = match value {
        value if value >= Decimal::from(50_000) => "A",
        value if value >= Decimal::from(5_000) => "B",
        _ => "C",
    };
    let in_transit = if dice.chance(15) { material.lot / 10 } else { 0 };
    let group = dice.pick(PURCHASING_GROUPS).copied().unwrap_or("001");
    Row::default()
        .with("Product", Edm::text(material.number))
        .with("Plant", Edm::text(plant))
        .with("PurchasingGroup", Edm::text(group))
        .with("MRPType", Edm::text("VB"))
        .with("ABCIndicator", Edm::text(class))
        .with(
            "MinimumLotSizeQuantity",
            Edm::Decimal(Decimal::from((material.lot / 2).max(1))),
        )
        .with("StockInTransitQuantity", Edm::Decimal(Decimal::from(in_transit)))
        .with("ProfitCenter", Edm::text(format!("000000{plant}")))
}

fn valuations(dice: &mut Dice, material: &Material, plant: &'static str, today: i64) -> Vec<Row> {
    let drift = Decimal::new(dice.between(94, 107), 2);
    let average = (material.price() * drift).round_dp(2);
    let changed = today - dice.between(20, 300) * DAY_MS;
    if (material.number, plant) == WITHOUT_VALUATION {
        return Vec::new();
    }
    let is_standard = matches!(material.group, "COIL" | "SHEET" | "ROLL");
    let row = |valuation_type: &'static str, average: Decimal| {
        Row::default()
            .with("Product", Edm::text(material.number))
            .with("ValuationArea", Edm::text(plant))
            .with("ValuationType", Edm::text(valuation_type))
            .with("ValuationClass", Edm::text(valuation_class(material.group)))
            .with("StandardPrice", Edm::Decimal(material.price()))
            .with("PriceUnitQty", Edm::Decimal(Decimal::from(material.price_unit)))
            .with(
                "InventoryValuationProcedure",
                Edm::text(if is_standard { "S" } else { "V" }),
            )
            .with("MovingAveragePrice", Edm::Decimal(average))
            .with("PriceLastChangeDate", Edm::DateTime(changed))
            .with("Currency", Edm::text("EUR"))
            .with("BaseUnit", Edm::text(material.unit))
    };
    if material.number != SPLIT {
        return vec![row("", average)];
    }
    let repaired = (average * Decimal::new(4, 1)).round_dp(2);
    [("", average), ("NEW", average), ("REPAIRED", repaired)]
        .into_iter()
        .map(|(kind, average)| row(kind, average).with("ValuationCategory", Edm::text("C")))
        .collect()
}

fn valuation_class(group: &str) -> &'static str {
    match product_type(group) {
        "ROH" => "3000",
        "VERP" => "3050",
        "ERSA" => "3040",
        _ => "3030",
    }
}
