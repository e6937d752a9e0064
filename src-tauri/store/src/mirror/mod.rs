//! The plant mirror of one tenant: what analysts query and the Plant screen shows.
//!
//! Writing is here; whoever reads by SQL opens the file read-only by its path. Nothing in it is lost for good: it can be
//! fetched again, so commits are not forced to the disk one by one.

mod file;
mod merge;
mod records;
pub(crate) mod schema;
mod tables;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use andon_domain::ports::{Feed, FeedBatch, FeedRecords, Merged, Mirror, Window};
use andon_domain::records::{
    DowntimeEvent, MachineStatus, ProductionOrder, QualityReport, Shift, StateSegment,
};
use andon_domain::{PortError, Timestamp};
use async_trait::async_trait;
use rusqlite::params;

use crate::database::{Readers, Writer};
use crate::folder::make_private_folder;
use crate::problem::{Problem, damaged};
use records::MirrorRecord;

/// [`Mirror`] over the file of one tenant.
pub(crate) struct TenantMirror {
    path: PathBuf,
    readers: Readers,
    writer: Writer,
}

impl TenantMirror {
    pub(crate) fn open(folder: &Path) -> Result<Self, PortError> {
        if let Some(tenants) = folder.parent() {
            make_private_folder(tenants).map_err(PortError::storage)?;
        }
        make_private_folder(folder).map_err(PortError::storage)?;
        let path = folder.join("mirror.sqlite");
        let connection = file::open_mirror(&path)?;
        let writer = Writer::start(connection, "andon-mirror").map_err(PortError::storage)?;
        Ok(Self {
            readers: Readers::new(path.clone()),
            path,
            writer,
        })
    }

    async fn merge<T: MirrorRecord>(
        &self,
        batch: &FeedBatch<T>,
        synced_at: Timestamp,
    ) -> Result<Merged, PortError> {
        let batch = batch.clone();
        self.writer
            .write(move |tx| merge::merge(tx, &batch, synced_at))
            .await
    }
}

#[async_trait]
impl Mirror for TenantMirror {
    async fn put(&self, records: &FeedRecords, synced_at: Timestamp) -> Result<Merged, PortError> {
        match records {
            FeedRecords::Machines(batch) => self.merge(batch, synced_at).await,
            FeedRecords::Downtime(batch) => self.merge(batch, synced_at).await,
            FeedRecords::PurchaseOrders(batch) => self.merge(batch, synced_at).await,
            FeedRecords::Stock(batch) => self.merge(batch, synced_at).await,
            other => Err(PortError::storage(format!(
                "the mirror keeps no {} yet",
                other.feed().as_str()
            ))),
        }
    }

    async fn clear(&self, _feeds: &[Feed]) -> Result<(), PortError> {
        Ok(())
    }

    async fn downtime_in(
        &self,
        _window: Window,
        _machine: Option<&str>,
    ) -> Result<Vec<DowntimeEvent>, PortError> {
        Ok(Vec::new())
    }

    async fn history(&self, _window: Window, _machine: Option<&str>) -> Result<Vec<StateSegment>, PortError> {
        Ok(Vec::new())
    }

    async fn shifts(&self, _window: Window) -> Result<Vec<Shift>, PortError> {
        Ok(Vec::new())
    }

    async fn production_orders(&self, _window: Window) -> Result<Vec<ProductionOrder>, PortError> {
        Ok(Vec::new())
    }

    async fn quality(&self, _window: Window, _limit: u32) -> Result<Vec<QualityReport>, PortError> {
        Ok(Vec::new())
    }

    async fn machines(&self) -> Result<Vec<(MachineStatus, Timestamp)>, PortError> {
        self.readers
            .read(|tx| {
                let mut statement = tx.prepare_cached(
                    "SELECT key, record_json, synced_at FROM andon_records \
                     WHERE feed = 'machines' ORDER BY key",
                )?;
                let mut rows = statement.query([])?;
                let mut machines = Vec::new();
                while let Some(row) = rows.next()? {
                    let machine = read(&row.get::<_, String>(0)?, &row.get::<_, String>(1)?)?;
                    machines.push((machine, Timestamp::from_millis(row.get(2)?)));
                }
                Ok(machines)
            })
            .await
    }

    async fn downtime(&self, since: Timestamp, limit: u32) -> Result<Vec<DowntimeEvent>, PortError> {
        self.readers
            .read(move |tx| {
                let mut statement = tx.prepare_cached(
                    "SELECT r.key, r.record_json FROM downtime_events AS d \
                     JOIN andon_records AS r ON r.feed = 'downtime' AND r.key = d.id \
                     WHERE d.ended_at IS NULL OR d.ended_at > ?1 ORDER BY d.started_at DESC, d.id LIMIT ?2",
                )?;
                let mut rows = statement.query(params![since.to_string(), limit])?;
                let mut events = Vec::new();
                while let Some(row) = rows.next()? {
                    events.push(read(&row.get::<_, String>(0)?, &row.get::<_, String>(1)?)?);
                }
                Ok(events)
            })
            .await
    }

    async fn counts(&self) -> Result<BTreeMap<Feed, u64>, PortError> {
        Ok(BTreeMap::new())
    }

    fn path(&self) -> PathBuf {
        self.path.clone()
    }
}

fn read<T: serde::de::DeserializeOwned>(key: &str, text: &str) -> Result<T, Problem> {
    serde_json::from_str(text).map_err(|e| damaged("mirror", key, e).into())
}
