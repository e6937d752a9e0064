//! Operations, agents, connections and the audit log.

use andon_domain::agent::AgentRecord;
use andon_domain::audit::AuditEntry;
use andon_domain::operations::Effect;
use andon_domain::{Class, Risk, System, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

/// The class of one field of an operation's records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FieldClassView {
    /// Path in a record; lists are walked through.
    pub field: String,
    /// Its class.
    pub class: Class,
}

/// One operation of the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct OperationView {
    /// Dotted name.
    pub name: String,
    /// Name agents use.
    pub tool: String,
    /// Read or write.
    pub effect: Effect,
    /// System it goes to.
    pub system: System,
    /// Risk before rules.
    pub risk: Risk,
    /// Class of what it returns or changes, but for the fields named in `fields`.
    pub class: Class,
    /// Fields of its records that are more sensitive than the rest.
    pub fields: Vec<FieldClassView>,
    /// One sentence.
    pub sentence: String,
    /// JSON schema of the parameters.
    #[ts(type = "unknown")]
    pub schema: Value,
}

/// The table of operations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct OperationList {
    /// The entries, in the order people see them.
    pub operations: Vec<OperationView>,
}

/// Agents, also revoked ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AgentList {
    /// The agents.
    pub agents: Vec<AgentRecord>,
}

/// Run an operation.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct OperationRunRequest {
    /// Dotted name.
    pub name: String,
    /// Parameters.
    #[ts(type = "unknown")]
    pub parameters: Value,
    /// Records in the answer, 100 by default.
    #[serde(default)]
    #[ts(optional)]
    pub limit: Option<u32>,
    /// Where the last answer ended.
    #[serde(default)]
    #[ts(optional)]
    pub cursor: Option<String>,
    /// Why, for a write.
    #[serde(default)]
    #[ts(optional)]
    pub rationale: Option<String>,
    /// Key under which a write may be asked for again.
    #[serde(default)]
    #[ts(optional)]
    pub idempotency_key: Option<String>,
}

/// What a read brought.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ReadAnswer {
    /// Records of the operation's type.
    #[ts(type = "unknown[]")]
    pub records: Vec<Value>,
    /// Where to go on; absent at the end.
    pub next_cursor: Option<String>,
    /// Total in the source, when known.
    #[ts(type = "number | null")]
    pub total: Option<u64>,
    /// A stated limit cut the records.
    pub is_truncated: bool,
    /// Highest class of what is left in the records.
    pub class: Class,
    /// System it came from.
    pub source: System,
    /// When it was fetched.
    pub fetched_at: Timestamp,
    /// When the source says it is from.
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

/// Answer to a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum OperationAnswer {
    /// A read.
    Read(ReadAnswer),
    /// A write that was taken in and waits.
    Requested {
        /// The request.
        item: Box<super::ApprovalItem>,
        /// It had been asked before.
        is_joined: bool,
    },
}

/// Add an agent.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct AgentAddRequest {
    /// Name and key.
    pub agent: String,
    /// Operations it may call; a trailing `*` stands for every operation with that beginning.
    pub scopes: Vec<String>,
    /// Highest class it may see; class II by default.
    #[serde(default)]
    #[ts(optional)]
    pub clearance: Option<Class>,
    /// When its token ends.
    #[serde(default)]
    #[ts(optional)]
    pub expires_at: Option<Timestamp>,
}

/// A new agent with its token, which is shown this once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AgentAdded {
    /// The agent.
    pub agent: AgentRecord,
    /// The token; it cannot be shown again.
    pub token: String,
    /// Address to give the agent.
    pub gateway: Option<String>,
}

/// Name an agent.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct AgentRef {
    /// Name and key.
    pub agent: String,
}

/// Ask for the audit log.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
pub struct AuditTailRequest {
    /// Only after this sequence number.
    #[serde(default)]
    #[ts(optional, type = "number")]
    pub after: Option<i64>,
    /// Only actions with this beginning.
    #[serde(default)]
    #[ts(optional)]
    pub action: Option<String>,
    /// At most so many, 100 by default.
    #[serde(default)]
    #[ts(optional)]
    pub limit: Option<u32>,
}

/// The audit log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct AuditTail {
    /// Entries, oldest first.
    pub entries: Vec<AuditEntry>,
}

/// Set or remove a credential. It can be set, replaced, removed and asked for being set; never read.
#[derive(Clone, Deserialize, TS)]
pub struct CredentialSetRequest {
    /// System it is for.
    pub system: System,
    /// The credential; empty to remove it.
    pub secret: String,
}

/// Name a system.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct SystemRef {
    /// Which.
    pub system: System,
}
