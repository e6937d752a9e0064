//! What people do: approve, deny, undo, give more time.

use std::time::Duration;

use andon_approvals::{
    ActionDigest, ApprovalRow, DecisionPayload, Progress, RiskPolicy, SignedDecision, State, Verdict, sign,
};
use andon_domain::audit::AuditEvent;
use andon_domain::canonical::hex;
use andon_domain::time::{Deadline, Moment};
use andon_domain::{ApprovalId, Caller, Permission, Risk, UserId};
use serde_json::json;

use super::{change, describe, load};
use crate::access::permit;
use crate::error::EngineError;
use crate::people::signing_key;
use crate::world::Engine;

/// Time added by one extension.
const EXTENSION: Duration = Duration::from_secs(300);
/// Least characters of a reason for CRITICAL.
const CRITICAL_REASON: usize = 20;
const LONGEST_REASON: usize = 2_000;
/// How long the first vote of two stays good after its request would have ended; the last vote sets the real limit.
const VOTE_GRACE: Duration = Duration::from_secs(3_600);

/// The codes of the ready reasons for a deny, which the agent is told.
#[must_use]
pub const fn deny_presets() -> [&'static str; 5] {
    [
        "unauthorised_scope",
        "suspicious_parameters",
        "wrong_target",
        "exceeds_budget",
        "not_now",
    ]
}

/// What a person decided, and what was on their screen.
#[derive(Debug, Clone)]
pub struct Decision {
    /// Yes or no.
    pub verdict: Verdict,
    /// The digest that was on the screen.
    pub digest: ActionDigest,
    /// The reason given.
    pub reason: Option<String>,
    /// The target as typed, for CRITICAL.
    pub typed_target: Option<String>,
}

/// Decides a request: checks the person, signs with their key, and writes it down.
///
/// # Errors
/// Why the decision does not count; nothing was written then.
pub async fn decide(
    engine: &Engine,
    caller: &Caller,
    id: ApprovalId,
    decision: Decision,
) -> Result<ApprovalRow, EngineError> {
    let row = load(engine, caller, id).await?;
    let person = check_person(engine, caller, &row)?;
    let now = engine.clock.moment();
    check_state(&row, decision.verdict, &now)?;
    if decision.digest != row.request.digest {
        return Err(EngineError::DigestChanged);
    }
    check_reason(&row, &decision)?;
    engine.crash_point("decide");
    let is_last = decision.verdict == Verdict::Approve && completes_quorum(&row, &person)?;
    let undo = RiskPolicy::undo_window(row.request.risk);
    let execute_within = engine.tenant(&caller.tenant)?.parts.risk_policy.execute_within;
    let execute_before = if is_last {
        now.utc.plus(undo).plus(execute_within)
    } else {
        row.progress.decide_by.utc.max(now.utc).plus(VOTE_GRACE)
    };
    let signed = sign_decision(engine, &row, &person, &decision, &now, execute_before.millis()).await?;
    engine.crash_point("sign");
    // The keyring may have waited for its prompt: what counts is the time now, not when the button was pressed.
    check_state(&row, decision.verdict, &engine.clock.moment())?;

    let mut progress = row.progress.clone();
    progress.decisions.push(signed);
    let action = match decision.verdict {
        Verdict::Deny => {
            settle_at(&mut progress, State::Denied, &now);
            "approval.denied"
        }
        Verdict::Approve if is_last => {
            progress.state = State::Approved;
            progress.decided_at = Some(now.utc);
            progress.dispatch_after = Some(now.utc.plus(undo));
            progress.execute_by = Some(Deadline::after(&now, undo + execute_within));
            "approval.approved"
        }
        Verdict::Approve => "approval.voted",
    };
    let audit = AuditEvent::new(caller, now.utc, action, id.to_string()).detail(json!({
        "digest": row.request.digest.to_string(), "risk": row.request.risk, "reason": decision.reason,
    }));
    change(engine, &row, progress, audit).await
}

/// Takes an approval back inside its undo window. The request waits again, and earlier votes no longer count.
///
/// # Errors
/// [`EngineError::AlreadyDecided`] when it was sent already or is not approved.
pub async fn undo(engine: &Engine, caller: &Caller, id: ApprovalId) -> Result<ApprovalRow, EngineError> {
    let row = load(engine, caller, id).await?;
    check_person(engine, caller, &row)?;
    let now = engine.clock.moment();
    let in_window = row.progress.dispatch_after.is_some_and(|after| now.utc < after);
    if row.progress.state != State::Approved || !in_window {
        return Err(EngineError::AlreadyDecided(Box::new(row)));
    }
    let mut progress = row.progress.clone();
    progress.state = State::Pending;
    progress.void_decisions = u32::try_from(progress.decisions.len()).unwrap_or(u32::MAX);
    progress.decided_at = None;
    progress.dispatch_after = None;
    progress.execute_by = None;
    let audit = AuditEvent::new(caller, now.utc, "approval.undone", id.to_string());
    change(engine, &row, progress, audit).await
}

/// Gives people five more minutes.
///
/// # Errors
/// [`EngineError::AlreadyDecided`] when it is not waiting or its time is over.
pub async fn extend(engine: &Engine, caller: &Caller, id: ApprovalId) -> Result<ApprovalRow, EngineError> {
    let row = load(engine, caller, id).await?;
    check_person(engine, caller, &row)?;
    let now = engine.clock.moment();
    if row.progress.state != State::Pending || row.progress.decide_by.has_passed(&now) {
        return Err(EngineError::AlreadyDecided(Box::new(row)));
    }
    let mut progress = row.progress.clone();
    progress.decide_by = Deadline::after(&now, time_left(&row.progress.decide_by, &now) + EXTENSION);
    let first_vote_ends = row
        .progress
        .standing_decisions()
        .iter()
        .map(|vote| vote.payload.execute_before)
        .min();
    if first_vote_ends.is_some_and(|end| progress.decide_by.utc.millis() >= end) {
        return Err(EngineError::InvalidInput {
            field: "id",
            message: "cannot be extended further: the first approval would be too old".to_owned(),
            hint: "Decide it now, or let it expire and be asked again.".to_owned(),
        });
    }
    let audit = AuditEvent::new(caller, now.utc, "approval.extended", id.to_string());
    change(engine, &row, progress, audit).await
}

/// What is left by the clock that says less: a wall clock set back gives nobody more time.
fn time_left(limit: &Deadline, now: &Moment) -> Duration {
    let by_wall = limit.utc.since(now.utc);
    if limit.boot_id == now.boot_id {
        by_wall.min(Duration::from_millis(limit.boot_ms.saturating_sub(now.boot_ms)))
    } else {
        by_wall
    }
}

/// The person behind the caller, when their role fits the risk and the request is not their own.
pub(super) fn check_person(
    engine: &Engine,
    caller: &Caller,
    row: &ApprovalRow,
) -> Result<UserId, EngineError> {
    permit(caller, decide_permission(row.request.risk))?;
    let person = caller.person().ok_or(EngineError::OwnRequest)?;
    if row.request.requested_by == caller.actor() {
        return Err(EngineError::OwnRequest);
    }
    if engine.roster().person(person).is_none() {
        return Err(EngineError::NotConfigured(format!(
            "{person} has no signing key yet: the keyring was not available"
        )));
    }
    Ok(person.clone())
}

pub(super) const fn decide_permission(risk: Risk) -> Permission {
    match risk {
        Risk::Low | Risk::Medium | Risk::High => Permission::ApprovalDecide,
        Risk::Critical => Permission::ApprovalDecideCritical,
    }
}

fn check_state(row: &ApprovalRow, verdict: Verdict, now: &Moment) -> Result<(), EngineError> {
    let is_open = match row.progress.state {
        State::Pending => !row.progress.decide_by.has_passed(now),
        // A deny that arrives before sending wins over an approval.
        State::Approved | State::Claimed => verdict == Verdict::Deny,
        _ => false,
    };
    if is_open {
        Ok(())
    } else {
        Err(EngineError::AlreadyDecided(Box::new(row.clone())))
    }
}

/// Least characters of the reason for an approval of this risk.
pub(super) const fn least_reason(risk: Risk) -> usize {
    match risk {
        Risk::Low | Risk::Medium => 0,
        Risk::High => 1,
        Risk::Critical => CRITICAL_REASON,
    }
}

fn check_reason(row: &ApprovalRow, decision: &Decision) -> Result<(), EngineError> {
    let risk = row.request.risk;
    let length = decision
        .reason
        .as_deref()
        .map_or(0, |reason| reason.trim().chars().count());
    if length > LONGEST_REASON {
        return Err(EngineError::InvalidInput {
            field: "reason",
            message: format!("has {length} characters"),
            hint: format!("Give at most {LONGEST_REASON}."),
        });
    }
    if decision.verdict == Verdict::Deny {
        return Ok(());
    }
    let least = least_reason(risk);
    if length < least {
        return Err(EngineError::ReasonNeeded { risk, least });
    }
    if risk == Risk::Critical {
        let target = describe(&row.request).map(|description| description.target);
        let typed = decision.typed_target.as_deref().map(str::trim);
        if target.is_none() || typed != target.as_deref() {
            return Err(EngineError::TargetMismatch);
        }
    }
    Ok(())
}

/// Whether this person's approval is the last one needed.
fn completes_quorum(row: &ApprovalRow, person: &UserId) -> Result<bool, EngineError> {
    let standing = row.progress.standing_decisions();
    if standing
        .iter()
        .any(|decision| decision.payload.operator_id == person.as_str())
    {
        return Err(EngineError::SamePerson);
    }
    let have = u32::try_from(standing.len())
        .unwrap_or(u32::MAX)
        .saturating_add(1);
    Ok(have >= row.request.quorum.max(row.request.risk.quorum()))
}

async fn sign_decision(
    engine: &Engine,
    row: &ApprovalRow,
    person: &UserId,
    decision: &Decision,
    now: &Moment,
    execute_before: i64,
) -> Result<SignedDecision, EngineError> {
    let roster = engine.roster();
    let key_id = roster
        .person(person)
        .map(|person| person.key.key_id.clone())
        .unwrap_or_default();
    let key = signing_key(engine, person).await?;
    let mut nonce = [0_u8; 16];
    engine.ids.random(&mut nonce);
    let request = &row.request;
    let payload = DecisionPayload {
        approval_id: request.id,
        tenant: request.tenant.clone(),
        operation: request.operation.to_string(),
        endpoint_fp: hex(&request.endpoint_fingerprint),
        action_digest: request.digest.to_string(),
        risk: request.risk,
        policy_version: request.policy_version.clone(),
        verdict: decision.verdict,
        operator_id: person.to_string(),
        key_id,
        requested_by: request.requested_by.clone(),
        decided_at: now.utc.millis(),
        execute_before,
        nonce: hex(&nonce),
        reason: decision
            .reason
            .as_deref()
            .map(str::trim)
            .filter(|r| !r.is_empty())
            .map(str::to_owned),
    };
    let signed = sign(payload, &key).map_err(|e| EngineError::InvalidInput {
        field: "reason",
        message: e.to_string(),
        hint: "Shorten it.".to_owned(),
    })?;
    // A key in the keyring that is not the enrolled one would sign what no executor accepts: say so now.
    andon_approvals::verify(row, &signed, &roster)
        .map_err(|fault| EngineError::NotConfigured(format!("the decision would not verify: {fault}")))?;
    Ok(signed)
}

pub(super) fn settle_at(progress: &mut Progress, state: State, now: &Moment) {
    progress.state = state;
    progress.decided_at = progress.decided_at.or(Some(now.utc));
    progress.settled_at = Some(now.utc);
}
