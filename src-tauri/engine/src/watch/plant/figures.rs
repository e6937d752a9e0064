//! The numbers of the Plant screen as they cross to it: key figures, losses, stops, the window they are of, and what they
//! leave out. Plain results; what a number means is in `kpi`. Ratios are fractions of one, times are seconds, and what is
//! not known is absent.

use andon_domain::Timestamp;
use andon_domain::records::Shift;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Which stretch of time is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PlantRange {
    /// The shift that runs now; between shifts the last one. The last 8 hours without a calendar.
    #[default]
    CurrentShift,
    /// The shift before it.
    PreviousShift,
    /// All shifts that count for the day of the current shift; the calendar day of the site without a calendar.
    BusinessDay,
    /// The last 8 hours.
    #[serde(rename = "last_8h")]
    Last8h,
    /// The last 24 hours.
    #[serde(rename = "last_24h")]
    Last24h,
    /// The last 7 days.
    #[serde(rename = "last_7d")]
    Last7d,
    /// From `since` to `until`.
    Custom,
}

/// Exact limits, half-open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct WindowLimits {
    /// From.
    pub since: Timestamp,
    /// To, not included.
    pub until: Timestamp,
}

/// The stretch of time that numbers are of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PlantWindow {
    /// What was asked for.
    pub range: PlantRange,
    /// From.
    pub since: Timestamp,
    /// To, not included.
    pub until: Timestamp,
    /// Up to when figures count: `until`, or what is known of now.
    pub as_of: Timestamp,
    /// IANA zone of the site, once known. Limits are instants; this is for showing them.
    pub time_zone: Option<String>,
    /// Name of the shift, when the window is exactly one; untrusted.
    pub label: Option<String>,
    /// Day that a shift or a day counts for, `YYYY-MM-DD`.
    pub business_day: Option<String>,
    /// Whether it lies wholly in the past.
    pub is_finished: bool,
    /// No shift calendar is known: the whole window counts as planned, "24/7 assumed".
    pub is_calendar_assumed: bool,
    /// The shift before, for stepping back.
    pub previous: Option<WindowLimits>,
    /// The shift after, for stepping forward; absent while it has not begun.
    pub next: Option<WindowLimits>,
    /// The shifts that touch the window, with their breaks.
    pub shifts: Vec<Shift>,
}

/// Where numbers come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FigureOrigin {
    /// Computed here, from the records of the mirror.
    ComputedHere,
}

/// Something to know about numbers: what they lack or rest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FigureNoteKind {
    /// No shift calendar is known: 24/7 assumed.
    CalendarAssumed,
    /// The calendar is known for a part of the window only; the rest does not count as planned.
    CalendarPartial,
    /// The MES does not tell the records that this rests on: for key figures, no state history.
    SourceMissing,
    /// Its last answer about them, or what it measured last, is too old; for key figures, time since then counts as without data.
    SourceStale,
    /// Machines whose last measurement is too old though the MES answers; their time since then counts as without data.
    MachinesStale,
    /// Machines without planned cycle or counts: they have no effectiveness, quality and OEE, and are left out of those.
    MachinesUnrated,
    /// Impossible records, left out of the sums; of one with wrong counts, only the pieces are.
    ImpossibleLeftOut,
    /// Records changed after the window had ended and its grace had passed: the result is corrected.
    CorrectedLater,
    /// More records than are shown.
    Truncated,
}

/// A note with how many records or machines it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FigureNote {
    /// What.
    pub kind: FigureNoteKind,
    /// How many; absent where there is nothing to count.
    pub count: Option<u32>,
}

/// Where the numbers of an answer come from and how old what they rest on is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FigureBasis {
    /// Computed here or told by the MES.
    pub origin: FigureOrigin,
    /// Key of the definition in the message catalogue.
    pub definition: String,
    /// The MES's clock when this was computed.
    pub server_time: Timestamp,
    /// When the source last answered about it, or measured last where that is too old, by the MES's clock.
    pub data_until: Option<Timestamp>,
    /// Records that changed after the window had ended and its grace had passed.
    pub corrected: u32,
    /// What the numbers lack or rest on.
    pub notes: Vec<FigureNote>,
}

/// Key figures of a machine, a line or the site, by ISO 22400-2. Of a group, times and pieces are added first.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, TS)]
pub struct Figures {
    /// Machines added.
    pub machines: u32,
    /// Machines among them without effectiveness, quality and OEE.
    pub unrated_machines: u32,
    /// Planned operation time: shifts without breaks.
    pub planned_operation_s: f64,
    /// Planned down.
    pub planned_down_s: f64,
    /// Planned busy time.
    pub planned_busy_s: f64,
    /// Actual production time: running within planned busy time.
    pub production_s: f64,
    /// Planned busy time without connection to the machine or without data; it counts as lost.
    pub uncovered_s: f64,
    /// Part of the planned busy time that is known.
    pub coverage: Option<f64>,
    /// Coverage below 90 %: the values are to be taken with care.
    pub is_low_confidence: bool,
    /// Production time of machines without effectiveness.
    pub unrated_s: f64,
    /// Planned seconds of what was produced.
    pub ideal_s: Option<f64>,
    /// Planned seconds of what was good.
    pub ideal_good_s: Option<f64>,
    /// Pieces produced.
    pub produced: Option<f64>,
    /// Good pieces.
    pub good: Option<f64>,
    /// Scrap.
    pub scrap: Option<f64>,
    /// Rework.
    pub rework: Option<f64>,
    /// Production time by planned busy time.
    pub availability: Option<f64>,
    /// Shown as performance. May exceed one.
    pub effectiveness: Option<f64>,
    /// Good by produced, weighted by planned seconds.
    pub quality: Option<f64>,
    /// Overall equipment effectiveness.
    pub oee: Option<f64>,
    /// Effectiveness above one: "planned cycle too slow?".
    pub is_cycle_doubtful: bool,
    /// Scrap by produced.
    pub scrap_ratio: Option<f64>,
    /// Rework by produced.
    pub rework_ratio: Option<f64>,
    /// Failures that began in the window.
    pub failures: u32,
    /// Those among them that have ended.
    pub repaired: u32,
    /// Mean time to repair of those.
    pub mttr_s: Option<f64>,
    /// Production time by failures.
    pub mtbf_s: Option<f64>,
    /// Planned busy time with a downtime event, each second once.
    pub downtime_s: f64,
    /// Downtime events that touch it.
    pub downtime_events: u32,
    /// Minor stops among them.
    pub minor_stops: u32,
    /// Their time, each second once.
    pub minor_stop_s: f64,
}

/// A line with its figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct LineFigures {
    /// Area, when its machines share one.
    pub area: Option<String>,
    /// Work center; absent for machines without one.
    pub work_center: Option<String>,
    /// Its figures.
    pub figures: Figures,
}

/// A machine with its figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct MachineFigures {
    /// Key.
    pub machine_id: String,
    /// Name for people.
    pub name: Option<String>,
    /// Line.
    pub work_center: Option<String>,
    /// Its figures.
    pub figures: Figures,
}

/// What a step of the loss waterfall is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum WaterfallKind {
    /// Where it begins: planned busy time.
    PlannedBusy,
    /// Lost by a stop with a reason of the plant.
    StopReason,
    /// Lost by a stop nobody gave a reason for.
    NoReason,
    /// Lost idle.
    Idle,
    /// Lost in set-up.
    Setup,
    /// Lost down.
    Down,
    /// Lost without connection to the machine.
    Offline,
    /// Lost in a state that is not understood.
    UnknownState,
    /// Without data.
    NoData,
    /// Between: production time.
    Production,
    /// Production time of machines without effectiveness.
    Unrated,
    /// Lost by speed and by stops too short to be told; negative where more was made than planned.
    Speed,
    /// Between: planned seconds of what was produced.
    Ideal,
    /// Lost by pieces that are not good.
    Quality,
    /// Where it ends: planned seconds of what was good.
    Good,
}

/// A step of the loss waterfall. Losses lead from one total to the next; all losses and the last total add up to the first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct WaterfallStep {
    /// What it is.
    pub kind: WaterfallKind,
    /// Whether it is a total on the way; else a loss.
    pub is_total: bool,
    /// Code of the reason.
    pub code: Option<String>,
    /// Text of the reason; untrusted.
    pub text: Option<String>,
    /// Seconds of the total or of the loss.
    pub seconds: f64,
}

/// What a bar of the Pareto is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ParetoKind {
    /// One reason.
    Reason,
    /// "No reason given".
    NoReason,
    /// The rest.
    Other,
}

/// A bar of the Pareto.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ParetoBar {
    /// What it is.
    pub kind: ParetoKind,
    /// Code of the reason.
    pub code: Option<String>,
    /// Text of the reason; untrusted.
    pub text: Option<String>,
    /// Seconds, each given to the event that began first.
    pub seconds: f64,
    /// Events, or pieces of a defect.
    pub count: f64,
    /// Part of the total up to and with this bar.
    pub cumulative: Option<f64>,
    /// How many reasons are in it.
    pub reasons: u32,
}

/// Losses by reason, largest first.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, TS)]
pub struct Pareto {
    /// Seconds of all bars; the downtime shown elsewhere.
    pub total_s: f64,
    /// Count of all bars.
    pub total_count: f64,
    /// By seconds.
    pub by_seconds: Vec<ParetoBar>,
    /// By count.
    pub by_count: Vec<ParetoBar>,
}

/// The OEE of one shift.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct TrendPoint {
    /// From.
    pub since: Timestamp,
    /// To, not included.
    pub until: Timestamp,
    /// Name of the shift; untrusted.
    pub label: Option<String>,
    /// Day it counts for.
    pub business_day: Option<String>,
    /// Whether it lies wholly in the past.
    pub is_finished: bool,
    /// OEE.
    pub oee: Option<f64>,
    /// Availability.
    pub availability: Option<f64>,
    /// Effectiveness.
    pub effectiveness: Option<f64>,
    /// Quality.
    pub quality: Option<f64>,
    /// Part of the planned busy time that is known.
    pub coverage: Option<f64>,
}
