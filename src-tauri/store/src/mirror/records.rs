//! What merging needs to know of each kind of record: its key, which of two is newer, and its rows.

use andon_domain::Timestamp;
use andon_domain::ports::Feed;
use andon_domain::records::{DowntimeEvent, MachineStatus, PurchaseOrder, StockRow};
use rusqlite::Transaction;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A record the mirror keeps.
pub(crate) trait MirrorRecord: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    /// Its feed; also the name under which the exact records are kept.
    const FEED: Feed;
    /// Its tables, the one with the key first.
    const TABLES: &'static [&'static str];
    /// The condition that finds its rows in each table, with one `?1`.
    const BY_KEY: &'static str;

    /// Exact key.
    fn key(&self) -> String;
    /// The higher one is newer; equal ones go by [`MirrorRecord::updated_at`].
    fn version(&self) -> i64;
    /// When the source changed it.
    fn updated_at(&self) -> Option<Timestamp>;
    /// Whether the source has taken it back.
    fn is_deleted(&self) -> bool {
        false
    }
    /// Adds its rows.
    fn add_rows(&self, tx: &Transaction<'_>, synced_at: Timestamp) -> rusqlite::Result<()>;
}

impl MirrorRecord for MachineStatus {
    const FEED: Feed = Feed::Machines;
    const TABLES: &'static [&'static str] = &["machines"];
    const BY_KEY: &'static str = "machine_id = ?1";

    fn key(&self) -> String {
        self.machine_id.clone()
    }

    fn version(&self) -> i64 {
        self.version
    }

    fn updated_at(&self) -> Option<Timestamp> {
        self.updated_at
    }

    fn add_rows(&self, tx: &Transaction<'_>, synced_at: Timestamp) -> rusqlite::Result<()> {
        super::tables::add_machine(tx, self, synced_at)
    }
}

impl MirrorRecord for DowntimeEvent {
    const FEED: Feed = Feed::Downtime;
    const TABLES: &'static [&'static str] = &["downtime_events"];
    const BY_KEY: &'static str = "id = ?1";

    fn key(&self) -> String {
        self.id.clone()
    }

    fn version(&self) -> i64 {
        self.version
    }

    fn updated_at(&self) -> Option<Timestamp> {
        self.updated_at
    }

    fn is_deleted(&self) -> bool {
        self.deleted
    }

    fn add_rows(&self, tx: &Transaction<'_>, synced_at: Timestamp) -> rusqlite::Result<()> {
        super::tables::add_downtime(tx, self, synced_at)
    }
}

impl MirrorRecord for PurchaseOrder {
    const FEED: Feed = Feed::PurchaseOrders;
    const TABLES: &'static [&'static str] = &["purchase_orders", "purchase_order_items"];
    const BY_KEY: &'static str = "purchase_order = ?1";

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
        super::tables::add_purchase_order(tx, self, synced_at)
    }
}

impl MirrorRecord for StockRow {
    const FEED: Feed = Feed::Stock;
    const TABLES: &'static [&'static str] = &["inventory"];
    /// The parts of the key as a JSON array; `IS` because most of them may be absent.
    const BY_KEY: &'static str = "material = ?1 ->> 0 AND plant = ?1 ->> 1 AND storage_location IS ?1 ->> 2 \
                                  AND stock_type = ?1 ->> 3 AND stock_type_raw IS ?1 ->> 4 \
                                  AND special_stock IS ?1 ->> 5";

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
        super::tables::add_stock(tx, self, synced_at)
    }
}
