//! Cost centres as SAP's `API_COSTCENTER_SRV` tells them, with plan and actual amounts from their own services.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::amount::Amount;

/// A cost centre in one time slice, with one fiscal year's budget and actuals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CostCenter {
    /// Controlling area; with `cost_center` and `valid_to` the key.
    pub controlling_area: String,
    /// Number as delivered, with leading zeros.
    pub cost_center: String,
    /// First day of the slice, `YYYY-MM-DD`.
    pub valid_from: Option<String>,
    /// Last day of the slice, `YYYY-MM-DD`; `9999-12-31` when open.
    pub valid_to: String,
    /// Name in the connection's language, else in English, else in any.
    pub name: Option<String>,
    /// Longer description in the same language.
    pub description: Option<String>,
    /// Company code.
    pub company_code: Option<String>,
    /// Department.
    pub department: Option<String>,
    /// Name of who is responsible.
    pub responsible: Option<String>,
    /// SAP user of who is responsible.
    pub responsible_user: Option<String>,
    /// Category code.
    pub category: Option<String>,
    /// Profit centre.
    pub profit_center: Option<String>,
    /// Whether primary postings are blocked.
    pub is_blocked: Option<bool>,
    /// Currency of the cost centre.
    pub currency: Option<String>,
    /// Fiscal year of `budget` and `actual`.
    pub fiscal_year: String,
    /// Sum of the plan rows of that year; absent when not available, never zero for "unknown".
    pub budget: Option<Amount>,
    /// Sum of the actual rows of that year; absent when not available.
    pub actual: Option<Amount>,
    /// Currency of `budget` and `actual`, the company code's.
    pub amounts_currency: Option<String>,
}
