//! What the file itself refuses, what is found when it was changed behind our back, and that no change stands without its
//! audit event.

use andon_approvals::State;
use andon_domain::PortErrorKind;

use crate::approvals::{change, insert};
use crate::arrange::{Folder, decision, event, tenant};

#[tokio::test]
async fn triggers_refuse_to_change_or_remove_what_was_asked_decided_and_audited() {
    let folder = Folder::new();
    let store = folder.open();
    let journal = store.journal();
    let row = insert(journal.as_ref(), 1).await;
    let mut progress = row.progress.clone();
    progress.decisions = vec![decision(&row.request, "n1")];
    change(journal.as_ref(), &row, progress).await;
    let raw = folder.raw();
    let facts = [
        "id",
        "tenant",
        "operation",
        "schema_version",
        "parameters",
        "digest",
        "endpoint_fingerprint",
        "policy_version",
        "risk",
        "risk_reasons",
        "quorum",
        "requested_by",
        "on_behalf_of",
        "rationale",
        "idempotency_key",
        "target_version",
        "current_values",
        "preconditions",
        "requested_at",
    ];
    for column in facts {
        let sql = format!("UPDATE approvals SET {column} = {column}, version = version + 1");
        let error = raw.execute(&sql, []).expect_err(column).to_string();
        assert!(error.contains("facts of a request"), "{column}: {error}");
    }
    for sql in [
        "UPDATE approvals SET state = 'approved'",
        "DELETE FROM approvals",
        "INSERT OR REPLACE INTO approvals SELECT * FROM approvals",
        "UPDATE decisions SET signature = ''",
        "DELETE FROM decisions",
        "INSERT OR REPLACE INTO decisions SELECT * FROM decisions",
        "UPDATE audit SET event = event",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit (tenant, sequence, previous_hash, hash, event) \
         SELECT tenant, sequence, previous_hash, hash, event FROM audit",
        "UPDATE audit_logs SET sequence = 0",
        "UPDATE audit_logs SET log_id = randomblob(16), sequence = sequence + 1",
        "DELETE FROM audit_logs",
        "INSERT OR REPLACE INTO audit_logs SELECT * FROM audit_logs",
    ] {
        assert!(raw.execute(sql, []).is_err(), "must be refused: {sql}");
    }
    assert_eq!(
        journal
            .get(&tenant(), row.request.id)
            .await
            .unwrap()
            .map(|r| r.version),
        Some(2)
    );
}

#[tokio::test]
async fn a_row_that_is_not_byte_for_byte_what_was_written_is_named_and_not_given_out() {
    let folder = Folder::new();
    let store = folder.open();
    let journal = store.journal();
    let row = insert(journal.as_ref(), 1).await;
    let raw = folder.raw();
    raw.execute_batch("DROP TRIGGER approvals_facts_stay; DROP TRIGGER approvals_count_up")
        .unwrap();
    for parameters in [
        r#"{"a":1, "b":2}"#,
        r#"{"b":2,"a":1}"#,
        r#"{"a":1,"a":1}"#,
        r#"{"a":1.5}"#,
        "not json",
    ] {
        raw.execute("UPDATE approvals SET parameters = ?1", [parameters])
            .unwrap();
        let error = journal.get(&tenant(), row.request.id).await.unwrap_err();
        assert_eq!(error.kind, PortErrorKind::Protocol, "{parameters}");
        assert!(
            error.message.ends_with(&row.request.id.to_string()),
            "the row is named: {error}"
        );
    }
}

#[tokio::test]
async fn a_change_whose_audit_event_cannot_be_written_is_not_made() {
    let folder = Folder::new();
    let store = folder.open();
    let journal = store.journal();
    let row = insert(journal.as_ref(), 1).await;
    let stop = "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'disk full'); END";
    folder.raw().execute_batch(stop).unwrap();
    let mut progress = row.progress.clone();
    progress.state = State::Approved;
    let error = journal
        .change(&tenant(), row.request.id, 1, progress.clone(), event("x", "x"))
        .await
        .unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Unavailable);
    assert!(
        !error.message.contains("disk full") && error.detail.contains("disk full"),
        "the detail is for the log"
    );
    assert_eq!(
        journal
            .get(&tenant(), row.request.id)
            .await
            .unwrap()
            .map(|r| r.progress.state),
        Some(State::Pending),
        "no change of state without its audit event"
    );
    folder.raw().execute_batch("DROP TRIGGER full").unwrap();
    change(journal.as_ref(), &row, progress).await;
}
