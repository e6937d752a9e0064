//! The data folder: who may hold it, who may look into it, and why it could not be opened.
//!
//! Folders are 0700 and files 0600. A folder that existed before and holds other people's files keeps its mode.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why the data folder cannot be opened. Nothing was changed unless the text says so.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another console or a tool holds the folder.
    #[error("another instance holds the data folder: {}", .0.display())]
    HeldByAnother(PathBuf),
    /// The folder or a file in it cannot be made, opened or locked.
    #[error("the data folder cannot be used: {}: {source}", path.display())]
    Folder {
        /// Which folder or file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// SQLite cannot open or prepare the journal: disk full, no permission, I/O error.
    #[error("the journal cannot be opened: {}: {detail}", path.display())]
    Journal {
        /// The file.
        path: PathBuf,
        /// SQLite's words.
        detail: String,
    },
    /// The journal is damaged.
    #[error("the journal is damaged: {}: {detail}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the check found.
        detail: String,
    },
    /// A newer console wrote the journal.
    #[error("the journal was written by a newer version: {found}, this one knows {known}")]
    Newer {
        /// Version of the file.
        found: i64,
        /// Newest version this program knows.
        known: i64,
    },
    /// The file is an SQLite database of something else.
    #[error("the file is not a journal of this console: {}", .0.display())]
    Foreign(PathBuf),
    /// The SQLite built into this program has known faults in its write-ahead log.
    #[error("the built-in sqlite is too old: {0}")]
    SqliteTooOld(&'static str),
}

impl OpenError {
    /// What to do about it, as a sentence of its own.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::HeldByAnother(_) => {
                "Use the console that is already running, or choose another data folder."
            }
            Self::Folder { .. } => "Check that the folder exists, is yours and can be written.",
            Self::Journal { .. } => "Check free space and permissions of the data folder, then start again.",
            Self::Damaged { .. } => {
                "Keep a copy of journal.sqlite with its -wal file, then restore a backup. \
                 Requests that were being sent must be checked in the target systems."
            }
            Self::Newer { .. } => "Start the newer version of the console, or choose another data folder.",
            Self::Foreign(_) => "Choose a data folder that is empty or was made by this console.",
            Self::SqliteTooOld(_) => "Rebuild the console with SQLite 3.51.3 or newer.",
        }
    }
}

/// Holds the data folder for this process. The lock ends with the process, however it ends.
#[derive(Debug)]
pub(crate) struct FolderLock(#[expect(dead_code, reason = "held for its lock")] File);

/// Makes the folder when it is missing and takes its lock.
pub(crate) fn hold(folder: &Path) -> Result<FolderLock, OpenError> {
    make_private_folder(folder)?;
    let path = folder.join("lock");
    let file = open_private_file(&path)?;
    match file.try_lock() {
        Ok(()) => Ok(FolderLock(file)),
        Err(TryLockError::WouldBlock) => Err(OpenError::HeldByAnother(folder.to_owned())),
        Err(TryLockError::Error(source)) => Err(OpenError::Folder { path, source }),
    }
}

/// Makes a folder that only its owner may enter, and makes its entry durable.
pub(crate) fn make_private_folder(folder: &Path) -> Result<(), OpenError> {
    let failed = |source| OpenError::Folder {
        path: folder.to_owned(),
        source,
    };
    if folder.is_dir() {
        let is_ours = ["journal.sqlite", "lock", "mirror.sqlite"]
            .iter()
            .any(|name| folder.join(name).exists());
        let is_empty = fs::read_dir(folder).map_err(failed)?.next().is_none();
        if is_ours || is_empty {
            restrict(folder, 0o700).map_err(failed)?;
        }
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(failed)?;
    sync_folder(folder).map_err(failed)?;
    match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_folder(parent).map_err(failed),
        _ => Ok(()),
    }
}

/// Opens or makes a file that only its owner may read. SQLite gives the files beside a database the same mode.
pub(crate) fn open_private_file(path: &Path) -> Result<File, OpenError> {
    let failed = |source| OpenError::Folder {
        path: path.to_owned(),
        source,
    };
    let is_new = !path.exists();
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).map_err(failed)?;
    restrict(path, 0o600).map_err(failed)?;
    if is_new && let Some(folder) = path.parent() {
        sync_folder(folder).map_err(failed)?;
    }
    Ok(file)
}

#[cfg(unix)]
fn restrict(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if fs::metadata(path)?.permissions().mode() & 0o777 == mode {
        return Ok(());
    }
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn restrict(_path: &Path, _mode: u32) -> io::Result<()> {
    Ok(())
}

/// Makes the names in a folder durable.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}
