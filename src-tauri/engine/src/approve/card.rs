//! What a decider sees: the request, what this person may do with it and why not, and how similar ones went.

use std::time::Duration;

use andon_approvals::{ApprovalFilter, ApprovalRequest, ApprovalRow, State};
use andon_domain::audit::AuditEntry;
use andon_domain::operations::Description;
use andon_domain::ports::AuditFilter;
use andon_domain::{ApprovalId, Caller, Permission, UserId, operations};

use super::decide::{decide_permission, least_reason};
use super::load;
use crate::access::permit;
use crate::error::EngineError;
use crate::world::Engine;

const SIMILAR_WITHIN: Duration = Duration::from_secs(30 * 86_400);

/// Why somebody cannot decide this request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hindrance {
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

/// What this person may do with the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Abilities {
    /// Why they cannot approve, if they cannot.
    pub hindrance: Option<Hindrance>,
    /// Whether they can deny.
    pub can_deny: bool,
    /// Whether an approval can be undone now.
    pub can_undo: bool,
    /// Whether they can give more time.
    pub can_extend: bool,
    /// Whether they can settle an unknown outcome.
    pub can_settle: bool,
    /// Least characters of a reason for approval.
    pub least_reason: usize,
    /// Whether the target must be typed.
    pub needs_target: bool,
}

/// A decided request of the same kind.
#[derive(Debug, Clone)]
pub struct Similar {
    /// The request.
    pub row: ApprovalRow,
    /// Its words.
    pub title: String,
}

/// Everything about one request for one person.
#[derive(Debug, Clone)]
pub struct Card {
    /// The request.
    pub row: ApprovalRow,
    /// Its words; `None` when the stored parameters can no longer be put into words.
    pub description: Option<Description>,
    /// What this person may do.
    pub abilities: Abilities,
    /// Its audit trail.
    pub trail: Vec<AuditEntry>,
    /// Decided requests of the same operation and target, newest first.
    pub similar: Vec<Similar>,
}

/// Words for a stored request, from its stored bytes.
#[must_use]
pub fn describe(request: &ApprovalRequest) -> Option<Description> {
    let describe = operations::find(request.operation.as_str())?.describe?;
    describe(&request.parameters).ok()
}

/// Requests of the caller's tenant, newest first.
///
/// # Errors
/// When the caller may not see approvals or the journal cannot be read.
pub async fn list(
    engine: &Engine,
    caller: &Caller,
    filter: &ApprovalFilter,
) -> Result<Vec<ApprovalRow>, EngineError> {
    permit(caller, Permission::ApprovalView)?;
    engine.tenant(&caller.tenant)?;
    Ok(engine.journal.list(&caller.tenant, filter).await?)
}

/// One request for this person.
///
/// # Errors
/// When the caller may not see approvals, there is no such request, or the journal cannot be read.
pub async fn card(engine: &Engine, caller: &Caller, id: ApprovalId) -> Result<Card, EngineError> {
    permit(caller, Permission::ApprovalView)?;
    let row = load(engine, caller, id).await?;
    let description = describe(&row.request);
    let tenant = engine.tenant(&caller.tenant)?;
    let filter = AuditFilter {
        subject: Some(id.to_string()),
        limit: 50,
        ..AuditFilter::default()
    };
    let trail = tenant.parts.audit.tail(&filter).await?;
    let similar = similar(engine, caller, &row, description.as_ref()).await?;
    Ok(Card {
        abilities: abilities(engine, caller, &row),
        row,
        description,
        trail,
        similar,
    })
}

/// Why this person cannot approve the request now; `None` when they can.
#[must_use]
pub fn hindrance(engine: &Engine, caller: &Caller, row: &ApprovalRow) -> Option<Hindrance> {
    let is_waiting =
        row.progress.state == State::Pending && !row.progress.decide_by.has_passed(&engine.clock.moment());
    if !is_waiting {
        return Some(Hindrance::NotWaiting);
    }
    lacks(engine, caller, row).or_else(|| {
        let voted = |person: &UserId| {
            row.progress
                .standing_decisions()
                .iter()
                .any(|vote| vote.payload.operator_id == person.as_str())
        };
        caller.person().is_some_and(voted).then_some(Hindrance::Voted)
    })
}

/// What this person lacks to decide the request at any time.
fn lacks(engine: &Engine, caller: &Caller, row: &ApprovalRow) -> Option<Hindrance> {
    if permit(caller, decide_permission(row.request.risk)).is_err() {
        return Some(Hindrance::Role);
    }
    if row.request.requested_by == caller.actor() {
        return Some(Hindrance::Own);
    }
    let has_key = caller
        .person()
        .is_some_and(|person| engine.roster().person(person).is_some());
    (!has_key).then_some(Hindrance::NoKey)
}

fn abilities(engine: &Engine, caller: &Caller, row: &ApprovalRow) -> Abilities {
    let now = engine.clock.now();
    let (state, risk) = (row.progress.state, row.request.risk);
    let hindrance = hindrance(engine, caller, row);
    let is_waiting = hindrance != Some(Hindrance::NotWaiting);
    let is_decider = lacks(engine, caller, row).is_none();
    let in_undo = state == State::Approved && row.progress.dispatch_after.is_some_and(|after| now < after);
    Abilities {
        hindrance,
        can_deny: is_decider && (is_waiting || matches!(state, State::Approved | State::Claimed)),
        can_undo: is_decider && in_undo,
        can_extend: is_decider && is_waiting,
        can_settle: is_decider && state == State::Unknown,
        least_reason: least_reason(risk),
        needs_target: risk == andon_domain::Risk::Critical,
    }
}

async fn similar(
    engine: &Engine,
    caller: &Caller,
    row: &ApprovalRow,
    description: Option<&Description>,
) -> Result<Vec<Similar>, EngineError> {
    let Some(description) = description else {
        return Ok(Vec::new());
    };
    let filter = ApprovalFilter {
        states: vec![State::Denied, State::Succeeded, State::Failed, State::Unknown],
        since: Some(engine.clock.now().minus(SIMILAR_WITHIN)),
        limit: 200,
        requested_by: None,
    };
    let rows = engine.journal.list(&caller.tenant, &filter).await?;
    let same = rows.into_iter().filter(|other| {
        other.request.id != row.request.id && other.request.operation == row.request.operation
    });
    Ok(same
        .filter_map(|other| {
            let words = describe(&other.request)?;
            (words.target == description.target).then_some(Similar {
                row: other,
                title: words.title,
            })
        })
        .collect())
}
