//! What machines did and when they should: state history and shift calendar as "Plant REST v1" tells them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::machine::{MachineMode, MachineState, Reason};
use crate::amount::Amount;
use crate::time::Timestamp;

/// A machine in one state without a break. Cut where the state or the production order changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StateSegment {
    /// Machine; with `start` the key.
    pub machine_id: String,
    /// Mapped state.
    pub status: MachineState,
    /// State as delivered, when it differs from the contract's words.
    pub status_raw: Option<String>,
    /// Mode.
    pub mode: MachineMode,
    /// When it began.
    pub start: Timestamp,
    /// When it ended; absent while it lasts.
    pub end: Option<Timestamp>,
    /// Pieces produced in it.
    pub produced: Option<Amount>,
    /// Good pieces.
    pub good: Option<Amount>,
    /// Scrap.
    pub scrap: Option<Amount>,
    /// Rework.
    pub rework: Option<Amount>,
    /// Planned seconds per piece of the order.
    pub planned_cycle_s: Option<Amount>,
    /// Production order.
    pub order_id: Option<String>,
    /// Reason of the state.
    pub reason: Option<Reason>,
    /// What a mandatory field lacked or had wrong; empty for a complete record.
    pub incomplete: Vec<String>,
}

/// A break within a shift, or any other span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Span {
    /// From.
    pub start: Timestamp,
    /// To, not included.
    pub end: Timestamp,
}

/// A shift of the calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Shift {
    /// Key.
    pub id: String,
    /// Name for people.
    pub shift: Option<String>,
    /// Day the shift counts for, `YYYY-MM-DD`: the day of its start.
    pub business_day: Option<String>,
    /// Site.
    pub site: Option<String>,
    /// From.
    pub start: Timestamp,
    /// To, not included.
    pub end: Timestamp,
    /// Breaks within.
    pub breaks: Vec<Span>,
}
