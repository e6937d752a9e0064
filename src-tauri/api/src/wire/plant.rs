//! Machines as they are now, and how old each value is. What the screen shows of a stretch of time are plain results of the
//! engine and their own wire form.

use andon_domain::ports::Feed;
use andon_domain::records::{Alarm, Counters, DowntimeEvent, MachineMode, MachineState, Reason};
use andon_domain::{Amount, Timestamp};
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

/// Where a machine stands, as far as the board needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TilePlace {
    /// Area.
    pub area: Option<String>,
    /// Work center, here the line.
    pub work_center: Option<String>,
}

/// What the board shows of a machine. The whole record comes with `plant_machine`: five thousand of them would be too much
/// to send every few seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TileMachine {
    /// Key.
    pub machine_id: String,
    /// Name for people.
    pub name: Option<String>,
    /// Where it stands.
    pub equipment: TilePlace,
    /// Mapped state.
    pub status: MachineState,
    /// State as delivered, when it differs from the contract's words.
    pub status_raw: Option<String>,
    /// Since when it is in this state.
    pub status_since: Option<Timestamp>,
    /// Mode.
    pub mode: MachineMode,
    /// Reason of the state.
    pub reason: Option<Reason>,
    /// Production order on it.
    pub order_id: Option<String>,
    /// Product on it.
    pub product_id: Option<String>,
    /// Piece counts.
    pub counters: Option<Counters>,
    /// Planned seconds per piece.
    pub planned_cycle_s: Option<Amount>,
    /// Last measured seconds per piece.
    pub last_cycle_s: Option<Amount>,
    /// Alarms that are raised.
    pub alarms: Vec<Alarm>,
    /// When the source measured. The age of every value of this record counts from here.
    pub observed_at: Option<Timestamp>,
    /// What a mandatory field lacked or had wrong; empty for a complete record.
    pub incomplete: Vec<String>,
}

/// The order on a machine, for the bar of its tile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TileOrder {
    /// Number as people know it, else the key.
    pub number: String,
    /// What it makes; untrusted.
    pub product: Option<String>,
    /// To be made.
    pub planned: Option<Amount>,
    /// Good so far.
    pub good: Option<Amount>,
    /// UN/ECE Rec 20 unit, `C62` is a piece.
    pub uom: Option<String>,
    /// When it is due.
    pub due: Option<Timestamp>,
}

/// One machine on the board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MachineTile {
    /// What is known of it.
    pub machine: TileMachine,
    /// The order on it, when the MES tells orders.
    pub order: Option<TileOrder>,
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
    /// Area, when all its machines share one.
    pub area: Option<String>,
    /// Keys, in order.
    pub machines: Vec<String>,
    /// The machine that went down first while others of the line stand: the likely cause.
    pub first_stopped: Option<String>,
}

/// An order that is due and not ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LateOrder {
    /// Key.
    pub order_id: String,
    /// Number as people know it, else the key.
    pub number: String,
    /// What it makes; untrusted.
    pub product: Option<String>,
    /// Line.
    pub work_center: Option<String>,
    /// A machine it is on.
    pub machine_id: Option<String>,
    /// Since when it is late.
    pub due: Timestamp,
}

/// A feed of the plant that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TroubledFeed {
    /// Which.
    pub feed: Feed,
    /// How it is.
    pub view: FeedView,
}

/// Alarms of an area in a flood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AlarmGroup {
    /// Area; absent for machines without one.
    pub area: Option<String>,
    /// Alarms raised in it within ten minutes.
    pub count: u32,
    /// The machine whose alarm came first.
    pub first_machine: String,
    /// The text of that alarm; untrusted.
    pub first_text: Option<String>,
    /// When it came.
    pub first_at: Timestamp,
}

/// How many alarms come in, of those that still stand: a MES does not tell alarms that are gone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct AlarmLoad {
    /// Raised within the last ten minutes.
    pub last_10_min: u32,
    /// Mean of ten minutes over the last hour.
    pub per_10_min: f64,
    /// More than one in ten minutes on average is more than a person can follow.
    pub is_above_target: bool,
    /// More than ten in ten minutes: shown by area and first cause.
    pub is_flood: bool,
    /// By area, the first one first; empty without a flood.
    pub groups: Vec<AlarmGroup>,
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
    /// Machines that need a person, most urgent and longest first.
    pub abnormal: Vec<AbnormalItem>,
    /// Orders that are due and not ended, longest first.
    pub late_orders: Vec<LateOrder>,
    /// Feeds of the plant that are not as they should be.
    pub troubled_feeds: Vec<TroubledFeed>,
    /// How many alarms come in.
    pub alarm_load: AlarmLoad,
    /// Downtime of the last 8 hours and what is open, newest first.
    pub downtime: Vec<DowntimeEvent>,
    /// How far the MES's clock is ahead of ours, when beyond 30 s.
    #[ts(type = "number | null")]
    pub clock_skew_ms: Option<i64>,
}
