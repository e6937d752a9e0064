//! The write journey: a request comes in, people decide, exactly that is sent at most once, the agent is told.
//!
//! `request` takes it in, `decide` is what people do, `send` is what the console does after them, `sweep` is what time and
//! restarts do, `card` is what a decider sees.

mod card;
mod decide;
mod request;
mod send;
mod sweep;
#[cfg(test)]
mod tests;

pub use card::{Abilities, Card, Hindrance, Similar, card, describe, hindrance, list};
pub use decide::{Decision, decide, deny_presets, extend, undo};
pub use request::{Asked, Requested, cancel, own, request, wait};
pub use send::{reconcile, send_due, settle, start_due};
pub use sweep::{next_due, recover, sweep};

pub(crate) use send::Unwritten;

pub use andon_approvals::uncovered;
use andon_approvals::{ApprovalRow, Changed, Progress};
use andon_domain::audit::AuditEvent;
use andon_domain::{ApprovalId, Caller, PortError, System, TenantId};

use crate::audit;
use crate::error::EngineError;
use crate::world::{Change, Engine};

/// One request of the caller's tenant.
async fn load(engine: &Engine, caller: &Caller, id: ApprovalId) -> Result<ApprovalRow, EngineError> {
    engine.tenant(&caller.tenant)?;
    let row = engine.journal.get(&caller.tenant, id).await?;
    row.ok_or_else(|| EngineError::NotFound(format!("request: {id}")))
}

/// Writes a change with its audit line and tells everybody; a request that changed first is an outcome of its own.
async fn change(
    engine: &Engine,
    row: &ApprovalRow,
    progress: Progress,
    audit: AuditEvent,
) -> Result<ApprovalRow, EngineError> {
    let request = &row.request;
    let changed = engine
        .journal
        .change(&request.tenant, request.id, row.version, progress, audit)
        .await;
    note_storage(engine, &request.tenant, changed.as_ref().err());
    match changed? {
        Changed::Done(row) => {
            engine.announce(Change::ApprovalChanged {
                tenant: request.tenant.clone(),
                id: request.id,
            });
            engine.work.notify_one();
            Ok(row)
        }
        Changed::Stale(row) => Err(EngineError::AlreadyDecided(Box::new(row))),
    }
}

/// Lets the status show that the journal cannot be written, or can again.
fn note_storage(engine: &Engine, tenant: &TenantId, error: Option<&PortError>) {
    if let Ok(tenant) = engine.tenant(tenant)
        && error.is_none_or(|error| error.system == System::Storage)
    {
        audit::remember(engine, tenant, &error.cloned().map_or(Ok(()), Err));
    }
}
