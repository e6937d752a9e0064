//! What merging needs to know of each kind of record: its key, which of two is newer, its rows, and how long it is kept.

mod erp;
mod plant;

use andon_domain::Timestamp;
use andon_domain::ports::Feed;
use rusqlite::Transaction;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::absent::{Absent, remove};
use crate::problem::Problem;

/// A record the mirror keeps.
pub(crate) trait MirrorRecord: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    /// Its feed; also the name under which the exact records are kept.
    const FEED: Feed;
    /// Its tables, the one with the key first.
    const TABLES: &'static [&'static str];
    /// The condition that finds its row in the first table, with one `?1`.
    const BY_KEY: &'static str;
    /// The condition that finds its rows in the other tables.
    const BY_KEY_IN_PARTS: &'static str = Self::BY_KEY;
    /// Whether the exact record stands beside the rows, for the screens.
    const IS_KEPT_WHOLE: bool = true;
    /// The key of a row of the first table in SQL, as [`MirrorRecord::key`] writes it.
    const ROW_KEY: &'static str = "id";
    /// Which records a time has; absent for what is not of a time.
    const OF_TIME: Option<OfTime> = None;
    /// When it is thrown away although the source still has it, as SQL over the first table with the oldest time that is
    /// kept as `?1`; absent for what is always kept.
    const RETENTION: Option<&'static str> = None;

    /// Exact key.
    fn key(&self) -> String;
    /// The higher one is newer; equal ones go by [`MirrorRecord::updated_at`].
    fn version(&self) -> i64;
    /// When the source changed it.
    fn updated_at(&self) -> Option<Timestamp>;
    /// Whether the source has taken it back.
    fn is_deleted(&self) -> bool {
        false
    }
    /// Takes note of records that an answer should have and has not. Returns how many are gone.
    fn settle_absent(tx: &Transaction<'_>, absent: &[Absent], _answer: &[Self]) -> Result<u32, Problem> {
        remove::<Self>(tx, absent)
    }
    /// Adds its rows.
    fn add_rows(&self, tx: &Transaction<'_>, synced_at: Timestamp) -> rusqlite::Result<()>;
}

/// How the records of a time are found, in SQL over the first table.
pub(crate) struct OfTime {
    /// Which touch the time from `?1` to `?2`, or are open.
    pub(crate) rows: &'static str,
    /// When one began, and when it ended.
    pub(crate) span: [&'static str; 2],
    /// The column of the other tables that has the key.
    pub(crate) part_key: &'static str,
}

/// The condition that finds the rows of a record in its n-th table.
pub(crate) const fn by_key<T: MirrorRecord>(table: usize) -> &'static str {
    if table == 0 { T::BY_KEY } else { T::BY_KEY_IN_PARTS }
}
