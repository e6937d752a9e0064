//! The audit log of a tenant.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::PortError;
use crate::audit::{AuditEntry, AuditEvent};

/// Filter of the audit log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only after this sequence number.
    pub after: Option<i64>,
    /// Only actions with this beginning.
    pub action_prefix: Option<String>,
    /// Only this subject.
    pub subject: Option<String>,
    /// At most so many, the newest.
    pub limit: u32,
}

/// Result of checking the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AuditVerdict {
    /// Whether every link holds.
    pub is_intact: bool,
    /// How many events were checked.
    #[ts(type = "number")]
    pub events: i64,
    /// The first sequence number that does not hold.
    #[ts(type = "number | null")]
    pub first_bad: Option<i64>,
    /// One sentence, with what the check cannot show.
    pub message: String,
}

/// The audit log of one tenant. Writes with a state change go through the journal's own transaction instead.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Appends durably before returning. For configuration, refusals and everything that is not a read.
    async fn append(&self, event: AuditEvent) -> Result<(), PortError>;
    /// Queues the event of a read; it is on disk within a second. Fails when the queue is full or the disk has refused for
    /// a minute, and then the read must not go ahead.
    async fn append_read(&self, event: AuditEvent) -> Result<(), PortError>;
    /// The newest entries that match, oldest first.
    async fn tail(&self, filter: &AuditFilter) -> Result<Vec<AuditEntry>, PortError>;
    /// Checks the whole chain.
    async fn verify(&self) -> Result<AuditVerdict, PortError>;
}
