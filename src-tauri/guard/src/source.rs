//! The port that runs SQL. It takes a [`CheckedQuery`] and nothing else, so no text reaches a database unchecked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use andon_domain::PortError;
use async_trait::async_trait;

use crate::checked::CheckedQuery;
use crate::dialect::Dialect;

/// A database that can run checked queries, read-only.
#[async_trait]
pub trait QuerySource: Send + Sync {
    /// Runs the query within the limits. Reads at most `row_limit` rows (and `limits.max_rows`), and marks the result
    /// truncated when there were more.
    async fn run(&self, query: &CheckedQuery, limits: &RunLimits) -> Result<RowSet, PortError>;

    /// The dialect of this database; a query checked for another one is refused.
    fn dialect(&self) -> Dialect;
}

/// How long and how much a run may take.
#[derive(Debug, Clone)]
pub struct RunLimits {
    /// The statement is ended after this time.
    pub timeout: Duration,
    /// The most rows handed back.
    pub max_rows: u32,
    /// The most bytes of values handed back.
    pub max_bytes: usize,
    /// Raised to end the run early.
    pub cancel: CancelFlag,
}

impl Default for RunLimits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            max_rows: 1000,
            max_bytes: 16 * 1024 * 1024,
            cancel: CancelFlag::default(),
        }
    }
}

/// A flag shared between the one who asked and the one who runs. Once raised it stays raised.
#[derive(Debug, Clone, Default)]
pub struct CancelFlag(Arc<AtomicBool>);

impl CancelFlag {
    /// A flag that is not raised.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the run to end.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether the run was asked to end.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// The rows of a result.
#[derive(Debug, Clone, PartialEq)]
pub struct RowSet {
    /// Columns in order.
    pub columns: Vec<ResultColumn>,
    /// Rows, each as long as `columns`.
    pub rows: Vec<Vec<Cell>>,
    /// More rows existed than were handed back.
    pub truncated: bool,
    /// Time the database took.
    pub elapsed_ms: u64,
}

/// A column of a result, as the database names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultColumn {
    /// Its name.
    pub name: String,
    /// The type it was declared with, where the database says so.
    pub declared_type: Option<String>,
}

/// One value of a result.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// No value.
    Null,
    /// A whole number.
    Integer(i64),
    /// A floating-point number.
    Real(f64),
    /// Text.
    Text(String),
    /// Binary data is not handed on, only its size in bytes.
    Blob(usize),
}
