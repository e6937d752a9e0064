//! The console's copy of what the systems told.

use std::collections::BTreeMap;
use std::path::PathBuf;

use async_trait::async_trait;

use super::{Feed, FeedMark, FeedRecords, PortError};
use crate::records::{DowntimeEvent, MachineStatus, ProductionOrder, QualityReport, Shift, StateSegment};
use crate::time::Timestamp;

/// What a write to the mirror changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Merged {
    /// Records new or changed.
    pub changed: u32,
    /// Records older than what the mirror has.
    pub ignored: u32,
    /// Records gone from the source.
    pub removed: u32,
}

/// Half-open span of time `[since, until)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// From.
    pub since: Timestamp,
    /// To, not included.
    pub until: Timestamp,
}

/// The plant mirror of one tenant: what analysts query and the Plant screen shows.
#[async_trait]
pub trait Mirror: Send + Sync {
    /// Merges a batch: by version where records have one, tombstones remove; what a complete batch lacks is removed. How far
    /// the feed was read stays as it is.
    async fn put(&self, records: &FeedRecords, synced_at: Timestamp) -> Result<Merged, PortError>;
    /// Merges the answer to an ask and moves the mark of its feed with it, both or neither. A mark that is no longer
    /// `from`, since the copy was thrown away meanwhile, stays as it is.
    async fn put_read(
        &self,
        records: &FeedRecords,
        synced_at: Timestamp,
        from: &FeedMark,
        to: &FeedMark,
    ) -> Result<Merged, PortError>;
    /// How far a feed has been read.
    async fn mark(&self, feed: Feed) -> Result<FeedMark, PortError>;
    /// Forgets everything of these feeds, so that it is fetched anew. What is left of the mark is how far back it went.
    async fn clear(&self, feeds: &[Feed]) -> Result<(), PortError>;
    /// All machines with when each was last synced, by machine id.
    async fn machines(&self) -> Result<Vec<(MachineStatus, Timestamp)>, PortError>;
    /// Downtime that ended after `since` or is open, newest first, at most `limit`.
    async fn downtime(&self, since: Timestamp, limit: u32) -> Result<Vec<DowntimeEvent>, PortError>;
    /// Downtime that touches the window, of one machine or all, oldest first.
    async fn downtime_in(
        &self,
        window: Window,
        machine: Option<&str>,
    ) -> Result<Vec<DowntimeEvent>, PortError>;
    /// State segments that touch the window, of one machine or all, by machine and start.
    async fn history(&self, window: Window, machine: Option<&str>) -> Result<Vec<StateSegment>, PortError>;
    /// Shifts that touch the window, by start.
    async fn shifts(&self, window: Window) -> Result<Vec<Shift>, PortError>;
    /// Production orders not ended, and those whose planned or actual time touches the window, by planned start.
    async fn production_orders(&self, window: Window) -> Result<Vec<ProductionOrder>, PortError>;
    /// Quality reports of the window, newest first, at most `limit`.
    async fn quality(&self, window: Window, limit: u32) -> Result<Vec<QualityReport>, PortError>;
    /// How many records there are of each feed; a feed without any may be left out.
    async fn counts(&self) -> Result<BTreeMap<Feed, u64>, PortError>;
    /// Where the file is, for read-only sources.
    fn path(&self) -> PathBuf;
}
