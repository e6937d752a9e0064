//! The plant mirror of one tenant: what analysts query and the Plant screen shows.
//!
//! Writing is here, reading for the screens in `reading`; whoever reads by SQL opens the file read-only by its path. Nothing
//! in it is lost for good: it can be fetched again, so commits are not forced to the disk one by one.

mod absent;
mod file;
mod marks;
mod merge;
mod reading;
mod records;
pub(crate) mod schema;
pub(crate) mod sources;
mod tables;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use andon_domain::ports::{Feed, FeedBatch, FeedMark, FeedRecords, Merged, Mirror, Window};
use andon_domain::records::{
    CostCenter, DowntimeEvent, MachineStatus, Material, ProductionOrder, PurchaseOrder, QualityReport, Shift,
    StateSegment, StockRow,
};
use andon_domain::{PortError, Timestamp};
use async_trait::async_trait;
use rusqlite::Transaction;

use crate::database::{Readers, Writer};
use crate::folder::make_private_folder;
use crate::problem::Problem;
use records::MirrorRecord;
use sources::MirrorSource;

/// Events that are over are kept so long.
const KEPT: Duration = Duration::from_secs(400 * 24 * 3_600);
/// How often what is too old is looked for.
const PRUNE_AGAIN: Duration = Duration::from_secs(24 * 3_600);

/// [`Mirror`] over the file of one tenant.
pub(crate) struct TenantMirror {
    path: PathBuf,
    readers: Readers,
    writer: Writer,
    /// When each feed was last freed of what is too old.
    pruned: Mutex<BTreeMap<Feed, Timestamp>>,
}

impl TenantMirror {
    pub(crate) fn open(folder: &Path, sources: &[MirrorSource]) -> Result<Self, PortError> {
        if let Some(tenants) = folder.parent() {
            make_private_folder(tenants).map_err(PortError::storage)?;
        }
        make_private_folder(folder).map_err(PortError::storage)?;
        let path = folder.join("mirror.sqlite");
        let mut connection = file::open_mirror(&path)?;
        let changed = sources::bind(&mut connection, sources).map_err(Problem::on_write)?;
        for system in changed {
            tracing::warn!(
                system = system.as_str(),
                "the connection leads to another system; the mirror's copy of the former one was thrown away"
            );
        }
        let writer = Writer::start(connection, "andon-mirror").map_err(PortError::storage)?;
        Ok(Self {
            readers: Readers::new(path.clone()),
            path,
            writer,
            pruned: Mutex::default(),
        })
    }

    async fn merge<T: MirrorRecord>(
        &self,
        batch: &FeedBatch<T>,
        synced_at: Timestamp,
        step: Option<(FeedMark, FeedMark)>,
    ) -> Result<Merged, PortError> {
        let batch = batch.clone();
        let is_prune_due = T::RETENTION.is_some() && self.is_prune_due(T::FEED, synced_at);
        let merged = self
            .writer
            .write(move |tx| {
                let mark = marks::mark(tx, T::FEED)?;
                let merged = merge::merge(tx, &batch, synced_at, mark.asked)?;
                if let Some((_, to)) = step.filter(|(from, _)| *from == mark) {
                    marks::set_mark(tx, T::FEED, &to)?;
                }
                let gone = if is_prune_due {
                    merge::prune::<T>(tx, synced_at.minus(KEPT))?
                } else {
                    0
                };
                Ok((merged, gone))
            })
            .await;
        let (merged, gone) = merged?;
        if gone > 0 {
            tracing::info!(
                feed = T::FEED.as_str(),
                records = gone,
                "the mirror threw away what is over 400 days old"
            );
        }
        if is_prune_due {
            self.pruned
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(T::FEED, synced_at);
        }
        Ok(merged)
    }

    fn is_prune_due(&self, feed: Feed, now: Timestamp) -> bool {
        let pruned = self.pruned.lock().unwrap_or_else(PoisonError::into_inner);
        pruned
            .get(&feed)
            .is_none_or(|last| now.since(*last) >= PRUNE_AGAIN)
    }
}

/// Does the same with the record type of whatever feed it is.
macro_rules! of_feed {
    ($feed:expr, $record:ident => $then:expr) => {
        match $feed {
            Feed::Machines => {
                type $record = MachineStatus;
                $then
            }
            Feed::Downtime => {
                type $record = DowntimeEvent;
                $then
            }
            Feed::ProductionOrders => {
                type $record = ProductionOrder;
                $then
            }
            Feed::Quality => {
                type $record = QualityReport;
                $then
            }
            Feed::MachineHistory => {
                type $record = StateSegment;
                $then
            }
            Feed::Calendar => {
                type $record = Shift;
                $then
            }
            Feed::PurchaseOrders => {
                type $record = PurchaseOrder;
                $then
            }
            Feed::Stock => {
                type $record = StockRow;
                $then
            }
            Feed::CostCenters => {
                type $record = CostCenter;
                $then
            }
            Feed::Materials => {
                type $record = Material;
                $then
            }
        }
    };
}

/// The table with one row for each record of the feed.
fn first_table(feed: Feed) -> Option<&'static str> {
    of_feed!(feed, Record => <Record as MirrorRecord>::TABLES.first().copied())
}

/// Forgets everything of a feed but how far back it went.
fn clear(tx: &Transaction<'_>, feed: Feed) -> Result<(), Problem> {
    let gone = of_feed!(feed, Record => merge::clear::<Record>(tx))?;
    let missing = [gone, marks::mark(tx, feed)?.missing].into_iter().flatten();
    let mark = FeedMark {
        missing: missing.reduce(|a, b| Window {
            since: a.since.min(b.since),
            until: a.until.max(b.until),
        }),
        ..FeedMark::default()
    };
    Ok(marks::set_mark(tx, feed, &mark)?)
}

impl TenantMirror {
    async fn put_any(
        &self,
        records: &FeedRecords,
        synced_at: Timestamp,
        step: Option<(FeedMark, FeedMark)>,
    ) -> Result<Merged, PortError> {
        match records {
            FeedRecords::Machines(batch) => self.merge(batch, synced_at, step).await,
            FeedRecords::Downtime(batch) => self.merge(batch, synced_at, step).await,
            FeedRecords::ProductionOrders(batch) => self.merge(batch, synced_at, step).await,
            FeedRecords::Quality(batch) => self.merge(batch, synced_at, step).await,
            FeedRecords::MachineHistory(batch) => self.merge(batch, synced_at, step).await,
            FeedRecords::Calendar(batch) => self.merge(batch, synced_at, step).await,
            FeedRecords::PurchaseOrders(batch) => self.merge(batch, synced_at, step).await,
            FeedRecords::Stock(batch) => self.merge(batch, synced_at, step).await,
            FeedRecords::CostCenters(batch) => self.merge(batch, synced_at, step).await,
            FeedRecords::Materials(batch) => self.merge(batch, synced_at, step).await,
        }
    }
}

#[async_trait]
impl Mirror for TenantMirror {
    async fn put(&self, records: &FeedRecords, synced_at: Timestamp) -> Result<Merged, PortError> {
        self.put_any(records, synced_at, None).await
    }

    async fn put_read(
        &self,
        records: &FeedRecords,
        synced_at: Timestamp,
        from: &FeedMark,
        to: &FeedMark,
    ) -> Result<Merged, PortError> {
        self.put_any(records, synced_at, Some((*from, *to))).await
    }

    async fn mark(&self, feed: Feed) -> Result<FeedMark, PortError> {
        self.readers.read(move |tx| Ok(marks::mark(tx, feed)?)).await
    }

    async fn clear(&self, feeds: &[Feed]) -> Result<(), PortError> {
        let feeds = feeds.to_vec();
        self.writer
            .write(move |tx| feeds.into_iter().try_for_each(|feed| clear(tx, feed)))
            .await
    }

    async fn machines(&self) -> Result<Vec<(MachineStatus, Timestamp)>, PortError> {
        self.readers.read(reading::machines).await
    }

    async fn downtime(&self, since: Timestamp, limit: u32) -> Result<Vec<DowntimeEvent>, PortError> {
        self.readers
            .read(move |tx| reading::downtime(tx, since, limit))
            .await
    }

    async fn downtime_in(
        &self,
        window: Window,
        machine: Option<&str>,
    ) -> Result<Vec<DowntimeEvent>, PortError> {
        let machine = machine.map(str::to_owned);
        self.readers
            .read(move |tx| reading::downtime_in(tx, window, machine.as_deref()))
            .await
    }

    async fn history(&self, window: Window, machine: Option<&str>) -> Result<Vec<StateSegment>, PortError> {
        let machine = machine.map(str::to_owned);
        self.readers
            .read(move |tx| reading::history(tx, window, machine.as_deref()))
            .await
    }

    async fn shifts(&self, window: Window) -> Result<Vec<Shift>, PortError> {
        self.readers.read(move |tx| reading::shifts(tx, window)).await
    }

    async fn production_orders(&self, window: Window) -> Result<Vec<ProductionOrder>, PortError> {
        self.readers
            .read(move |tx| reading::production_orders(tx, window))
            .await
    }

    async fn quality(&self, window: Window, limit: u32) -> Result<Vec<QualityReport>, PortError> {
        self.readers
            .read(move |tx| reading::quality(tx, window, limit))
            .await
    }

    async fn counts(&self) -> Result<BTreeMap<Feed, u64>, PortError> {
        self.readers
            .read(|tx| {
                let mut counts = BTreeMap::new();
                for feed in Feed::ALL {
                    if let Some(table) = first_table(feed) {
                        let count = format!("SELECT count(*) FROM {table}");
                        let count: i64 = tx.prepare_cached(&count)?.query_row([], |row| row.get(0))?;
                        counts.insert(feed, count.unsigned_abs());
                    }
                }
                Ok(counts)
            })
            .await
    }

    fn path(&self) -> PathBuf {
        self.path.clone()
    }
}
