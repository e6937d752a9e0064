//! What the watch reads of systems again and again, and what a plant tells by itself.

use std::pin::Pin;

use async_trait::async_trait;
use futures_core::Stream;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{PortError, System, Window};
use crate::records::{
    CostCenter, DowntimeEvent, MachineStatus, Material, ProductionOrder, PurchaseOrder, QualityReport, Shift,
    StateSegment, StockRow,
};
use crate::time::Timestamp;

/// A batch of records from a feed.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedBatch<T> {
    /// The records; empty when `is_unchanged`.
    pub records: Vec<T>,
    /// The source said nothing changed since the last batch (HTTP 304).
    pub is_unchanged: bool,
    /// Whether this is everything there is in `window`, so that what is absent is gone.
    pub is_complete: bool,
    /// The time it is everything of, with what is open still; absent for all time.
    pub window: Option<Window>,
    /// A limit ended the read early: the source has more.
    pub is_truncated: bool,
    /// Records without a usable key, left out.
    pub dropped: u32,
    /// The source's clock.
    pub server_time: Option<Timestamp>,
}

impl<T> Default for FeedBatch<T> {
    /// An answer that says nothing about any record.
    fn default() -> Self {
        Self {
            records: Vec::new(),
            is_unchanged: false,
            is_complete: false,
            window: None,
            is_truncated: false,
            dropped: 0,
            server_time: None,
        }
    }
}

impl<T> FeedBatch<T> {
    /// Whether what is absent is gone. A record that could not be read may be any of those that are absent.
    #[must_use]
    pub const fn tells_what_is_gone(&self) -> bool {
        self.is_complete && !self.is_truncated && self.dropped == 0
    }
}

/// A feed of the mirror.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Feed {
    /// Machine status.
    Machines,
    /// Downtime events.
    Downtime,
    /// Production orders.
    ProductionOrders,
    /// Quality reports.
    Quality,
    /// State history of machines.
    MachineHistory,
    /// Shift calendar.
    Calendar,
    /// Purchase orders.
    PurchaseOrders,
    /// Stock.
    Stock,
    /// Cost centres.
    CostCenters,
    /// Materials.
    Materials,
}

impl Feed {
    /// Every feed, in the order people see them.
    pub const ALL: [Self; 10] = [
        Self::Machines,
        Self::Downtime,
        Self::ProductionOrders,
        Self::Quality,
        Self::MachineHistory,
        Self::Calendar,
        Self::PurchaseOrders,
        Self::Stock,
        Self::CostCenters,
        Self::Materials,
    ];

    /// The word in logs and the mirror.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Machines => "machines",
            Self::Downtime => "downtime",
            Self::ProductionOrders => "production_orders",
            Self::Quality => "quality",
            Self::MachineHistory => "machine_history",
            Self::Calendar => "calendar",
            Self::PurchaseOrders => "purchase_orders",
            Self::Stock => "stock",
            Self::CostCenters => "cost_centers",
            Self::Materials => "materials",
        }
    }

    /// The system a feed is from.
    #[must_use]
    pub const fn system(self) -> System {
        match self {
            Self::Machines
            | Self::Downtime
            | Self::ProductionOrders
            | Self::Quality
            | Self::MachineHistory
            | Self::Calendar => System::Mes,
            Self::PurchaseOrders | Self::Stock | Self::CostCenters | Self::Materials => System::Sap,
        }
    }
}

/// Which records of a feed are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedAsk {
    /// Where the source can tell what changed, only that; absent for everything.
    pub changed_since: Option<Timestamp>,
    /// For feeds of events: what touches the time since then, and what is still open.
    pub window_since: Timestamp,
    /// For feeds of events: what touches the time before then; absent for everything up to now.
    pub window_until: Option<Timestamp>,
}

/// How far a feed has been read. It is kept with the data, so that nothing is missed over a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FeedMark {
    /// When the source was asked for the newest that is here; absent before the first answer and after the copy was
    /// thrown away.
    pub asked: Option<Timestamp>,
    /// When everything was last asked for, and not only what changed.
    pub full: Option<Timestamp>,
    /// The time before `asked` that is still to be read, or that was thrown away.
    pub missing: Option<Window>,
}

/// Records of one feed.
#[derive(Debug, Clone, PartialEq)]
pub enum FeedRecords {
    /// Of [`Feed::Machines`].
    Machines(FeedBatch<MachineStatus>),
    /// Of [`Feed::Downtime`].
    Downtime(FeedBatch<DowntimeEvent>),
    /// Of [`Feed::ProductionOrders`].
    ProductionOrders(FeedBatch<ProductionOrder>),
    /// Of [`Feed::Quality`].
    Quality(FeedBatch<QualityReport>),
    /// Of [`Feed::MachineHistory`].
    MachineHistory(FeedBatch<StateSegment>),
    /// Of [`Feed::Calendar`].
    Calendar(FeedBatch<Shift>),
    /// Of [`Feed::PurchaseOrders`].
    PurchaseOrders(FeedBatch<PurchaseOrder>),
    /// Of [`Feed::Stock`].
    Stock(FeedBatch<StockRow>),
    /// Of [`Feed::CostCenters`].
    CostCenters(FeedBatch<CostCenter>),
    /// Of [`Feed::Materials`].
    Materials(FeedBatch<Material>),
}

/// Does the same with the batch of whatever feed it is.
macro_rules! each_batch {
    ($records:expr, $batch:ident => $then:expr) => {
        match $records {
            FeedRecords::Machines($batch) => $then,
            FeedRecords::Downtime($batch) => $then,
            FeedRecords::ProductionOrders($batch) => $then,
            FeedRecords::Quality($batch) => $then,
            FeedRecords::MachineHistory($batch) => $then,
            FeedRecords::Calendar($batch) => $then,
            FeedRecords::PurchaseOrders($batch) => $then,
            FeedRecords::Stock($batch) => $then,
            FeedRecords::CostCenters($batch) => $then,
            FeedRecords::Materials($batch) => $then,
        }
    };
}

impl FeedRecords {
    /// The feed they are of.
    #[must_use]
    pub const fn feed(&self) -> Feed {
        match self {
            Self::Machines(_) => Feed::Machines,
            Self::Downtime(_) => Feed::Downtime,
            Self::ProductionOrders(_) => Feed::ProductionOrders,
            Self::Quality(_) => Feed::Quality,
            Self::MachineHistory(_) => Feed::MachineHistory,
            Self::Calendar(_) => Feed::Calendar,
            Self::PurchaseOrders(_) => Feed::PurchaseOrders,
            Self::Stock(_) => Feed::Stock,
            Self::CostCenters(_) => Feed::CostCenters,
            Self::Materials(_) => Feed::Materials,
        }
    }

    /// Whether there is no record in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        each_batch!(self, batch => batch.records.is_empty())
    }

    /// Whether the source said that nothing changed since the last batch.
    #[must_use]
    pub const fn is_unchanged(&self) -> bool {
        each_batch!(self, batch => batch.is_unchanged)
    }

    /// Whether a limit ended the read early.
    #[must_use]
    pub const fn is_truncated(&self) -> bool {
        each_batch!(self, batch => batch.is_truncated)
    }

    /// Records without a usable key, left out.
    #[must_use]
    pub const fn dropped(&self) -> u32 {
        each_batch!(self, batch => batch.dropped)
    }

    /// The source's clock.
    #[must_use]
    pub const fn server_time(&self) -> Option<Timestamp> {
        each_batch!(self, batch => batch.server_time)
    }
}

/// What the watch reads from a system.
#[async_trait]
pub trait FeedSource: Send + Sync {
    /// The feeds the system offers, as far as it has said. What is optional and not offered is no error and not listed.
    fn feeds(&self) -> Vec<Feed>;

    /// The records of one feed.
    async fn fetch(&self, feed: Feed, ask: &FeedAsk) -> Result<FeedRecords, PortError>;

    /// How far the source's clock is ahead of ours, where it was read off single answers. Absent where only the records of a
    /// fetch tell it.
    fn clock_skew_ms(&self) -> Option<i64> {
        None
    }

    /// The mirror lost its copy: forget what was said to be unchanged.
    fn forget(&self) {}
}

/// Something that changed in the plant.
#[derive(Debug, Clone, PartialEq)]
pub enum PlantEvent {
    /// A machine's new state.
    Machine(Box<MachineStatus>),
    /// A downtime event, new or changed.
    Downtime(Box<DowntimeEvent>),
    /// A production order, new or changed.
    Order(Box<ProductionOrder>),
    /// A quality report, new or changed.
    Quality(Box<QualityReport>),
    /// The stream lost its place: fetch everything again.
    Resync,
    /// The stream is alive.
    Alive,
}

/// A stream of plant events; it ends when the connection is lost.
pub type PlantEvents = Pin<Box<dyn Stream<Item = Result<PlantEvent, PortError>> + Send>>;

/// A system that also tells changes as they happen.
#[async_trait]
pub trait PlantFeed: FeedSource {
    /// Listens to changes, resuming where the last stream ended when the MES can. What was missed otherwise is for a poll,
    /// which each opening of a stream asks for.
    async fn listen(&self) -> Result<PlantEvents, PortError>;
    /// How long the MES asked to wait before a lost stream is opened again, where it said so.
    fn reconnect_after(&self) -> Option<std::time::Duration> {
        None
    }
    /// IANA zone of the site, once the MES has said it.
    fn time_zone(&self) -> Option<String> {
        None
    }
}
