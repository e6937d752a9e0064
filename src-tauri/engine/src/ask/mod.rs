//! The ask journey: SQL or a question comes in, the guard decides, a read-only source runs it, the rows wait for the grid.
//!
//! `statement` checks and runs, `question` has a model write the SQL, `ready` holds questions that need no model, `shelf`
//! keeps results for windows and exports. No SQL reaches a source but through the guard.

mod question;
mod ready;
mod shelf;
mod statement;

pub use question::{Answer, Attempt, ask};
pub use ready::{READY_QUESTIONS, ReadyQuestion, ready_questions};
pub use shelf::{KeptResult, ResultShelf, RowWindow, export_csv, result, window};
pub use statement::{QueryResult, Statement, check, history, run};

use andon_domain::{Caller, Class, Permission};
use andon_guard::Policy;
use serde::Serialize;
use ts_rs::TS;

use crate::access::permit;
use crate::error::EngineError;
use crate::world::{Engine, Tenant};

/// A table the caller may query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct SchemaTable {
    /// Name in SQL.
    pub name: String,
    /// What a row is.
    pub description: Option<String>,
    /// The columns the caller may see.
    pub columns: Vec<SchemaColumn>,
}

/// A column the caller may query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct SchemaColumn {
    /// Name in SQL.
    pub name: String,
    /// What it holds.
    pub description: Option<String>,
    /// How sensitive it is.
    pub class: Class,
}

/// The tables and columns the caller may query. What is above the clearance is not there.
///
/// # Errors
/// Not permitted.
pub fn schema(engine: &Engine, caller: &Caller) -> Result<Vec<SchemaTable>, EngineError> {
    permit(caller, Permission::QueryRun)?;
    let policy = policy_of(engine.tenant(&caller.tenant)?, caller);
    let tables = policy.tables().map(|table| SchemaTable {
        name: table.name.clone(),
        description: table.description.clone(),
        columns: table
            .columns
            .iter()
            .map(|column| SchemaColumn {
                name: column.name.clone(),
                description: column.description.clone(),
                class: column.class,
            })
            .collect(),
    });
    Ok(tables.collect())
}

/// What this caller may query in this tenant.
fn policy_of(tenant: &Tenant, caller: &Caller) -> Policy {
    tenant.parts.query_policy.cleared_to(caller.clearance)
}

#[cfg(test)]
mod tests;
