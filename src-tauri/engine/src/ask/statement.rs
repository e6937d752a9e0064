//! One SQL statement: checked, run read-only, written down, its rows kept for the grid. A refusal is an outcome.

use std::sync::Arc;
use std::time::Duration;

use andon_domain::audit::{AuditEvent, AuditOutcome};
use andon_domain::ports::QueryRecord;
use andon_domain::{Caller, Class, Permission, PortError, Timestamp};
use andon_guard::{CancelFlag, Change, CheckedQuery, Param, Refusal, RowSet, RunLimits, Score, TableRead};
use serde_json::json;

use super::policy_of;
use crate::access::permit;
use crate::audit;
use crate::error::EngineError;
use crate::world::{Engine, Tenant};

const TIMEOUT: Duration = Duration::from_secs(10);
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// Longest statement kept in the history and the audit log; the guard refuses longer ones anyway.
const LONGEST_KEPT: usize = 16 * 1024;

/// What an analyst wants to run.
#[derive(Debug, Clone, Default)]
pub struct Statement {
    /// The SQL as written.
    pub sql: String,
    /// The question it answers, when there was one.
    pub question: Option<String>,
    /// Raised to end the run early.
    pub cancel: CancelFlag,
}

/// Rows, with everything that must be known about them.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryResult {
    /// Key of the result and of its line in the history.
    pub id: String,
    /// The SQL as written.
    pub sql_written: String,
    /// The SQL as it ran.
    pub sql_run: String,
    /// The values bound to it.
    pub params: Vec<Param>,
    /// What the guard changed.
    pub changes: Vec<Change>,
    /// How complex it is.
    pub score: Score,
    /// The tables and columns it read.
    pub reads: Vec<TableRead>,
    /// The highest class among the columns read.
    pub class: Class,
    /// The rows.
    pub rows: Arc<RowSet>,
    /// Time the source took.
    pub elapsed_ms: u64,
    /// The most rows it could have brought.
    pub row_limit: u32,
    /// Whether there are more rows than these.
    pub is_truncated: bool,
    /// Time the guard took.
    pub checked_in_us: u64,
    /// Which attempt this was: 1 for typed SQL, up to 3 for a model.
    pub attempts: u32,
}

/// A statement that passed the guard, on its way to the source.
pub(super) struct Passed {
    pub(super) query: CheckedQuery,
    pub(super) checked_in_us: u64,
    pub(super) attempts: u32,
}

/// Asks the guard about a statement without running it. Nothing is written down: this is called while somebody types.
///
/// # Errors
/// Not permitted, or [`EngineError::QueryRefused`].
pub fn check(engine: &Engine, caller: &Caller, sql: &str) -> Result<CheckedQuery, EngineError> {
    permit(caller, Permission::QueryRun)?;
    let tenant = engine.tenant(&caller.tenant)?;
    guard(tenant, caller, sql).map_err(|refusal| EngineError::QueryRefused(Box::new(refusal)))
}

/// Runs a statement. Allowed or refused, it is in the history and the audit log when this returns.
///
/// # Errors
/// Not permitted, refused by the guard, or the source or the audit log failed.
pub async fn run(engine: &Engine, caller: &Caller, statement: Statement) -> Result<QueryResult, EngineError> {
    permit(caller, Permission::QueryRun)?;
    let tenant = engine.tenant(&caller.tenant)?;
    match pass(engine, tenant, caller, &statement.sql, 1) {
        Ok(passed) => run_passed(engine, tenant, caller, statement, passed).await,
        Err(refusal) => {
            note_refusal(engine, tenant, caller, &statement, &refusal).await?;
            Err(EngineError::QueryRefused(Box::new(refusal)))
        }
    }
}

/// What this caller asked before, newest first.
///
/// # Errors
/// Not permitted, or storage.
pub async fn history(engine: &Engine, caller: &Caller, limit: u32) -> Result<Vec<QueryRecord>, EngineError> {
    permit(caller, Permission::QueryRun)?;
    engine.tenant(&caller.tenant)?;
    Ok(engine
        .history
        .list(&caller.tenant, &caller.actor(), limit.clamp(1, 500))
        .await?)
}

fn guard(tenant: &Tenant, caller: &Caller, sql: &str) -> Result<CheckedQuery, Refusal> {
    andon_guard::check(sql, tenant.parts.source.dialect(), &policy_of(tenant, caller))
}

/// Checks, and measures how long that took.
pub(super) fn pass(
    engine: &Engine,
    tenant: &Tenant,
    caller: &Caller,
    sql: &str,
    attempts: u32,
) -> Result<Passed, Refusal> {
    let start = engine.clock.boot_us();
    let query = guard(tenant, caller, sql)?;
    Ok(Passed {
        query,
        checked_in_us: engine.clock.boot_us().saturating_sub(start),
        attempts,
    })
}

pub(super) async fn run_passed(
    engine: &Engine,
    tenant: &Tenant,
    caller: &Caller,
    statement: Statement,
    passed: Passed,
) -> Result<QueryResult, EngineError> {
    let Passed {
        query,
        checked_in_us,
        attempts,
    } = passed;
    let limits = RunLimits {
        timeout: TIMEOUT,
        max_rows: query.row_limit(),
        max_bytes: MOST_BYTES,
        cancel: statement.cancel.clone(),
    };
    let id = engine.ids.uuid().to_string();
    let at = engine.clock.now();
    let rows = match tenant.parts.source.run(&query, &limits).await {
        Ok(rows) => Arc::new(rows),
        Err(error) => {
            note_failure(engine, tenant, caller, &statement, &error, (id, at)).await?;
            return Err(error.into());
        }
    };
    let event = AuditEvent::new(caller, at, "query.run", id.clone()).detail(json!({
        "sql": cut(&statement.sql), "question": statement.question, "rows": rows.rows.len(),
        "is_truncated": rows.truncated, "class": query.class(), "score": query.score().total,
        "elapsed_ms": rows.elapsed_ms,
    }));
    audit::note_read(engine, tenant, event).await?;
    let mut record = record(caller, &statement, &id, at, true);
    record.rows = u64::try_from(rows.rows.len()).ok();
    record.elapsed_ms = Some(rows.elapsed_ms);
    keep_in_history(engine, tenant, record).await;
    let result = QueryResult {
        id,
        sql_written: statement.sql,
        sql_run: query.sql().to_owned(),
        params: query.params().to_vec(),
        changes: query.changes().to_vec(),
        score: query.score().clone(),
        reads: query.reads().to_vec(),
        class: query.class(),
        elapsed_ms: rows.elapsed_ms,
        row_limit: query.row_limit(),
        is_truncated: rows.truncated,
        rows,
        checked_in_us,
        attempts,
    };
    tenant.results.keep(caller.actor(), at, &result);
    Ok(result)
}

pub(super) async fn note_refusal(
    engine: &Engine,
    tenant: &Tenant,
    caller: &Caller,
    statement: &Statement,
    refusal: &Refusal,
) -> Result<(), EngineError> {
    let id = engine.ids.uuid().to_string();
    let at = engine.clock.now();
    let codes: Vec<&str> = refusal
        .reasons
        .iter()
        .map(|reason| reason.code.as_str())
        .collect();
    let event = AuditEvent::new(caller, at, "query.refused", id.clone())
        .outcome(AuditOutcome::Refused)
        .detail(json!({"sql": cut(&statement.sql), "question": statement.question, "reasons": codes}));
    audit::note(engine, tenant, event).await?;
    let mut record = record(caller, statement, &id, at, false);
    record.problem = Some(refusal.to_string());
    keep_in_history(engine, tenant, record).await;
    Ok(())
}

async fn note_failure(
    engine: &Engine,
    tenant: &Tenant,
    caller: &Caller,
    statement: &Statement,
    error: &PortError,
    (id, at): (String, Timestamp),
) -> Result<(), EngineError> {
    let event = AuditEvent::new(caller, at, "query.failed", id.clone())
        .outcome(AuditOutcome::Failed)
        .detail(
            json!({"sql": cut(&statement.sql), "question": statement.question, "reason": error.to_string()}),
        );
    audit::note(engine, tenant, event).await?;
    let mut record = record(caller, statement, &id, at, true);
    record.problem = Some(error.to_string());
    keep_in_history(engine, tenant, record).await;
    Ok(())
}

fn record(caller: &Caller, statement: &Statement, id: &str, at: Timestamp, is_allowed: bool) -> QueryRecord {
    QueryRecord {
        id: id.to_owned(),
        actor: caller.actor(),
        at,
        question: statement.question.clone(),
        sql: cut(&statement.sql),
        is_allowed,
        rows: None,
        elapsed_ms: None,
        problem: None,
    }
}

/// The history is a convenience: a line it loses is in the audit log, and the rows are not withheld for it.
async fn keep_in_history(engine: &Engine, tenant: &Tenant, record: QueryRecord) {
    if let Err(error) = engine.history.put(&tenant.parts.id, record).await {
        tracing::warn!(tenant = %tenant.parts.id, detail = %error.detail, "question not kept in the history: {error}");
    }
}

fn cut(sql: &str) -> String {
    sql.chars().take(LONGEST_KEPT).collect()
}
