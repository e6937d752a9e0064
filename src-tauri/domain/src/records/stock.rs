//! Stock buckets as SAP's `API_MATERIAL_STOCK_SRV` tells them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::material::PriceControl;
use crate::amount::{Amount, Money};

/// Kind of stock, from `InventoryStockType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum StockType {
    /// Type 01.
    Unrestricted,
    /// Type 02.
    QualityInspection,
    /// Type 07.
    Blocked,
    /// A type this console does not know; see the raw code.
    Other,
}

impl StockType {
    /// The word used in filters, the mirror and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unrestricted => "unrestricted",
            Self::QualityInspection => "quality_inspection",
            Self::Blocked => "blocked",
            Self::Other => "other",
        }
    }
}

/// Stock of one material in one plant, storage location, stock type and special stock, batches added up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StockRow {
    /// Material number as delivered.
    pub material: String,
    /// Plant.
    pub plant: String,
    /// Storage location; absent for stock without one.
    pub storage_location: Option<String>,
    /// Mapped stock type.
    pub stock_type: StockType,
    /// `InventoryStockType` as delivered.
    pub stock_type_raw: Option<String>,
    /// Special stock indicator such as `K` (consignment). Absent for own stock; special stock is never added to it.
    pub special_stock: Option<String>,
    /// Quantity in `unit`; may be negative. Absent when SAP sent more digits than can be kept exactly.
    pub quantity: Option<Amount>,
    /// Base unit.
    pub unit: Option<String>,
    /// How many buckets (batches, partners) were added into this row.
    pub buckets: u32,
    /// Estimate: quantity × the price that counts ÷ its price unit. The ledger's own value is not in the services. Absent
    /// for special stock, without a valuation, and where a material is valued in several ways.
    pub value_estimate: Option<Money>,
    /// Which price the estimate is made with.
    pub value_basis: Option<PriceControl>,
}
