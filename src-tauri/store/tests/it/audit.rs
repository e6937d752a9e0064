//! The audit chain: what it shows, and that reads are on disk in time.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use andon_domain::PortErrorKind;
use andon_domain::ports::{AuditFilter, AuditVerdict};
use andon_store::Store;
use rusqlite::Connection;
use sha2::{Digest, Sha256};

use crate::arrange::{Folder, event, tenant};

const FREE: &str = "DROP TRIGGER audit_stays_as_it_is; DROP TRIGGER audit_stays; DROP TRIGGER audit_once; \
                    DROP TRIGGER audit_logs_grow; DROP INDEX audit_by_subject;";

async fn log_of(folder: &Folder, events: usize) {
    let store = folder.open();
    let audit = store.audit(&tenant());
    for number in 0..events {
        audit
            .append(event("approval.approved", &format!("subject-{number}")))
            .await
            .unwrap();
    }
    store.close().await;
}

fn is_intact(raw: &Connection, folder: &Folder) -> bool {
    raw.execute_batch("PRAGMA wal_checkpoint").unwrap();
    Store::verify_audit_file(&folder.journal(), &tenant())
        .unwrap()
        .is_intact
}

#[tokio::test]
async fn entries_come_back_in_order_and_filtered() {
    let folder = Folder::new();
    log_of(&folder, 5).await;
    let store = folder.open();
    let audit = store.audit(&tenant());
    audit.append(event("query.run", "q")).await.unwrap();
    let tail = async |filter: AuditFilter| {
        let entries = audit.tail(&filter).await.unwrap();
        entries.iter().map(|entry| entry.sequence).collect::<Vec<_>>()
    };
    assert_eq!(
        tail(AuditFilter {
            limit: 10,
            ..Default::default()
        })
        .await,
        [1, 2, 3, 4, 5, 6]
    );
    assert_eq!(
        tail(AuditFilter {
            limit: 2,
            ..Default::default()
        })
        .await,
        [5, 6],
        "the newest, oldest first"
    );
    assert_eq!(
        tail(AuditFilter {
            limit: 10,
            after: Some(4),
            ..Default::default()
        })
        .await,
        [5, 6]
    );
    let prefix = AuditFilter {
        limit: 10,
        action_prefix: Some("query.".to_owned()),
        ..Default::default()
    };
    assert_eq!(tail(prefix).await, [6]);
    let subject = AuditFilter {
        limit: 10,
        subject: Some("subject-2".to_owned()),
        ..Default::default()
    };
    assert_eq!(tail(subject).await, [3]);
    let entry = &audit
        .tail(&AuditFilter {
            limit: 1,
            ..Default::default()
        })
        .await
        .unwrap()[0];
    assert_eq!(
        (entry.event.clone(), entry.hash.len()),
        (event("query.run", "q"), 64)
    );
}

#[tokio::test]
async fn an_event_of_another_tenant_or_without_canonical_form_is_refused() {
    let folder = Folder::new();
    let store = folder.open();
    let audit = store.audit(&"second".into());
    assert_eq!(
        audit.append(event("x", "x")).await.unwrap_err().kind,
        PortErrorKind::Invalid
    );
    let mut inexact = event("x", "x");
    inexact.detail = serde_json::json!({"ratio": 0.5});
    let error = store.audit(&tenant()).append_read(inexact).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Invalid);
}

/// Flips each bit of the needle wherever it stands in the file and gives what the checker says.
fn flips(path: &Path, needle: &[u8]) -> Vec<AuditVerdict> {
    let bytes = fs::read(path).unwrap();
    let places: Vec<usize> = (0..bytes.len() - needle.len())
        .filter(|at| bytes[*at..].starts_with(needle))
        .collect();
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    let mut verdicts = Vec::new();
    for at in places.iter().flat_map(|start| *start..start + needle.len()) {
        for bit in 0..8 {
            file.write_at(&[bytes[at] ^ (1 << bit)], at as u64).unwrap();
            verdicts.push(Store::verify_audit_file(path, &tenant()).unwrap());
        }
        file.write_at(&bytes[at..=at], at as u64).unwrap();
    }
    verdicts
}

#[tokio::test]
async fn every_flipped_bit_of_every_event_and_hash_in_the_file_is_found() {
    let folder = Folder::new();
    log_of(&folder, 3).await;
    let path = folder.journal();
    let raw = folder.raw();
    for sequence in 1..=3 {
        let sql = "SELECT event, hash FROM audit WHERE sequence = ?1";
        let (event, hash): (String, Vec<u8>) = raw
            .query_row(sql, [sequence], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        let of_event = flips(&path, event.as_bytes());
        assert_eq!(
            of_event.len(),
            event.len() * 8,
            "the event stands in the file once"
        );
        assert!(
            of_event
                .iter()
                .all(|v| !v.is_intact && v.first_bad == Some(sequence)),
            "event {sequence}"
        );
        let of_hash = flips(&path, &hash);
        assert_eq!(
            of_hash.len(),
            2 * 32 * 8,
            "a hash stands with its event and with what follows it"
        );
        assert!(
            of_hash
                .iter()
                .all(|v| !v.is_intact && v.first_bad >= Some(sequence)),
            "hash {sequence}"
        );
    }
    let verdict = Store::verify_audit_file(&path, &tenant()).unwrap();
    assert!(verdict.is_intact, "all bits are back: {}", verdict.message);
}

#[tokio::test]
async fn a_hash_is_sha_256_over_the_hash_before_it_and_the_stored_bytes() {
    let folder = Folder::new();
    log_of(&folder, 2).await;
    let raw = folder.raw();
    let mut statement = raw
        .prepare("SELECT previous_hash, hash, event FROM audit ORDER BY sequence")
        .unwrap();
    let rows: Vec<(Vec<u8>, Vec<u8>, String)> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for (previous, hash, event) in &rows {
        let expected = Sha256::new()
            .chain_update(previous)
            .chain_update(event)
            .finalize();
        assert_eq!(hash.as_slice(), expected.as_slice());
    }
    assert_eq!(
        (rows.len(), &rows[1].0),
        (2, &rows[0].1),
        "each follows the one before"
    );
}

#[tokio::test]
async fn deleting_swapping_inserting_and_cutting_are_found() {
    let attacks = [
        ("delete the first", "DELETE FROM audit WHERE sequence = 1"),
        ("delete in the middle", "DELETE FROM audit WHERE sequence = 4"),
        (
            "delete and close the gap",
            "DELETE FROM audit WHERE sequence = 4; \
          UPDATE audit SET sequence = sequence + 100 WHERE sequence > 4; \
          UPDATE audit SET sequence = sequence - 101 WHERE sequence > 100",
        ),
        (
            "swap",
            "UPDATE audit SET sequence = 100 WHERE sequence = 3; UPDATE audit SET sequence = 3 WHERE sequence = 4; \
          UPDATE audit SET sequence = 4 WHERE sequence = 100",
        ),
        (
            "swap the words",
            "UPDATE audit SET event = (SELECT event FROM audit WHERE sequence = 5) WHERE sequence = 3",
        ),
        (
            "insert",
            "INSERT INTO audit (tenant, sequence, previous_hash, hash, event) \
          SELECT tenant, 9, hash, randomblob(32), event FROM audit WHERE sequence = 8",
        ),
        ("cut the end", "DELETE FROM audit WHERE sequence > 6"),
        (
            "cut the middle",
            "DELETE FROM audit WHERE sequence BETWEEN 3 AND 6",
        ),
        ("delete all", "DELETE FROM audit"),
        (
            "move to another tenant",
            "UPDATE audit SET tenant = 'second' WHERE sequence = 8",
        ),
        ("another log id", "UPDATE audit_logs SET log_id = randomblob(16)"),
        ("another end", "UPDATE audit_logs SET hash = randomblob(32)"),
        ("another count", "UPDATE audit_logs SET sequence = 9"),
        (
            "another number",
            "UPDATE audit SET sequence = 9 WHERE sequence = 8; UPDATE audit_logs SET sequence = 9",
        ),
        (
            "no log",
            "PRAGMA foreign_keys = OFF; DROP TRIGGER audit_logs_stay; DELETE FROM audit_logs",
        ),
    ];
    for (name, sql) in attacks {
        let folder = Folder::new();
        log_of(&folder, 8).await;
        let raw = folder.raw();
        raw.pragma_update(None, "foreign_keys", false).unwrap();
        raw.execute_batch(FREE).unwrap();
        assert!(is_intact(&raw, &folder), "{name}: before");
        raw.execute_batch(sql).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(!is_intact(&raw, &folder), "{name}: must be found");
    }
}

#[tokio::test]
async fn logs_of_two_tenants_are_apart_and_cannot_stand_for_each_other() {
    let folder = Folder::new();
    let store = folder.open();
    let second = andon_domain::TenantId::from("second");
    for tenant in [tenant(), second.clone()] {
        let mut event = event("x", "x");
        event.tenant = tenant.clone();
        store.audit(&tenant).append(event).await.unwrap();
        assert_eq!(store.audit(&tenant).verify().await.unwrap().events, 1);
    }
    drop(store);
    let raw = folder.raw();
    raw.pragma_update(None, "foreign_keys", false).unwrap();
    raw.execute_batch(FREE).unwrap();
    raw.execute_batch(
        "DROP TRIGGER audit_logs_stay; DELETE FROM audit WHERE tenant = 'default'; \
                       DELETE FROM audit_logs WHERE tenant = 'default'; UPDATE audit SET tenant = 'default'; \
                       UPDATE audit_logs SET tenant = 'default'",
    )
    .unwrap();
    assert!(!is_intact(&raw, &folder), "another tenant's log under this name");
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_can_still_be_checked() {
    let folder = Folder::new();
    log_of(&folder, 3).await;
    let copy = Folder::new();
    fs::copy(folder.journal(), copy.journal()).unwrap();
    let verdict = Store::verify_audit_file(&copy.journal(), &tenant()).unwrap();
    assert_eq!((verdict.is_intact, verdict.events), (true, 3));
    assert!(
        verdict.message.contains("kept elsewhere"),
        "the limit of the check is told: {}",
        verdict.message
    );
    let nobody = Store::verify_audit_file(&copy.journal(), &"second".into()).unwrap();
    assert_eq!((nobody.is_intact, nobody.events), (true, 0));
    assert!(Store::verify_audit_file(&copy.path().join("none.sqlite"), &tenant()).is_err());
    assert!(
        !copy.path().join("none.sqlite").exists(),
        "checking makes nothing"
    );
}

#[tokio::test]
async fn audit_events_of_reads_are_on_disk_within_a_second_and_in_one_chain_with_the_others() {
    let folder = Folder::new();
    let store = folder.open();
    let audit = store.audit(&tenant());
    let started = Instant::now();
    for number in 0..500 {
        audit
            .append_read(event("operation.read", &number.to_string()))
            .await
            .unwrap();
    }
    audit.append(event("approval.approved", "x")).await.unwrap();
    while audit.verify().await.unwrap().events < 501 {
        assert!(
            started.elapsed() < Duration::from_secs(10),
            "the group was not committed"
        );
        tokio::task::yield_now().await;
    }
    let verdict = audit.verify().await.unwrap();
    assert!(verdict.is_intact, "{}", verdict.message);
}

#[tokio::test]
async fn closing_commits_what_waits_and_then_reads_are_refused() {
    let folder = Folder::new();
    let store = folder.open();
    let audit = store.audit(&tenant());
    for _ in 0..50 {
        audit.append_read(event("operation.read", "x")).await.unwrap();
    }
    store.close().await;
    assert_eq!(
        audit
            .append_read(event("operation.read", "x"))
            .await
            .unwrap_err()
            .kind,
        PortErrorKind::Unavailable
    );
    audit.append(event("console.stopped", "x")).await.unwrap();
    drop((audit, store));
    assert_eq!(
        Store::verify_audit_file(&folder.journal(), &tenant())
            .unwrap()
            .events,
        51
    );
}

#[tokio::test]
async fn dropping_the_store_commits_what_waits() {
    let folder = Folder::new();
    let store = folder.open();
    store
        .audit(&tenant())
        .append_read(event("operation.read", "x"))
        .await
        .unwrap();
    drop(store);
    assert_eq!(
        Store::verify_audit_file(&folder.journal(), &tenant())
            .unwrap()
            .events,
        1
    );
}
