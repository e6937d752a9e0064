//! Questions, SQL and rows.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use andon_engine::ask::{self, Answer, QueryResult, Statement};
use andon_engine::{EngineError, status};
use andon_guard::{CancelFlag, Cell, Param, Reason, Refusal, RowSet, Score};
use serde::Serialize;
use serde_json::Number;

use super::Context;
use crate::error::ApiError;
use crate::wire::{
    AttemptView, CellView, ChangeView, ColumnView, Empty, QueryAnswer, QueryAskRequest, QueryCancelRequest,
    QueryDesk, QueryExport, QueryExportRequest, QueryRows, QueryRowsRequest, QueryRunRequest, QueryVerdict,
    ReadView, ReadyQuestion, ReasonView, ResultColumnView, ScorePartView, ScoreView, TableView,
};

type Reply<T> = Result<T, ApiError>;

/// Rows that come with the answer itself.
const FIRST_ROWS: usize = 500;
/// Largest integer a page reads exactly.
const EXACT: i64 = (1 << 53) - 1;

/// Runs that can be cancelled, by who runs them and the key they gave.
#[derive(Default)]
pub(crate) struct Runs(Mutex<HashMap<(String, String), CancelFlag>>);

/// A run in progress; forgotten when it ends, however it ends.
struct Running<'r> {
    runs: &'r Runs,
    key: Option<(String, String)>,
    cancel: CancelFlag,
}

impl Runs {
    fn start(&self, actor: String, run: Option<String>) -> Running<'_> {
        let cancel = CancelFlag::new();
        let key = run.map(|run| (actor, run));
        if let Some(key) = &key {
            self.lock().insert(key.clone(), cancel.clone());
        }
        Running {
            runs: self,
            key,
            cancel,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(String, String), CancelFlag>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if let Some(key) = &self.key {
            self.runs.lock().remove(key);
        }
    }
}

pub(crate) async fn desk(context: &Context<'_>, _: Empty) -> Reply<QueryDesk> {
    let (engine, caller) = (context.engine(), &context.caller);
    let tenant = engine.tenant(&caller.tenant).map_err(|e| context.fail(e))?;
    let tables = ask::schema(engine, caller).map_err(|e| context.fail(e))?;
    let all: HashMap<&str, usize> = tenant
        .parts
        .query_policy
        .tables()
        .map(|table| (table.name.as_str(), table.columns.len()))
        .collect();
    let tables = tables.into_iter().map(|table| {
        let in_all = all.get(table.name.as_str()).copied().unwrap_or(0);
        TableView {
            hidden: u32::try_from(in_all.saturating_sub(table.columns.len())).unwrap_or(u32::MAX),
            name: table.name,
            description: table.description,
            columns: table
                .columns
                .into_iter()
                .map(|column| ColumnView {
                    name: column.name,
                    description: column.description,
                    class: column.class,
                })
                .collect(),
        }
    });
    let ready = ask::ready_questions(engine, caller).map_err(|e| context.fail(e))?;
    Ok(QueryDesk {
        tables: tables.collect(),
        ready: ready
            .into_iter()
            .map(|q| ReadyQuestion {
                id: q.id.to_owned(),
                text: q.text.to_owned(),
                sql: q.sql.to_owned(),
            })
            .collect(),
        model: status::overview(engine, caller)
            .map_err(|e| context.fail(e))?
            .model,
        row_limit: tenant.parts.query_policy.limits().rows,
        history: ask::history(engine, caller, 50)
            .await
            .map_err(|e| context.fail(e))?,
    })
}

pub(crate) async fn run(context: &Context<'_>, request: QueryRunRequest) -> Reply<QueryAnswer> {
    let running = context.console.runs.start(context.caller.actor(), request.run);
    let statement = Statement {
        sql: request.sql.clone(),
        question: request.question.clone(),
        cancel: running.cancel.clone(),
    };
    match ask::run(context.engine(), &context.caller, statement).await {
        Ok(result) => Ok(allowed(context, result, request.question)),
        Err(EngineError::QueryRefused(refusal)) => {
            Ok(refused(context, request.sql, request.question, &refusal))
        }
        Err(error) => Err(context.fail(error)),
    }
}

pub(crate) async fn ask(context: &Context<'_>, request: QueryAskRequest) -> Reply<QueryAnswer> {
    let running = context.console.runs.start(context.caller.actor(), request.run);
    let answer = ask::ask(
        context.engine(),
        &context.caller,
        &request.question,
        running.cancel.clone(),
    )
    .await;
    let Answer {
        result,
        assumptions,
        refused: mut attempts,
        model,
        tokens,
    } = answer.map_err(|e| context.fail(e))?;
    let question = Some(request.question);
    let mut answer = match result {
        Some(result) => allowed(context, result, question),
        // The last attempt is the answer; the ones before it are how it came to that.
        None => match attempts.pop() {
            Some(last) => refused(context, last.sql, question, &last.refusal),
            None => return Err(context.fail(EngineError::NotConfigured("the model wrote no SQL".to_owned()))),
        },
    };
    answer.attempts = attempts
        .into_iter()
        .map(|a| AttemptView {
            problem: a.refusal.to_string(),
            sql: a.sql,
        })
        .collect();
    answer.assumptions = assumptions;
    answer.model = Some(model);
    answer.tokens = tokens;
    Ok(answer)
}

pub(crate) async fn rows(context: &Context<'_>, request: QueryRowsRequest) -> Reply<QueryRows> {
    let offset = usize::try_from(request.offset).unwrap_or(usize::MAX);
    let window = ask::window(
        context.engine(),
        &context.caller,
        &request.id,
        offset,
        request.limit as usize,
    )
    .map_err(|e| context.fail(e))?;
    Ok(QueryRows {
        offset: request.offset,
        rows: window.rows().iter().map(|row| cells(row)).collect(),
    })
}

pub(crate) async fn export(context: &Context<'_>, request: QueryExportRequest) -> Reply<QueryExport> {
    let kept = ask::result(context.engine(), &context.caller, &request.id).map_err(|e| context.fail(e))?;
    let text = ask::export_csv(context.engine(), &context.caller, &request.id)
        .await
        .map_err(|e| context.fail(e))?;
    let at: String = kept
        .at
        .to_string()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(15)
        .collect();
    Ok(QueryExport {
        file_name: format!("andon-{at}-{}.csv", kept.class.as_str()),
        text,
    })
}

pub(crate) async fn cancel(context: &Context<'_>, request: QueryCancelRequest) -> Reply<Empty> {
    let runs = context.console.runs.lock();
    if let Some(flag) = runs.get(&(context.caller.actor(), request.run)) {
        flag.cancel();
    }
    Ok(Empty {})
}

fn allowed(context: &Context<'_>, result: QueryResult, question: Option<String>) -> QueryAnswer {
    let QueryResult {
        id,
        sql_written,
        sql_run,
        params,
        changes,
        score,
        reads,
        class,
        rows,
        elapsed_ms,
        row_limit,
        is_truncated,
        checked_in_us,
        attempts: _,
    } = result;
    QueryAnswer {
        id: Some(id),
        verdict: QueryVerdict::Allowed,
        question,
        assumptions: None,
        sql_written,
        sql_run: Some(sql_run),
        params: params.iter().map(parameter).collect(),
        changes: changes
            .into_iter()
            .map(|change| ChangeView {
                code: word(&change.kind),
                rule: change.rule.to_owned(),
                message: change.message,
            })
            .collect(),
        reasons: Vec::new(),
        score: Some(score_view(&score)),
        reads: reads
            .into_iter()
            .map(|read| ReadView {
                table: read.table,
                columns: read.columns,
                class: read.class,
            })
            .collect(),
        class: Some(class),
        columns: columns(&rows),
        rows: rows.rows.iter().take(FIRST_ROWS).map(|row| cells(row)).collect(),
        row_count: u64::try_from(rows.rows.len()).unwrap_or(u64::MAX),
        is_truncated,
        row_limit: Some(row_limit),
        checked_us: checked_in_us,
        elapsed_ms,
        at: context.engine().clock().now(),
        attempts: Vec::new(),
        model: None,
        tokens: None,
    }
}

fn refused(context: &Context<'_>, sql: String, question: Option<String>, refusal: &Refusal) -> QueryAnswer {
    QueryAnswer {
        id: None,
        verdict: QueryVerdict::Refused,
        question,
        assumptions: None,
        sql_written: sql,
        sql_run: None,
        params: Vec::new(),
        changes: Vec::new(),
        reasons: refusal.reasons.iter().map(ReasonView::from).collect(),
        score: refusal.score.as_ref().map(score_view),
        reads: Vec::new(),
        class: None,
        columns: Vec::new(),
        rows: Vec::new(),
        row_count: 0,
        is_truncated: false,
        row_limit: None,
        checked_us: 0,
        elapsed_ms: 0,
        at: context.engine().clock().now(),
        attempts: Vec::new(),
        model: None,
        tokens: None,
    }
}

/// The wire word of a small enum.
fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn score_view(score: &Score) -> ScoreView {
    let parts = score.parts.iter();
    ScoreView {
        total: score.total,
        limit: score.limit,
        parts: parts
            .map(|part| ScorePartView {
                kind: word(&part.kind),
                count: part.count,
                points: part.points,
            })
            .collect(),
    }
}

impl From<&Reason> for ReasonView {
    fn from(reason: &Reason) -> Self {
        let Reason {
            code,
            rule,
            message,
            hint,
            object,
            nearest,
            line,
            column,
        } = reason;
        Self {
            code: code.as_str().to_owned(),
            rule: (*rule).to_owned(),
            message: message.clone(),
            hint: hint.clone(),
            object: object.clone(),
            nearest: nearest.clone(),
            line: *line,
            column: *column,
        }
    }
}

fn columns(rows: &RowSet) -> Vec<ResultColumnView> {
    let numeric = |at: usize| {
        let mut values = rows
            .rows
            .iter()
            .filter_map(|row| row.get(at))
            .filter(|cell| **cell != Cell::Null)
            .peekable();
        values.peek().is_some() && values.all(|cell| matches!(cell, Cell::Integer(_) | Cell::Real(_)))
    };
    let named = rows.columns.iter().enumerate();
    named
        .map(|(at, column)| ResultColumnView {
            name: column.name.clone(),
            is_numeric: numeric(at),
        })
        .collect()
}

fn cells(row: &[Cell]) -> Vec<CellView> {
    row.iter().map(cell).collect()
}

fn cell(cell: &Cell) -> CellView {
    match cell {
        Cell::Null => CellView::Null(()),
        Cell::Integer(value) => integer(*value),
        Cell::Real(value) => real(*value),
        Cell::Text(text) => CellView::Text(text.clone()),
        Cell::Blob(bytes) => CellView::Text(format!("{bytes} bytes")),
    }
}

fn parameter(param: &Param) -> CellView {
    match param {
        Param::Null => CellView::Null(()),
        Param::Bool(value) => CellView::Text(value.to_string()),
        Param::Integer(value) => integer(*value),
        Param::Real(value) => real(*value),
        Param::Text(text) => CellView::Text(text.clone()),
    }
}

fn integer(value: i64) -> CellView {
    if (-EXACT..=EXACT).contains(&value) {
        CellView::Number(value.into())
    } else {
        CellView::Text(value.to_string())
    }
}

/// NaN and infinity have no JSON number; they are shown as their word.
fn real(value: f64) -> CellView {
    Number::from_f64(value).map_or_else(|| CellView::Text(value.to_string()), CellView::Number)
}
