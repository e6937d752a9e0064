//! The audit log as use cases meet it: reading it, checking it, and appending with an eye on trouble of the disk.
//!
//! State changes are audited inside their own transaction by the journal; what is here is for everything else.

use andon_domain::audit::{AuditEntry, AuditEvent};
use andon_domain::ports::{AuditFilter, AuditVerdict};
use andon_domain::{Caller, Permission, PortError};
use serde_json::json;

use crate::access::permit;
use crate::error::EngineError;
use crate::world::{Change, Engine, Tenant};

/// Most entries of one answer.
const MOST_ENTRIES: u32 = 1_000;

/// The newest entries that match, oldest first.
///
/// # Errors
/// Not permitted, or the log cannot be read.
pub async fn tail(
    engine: &Engine,
    caller: &Caller,
    mut filter: AuditFilter,
) -> Result<Vec<AuditEntry>, EngineError> {
    permit(caller, Permission::AuditView)?;
    filter.limit = if filter.limit == 0 {
        100
    } else {
        filter.limit.min(MOST_ENTRIES)
    };
    Ok(engine.tenant(&caller.tenant)?.parts.audit.tail(&filter).await?)
}

/// Checks the whole chain. The check itself is an event.
///
/// # Errors
/// Not permitted, or the log cannot be read or written.
pub async fn verify(engine: &Engine, caller: &Caller) -> Result<AuditVerdict, EngineError> {
    permit(caller, Permission::AuditView)?;
    let tenant = engine.tenant(&caller.tenant)?;
    let verdict = tenant.parts.audit.verify().await?;
    let event = AuditEvent::new(caller, engine.clock.now(), "audit.verified", None).detail(json!({
        "is_intact": verdict.is_intact, "events": verdict.events, "first_bad": verdict.first_bad,
    }));
    note(engine, tenant, event).await?;
    Ok(verdict)
}

/// Appends an event of a face durably: a sign-in, a credential that was set.
///
/// # Errors
/// When the disk refuses; what the event tells of must then not be done.
pub async fn append(engine: &Engine, event: AuditEvent) -> Result<(), EngineError> {
    let tenant = engine.tenant(&event.tenant)?;
    note(engine, tenant, event).await
}

/// Appends durably, and remembers whether the disk took it.
pub(crate) async fn note(engine: &Engine, tenant: &Tenant, event: AuditEvent) -> Result<(), EngineError> {
    let result = tenant.parts.audit.append(event).await;
    remember(engine, tenant, &result);
    Ok(result?)
}

/// Queues the event of a read, and remembers whether it was taken. When this fails the read must fail.
pub(crate) async fn note_read(
    engine: &Engine,
    tenant: &Tenant,
    event: AuditEvent,
) -> Result<(), EngineError> {
    let result = tenant.parts.audit.append_read(event).await;
    remember(engine, tenant, &result);
    Ok(result?)
}

/// Tells the status board how the last write to the console's own files ended.
pub(crate) fn remember(engine: &Engine, tenant: &Tenant, result: &Result<(), PortError>) {
    let has_changed = match result {
        Ok(()) => tenant.health.storage_works(),
        Err(error) => tenant.health.storage_fails(&error.message, engine.clock.now()),
    };
    if !has_changed {
        return;
    }
    match result {
        Ok(()) => tracing::info!(tenant = %tenant.parts.id, "the audit log takes events again"),
        Err(error) => {
            tracing::error!(tenant = %tenant.parts.id, detail = %error.detail, "the audit log takes no events: {error}");
        }
    }
    engine.announce(Change::StatusChanged {
        tenant: tenant.parts.id.clone(),
    });
}
