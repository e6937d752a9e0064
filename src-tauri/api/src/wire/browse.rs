//! Records of a read as lists show them: sorted, searched, a window of them, and all of them as a file.

use andon_domain::{Class, System, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

/// An order of records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SortBy {
    /// Path of a field, such as `net_value` or `value_estimate.amount`. Of a list, the first entry counts.
    pub field: String,
    /// Highest first. Records without the field stand last either way.
    #[serde(default)]
    #[ts(optional)]
    pub is_descending: Option<bool>,
}

/// Look at the records of a read.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct OperationBrowseRequest {
    /// Dotted name of a read.
    pub name: String,
    /// Parameters; the system filters by them.
    #[serde(default)]
    #[ts(type = "unknown")]
    pub parameters: Value,
    /// Order; that of the system when absent.
    #[serde(default)]
    #[ts(optional)]
    pub sort: Option<SortBy>,
    /// Only records that contain this text in a visible field, in any case.
    #[serde(default)]
    #[ts(optional)]
    pub search: Option<String>,
    /// First record, from 0.
    #[serde(default)]
    #[ts(optional, type = "number")]
    pub offset: Option<u64>,
    /// At most so many records, 100 by default, at most 1000. Of no meaning for an export, which has all.
    #[serde(default)]
    #[ts(optional)]
    pub limit: Option<u32>,
    /// Ask the system, whatever the cache holds. For the first window only: the others must be of the same answer.
    #[serde(default)]
    #[ts(optional)]
    pub is_anew: Option<bool>,
}

/// A window of the records of a read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct BrowseAnswer {
    /// Records of the operation's type.
    #[ts(type = "unknown[]")]
    pub records: Vec<Value>,
    /// How many records match, of those that were fetched.
    #[ts(type = "number")]
    pub total: u64,
    /// How many records were fetched, matching or not.
    #[ts(type = "number")]
    pub fetched: u64,
    /// How many the system has, when it tells and more exist than were fetched.
    #[ts(type = "number | null")]
    pub source_total: Option<u64>,
    /// First record, from 0.
    #[ts(type = "number")]
    pub offset: u64,
    /// A stated limit cut what was fetched.
    pub is_truncated: bool,
    /// Highest class of what is left in the records.
    pub class: Class,
    /// System they came from.
    pub source: System,
    /// When they were fetched.
    pub fetched_at: Timestamp,
    /// When the source says they are from.
    pub observed_at: Option<Timestamp>,
    /// Age in milliseconds.
    #[ts(type = "number")]
    pub age_ms: u64,
    /// Served from the cache.
    pub from_cache: bool,
    /// The source is down and this is an older answer.
    pub is_stale: bool,
    /// What was odd.
    pub warnings: Vec<String>,
    /// How many fields were removed because of clearance.
    pub hidden_fields: u32,
    /// Which fields were removed, as paths.
    pub hidden: Vec<String>,
}
