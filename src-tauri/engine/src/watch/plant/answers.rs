//! What the Plant screen is answered: figures of a window, one machine, timelines, orders, quality.

use andon_domain::records::{
    Characteristic, DefectSeverity, DowntimeEvent, InspectionType, MachineState, MachineStatus, Product,
    ProductionOrder, Reason,
};
use andon_domain::{Amount, Timestamp};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::figures::{
    FigureBasis, Figures, LineFigures, MachineFigures, Pareto, PlantRange, PlantWindow, TrendPoint,
    WaterfallStep,
};

/// Which time and which machines are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct PlantWindowRequest {
    /// Which stretch of time.
    #[serde(default)]
    pub range: PlantRange,
    /// From, for a range of one's own.
    #[serde(default)]
    #[ts(optional)]
    pub since: Option<Timestamp>,
    /// To, for a range of one's own.
    #[serde(default)]
    #[ts(optional)]
    pub until: Option<Timestamp>,
    /// Only this line.
    #[serde(default)]
    #[ts(optional)]
    pub work_center: Option<String>,
    /// Only this area.
    #[serde(default)]
    #[ts(optional)]
    pub area: Option<String>,
    /// Only this machine.
    #[serde(default)]
    #[ts(optional)]
    pub machine_id: Option<String>,
}

/// Which machine, and which time.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct PlantMachineRequest {
    /// The machine.
    pub machine_id: String,
    /// Which stretch of time.
    #[serde(default)]
    pub range: PlantRange,
    /// From, for a range of one's own.
    #[serde(default)]
    #[ts(optional)]
    pub since: Option<Timestamp>,
    /// To, for a range of one's own.
    #[serde(default)]
    #[ts(optional)]
    pub until: Option<Timestamp>,
}

/// The figures of a window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PlantFigures {
    /// The window.
    pub window: PlantWindow,
    /// Where the numbers come from.
    pub basis: FigureBasis,
    /// All machines asked for.
    pub total: Figures,
    /// The same by line.
    pub lines: Vec<LineFigures>,
    /// The same by machine, where a line, an area or a machine was asked for.
    pub machines: Vec<MachineFigures>,
    /// From planned busy time to good pieces.
    pub waterfall: Vec<WaterfallStep>,
    /// Downtime by reason.
    pub pareto: Pareto,
    /// The last shifts, oldest first.
    pub trend: Vec<TrendPoint>,
}

/// A piece of a machine's timeline. Pieces follow each other without gap and without overlap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TimelineSegment {
    /// From, within the window.
    pub start: Timestamp,
    /// To, within the window and never in the future.
    pub end: Timestamp,
    /// State; absent: no data.
    pub state: Option<MachineState>,
    /// State as delivered, when it differs from the contract's words; untrusted.
    pub state_raw: Option<String>,
    /// Whether it began before the window.
    pub is_begun_before: bool,
    /// Whether it lasts.
    pub is_open: bool,
    /// Production order.
    pub order_id: Option<String>,
    /// Reason of the state.
    pub reason: Option<Reason>,
}

/// One machine in full.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PlantMachine {
    /// The window.
    pub window: PlantWindow,
    /// Where the numbers come from.
    pub basis: FigureBasis,
    /// Its record, alarms included.
    pub machine: MachineStatus,
    /// Age of the values, from when the source measured; absent when it does not say.
    #[ts(type = "number | null")]
    pub age_ms: Option<u64>,
    /// Too old to be called now.
    pub is_stale: bool,
    /// Its figures.
    pub figures: Figures,
    /// Its losses.
    pub waterfall: Vec<WaterfallStep>,
    /// Its states.
    pub timeline: Vec<TimelineSegment>,
    /// Its stops that touch the window, newest first.
    pub downtime: Vec<DowntimeEvent>,
    /// The order on it.
    pub order: Option<ProductionOrder>,
}

/// A timeline in few bytes: from and to in milliseconds since 1970, and the state; no state: no data.
pub type CompactSegment = (f64, f64, Option<MachineState>);

/// The timeline of one of many machines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct MachineTimeline {
    /// Key.
    pub machine_id: String,
    /// Name for people.
    pub name: Option<String>,
    /// Line.
    pub work_center: Option<String>,
    /// From and to in milliseconds since 1970, and the state; no state: no data. Without gap and without overlap.
    pub segments: Vec<CompactSegment>,
}

/// Timelines of many machines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PlantTimelines {
    /// The window.
    pub window: PlantWindow,
    /// Where they come from.
    pub basis: FigureBasis,
    /// By line and machine.
    pub machines: Vec<MachineTimeline>,
    /// Machines not in the answer because there are too many; ask for a line.
    pub left_out: u32,
}

/// What an expected end is computed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RateBasis {
    /// Good pieces of the last hours by the time since then, stops included.
    RecentHistory,
    /// Good pieces since the order started by the time since then.
    SinceStart,
}

/// The rate an order runs at.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS)]
pub struct OrderRate {
    /// Good units an hour.
    pub per_hour: f64,
    /// What it rests on.
    pub basis: RateBasis,
    /// From when.
    pub since: Timestamp,
    /// Up to when.
    pub until: Timestamp,
}

/// How an order stands against its due time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Lateness {
    /// It is not late and not expected to be.
    OnTime,
    /// It will be, at the present rate.
    ExpectedLate,
    /// It is: due and not ended, or ended too late.
    Late,
    /// Nothing to judge by: no due time, or no rate.
    Unknown,
}

/// A production order as the screen shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PlantOrder {
    /// The record.
    pub order: ProductionOrder,
    /// Machines it is on now.
    pub machines: Vec<String>,
    /// Still to be made good; absent when either number is not told.
    pub remaining: Option<Amount>,
    /// Good by planned.
    pub progress: Option<f64>,
    /// The rate it runs at; absent when there is none.
    pub rate: Option<OrderRate>,
    /// When it will be done at that rate, breaks not counted; the actual end of what has ended.
    pub expected_end: Option<Timestamp>,
    /// When it is due: its due time, else its planned end.
    pub due: Option<Timestamp>,
    /// How it stands.
    pub lateness: Lateness,
    /// By how much it is or will be late.
    pub late_s: Option<f64>,
}

/// Orders of a window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PlantOrders {
    /// The window.
    pub window: PlantWindow,
    /// Where the numbers come from.
    pub basis: FigureBasis,
    /// The latest first, then by due time.
    pub orders: Vec<PlantOrder>,
}

/// First-pass yield of a product or of all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ProductQuality {
    /// Product; absent for all products, or where reports name none.
    pub product: Option<Product>,
    /// Units inspected for the first time.
    pub inspected: Option<Amount>,
    /// Good among them.
    pub good: Option<Amount>,
    /// Good by inspected.
    pub first_pass_yield: Option<f64>,
    /// Reports it rests on.
    pub reports: u32,
    /// Reports without a result or without quantities, left out.
    pub left_out: u32,
}

/// A defect with how often it was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct DefectBar {
    /// Code; absent: no code given.
    pub code: Option<String>,
    /// Text; untrusted.
    pub text: Option<String>,
    /// The worst severity among them.
    pub severity: DefectSeverity,
    /// How often, by the quantities told; a defect without a quantity counts once.
    pub quantity: Amount,
    /// In how many reports.
    pub reports: u32,
    /// Part of the total up to and with this bar.
    pub cumulative: Option<f64>,
    /// How many codes are in it: more than one is the rest.
    pub codes: u32,
}

/// An inspection that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct QualityFail {
    /// Report.
    pub id: String,
    /// When.
    pub inspected_at: Option<Timestamp>,
    /// When in the process.
    pub inspection: InspectionType,
    /// Machine.
    pub machine_id: Option<String>,
    /// Order.
    pub order_id: Option<String>,
    /// Product.
    pub product_id: Option<String>,
    /// Lot.
    pub lot_id: Option<String>,
    /// Serial number.
    pub serial: Option<String>,
    /// The properties that failed, or all where the report does not tell which.
    pub characteristics: Vec<Characteristic>,
    /// Texts of its defects; untrusted.
    pub defects: Vec<String>,
}

/// Quality of a window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PlantQuality {
    /// The window.
    pub window: PlantWindow,
    /// Where the numbers come from.
    pub basis: FigureBasis,
    /// All products.
    pub total: ProductQuality,
    /// By product, most inspected first.
    pub products: Vec<ProductQuality>,
    /// Defects, most frequent first.
    pub defects: Vec<DefectBar>,
    /// The newest failed inspections.
    pub fails: Vec<QualityFail>,
}
