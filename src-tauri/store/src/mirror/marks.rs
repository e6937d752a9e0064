//! How far each feed has been read, beside the data it tells of.

use andon_domain::Timestamp;
use andon_domain::ports::{Feed, FeedMark, Window};
use rusqlite::{OptionalExtension, Transaction, params};

/// Private bookkeeping, in UTC milliseconds.
pub(super) const MARKS: &str = "CREATE TABLE andon_marks (
  feed          TEXT    PRIMARY KEY,
  asked_at      INTEGER,
  full_at       INTEGER,
  missing_since INTEGER,
  missing_until INTEGER
) STRICT, WITHOUT ROWID;";

/// The mark of a feed; an empty one before the first.
pub(super) fn mark(tx: &Transaction<'_>, feed: Feed) -> rusqlite::Result<FeedMark> {
    let mut statement = tx.prepare_cached(
        "SELECT asked_at, full_at, missing_since, missing_until FROM andon_marks WHERE feed = ?1",
    )?;
    let found = statement
        .query_row([feed.as_str()], |row| {
            let time = |column: usize| -> rusqlite::Result<Option<Timestamp>> {
                Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_millis))
            };
            let missing = time(2)?.zip(time(3)?);
            Ok(FeedMark {
                asked: time(0)?,
                full: time(1)?,
                missing: missing.map(|(since, until)| Window { since, until }),
            })
        })
        .optional()?;
    Ok(found.unwrap_or_default())
}

/// Keeps the mark of a feed.
pub(super) fn set_mark(tx: &Transaction<'_>, feed: Feed, mark: &FeedMark) -> rusqlite::Result<()> {
    let millis = |at: Option<Timestamp>| at.map(Timestamp::millis);
    tx.prepare_cached(
        "INSERT OR REPLACE INTO andon_marks (feed, asked_at, full_at, missing_since, missing_until) \
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        feed.as_str(),
        millis(mark.asked),
        millis(mark.full),
        millis(mark.missing.map(|missing| missing.since)),
        millis(mark.missing.map(|missing| missing.until)),
    ])?;
    Ok(())
}
