//! Merging a batch: the higher version wins, then the later change, then the later arrival. Older records are counted and
//! left out; what a complete batch lacks is gone.
//!
//! Most records of most batches are as they were. Whether one is the same is told by a fingerprint of its exact text, read
//! for many records at once, so that an unchanged record costs no statement of its own in a complete batch.

use std::collections::{HashMap, HashSet};
use std::hash::Hasher;

use andon_domain::Timestamp;
use andon_domain::ports::{FeedBatch, Merged};
use rusqlite::{Transaction, params};

use super::records::{MirrorRecord, by_key};
use crate::problem::Problem;

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

/// Merges the batch into the mirror.
pub(crate) fn merge<T: MirrorRecord>(
    tx: &Transaction<'_>,
    batch: &FeedBatch<T>,
    synced_at: Timestamp,
) -> Result<Merged, Problem> {
    let mut merged = Merged::default();
    let mut seen = HashSet::with_capacity(batch.records.len());
    for records in batch.records.chunks(TOGETHER) {
        let keys: Vec<String> = records.iter().map(T::key).collect();
        let mut kept = kept::<T>(tx, &keys)?;
        for (record, key) in records.iter().zip(keys) {
            match put(tx, &key, record, kept.get(&key).copied(), synced_at, &mut merged)? {
                // Everything a complete batch brings is noted at its end, together.
                Put::Same if batch.is_complete => {}
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
    if batch.is_complete {
        if !batch.is_unchanged {
            remove_absent::<T>(tx, &seen, &mut merged)?;
        }
        note_all::<T>(tx, synced_at)?;
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
    let now = Kept {
        version: record.version(),
        updated_at,
        is_deleted: record.is_deleted(),
        fingerprint: fingerprint(&json),
    };
    if kept.is_some_and(|kept| kept.fingerprint == now.fingerprint) {
        return Ok(Put::Same);
    }
    let was_shown = kept.is_some_and(|kept| !kept.is_deleted);
    if was_shown {
        remove_rows::<T>(tx, key)?;
    }
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
        if T::IS_KEPT_WHOLE { json.as_str() } else { "" },
    ])?;
    if now.is_deleted {
        merged.removed += u32::from(was_shown);
    } else {
        record.add_rows(tx, synced_at)?;
        merged.changed += 1;
    }
    Ok(Put::Taken(now))
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

fn remove_absent<T: MirrorRecord>(
    tx: &Transaction<'_>,
    seen: &HashSet<String>,
    merged: &mut Merged,
) -> rusqlite::Result<()> {
    let mut statement = tx.prepare_cached("SELECT key, is_deleted FROM andon_records WHERE feed = ?1")?;
    let kept: Vec<(String, bool)> = statement
        .query_map([T::FEED.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (key, is_deleted) in kept {
        if is_deleted || seen.contains(&key) {
            continue;
        }
        remove_rows::<T>(tx, &key)?;
        tx.prepare_cached("DELETE FROM andon_records WHERE feed = ?1 AND key = ?2")?
            .execute(params![T::FEED.as_str(), key])?;
        merged.removed += 1;
    }
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

/// Notes that the source was heard about everything it has.
fn note_all<T: MirrorRecord>(tx: &Transaction<'_>, synced_at: Timestamp) -> rusqlite::Result<()> {
    for table in T::TABLES {
        tx.prepare_cached(&format!("UPDATE {table} SET synced_at = ?1"))?
            .execute([synced_at.to_string()])?;
    }
    Ok(())
}

/// Forgets every record of the kind.
pub(crate) fn clear<T: MirrorRecord>(tx: &Transaction<'_>) -> Result<(), Problem> {
    tx.execute("DELETE FROM andon_records WHERE feed = ?1", [T::FEED.as_str()])?;
    for table in T::TABLES {
        tx.execute(&format!("DELETE FROM {table}"), [])?;
    }
    Ok(())
}

/// Throws away what is over since before `oldest`. Returns how many records went.
pub(crate) fn prune<T: MirrorRecord>(tx: &Transaction<'_>, oldest: Timestamp) -> Result<usize, Problem> {
    let (Some(retention), Some(first)) = (T::RETENTION, T::TABLES.first()) else {
        return Ok(0);
    };
    let mut statement = tx.prepare(&format!(
        "SELECT {} FROM {first} WHERE {}",
        retention.key, retention.is_over
    ))?;
    let keys: Vec<String> = statement
        .query_map([oldest.to_string()], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for key in &keys {
        remove_rows::<T>(tx, key)?;
        tx.prepare_cached("DELETE FROM andon_records WHERE feed = ?1 AND key = ?2")?
            .execute(params![T::FEED.as_str(), key])?;
    }
    Ok(keys.len())
}
