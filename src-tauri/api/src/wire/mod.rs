//! Wire types: what faces receive and send. What has invariants inside never serialises itself; these views do.
//!
//! TypeScript for every type here is generated into `ui/src/api/generated` by a test of this crate.

mod admin;
mod approvals;
mod browse;
mod connections;
mod plant;
mod query;
mod session;

pub use admin::*;
pub use approvals::*;
pub use browse::*;
pub use connections::*;
pub use plant::*;
pub use query::*;
pub use session::*;

pub use andon_engine::watch::plant::{
    PlantFigures, PlantMachine, PlantMachineRequest, PlantOrders, PlantQuality, PlantTimelines,
    PlantWindowRequest,
};

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A command without input.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
pub struct Empty {}

/// Something changed; screens look again. The journal and the mirror are the truth, not the event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ApiEvent {
    /// A request came in that waits for people.
    ApprovalArrived {
        /// Request.
        id: String,
    },
    /// A request changed.
    ApprovalChanged {
        /// Request.
        id: String,
    },
    /// The mirror of a feed changed.
    PlantChanged {
        /// Feed.
        feed: andon_domain::ports::Feed,
    },
    /// The state of a system, the keyring or the storage changed.
    StatusChanged,
    /// Events were missed: look at everything again.
    Resync,
}
