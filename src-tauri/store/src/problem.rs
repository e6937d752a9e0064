//! Failures inside the store and how they leave it: SQL text and paths go to the log detail, never into the message.

use andon_domain::{CanonicalError, PortError, PortErrorKind, System};
use rusqlite::ErrorCode;

/// A failure of a piece of work on a file.
#[derive(Debug)]
pub(crate) enum Problem {
    /// SQLite said no: disk full, I/O error, damaged file.
    Sql(rusqlite::Error),
    /// Already in the words of a port.
    Port(PortError),
}

impl From<rusqlite::Error> for Problem {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<PortError> for Problem {
    fn from(error: PortError) -> Self {
        Self::Port(error)
    }
}

impl From<CanonicalError> for Problem {
    fn from(error: CanonicalError) -> Self {
        Self::Port(invalid(format!("the record has no canonical form: {error}")))
    }
}

impl From<serde_json::Error> for Problem {
    fn from(error: serde_json::Error) -> Self {
        Self::Port(invalid(format!("the record cannot be written as json: {error}")))
    }
}

impl Problem {
    /// What the caller of a write gets.
    pub(crate) fn on_write(self) -> PortError {
        match self {
            Self::Port(error) => error,
            Self::Sql(error) => PortError::storage(error),
        }
    }

    /// What the caller of a read gets.
    pub(crate) fn on_read(self) -> PortError {
        match self {
            Self::Port(error) => error,
            Self::Sql(error) => PortError::new(
                System::Storage,
                PortErrorKind::Unavailable,
                "the console cannot read its files",
            )
            .detail(error.to_string()),
        }
    }
}

/// Whether SQLite says that the file itself is damaged.
pub(crate) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
    )
}

/// The caller asked for something the journal never does.
pub(crate) fn invalid(message: impl Into<String>) -> PortError {
    PortError::new(System::Storage, PortErrorKind::Invalid, message)
}

/// Something else was there first.
pub(crate) fn conflict(message: impl Into<String>) -> PortError {
    PortError::new(System::Storage, PortErrorKind::Conflict, message)
}

/// A stored record that is not what was written.
pub(crate) fn damaged(table: &str, key: impl std::fmt::Display, why: impl std::fmt::Display) -> PortError {
    PortError::new(
        System::Storage,
        PortErrorKind::Protocol,
        format!("a stored record is damaged: {table} {key}"),
    )
    .detail(why.to_string())
}
