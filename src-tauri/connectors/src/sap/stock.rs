//! Stock: SAP keeps a bucket for every batch and partner; people ask for material, plant, location and kind. Special stock
//! such as consignment is not own stock and stays apart.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use andon_domain::operations::GetInventory;
use andon_domain::ports::{FeedBatch, Fetched, ReadOperation};
use andon_domain::records::{StockRow, StockType};
use andon_domain::{Amount, CanonicalJson, PortError, System};
use async_trait::async_trait;

use super::catalog::STOCK;
use super::filter::Filter;
use super::names::Service;
use super::reader::{Query, Rows};
use super::rows::BucketRow;
use super::valuation::{estimate, some_of};
use super::{Sap, in_time, typed, values};

/// The word for stock that is nobody else's.
const OWN: &str = "own";

/// `sap.get_inventory`.
pub(super) struct InventoryRead(pub(super) Arc<Sap>);

#[async_trait]
impl ReadOperation for InventoryRead {
    async fn read(&self, parameters: &CanonicalJson) -> Result<Fetched, PortError> {
        let wanted: GetInventory = typed(System::Sap, parameters)?;
        let (sap, until) = (&self.0, self.0.read_until());
        let limit = sap.config.row_limit as usize;
        let found = in_time(until, buckets(sap, filter(&wanted), limit)).await?;
        let mut stock = add_up(&found);
        // SAP was asked for it; a system that ignores the condition must not mix stock of others into it.
        stock.rows.retain(|row| is_wanted(row, &wanted));
        let mut warnings = Vec::new();
        if stock.dropped > 0 {
            warnings.push(format!(
                "{} buckets without material or plant were left out",
                stock.dropped
            ));
        }
        let inexact: BTreeSet<String> = stock
            .rows
            .iter()
            .filter(|row| row.quantity.is_none())
            .map(|row| row.material.clone())
            .collect();
        if !inexact.is_empty() {
            warnings.push(format!("quantity cannot be kept exactly: {}", some_of(&inexact)));
        }
        warnings.extend(estimate(sap, &mut stock.rows, until).await);
        Ok(Fetched {
            records: values(System::Sap, stock.rows)?,
            // SAP counts buckets, not rows as they are shown.
            total: None,
            is_truncated: found.is_truncated,
            warnings,
            // SAP dates its answers, and not its data.
            observed_at: None,
        })
    }
}

/// All stock, for the mirror.
pub(super) async fn feed(sap: &Sap) -> Result<FeedBatch<StockRow>, PortError> {
    let (until, limit) = (sap.feed_until(), sap.config.feed_limit as usize);
    let found = in_time(until, buckets(sap, Filter::default(), limit)).await?;
    let mut stock = add_up(&found);
    for warning in estimate(sap, &mut stock.rows, until).await {
        tracing::info!(warning, "stock without a value");
    }
    Ok(FeedBatch {
        records: stock.rows,
        is_unchanged: false,
        is_complete: !found.is_truncated,
        window: None,
        is_truncated: found.is_truncated,
        dropped: stock.dropped,
        server_time: found.server_time,
    })
}

/// Stock of one material in one plant, all locations and kinds.
pub(super) async fn of_material(sap: &Sap, material: &str, plant: &str) -> Result<Vec<StockRow>, PortError> {
    let wanted = GetInventory {
        material: Some(material.to_owned()),
        plant: Some(plant.to_owned()),
        ..GetInventory::default()
    };
    Ok(add_up(&buckets(sap, filter(&wanted), 1_000).await?).rows)
}

fn filter(wanted: &GetInventory) -> Filter {
    let code = match wanted.stock_type.as_deref() {
        Some("unrestricted") => Some("01".to_owned()),
        Some("quality_inspection") => Some("02".to_owned()),
        Some("blocked") => Some("07".to_owned()),
        _ => None,
    };
    let filter = Filter::default()
        .key_if("Material", wanted.material.as_ref(), &[18, 40])
        .equals_if("Plant", wanted.plant.as_ref())
        .equals_if("StorageLocation", wanted.storage_location.as_ref())
        .equals_if("InventoryStockType", code.as_ref());
    match wanted.special_stock.as_deref() {
        Some(OWN) => filter.equals("InventorySpecialStockType", ""),
        Some(special) => filter.equals("InventorySpecialStockType", special),
        None => filter,
    }
}

fn is_wanted(row: &StockRow, wanted: &GetInventory) -> bool {
    match wanted.special_stock.as_deref() {
        Some(OWN) => row.special_stock.is_none(),
        Some(special) => row.special_stock.as_deref() == Some(special),
        None => true,
    }
}

async fn buckets(sap: &Sap, filter: Filter, limit: usize) -> Result<Rows<BucketRow>, PortError> {
    let query = Query::new(Service::Stock, &STOCK, filter);
    sap.rows(&query, limit).await
}

struct Stock {
    rows: Vec<StockRow>,
    dropped: u32,
}

fn add_up(found: &Rows<BucketRow>) -> Stock {
    let mut groups: BTreeMap<[Option<String>; 6], (Option<Amount>, u32)> = BTreeMap::new();
    let (mut dropped, mut last) = (0, None);
    for bucket in &found.rows {
        let key = [
            bucket.material.0.clone(),
            bucket.plant.0.clone(),
            bucket.storage_location.0.clone(),
            bucket.inventory_special_stock_type.0.clone(),
            bucket.inventory_stock_type.0.clone(),
            bucket.material_base_unit.0.clone(),
        ];
        if key[0].is_none() || key[1].is_none() {
            dropped += 1;
            continue;
        }
        let (sum, count) = groups.entry(key.clone()).or_insert((Some(Amount::ZERO), 0));
        // One bucket that is not known exactly makes the sum unknown.
        *sum = sum.and_then(|sum| sum.checked_add(bucket.quantity.value?));
        *count += 1;
        last = Some(key);
    }
    if found.is_truncated
        && let Some(cut) = last
    {
        // The cut may have taken buckets of the last row; half a sum is worse than none.
        groups.remove(&cut);
    }
    let rows = groups.into_iter().filter_map(|(key, (sum, buckets))| {
        let [
            material,
            plant,
            storage_location,
            special_stock,
            stock_type_raw,
            unit,
        ] = key;
        Some(StockRow {
            material: material?,
            plant: plant?,
            storage_location,
            stock_type: stock_type(stock_type_raw.as_deref()),
            stock_type_raw,
            special_stock,
            quantity: sum.map(|sum| Amount::new(sum.value().normalize())),
            unit,
            buckets,
            value_estimate: None,
            value_basis: None,
        })
    });
    Stock {
        rows: rows.collect(),
        dropped,
    }
}

fn stock_type(code: Option<&str>) -> StockType {
    match code {
        Some("01") => StockType::Unrestricted,
        Some("02") => StockType::QualityInspection,
        Some("07") => StockType::Blocked,
        _ => StockType::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stock(buckets: &[(&str, &str, &str, &str)], is_truncated: bool) -> Vec<(String, String)> {
        let rows = buckets.iter().map(|(material, kind, special, quantity)| {
            serde_json::from_value(
                serde_json::json!({"Material": material, "Plant": "1010", "StorageLocation": "0001",
                "InventoryStockType": kind, "InventorySpecialStockType": special, "MaterialBaseUnit": "PC",
                "MatlWrhsStkQtyInMatlBaseUnit": quantity}),
            )
        });
        // A value does not borrow; the wire reads from text.
        let texts: Vec<String> = rows
            .map(|v: Result<serde_json::Value, _>| v.unwrap().to_string())
            .collect();
        let rows = texts
            .iter()
            .map(|text| serde_json::from_str(text).unwrap())
            .collect();
        let found = Rows {
            rows,
            total: None,
            is_truncated,
            is_led_on: false,
            server_time: None,
        };
        let name = |row: &StockRow| {
            format!(
                "{} {} {}",
                row.material,
                row.stock_type.as_str(),
                row.special_stock.as_deref().unwrap_or("own")
            )
        };
        let amount = |row: &StockRow| row.quantity.map_or("unknown".to_owned(), |q| q.to_string());
        add_up(&found)
            .rows
            .iter()
            .map(|row| (name(row), amount(row)))
            .collect()
    }

    #[test]
    fn buckets_add_up_and_special_stock_stays_apart() {
        let rows = stock(
            &[
                ("A", "01", "", "10.00000000000000"),
                ("A", "01", "", "-2.5"),
                ("A", "01", "K", "100"),
                ("A", "07", "", "1"),
                ("A", "09", "", "3"),
            ],
            false,
        );
        let expected = [
            ("A unrestricted own", "7.5"),
            ("A blocked own", "1"),
            ("A other own", "3"),
            ("A unrestricted K", "100"),
        ];
        assert_eq!(rows, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
    }

    #[test]
    fn a_sum_with_an_inexact_bucket_is_unknown() {
        let rows = stock(
            &[
                ("A", "01", "", "1"),
                ("A", "01", "", "12345678901234567.12345678901234"),
            ],
            false,
        );
        assert_eq!(rows[0].1, "unknown");
    }

    #[test]
    fn a_cut_read_never_shows_half_a_sum() {
        let rows = stock(&[("A", "01", "", "1"), ("B", "01", "", "2")], true);
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].0, "A unrestricted own");
    }
}
