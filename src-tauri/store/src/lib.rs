//! The console's own files: the journal with approvals, decisions, audit chain, agents, settings and query history, the
//! plant mirror of each tenant, and the operating system's keyring.
//!
//! Everything leaves through the ports of `domain` and `approvals`; nobody above sees SQL. There is one writer per file,
//! and a change of state is written in one transaction with its audit event. No clock is read here: times come in with
//! the records.

mod agents;
mod approvals;
mod audit;
mod database;
mod folder;
mod history;
mod journal_file;
mod keyring;
mod mirror;
mod problem;
mod settings;
mod store;

pub use folder::OpenError;
pub use keyring::keyring;
pub use mirror::schema::{MirrorColumn, MirrorTable, mirror_guide, mirror_schema};
pub use mirror::sources::MirrorSource;
pub use store::Store;
