//! Records to start from.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use andon_approvals::{
    ActionDigest, ApprovalRequest, DecisionPayload, JoinRule, Outcome, OutcomeKind, Precondition,
    PreconditionState, Progress, SignedDecision, Verdict,
};
use andon_domain::audit::{AuditEvent, AuditOutcome};
use andon_domain::time::Deadline;
use andon_domain::{ApprovalId, CanonicalJson, OperationName, Risk, TenantId, Timestamp};
use andon_store::Store;
use rusqlite::Connection;
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    pub(crate) fn open(&self) -> Arc<Store> {
        Store::open(self.0.path()).expect("the store opens")
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().to_owned()
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.0.path().join("journal.sqlite")
    }

    /// A connection that does not know our rules.
    pub(crate) fn raw(&self) -> Connection {
        let connection = Connection::open(self.journal()).expect("the journal is an SQLite file");
        connection.busy_timeout(Duration::from_secs(5)).expect("a number");
        connection
    }
}

pub(crate) fn tenant() -> TenantId {
    TenantId::default_tenant()
}

pub(crate) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_782_000_000_000 + millis)
}

pub(crate) fn event(action: &str, subject: &str) -> AuditEvent {
    AuditEvent {
        tenant: tenant(),
        at: at(0),
        actor: "person:ada".to_owned(),
        via: "window".to_owned(),
        action: action.to_owned(),
        subject: Some(subject.to_owned()),
        outcome: AuditOutcome::Done,
        detail: serde_json::json!({"rows": 3}),
    }
}

pub(crate) fn deadline(millis: i64) -> Deadline {
    Deadline {
        utc: at(millis),
        boot_ms: 5_000,
        boot_id: "boot".to_owned(),
    }
}

pub(crate) fn rule() -> JoinRule {
    JoinRule {
        without_key_within: Duration::from_secs(600),
        most_pending: 10,
    }
}

pub(crate) fn request(digest: u8) -> ApprovalRequest {
    ApprovalRequest {
        id: ApprovalId::from_uuid(Uuid::now_v7()),
        tenant: tenant(),
        operation: OperationName::new("sap.create_purchase_order"),
        schema_version: 3,
        parameters: CanonicalJson::parse(
            r#"{"quantity":"12.340","supplier":"0000100017","note":"\u20ac \u2028 é"}"#,
        )
        .expect("acceptable json"),
        digest: ActionDigest::from_bytes([digest; 32]),
        endpoint_fingerprint: [7; 32],
        policy_version: "2026-11-01".to_owned(),
        risk: Risk::High,
        risk_reasons: vec!["above 10,000 EUR".to_owned()],
        quorum: 1,
        requested_by: "agent:procurement-agent".to_owned(),
        on_behalf_of: Some("Ada".to_owned()),
        rationale: Some("stock is low\u{202e}".to_owned()),
        idempotency_key: None,
        target_version: Some("W/\"7\"".to_owned()),
        current: BTreeMap::from([("quantity".to_owned(), "1".to_owned())]),
        preconditions: vec![Precondition {
            rule: "sap-02".to_owned(),
            label: "the supplier exists".to_owned(),
            state: PreconditionState::Passed,
            detail: None,
        }],
        requested_at: at(1_000),
    }
}

pub(crate) fn pending() -> Progress {
    Progress::pending(deadline(300_000))
}

pub(crate) fn decision(request: &ApprovalRequest, nonce: &str) -> SignedDecision {
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
            key_id: "k1".to_owned(),
            requested_by: request.requested_by.clone(),
            decided_at: at(2_000).millis(),
            execute_before: at(62_000).millis(),
            nonce: nonce.to_owned(),
            reason: Some("fine".to_owned()),
        },
        signature: "ab".repeat(64),
    }
}

pub(crate) fn outcome() -> Outcome {
    Outcome {
        kind: OutcomeKind::Executed,
        reference: Some("4500000123".to_owned()),
        message: "created".to_owned(),
        warnings: vec!["price differs".to_owned()],
        detail: serde_json::json!({"year": 2026}),
        settled_by: None,
    }
}
