//! The file of a mirror: made from the schema, dropped and made anew when it is damaged or of another version.

use std::fs;
use std::path::Path;

use andon_domain::PortError;
use rusqlite::Connection;
use sha2::{Digest, Sha256};

use super::marks::MARKS;
use super::schema::ddl;
use super::sources::SOURCES;
use crate::database::{Durability, open_writer};
use crate::folder::open_private_file;

/// The exact records behind the tables, for the screens and for merging. Tombstones stay, so that a late older record does
/// not bring a deleted one back. `record_json` is empty where the rows of the tables say all of a record.
const RECORDS: &str = "CREATE TABLE andon_records (
  feed        TEXT    NOT NULL,
  key         TEXT    NOT NULL,
  version     INTEGER NOT NULL,
  updated_at  INTEGER,
  is_deleted  INTEGER NOT NULL,
  fingerprint INTEGER NOT NULL,
  record_json TEXT    NOT NULL,
  PRIMARY KEY (feed, key)
) STRICT, WITHOUT ROWID;";

/// Opens the mirror for writing. What cannot be used is replaced by an empty mirror.
pub(crate) fn open_mirror(path: &Path) -> Result<Connection, PortError> {
    let sql = format!("{}{RECORDS}{MARKS}{SOURCES}", ddl());
    // Any change of the tables makes another number; what an older program wrote is fetched again.
    let digest = Sha256::digest(sql.as_bytes());
    let version = i64::from(i32::from_be_bytes([digest[0] & 0x7f, digest[1], digest[2], digest[3]]).max(1));
    if path.exists() {
        match open_sound(path, version) {
            Ok(Some(connection)) => return Ok(connection),
            Ok(None) => {
                tracing::info!(path = %path.display(), "the mirror is of another version and starts empty");
            }
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "the mirror is damaged and starts empty");
            }
        }
        for suffix in ["", "-wal", "-shm"] {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            match fs::remove_file(&name) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(PortError::storage(error));
                }
                _ => {}
            }
        }
    }
    create(path, &sql, version)
}

fn open_sound(path: &Path, version: i64) -> rusqlite::Result<Option<Connection>> {
    open_private_file(path).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))?;
    let connection = open_writer(path, Durability::Rebuildable)?;
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found != version {
        return Ok(None);
    }
    let check: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if check == "ok" {
        Ok(Some(connection))
    } else {
        Err(rusqlite::Error::ToSqlConversionFailure(check.into()))
    }
}

fn create(path: &Path, sql: &str, version: i64) -> Result<Connection, PortError> {
    drop(open_private_file(path).map_err(PortError::storage)?);
    let make = || -> rusqlite::Result<Connection> {
        let mut connection = open_writer(path, Durability::Rebuildable)?;
        let transaction = connection.transaction()?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
        Ok(connection)
    };
    make().map_err(PortError::storage)
}
