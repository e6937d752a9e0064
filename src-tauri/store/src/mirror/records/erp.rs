//! Records of SAP. They have no version; where SAP tells when it changed one, that decides, else the later arrival.

use andon_domain::Timestamp;
use andon_domain::ports::Feed;
use andon_domain::records::{CostCenter, Material, PurchaseOrder, StockRow};
use rusqlite::Transaction;

use super::MirrorRecord;
use crate::mirror::tables;

impl MirrorRecord for PurchaseOrder {
    const FEED: Feed = Feed::PurchaseOrders;
    const TABLES: &'static [&'static str] = &["purchase_orders", "purchase_order_items"];
    const BY_KEY: &'static str = "purchase_order = ?1";
    const ROW_KEY: &'static str = "purchase_order";

    fn key(&self) -> String {
        self.purchase_order.clone()
    }

    fn version(&self) -> i64 {
        0
    }

    fn updated_at(&self) -> Option<Timestamp> {
        self.last_changed_at
    }

    fn add_rows(&self, tx: &Transaction<'_>, synced_at: Timestamp) -> rusqlite::Result<()> {
        tables::add_purchase_order(tx, self, synced_at)
    }
}

impl MirrorRecord for StockRow {
    const FEED: Feed = Feed::Stock;
    const TABLES: &'static [&'static str] = &["inventory"];
    /// The parts of the key as a JSON array; `IS` because most of them may be absent.
    const BY_KEY: &'static str = "material = ?1 ->> 0 AND plant = ?1 ->> 1 AND storage_location IS ?1 ->> 2 \
                                  AND stock_type = ?1 ->> 3 AND stock_type_raw IS ?1 ->> 4 \
                                  AND special_stock IS ?1 ->> 5";
    const ROW_KEY: &'static str =
        "json_array(material, plant, storage_location, stock_type, stock_type_raw, special_stock)";

    fn key(&self) -> String {
        serde_json::json!([
            self.material,
            self.plant,
            self.storage_location,
            self.stock_type.as_str(),
            self.stock_type_raw,
            self.special_stock
        ])
        .to_string()
    }

    fn version(&self) -> i64 {
        0
    }

    fn updated_at(&self) -> Option<Timestamp> {
        None
    }

    fn add_rows(&self, tx: &Transaction<'_>, synced_at: Timestamp) -> rusqlite::Result<()> {
        tables::add_stock(tx, self, synced_at)
    }
}

impl MirrorRecord for CostCenter {
    const FEED: Feed = Feed::CostCenters;
    const TABLES: &'static [&'static str] = &["cost_centers"];
    const BY_KEY: &'static str =
        "controlling_area = ?1 ->> 0 AND cost_center = ?1 ->> 1 AND valid_to = ?1 ->> 2";
    const ROW_KEY: &'static str = "json_array(controlling_area, cost_center, valid_to)";

    fn key(&self) -> String {
        serde_json::json!([self.controlling_area, self.cost_center, self.valid_to]).to_string()
    }

    fn version(&self) -> i64 {
        0
    }

    fn updated_at(&self) -> Option<Timestamp> {
        None
    }

    fn add_rows(&self, tx: &Transaction<'_>, synced_at: Timestamp) -> rusqlite::Result<()> {
        tables::add_cost_center(tx, self, synced_at)
    }
}

impl MirrorRecord for Material {
    const FEED: Feed = Feed::Materials;
    const TABLES: &'static [&'static str] = &["materials", "material_plants", "material_valuations"];
    const BY_KEY: &'static str = "material = ?1";
    const ROW_KEY: &'static str = "material";

    fn key(&self) -> String {
        self.material.clone()
    }

    fn version(&self) -> i64 {
        0
    }

    fn updated_at(&self) -> Option<Timestamp> {
        self.last_changed_at
    }

    fn add_rows(&self, tx: &Transaction<'_>, synced_at: Timestamp) -> rusqlite::Result<()> {
        tables::add_material(tx, self, synced_at)
    }
}
