//! What time and restarts do: expire, give claims back, and call unfinished sending what it is.

use andon_approvals::{ApprovalRow, OutcomeKind, State};
use andon_domain::audit::{AuditEvent, AuditOutcome};
use andon_domain::{Caller, Timestamp};
use serde_json::json;

use super::change;
use super::decide::settle_at;
use super::send::{ended, not_sent, settle_row};
use crate::error::EngineError;
use crate::world::Engine;

/// Ends every waiting request whose time is over, and every approved one that was not sent in time.
///
/// # Errors
/// When the journal cannot be read or written.
pub async fn sweep(engine: &Engine) -> Result<u32, EngineError> {
    let now = engine.clock.moment();
    let (mut ended, mut failure) = (0, None);
    for row in engine
        .journal
        .in_states(&[State::Pending, State::Approved])
        .await?
    {
        let result = match row.progress.state {
            State::Pending if row.progress.decide_by.has_passed(&now) => expire(engine, &row).await,
            State::Approved
                if row
                    .progress
                    .execute_by
                    .as_ref()
                    .is_none_or(|limit| limit.has_passed(&now)) =>
            {
                let system = Caller::system(row.request.tenant.clone());
                not_sent(engine, &system, &row, "not sent, the decision came too late").await
            }
            _ => continue,
        };
        match result {
            Ok(()) => ended += 1,
            Err(EngineError::AlreadyDecided(_)) => {}
            // One request that cannot be ended keeps no other from ending.
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    failure.map_or(Ok(ended), Err)
}

async fn expire(engine: &Engine, row: &ApprovalRow) -> Result<(), EngineError> {
    let now = engine.clock.moment();
    let mut progress = row.progress.clone();
    settle_at(&mut progress, State::Expired, &now);
    let system = Caller::system(row.request.tenant.clone());
    let audit = AuditEvent::new(&system, now.utc, "approval.expired", row.request.id.to_string())
        .outcome(AuditOutcome::Refused)
        .detail(json!({"decide_by": row.progress.decide_by.utc}));
    change(engine, row, progress, audit).await?;
    Ok(())
}

/// Puts in order what the last run left behind, before anything is sent. A claim was not sent and goes back; what was
/// dispatched may have arrived and becomes unknown. Returns how many became unknown.
///
/// # Errors
/// When the journal cannot be read or written: nothing may be sent then.
pub async fn recover(engine: &Engine) -> Result<u32, EngineError> {
    let mut unknown = 0;
    for row in engine
        .journal
        .in_states(&[State::Claimed, State::Dispatched])
        .await?
    {
        put_in_order(engine, &row, "Andon stopped", "approval.unknown_after_restart").await?;
        unknown += u32::from(row.progress.state == State::Dispatched);
    }
    Ok(unknown)
}

/// A request that nobody is sending any more: a claim goes back, what was dispatched is unknown.
pub(super) async fn put_in_order(
    engine: &Engine,
    row: &ApprovalRow,
    why: &str,
    action: &str,
) -> Result<(), EngineError> {
    let system = Caller::system(row.request.tenant.clone());
    if row.progress.state == State::Claimed {
        let mut progress = row.progress.clone();
        progress.state = State::Approved;
        let (now, id) = (engine.clock.now(), row.request.id.to_string());
        change(
            engine,
            row,
            progress,
            AuditEvent::new(&system, now, "approval.claim_returned", id),
        )
        .await?;
    } else {
        let message = format!("{why} while it was being sent; whether it arrived is not known");
        let outcome = ended(OutcomeKind::Unknown, message, json!({}));
        settle_row(engine, &system, row, State::Unknown, outcome, action).await?;
    }
    Ok(())
}

/// When the next request is to be sent; `None` when nothing waits for sending.
///
/// # Errors
/// When the journal cannot be read.
pub async fn next_due(engine: &Engine) -> Result<Option<Timestamp>, EngineError> {
    let rows = engine.journal.in_states(&[State::Approved]).await?;
    Ok(rows.iter().filter_map(|row| row.progress.dispatch_after).min())
}
