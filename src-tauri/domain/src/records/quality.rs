//! Quality reports as "Plant REST v1" tells them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::amount::Amount;
use crate::time::Timestamp;

/// When in the process an inspection was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum InspectionType {
    /// Of what came in.
    Incoming,
    /// While it was made.
    InProcess,
    /// Of the finished product.
    Final,
    /// Audit.
    Audit,
    /// Not understood or not told.
    Unknown,
}

impl InspectionType {
    /// The word on the wire and in the mirror.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Incoming => "incoming",
            Self::InProcess => "in_process",
            Self::Final => "final",
            Self::Audit => "audit",
            Self::Unknown => "unknown",
        }
    }
}

/// How an inspection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum InspectionResult {
    /// Passed.
    Pass,
    /// Failed.
    Fail,
    /// Passed under conditions.
    Conditional,
    /// Not decided yet.
    Pending,
    /// Not understood.
    Unknown,
}

impl InspectionResult {
    /// The word on the wire and in the mirror.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Conditional => "conditional",
            Self::Pending => "pending",
            Self::Unknown => "unknown",
        }
    }
}

/// What is done with what was inspected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    /// Accepted.
    Accept,
    /// Reworked.
    Rework,
    /// Scrapped.
    Scrap,
    /// Used as it is.
    UseAsIs,
    /// Sent back.
    Return,
    /// Not decided yet.
    Pending,
    /// Not understood or not told.
    Unknown,
}

impl Disposition {
    /// The word on the wire and in the mirror.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Rework => "rework",
            Self::Scrap => "scrap",
            Self::UseAsIs => "use_as_is",
            Self::Return => "return",
            Self::Pending => "pending",
            Self::Unknown => "unknown",
        }
    }
}

/// Quantities of an inspection in `uom`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct InspectedQuantity {
    /// Inspected.
    pub inspected: Option<Amount>,
    /// Good.
    pub good: Option<Amount>,
    /// Scrap.
    pub scrap: Option<Amount>,
    /// Rework.
    pub rework: Option<Amount>,
    /// UN/ECE Rec 20 unit, `C62` is a piece.
    pub uom: Option<String>,
}

/// One measured property.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Characteristic {
    /// Key.
    pub id: String,
    /// Name; untrusted.
    pub name: Option<String>,
    /// Measured value, exactly as delivered.
    pub value: Option<Amount>,
    /// Unit of all values.
    pub unit: Option<String>,
    /// Wanted value.
    pub target: Option<Amount>,
    /// Lower specification limit.
    pub lsl: Option<Amount>,
    /// Upper specification limit.
    pub usl: Option<Amount>,
    /// Result as the MES judged it.
    pub result: InspectionResult,
}

/// How bad a defect is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DefectSeverity {
    /// Critical.
    Critical,
    /// Major.
    Major,
    /// Minor.
    Minor,
    /// Not understood or not told.
    Unknown,
}

/// A defect that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Defect {
    /// Code of the plant.
    pub code: Option<String>,
    /// Text of the plant; untrusted.
    pub text: Option<String>,
    /// How bad.
    pub severity: DefectSeverity,
    /// How often.
    pub quantity: Option<Amount>,
    /// Where on the product; untrusted.
    pub location: Option<String>,
}

/// One inspection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct QualityReport {
    /// Key.
    pub id: String,
    /// Production order.
    pub order_id: Option<String>,
    /// Machine.
    pub machine_id: Option<String>,
    /// Product.
    pub product_id: Option<String>,
    /// Lot.
    pub lot_id: Option<String>,
    /// Serial number.
    pub serial: Option<String>,
    /// When in the process; `type` on the wire of the contract.
    pub inspection: InspectionType,
    /// How it ended.
    pub result: InspectionResult,
    /// When.
    pub inspected_at: Option<Timestamp>,
    /// Quantities.
    pub quantity: InspectedQuantity,
    /// Measured properties.
    pub characteristics: Vec<Characteristic>,
    /// Defects found.
    pub defects: Vec<Defect>,
    /// What is done with it.
    pub disposition: Disposition,
    /// Pseudonym of who inspected.
    pub inspector_ref: Option<String>,
    /// When the MES changed the record.
    pub updated_at: Option<Timestamp>,
    /// Version of the record; the higher one wins.
    #[ts(type = "number")]
    pub version: i64,
    /// What a mandatory field lacked or had wrong; empty for a complete record.
    pub incomplete: Vec<String>,
}
