//! The use cases: what the console does, whoever asks and through whichever door.
//!
//! Every use case takes the engine and a [`Caller`](andon_domain::Caller) first. The engine sees the world only through
//! ports; `app` fills them in. Nothing here knows SQL, HTTP, MCP or Tauri.

pub mod access;
pub mod agents;
pub mod approve;
pub mod ask;
pub mod audit;
pub mod cache;
pub mod connections;
mod csv;
pub mod dispatch;
pub mod error;
pub mod kpi;
pub mod people;
pub mod status;
#[cfg(test)]
mod testing;
pub mod watch;
mod world;

pub use access::Permit;
pub use error::EngineError;
pub use world::{Change, Engine, EngineParts, Systems, Tenant, TenantParts};
