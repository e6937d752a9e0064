//! What the engine needs from the world, as traits, and the one error all of them speak.
//!
//! The port that runs SQL lives in `guard` beside `CheckedQuery`, the ports that write and that keep approvals in
//! `approvals` beside `ApprovedChange`.

mod audit;
mod cache;
mod connector;
mod error;
mod feed;
mod keeping;
mod mirror;
mod query;
mod read;

pub use audit::{AuditFilter, AuditLog, AuditVerdict};
pub use cache::{CacheStats, CacheStatsByTenant};
pub use connector::{
    Connector, Finding, FindingState, Health, HealthState, LatencySample, Traffic, TroubleSample,
};
pub use error::{PortError, PortErrorKind, System};
pub use feed::{
    Feed, FeedAsk, FeedBatch, FeedMark, FeedRecords, FeedSource, PlantEvent, PlantEvents, PlantFeed,
};
pub use keeping::{AgentRegistry, KeyringState, SecretStore, Settings};
pub use mirror::{Merged, Mirror, Window};
pub use query::{Model, ModelReply, ModelRequest, QueryHistory, QueryRecord};
pub use read::{Fetched, ReadOperation};
