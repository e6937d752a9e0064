//! The port that writes to a system and the port that keeps requests.

use std::collections::BTreeMap;
use std::time::Duration;

use andon_domain::audit::AuditEvent;
use andon_domain::{ApprovalId, CanonicalJson, PortError, TenantId, Timestamp};
use async_trait::async_trait;
use serde_json::Value;

use crate::change::{ApprovedChange, ChangeReference};
use crate::request::{ApprovalRequest, ApprovalRow, Precondition, Progress};
use crate::state::State;

/// What a system made.
#[derive(Debug, Clone, PartialEq)]
pub struct Receipt {
    /// Its own key, for example the purchase order's number.
    pub reference: String,
    /// One sentence.
    pub message: String,
    /// Its warnings.
    pub warnings: Vec<String>,
    /// What else it told.
    pub detail: Value,
}

/// How a write ended.
#[derive(Debug, Clone)]
pub enum ApplyOutcome {
    /// Done.
    Succeeded(Receipt),
    /// The system said no; nothing happened.
    Refused {
        /// The system's code.
        code: String,
        /// The system's words.
        message: String,
    },
    /// Surely nothing reached the system.
    NotSent(PortError),
    /// It may have reached the system.
    Unknown(PortError),
}

/// What a read-back found.
#[derive(Debug, Clone)]
pub enum Reconciled {
    /// It happened, once.
    Found(Receipt),
    /// The system remembers that it refused it; nothing happened.
    Refused {
        /// The system's code.
        code: String,
        /// The system's words.
        message: String,
    },
    /// Nothing with our reference is there (now).
    NotFound,
    /// More than one thing with our reference is there: somebody must look.
    Several(Vec<String>),
}

/// Values of the target now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Current {
    /// By parameter path.
    pub values: BTreeMap<String, String>,
    /// Version of the target, where it has one.
    pub target_version: Option<String>,
}

/// A write operation of a connector. Bound to its table entry by `app`.
#[async_trait]
pub trait WriteOperation: Send + Sync {
    /// Checks whether the write would be possible now. Reads only.
    async fn check(&self, parameters: &CanonicalJson) -> Result<Vec<Precondition>, PortError>;

    /// Values the write would replace, and the version of the target. Reads only.
    async fn current(&self, parameters: &CanonicalJson) -> Result<Current, PortError>;

    /// Sends the change, once. Never repeats by itself what may have reached the system.
    async fn apply(&self, change: ApprovedChange) -> ApplyOutcome;

    /// Looks for what an earlier, unanswered write may have made. Reads only.
    async fn reconcile(&self, reference: &ChangeReference) -> Result<Reconciled, PortError>;

    /// SHA-256 of where a write would go: system, origin, path, client and user; no secret.
    fn endpoint_fingerprint(&self) -> [u8; 32];
}

/// How equal requests of one agent become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JoinRule {
    /// A request without a key joins an equal one (same requester, same digest) that came in less than so long ago.
    pub without_key_within: Duration,
    /// More waiting requests than this of one requester are refused.
    pub most_pending: u32,
}

/// What became of a new request.
#[derive(Debug, Clone, PartialEq)]
pub enum Inserted {
    /// It is on disk.
    New(ApprovalRow),
    /// The same requester asked the same before; this is that request.
    Joined(ApprovalRow),
    /// The requester used this key before for something else; this is that request.
    KeyReused(ApprovalRow),
    /// The requester has so many waiting already.
    TooMany(u32),
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq)]
pub enum Changed {
    /// It is on disk.
    Done(ApprovalRow),
    /// Somebody changed the request first; this is how it is now. Nothing was written.
    Stale(ApprovalRow),
}

/// Filter for lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApprovalFilter {
    /// Only these states; empty for all.
    pub states: Vec<State>,
    /// Only of this requester.
    pub requested_by: Option<String>,
    /// Only requested or settled at or after.
    pub since: Option<Timestamp>,
    /// At most so many, the newest.
    pub limit: u32,
}

/// Keeps requests. Every change is one transaction with its audit event, or nothing.
#[async_trait]
pub trait ApprovalJournal: Send + Sync {
    /// Puts a new request on disk, or finds the one it joins.
    async fn insert(
        &self,
        request: ApprovalRequest,
        progress: Progress,
        rule: JoinRule,
        audit: AuditEvent,
    ) -> Result<Inserted, PortError>;

    /// One request of a tenant.
    async fn get(&self, tenant: &TenantId, id: ApprovalId) -> Result<Option<ApprovalRow>, PortError>;

    /// Requests of a tenant, newest first.
    async fn list(&self, tenant: &TenantId, filter: &ApprovalFilter) -> Result<Vec<ApprovalRow>, PortError>;

    /// Replaces the progress of a request that still has `from_version`. Refuses an arrow that does not exist, a decision
    /// taken away or changed, and a nonce seen before.
    async fn change(
        &self,
        tenant: &TenantId,
        id: ApprovalId,
        from_version: i64,
        progress: Progress,
        audit: AuditEvent,
    ) -> Result<Changed, PortError>;

    /// Requests of every tenant in these states: for timers and for the start after a crash.
    async fn in_states(&self, states: &[State]) -> Result<Vec<ApprovalRow>, PortError>;
}
