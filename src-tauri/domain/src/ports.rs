//! What the engine needs from the world, as traits, and the one error all of them speak.
//!
//! The port that runs SQL lives in `guard` beside `CheckedQuery`, the ports that write and that keep approvals in
//! `approvals` beside `ApprovedChange`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;
use futures_core::Stream;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;
use ts_rs::TS;

use crate::agent::{AgentGrant, AgentRecord};
use crate::audit::{AuditEntry, AuditEvent};
use crate::canonical::CanonicalJson;
use crate::ids::{AgentId, TenantId};
use crate::records::{DowntimeEvent, MachineStatus, PurchaseOrder, StockRow};
use crate::secret::Secret;
use crate::time::Timestamp;

/// A system or service behind a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum System {
    /// SAP over OData.
    Sap,
    /// The plant's MES.
    Mes,
    /// The plant mirror or another SQL source.
    Sql,
    /// The language model.
    Model,
    /// The console's own files.
    Storage,
    /// The operating system's keyring.
    Keyring,
}

impl System {
    /// The name people read.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sap => "SAP",
            Self::Mes => "MES",
            Self::Sql => "mirror",
            Self::Model => "model",
            Self::Storage => "storage",
            Self::Keyring => "keyring",
        }
    }
}

/// What a caller can do about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PortErrorKind {
    /// Logon refused; new credentials are needed and no retry helps.
    Unauthorized,
    /// The user of the connection lacks a permission in the system.
    Forbidden,
    /// The record or service is not there.
    NotFound,
    /// Not configured, or a credential is not set.
    NotConfigured,
    /// Not reachable, or failing for the moment; try later.
    Unavailable,
    /// The system said no for a reason of its own; the message is its own.
    Rejected,
    /// The answer does not follow the protocol.
    Protocol,
    /// The request itself is not acceptable to us.
    Invalid,
    /// It took too long and was ended by us.
    TimedOut,
    /// Cancelled by the caller.
    Cancelled,
    /// The keyring is locked or waiting for its prompt.
    Locked,
    /// A write may or may not have happened; only a read-back tells.
    OutcomeUnknown,
    /// Changed by somebody else meanwhile.
    Conflict,
}

/// A failure at a port. `message` is fit for a screen; `detail` is for the log only (hosts, bodies, SQL).
#[derive(Debug, Clone, Error)]
pub struct PortError {
    /// What can be done about it.
    pub kind: PortErrorKind,
    /// Which system.
    pub system: System,
    /// For people; no host, credential or SQL.
    pub message: String,
    /// For the log.
    pub detail: String,
    /// How many attempts were made.
    pub attempts: u32,
    /// Over how long.
    pub elapsed: Duration,
}

impl PortError {
    /// A failure of one attempt without log detail.
    pub fn new(system: System, kind: PortErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            system,
            message: message.into(),
            detail: String::new(),
            attempts: 1,
            elapsed: Duration::ZERO,
        }
    }

    /// Adds what only the log may see.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// A failure of the console's own files.
    pub fn storage(detail: impl fmt::Display) -> Self {
        Self::new(
            System::Storage,
            PortErrorKind::Unavailable,
            "the console cannot write its files",
        )
        .detail(detail.to_string())
    }
}

impl fmt::Display for PortError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.system.as_str(), self.message)?;
        if self.attempts > 1 {
            write!(
                f,
                " ({} attempts in {:.1} s)",
                self.attempts,
                self.elapsed.as_secs_f64()
            )?;
        }
        Ok(())
    }
}

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

/// How a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum HealthState {
    /// Works.
    Healthy,
    /// Works with trouble.
    Degraded,
    /// Does not answer.
    Down,
    /// Refuses our logon.
    Unauthorized,
    /// Lacks an address or a credential.
    NotConfigured,
    /// Not asked yet.
    Unknown,
}

/// Result of one health check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Health {
    /// How it is.
    pub state: HealthState,
    /// One sentence for people; no host or credential.
    pub message: String,
    /// What to do, when something is to be done.
    pub hint: Option<String>,
    /// Round trip of the check.
    #[ts(type = "number | null")]
    pub latency_ms: Option<u64>,
    /// How far the system's clock is ahead of ours.
    #[ts(type = "number | null")]
    pub clock_skew_ms: Option<i64>,
}

/// Asks a system how it is. Never fails: a failure is a state.
#[async_trait]
pub trait HealthCheck: Send + Sync {
    /// One check, within a few seconds.
    async fn check(&self) -> Health;
}

/// A batch of records from a feed.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedBatch<T> {
    /// The records; empty when `is_unchanged`.
    pub records: Vec<T>,
    /// The source said nothing changed since the last batch (HTTP 304).
    pub is_unchanged: bool,
    /// Whether this is everything, so that what is absent is gone.
    pub is_complete: bool,
    /// Records without a usable key, left out.
    pub dropped: u32,
    /// The source's clock.
    pub server_time: Option<Timestamp>,
}

/// Something that changed in the plant.
#[derive(Debug, Clone, PartialEq)]
pub enum PlantEvent {
    /// A machine's new state.
    Machine(Box<MachineStatus>),
    /// A downtime event, new or changed.
    Downtime(Box<DowntimeEvent>),
    /// The stream lost its place: fetch everything again.
    Resync,
    /// The stream is alive.
    Alive,
}

/// A stream of plant events; it ends when the connection is lost.
pub type PlantEvents = Pin<Box<dyn Stream<Item = Result<PlantEvent, PortError>> + Send>>;

/// What the watch reads from the MES.
#[async_trait]
pub trait PlantFeed: Send + Sync {
    /// All machines.
    async fn machines(&self) -> Result<FeedBatch<MachineStatus>, PortError>;
    /// Downtime that touches the time since `since`, and what is still open.
    async fn downtime(&self, since: Timestamp) -> Result<FeedBatch<DowntimeEvent>, PortError>;
    /// Listens to changes, resuming where the last stream ended when the MES can.
    async fn listen(&self) -> Result<PlantEvents, PortError>;
    /// IANA zone of the site, once the MES has said it.
    fn time_zone(&self) -> Option<String> {
        None
    }
}

/// What the watch reads from SAP.
#[async_trait]
pub trait ErpFeed: Send + Sync {
    /// All purchase orders the mirror keeps.
    async fn purchase_orders(&self) -> Result<FeedBatch<PurchaseOrder>, PortError>;
    /// All stock.
    async fn stock(&self) -> Result<FeedBatch<StockRow>, PortError>;
}

/// A feed of the mirror.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Feed {
    /// Machine status.
    Machines,
    /// Downtime events.
    Downtime,
    /// Purchase orders.
    PurchaseOrders,
    /// Stock.
    Stock,
}

impl Feed {
    /// The word in logs and the mirror.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Machines => "machines",
            Self::Downtime => "downtime",
            Self::PurchaseOrders => "purchase_orders",
            Self::Stock => "stock",
        }
    }
}

/// What a write to the mirror changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Merged {
    /// Records new or changed.
    pub changed: u32,
    /// Records older than what the mirror has.
    pub ignored: u32,
    /// Records gone from the source.
    pub removed: u32,
}

/// The plant mirror of one tenant: what analysts query and the Plant screen shows.
#[async_trait]
pub trait Mirror: Send + Sync {
    /// Merges machines by version; when `is_complete`, machines not in the batch are removed.
    async fn put_machines(
        &self,
        batch: &FeedBatch<MachineStatus>,
        synced_at: Timestamp,
    ) -> Result<Merged, PortError>;
    /// Merges downtime by version; tombstones remove.
    async fn put_downtime(
        &self,
        batch: &FeedBatch<DowntimeEvent>,
        synced_at: Timestamp,
    ) -> Result<Merged, PortError>;
    /// Replaces or adds purchase orders with their items.
    async fn put_purchase_orders(
        &self,
        batch: &FeedBatch<PurchaseOrder>,
        synced_at: Timestamp,
    ) -> Result<Merged, PortError>;
    /// Replaces stock.
    async fn put_stock(&self, batch: &FeedBatch<StockRow>, synced_at: Timestamp)
    -> Result<Merged, PortError>;
    /// All machines with when each was last synced, by machine id.
    async fn machines(&self) -> Result<Vec<(MachineStatus, Timestamp)>, PortError>;
    /// Downtime that ended after `since` or is open, newest first, at most `limit`.
    async fn downtime(&self, since: Timestamp, limit: u32) -> Result<Vec<DowntimeEvent>, PortError>;
    /// Where the file is, for read-only sources.
    fn path(&self) -> PathBuf;
}

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

/// How the keyring is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum KeyringState {
    /// Works.
    Available,
    /// Present but locked.
    Locked,
    /// No keyring service.
    Absent,
    /// Does not answer in time; a prompt may be open.
    Slow,
}

/// The operating system's keyring. Names are `tenant/name`; there is no fall-back to a file.
#[async_trait]
pub trait SecretStore: Send + Sync {
    /// The secret, or `None` when it is not set.
    async fn get(&self, name: &str) -> Result<Option<Secret>, PortError>;
    /// Sets or replaces.
    async fn set(&self, name: &str, secret: &Secret) -> Result<(), PortError>;
    /// Removes; a missing one is fine.
    async fn remove(&self, name: &str) -> Result<(), PortError>;
    /// How the keyring is, asked now.
    async fn state(&self) -> KeyringState;
}

/// Agents and the hashes of their tokens.
#[async_trait]
pub trait AgentRegistry: Send + Sync {
    /// Adds an agent with the SHA-256 of its token and the audit event, in one transaction. A living agent of the same
    /// name is a conflict.
    async fn add(
        &self,
        grant: &AgentGrant,
        token_sha256: [u8; 32],
        created_at: Timestamp,
        created_by: &str,
        audit: AuditEvent,
    ) -> Result<(), PortError>;
    /// All agents of a tenant, also revoked ones.
    async fn list(&self, tenant: &TenantId) -> Result<Vec<AgentRecord>, PortError>;
    /// Revokes; `false` when there is no living agent of that name.
    async fn revoke(
        &self,
        tenant: &TenantId,
        agent: &AgentId,
        at: Timestamp,
        audit: AuditEvent,
    ) -> Result<bool, PortError>;
    /// The agent a token hash belongs to, revoked and expired ones included.
    async fn by_token(&self, token_sha256: [u8; 32]) -> Result<Option<AgentRecord>, PortError>;
    /// Notes that an agent called.
    async fn touch(&self, tenant: &TenantId, agent: &AgentId, at: Timestamp) -> Result<(), PortError>;
}

/// Settings of a tenant, small JSON values by name.
#[async_trait]
pub trait Settings: Send + Sync {
    /// The value, or `None` when it was never set.
    async fn get(&self, tenant: &TenantId, name: &str) -> Result<Option<Value>, PortError>;
    /// Sets the value and appends the audit event in one transaction.
    async fn set(
        &self,
        tenant: &TenantId,
        name: &str,
        value: &Value,
        audit: AuditEvent,
    ) -> Result<(), PortError>;
}

/// One question or statement an analyst ran, allowed or refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct QueryRecord {
    /// Key.
    pub id: String,
    /// Who ran it, as an audit actor.
    pub actor: String,
    /// When.
    pub at: Timestamp,
    /// The question in plain language, when there was one.
    pub question: Option<String>,
    /// The SQL as written or as the model wrote it.
    pub sql: String,
    /// Whether the guard let it run.
    pub is_allowed: bool,
    /// Rows it returned.
    #[ts(type = "number | null")]
    pub rows: Option<u64>,
    /// How long it ran.
    #[ts(type = "number | null")]
    pub elapsed_ms: Option<u64>,
    /// Why it was refused or failed.
    pub problem: Option<String>,
}

/// What analysts asked before.
#[async_trait]
pub trait QueryHistory: Send + Sync {
    /// Keeps a record.
    async fn put(&self, tenant: &TenantId, record: QueryRecord) -> Result<(), PortError>;
    /// The newest records of this actor, newest first.
    async fn list(&self, tenant: &TenantId, actor: &str, limit: u32) -> Result<Vec<QueryRecord>, PortError>;
}

/// What the model is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelRequest {
    /// The question as typed.
    pub question: String,
    /// SQL dialect of the source.
    pub dialect: String,
    /// Tables and columns the asker may see, with descriptions.
    pub schema: String,
    /// Today's date in the site's zone, `YYYY-MM-DD`.
    pub today: String,
    /// The last attempt and why it was refused, when this is a second or third one.
    pub previous: Option<(String, String)>,
}

/// What the model answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelReply {
    /// The statement found in the answer.
    pub sql: String,
    /// How the model read the question.
    pub assumptions: Option<String>,
    /// Tokens used, when the provider tells.
    pub tokens: Option<u64>,
}

/// A language model that writes SQL.
#[async_trait]
pub trait Model: Send + Sync {
    /// One attempt.
    async fn write_sql(&self, request: &ModelRequest) -> Result<ModelReply, PortError>;
    /// Name of the model for the screen and the audit log.
    fn name(&self) -> String;
}

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
}

/// Statistics of every tenant by name.
pub type CacheStatsByTenant = BTreeMap<TenantId, CacheStats>;
