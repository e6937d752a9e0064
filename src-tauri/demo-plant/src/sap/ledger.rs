//! The state file: posted orders, one JSON line each, written and synced before the order counts.
//! With it a restarted plant still knows the orders of its earlier runs; credentials and ports are new each time.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::faults::hold;

/// An open state file.
#[derive(Debug)]
pub(crate) struct Ledger(Mutex<File>);

/// One posted order.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) at_ms: i64,
    pub(crate) posted: Value,
}

/// The first line: orders belong to the seed and the size of the history whose numbers they continue.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    seed: u64,
    #[serde(default = "usual_size")]
    size: u32,
}

/// State files of before the size could be chosen.
fn usual_size() -> u32 {
    300
}

impl Ledger {
    /// Opens or begins the file and gives what it holds; a torn last line is dropped.
    pub(crate) fn open(path: &Path, seed: u64, size: u32) -> io::Result<(Self, Vec<Entry>)> {
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)?;
        let mut lines = BufReader::new(&file).lines();
        let Some(head) = lines.next().transpose()? else {
            writeln!(file, "{}", serde_json::to_string(&Head { seed, size })?)?;
            file.sync_all()?;
            return Ok((Self(Mutex::new(file)), Vec::new()));
        };
        let head: Head = serde_json::from_str(&head)?;
        if head != (Head { seed, size }) {
            let text = format!(
                "the state file belongs to another seed and size: {} and {}",
                head.seed, head.size
            );
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        let mut entries = Vec::new();
        for line in lines {
            let line = line?;
            if line.is_empty() {
                continue;
            }
            match serde_json::from_str(&line) {
                Ok(entry) => entries.push(entry),
                Err(error) => tracing::warn!(%error, "a line of the state file cannot be read"),
            }
        }
        Ok((Self(Mutex::new(file)), entries))
    }

    pub(crate) fn append(&self, body: &[u8], at_ms: i64) -> io::Result<()> {
        let entry = Entry {
            at_ms,
            posted: serde_json::from_slice(body)?,
        };
        // The line break comes first, so that a torn line before it cannot spoil this one.
        let line = format!("\n{}", serde_json::to_string(&entry)?);
        let mut file = hold(&self.0);
        file.write_all(line.as_bytes())?;
        file.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_come_back_and_another_seed_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plant.jsonl");
        let (ledger, entries) = Ledger::open(&path, 7, 300).unwrap();
        assert!(entries.is_empty());
        ledger.append(br#"{"Supplier":"1"}"#, 5).unwrap();
        drop(ledger);
        std::fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap()
            .write_all(b"\n{\"at_ms\":6,\"pos")
            .unwrap();
        let (ledger, entries) = Ledger::open(&path, 7, 300).unwrap();
        assert_eq!(entries.len(), 1, "the torn line is dropped");
        ledger.append(br#"{"Supplier":"2"}"#, 7).unwrap();
        let (_, entries) = Ledger::open(&path, 7, 300).unwrap();
        assert_eq!(
            entries.iter().map(|entry| entry.at_ms).collect::<Vec<_>>(),
            [5, 7]
        );
        assert!(Ledger::open(&path, 8, 300).is_err(), "another seed");
        assert!(Ledger::open(&path, 7, 301).is_err(), "another size");
    }
}
