//! Reading from a connected system on request.

use async_trait::async_trait;
use serde_json::Value;

use super::PortError;
use crate::canonical::CanonicalJson;
use crate::time::Timestamp;

/// What a read brought back.
#[derive(Debug, Clone, PartialEq)]
pub struct Fetched {
    /// The records, a JSON array of the operation's record type.
    pub records: Vec<Value>,
    /// Total in the source when it tells and more exist than were fetched.
    pub total: Option<u64>,
    /// Whether a stated limit cut the records.
    pub is_truncated: bool,
    /// What was odd but not wrong: unknown codes, incomplete records.
    pub warnings: Vec<String>,
    /// When the source says the data is from; absent when it does not say.
    pub observed_at: Option<Timestamp>,
}

/// A read operation of a connector. Bound to its table entry by `app`.
#[async_trait]
pub trait ReadOperation: Send + Sync {
    /// Runs the read with validated parameters.
    async fn read(&self, parameters: &CanonicalJson) -> Result<Fetched, PortError>;
}
