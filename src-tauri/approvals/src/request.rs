//! What a request is: the facts fixed when it came in, and the progress that changes.

use std::collections::BTreeMap;

use andon_domain::time::Deadline;
use andon_domain::{ApprovalId, CanonicalJson, OperationName, Risk, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use crate::decision::SignedDecision;
use crate::digest::ActionDigest;
use crate::state::State;

/// How a precondition turned out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PreconditionState {
    /// Holds.
    Passed,
    /// Odd, worth a look; does not stop the request.
    Warning,
    /// Does not hold; the request is refused before anybody is asked.
    Failed,
}

/// One check made before a person was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Precondition {
    /// Stable short id of the rule, for example `sap-02`.
    pub rule: String,
    /// What was checked, in words.
    pub label: String,
    /// How it turned out.
    pub state: PreconditionState,
    /// More, when there is more to say.
    pub detail: Option<String>,
}

/// The facts of a request, fixed when it was made.
#[derive(Debug, Clone, PartialEq)]
pub struct ApprovalRequest {
    /// Key; also the task id of the agent.
    pub id: ApprovalId,
    /// Tenant.
    pub tenant: TenantId,
    /// Operation.
    pub operation: OperationName,
    /// Version of its parameter type.
    pub schema_version: u32,
    /// The bytes that are shown, digested, signed and sent.
    pub parameters: CanonicalJson,
    /// Digest of the whole action.
    pub digest: ActionDigest,
    /// SHA-256 of where it would go: system, origin, path, client and user.
    pub endpoint_fingerprint: [u8; 32],
    /// Version of the risk policy it was judged by.
    pub policy_version: String,
    /// Its risk.
    pub risk: Risk,
    /// Why it has that risk, in words.
    pub risk_reasons: Vec<String>,
    /// How many different people must approve; 0 refuses at dispatch unless the policy decided a LOW request.
    pub quorum: u32,
    /// The requester as audit actor: `agent:procurement-agent` or `person:ada`.
    pub requested_by: String,
    /// Whom the agent says it acts for; not verified.
    pub on_behalf_of: Option<String>,
    /// The agent's own words; not verified and not part of the digest.
    pub rationale: Option<String>,
    /// Key under which the agent may ask again and get the same request.
    pub idempotency_key: Option<String>,
    /// Version of the target at request time, sent with the write where the system has one.
    pub target_version: Option<String>,
    /// Values now, by parameter path, where they can be read.
    pub current: BTreeMap<String, String>,
    /// Checks made before anybody was asked.
    pub preconditions: Vec<Precondition>,
    /// When it came in.
    pub requested_at: Timestamp,
}

/// How the operation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeKind {
    /// The system did it.
    Executed,
    /// The system said no; nothing happened.
    RefusedBySystem,
    /// It never left: too late, checks failed, or no connection.
    NotSent,
    /// It may have happened.
    Unknown,
}

/// The end of an operation, or what is known of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Outcome {
    /// How it ended.
    pub kind: OutcomeKind,
    /// The system's own key of what it made, for example the purchase order's number.
    pub reference: Option<String>,
    /// One sentence for people and agents.
    pub message: String,
    /// Warnings of the system.
    pub warnings: Vec<String>,
    /// What else the system told.
    #[ts(type = "unknown")]
    pub detail: Value,
    /// Who settled an unknown outcome by hand, and why.
    pub settled_by: Option<String>,
}

/// The part of a request that changes. Each change is one transaction with its audit event.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// Where it is.
    pub state: State,
    /// Until when it can be decided; moves when somebody extends it.
    pub decide_by: Deadline,
    /// Signed decisions, in order. Append-only; those before an undo stay and no longer count.
    pub decisions: Vec<SignedDecision>,
    /// How many of the decisions an undo made void, counted from the first.
    pub void_decisions: u32,
    /// When an approved request may be sent: the end of the undo window.
    pub dispatch_after: Option<Timestamp>,
    /// Until when an approved request must be sent.
    pub execute_by: Option<Deadline>,
    /// Id of the one attempt to send.
    pub attempt: Option<String>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// When the last decision, expiry or cancellation came.
    pub decided_at: Option<Timestamp>,
    /// When it came to rest.
    pub settled_at: Option<Timestamp>,
}

/// A request with its progress, as the journal keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct ApprovalRow {
    /// What was asked.
    pub request: ApprovalRequest,
    /// Where it is.
    pub progress: Progress,
    /// Counts changes; a change names the version it was made from.
    pub version: i64,
}

impl Progress {
    /// A fresh request that waits until `decide_by`.
    #[must_use]
    pub fn pending(decide_by: Deadline) -> Self {
        Self {
            state: State::Pending,
            decide_by,
            decisions: Vec::new(),
            void_decisions: 0,
            dispatch_after: None,
            execute_by: None,
            attempt: None,
            outcome: None,
            decided_at: None,
            settled_at: None,
        }
    }

    /// The decisions that count.
    #[must_use]
    pub fn standing_decisions(&self) -> &[SignedDecision] {
        self.decisions.get(self.void_decisions as usize..).unwrap_or(&[])
    }
}
