//! Merging a batch: the higher version wins, then the later change, then the later arrival. Older records are counted and
//! left out; what a complete batch lacks is gone.

use std::collections::HashSet;

use andon_domain::Timestamp;
use andon_domain::ports::{FeedBatch, Merged};
use rusqlite::{OptionalExtension, Transaction, params};

use super::records::MirrorRecord;
use crate::problem::Problem;

struct Kept {
    version: i64,
    updated_at: Option<i64>,
    is_deleted: bool,
    json: String,
}

/// Merges the batch into the mirror.
pub(crate) fn merge<T: MirrorRecord>(
    tx: &Transaction<'_>,
    batch: &FeedBatch<T>,
    synced_at: Timestamp,
) -> Result<Merged, Problem> {
    let mut merged = Merged::default();
    if batch.is_unchanged {
        note_all::<T>(tx, synced_at)?;
        return Ok(merged);
    }
    let mut seen = HashSet::with_capacity(batch.records.len());
    for record in &batch.records {
        let key = record.key();
        put(tx, &key, record, synced_at, &mut merged)?;
        seen.insert(key);
    }
    if batch.is_complete {
        remove_absent::<T>(tx, &seen, &mut merged)?;
        note_all::<T>(tx, synced_at)?;
    }
    Ok(merged)
}

fn put<T: MirrorRecord>(
    tx: &Transaction<'_>,
    key: &str,
    record: &T,
    synced_at: Timestamp,
    merged: &mut Merged,
) -> Result<(), Problem> {
    let kept = kept::<T>(tx, key)?;
    let updated_at = record.updated_at().map(Timestamp::millis);
    if let Some(kept) = &kept {
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
            return Ok(());
        }
    }
    let json = serde_json::to_string(record)?;
    if kept.as_ref().is_some_and(|kept| kept.json == json) {
        return Ok(note::<T>(tx, key, synced_at)?);
    }
    let was_shown = kept.is_some_and(|kept| !kept.is_deleted);
    if was_shown {
        remove_rows::<T>(tx, key)?;
    }
    tx.prepare_cached(
        "INSERT OR REPLACE INTO andon_records (feed, key, version, updated_at, is_deleted, synced_at, record_json) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        T::FEED.as_str(),
        key,
        record.version(),
        updated_at,
        record.is_deleted(),
        synced_at.millis(),
        json
    ])?;
    if record.is_deleted() {
        merged.removed += u32::from(was_shown);
    } else {
        record.add_rows(tx, synced_at)?;
        merged.changed += 1;
    }
    Ok(())
}

fn kept<T: MirrorRecord>(tx: &Transaction<'_>, key: &str) -> rusqlite::Result<Option<Kept>> {
    tx.prepare_cached(
        "SELECT version, updated_at, is_deleted, record_json FROM andon_records WHERE feed = ?1 AND key = ?2",
    )?
    .query_row(params![T::FEED.as_str(), key], |row| {
        Ok(Kept {
            version: row.get(0)?,
            updated_at: row.get(1)?,
            is_deleted: row.get(2)?,
            json: row.get(3)?,
        })
    })
    .optional()
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
    for table in T::TABLES {
        tx.prepare_cached(&format!("DELETE FROM {table} WHERE {}", T::BY_KEY))?
            .execute([key])?;
    }
    Ok(())
}

/// Notes that the source was heard about this record.
fn note<T: MirrorRecord>(tx: &Transaction<'_>, key: &str, synced_at: Timestamp) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE andon_records SET synced_at = ?3 WHERE feed = ?1 AND key = ?2")?
        .execute(params![T::FEED.as_str(), key, synced_at.millis()])?;
    for table in T::TABLES {
        tx.prepare_cached(&format!("UPDATE {table} SET synced_at = ?2 WHERE {}", T::BY_KEY))?
            .execute(params![key, synced_at.to_string()])?;
    }
    Ok(())
}

/// Notes that the source was heard about everything it has.
fn note_all<T: MirrorRecord>(tx: &Transaction<'_>, synced_at: Timestamp) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE andon_records SET synced_at = ?2 WHERE feed = ?1")?
        .execute(params![T::FEED.as_str(), synced_at.millis()])?;
    for table in T::TABLES {
        tx.prepare_cached(&format!("UPDATE {table} SET synced_at = ?1"))?
            .execute([synced_at.to_string()])?;
    }
    Ok(())
}
