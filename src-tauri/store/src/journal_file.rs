//! Opening the journal file: version of SQLite, soundness, migrations. And opening it only to read, for the checker.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::database::{Durability, open_reader, open_writer};
use crate::folder::{OpenError, open_private_file};
use crate::problem::is_damage;

/// Name of the file in the data folder.
pub(crate) const JOURNAL: &str = "journal.sqlite";
/// "ANDN": tells our files from other SQLite files.
pub(crate) const APPLICATION_ID: i64 = 0x414E_444E;
/// Oldest SQLite without the known faults of the write-ahead log.
const OLDEST_SQLITE: i32 = 3_051_003;
/// Each step once, in order; `user_version` counts them. A step is never edited after a release.
const MIGRATIONS: [&str; 1] = [include_str!("../migrations/001_journal.sql")];

/// Opens the journal for writing, checks it and brings it to the newest version.
pub(crate) fn open_journal(path: &Path) -> Result<Connection, OpenError> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(OpenError::SqliteTooOld(rusqlite::version()));
    }
    drop(open_private_file(path)?);
    let mut connection = open_writer(path, Durability::Full).map_err(|e| failed(path, &e))?;
    check(&connection, path)?;
    migrate(&mut connection, path)?;
    Ok(connection)
}

/// Opens the journal to read it, also from a medium that cannot be written.
pub(crate) fn open_journal_to_read(path: &Path) -> Result<Connection, OpenError> {
    let known = |connection: &Connection| {
        connection.query_row("PRAGMA application_id", [], |row| row.get::<_, i64>(0))
    };
    let opened = open_reader(path).and_then(|c| known(&c).map(|id| (c, id)));
    let (connection, id) = match opened {
        Ok(opened) => opened,
        Err(error) if is_damage(&error) || !path.is_file() => return Err(failed(path, &error)),
        Err(_) => {
            // A folder that cannot be written has no room for the index of the write-ahead log.
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
                | OpenFlags::SQLITE_OPEN_URI
                | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let uri = format!("file:{}?immutable=1", encoded(path));
            Connection::open_with_flags(uri, flags)
                .and_then(|c| known(&c).map(|id| (c, id)))
                .map_err(|e| failed(path, &e))?
        }
    };
    if id == APPLICATION_ID {
        Ok(connection)
    } else {
        Err(OpenError::Foreign(path.to_owned()))
    }
}

/// A check that cannot even run to its end has found damage, whatever SQLite calls it.
fn check(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let found = match connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0)) {
        Ok(found) => found,
        Err(error) => error.to_string(),
    };
    if found == "ok" {
        Ok(())
    } else {
        Err(OpenError::Damaged {
            path: path.to_owned(),
            detail: found,
        })
    }
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let number = |c: &Connection, sql: &str| c.query_row(sql, [], |row| row.get::<_, i64>(0));
    let found = number(connection, "PRAGMA user_version").map_err(|e| failed(path, &e))?;
    let id = number(connection, "PRAGMA application_id").map_err(|e| failed(path, &e))?;
    let tables = number(connection, "SELECT count(*) FROM sqlite_schema").map_err(|e| failed(path, &e))?;
    if id != APPLICATION_ID && tables > 0 {
        return Err(OpenError::Foreign(path.to_owned()));
    }
    if found > known {
        return Err(OpenError::Newer { found, known });
    }
    for (step, sql) in (0_i64..).zip(MIGRATIONS).skip_while(|(step, _)| *step < found) {
        let apply = |connection: &mut Connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute_batch(sql)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", step + 1)?;
            transaction.commit()
        };
        apply(connection).map_err(|e| failed(path, &e))?;
    }
    Ok(())
}

fn failed(path: &Path, error: &rusqlite::Error) -> OpenError {
    let (path, detail) = (path.to_owned(), error.to_string());
    if is_damage(error) {
        OpenError::Damaged { path, detail }
    } else {
        OpenError::Journal { path, detail }
    }
}

fn encoded(path: &Path) -> String {
    path.to_string_lossy()
        .replace('%', "%25")
        .replace('?', "%3f")
        .replace('#', "%23")
}
