//! Approval requests as screens and the command line see them.

use andon_approvals::{Outcome, OutcomeKind, Precondition, State, Verdict};
use andon_domain::{Class, Money, Risk, Timestamp};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Which list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalView {
    /// What is not at rest: waiting, in its undo window, being sent, or with an unknown outcome.
    #[default]
    Waiting,
    /// Decided by people or the policy.
    Decided,
    /// Expired or cancelled: nobody decided.
    Expired,
}

/// Ask for a list.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
pub struct ApprovalListRequest {
    /// Which list.
    #[serde(default)]
    pub view: ApprovalView,
    /// At most so many, 200 by default.
    #[serde(default)]
    #[ts(optional)]
    pub limit: Option<u32>,
}

/// One line of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ApprovalItem {
    /// Key.
    pub id: String,
    /// What it is about.
    pub title: String,
    /// Operation, dotted.
    pub operation: String,
    /// Name of the agent or person who asks.
    pub requester: String,
    /// Risk.
    pub risk: Risk,
    /// State.
    pub state: State,
    /// When it came in.
    pub requested_at: Timestamp,
    /// Until when it can be decided.
    pub decide_by: Timestamp,
    /// When it was decided, expired or cancelled.
    pub decided_at: Option<Timestamp>,
    /// Who decided, by name.
    pub decided_by: Vec<String>,
    /// Approvals it has.
    pub votes: u32,
    /// Approvals it needs.
    pub quorum: u32,
    /// Until when an approval can be undone.
    pub undo_until: Option<Timestamp>,
    /// How it ended.
    pub outcome: Option<OutcomeKind>,
    /// The system's key of what it made.
    pub reference: Option<String>,
    /// Digest, for a decision from the list.
    pub digest: String,
    /// Whether this person could approve it now.
    pub can_approve: bool,
}

/// A list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ApprovalListResponse {
    /// The console's clock.
    pub server_time: Timestamp,
    /// Sorted: waiting by risk and then time left, others newest first.
    pub items: Vec<ApprovalItem>,
}

/// Name one request.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ApprovalRef {
    /// Key.
    pub id: String,
}

/// One parameter on the card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ParameterRow {
    /// Path in the parameters.
    pub field: String,
    /// Value in the system now, where it can be read.
    pub now: Option<String>,
    /// Value after approval; the same as `now` for what is only shown beside the parameters and stays as it is.
    pub after: String,
}

/// One decision of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct VoteView {
    /// Name.
    pub person: String,
    /// Yes or no.
    pub verdict: Verdict,
    /// When.
    pub at: Timestamp,
    /// Reason given.
    pub reason: Option<String>,
    /// Taken back by an undo.
    pub is_void: bool,
}

/// One line of the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TimelineEntry {
    /// When.
    pub at: Timestamp,
    /// Action of the audit log: `approval.approved`.
    pub action: String,
    /// Who, by name.
    pub who: String,
}

/// A decided request of the same kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SimilarView {
    /// Key.
    pub id: String,
    /// When it was decided.
    pub at: Timestamp,
    /// What it was about.
    pub title: String,
    /// Money it committed.
    pub value: Option<Money>,
    /// State.
    pub state: State,
    /// Who decided.
    pub decided_by: Vec<String>,
}

/// Why this person cannot approve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum HindranceView {
    /// The role is too low.
    Role,
    /// It is their own request.
    Own,
    /// They approved already; another person is needed.
    Voted,
    /// It is not waiting.
    NotWaiting,
    /// They have no signing key: the keyring was not available.
    NoKey,
}

/// Everything about one request for one person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ApprovalCard {
    /// The console's clock.
    pub server_time: Timestamp,
    /// The line of the list.
    pub item: ApprovalItem,
    /// What will happen, made from the approved bytes.
    pub sentence: String,
    /// Money it commits.
    pub value: Option<Money>,
    /// Why it has its risk.
    pub risk_reasons: Vec<String>,
    /// The parameters in words.
    pub parameters: Vec<ParameterRow>,
    /// Parameters that could not be put into words.
    pub uncovered: u32,
    /// The canonical bytes that are signed and sent.
    pub canonical: String,
    /// The agent's own words; not verified.
    pub rationale: Option<String>,
    /// Whom the agent says it acts for; not verified.
    pub on_behalf_of: Option<String>,
    /// Checks made before anybody was asked.
    pub preconditions: Vec<Precondition>,
    /// Class of the data.
    pub class: Class,
    /// First digits of the digest.
    pub fingerprint: String,
    /// Policy it was judged by.
    pub policy_version: String,
    /// Decisions so far.
    pub votes: Vec<VoteView>,
    /// What happened to it.
    pub timeline: Vec<TimelineEntry>,
    /// Decided requests of the same operation and target in the last 30 days.
    pub similar: Vec<SimilarView>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Why this person cannot approve.
    pub hindrance: Option<HindranceView>,
    /// Whether this person can deny.
    pub can_deny: bool,
    /// Whether this person can undo now.
    pub can_undo: bool,
    /// Whether this person can give more time.
    pub can_extend: bool,
    /// Whether this person can settle an unknown outcome.
    pub can_settle: bool,
    /// Least characters of the reason for approving.
    pub least_reason: u32,
    /// What must be typed to approve.
    pub typed_target: Option<String>,
    /// Codes of ready reasons for a deny.
    pub deny_presets: Vec<String>,
    /// How many fields were left out because of this person's clearance.
    pub hidden_fields: u32,
}

/// Approve.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ApproveRequest {
    /// Key.
    pub id: String,
    /// Digest that was on the screen.
    pub digest: String,
    /// Reason; needed from HIGH on.
    #[serde(default)]
    #[ts(optional)]
    pub reason: Option<String>,
    /// Target as typed; needed for CRITICAL.
    #[serde(default)]
    #[ts(optional)]
    pub typed_target: Option<String>,
}

/// Deny.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct DenyRequest {
    /// Key.
    pub id: String,
    /// Digest that was on the screen.
    pub digest: String,
    /// Code of a ready reason.
    #[serde(default)]
    #[ts(optional)]
    pub preset: Option<String>,
    /// Reason in own words, told to the agent.
    #[serde(default)]
    #[ts(optional)]
    pub reason: Option<String>,
}

/// Settle an unknown outcome by hand.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct SettleRequest {
    /// Key.
    pub id: String,
    /// Whether it happened.
    pub happened: bool,
    /// The system's key of what it made, when it happened.
    #[serde(default)]
    #[ts(optional)]
    pub reference: Option<String>,
    /// How that is known; at least 10 characters.
    pub reason: String,
}
