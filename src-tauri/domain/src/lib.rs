//! The words everyone shares: ids, callers, classes, records, the operation table, ports and canonical JSON.
//!
//! Nothing here does I/O, reads a clock or knows SQL. Rooms above meet through the types and traits of this crate.

pub mod agent;
pub mod amount;
pub mod audit;
pub mod caller;
pub mod canonical;
pub mod classification;
pub mod ids;
pub mod operations;
pub mod ports;
pub mod records;
pub mod risk;
pub mod secret;
pub mod text;
pub mod time;

pub use agent::{AgentGrant, AgentRecord};
pub use amount::{Amount, Money};
pub use caller::{Caller, Permission, Principal, Role, Via};
pub use canonical::{CanonicalError, CanonicalJson};
pub use classification::Class;
pub use ids::{AgentId, ApprovalId, Ids, OperationName, RequestId, TenantId, UserId};
pub use ports::{PortError, PortErrorKind, System};
pub use risk::Risk;
pub use secret::Secret;
pub use time::{Clock, Timestamp};
