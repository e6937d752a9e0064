//! Results kept in memory for the grid's windows and for exports: the newest few of a tenant, within a byte budget.
//!
//! Only who ran a query may read its result. Nothing here survives a restart.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use andon_domain::audit::AuditEvent;
use andon_domain::{Caller, Class, Permission, Timestamp};
use andon_guard::{Cell, RowSet};
use serde_json::json;

use super::QueryResult;
use crate::access::permit;
use crate::audit;
use crate::csv::push_line;
use crate::error::EngineError;
use crate::world::Engine;

const MOST_RESULTS: usize = 20;
const MOST_BYTES: usize = 64 * 1024 * 1024;
const MOST_WINDOW: usize = 1_000;

/// A result on the shelf.
#[derive(Debug, Clone)]
pub struct KeptResult {
    /// Its key.
    pub id: String,
    /// Who ran it, as an audit actor.
    pub actor: String,
    /// When.
    pub at: Timestamp,
    /// The highest class among the columns read.
    pub class: Class,
    /// The rows.
    pub rows: Arc<RowSet>,
    bytes: usize,
}

/// The results of one tenant.
#[derive(Default)]
pub struct ResultShelf(Mutex<VecDeque<KeptResult>>);

impl ResultShelf {
    /// Puts a result on the shelf and takes down the oldest ones that no longer fit. The newest always stays.
    pub(super) fn keep(&self, actor: String, at: Timestamp, result: &QueryResult) {
        let kept = KeptResult {
            id: result.id.clone(),
            actor,
            at,
            class: result.class,
            rows: result.rows.clone(),
            bytes: size(&result.rows),
        };
        let mut shelf = self.lock();
        shelf.push_back(kept);
        let mut bytes: usize = shelf.iter().map(|kept| kept.bytes).sum();
        while shelf.len() > MOST_RESULTS || (bytes > MOST_BYTES && shelf.len() > 1) {
            bytes -= shelf.pop_front().map_or(0, |oldest| oldest.bytes);
        }
    }

    fn find(&self, id: &str) -> Option<KeptResult> {
        self.lock().iter().find(|kept| kept.id == id).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<KeptResult>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn size(rows: &RowSet) -> usize {
    let cell = |cell: &Cell| match cell {
        Cell::Text(text) => size_of::<Cell>() + text.len(),
        _ => size_of::<Cell>(),
    };
    rows.rows
        .iter()
        .map(|row| size_of::<Vec<Cell>>() + row.iter().map(cell).sum::<usize>())
        .sum()
}

/// Some rows of a result.
#[derive(Debug, Clone)]
pub struct RowWindow {
    /// The whole result.
    pub set: Arc<RowSet>,
    /// Which rows of it.
    pub range: Range<usize>,
}

impl RowWindow {
    /// The rows.
    #[must_use]
    pub fn rows(&self) -> &[Vec<Cell>] {
        self.set.rows.get(self.range.clone()).unwrap_or_default()
    }
}

/// A result of this caller, as long as it is on the shelf.
///
/// # Errors
/// Not permitted; not found for a result that is gone, of somebody else, or above the clearance meanwhile.
pub fn result(engine: &Engine, caller: &Caller, id: &str) -> Result<KeptResult, EngineError> {
    permit(caller, Permission::QueryRun)?;
    let tenant = engine.tenant(&caller.tenant)?;
    let own = tenant
        .results
        .find(id)
        .filter(|kept| kept.actor == caller.actor() && kept.class <= caller.clearance);
    own.ok_or_else(|| EngineError::NotFound("result; run the query again".to_owned()))
}

/// At most 1000 rows of a result from `offset` on. Past the end there are none.
///
/// # Errors
/// As [`result`].
pub fn window(
    engine: &Engine,
    caller: &Caller,
    id: &str,
    offset: usize,
    limit: usize,
) -> Result<RowWindow, EngineError> {
    let set = result(engine, caller, id)?.rows;
    let start = offset.min(set.rows.len());
    let end = start.saturating_add(limit.min(MOST_WINDOW)).min(set.rows.len());
    Ok(RowWindow {
        set,
        range: start..end,
    })
}

/// The whole result as CSV (RFC 4180): column names first, no cell that a spreadsheet would run. Data that leaves is an
/// event of the audit log.
///
/// # Errors
/// As [`result`], or the audit log failed.
pub async fn export_csv(engine: &Engine, caller: &Caller, id: &str) -> Result<String, EngineError> {
    let kept = result(engine, caller, id)?;
    let tenant = engine.tenant(&caller.tenant)?;
    let event =
        AuditEvent::new(caller, engine.clock.now(), "query.exported", kept.id.clone()).detail(json!({
            "format": "csv", "rows": kept.rows.rows.len(), "class": kept.class,
        }));
    audit::note(engine, tenant, event).await?;
    Ok(csv(&kept.rows))
}

fn csv(set: &RowSet) -> String {
    let mut text = String::new();
    let names = set.columns.iter().map(|column| crate::csv::cell(&column.name));
    push_line(&mut text, names);
    for row in &set.rows {
        push_line(&mut text, row.iter().map(cell));
    }
    text
}

/// Numbers stay numbers, also negative ones; only text can be a formula.
fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Null => String::new(),
        Cell::Integer(number) => number.to_string(),
        Cell::Real(number) => number.to_string(),
        Cell::Text(text) => crate::csv::cell(text),
        Cell::Blob(bytes) => format!("({bytes} bytes)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use andon_guard::ResultColumn;

    fn set(rows: Vec<Vec<Cell>>) -> RowSet {
        let columns = ["name", "=cmd"].map(|name| ResultColumn {
            name: name.to_owned(),
            declared_type: None,
        });
        RowSet {
            columns: columns.to_vec(),
            rows,
            truncated: false,
            elapsed_ms: 0,
        }
    }

    #[test]
    fn no_cell_of_an_export_is_a_formula_or_breaks_its_line() {
        let text = |text: &str| Cell::Text(text.to_owned());
        let csv = csv(&set(vec![
            vec![text("=HYPERLINK(\"http://x\")"), Cell::Integer(-5)],
            vec![text("a,\"b\"\r\nc"), Cell::Real(-1.5)],
            vec![text("@SUM(A1)"), Cell::Null],
            vec![text("-2+3"), Cell::Blob(3)],
        ]));
        assert_eq!(
            csv,
            "name,\"'=cmd\"\r\n\"'=HYPERLINK(\"\"http://x\"\")\",-5\r\n\"a,\"\"b\"\"\r\nc\",-1.5\r\n\"'@SUM(A1)\",\r\n\
             \"'-2+3\",(3 bytes)\r\n"
        );
    }
}
