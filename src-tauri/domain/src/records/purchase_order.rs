//! Purchase orders as SAP's `API_PURCHASEORDER_PROCESS_SRV` tells them, with what it does not tell computed or absent.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::amount::Amount;
use crate::time::Timestamp;

/// Display status of an order, by SAP's own precedence; the raw code stays beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PurchaseOrderStatus {
    /// Deletion code `L`.
    Deleted,
    /// Deletion code `S`.
    Blocked,
    /// Held: completeness flag set.
    Incomplete,
    /// Processing status 08.
    Rejected,
    /// Release not completed.
    InRelease,
    /// Processing status 05.
    Released,
    /// Processing status 02.
    Active,
    /// A code this console does not know; see the raw code.
    Unknown,
}

impl PurchaseOrderStatus {
    /// The word used in filters, the mirror and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::Blocked => "blocked",
            Self::Incomplete => "incomplete",
            Self::Rejected => "rejected",
            Self::InRelease => "in_release",
            Self::Released => "released",
            Self::Active => "active",
            Self::Unknown => "unknown",
        }
    }
}

/// A purchase order with its items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PurchaseOrder {
    /// Document number as delivered, with leading zeros.
    pub purchase_order: String,
    /// Company code.
    pub company_code: Option<String>,
    /// Document type, for example `NB`.
    pub order_type: Option<String>,
    /// Supplier number as delivered.
    pub supplier: Option<String>,
    /// Purchasing organisation.
    pub purchasing_organization: Option<String>,
    /// Purchasing group.
    pub purchasing_group: Option<String>,
    /// Document currency.
    pub currency: Option<String>,
    /// Calendar date of the order, `YYYY-MM-DD`; a date without zone.
    pub order_date: Option<String>,
    /// When SAP last changed it.
    pub last_changed_at: Option<Timestamp>,
    /// Mapped status.
    pub status: PurchaseOrderStatus,
    /// `PurchasingProcessingStatus` as delivered.
    pub status_raw: Option<String>,
    /// Terms of payment.
    pub payment_terms: Option<String>,
    /// Our reference, 12 characters, by which a lost answer is found again.
    pub external_reference: Option<String>,
    /// User who created it.
    pub created_by: Option<String>,
    /// Sum of the item values in `currency`; absent when any item's value is unknown.
    pub net_value: Option<Amount>,
    /// The items, in their order.
    pub items: Vec<PurchaseOrderItem>,
}

/// One item of a purchase order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PurchaseOrderItem {
    /// Item number as delivered, for example `00010`.
    pub item: String,
    /// Short text.
    pub text: Option<String>,
    /// Material number as delivered.
    pub material: Option<String>,
    /// Plant.
    pub plant: Option<String>,
    /// Storage location.
    pub storage_location: Option<String>,
    /// Ordered quantity in `unit`.
    pub quantity: Option<Amount>,
    /// Order unit.
    pub unit: Option<String>,
    /// Net price per `price_unit` units.
    pub net_price: Option<Amount>,
    /// Number of units the price is for, often 1, 100 or 1000.
    pub price_unit: Option<Amount>,
    /// `quantity × net price ÷ price unit`, in order units; absent when it cannot be computed.
    pub net_value: Option<Amount>,
    /// Deletion code `L`: the item does not count.
    pub is_deleted: bool,
    /// Costs nothing: it does not count in sums.
    pub is_free_of_charge: Option<bool>,
    /// Everything ordered has arrived.
    pub is_completely_delivered: Option<bool>,
    /// No more invoices are expected.
    pub is_finally_invoiced: Option<bool>,
}
