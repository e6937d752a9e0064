//! What analysts asked, and the model that helps them ask.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::PortError;
use crate::ids::TenantId;
use crate::time::Timestamp;

/// One question or statement an analyst ran, allowed or refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct QueryRecord {
    /// Key.
    pub id: String,
    /// Who ran it, as an audit actor.
    pub actor: String,
    /// When.
    pub at: Timestamp,
    /// The question in plain language, when there was one.
    pub question: Option<String>,
    /// The SQL as written or as the model wrote it.
    pub sql: String,
    /// Whether the guard let it run.
    pub is_allowed: bool,
    /// Rows it returned.
    #[ts(type = "number | null")]
    pub rows: Option<u64>,
    /// How long it ran.
    #[ts(type = "number | null")]
    pub elapsed_ms: Option<u64>,
    /// Why it was refused or failed.
    pub problem: Option<String>,
}

/// What analysts asked before.
#[async_trait]
pub trait QueryHistory: Send + Sync {
    /// Keeps a record.
    async fn put(&self, tenant: &TenantId, record: QueryRecord) -> Result<(), PortError>;
    /// The newest records of this actor, newest first.
    async fn list(&self, tenant: &TenantId, actor: &str, limit: u32) -> Result<Vec<QueryRecord>, PortError>;
}

/// What the model is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelRequest {
    /// The question as typed.
    pub question: String,
    /// SQL dialect of the source.
    pub dialect: String,
    /// Tables and columns the asker may see, with descriptions.
    pub schema: String,
    /// Today's date in the site's zone, `YYYY-MM-DD`.
    pub today: String,
    /// The last attempt and why it was refused, when this is a second or third one.
    pub previous: Option<(String, String)>,
}

/// What the model answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelReply {
    /// The statement found in the answer.
    pub sql: String,
    /// How the model read the question.
    pub assumptions: Option<String>,
    /// Tokens used, when the provider tells.
    pub tokens: Option<u64>,
}

/// A language model that writes SQL.
#[async_trait]
pub trait Model: Send + Sync {
    /// One attempt.
    async fn write_sql(&self, request: &ModelRequest) -> Result<ModelReply, PortError>;
    /// Name of the model for the screen and the audit log.
    fn name(&self) -> String;
}
