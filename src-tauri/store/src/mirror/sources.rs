//! Which system each part of the mirror is a copy of. What came from another one is no copy of this one: ids and versions
//! mean something else there.

use andon_domain::System;
use andon_domain::ports::Feed;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::clear;
use crate::problem::Problem;

/// Private bookkeeping.
pub(super) const SOURCES: &str = "CREATE TABLE andon_sources (
  system      TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL
) STRICT, WITHOUT ROWID;";

/// A system and what tells it from any other of its kind: address, path, client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorSource {
    /// Which.
    pub system: System,
    /// Differs when it is another one.
    pub fingerprint: String,
}

/// Ties the mirror to its sources: the feeds of a system that is another one now are emptied. Returns those systems.
pub(super) fn bind(connection: &mut Connection, sources: &[MirrorSource]) -> Result<Vec<System>, Problem> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut changed = Vec::new();
    for source in sources {
        let system = source.system.as_str();
        let known: Option<String> = tx
            .query_row(
                "SELECT fingerprint FROM andon_sources WHERE system = ?1",
                [system],
                |row| row.get(0),
            )
            .optional()?;
        if known.as_ref() == Some(&source.fingerprint) {
            continue;
        }
        if known.is_some() {
            for feed in Feed::ALL
                .into_iter()
                .filter(|feed| feed.system() == source.system)
            {
                clear(&tx, feed)?;
                tx.execute("DELETE FROM andon_marks WHERE feed = ?1", [feed.as_str()])?;
            }
            changed.push(source.system);
        }
        tx.execute(
            "INSERT OR REPLACE INTO andon_sources (system, fingerprint) VALUES (?1, ?2)",
            params![system, source.fingerprint],
        )?;
    }
    tx.commit()?;
    Ok(changed)
}
