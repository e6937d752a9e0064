//! Machines as they are now, and how old each value is.

use andon_domain::Timestamp;
use andon_domain::records::{DowntimeEvent, MachineState, MachineStatus};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How a feed is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FeedState {
    /// The stream is connected.
    Live,
    /// Polling works, the stream does not.
    Polling,
    /// The last answer is late.
    Delayed,
    /// Too old to be called now.
    Stale,
    /// No answer.
    Offline,
    /// The MES refuses our logon.
    Unauthorized,
    /// No MES is configured.
    NotConfigured,
}

/// A feed for the screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FeedView {
    /// How it is.
    pub state: FeedState,
    /// When the source last answered.
    pub last_contact: Option<Timestamp>,
    /// What is wrong, when something is.
    pub message: Option<String>,
    /// What to do, when something is to be done.
    pub hint: Option<String>,
}

/// One machine on the board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MachineTile {
    /// Its record.
    pub machine: MachineStatus,
    /// Age of the values, from when the source measured; absent when it does not say.
    #[ts(type = "number | null")]
    pub age_ms: Option<u64>,
    /// Too old to be called now: never drawn or counted as running.
    pub is_stale: bool,
}

/// Machines of one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LineView {
    /// Work center; empty when machines do not say.
    pub name: String,
    /// Keys, in order.
    pub machines: Vec<String>,
}

/// How many machines are in a state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StateCount {
    /// State; absent for stale ones.
    pub state: Option<MachineState>,
    /// How many.
    pub count: u32,
}

/// Why a machine needs a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AbnormalKind {
    /// Stopped without plan.
    Down,
    /// An alarm is raised.
    Alarm,
    /// No connection to the machine.
    Offline,
    /// Its values are too old.
    Stale,
    /// Its state is not understood.
    Unknown,
}

/// One line of "needs attention".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AbnormalItem {
    /// Machine.
    pub machine_id: String,
    /// Name of the machine.
    pub name: Option<String>,
    /// Why.
    pub kind: AbnormalKind,
    /// 1 is most urgent, 4 least.
    pub priority: u8,
    /// Reason or alarm text of the plant; untrusted.
    pub text: Option<String>,
    /// Since when.
    pub since: Option<Timestamp>,
}

/// The Plant screen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PlantBoard {
    /// The console's clock, or the MES's where they differ by more than 30 s.
    pub server_time: Timestamp,
    /// Site, when all machines share one.
    pub site: Option<String>,
    /// IANA zone of the site.
    pub time_zone: Option<String>,
    /// How the feed is.
    pub feed: FeedView,
    /// The machines.
    pub machines: Vec<MachineTile>,
    /// Lines in flow order.
    pub lines: Vec<LineView>,
    /// Head-count.
    pub counts: Vec<StateCount>,
    /// What needs a person, most urgent and longest first.
    pub abnormal: Vec<AbnormalItem>,
    /// Downtime of the last 8 hours and what is open, newest first.
    pub downtime: Vec<DowntimeEvent>,
    /// How far the MES's clock is ahead of ours, when beyond 30 s.
    #[ts(type = "number | null")]
    pub clock_skew_ms: Option<i64>,
}
