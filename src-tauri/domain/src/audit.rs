//! What is written down about every command, decision, query and denial.
//!
//! The chain of hashes over these events is the store's business; here is only what an event says.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use crate::caller::Caller;
use crate::ids::TenantId;
use crate::time::Timestamp;

/// How the audited act ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AuditOutcome {
    /// It was done.
    Done,
    /// A rule, role or guard said no.
    Refused,
    /// It was tried and failed.
    Failed,
    /// Whether it happened is not known.
    Unknown,
}

/// One event of the audit log. Never holds rows of a result, a secret or a parameter of class IV in clear.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct AuditEvent {
    /// Tenant it belongs to.
    pub tenant: TenantId,
    /// When.
    pub at: Timestamp,
    /// Who, as `person:ada`, `agent:procurement`, `policy` or `system`.
    pub actor: String,
    /// The door: window, headless, cli, gateway or system.
    pub via: String,
    /// What, in dotted words: `approval.approved`, `query.run`, `operation.read`.
    pub action: String,
    /// What it was about: an approval id, an operation, an agent.
    pub subject: Option<String>,
    /// How it ended.
    pub outcome: AuditOutcome,
    /// Facts worth keeping; integers and strings only.
    #[ts(type = "unknown")]
    pub detail: Value,
}

impl AuditEvent {
    /// An event by this caller, done, without detail.
    #[must_use]
    pub fn new(caller: &Caller, at: Timestamp, action: &str, subject: impl Into<Option<String>>) -> Self {
        Self {
            tenant: caller.tenant.clone(),
            at,
            actor: caller.actor(),
            via: caller.via.as_str().to_owned(),
            action: action.to_owned(),
            subject: subject.into(),
            outcome: AuditOutcome::Done,
            detail: Value::Object(serde_json::Map::new()),
        }
    }

    /// The same event with another outcome.
    #[must_use]
    pub fn outcome(mut self, outcome: AuditOutcome) -> Self {
        self.outcome = outcome;
        self
    }

    /// The same event with facts.
    #[must_use]
    pub fn detail(mut self, detail: Value) -> Self {
        self.detail = detail;
        self
    }
}

/// An event with its place in the chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct AuditEntry {
    /// Position in the log, from 1, without gaps.
    #[ts(type = "number")]
    pub sequence: i64,
    /// SHA-256 of the previous hash and this event's bytes, in hex.
    pub hash: String,
    /// The event.
    pub event: AuditEvent,
}
