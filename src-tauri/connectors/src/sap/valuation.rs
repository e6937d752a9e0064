//! What materials are valued at, and the estimate of a stock's value made from it. The ledger's own value is in none of the
//! services, so it is an estimate and called one.

use std::collections::{BTreeMap, BTreeSet};

use andon_domain::records::{MaterialValuation, PriceControl, StockRow};
use andon_domain::{Money, PortError};
use futures_util::{StreamExt as _, TryStreamExt as _};
use tokio::time::Instant;

use super::catalog::PRODUCT_VALUATION;
use super::filter::{Filter, bare};
use super::money;
use super::names::Service;
use super::reader::{Fields, Query};
use super::rows::ValuationRow;
use super::services::is_not_there;
use super::{Sap, in_time};

/// Reads of one question at the same time.
const READS_AT_ONCE: usize = 6;

/// From so many addresses on, a plant's valuations are read as a whole.
const WHOLE_FROM: usize = 12;

/// Names shown of those concerned by a warning.
const SHOWN: usize = 3;

/// By material and valuation area, both without leading zeros.
type Valuations = BTreeMap<(String, String), Vec<MaterialValuation>>;

/// Puts an estimate beside the quantity of every row of own stock that can have one. Returns what to warn of. The stock is
/// told in any case: where valuations cannot be read, the values are not available and the reason is in the warning.
pub(super) async fn estimate(sap: &Sap, rows: &mut [StockRow], until: Instant) -> Vec<String> {
    let wanted: BTreeSet<(String, String)> = rows
        .iter()
        .filter(|row| is_own(row))
        .map(|row| (row.plant.clone(), row.material.clone()))
        .collect();
    if wanted.is_empty() {
        return Vec::new();
    }
    let valuations = match in_time(until, valuations(sap, &wanted)).await {
        Ok(valuations) => valuations,
        Err(error) => {
            tracing::info!(
                detail = error.detail,
                code = error.code,
                "stock comes without its value"
            );
            return vec![format!("value not available: {}", reason(&error))];
        }
    };
    let mut untold: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
    for row in rows.iter_mut().filter(|row| is_own(row)) {
        let key = (bare(&row.material).to_owned(), bare(&row.plant).to_owned());
        let found = valuations.get(&key).map(Vec::as_slice).unwrap_or_default();
        match price_of(found).and_then(|valuation| value_of(row, valuation)) {
            Ok((value, basis)) => {
                row.value_estimate = Some(value);
                row.value_basis = Some(basis);
            }
            Err(why) => {
                untold.entry(why).or_default().insert(row.material.clone());
            }
        }
    }
    untold
        .into_iter()
        .map(|(why, materials)| format!("value not available, {why}: {}", some_of(&materials)))
        .collect()
}

/// Why something optional could not be read, for a warning.
pub(super) fn reason(error: &PortError) -> String {
    if is_not_there(error) {
        "SAP does not offer the service".to_owned()
    } else {
        error.message.clone()
    }
}

/// The first few of many, and how many there are.
pub(super) fn some_of(all: &BTreeSet<String>) -> String {
    let shown: Vec<&str> = all.iter().take(SHOWN).map(String::as_str).collect();
    match all.len().checked_sub(SHOWN) {
        None | Some(0) => shown.join(", "),
        Some(more) => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Stock that is ours and whose quantity is known. Special stock, such as consignment, belongs to others or is valued
/// elsewhere.
fn is_own(row: &StockRow) -> bool {
    row.special_stock.is_none() && row.quantity.is_some()
}

async fn valuations(sap: &Sap, wanted: &BTreeSet<(String, String)>) -> Result<Valuations, PortError> {
    let mut queries = Vec::new();
    let plants: BTreeSet<&String> = wanted.iter().map(|(plant, _)| plant).collect();
    for plant in plants {
        let of_plant = wanted.iter().filter(|(own, _)| own == plant);
        let materials: Vec<[String; 1]> = of_plant.map(|(_, material)| [material.clone()]).collect();
        let whole = Query::new(
            Service::Products,
            &PRODUCT_VALUATION,
            Filter::default().equals("ValuationArea", plant),
        )
        .fields(Fields::Only(&[
            "Product",
            "ValuationArea",
            "ValuationType",
            "InventoryValuationProcedure",
            "StandardPrice",
            "MovingAveragePrice",
            "PriceUnitQty",
            "Currency",
        ]));
        let chunks = sap.in_chunks(&whole, "Product", &materials)?;
        if chunks.len() < WHOLE_FROM {
            queries.extend(chunks.into_iter().map(|(query, _)| query));
        } else {
            queries.push(whole);
        }
    }
    let limit = sap.config.feed_limit as usize;
    let reads = queries
        .into_iter()
        .map(|query| async move { sap.rows::<ValuationRow>(&query, limit).await?.unless_led_on() });
    let found: Vec<_> = futures_util::stream::iter(reads)
        .buffered(READS_AT_ONCE)
        .try_collect()
        .await?;
    let mut valuations = Valuations::new();
    for row in found.into_iter().flat_map(|found| found.rows) {
        let Some(product) = row.product.0.clone() else {
            continue;
        };
        if let Some(valuation) = record(row) {
            let key = (
                bare(&product).to_owned(),
                bare(&valuation.valuation_area).to_owned(),
            );
            let of_key = valuations.entry(key).or_default();
            // A system that ignores the condition on materials tells the same row in every answer.
            if !of_key.contains(&valuation) {
                of_key.push(valuation);
            }
        }
    }
    Ok(valuations)
}

/// A valuation as a record; `None` without its area.
pub(super) fn record(row: ValuationRow) -> Option<MaterialValuation> {
    let price_control = match row.inventory_valuation_procedure.0.as_deref() {
        Some("S") => PriceControl::StandardPrice,
        Some("V") => PriceControl::MovingAverage,
        _ => PriceControl::Unknown,
    };
    Some(MaterialValuation {
        valuation_area: row.valuation_area.0?,
        valuation_type: row.valuation_type.0,
        price_control,
        price: match price_control {
            PriceControl::StandardPrice => row.standard_price.value,
            PriceControl::MovingAverage => row.moving_average_price.value,
            PriceControl::Unknown => None,
        },
        price_unit: row.price_unit_qty.value,
        currency: row.currency.0,
    })
}

/// The one valuation of a material. Where it is valued in several ways, nobody says which part of the stock is which.
fn price_of(found: &[MaterialValuation]) -> Result<&MaterialValuation, &'static str> {
    match found {
        [] => Err("no valuation"),
        [only] => Ok(only),
        _ => Err("valued in several ways"),
    }
}

fn value_of(row: &StockRow, by: &MaterialValuation) -> Result<(Money, PriceControl), &'static str> {
    if by.price_control == PriceControl::Unknown {
        return Err("unknown price control");
    }
    let currency = by.currency.clone().ok_or("no currency")?;
    let price = by.price.ok_or("no price")?.value();
    if money::above_zero(by.price_unit).is_none() {
        return Err("no price unit");
    }
    let quantity = row.quantity.ok_or("no quantity")?.value();
    let amount = money::value(quantity, price, by.price_unit, Some(&currency)).ok_or("too large")?;
    Ok((Money { amount, currency }, by.price_control))
}
