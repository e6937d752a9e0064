//! Questions, SQL, verdicts and rows.

use andon_domain::ports::QueryRecord;
use andon_domain::{Class, Timestamp};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A column an analyst may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ColumnView {
    /// Name.
    pub name: String,
    /// What it holds.
    pub description: Option<String>,
    /// Class.
    pub class: Class,
}

/// A table an analyst may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TableView {
    /// Name.
    pub name: String,
    /// What it holds.
    pub description: Option<String>,
    /// Columns this person may use.
    pub columns: Vec<ColumnView>,
    /// Columns above this person's clearance.
    pub hidden: u32,
}

/// A question with SQL that is known to work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ReadyQuestion {
    /// Key.
    pub id: String,
    /// The question.
    pub text: String,
    /// Its SQL.
    pub sql: String,
}

/// What the Query screen starts with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct QueryDesk {
    /// Tables this person may use.
    pub tables: Vec<TableView>,
    /// Ready questions.
    pub ready: Vec<ReadyQuestion>,
    /// The model that turns questions into SQL; absent when none is configured.
    pub model: Option<String>,
    /// Rows a query returns at most.
    pub row_limit: u32,
    /// What this person asked before, newest first.
    pub history: Vec<QueryRecord>,
}

/// Run SQL.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct QueryRunRequest {
    /// The statement.
    pub sql: String,
    /// The question it answers, when there is one.
    #[serde(default)]
    #[ts(optional)]
    pub question: Option<String>,
    /// A key made by the asker, by which the run can be cancelled.
    #[serde(default)]
    #[ts(optional)]
    pub run: Option<String>,
}

/// Ask in plain language.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct QueryAskRequest {
    /// The question.
    pub question: String,
    /// A key made by the asker, by which the run can be cancelled.
    #[serde(default)]
    #[ts(optional)]
    pub run: Option<String>,
}

/// Name a run.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct QueryCancelRequest {
    /// The key given with the run.
    pub run: String,
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum QueryVerdict {
    /// The guard let it run, and it ran.
    Allowed,
    /// The guard refused it; it did not run.
    Refused,
}

/// One reason of a refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ReasonView {
    /// Stable code.
    pub code: String,
    /// Rule id.
    pub rule: String,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub hint: String,
    /// Table, column or function it is about.
    pub object: Option<String>,
    /// Nearest allowed name.
    pub nearest: Option<String>,
    /// Line in the text, from 1.
    #[ts(type = "number | null")]
    pub line: Option<u64>,
    /// Column in the text, from 1.
    #[ts(type = "number | null")]
    pub column: Option<u64>,
}

/// One part of the score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ScorePartView {
    /// join, where, subquery or group_by.
    pub kind: String,
    /// How often.
    pub count: u32,
    /// Points in all.
    pub points: u32,
}

/// The complexity score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ScoreView {
    /// Sum.
    pub total: u32,
    /// Highest allowed.
    pub limit: u32,
    /// Its parts.
    pub parts: Vec<ScorePartView>,
}

/// Something the guard changed before the SQL ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChangeView {
    /// limit_added, limit_lowered, star_expanded, column_left_out, literal_bound, join_spelled_out, alias_resolved or
    /// name_added.
    pub code: String,
    /// Rule id.
    pub rule: String,
    /// In words.
    pub message: String,
}

/// A table that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ReadView {
    /// Table.
    pub table: String,
    /// Columns, in any clause.
    pub columns: Vec<String>,
    /// Highest class of them.
    pub class: Class,
}

/// A value in the grid: null, a number or a text. Integers beyond 2^53 come as text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(untagged)]
pub enum CellView {
    /// NULL.
    Null(()),
    /// A number.
    Number(serde_json::Number),
    /// A text.
    Text(String),
}

/// A column of the result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ResultColumnView {
    /// Name.
    pub name: String,
    /// Whether all its values are numbers or NULL.
    pub is_numeric: bool,
}

/// One attempt of the model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AttemptView {
    /// SQL it wrote.
    pub sql: String,
    /// Why it did not run.
    pub problem: String,
}

/// The answer to SQL or a question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct QueryAnswer {
    /// Key of the result, for more rows and export.
    pub id: Option<String>,
    /// How it went.
    pub verdict: QueryVerdict,
    /// The question.
    pub question: Option<String>,
    /// How the model read the question.
    pub assumptions: Option<String>,
    /// SQL as written.
    pub sql_written: String,
    /// SQL as it ran, rendered by the guard.
    pub sql_run: Option<String>,
    /// Bound parameters of the SQL that ran.
    pub params: Vec<CellView>,
    /// What the guard changed.
    pub changes: Vec<ChangeView>,
    /// Why it was refused.
    pub reasons: Vec<ReasonView>,
    /// Score, when the guard got that far.
    pub score: Option<ScoreView>,
    /// What it reads.
    pub reads: Vec<ReadView>,
    /// Highest class of what it reads.
    pub class: Option<Class>,
    /// Columns.
    pub columns: Vec<ResultColumnView>,
    /// The first rows, at most 500.
    pub rows: Vec<Vec<CellView>>,
    /// How many rows there are in all.
    #[ts(type = "number")]
    pub row_count: u64,
    /// More rows exist than the limit allowed.
    pub is_truncated: bool,
    /// The row limit that was in force.
    pub row_limit: Option<u32>,
    /// Time of the guard, microseconds.
    #[ts(type = "number")]
    pub checked_us: u64,
    /// Time of the database, milliseconds.
    #[ts(type = "number")]
    pub elapsed_ms: u64,
    /// When it ran.
    pub at: Timestamp,
    /// Earlier attempts of the model that did not run.
    pub attempts: Vec<AttemptView>,
    /// The model that wrote the SQL.
    pub model: Option<String>,
    /// Tokens it used, when it told.
    #[ts(type = "number | null")]
    pub tokens: Option<u64>,
}

/// Ask for rows of a result.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct QueryRowsRequest {
    /// Key of the result.
    pub id: String,
    /// First row, from 0.
    #[ts(type = "number")]
    pub offset: u64,
    /// How many, at most 1000.
    pub limit: u32,
}

/// Rows of a result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct QueryRows {
    /// First row, from 0.
    #[ts(type = "number")]
    pub offset: u64,
    /// The rows.
    pub rows: Vec<Vec<CellView>>,
}

/// Ask for a result as a file.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct QueryExportRequest {
    /// Key of the result.
    pub id: String,
}

/// A result as CSV text, formulas neutralised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct QueryExport {
    /// Name for the file.
    pub file_name: String,
    /// The text, UTF-8.
    pub text: String,
}
