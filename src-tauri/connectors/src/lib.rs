//! What talks to other machines: transport, SAP over OData V2, MES over Plant REST v1, SQL sources, models.
//!
//! Implements the ports of `andon-domain`, `andon-guard` and `andon-approvals`. Keeps nothing on disk, reads no clock and
//! no environment: addresses, credentials and the clock are handed in by `app`.

pub mod mes;
pub mod model;
pub mod sap;
pub mod sql;
#[cfg(test)]
mod stranger;
pub mod transport;

pub use transport::{AuthKind, ConfigProblem, CredentialSource};
