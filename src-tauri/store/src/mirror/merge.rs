//! Merging a batch: the higher version wins, then the later change, then the later arrival. Older records are counted and
//! left out; what a complete batch lacks is gone, or has ended.
//!
//! Most records of most batches are as they were. Whether one is the same is told by a fingerprint of its exact text, read
//! for many records at once, so that an unchanged record costs no statement of its own in a complete batch.

use std::collections::{HashMap, HashSet};
use std::hash::Hasher;

use andon_domain::Timestamp;
use andon_domain::ports::{FeedBatch, Merged, Window};
use rusqlite::{Row, Transaction, params};

use super::absent::Absent;
use super::records::{MirrorRecord, by_key};
use crate::problem::{Problem, damaged};

/// Every row, whatever the limits.
const ALL_ROWS: &str = "?1 IS ?1 AND ?2 IS ?2";
/// Records looked up with one statement.
const TOGETHER: usize = 500;

/// What is known of a record that is kept.
#[derive(Clone, Copy)]
struct Kept {
    version: i64,
    updated_at: Option<i64>,
    is_deleted: bool,
    fingerprint: i64,
}

impl Kept {
    fn of<T: MirrorRecord>(record: &T, json: &str) -> Self {
        Self {
            version: record.version(),
            updated_at: record.updated_at().map(Timestamp::millis),
            is_deleted: record.is_deleted(),
            fingerprint: fingerprint(json),
        }
    }
}

/// Merges the batch into the mirror. `last_asked` is when the feed was asked before, with what the mirror has of it.
pub(crate) fn merge<T: MirrorRecord>(
    tx: &Transaction<'_>,
    batch: &FeedBatch<T>,
    synced_at: Timestamp,
    last_asked: Option<Timestamp>,
) -> Result<Merged, Problem> {
    let is_everything = batch.tells_what_is_gone();
    let mut merged = Merged::default();
    let mut seen = HashSet::with_capacity(batch.records.len());
    for records in batch.records.chunks(TOGETHER) {
        let keys: Vec<String> = records.iter().map(T::key).collect();
        let mut kept = kept::<T>(tx, &keys)?;
        for (record, key) in records.iter().zip(keys) {
            match put(tx, &key, record, kept.get(&key).copied(), synced_at, &mut merged)? {
                // What is everything there is is noted at its end, together.
                Put::Same if is_everything && batch.window.is_none() => {}
                Put::Same => note::<T>(tx, &key, synced_at)?,
                Put::Older => {}
                // A page may bring a record twice.
                Put::Taken(now) => {
                    kept.insert(key.clone(), now);
                }
            }
            seen.insert(key);
        }
    }
    if is_everything && !batch.is_unchanged {
        let mut absent = kept_of::<T>(tx, batch.window, last_asked)?;
        absent.retain(|record| !seen.contains(&record.key));
        merged.removed += T::settle_absent(tx, &absent, &batch.records)?;
    }
    if batch.is_unchanged || (is_everything && batch.window.is_none()) {
        note_all::<T>(tx, batch.window, synced_at)?;
    }
    Ok(merged)
}

enum Put {
    Same,
    Older,
    Taken(Kept),
}

fn put<T: MirrorRecord>(
    tx: &Transaction<'_>,
    key: &str,
    record: &T,
    kept: Option<Kept>,
    synced_at: Timestamp,
    merged: &mut Merged,
) -> Result<Put, Problem> {
    let updated_at = record.updated_at().map(Timestamp::millis);
    if let Some(kept) = kept {
        let is_older = match record.version().cmp(&kept.version) {
            std::cmp::Ordering::Less => true,
            std::cmp::Ordering::Greater => false,
            // A record that does not tell when it was changed counts as the later arrival.
            std::cmp::Ordering::Equal => {
                matches!((updated_at, kept.updated_at), (Some(new), Some(old)) if new < old)
            }
        };
        if is_older {
            merged.ignored += 1;
            return Ok(Put::Older);
        }
    }
    let json = serde_json::to_string(record)?;
    let now = Kept::of(record, &json);
    if kept.is_some_and(|kept| kept.fingerprint == now.fingerprint) {
        return Ok(Put::Same);
    }
    let was_shown = kept.is_some_and(|kept| !kept.is_deleted);
    if was_shown {
        remove_rows::<T>(tx, key)?;
    }
    write(tx, key, record, &json, now, synced_at)?;
    if now.is_deleted {
        merged.removed += u32::from(was_shown);
    } else {
        merged.changed += 1;
    }
    Ok(Put::Taken(now))
}

/// Puts a record in the place of what the mirror has of it, whatever its version.
pub(super) fn put_rows<T: MirrorRecord>(
    tx: &Transaction<'_>,
    key: &str,
    record: &T,
    synced_at: Timestamp,
) -> Result<(), Problem> {
    let json = serde_json::to_string(record)?;
    let now = Kept::of(record, &json);
    remove_rows::<T>(tx, key)?;
    Ok(write(tx, key, record, &json, now, synced_at)?)
}

fn write<T: MirrorRecord>(
    tx: &Transaction<'_>,
    key: &str,
    record: &T,
    json: &str,
    now: Kept,
    synced_at: Timestamp,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT OR REPLACE INTO andon_records (feed, key, version, updated_at, is_deleted, fingerprint, record_json) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        T::FEED.as_str(),
        key,
        now.version,
        now.updated_at,
        now.is_deleted,
        now.fingerprint,
        if T::IS_KEPT_WHOLE { json } else { "" },
    ])?;
    if !now.is_deleted {
        record.add_rows(tx, synced_at)?;
    }
    Ok(())
}

/// A number that differs when the text does. Two texts of one record in a row agree by chance once in 2^64; the hasher may
/// change with the compiler, and then every record is written once more.
fn fingerprint(text: &str) -> i64 {
    let mut hasher = std::collections::hash_map::DefaultHasher::new();
    hasher.write(text.as_bytes());
    i64::from_ne_bytes(hasher.finish().to_ne_bytes())
}

fn kept<T: MirrorRecord>(tx: &Transaction<'_>, keys: &[String]) -> Result<HashMap<String, Kept>, Problem> {
    let mut statement = tx.prepare_cached(
        "SELECT key, version, updated_at, is_deleted, fingerprint FROM andon_records \
         WHERE feed = ?1 AND key IN (SELECT value FROM json_each(?2))",
    )?;
    let rows = statement.query_map(params![T::FEED.as_str(), serde_json::to_string(keys)?], |row| {
        let kept = Kept {
            version: row.get(1)?,
            updated_at: row.get(2)?,
            is_deleted: row.get(3)?,
            fingerprint: row.get(4)?,
        };
        Ok((row.get(0)?, kept))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// What the mirror has of a time, or of all time.
fn kept_of<T: MirrorRecord>(
    tx: &Transaction<'_>,
    window: Option<Window>,
    last_asked: Option<Timestamp>,
) -> Result<Vec<Absent>, Problem> {
    let first = T::TABLES.first().copied().unwrap_or_default();
    let key = T::ROW_KEY;
    let (rows, [start, end]) = match (&T::OF_TIME, window) {
        (Some(of_time), Some(_)) => (of_time.rows, of_time.span),
        _ => (ALL_ROWS, ["NULL", "NULL"]),
    };
    let mut statement = tx.prepare_cached(&format!(
        "SELECT {key}, {start}, {end}, synced_at FROM {first} WHERE {rows}"
    ))?;
    let mut rows = statement.query(limits(window))?;
    let mut kept = Vec::new();
    while let Some(row) = rows.next()? {
        let key: String = row.get(0)?;
        let instant = |column: usize| -> Result<Option<Timestamp>, Problem> {
            let text: Option<String> = row.get(column)?;
            let read =
                |text: String| Timestamp::parse(&text).ok_or_else(|| damaged(first, &key, "not a time"));
            Ok(text.map(read).transpose()?)
        };
        let (started_at, ended_at) = (instant(1)?, instant(2)?);
        let heard_at = instant(3)?.max(last_asked).unwrap_or_default();
        kept.push(Absent {
            started_at,
            ended_at,
            heard_at,
            key,
        });
    }
    Ok(kept)
}

fn limits(window: Option<Window>) -> [Option<String>; 2] {
    [
        window.map(|window| window.since.to_string()),
        window.map(|window| window.until.to_string()),
    ]
}

/// Forgets a record.
pub(super) fn forget<T: MirrorRecord>(tx: &Transaction<'_>, key: &str) -> rusqlite::Result<()> {
    remove_rows::<T>(tx, key)?;
    tx.prepare_cached("DELETE FROM andon_records WHERE feed = ?1 AND key = ?2")?
        .execute(params![T::FEED.as_str(), key])?;
    Ok(())
}

fn remove_rows<T: MirrorRecord>(tx: &Transaction<'_>, key: &str) -> rusqlite::Result<()> {
    for (place, table) in T::TABLES.iter().enumerate() {
        tx.prepare_cached(&format!("DELETE FROM {table} WHERE {}", by_key::<T>(place)))?
            .execute([key])?;
    }
    Ok(())
}

/// Notes that the source was heard about this record.
fn note<T: MirrorRecord>(tx: &Transaction<'_>, key: &str, synced_at: Timestamp) -> rusqlite::Result<()> {
    for (place, table) in T::TABLES.iter().enumerate() {
        let by_key = by_key::<T>(place);
        tx.prepare_cached(&format!("UPDATE {table} SET synced_at = ?2 WHERE {by_key}"))?
            .execute(params![key, synced_at.to_string()])?;
    }
    Ok(())
}

/// Notes that the source was heard about everything it has of a time, or of all time.
fn note_all<T: MirrorRecord>(
    tx: &Transaction<'_>,
    window: Option<Window>,
    synced_at: Timestamp,
) -> rusqlite::Result<()> {
    let first = T::TABLES.first().copied().unwrap_or_default();
    let [since, until] = limits(window);
    for table in T::TABLES {
        let rows = match (&T::OF_TIME, window) {
            (Some(of_time), Some(_)) if *table == first => of_time.rows.to_owned(),
            (Some(of_time), Some(_)) => {
                let (part, key) = (of_time.part_key, T::ROW_KEY);
                format!("{part} IN (SELECT {key} FROM {first} WHERE {})", of_time.rows)
            }
            _ => ALL_ROWS.to_owned(),
        };
        tx.prepare_cached(&format!("UPDATE {table} SET synced_at = ?3 WHERE {rows}"))?
            .execute(params![since, until, synced_at.to_string()])?;
    }
    Ok(())
}

/// Forgets every record of the kind. Returns from when to when what went was, where it was of a time.
pub(crate) fn clear<T: MirrorRecord>(tx: &Transaction<'_>) -> Result<Option<Window>, Problem> {
    let mut span = None;
    if let (Some(of_time), Some(first)) = (&T::OF_TIME, T::TABLES.first()) {
        let [start, _] = of_time.span;
        let sql = format!("SELECT min({start}), max({start}) FROM {first}");
        type Limits = (Option<String>, Option<String>);
        let text = |row: &Row<'_>| -> rusqlite::Result<Limits> { Ok((row.get(0)?, row.get(1)?)) };
        let (since, until) = tx.query_row(&sql, [], text)?;
        let instant = |text: Option<String>| text.as_deref().and_then(Timestamp::parse);
        let limits = instant(since).zip(instant(until));
        span = limits.map(|(since, until)| Window { since, until });
    }
    tx.execute("DELETE FROM andon_records WHERE feed = ?1", [T::FEED.as_str()])?;
    for table in T::TABLES {
        tx.execute(&format!("DELETE FROM {table}"), [])?;
    }
    Ok(span)
}

/// Throws away what is over since before `oldest`. Returns how many records went.
pub(crate) fn prune<T: MirrorRecord>(tx: &Transaction<'_>, oldest: Timestamp) -> Result<usize, Problem> {
    let (Some(is_over), Some(first)) = (T::RETENTION, T::TABLES.first()) else {
        return Ok(0);
    };
    let mut statement = tx.prepare(&format!("SELECT {} FROM {first} WHERE {is_over}", T::ROW_KEY))?;
    let keys: Vec<String> = statement
        .query_map([oldest.to_string()], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for key in &keys {
        forget::<T>(tx, key)?;
    }
    Ok(keys.len())
}
