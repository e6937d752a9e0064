//! What a cache counts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::ids::TenantId;

/// Counts of a tenant's cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct CacheStats {
    /// Answers found.
    #[ts(type = "number")]
    pub hits: u64,
    /// Answers not found or too old.
    #[ts(type = "number")]
    pub misses: u64,
    /// Entries pushed out by newer ones.
    #[ts(type = "number")]
    pub evicted: u64,
    /// Entries now.
    #[ts(type = "number")]
    pub entries: u64,
    /// About how many bytes they take.
    #[ts(type = "number")]
    pub bytes: u64,
}

/// Statistics of every tenant by name.
pub type CacheStatsByTenant = BTreeMap<TenantId, CacheStats>;
