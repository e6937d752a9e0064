//! What the guard lets through: a query that only [`crate::check`] can make.

use andon_domain::Class;
use serde::Serialize;

use crate::dialect::Dialect;
use crate::score::Score;

/// A query that passed the guard. Only [`crate::check`] makes one; every port that runs SQL takes one.
#[derive(Debug, Clone)]
pub struct CheckedQuery {
    pub(crate) sql: String,
    pub(crate) params: Vec<Param>,
    pub(crate) dialect: Dialect,
    pub(crate) reads: Vec<TableRead>,
    pub(crate) class: Class,
    pub(crate) score: Score,
    pub(crate) changes: Vec<Change>,
    pub(crate) row_limit: u32,
    pub(crate) functions: Vec<String>,
    pub(crate) ctes: Vec<String>,
    pub(crate) columns: Vec<OutputColumn>,
}

impl CheckedQuery {
    /// The SQL to run, rendered from the checked tree.
    ///
    /// Where the guard set or lowered the limit, its `LIMIT` is one above [`Self::row_limit`], so that the reader can
    /// tell whether more rows exist.
    #[must_use]
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// The values to bind: in the order of the `?` for SQLite and MySQL, by number for PostgreSQL's `$n`.
    #[must_use]
    pub fn params(&self) -> &[Param] {
        &self.params
    }

    /// The dialect the query was checked for. It must not run on another one.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Every table read with exactly the columns read, in any clause.
    #[must_use]
    pub fn reads(&self) -> &[TableRead] {
        &self.reads
    }

    /// The highest class among the columns read.
    #[must_use]
    pub fn class(&self) -> Class {
        self.class
    }

    /// The complexity score and its parts.
    #[must_use]
    pub fn score(&self) -> &Score {
        &self.score
    }

    /// What the guard changed in the text that came in.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The most rows a reader may hand on; it marks the result truncated when the database has more.
    #[must_use]
    pub fn row_limit(&self) -> u32 {
        self.row_limit
    }

    /// Lower-case names of every function used, with those that the database calls for an operator (`like`) or a join
    /// (`coalesce` for the merged columns of a FULL JOIN).
    #[must_use]
    pub fn functions(&self) -> &[String] {
        &self.functions
    }

    /// Lower-case names of the WITH queries. A database that has a table of such a name cannot tell the two apart when it
    /// reports what a query reads.
    #[must_use]
    pub fn ctes(&self) -> &[String] {
        &self.ctes
    }

    /// The columns of the result, in order.
    #[must_use]
    pub fn columns(&self) -> &[OutputColumn] {
        &self.columns
    }
}

/// A value bound to the query. Serialises as the plain JSON value.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Param {
    /// No value.
    Null,
    /// `TRUE` or `FALSE`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction or exponent.
    Real(f64),
    /// Text.
    Text(String),
}

/// A table that is read, with the columns read in any clause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableRead {
    /// The table, as the policy spells it.
    pub table: String,
    /// The columns, as the policy spells them, in the policy's order. Empty where only rows are counted.
    pub columns: Vec<String>,
    /// The highest class among those columns.
    pub class: Class,
}

/// Something the guard changed before the query runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What kind of change.
    pub kind: ChangeKind,
    /// Id of the rule.
    pub rule: &'static str,
    /// What was changed, in words.
    pub message: String,
}

/// The kinds of change the guard makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// A row limit was added.
    LimitAdded,
    /// The row limit was lowered.
    LimitLowered,
    /// `*` became a list of columns.
    StarExpanded,
    /// A column was left out of `*`, being above the clearance.
    ColumnLeftOut,
    /// Literals became parameters.
    LiteralBound,
    /// NATURAL or USING was written out.
    JoinSpelledOut,
    /// An alias was replaced by what it stands for.
    AliasResolved,
    /// A derived table or column without a name was given one.
    NameAdded,
}

impl ChangeKind {
    pub(crate) const fn rule(self) -> &'static str {
        match self {
            Self::LimitAdded | Self::LimitLowered => "lim-01",
            Self::StarExpanded | Self::JoinSpelledOut => "sql-05",
            Self::ColumnLeftOut => "dlp-14",
            Self::LiteralBound => "sql-08",
            Self::AliasResolved | Self::NameAdded => "sql-07",
        }
    }
}

/// A column of the result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutputColumn {
    /// Its name: the alias, the column, or the expression as the analyst wrote it.
    pub name: String,
    /// The highest class among the columns it is made from; none for constants and plain counts.
    pub class: Option<Class>,
}
