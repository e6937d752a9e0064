//! A SQLite file as a source: opened read-only for each query, behind the second wall, with a deadline and a limit on rows
//! and bytes.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use andon_domain::{PortError, PortErrorKind, System};
use andon_guard::{Cell, CheckedQuery, Dialect, Param, QuerySource, ResultColumn, RowSet, RunLimits};
use async_trait::async_trait;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, Statement};
use tokio::sync::Semaphore;

use super::wall::{self, Allowed, Denial, Denied};

/// Queries at the same time; more wait.
const PARALLEL: usize = 4;
/// How many of SQLite's instructions run between two looks at the deadline.
const STEPS_BETWEEN_LOOKS: i32 = 2_000;

/// A SQLite file that answers checked queries.
pub struct SqliteSource {
    path: PathBuf,
    turns: Arc<Semaphore>,
}

impl SqliteSource {
    /// For the file at this path. It is opened with each query, so it need not be there yet.
    #[must_use]
    pub fn open(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            turns: Arc::new(Semaphore::new(PARALLEL)),
        }
    }
}

#[async_trait]
impl QuerySource for SqliteSource {
    async fn run(&self, query: &CheckedQuery, limits: &RunLimits) -> Result<RowSet, PortError> {
        if query.dialect() != Dialect::Sqlite {
            return Err(failure(
                PortErrorKind::Invalid,
                "the query was checked for another kind of database",
            ));
        }
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let turn = turn.map_err(|_| failure(PortErrorKind::Cancelled, "the source is closed"))?;
        // The one who asked may go away; the query then ends at its next look.
        let abandoned = Arc::new(AtomicBool::new(false));
        let _abandon = AbandonOnDrop(Arc::clone(&abandoned));
        let (path, query, limits) = (self.path.clone(), query.clone(), limits.clone());
        let task = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let stop = Stop {
                deadline: Instant::now() + limits.timeout,
                limits: limits.clone(),
                abandoned,
            };
            run(&path, &query, &limits, &stop)
        });
        task.await.map_err(|e| {
            failure(PortErrorKind::Unavailable, "the query ended unexpectedly").detail(e.to_string())
        })?
    }

    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }
}

struct AbandonOnDrop(Arc<AtomicBool>);

impl Drop for AbandonOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// When a query has to end.
#[derive(Clone)]
struct Stop {
    deadline: Instant,
    limits: RunLimits,
    abandoned: Arc<AtomicBool>,
}

impl Stop {
    fn is_cancelled(&self) -> bool {
        self.limits.cancel.is_cancelled() || self.abandoned.load(Ordering::Acquire)
    }

    fn is_due(&self) -> bool {
        self.is_cancelled() || Instant::now() >= self.deadline
    }
}

fn run(
    path: &std::path::Path,
    query: &CheckedQuery,
    limits: &RunLimits,
    stop: &Stop,
) -> Result<RowSet, PortError> {
    let started = Instant::now();
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|e| {
        failure(
            PortErrorKind::Unavailable,
            "cannot be opened; it may not have been filled yet",
        )
        .detail(e.to_string())
    })?;
    let ready = connection
        .busy_timeout(Duration::from_secs(2))
        .and_then(|()| wall::raise(&connection, Allowed::of(query)));
    let denied =
        ready.map_err(|e| failure(PortErrorKind::Unavailable, "cannot be read").detail(e.to_string()))?;
    let look = stop.clone();
    let explain = |e: &rusqlite::Error| explain(e, &denied, stop);
    connection
        .progress_handler(STEPS_BETWEEN_LOOKS, Some(move || look.is_due()))
        .map_err(|e| explain(&e))?;
    let mut statement = connection.prepare(query.sql()).map_err(|e| explain(&e))?;
    if !statement.readonly() {
        tracing::error!(
            sql = query.sql(),
            "the walls disagree: a checked query is not read-only"
        );
        return Err(
            failure(PortErrorKind::Rejected, "refused the query").detail("walls disagree: not read-only")
        );
    }
    bind(&mut statement, query.params()).map_err(|e| explain(&e))?;
    let most = query.row_limit().min(limits.max_rows) as usize;
    let mut set = read(&mut statement, most, limits.max_bytes).map_err(|e| explain(&e))?;
    set.elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(set)
}

fn bind(statement: &mut Statement<'_>, params: &[Param]) -> rusqlite::Result<()> {
    if statement.parameter_count() != params.len() {
        return Err(rusqlite::Error::InvalidParameterCount(
            params.len(),
            statement.parameter_count(),
        ));
    }
    for (i, param) in params.iter().enumerate() {
        let value = match param {
            Param::Null => Value::Null,
            Param::Bool(flag) => Value::Integer(i64::from(*flag)),
            Param::Integer(number) => Value::Integer(*number),
            Param::Real(number) => Value::Real(*number),
            Param::Text(text) => Value::Text(text.clone()),
        };
        statement.raw_bind_parameter(i + 1, ToSqlOutput::Owned(value))?;
    }
    Ok(())
}

fn read(statement: &mut Statement<'_>, most: usize, max_bytes: usize) -> rusqlite::Result<RowSet> {
    let columns: Vec<ResultColumn> = statement
        .columns()
        .iter()
        .map(|column| ResultColumn {
            name: column.name().to_owned(),
            declared_type: column.decl_type().map(str::to_owned),
        })
        .collect();
    let (width, mut bytes) = (columns.len(), 0);
    let mut set = RowSet {
        columns,
        rows: Vec::new(),
        truncated: false,
        elapsed_ms: 0,
    };
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        if set.rows.len() == most {
            set.truncated = true;
            break;
        }
        let mut cells = Vec::with_capacity(width);
        for i in 0..width {
            let cell = match row.get_ref(i)? {
                ValueRef::Null => Cell::Null,
                ValueRef::Integer(number) => Cell::Integer(number),
                ValueRef::Real(number) => Cell::Real(number),
                ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
                ValueRef::Blob(blob) => Cell::Blob(blob.len()),
            };
            bytes += match &cell {
                Cell::Text(text) => text.len(),
                _ => 8,
            };
            cells.push(cell);
        }
        if bytes > max_bytes {
            set.truncated = true;
            break;
        }
        set.rows.push(cells);
    }
    Ok(set)
}

fn explain(error: &rusqlite::Error, denied: &Denied, stop: &Stop) -> PortError {
    if let Some(Denial::SameName(name)) = denied.what() {
        let message =
            format!("cannot tell a WITH query from a table of the same name, choose another: {name}");
        return failure(PortErrorKind::Rejected, &message).detail(error.to_string());
    }
    if let Some(Denial::Unchecked(what)) = denied.what() {
        // The guard let through what the database would not: one of the two walls has a hole.
        tracing::error!(denied = %what, "the walls disagree on a checked query");
        return failure(
            PortErrorKind::Rejected,
            "refused a query that the guard had allowed",
        )
        .detail(format!("walls disagree: {what}"));
    }
    let (kind, message) = match error.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) if stop.is_cancelled() => {
            (PortErrorKind::Cancelled, "the query was cancelled")
        }
        Some(ErrorCode::OperationInterrupted) => {
            (PortErrorKind::TimedOut, "the query took too long and was ended")
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => (PortErrorKind::Unavailable, "is busy"),
        Some(ErrorCode::TooBig) => (PortErrorKind::Rejected, "a value of the query is too large"),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::SystemIoFailure) => {
            (PortErrorKind::Unavailable, "cannot be read")
        }
        _ => (PortErrorKind::Rejected, plainly(&error.to_string())),
    };
    failure(kind, message).detail(error.to_string())
}

/// What SQLite says of a checked query that it still does not run, without its words: they may name what is hidden.
fn plainly(detail: &str) -> &'static str {
    if detail.contains("aggregate") || detail.contains("window") {
        "could not run the query: an aggregate or a window stands where none may be"
    } else if detail.contains("no such column") || detail.contains("ON clause") {
        "could not run the query: a column cannot be named at that place, for example in ORDER BY of a subquery"
    } else {
        "could not run the query"
    }
}

fn failure(kind: PortErrorKind, message: &str) -> PortError {
    PortError::new(System::Sql, kind, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denial_behind_the_guard_is_an_alarm_and_not_a_plain_error() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t(a)").unwrap();
        let denied = wall::raise(&connection, Allowed::default()).unwrap();
        let error = connection.prepare("SELECT a FROM t").map(|_| ()).unwrap_err();
        let abandoned = Arc::new(AtomicBool::new(false));
        let stop = Stop {
            deadline: Instant::now(),
            limits: RunLimits::default(),
            abandoned,
        };
        let alarm = explain(&error, &denied, &stop);
        assert_eq!(alarm.kind, PortErrorKind::Rejected);
        assert!(
            alarm.detail.starts_with("walls disagree: Read"),
            "{}",
            alarm.detail
        );
    }
}
