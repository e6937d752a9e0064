//! Agents and the hashes of their tokens. Revoked agents stay in the list; their name may be given again.

use std::sync::Arc;

use andon_domain::audit::AuditEvent;
use andon_domain::ports::AgentRegistry;
use andon_domain::{AgentGrant, AgentId, AgentRecord, PortError, TenantId, Timestamp};
use async_trait::async_trait;
use rusqlite::{OptionalExtension, Row, Transaction, params};

use crate::audit::chain::append_event;
use crate::problem::{Problem, conflict, damaged};
use crate::store::Journal;

/// Calls closer together than this are not noted one by one.
const TOUCH_MS: i64 = 10_000;
const COLUMNS: &str =
    "tenant, agent, scopes, clearance, expires_at, created_at, created_by, revoked_at, last_used_at";

/// [`AgentRegistry`] over the journal.
pub(crate) struct Agents {
    pub(crate) journal: Arc<Journal>,
}

#[async_trait]
impl AgentRegistry for Agents {
    async fn add(
        &self,
        grant: &AgentGrant,
        token_sha256: [u8; 32],
        created_at: Timestamp,
        created_by: &str,
        audit: AuditEvent,
    ) -> Result<(), PortError> {
        let (grant, created_by) = (grant.clone(), created_by.to_owned());
        self.journal
            .writer
            .write(move |tx| {
                refuse_duplicates(tx, &grant, &token_sha256)?;
                let clearance = serde_json::to_string(&grant.clearance)?;
                tx.execute(
                    "INSERT INTO agents \
                     (tenant, agent, scopes, clearance, expires_at, token_sha256, created_at, created_by) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                    params![
                        grant.tenant.as_str(),
                        grant.agent.as_str(),
                        serde_json::to_string(&grant.scopes)?,
                        clearance,
                        grant.expires_at.map(Timestamp::millis),
                        token_sha256,
                        created_at.millis(),
                        created_by,
                    ],
                )?;
                append_event(tx, &audit)
            })
            .await
    }

    async fn list(&self, tenant: &TenantId) -> Result<Vec<AgentRecord>, PortError> {
        let tenant = tenant.clone();
        self.journal
            .readers
            .read(move |tx| {
                let sql =
                    format!("SELECT {COLUMNS} FROM agents WHERE tenant = ?1 ORDER BY agent, created_at");
                let mut statement = tx.prepare_cached(&sql)?;
                let mut rows = statement.query([tenant.as_str()])?;
                let mut agents = Vec::new();
                while let Some(row) = rows.next()? {
                    agents.push(record(row)?);
                }
                Ok(agents)
            })
            .await
    }

    async fn revoke(
        &self,
        tenant: &TenantId,
        agent: &AgentId,
        at: Timestamp,
        audit: AuditEvent,
    ) -> Result<bool, PortError> {
        let (tenant, agent) = (tenant.clone(), agent.clone());
        self.journal
            .writer
            .write(move |tx| {
                let revoked = tx.execute(
                    "UPDATE agents SET revoked_at = ?3 WHERE tenant = ?1 AND agent = ?2 AND revoked_at IS NULL",
                    params![tenant.as_str(), agent.as_str(), at.millis()],
                )?;
                if revoked > 0 {
                    append_event(tx, &audit)?;
                }
                Ok(revoked > 0)
            })
            .await
    }

    async fn by_token(&self, token_sha256: [u8; 32]) -> Result<Option<AgentRecord>, PortError> {
        self.journal
            .readers
            .read(move |tx| {
                let sql = format!("SELECT {COLUMNS} FROM agents WHERE token_sha256 = ?1");
                let mut statement = tx.prepare_cached(&sql)?;
                let mut rows = statement.query([token_sha256])?;
                rows.next()?.map(record).transpose()
            })
            .await
    }

    /// Notes the call to within ten seconds.
    async fn touch(&self, tenant: &TenantId, agent: &AgentId, at: Timestamp) -> Result<(), PortError> {
        let (tenant, agent) = (tenant.clone(), agent.clone());
        self.journal
            .writer
            .write(move |tx| {
                tx.prepare_cached(
                    "UPDATE agents SET last_used_at = ?3 WHERE tenant = ?1 AND agent = ?2 AND revoked_at IS NULL \
                     AND (last_used_at IS NULL OR last_used_at <= ?3 - ?4)",
                )?
                .execute(params![tenant.as_str(), agent.as_str(), at.millis(), TOUCH_MS])?;
                Ok(())
            })
            .await
    }
}

fn refuse_duplicates(
    tx: &Transaction<'_>,
    grant: &AgentGrant,
    token_sha256: &[u8; 32],
) -> Result<(), Problem> {
    let is_alive: bool = tx.query_row(
        "SELECT EXISTS (SELECT 1 FROM agents WHERE tenant = ?1 AND agent = ?2 AND revoked_at IS NULL)",
        params![grant.tenant.as_str(), grant.agent.as_str()],
        |row| row.get(0),
    )?;
    if is_alive {
        return Err(conflict(format!("an agent of this name exists: {}", grant.agent)).into());
    }
    let is_known = tx
        .query_row(
            "SELECT 1 FROM agents WHERE token_sha256 = ?1",
            [token_sha256],
            |_| Ok(()),
        )
        .optional()?
        .is_some();
    if is_known {
        return Err(conflict("this token was given out before").into());
    }
    Ok(())
}

fn record(row: &Row<'_>) -> Result<AgentRecord, Problem> {
    let agent: String = row.get(1)?;
    let scopes: String = row.get(2)?;
    let clearance: String = row.get(3)?;
    let damage = |e: serde_json::Error| damaged("agents", &agent, e);
    let instant = |millis: Option<i64>| millis.map(Timestamp::from_millis);
    Ok(AgentRecord {
        grant: AgentGrant {
            tenant: TenantId::new(row.get::<_, String>(0)?),
            scopes: serde_json::from_str(&scopes).map_err(damage)?,
            clearance: serde_json::from_str(&clearance).map_err(damage)?,
            expires_at: instant(row.get(4)?),
            agent: AgentId::new(agent.clone()),
        },
        created_at: Timestamp::from_millis(row.get(5)?),
        created_by: row.get(6)?,
        revoked_at: instant(row.get(7)?),
        last_used_at: instant(row.get(8)?),
    })
}
