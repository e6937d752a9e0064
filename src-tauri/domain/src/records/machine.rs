//! Machines and downtime as "Plant REST v1" tells them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::amount::Amount;
use crate::time::Timestamp;

/// State of a machine. Anything a MES says that is not one of these is `unknown`, with the raw text kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MachineState {
    /// Producing.
    Running,
    /// Able to produce, not producing.
    Idle,
    /// Being set up.
    Setup,
    /// Stopped without plan.
    Down,
    /// Stopped for planned maintenance.
    Maintenance,
    /// No connection to the machine.
    Offline,
    /// Not understood.
    Unknown,
}

impl MachineState {
    /// The word on the wire and in the mirror.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Idle => "idle",
            Self::Setup => "setup",
            Self::Down => "down",
            Self::Maintenance => "maintenance",
            Self::Offline => "offline",
            Self::Unknown => "unknown",
        }
    }

    /// Reads a state word after trimming, in any case; anything else is `Unknown`.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word.trim().to_ascii_lowercase().as_str() {
            "running" => Self::Running,
            "idle" => Self::Idle,
            "setup" => Self::Setup,
            "down" => Self::Down,
            "maintenance" => Self::Maintenance,
            "offline" => Self::Offline,
            _ => Self::Unknown,
        }
    }
}

/// What the machine is being used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MachineMode {
    /// Normal production.
    Production,
    /// Set-up.
    Setup,
    /// Maintenance.
    Maintenance,
    /// Operated by hand.
    Manual,
    /// Not in use.
    None,
    /// Not understood or not told.
    Unknown,
}

/// Place of a machine in the ISA-95 equipment hierarchy.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct Equipment {
    /// Enterprise.
    pub enterprise: Option<String>,
    /// Site.
    pub site: Option<String>,
    /// Area.
    pub area: Option<String>,
    /// Work center, here the line.
    pub work_center: Option<String>,
    /// Work unit.
    pub work_unit: Option<String>,
}

/// Why a machine is in its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Reason {
    /// Code of the plant.
    pub code: Option<String>,
    /// Text of the plant; untrusted.
    pub text: Option<String>,
    /// Group of the plant.
    pub group: Option<String>,
}

/// Cumulative piece counts since `since`; a changed `since` or a falling count is a reset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Counters {
    /// Pieces produced.
    pub produced: Option<Amount>,
    /// Good pieces.
    pub good: Option<Amount>,
    /// Scrap.
    pub scrap: Option<Amount>,
    /// Rework.
    pub rework: Option<Amount>,
    /// UN/ECE Rec 20 unit, `C62` is a piece.
    pub uom: Option<String>,
    /// When counting began.
    pub since: Option<Timestamp>,
}

/// An alarm, ISA-18.2 style.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Alarm {
    /// Id of the alarm.
    pub id: String,
    /// Code.
    pub code: Option<String>,
    /// Text; untrusted.
    pub text: Option<String>,
    /// 1 is most urgent, 4 least; absent when not told or out of range.
    pub priority: Option<u8>,
    /// When it was raised.
    pub raised_at: Option<Timestamp>,
    /// Whether somebody acknowledged it.
    pub acknowledged: Option<bool>,
}

/// The state of one machine now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MachineStatus {
    /// Key.
    pub machine_id: String,
    /// Name for people.
    pub name: Option<String>,
    /// Where it stands.
    pub equipment: Equipment,
    /// Mapped state.
    pub status: MachineState,
    /// State as delivered, when it differs from the contract's words.
    pub status_raw: Option<String>,
    /// Since when it is in this state.
    pub status_since: Option<Timestamp>,
    /// Mode.
    pub mode: MachineMode,
    /// Whether it should be producing now.
    pub planned_busy: Option<bool>,
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
    /// When the MES changed the record.
    pub updated_at: Option<Timestamp>,
    /// Version of the record; the higher one wins.
    #[ts(type = "number")]
    pub version: i64,
    /// What a mandatory field lacked or had wrong; empty for a complete record.
    pub incomplete: Vec<String>,
}

/// Kind of a downtime event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DowntimeCategory {
    /// Not planned.
    Unplanned,
    /// Planned.
    Planned,
    /// Set-up.
    Setup,
    /// Short stop.
    MinorStop,
    /// Waiting for something from elsewhere.
    Waiting,
    /// Not understood.
    Unknown,
}

impl DowntimeCategory {
    /// The word on the wire and in the mirror.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unplanned => "unplanned",
            Self::Planned => "planned",
            Self::Setup => "setup",
            Self::MinorStop => "minor_stop",
            Self::Waiting => "waiting",
            Self::Unknown => "unknown",
        }
    }
}

/// A stop of a machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DowntimeEvent {
    /// Key.
    pub id: String,
    /// Machine.
    pub machine_id: String,
    /// Where it stands.
    pub equipment: Equipment,
    /// Production order on it.
    pub order_id: Option<String>,
    /// Mapped category.
    pub category: DowntimeCategory,
    /// Whether it counts for MTTR and MTBF.
    pub failure: Option<bool>,
    /// Reason.
    pub reason: Option<Reason>,
    /// When it began.
    pub start: Option<Timestamp>,
    /// When it ended; absent while it is open.
    pub end: Option<Timestamp>,
    /// Comment of the plant; untrusted.
    pub comment: Option<String>,
    /// Taken back by the MES.
    pub deleted: bool,
    /// When the MES changed the record.
    pub updated_at: Option<Timestamp>,
    /// Version of the record; the higher one wins.
    #[ts(type = "number")]
    pub version: i64,
    /// What a mandatory field lacked or had wrong; empty for a complete record.
    pub incomplete: Vec<String>,
}
