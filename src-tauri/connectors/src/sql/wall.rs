//! The second wall: what a SQLite connection lets a checked query do, decided by SQLite's own authorizer while it prepares
//! the statement. Everything is denied but SELECT, the tables and columns the guard saw, and its functions.
//!
//! The authorizer does not see columns that are compared by NATURAL or USING; the guard spells those joins out, so here
//! they arrive as ordinary reads. What the walls see differently is an alarm.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use andon_guard::CheckedQuery;
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;

/// What one statement may touch, all names in lower case.
#[derive(Debug, Clone, Default)]
pub(super) struct Allowed {
    tables: HashMap<String, HashSet<String>>,
    functions: HashSet<String>,
    ctes: HashSet<String>,
}

impl Allowed {
    /// Exactly what the guard says that the query reads.
    pub(super) fn of(query: &CheckedQuery) -> Self {
        let lower = |names: &[String]| names.iter().map(|name| name.to_lowercase()).collect();
        let tables = query
            .reads()
            .iter()
            .map(|read| (read.table.to_lowercase(), lower(&read.columns)));
        Self {
            tables: tables.collect(),
            functions: lower(query.functions()),
            ctes: lower(query.ctes()),
        }
    }

    #[cfg(test)]
    pub(super) fn new(tables: &[(&str, &[&str])], functions: &[&str]) -> Self {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            tables: tables
                .iter()
                .map(|(table, columns)| ((*table).to_owned(), set(columns)))
                .collect(),
            functions: set(functions),
            ctes: HashSet::new(),
        }
    }

    fn judge(&self, context: &AuthContext<'_>, real_names: &HashSet<String>) -> bool {
        match context.action {
            AuthAction::Select => true,
            AuthAction::Read {
                table_name,
                column_name,
            } => {
                let table = table_name.to_lowercase();
                // Inside a view that was checked, the view's own tables are read.
                let in_view = context
                    .accessor
                    .is_some_and(|view| self.tables.contains_key(&view.to_lowercase()));
                match self.tables.get(&table) {
                    Some(columns) => column_name.is_empty() || columns.contains(&column_name.to_lowercase()),
                    // Rows of a CTE are counted under its name. A name of the database or of a module is not a CTE.
                    None => in_view || (column_name.is_empty() && !is_real(&table, real_names)),
                }
            }
            AuthAction::Function { function_name } => self.functions.contains(&function_name.to_lowercase()),
            _ => false,
        }
    }
}

/// Modules that SQLite makes on first use, so that no list of it names them before.
const LAZY_MODULES: [&str; 8] = [
    "json_each",
    "json_tree",
    "jsonb_each",
    "jsonb_tree",
    "generate_series",
    "dbstat",
    "bytecode",
    "tables_used",
];

fn is_real(name: &str, real_names: &HashSet<String>) -> bool {
    name.starts_with("sqlite_")
        || name.starts_with("pragma_")
        || LAZY_MODULES.contains(&name)
        || real_names.contains(name)
}

/// What the authorizer denied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Denial {
    /// Something that the guard did not check, in words for the log: an alarm.
    Unchecked(String),
    /// A table that has the name of a WITH query. SQLite reports the rows of both alike, so neither is read.
    SameName(String),
}

/// What the authorizer denied first.
#[derive(Debug, Clone, Default)]
pub(super) struct Denied(Arc<Mutex<Option<Denial>>>);

impl Denied {
    pub(super) fn what(&self) -> Option<Denial> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, context: &AuthContext<'_>, ctes: &HashSet<String>) {
        let mut what = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        what.get_or_insert_with(|| match context.action {
            AuthAction::Read {
                table_name,
                column_name: "",
            } if ctes.contains(&table_name.to_lowercase()) => Denial::SameName(table_name.to_owned()),
            action => Denial::Unchecked(format!("{action:?}")),
        });
    }
}

/// Closes everything on a connection but `allowed`.
pub(super) fn raise(connection: &Connection, allowed: Allowed) -> rusqlite::Result<Denied> {
    for (setting, value) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
    ] {
        connection.set_db_config(setting, value)?;
    }
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cell_size_check", true)?;
    for (limit, value) in [
        (Limit::SQLITE_LIMIT_LENGTH, 8 * 1024 * 1024),
        (Limit::SQLITE_LIMIT_SQL_LENGTH, 256 * 1024),
        (Limit::SQLITE_LIMIT_COLUMN, 512),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, 1_000),
        (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 50),
        (Limit::SQLITE_LIMIT_VDBE_OP, 250_000),
        (Limit::SQLITE_LIMIT_FUNCTION_ARG, 100),
        (Limit::SQLITE_LIMIT_ATTACHED, 0),
        (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1_000),
        (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 4_000),
        (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 1),
        (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
    ] {
        connection.set_limit(limit, value)?;
    }
    let real_names = names(connection)?;
    let denied = Denied::default();
    let noted = denied.clone();
    connection.authorizer(Some(move |context: AuthContext<'_>| {
        if allowed.judge(&context, &real_names) {
            Authorization::Allow
        } else {
            noted.note(&context, &allowed.ctes);
            Authorization::Deny
        }
    }))?;
    Ok(denied)
}

/// Names of tables, views and table-valued modules, in lower case.
fn names(connection: &Connection) -> rusqlite::Result<HashSet<String>> {
    let mut statement = connection
        .prepare("SELECT lower(name) FROM sqlite_schema UNION SELECT lower(name) FROM pragma_module_list")?;
    let mut rows = statement.query([])?;
    let mut names = HashSet::new();
    while let Some(row) = rows.next()? {
        names.insert(row.get(0)?);
    }
    Ok(names)
}
