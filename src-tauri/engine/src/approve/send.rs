//! What the console does after people: claim, mark as dispatched, send once, write down the end.

use andon_approvals::{
    ApplyOutcome, ApprovalRow, ApprovedChange, ChangeReference, DispatchRefusal, Outcome, OutcomeKind,
    Receipt, Reconciled, State, WriteOperation, verify_for_dispatch,
};
use andon_domain::audit::{AuditEvent, AuditOutcome};
use andon_domain::{ApprovalId, Caller, PortError, PortErrorKind, System, operations};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::task::JoinSet;

use super::decide::{check_person, settle_at};
use super::sweep::put_in_order;
use super::{change, load};
use crate::dispatch::invalidate_for;
use crate::error::EngineError;
use crate::world::Engine;

/// How a write ended, kept in memory until the journal takes it.
#[derive(Debug, Clone)]
pub(crate) struct Unwritten {
    row: ApprovalRow,
    state: State,
    outcome: Outcome,
    action: &'static str,
}

/// How many requests are sent side by side. A slow system delays those behind it and nobody else.
const AT_ONCE: usize = 8;

/// A request that is being sent; forgotten again however its sending ends.
struct InFlight {
    engine: Arc<Engine>,
    id: ApprovalId,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.engine.in_flight().remove(&self.id);
    }
}

/// Sends every approved request whose undo window is over, a few at a time, and waits for their ends. Returns how many were
/// sent, or surely not sent.
///
/// # Errors
/// When the journal cannot be read or written; what was not marked as dispatched was not sent.
pub async fn send_due(engine: &Arc<Engine>) -> Result<u32, EngineError> {
    let mut running = JoinSet::new();
    let mut failure = start_due(engine, &mut running).await.err();
    let mut sent = 0;
    while let Some(ended) = running.join_next().await {
        match ended {
            Ok(Ok(())) => sent += 1,
            Ok(Err(error)) => failure = failure.or(Some(error)),
            // It panicked: its row is put in order by the next call.
            Err(_) => {}
        }
    }
    failure.map_or(Ok(sent), Err)
}

/// Begins to send what is due, each request in its own task of `running`, at most a few at a time. Whoever ends the console
/// waits for `running`. What is found half sent and is not being sent was interrupted and is put in order.
///
/// # Errors
/// When the journal cannot be read or written; what was not marked as dispatched was not sent.
pub async fn start_due(
    engine: &Arc<Engine>,
    running: &mut JoinSet<Result<(), EngineError>>,
) -> Result<(), EngineError> {
    let _alone = engine.sending.lock().await;
    // Asked first: a sending that ends from here on has left its end in memory or in the journal, and waits for the next call.
    let before = engine.in_flight().clone();
    // Nothing new is sent while the end of something sent cannot be written down.
    write_down_ends(engine).await?;
    let now = engine.clock.now();
    let mut failure = None;
    for row in engine
        .journal
        .in_states(&[State::Approved, State::Claimed, State::Dispatched])
        .await?
    {
        let id = row.request.id;
        if before.contains(&id) {
            continue;
        }
        if row.progress.state != State::Approved {
            match put_in_order(
                engine,
                &row,
                "the journal failed",
                "approval.unknown_after_failure",
            )
            .await
            {
                Ok(()) | Err(EngineError::AlreadyDecided(_)) => {}
                Err(error) => failure = failure.or(Some(error)),
            }
        } else if row.progress.dispatch_after.is_some_and(|after| after <= now) {
            let mut in_flight = engine.in_flight();
            if in_flight.len() >= AT_ONCE || !in_flight.insert(id) {
                continue;
            }
            let marked = InFlight {
                engine: Arc::clone(engine),
                id,
            };
            running.spawn(async move {
                match send(&marked.engine, row).await {
                    // Somebody denied or undid it first: that is the other's right, not a failure.
                    Err(EngineError::AlreadyDecided(_)) => Ok(()),
                    ended => ended,
                }
            });
        }
    }
    failure.map_or(Ok(()), Err)
}

async fn write_down_ends(engine: &Engine) -> Result<(), EngineError> {
    let mut failure = None;
    for end in engine.take_unwritten() {
        let system = Caller::system(end.row.request.tenant.clone());
        // Each is tried, and kept again when it fails: none may be forgotten because of another.
        failure = write_down(engine, &system, end).await.err().or(failure);
    }
    failure.map_or(Ok(()), Err)
}

/// Writes down how a write ended. If the disk refuses now it is tried again; if the console stops before that, the row is
/// still `dispatched` and the next start makes it `unknown`: it is never sent again.
async fn write_down(engine: &Engine, system: &Caller, end: Unwritten) -> Result<(), EngineError> {
    match settle_row(
        engine,
        system,
        &end.row,
        end.state,
        end.outcome.clone(),
        end.action,
    )
    .await
    {
        Ok(_) | Err(EngineError::AlreadyDecided(_)) => Ok(()),
        Err(failure) => {
            engine.keep_unwritten(end);
            Err(failure)
        }
    }
}

async fn send(engine: &Engine, row: ApprovalRow) -> Result<(), EngineError> {
    let system = Caller::system(row.request.tenant.clone());
    let tenant = engine.tenant(&row.request.tenant)?;
    let Some(binding) = tenant.parts.systems.writes.get(row.request.operation.as_str()) else {
        return not_sent(engine, &system, &row, "the system is not configured any more").await;
    };
    let mut progress = row.progress.clone();
    progress.state = State::Claimed;
    let claimed = step(engine, &system, &row, progress, "approval.claimed").await?;
    engine.crash_point("claim");

    let endpoint = binding.endpoint_fingerprint();
    let now = engine.clock.moment();
    let policy = &tenant.parts.risk_policy;
    if let Err(refusal) = verify_for_dispatch(&claimed, &engine.roster(), policy, &endpoint, &now) {
        return not_sent(engine, &system, &claimed, &refused_words(&refusal)).await;
    }
    let mut progress = claimed.progress.clone();
    progress.state = State::Dispatched;
    progress.attempt = Some(engine.ids.request().to_string());
    engine.crash_point("dispatch-before");
    let dispatched = step(engine, &system, &claimed, progress, "approval.dispatched").await?;
    engine.crash_point("dispatched");

    // The commit may have taken long, or the machine may have slept in it: both clocks and the endpoint are asked again.
    let (endpoint, now) = (binding.endpoint_fingerprint(), engine.clock.moment());
    let approved = ApprovedChange::from_dispatched(&dispatched, &engine.roster(), policy, &endpoint, &now);
    let outcome = match approved {
        Ok(approved) => apply(binding, approved).await,
        Err(refusal) => return not_sent(engine, &system, &dispatched, &refused_words(&refusal)).await,
    };
    engine.crash_point("response-read");
    finish(engine, &system, &dispatched, outcome).await?;
    engine.crash_point("result-commit");
    Ok(())
}

/// Apart from this task, so that a connector that panics ends as an unknown outcome and not as an end of all sending.
async fn apply(binding: &Arc<dyn WriteOperation>, approved: ApprovedChange) -> ApplyOutcome {
    let (binding, system) = (
        Arc::clone(binding),
        operations::find(approved.operation().as_str()),
    );
    let applied = tokio::spawn(async move { binding.apply(approved).await }).await;
    applied.unwrap_or_else(|error| {
        let system = system.map_or(System::Storage, |operation| operation.system);
        let message = "the connector failed while it was sending";
        ApplyOutcome::Unknown(
            PortError::new(system, PortErrorKind::OutcomeUnknown, message).detail(error.to_string()),
        )
    })
}

async fn step(
    engine: &Engine,
    system: &Caller,
    row: &ApprovalRow,
    progress: andon_approvals::Progress,
    action: &str,
) -> Result<ApprovalRow, EngineError> {
    let audit = AuditEvent::new(system, engine.clock.now(), action, row.request.id.to_string())
        .detail(json!({"digest": row.request.digest.to_string(), "attempt": progress.attempt}));
    change(engine, row, progress, audit).await
}

async fn finish(
    engine: &Engine,
    system: &Caller,
    row: &ApprovalRow,
    outcome: ApplyOutcome,
) -> Result<(), EngineError> {
    let (state, outcome) = match outcome {
        ApplyOutcome::Succeeded(receipt) => (State::Succeeded, executed(receipt, None)),
        ApplyOutcome::Refused { code, message } => {
            tracing::warn!(approval = %row.request.id, code, "write was refused: {message}");
            let detail = json!({ "code": code });
            (
                State::Failed,
                ended(OutcomeKind::RefusedBySystem, message, detail),
            )
        }
        ApplyOutcome::NotSent(error) => {
            tracing::warn!(approval = %row.request.id, detail = %error.detail, "write was not sent: {error}");
            (
                State::Failed,
                ended(OutcomeKind::NotSent, error.to_string(), json!({})),
            )
        }
        ApplyOutcome::Unknown(error) => {
            tracing::error!(approval = %row.request.id, detail = %error.detail, "write outcome unknown: {error}");
            (
                State::Unknown,
                ended(OutcomeKind::Unknown, error.to_string(), json!({})),
            )
        }
    };
    let action = match state {
        State::Succeeded => "approval.succeeded",
        State::Failed => "approval.failed",
        _ => "approval.unknown",
    };
    write_down(
        engine,
        system,
        Unwritten {
            row: row.clone(),
            state,
            outcome,
            action,
        },
    )
    .await
}

/// Looks in the system for what an unanswered write may have made, and settles the request when that is certain.
///
/// # Errors
/// [`EngineError::AlreadyDecided`] when the outcome is not unknown; a port failure when the system cannot be read.
pub async fn reconcile(engine: &Engine, caller: &Caller, id: ApprovalId) -> Result<ApprovalRow, EngineError> {
    let row = load(engine, caller, id).await?;
    check_person(engine, caller, &row)?;
    if row.progress.state != State::Unknown {
        return Err(EngineError::AlreadyDecided(Box::new(row)));
    }
    let found = binding(engine, &row)?
        .reconcile(&ChangeReference::of(&row))
        .await?;
    let actor = caller.actor();
    let (state, outcome) = match found {
        Reconciled::Found(receipt) => (State::Succeeded, executed(receipt, Some(actor))),
        Reconciled::Refused { code, message } => {
            let detail = json!({ "code": code, "read_back": "refused" });
            let mut outcome = ended(OutcomeKind::RefusedBySystem, message, detail);
            outcome.settled_by = Some(actor);
            (State::Failed, outcome)
        }
        Reconciled::NotFound => {
            let message = "no trace of it was found when the system was read; it may still arrive";
            (
                State::Unknown,
                ended(
                    OutcomeKind::Unknown,
                    message.to_owned(),
                    json!({"read_back": "not_found"}),
                ),
            )
        }
        Reconciled::Several(references) => {
            let message = format!(
                "more than one document carries our reference: {}",
                references.join(", ")
            );
            (
                State::Unknown,
                ended(OutcomeKind::Unknown, message, json!({"read_back": references})),
            )
        }
    };
    settle_row(engine, caller, &row, state, outcome, "approval.reconciled").await
}

/// A person settles an unknown outcome by hand, with a reason.
///
/// # Errors
/// When the outcome is not unknown, the reason is too short, or the person may not decide this risk.
pub async fn settle(
    engine: &Engine,
    caller: &Caller,
    id: ApprovalId,
    happened: bool,
    reference: Option<String>,
    reason: &str,
) -> Result<ApprovalRow, EngineError> {
    let row = load(engine, caller, id).await?;
    check_person(engine, caller, &row)?;
    if row.progress.state != State::Unknown {
        return Err(EngineError::AlreadyDecided(Box::new(row)));
    }
    let reason = reason.trim();
    if reason.chars().count() < 10 {
        return Err(EngineError::ReasonNeeded {
            risk: row.request.risk,
            least: 10,
        });
    }
    for (field, text, most) in [
        ("reason", reason, 2_000),
        ("reference", reference.as_deref().unwrap_or(""), 100),
    ] {
        if text.chars().count() > most {
            return Err(EngineError::InvalidInput {
                field,
                message: format!("has {} characters", text.chars().count()),
                hint: format!("Give at most {most}."),
            });
        }
    }
    let (state, kind) = if happened {
        (State::Succeeded, OutcomeKind::Executed)
    } else {
        (State::Failed, OutcomeKind::NotSent)
    };
    let mut outcome = ended(kind, reason.to_owned(), json!({"settled_by_hand": true}));
    outcome.reference = reference.filter(|r| !r.trim().is_empty());
    outcome.settled_by = Some(caller.actor());
    settle_row(engine, caller, &row, state, outcome, "approval.settled_by_hand").await
}

fn binding<'e>(engine: &'e Engine, row: &ApprovalRow) -> Result<&'e Arc<dyn WriteOperation>, EngineError> {
    let tenant = engine.tenant(&row.request.tenant)?;
    let binding = tenant.parts.systems.writes.get(row.request.operation.as_str());
    binding.ok_or_else(|| EngineError::NotConfigured(row.request.operation.to_string()))
}

/// A request that passed people but must not be sent.
pub(super) async fn not_sent(
    engine: &Engine,
    system: &Caller,
    row: &ApprovalRow,
    why: &str,
) -> Result<(), EngineError> {
    let outcome = ended(OutcomeKind::NotSent, why.to_owned(), json!({}));
    settle_row(engine, system, row, State::Failed, outcome, "approval.not_sent").await?;
    Ok(())
}

pub(super) async fn settle_row(
    engine: &Engine,
    caller: &Caller,
    row: &ApprovalRow,
    state: State,
    outcome: Outcome,
    action: &str,
) -> Result<ApprovalRow, EngineError> {
    let now = engine.clock.moment();
    let audited = match outcome.kind {
        OutcomeKind::Executed => AuditOutcome::Done,
        OutcomeKind::RefusedBySystem | OutcomeKind::NotSent => AuditOutcome::Failed,
        OutcomeKind::Unknown => AuditOutcome::Unknown,
    };
    let audit = AuditEvent::new(caller, now.utc, action, row.request.id.to_string())
        .outcome(audited)
        .detail(json!({"reference": outcome.reference, "message": outcome.message}));
    let may_have_changed = matches!(outcome.kind, OutcomeKind::Executed | OutcomeKind::Unknown);
    let mut progress = row.progress.clone();
    progress.outcome = Some(outcome);
    if state == State::Unknown {
        progress.state = state;
    } else {
        settle_at(&mut progress, state, &now);
    }
    let row = change(engine, row, progress, audit).await?;
    if may_have_changed && let Some(operation) = operations::find(row.request.operation.as_str()) {
        invalidate_for(engine, &row.request.tenant, operation);
    }
    Ok(row)
}

pub(super) fn ended(kind: OutcomeKind, message: String, detail: Value) -> Outcome {
    Outcome {
        kind,
        reference: None,
        message,
        warnings: Vec::new(),
        detail,
        settled_by: None,
    }
}

fn executed(receipt: Receipt, settled_by: Option<String>) -> Outcome {
    Outcome {
        kind: OutcomeKind::Executed,
        reference: Some(receipt.reference),
        message: receipt.message,
        warnings: receipt.warnings,
        detail: receipt.detail,
        settled_by,
    }
}

fn refused_words(refusal: &DispatchRefusal) -> String {
    match refusal {
        DispatchRefusal::TooLate => "not sent, the decision came too late".to_owned(),
        other => format!("not sent, {other}"),
    }
}
