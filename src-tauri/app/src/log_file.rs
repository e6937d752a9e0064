//! The log file: private to its owner and bounded, so that a console that runs for years does not fill the disk.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

const NAME: &str = "andon.log";
/// Bytes of one file.
const MOST_BYTES: u64 = 10 * 1024 * 1024;
/// Files kept, the current one among them.
const FILES: u32 = 5;

/// Appends to `andon.log`; a full one becomes `andon.log.1`, that one `andon.log.2`, and the oldest goes.
pub(crate) struct LogFile {
    folder: PathBuf,
    file: File,
    written: u64,
    most: u64,
}

impl LogFile {
    /// Opens the log in this folder, which is made when it is missing.
    ///
    /// # Errors
    /// When folder or file cannot be made or written.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        Self::open_with(folder, MOST_BYTES)
    }

    fn open_with(folder: &Path, most: u64) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let file = open_private(&folder.join(NAME))?;
        let written = file.metadata()?.len();
        Ok(Self {
            folder: folder.to_owned(),
            file,
            written,
            most,
        })
    }

    fn numbered(&self, number: u32) -> PathBuf {
        self.folder.join(format!("{NAME}.{number}"))
    }

    fn turn_over(&mut self) -> io::Result<()> {
        for number in (1..FILES - 1).rev() {
            // A gap in the numbers is no reason to stop logging.
            let _ = std::fs::rename(self.numbered(number), self.numbered(number + 1));
        }
        std::fs::rename(self.folder.join(NAME), self.numbered(1))?;
        self.file = open_private(&self.folder.join(NAME))?;
        self.written = 0;
        Ok(())
    }
}

/// A file of an earlier version may have wider rights.
fn open_private(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)?;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    Ok(file)
}

impl Write for LogFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let length = u64::try_from(line.len()).unwrap_or(u64::MAX);
        if self.written > 0 && self.written.saturating_add(length) > self.most {
            // Where files cannot be renamed the line is worth more than the limit.
            let _ = self.turn_over();
        }
        let taken = self.file.write(line)?;
        self.written = self.written.saturating_add(u64::try_from(taken).unwrap_or(0));
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_files_are_kept_and_none_is_larger_than_its_limit() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = LogFile::open_with(folder.path(), 20).unwrap();
        for number in 0..40 {
            log.write_all(format!("line {number:04}\n").as_bytes()).unwrap();
        }
        let mut names: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap())
            .collect();
        names.sort_by_key(std::fs::DirEntry::file_name);
        assert_eq!(names.len(), 5);
        for entry in names {
            let meta = entry.metadata().unwrap();
            assert!(meta.len() <= 20, "{:?}", entry.file_name());
            assert_eq!(
                meta.permissions().mode() & 0o777,
                0o600,
                "{:?}",
                entry.file_name()
            );
        }
        let newest = std::fs::read_to_string(folder.path().join(NAME)).unwrap();
        assert!(newest.ends_with("line 0039\n"), "{newest}");
    }

    #[test]
    fn a_log_of_an_earlier_start_is_continued_and_made_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAME);
        std::fs::write(&path, "before\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let mut log = LogFile::open(folder.path()).unwrap();
        log.write_all(b"after\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "before\nafter\n");
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}
