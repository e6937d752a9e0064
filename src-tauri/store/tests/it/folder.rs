//! The data folder: one holder, private modes, and clear words when it cannot be opened.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use andon_store::{OpenError, Store};
use rusqlite::Connection;

use crate::arrange::{Folder, event, tenant};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn the_folder_has_one_holder_and_is_free_again_when_it_is_dropped() {
    let folder = Folder::new();
    let store = folder.open();
    let second = Store::open(&folder.path()).err().expect("the folder is held");
    assert!(
        matches!(second, OpenError::HeldByAnother(_)) && !second.hint().is_empty(),
        "{second}"
    );
    let port = store.journal();
    drop(store);
    assert!(
        Store::open(&folder.path()).is_err(),
        "a port keeps the files open"
    );
    drop(port);
    drop(folder.open());
}

#[tokio::test]
async fn nobody_else_may_look_into_the_folder_or_its_files() {
    let folder = Folder::new();
    let path = folder.path().join("new/data");
    let store = Store::open(&path).unwrap();
    store.audit(&tenant()).append(event("x", "x")).await.unwrap();
    store.mirror(&tenant()).unwrap();
    for inner in ["", "tenants", "tenants/default"] {
        assert_eq!(mode(&path.join(inner)), 0o700, "folder {inner}");
    }
    for inner in [
        "lock",
        "journal.sqlite",
        "journal.sqlite-wal",
        "tenants/default/mirror.sqlite",
    ] {
        assert_eq!(mode(&path.join(inner)), 0o600, "file {inner}");
    }
}

#[tokio::test]
async fn the_journal_is_durable_by_its_settings_and_survives_reopening() {
    let folder = Folder::new();
    for round in 1..=3 {
        let store = folder.open();
        store.audit(&tenant()).append(event("start", "x")).await.unwrap();
        assert_eq!(store.audit(&tenant()).verify().await.unwrap().events, round);
    }
    let raw = folder.raw();
    let mode: String = raw
        .query_row("PRAGMA journal_mode", [], |row| row.get(0))
        .unwrap();
    let version: i64 = raw
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap();
    assert_eq!((mode.as_str(), version), ("wal", 1));
}

fn refusal(folder: &Folder) -> OpenError {
    Store::open(&folder.path()).err().expect("must not open")
}

#[test]
fn a_damaged_journal_is_refused_and_left_as_it_is() {
    let folder = Folder::new();
    drop(folder.open());
    let sound = fs::read(folder.journal()).unwrap();
    let mut zeroed = sound.clone();
    zeroed[4096..].fill(0);
    // A page nothing reads at the start: only the check finds it.
    let mut last_page = sound.clone();
    let last = last_page.len() - 4096;
    last_page[last..].fill(0);
    let half = sound[..sound.len() / 2].to_vec();
    for broken in [
        b"this is not a database at all, but a text file".to_vec(),
        zeroed,
        last_page,
        half,
    ] {
        fs::write(folder.journal(), &broken).unwrap();
        for start in 0..3 {
            let error = refusal(&folder);
            assert!(
                matches!(error, OpenError::Damaged { .. }),
                "start {start}: {error:?}"
            );
            assert_eq!(fs::read(folder.journal()).unwrap(), broken, "the evidence stays");
        }
    }
    fs::write(folder.journal(), &sound).unwrap();
    drop(folder.open());
}

#[test]
fn a_newer_or_foreign_file_is_refused() {
    let folder = Folder::new();
    drop(folder.open());
    folder.raw().pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(
        refusal(&folder),
        OpenError::Newer { found: 99, known: 1 }
    ));
    let folder = Folder::new();
    Connection::open(folder.journal())
        .unwrap()
        .execute_batch("CREATE TABLE notes (text TEXT)")
        .unwrap();
    assert!(matches!(refusal(&folder), OpenError::Foreign(_)));
}

#[test]
fn a_folder_that_cannot_be_made_says_which() {
    let folder = Folder::new();
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    let error = Store::open(&file.join("data"))
        .err()
        .expect("a file is no folder");
    assert!(
        matches!(&error, OpenError::Folder { .. }) && error.to_string().contains("file/data"),
        "{error}"
    );
}
