//! The life of a change in the journal (request, decision, claim, dispatch, outcome: five durable transactions, each with
//! its audit event) beside bare SQLite commits that write as many bytes to the same folder.
#![expect(clippy::unwrap_used, reason = "a bench may stop")]

mod measure;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use andon_approvals::{
    ActionDigest, ApprovalJournal, ApprovalRequest, ApprovalRow, Changed, DecisionPayload, Inserted,
    JoinRule, Outcome, OutcomeKind, Progress, SignedDecision, State, Verdict,
};
use andon_domain::audit::{AuditEvent, AuditOutcome};
use andon_domain::time::Deadline;
use andon_domain::{ApprovalId, CanonicalJson, OperationName, Risk, TenantId, Timestamp};
use andon_store::Store;
use measure::{Pair, Report};
use rusqlite::{Connection, params};
use serde_json::json;
use uuid::Uuid;

/// Transactions of one change.
const TRANSACTIONS: usize = 5;
/// Changes of one turn, and turns.
const CHANGES: usize = 20;
const TURNS: usize = 25;
/// A write-ahead log frame: page and header.
const FRAME: u64 = 4096 + 24;

fn main() -> ExitCode {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let frames = frames_a_commit(&runtime, &store, folder.path());
    let bare = Bare::open(folder.path(), frames);
    let mut turns = Vec::new();
    for _ in 0..TURNS {
        let started = Instant::now();
        for _ in 0..CHANGES {
            runtime.block_on(one_change(&*store.journal()));
        }
        let ours = started.elapsed().as_secs_f64();
        let started = Instant::now();
        for _ in 0..CHANGES * TRANSACTIONS {
            bare.commit();
        }
        turns.push((ours, started.elapsed().as_secs_f64()));
    }
    let count = (CHANGES * TRANSACTIONS) as f64;
    let pair = Pair::of(&turns);
    let mut report = Report::new("journal: request → decision → claim → dispatch → outcome, durable");
    report.line(
        "bytes of one commit",
        format_args!("{} ({frames} pages)", frames * FRAME),
    );
    report.line(
        "andon-store, transactions a second",
        format_args!("{:.0}", count / pair.ours),
    );
    report.line(
        "bare SQLite commits a second",
        format_args!("{:.0}", count / pair.baseline),
    );
    report.ratio("andon-store ÷ bare commits", 1.0 / pair.ratio, 0.5, true);
    drop(store);
    report.end()
}

/// Pages that one transaction of ours writes, from how the write-ahead log of a fresh journal grows.
fn frames_a_commit(runtime: &tokio::runtime::Runtime, store: &Arc<Store>, folder: &Path) -> u64 {
    let size = || std::fs::metadata(folder.join("journal.sqlite-wal")).map_or(0, |file| file.len());
    // Few enough that the log is not started over within them.
    let changes = 10;
    runtime.block_on(one_change(&*store.journal()));
    let before = size();
    for _ in 0..changes {
        runtime.block_on(one_change(&*store.journal()));
    }
    let grown = size() - before;
    assert!(grown > 0, "the write-ahead log must grow while it is measured");
    (grown / FRAME).div_ceil(changes * TRANSACTIONS as u64)
}

/// A file with the journal's settings and one table without index, trigger or check.
struct Bare {
    connection: Connection,
    body: Vec<u8>,
}

impl Bare {
    fn open(folder: &Path, frames: u64) -> Self {
        let connection = Connection::open(folder.join("bare.sqlite")).unwrap();
        connection
            .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE body (id INTEGER PRIMARY KEY, bytes BLOB)")
            .unwrap();
        // One page of the table's tree, the rest overflow pages of the row.
        let bytes = 4_000 * usize::try_from(frames).unwrap().saturating_sub(1).max(1);
        Self {
            connection,
            body: vec![7; bytes],
        }
    }

    fn commit(&self) {
        let mut insert = self
            .connection
            .prepare_cached("INSERT INTO body (bytes) VALUES (?1)")
            .unwrap();
        insert.execute(params![self.body]).unwrap();
    }
}

/// Takes a request through its whole life. Gives nothing back: what it may not do, it panics about.
async fn one_change(journal: &dyn ApprovalJournal) {
    let request = request();
    let rule = JoinRule {
        without_key_within: Duration::from_secs(600),
        most_pending: 10,
    };
    let asked = event(request.id, "approval.requested");
    let Inserted::New(row) = journal
        .insert(request, Progress::pending(deadline(300_000)), rule, asked)
        .await
        .unwrap()
    else {
        panic!("a fresh request is new");
    };
    let row = step(journal, row, "approval.approved", |row, progress| {
        progress.state = State::Approved;
        progress.decisions = vec![decision(&row.request)];
        progress.dispatch_after = Some(at(2_000));
        progress.execute_by = Some(deadline(60_000));
        progress.decided_at = Some(at(2_000));
    })
    .await;
    let row = step(journal, row, "approval.claimed", |_, progress| {
        progress.state = State::Claimed;
        progress.attempt = Some(Uuid::now_v7().to_string());
    })
    .await;
    let row = step(journal, row, "approval.dispatched", |_, progress| {
        progress.state = State::Dispatched;
    })
    .await;
    step(journal, row, "approval.succeeded", |_, progress| {
        progress.state = State::Succeeded;
        progress.outcome = Some(Outcome {
            kind: OutcomeKind::Executed,
            reference: Some("4500000123".to_owned()),
            message: "purchase order created: 4500000123".to_owned(),
            warnings: Vec::new(),
            detail: json!({"items": 2}),
            settled_by: None,
        });
        progress.settled_at = Some(at(9_000));
    })
    .await;
}

async fn step(
    journal: &dyn ApprovalJournal,
    row: ApprovalRow,
    action: &str,
    edit: impl FnOnce(&ApprovalRow, &mut Progress),
) -> ApprovalRow {
    let mut progress = row.progress.clone();
    edit(&row, &mut progress);
    let tenant = TenantId::default_tenant();
    match journal
        .change(
            &tenant,
            row.request.id,
            row.version,
            progress,
            event(row.request.id, action),
        )
        .await
        .unwrap()
    {
        Changed::Done(row) => row,
        Changed::Stale(row) => panic!("nobody else changes it: {row:?}"),
    }
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_782_000_000_000 + millis)
}

fn deadline(millis: i64) -> Deadline {
    Deadline {
        utc: at(millis),
        boot_ms: 5_000,
        boot_id: "0f9c2d5e-boot".to_owned(),
    }
}

fn event(subject: ApprovalId, action: &str) -> AuditEvent {
    AuditEvent {
        tenant: TenantId::default_tenant(),
        at: at(0),
        actor: "agent:procurement-agent".to_owned(),
        via: "gateway".to_owned(),
        action: action.to_owned(),
        subject: Some(subject.to_string()),
        outcome: AuditOutcome::Done,
        detail: json!({"operation": "sap.create_purchase_order", "risk": "high"}),
    }
}

fn request() -> ApprovalRequest {
    let parameters = json!({
        "company_code": "1000", "purchasing_organization": "1000", "purchasing_group": "001", "supplier": "0000100482",
        "currency": "EUR", "items": [
            {"material": "HX-220", "plant": "1010", "quantity": "10.000", "unit": "PC", "net_price": "12.34"},
            {"material": "HX-221", "plant": "1010", "quantity": "25.000", "unit": "PC", "net_price": "4.10"}],
    });
    let id = ApprovalId::from_uuid(Uuid::now_v7());
    let mut digest = [0; 32];
    digest[..16].copy_from_slice(Uuid::new_v4().as_bytes());
    ApprovalRequest {
        id,
        tenant: TenantId::default_tenant(),
        operation: OperationName::new("sap.create_purchase_order"),
        schema_version: 1,
        parameters: CanonicalJson::from_value(&parameters).unwrap(),
        digest: ActionDigest::from_bytes(digest),
        endpoint_fingerprint: [7; 32],
        policy_version: "2026-11-01".to_owned(),
        risk: Risk::High,
        risk_reasons: vec!["a write to SAP".to_owned()],
        quorum: 1,
        requested_by: "agent:procurement-agent".to_owned(),
        on_behalf_of: None,
        rationale: Some("stock of HX-220 falls below its reorder point within two days".to_owned()),
        idempotency_key: None,
        target_version: None,
        current: BTreeMap::new(),
        preconditions: Vec::new(),
        requested_at: at(1_000),
    }
}

fn decision(request: &ApprovalRequest) -> SignedDecision {
    SignedDecision {
        payload: DecisionPayload {
            approval_id: request.id,
            tenant: request.tenant.clone(),
            operation: request.operation.as_str().to_owned(),
            endpoint_fp: "07".repeat(32),
            action_digest: request.digest.to_string(),
            risk: request.risk,
            policy_version: request.policy_version.clone(),
            verdict: Verdict::Approve,
            operator_id: "ada".to_owned(),
            key_id: "0123456789abcdef".to_owned(),
            requested_by: request.requested_by.clone(),
            decided_at: at(2_000).millis(),
            execute_before: at(62_000).millis(),
            nonce: Uuid::new_v4().to_string(),
            reason: None,
        },
        signature: "ab".repeat(64),
    }
}
