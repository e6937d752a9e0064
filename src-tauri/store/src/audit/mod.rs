//! The audit log of a tenant as a port: durable appends, queued appends of reads, listing and checking.

pub(crate) mod chain;
pub(crate) mod reads;
pub(crate) mod verify;

use std::sync::Arc;

use andon_domain::audit::{AuditEntry, AuditEvent};
use andon_domain::canonical::hex;
use andon_domain::ports::{AuditFilter, AuditLog, AuditVerdict};
use andon_domain::{CanonicalJson, PortError, TenantId};
use async_trait::async_trait;
use rusqlite::types::Value as SqlValue;
use rusqlite::{Row, Transaction, params_from_iter};

use crate::problem::{Problem, damaged, invalid};
use crate::store::Journal;

/// Most entries one listing gives.
const MOST_LISTED: u32 = 10_000;

/// [`AuditLog`] of one tenant over the journal.
pub(crate) struct TenantAudit {
    pub(crate) journal: Arc<Journal>,
    pub(crate) tenant: TenantId,
}

impl TenantAudit {
    fn checked(&self, event: &AuditEvent) -> Result<CanonicalJson, PortError> {
        if event.tenant != self.tenant {
            return Err(invalid(format!(
                "the event belongs to another tenant: {}",
                event.tenant
            )));
        }
        CanonicalJson::from_value(event).map_err(|e| Problem::from(e).on_write())
    }
}

#[async_trait]
impl AuditLog for TenantAudit {
    async fn append(&self, event: AuditEvent) -> Result<(), PortError> {
        let (tenant, bytes) = (self.tenant.clone(), self.checked(&event)?);
        self.journal
            .writer
            .write(move |tx| chain::append(tx, &tenant, &bytes))
            .await
    }

    async fn append_read(&self, event: AuditEvent) -> Result<(), PortError> {
        let bytes = self.checked(&event)?;
        self.journal.read_audit.push(self.tenant.clone(), bytes)
    }

    async fn tail(&self, filter: &AuditFilter) -> Result<Vec<AuditEntry>, PortError> {
        let (tenant, filter) = (self.tenant.clone(), filter.clone());
        self.journal
            .readers
            .read(move |tx| tail(tx, &tenant, &filter))
            .await
    }

    async fn verify(&self) -> Result<AuditVerdict, PortError> {
        let tenant = self.tenant.clone();
        self.journal
            .readers
            .read(move |tx| Ok(verify::verify(tx, &tenant)?))
            .await
    }
}

fn tail(tx: &Transaction<'_>, tenant: &TenantId, filter: &AuditFilter) -> Result<Vec<AuditEntry>, Problem> {
    let mut sql = String::from("SELECT sequence, hash, event FROM audit WHERE tenant = ?");
    let mut values = vec![SqlValue::from(tenant.as_str().to_owned())];
    if let Some(after) = filter.after {
        sql.push_str(" AND sequence > ?");
        values.push(after.into());
    }
    if let Some(prefix) = &filter.action_prefix {
        sql.push_str(" AND substr(action, 1, length(?)) = ?");
        values.extend([SqlValue::from(prefix.clone()), SqlValue::from(prefix.clone())]);
    }
    if let Some(subject) = &filter.subject {
        sql.push_str(" AND subject = ?");
        values.push(subject.clone().into());
    }
    sql.push_str(" ORDER BY sequence DESC LIMIT ?");
    values.push(i64::from(filter.limit.min(MOST_LISTED)).into());
    let mut statement = tx.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        entries.push(entry(row)?);
    }
    entries.reverse();
    Ok(entries)
}

fn entry(row: &Row<'_>) -> Result<AuditEntry, Problem> {
    let sequence: i64 = row.get(0)?;
    let hash: [u8; 32] = row.get(1)?;
    let text: String = row.get(2)?;
    let event = serde_json::from_str(&text).map_err(|e| damaged("audit", sequence, e))?;
    Ok(AuditEntry {
        sequence,
        hash: hex(&hash),
        event,
    })
}
