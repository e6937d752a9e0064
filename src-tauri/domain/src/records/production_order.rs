//! Production orders as "Plant REST v1" tells them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::machine::Equipment;
use crate::amount::Amount;
use crate::time::Timestamp;

/// State of a production order, in the words of ISA-95 job states. Anything else a MES says is `unknown`, with the raw
/// text kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ProductionOrderStatus {
    /// Not allowed to start yet.
    Planned,
    /// Allowed to start.
    Released,
    /// Running.
    Active,
    /// Interrupted.
    Paused,
    /// Ended.
    Completed,
    /// Aborted.
    Cancelled,
    /// Not understood.
    Unknown,
}

impl ProductionOrderStatus {
    /// The word on the wire and in the mirror.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Released => "released",
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
        }
    }

    /// Reads a word of the contract after trimming, in any case; anything else is `Unknown`.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word.trim().to_ascii_lowercase().as_str() {
            "planned" => Self::Planned,
            "released" => Self::Released,
            "active" => Self::Active,
            "paused" => Self::Paused,
            "completed" => Self::Completed,
            "cancelled" => Self::Cancelled,
            _ => Self::Unknown,
        }
    }
}

/// What an order makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Product {
    /// Key.
    pub id: String,
    /// Name for people.
    pub name: Option<String>,
    /// Revision.
    pub revision: Option<String>,
}

/// Quantities of an order in `uom`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct OrderQuantity {
    /// To be made.
    pub planned: Option<Amount>,
    /// Made so far, good or not.
    pub produced: Option<Amount>,
    /// Good so far.
    pub good: Option<Amount>,
    /// Scrap so far.
    pub scrap: Option<Amount>,
    /// Rework so far.
    pub rework: Option<Amount>,
    /// UN/ECE Rec 20 unit, `C62` is a piece.
    pub uom: Option<String>,
}

/// A production order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ProductionOrder {
    /// Key.
    pub id: String,
    /// Number as people know it.
    pub order_number: Option<String>,
    /// Mapped status.
    pub status: ProductionOrderStatus,
    /// Status as delivered, when it differs from the contract's words.
    pub status_raw: Option<String>,
    /// 1 is highest, 9 lowest; absent when not told or out of range.
    pub priority: Option<u8>,
    /// What it makes.
    pub product: Option<Product>,
    /// Where it runs.
    pub equipment: Equipment,
    /// Quantities.
    pub quantity: OrderQuantity,
    /// Planned seconds per piece (ISO 22400 planned run time per unit, PRU).
    pub planned_cycle_s: Option<Amount>,
    /// Planned start.
    pub planned_start: Option<Timestamp>,
    /// Planned end.
    pub planned_end: Option<Timestamp>,
    /// When it must be done.
    pub due_at: Option<Timestamp>,
    /// When it started.
    pub actual_start: Option<Timestamp>,
    /// When it ended.
    pub actual_end: Option<Timestamp>,
    /// Lot.
    pub lot_id: Option<String>,
    /// When the MES changed the record.
    pub updated_at: Option<Timestamp>,
    /// Version of the record; the higher one wins. A command names the version it was decided on.
    #[ts(type = "number")]
    pub version: i64,
    /// What a mandatory field lacked or had wrong; empty for a complete record.
    pub incomplete: Vec<String>,
}
