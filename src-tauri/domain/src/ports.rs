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
use crate::records::{
    CostCenter, DowntimeEvent, MachineStatus, Material, ProductionOrder, PurchaseOrder, QualityReport, Shift,
    StateSegment, StockRow,
};
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

/// One connected system as a whole: how it is, what was exchanged with it, and what an administrator should know. Its typed
/// operations are bound to the operation table by `app`.
#[async_trait]
pub trait Connector: Send + Sync {
    /// One check, within a few seconds. Never fails: a failure is a state.
    async fn check(&self) -> Health;

    /// What was exchanged with the system since the start.
    fn traffic(&self) -> Traffic;

    /// Looks at every service that is needed and says, one by one, what is there, what is missing and what to do. Reads only.
    async fn examine(&self) -> Vec<Finding>;
}

/// What was exchanged with a system since the start. The samples are the newest, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct Traffic {
    /// Calls made, each with all its attempts.
    #[ts(type = "number")]
    pub calls: u64,
    /// Calls that brought no usable answer.
    #[ts(type = "number")]
    pub failures: u64,
    /// Attempts beyond the first one of each call.
    #[ts(type = "number")]
    pub retries: u64,
    /// Calls not sent, because the system was known to be down.
    #[ts(type = "number")]
    pub refused_at_once: u64,
    /// Calls under way.
    pub open: u32,
    /// Since when nothing but a probe is sent, because the system does not answer.
    pub failing_since: Option<Timestamp>,
    /// Round trips.
    pub latencies: Vec<LatencySample>,
    /// Failures.
    pub troubles: Vec<TroubleSample>,
}

/// The round trip of one call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LatencySample {
    /// When it ended.
    pub at: Timestamp,
    /// Time of its last attempt until the headers of the answer were there.
    pub ms: u32,
    /// Attempts it took.
    pub attempts: u32,
}

/// One call that failed, in words without host, credential or body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TroubleSample {
    /// When it ended.
    pub at: Timestamp,
    /// What can be done about it.
    pub kind: PortErrorKind,
    /// For people.
    pub message: String,
    /// Attempts it took.
    pub attempts: u32,
}

/// How one thing an administrator can look at is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FindingState {
    /// As it should be.
    Good,
    /// Works, and should be looked at.
    Warning,
    /// Something optional is not there; what depends on it says "not available".
    Missing,
    /// Does not work.
    Failed,
}

/// One thing found when a connection was examined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Finding {
    /// What was looked at: a service, a feed, a setting.
    pub subject: String,
    /// How it is.
    pub state: FindingState,
    /// One sentence.
    pub message: String,
    /// What to do, in words an administrator of that system can act on.
    pub remedy: Option<String>,
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

/// A feed of the mirror.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Feed {
    /// Machine status.
    Machines,
    /// Downtime events.
    Downtime,
    /// Production orders.
    ProductionOrders,
    /// Quality reports.
    Quality,
    /// State history of machines.
    MachineHistory,
    /// Shift calendar.
    Calendar,
    /// Purchase orders.
    PurchaseOrders,
    /// Stock.
    Stock,
    /// Cost centres.
    CostCenters,
    /// Materials.
    Materials,
}

impl Feed {
    /// Every feed, in the order people see them.
    pub const ALL: [Self; 10] = [
        Self::Machines,
        Self::Downtime,
        Self::ProductionOrders,
        Self::Quality,
        Self::MachineHistory,
        Self::Calendar,
        Self::PurchaseOrders,
        Self::Stock,
        Self::CostCenters,
        Self::Materials,
    ];

    /// The word in logs and the mirror.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Machines => "machines",
            Self::Downtime => "downtime",
            Self::ProductionOrders => "production_orders",
            Self::Quality => "quality",
            Self::MachineHistory => "machine_history",
            Self::Calendar => "calendar",
            Self::PurchaseOrders => "purchase_orders",
            Self::Stock => "stock",
            Self::CostCenters => "cost_centers",
            Self::Materials => "materials",
        }
    }

    /// The system a feed is from.
    #[must_use]
    pub const fn system(self) -> System {
        match self {
            Self::Machines
            | Self::Downtime
            | Self::ProductionOrders
            | Self::Quality
            | Self::MachineHistory
            | Self::Calendar => System::Mes,
            Self::PurchaseOrders | Self::Stock | Self::CostCenters | Self::Materials => System::Sap,
        }
    }
}

/// Which records of a feed are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedAsk {
    /// Where the source can tell what changed, only that; absent for everything.
    pub changed_since: Option<Timestamp>,
    /// For feeds of events: what touches the time since then, and what is still open.
    pub window_since: Timestamp,
}

/// Records of one feed.
#[derive(Debug, Clone, PartialEq)]
pub enum FeedRecords {
    /// Of [`Feed::Machines`].
    Machines(FeedBatch<MachineStatus>),
    /// Of [`Feed::Downtime`].
    Downtime(FeedBatch<DowntimeEvent>),
    /// Of [`Feed::ProductionOrders`].
    ProductionOrders(FeedBatch<ProductionOrder>),
    /// Of [`Feed::Quality`].
    Quality(FeedBatch<QualityReport>),
    /// Of [`Feed::MachineHistory`].
    MachineHistory(FeedBatch<StateSegment>),
    /// Of [`Feed::Calendar`].
    Calendar(FeedBatch<Shift>),
    /// Of [`Feed::PurchaseOrders`].
    PurchaseOrders(FeedBatch<PurchaseOrder>),
    /// Of [`Feed::Stock`].
    Stock(FeedBatch<StockRow>),
    /// Of [`Feed::CostCenters`].
    CostCenters(FeedBatch<CostCenter>),
    /// Of [`Feed::Materials`].
    Materials(FeedBatch<Material>),
}

/// Does the same with the batch of whatever feed it is.
macro_rules! each_batch {
    ($records:expr, $batch:ident => $then:expr) => {
        match $records {
            FeedRecords::Machines($batch) => $then,
            FeedRecords::Downtime($batch) => $then,
            FeedRecords::ProductionOrders($batch) => $then,
            FeedRecords::Quality($batch) => $then,
            FeedRecords::MachineHistory($batch) => $then,
            FeedRecords::Calendar($batch) => $then,
            FeedRecords::PurchaseOrders($batch) => $then,
            FeedRecords::Stock($batch) => $then,
            FeedRecords::CostCenters($batch) => $then,
            FeedRecords::Materials($batch) => $then,
        }
    };
}

impl FeedRecords {
    /// The feed they are of.
    #[must_use]
    pub const fn feed(&self) -> Feed {
        match self {
            Self::Machines(_) => Feed::Machines,
            Self::Downtime(_) => Feed::Downtime,
            Self::ProductionOrders(_) => Feed::ProductionOrders,
            Self::Quality(_) => Feed::Quality,
            Self::MachineHistory(_) => Feed::MachineHistory,
            Self::Calendar(_) => Feed::Calendar,
            Self::PurchaseOrders(_) => Feed::PurchaseOrders,
            Self::Stock(_) => Feed::Stock,
            Self::CostCenters(_) => Feed::CostCenters,
            Self::Materials(_) => Feed::Materials,
        }
    }

    /// Whether the source said that nothing changed since the last batch.
    #[must_use]
    pub const fn is_unchanged(&self) -> bool {
        each_batch!(self, batch => batch.is_unchanged)
    }

    /// Records without a usable key, left out.
    #[must_use]
    pub const fn dropped(&self) -> u32 {
        each_batch!(self, batch => batch.dropped)
    }

    /// The source's clock.
    #[must_use]
    pub const fn server_time(&self) -> Option<Timestamp> {
        each_batch!(self, batch => batch.server_time)
    }
}

/// What the watch reads from a system.
#[async_trait]
pub trait FeedSource: Send + Sync {
    /// The feeds the system offers, as far as it has said. What is optional and not offered is no error and not listed.
    fn feeds(&self) -> Vec<Feed>;

    /// The records of one feed.
    async fn fetch(&self, feed: Feed, ask: &FeedAsk) -> Result<FeedRecords, PortError>;

    /// The mirror lost its copy: forget what was said to be unchanged.
    fn forget(&self) {}
}

/// Something that changed in the plant.
#[derive(Debug, Clone, PartialEq)]
pub enum PlantEvent {
    /// A machine's new state.
    Machine(Box<MachineStatus>),
    /// A downtime event, new or changed.
    Downtime(Box<DowntimeEvent>),
    /// A production order, new or changed.
    Order(Box<ProductionOrder>),
    /// A quality report, new or changed.
    Quality(Box<QualityReport>),
    /// The stream lost its place: fetch everything again.
    Resync,
    /// The stream is alive.
    Alive,
}

/// A stream of plant events; it ends when the connection is lost.
pub type PlantEvents = Pin<Box<dyn Stream<Item = Result<PlantEvent, PortError>> + Send>>;

/// A system that also tells changes as they happen.
#[async_trait]
pub trait PlantFeed: FeedSource {
    /// Listens to changes, resuming where the last stream ended when the MES can.
    async fn listen(&self) -> Result<PlantEvents, PortError>;
    /// How long the MES asked to wait before a lost stream is opened again, where it said so.
    fn reconnect_after(&self) -> Option<Duration> {
        None
    }
    /// IANA zone of the site, once the MES has said it.
    fn time_zone(&self) -> Option<String> {
        None
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

/// Half-open span of time `[since, until)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// From.
    pub since: Timestamp,
    /// To, not included.
    pub until: Timestamp,
}

/// The plant mirror of one tenant: what analysts query and the Plant screen shows.
#[async_trait]
pub trait Mirror: Send + Sync {
    /// Merges a batch: by version where records have one, tombstones remove; what a complete batch lacks is removed.
    async fn put(&self, records: &FeedRecords, synced_at: Timestamp) -> Result<Merged, PortError>;
    /// Forgets everything of these feeds, so that it is fetched anew.
    async fn clear(&self, feeds: &[Feed]) -> Result<(), PortError>;
    /// All machines with when each was last synced, by machine id.
    async fn machines(&self) -> Result<Vec<(MachineStatus, Timestamp)>, PortError>;
    /// Downtime that ended after `since` or is open, newest first, at most `limit`.
    async fn downtime(&self, since: Timestamp, limit: u32) -> Result<Vec<DowntimeEvent>, PortError>;
    /// Downtime that touches the window, of one machine or all, oldest first.
    async fn downtime_in(
        &self,
        window: Window,
        machine: Option<&str>,
    ) -> Result<Vec<DowntimeEvent>, PortError>;
    /// State segments that touch the window, of one machine or all, by machine and start.
    async fn history(&self, window: Window, machine: Option<&str>) -> Result<Vec<StateSegment>, PortError>;
    /// Shifts that touch the window, by start.
    async fn shifts(&self, window: Window) -> Result<Vec<Shift>, PortError>;
    /// Production orders not ended, and those whose planned or actual time touches the window, by planned start.
    async fn production_orders(&self, window: Window) -> Result<Vec<ProductionOrder>, PortError>;
    /// Quality reports of the window, newest first, at most `limit`.
    async fn quality(&self, window: Window, limit: u32) -> Result<Vec<QualityReport>, PortError>;
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
