//! What analysts asked before. Kept per person, the oldest fall out.

use std::sync::Arc;

use andon_domain::ports::{QueryHistory, QueryRecord};
use andon_domain::{PortError, TenantId, Timestamp};
use async_trait::async_trait;
use rusqlite::{Row, params};

use crate::store::Journal;

/// Records kept of one actor.
const KEPT: i64 = 1_000;

/// [`QueryHistory`] over the journal.
pub(crate) struct History {
    pub(crate) journal: Arc<Journal>,
}

#[async_trait]
impl QueryHistory for History {
    async fn put(&self, tenant: &TenantId, record: QueryRecord) -> Result<(), PortError> {
        let tenant = tenant.clone();
        self.journal
            .writer
            .write(move |tx| {
                tx.prepare_cached(
                    "INSERT OR REPLACE INTO query_history \
                     (tenant, id, actor, at, question, sql, is_allowed, row_count, elapsed_ms, problem) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                )?
                .execute(params![
                    tenant.as_str(),
                    record.id,
                    record.actor,
                    record.at.millis(),
                    record.question,
                    record.sql,
                    record.is_allowed,
                    record.rows.map(clamped),
                    record.elapsed_ms.map(clamped),
                    record.problem,
                ])?;
                tx.prepare_cached(
                    "DELETE FROM query_history WHERE tenant = ?1 AND actor = ?2 AND id NOT IN \
                     (SELECT id FROM query_history WHERE tenant = ?1 AND actor = ?2 ORDER BY at DESC, id DESC LIMIT ?3)",
                )?
                .execute(params![tenant.as_str(), record.actor, KEPT])?;
                Ok(())
            })
            .await
    }

    async fn list(&self, tenant: &TenantId, actor: &str, limit: u32) -> Result<Vec<QueryRecord>, PortError> {
        let (tenant, actor) = (tenant.clone(), actor.to_owned());
        self.journal
            .readers
            .read(move |tx| {
                let mut statement = tx.prepare_cached(
                    "SELECT id, actor, at, question, sql, is_allowed, row_count, elapsed_ms, problem FROM query_history \
                     WHERE tenant = ?1 AND actor = ?2 ORDER BY at DESC, id DESC LIMIT ?3",
                )?;
                let rows = statement.query_map(params![tenant.as_str(), actor, limit], record)?;
                Ok(rows.collect::<Result<_, _>>()?)
            })
            .await
    }
}

fn record(row: &Row<'_>) -> rusqlite::Result<QueryRecord> {
    Ok(QueryRecord {
        id: row.get(0)?,
        actor: row.get(1)?,
        at: Timestamp::from_millis(row.get(2)?),
        question: row.get(3)?,
        sql: row.get(4)?,
        is_allowed: row.get(5)?,
        rows: row.get::<_, Option<i64>>(6)?.and_then(|n| u64::try_from(n).ok()),
        elapsed_ms: row.get::<_, Option<i64>>(7)?.and_then(|n| u64::try_from(n).ok()),
        problem: row.get(8)?,
    })
}

fn clamped(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
