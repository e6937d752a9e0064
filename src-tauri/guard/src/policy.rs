//! The policy: which tables and columns may be read, how sensitive each is, and the limits.
//!
//! Deny by default: a table or column that is not named does not exist for the guard, and an empty policy is an error.
//! Row rules are not here yet; they will be a field of [`TablePolicy`].

use std::collections::{HashMap, HashSet};

use andon_domain::Class;
use thiserror::Error;

use crate::dialect::{Dialect, is_safe_name};
use crate::policy_json;

/// A table that may be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TablePolicy {
    /// Its name as the database stores it, with a schema where needed: `orders`, `purchasing.po_line`.
    pub name: String,
    /// What it holds, for people and models.
    pub description: Option<String>,
    /// The columns that may be read. Every other column does not exist.
    pub columns: Vec<ColumnPolicy>,
}

/// A column that may be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnPolicy {
    /// Its name as the database stores it.
    pub name: String,
    /// What it holds, for people and models.
    pub description: Option<String>,
    /// How sensitive it is.
    pub class: Class,
}

impl ColumnPolicy {
    /// A column of the default class (II, internal) without a description.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            description: None,
            class: Class::default(),
        }
    }
}

/// How much a query may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most rows of a result.
    pub rows: u32,
    /// Highest complexity score.
    pub score: u32,
    /// Longest text in bytes; at most 16 KiB.
    pub bytes: usize,
    /// Most tokens in the text; at most 2000.
    pub tokens: usize,
}

impl Limits {
    /// The most bytes any policy may allow: the parser's stack use is proven up to here.
    pub const MAX_BYTES: usize = 16 * 1024;
    /// The most tokens any policy may allow: the parser's stack use is proven up to here.
    pub const MAX_TOKENS: usize = 2000;
    /// The most rows any policy may allow.
    pub const MAX_ROWS: u32 = 1_000_000;
    /// The highest score any policy may allow.
    pub const MAX_SCORE: u32 = 1000;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rows: 1000,
            score: 10,
            bytes: Self::MAX_BYTES,
            tokens: Self::MAX_TOKENS,
        }
    }
}

/// Why a policy cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The text is no policy: not JSON, an unknown key, a wrong type, a name given twice.
    #[error("policy cannot be read at line {line} column {column}: {message}")]
    Unreadable {
        /// Line in the policy text.
        line: usize,
        /// Column in that line.
        column: usize,
        /// What is wrong there.
        message: String,
    },
    /// No table at all. An empty allow list would refuse everything, which is never what was meant.
    #[error("policy allows no table")]
    NoTables,
    /// A table without columns.
    #[error("policy allows no column of table: {0}")]
    NoColumns(String),
    /// The same table twice, or twice with different capitals.
    #[error("policy names a table twice: {0}")]
    TableTwice(String),
    /// The same column twice in a table.
    #[error("policy names a column twice: {0}")]
    ColumnTwice(String),
    /// A name with characters that cannot be rendered safely.
    #[error("policy has a name that cannot be used: {0}")]
    BadName(String),
    /// A catalog or system table.
    #[error("policy may not allow a system table: {0}")]
    SystemTable(String),
    /// A limit out of range.
    #[error("policy limit {name} must be between 1 and {most}: {value}")]
    Limit {
        /// Which limit.
        name: &'static str,
        /// The highest value.
        most: usize,
        /// The value given.
        value: usize,
    },
}

/// What may be read. Checked when it is made; a policy in hand is a sound one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    tables: Vec<TablePolicy>,
    /// Per table, the columns that the clearance took away. They answer "why", and are never offered or read.
    withheld: Vec<Vec<ColumnPolicy>>,
    limits: Limits,
    clearance: Option<Class>,
    index: HashMap<String, usize>,
    /// Lower-case last parts of every table name, withheld tables included.
    last_parts: HashSet<String>,
}

impl Policy {
    /// Reads a policy file. Unknown keys, names given twice and an empty allow list are errors.
    pub fn from_json(text: &str) -> Result<Self, PolicyError> {
        let (tables, limits) = policy_json::read(text)?;
        Self::new(tables, limits)
    }

    /// Makes a policy from parts.
    pub fn new(tables: Vec<TablePolicy>, limits: Limits) -> Result<Self, PolicyError> {
        if tables.is_empty() {
            return Err(PolicyError::NoTables);
        }
        for table in &tables {
            check_table(table)?;
        }
        for (name, value, most) in [
            ("rows", limits.rows as usize, Limits::MAX_ROWS as usize),
            ("score", limits.score as usize, Limits::MAX_SCORE as usize),
            ("bytes", limits.bytes, Limits::MAX_BYTES),
            ("tokens", limits.tokens, Limits::MAX_TOKENS),
        ] {
            if value == 0 || value > most {
                return Err(PolicyError::Limit { name, most, value });
            }
        }
        let mut index = HashMap::new();
        let mut last_parts = HashSet::new();
        for (position, table) in tables.iter().enumerate() {
            if index.insert(table.name.to_lowercase(), position).is_some() {
                return Err(PolicyError::TableTwice(table.name.clone()));
            }
            last_parts.insert(last_part(&table.name).to_lowercase());
        }
        let withheld = vec![Vec::new(); tables.len()];
        Ok(Self {
            tables,
            withheld,
            limits,
            clearance: None,
            index,
            last_parts,
        })
    }

    /// The tables that may be read, in the policy's order; a table without a readable column is left out.
    pub fn tables(&self) -> impl Iterator<Item = &TablePolicy> {
        self.tables.iter().filter(|table| !table.columns.is_empty())
    }

    /// The limits.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The same policy with other limits.
    pub fn with_limits(self, limits: Limits) -> Result<Self, PolicyError> {
        let clearance = self.clearance;
        let tables = self
            .tables
            .into_iter()
            .zip(self.withheld)
            .map(|(mut table, withheld)| {
                table.columns.extend(withheld);
                table
            })
            .collect();
        let policy = Self::new(tables, limits)?;
        Ok(clearance.map_or(policy.clone(), |class| policy.cleared_to(class)))
    }

    /// The same policy as somebody cleared to `class` may use it: columns above it are gone.
    #[must_use]
    pub fn cleared_to(&self, class: Class) -> Self {
        let mut policy = self.clone();
        for (table, withheld) in policy.tables.iter_mut().zip(&mut policy.withheld) {
            let (kept, dropped): (Vec<_>, Vec<_>) = std::mem::take(&mut table.columns)
                .into_iter()
                .partition(|column| column.class <= class);
            table.columns = kept;
            withheld.extend(dropped);
        }
        policy.clearance = Some(policy.clearance.map_or(class, |known| known.min(class)));
        policy
    }

    /// The clearance the policy was cut to, if any.
    #[must_use]
    pub fn clearance(&self) -> Option<Class> {
        self.clearance
    }

    pub(crate) fn table(&self, index: usize) -> &TablePolicy {
        &self.tables[index]
    }

    /// Finds a table by the key its name has in the database.
    pub(crate) fn find_table(&self, dialect: Dialect, key: &str) -> Option<usize> {
        let index = *self.index.get(&key.to_lowercase())?;
        let table = &self.tables[index];
        (dialect.is_stored(&table.name, key) && !table.columns.is_empty()).then_some(index)
    }

    /// A column of a table that the clearance took away.
    pub(crate) fn find_withheld(&self, dialect: Dialect, table: usize, key: &str) -> Option<&ColumnPolicy> {
        self.withheld[table]
            .iter()
            .find(|column| dialect.is_stored(&column.name, key))
    }

    pub(crate) fn withheld(&self, table: usize) -> &[ColumnPolicy] {
        &self.withheld[table]
    }

    /// Whether a CTE or alias of this name would hide a table of the policy.
    pub(crate) fn is_table_name(&self, name: &str) -> bool {
        self.last_parts.contains(&name.to_lowercase())
    }
}

fn check_table(table: &TablePolicy) -> Result<(), PolicyError> {
    let parts: Vec<&str> = table.name.split('.').collect();
    if parts.len() > 2 || parts.iter().any(|part| !is_safe_name(part)) {
        return Err(PolicyError::BadName(table.name.clone()));
    }
    if parts.iter().any(|part| is_system_name(part)) {
        return Err(PolicyError::SystemTable(table.name.clone()));
    }
    if table.columns.is_empty() {
        return Err(PolicyError::NoColumns(table.name.clone()));
    }
    let mut seen = HashSet::new();
    for column in &table.columns {
        let path = format!("{}.{}", table.name, column.name);
        if !is_safe_name(&column.name) || is_row_id(&column.name) {
            return Err(PolicyError::BadName(path));
        }
        if !seen.insert(column.name.to_lowercase()) {
            return Err(PolicyError::ColumnTwice(path));
        }
    }
    Ok(())
}

fn is_system_name(part: &str) -> bool {
    let part = part.to_ascii_lowercase();
    part.starts_with("sqlite_")
        || part.starts_with("pg_")
        || matches!(
            part.as_str(),
            "information_schema" | "mysql" | "performance_schema" | "sys"
        )
}

/// Names under which a database hands out the identity of a row; they would go past the column list.
fn is_row_id(name: &str) -> bool {
    matches!(
        name.to_ascii_lowercase().as_str(),
        "rowid" | "_rowid_" | "oid" | "ctid" | "tableoid" | "xmin" | "xmax"
    )
}

pub(crate) fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> PolicyError {
        Policy::from_json(text).expect_err("this policy must not be accepted")
    }

    #[test]
    fn both_column_forms_are_read_and_the_class_defaults_to_internal() {
        let policy = Policy::from_json(
            r#"{"tables":{"orders":{"columns":["id",{"name":"amount","description":"net","class":"class_iii"}],
                "description":"Orders"}},"limits":{"rows":50}}"#,
        )
        .unwrap();
        let table = policy.tables().next().unwrap();
        assert_eq!(table.description.as_deref(), Some("Orders"));
        assert_eq!(table.columns[0], ColumnPolicy::new("id"));
        assert_eq!(table.columns[1].class, Class::BusinessSensitive);
        assert_eq!(
            *policy.limits(),
            Limits {
                rows: 50,
                ..Limits::default()
            }
        );
    }

    #[test]
    fn unknown_keys_doubled_names_and_empty_lists_are_errors() {
        assert_eq!(refused(r#"{"tables":{}}"#), PolicyError::NoTables);
        assert_eq!(
            refused(r#"{"tables":{"a":{"columns":[]}}}"#),
            PolicyError::NoColumns("a".into())
        );
        assert_eq!(
            refused(r#"{"tables":{"a":{"columns":["x","X"]}}}"#),
            PolicyError::ColumnTwice("a.X".into())
        );
        assert_eq!(
            refused(r#"{"tables":{"a":{"columns":["x"]},"A":{"columns":["x"]}}}"#),
            PolicyError::TableTwice("A".into())
        );
        for text in [
            r#"{"tables":{"a":{"columns":["x"]}},"readonly":true}"#,
            r#"{"tables":{"a":{"columns":["x"],"colums":[]}}}"#,
            r#"{"tables":{"a":{"columns":[{"name":"x","clas":"class_i"}]}}}"#,
            r#"{"tables":{"a":{"columns":["x"]},"a":{"columns":["y"]}}}"#,
            r#"{"tables":{"a":{"columns":["x"]}},"tables":{"b":{"columns":["y"]}}}"#,
            r#"{"tables":{"a":{"columns":["x"]}},"limits":{"row":5}}"#,
            r#"{"tables":{"a":{"columns":[{"name":"x","class":"class_v"}]}}}"#,
            r#"{"tables":["a"]}"#,
            "",
        ] {
            assert!(
                matches!(refused(text), PolicyError::Unreadable { .. }),
                "must be an error: {text}"
            );
        }
    }

    #[test]
    fn system_tables_row_ids_and_odd_names_cannot_be_allowed() {
        for name in [
            "sqlite_master",
            "pg_catalog.pg_class",
            "information_schema.tables",
            "mysql.user",
        ] {
            let text = format!(r#"{{"tables":{{"{name}":{{"columns":["x"]}}}}}}"#);
            assert_eq!(refused(&text), PolicyError::SystemTable(name.to_owned()));
        }
        for name in ["a.b.c", "a\\\"b", "a;b\\n", ""] {
            let text = format!(r#"{{"tables":{{"{name}":{{"columns":["x"]}}}}}}"#);
            assert!(
                matches!(refused(&text), PolicyError::BadName(_)),
                "must be an error: {name}"
            );
        }
        assert!(matches!(
            refused(r#"{"tables":{"a":{"columns":["rowid"]}}}"#),
            PolicyError::BadName(_)
        ));
    }

    #[test]
    fn limits_can_be_tightened_but_not_lifted_above_what_is_proven() {
        for (limits, name) in [
            (r#"{"tokens":2001}"#, "tokens"),
            (r#"{"bytes":16385}"#, "bytes"),
            (r#"{"rows":0}"#, "rows"),
            (r#"{"score":1001}"#, "score"),
        ] {
            let text = format!(r#"{{"tables":{{"a":{{"columns":["x"]}}}},"limits":{limits}}}"#);
            assert!(
                matches!(refused(&text), PolicyError::Limit { name: n, .. } if n == name),
                "must be an error: {limits}"
            );
        }
    }

    #[test]
    fn a_clearance_takes_columns_and_emptied_tables_away() {
        let policy = Policy::from_json(
            r#"{"tables":{"a":{"columns":["x",{"name":"y","class":"class_iv"}]},
                "b":{"columns":[{"name":"z","class":"class_iii"}]}}}"#,
        )
        .unwrap();
        let viewer = policy.cleared_to(Class::Internal);
        assert_eq!(
            viewer.tables().map(|t| t.name.as_str()).collect::<Vec<_>>(),
            ["a"]
        );
        assert_eq!(viewer.find_table(Dialect::Sqlite, "b"), None);
        assert!(viewer.find_withheld(Dialect::Sqlite, 0, "y").is_some());
        assert!(
            viewer.is_table_name("B"),
            "the name of a withheld table still may not be taken by an alias"
        );
        assert_eq!(policy.tables().count(), 2, "the original is untouched");
    }
}
