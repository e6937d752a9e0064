//! Appending to the chain, inside whatever transaction the event belongs to.
//!
//! `hash = SHA-256(previous hash || canonical bytes of the event)`. The first previous hash stands for the tenant and a
//! random log id, so a log cannot pass for another one. The single writer gives the order.

use andon_domain::audit::AuditEvent;
use andon_domain::{CanonicalJson, TenantId};
use rusqlite::{OptionalExtension, Transaction, params};
use sha2::{Digest, Sha256};

use crate::problem::Problem;

const GENESIS: &[u8] = b"andon/audit/v1\0";

/// Appends the event to the log of its own tenant.
pub(crate) fn append_event(tx: &Transaction<'_>, event: &AuditEvent) -> Result<(), Problem> {
    append(tx, &event.tenant, &CanonicalJson::from_value(event)?)
}

/// Appends canonical bytes to the log of a tenant.
pub(crate) fn append(tx: &Transaction<'_>, tenant: &TenantId, event: &CanonicalJson) -> Result<(), Problem> {
    let (sequence, previous) = head(tx, tenant)?;
    let hash = link(&previous, event.as_str().as_bytes());
    tx.prepare_cached(
        "INSERT INTO audit (tenant, sequence, previous_hash, hash, event) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        tenant.as_str(),
        sequence + 1,
        previous,
        hash,
        event.as_str()
    ])?;
    tx.prepare_cached("UPDATE audit_logs SET sequence = sequence + 1, hash = ?2 WHERE tenant = ?1")?
        .execute(params![tenant.as_str(), hash])?;
    Ok(())
}

/// The hash of an event that follows `previous`.
pub(crate) fn link(previous: &[u8; 32], event: &[u8]) -> [u8; 32] {
    Sha256::new()
        .chain_update(previous)
        .chain_update(event)
        .finalize()
        .into()
}

/// What stands before the first event of a log.
pub(crate) fn genesis(tenant: &str, log_id: &[u8; 16]) -> [u8; 32] {
    Sha256::new()
        .chain_update(GENESIS)
        .chain_update(log_id)
        .chain_update(tenant.as_bytes())
        .finalize()
        .into()
}

fn head(tx: &Transaction<'_>, tenant: &TenantId) -> Result<(i64, [u8; 32]), Problem> {
    let found = tx
        .prepare_cached("SELECT sequence, hash FROM audit_logs WHERE tenant = ?1")?
        .query_row([tenant.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some(head) = found {
        return Ok(head);
    }
    let log_id: [u8; 16] = tx.query_row("SELECT randomblob(16)", [], |row| row.get(0))?;
    let first = genesis(tenant.as_str(), &log_id);
    tx.execute(
        "INSERT INTO audit_logs (tenant, log_id, sequence, hash) VALUES (?1, ?2, 0, ?3)",
        params![tenant.as_str(), log_id, first],
    )?;
    Ok((0, first))
}
