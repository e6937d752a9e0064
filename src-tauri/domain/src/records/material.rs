//! Materials as SAP's `API_PRODUCT_SRV` tells them. SAP calls the same 40 characters "Product" there and "Material"
//! elsewhere; people say material.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::amount::Amount;
use crate::time::Timestamp;

/// A material with its plants and valuations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Material {
    /// Number as delivered.
    pub material: String,
    /// Text in the connection's language, else in English, else in any.
    pub description: Option<String>,
    /// Language the description is in.
    pub description_language: Option<String>,
    /// Material type, for example `ROH`.
    pub material_type: Option<String>,
    /// Material group.
    pub material_group: Option<String>,
    /// Base unit.
    pub base_unit: Option<String>,
    /// Gross weight in `weight_unit`.
    pub gross_weight: Option<Amount>,
    /// Net weight in `weight_unit`.
    pub net_weight: Option<Amount>,
    /// Unit of the weights.
    pub weight_unit: Option<String>,
    /// Status across plants, as delivered.
    pub cross_plant_status: Option<String>,
    /// Marked for deletion.
    pub is_marked_for_deletion: Option<bool>,
    /// Kept in batches.
    pub is_batch_managed: Option<bool>,
    /// GTIN or other standard number.
    pub standard_id: Option<String>,
    /// When SAP last changed it.
    pub last_changed_at: Option<Timestamp>,
    /// Plants it is kept in.
    pub plants: Vec<MaterialPlant>,
    /// What it is valued at.
    pub valuations: Vec<MaterialValuation>,
}

/// A material in one plant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MaterialPlant {
    /// Plant.
    pub plant: String,
    /// MRP type code.
    pub mrp_type: Option<String>,
    /// ABC indicator.
    pub abc_indicator: Option<String>,
    /// Purchasing group.
    pub purchasing_group: Option<String>,
}

/// Which price a valuation goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PriceControl {
    /// `S`.
    StandardPrice,
    /// `V`.
    MovingAverage,
    /// A code this console does not know.
    Unknown,
}

impl PriceControl {
    /// The word in the mirror and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StandardPrice => "standard_price",
            Self::MovingAverage => "moving_average",
            Self::Unknown => "unknown",
        }
    }
}

/// What a material is valued at in one valuation area.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MaterialValuation {
    /// Valuation area, in most systems the plant.
    pub valuation_area: String,
    /// Valuation type; absent unless valued in several ways.
    pub valuation_type: Option<String>,
    /// Which price counts.
    pub price_control: PriceControl,
    /// The price that counts, for `price_unit` units.
    pub price: Option<Amount>,
    /// Number of units the price is for.
    pub price_unit: Option<Amount>,
    /// Currency of the price.
    pub currency: Option<String>,
}
