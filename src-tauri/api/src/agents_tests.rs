use std::collections::BTreeMap;

use andon_approvals::{
    ActionDigest, ApprovalRequest, DecisionPayload, Outcome, Precondition, PreconditionState, Progress,
    SignedDecision,
};
use andon_domain::time::{Deadline, Moment};
use andon_domain::{CanonicalJson, OperationName, Risk, TenantId};

use super::*;

const ASKED: i64 = 1_782_137_076_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(ASKED + seconds * 1_000)
}

fn row(risk: Risk, quorum: u32, state: State, votes: &[(&str, Verdict)]) -> ApprovalRow {
    let id = ApprovalId::parse(&"1".repeat(32)).unwrap();
    let tenant = TenantId::default_tenant();
    let request = ApprovalRequest {
        id,
        tenant: tenant.clone(),
        operation: OperationName::from("sap.create_purchase_order"),
        schema_version: 1,
        parameters: CanonicalJson::parse("{}").unwrap(),
        digest: ActionDigest::from_bytes([1; 32]),
        endpoint_fingerprint: [2; 32],
        policy_version: "1".to_owned(),
        risk,
        risk_reasons: Vec::new(),
        quorum,
        requested_by: "agent:buyer".to_owned(),
        on_behalf_of: None,
        rationale: None,
        idempotency_key: None,
        target_version: None,
        current: BTreeMap::new(),
        preconditions: vec![Precondition {
            rule: "sap-01".to_owned(),
            label: "supplier exists".to_owned(),
            state: PreconditionState::Passed,
            detail: None,
        }],
        requested_at: at(0),
    };
    let start = Moment {
        utc: at(0),
        boot_ms: 1,
        boot_id: "boot".to_owned(),
    };
    let mut progress = Progress::pending(Deadline::after(&start, Duration::from_secs(300)));
    progress.state = state;
    progress.decided_at = (state != State::Pending).then(|| at(40));
    progress.decisions = votes
        .iter()
        .map(|(who, verdict)| SignedDecision {
            payload: DecisionPayload {
                approval_id: id,
                tenant: tenant.clone(),
                operation: "sap.create_purchase_order".to_owned(),
                endpoint_fp: String::new(),
                action_digest: String::new(),
                risk,
                policy_version: "1".to_owned(),
                verdict: *verdict,
                operator_id: (*who).to_owned(),
                key_id: String::new(),
                requested_by: "agent:buyer".to_owned(),
                decided_at: at(40).millis(),
                execute_before: at(100).millis(),
                nonce: String::new(),
                reason: Some(format!("{who} says so")),
            },
            signature: String::new(),
        })
        .collect();
    ApprovalRow {
        request,
        progress,
        version: 1,
    }
}

fn told(row: &ApprovalRow) -> WriteAnswer {
    answer(row, &Roster::default(), at(90))
}

#[test]
fn the_first_vote_of_two_is_not_told() {
    let told = told(&row(
        Risk::Critical,
        2,
        State::Pending,
        &[("ada", Verdict::Approve)],
    ));
    assert_eq!(
        (told.status.as_str(), told.decision, told.reason),
        ("pending", None, None)
    );
    assert!(told.decided_by.is_empty());
    assert_eq!(
        (told.waited_ms, told.expires_at, told.retry_after_ms),
        (90_000, Some(at(300)), Some(RETRY_AFTER_MS))
    );
}

#[test]
fn what_people_decided_is_told_with_names_reason_and_time() {
    let denied = told(&row(Risk::High, 1, State::Denied, &[("ada", Verdict::Deny)]));
    assert_eq!(
        (denied.status.as_str(), denied.decision.as_deref()),
        ("denied", Some("denied"))
    );
    assert_eq!(
        (denied.decided_by, denied.reason.as_deref()),
        (vec!["ada".to_owned()], Some("ada says so"))
    );
    assert_eq!(
        (denied.waited_ms, denied.retry_after_ms, denied.expires_at),
        (40_000, None, None)
    );
    let votes = [("ada", Verdict::Approve), ("ben", Verdict::Approve)];
    let done = told(&row(Risk::Critical, 2, State::Succeeded, &votes));
    assert_eq!(
        (done.status.as_str(), done.decision.as_deref()),
        ("executed", Some("approved"))
    );
    assert_eq!(done.decided_by, ["ada", "ben"]);
}

#[test]
fn nobody_decided_what_expired_or_was_taken_back() {
    for (state, status) in [(State::Expired, "expired"), (State::Cancelled, "cancelled")] {
        let told = told(&row(Risk::High, 1, state, &[]));
        assert_eq!(
            (told.status.as_str(), told.decision, told.decided_by.len()),
            (status, None, 0)
        );
    }
}

#[test]
fn what_the_policy_approved_names_the_policy() {
    let told = told(&row(Risk::Low, 0, State::Succeeded, &[]));
    assert_eq!(
        (told.decision.as_deref(), told.decided_by),
        (Some("approved"), vec!["policy".to_owned()])
    );
}

#[test]
fn each_end_has_its_word_and_only_a_success_is_none_of_error() {
    for (state, kind, status, is_error) in [
        (State::Pending, None, "pending", false),
        (State::Approved, None, "pending", false),
        (State::Claimed, None, "pending", false),
        (State::Dispatched, None, "pending", false),
        (State::Succeeded, Some(OutcomeKind::Executed), "executed", false),
        (
            State::Failed,
            Some(OutcomeKind::RefusedBySystem),
            "refused_by_system",
            true,
        ),
        (State::Failed, Some(OutcomeKind::NotSent), "not_sent", true),
        (State::Unknown, Some(OutcomeKind::Unknown), "unknown", true),
        (State::Denied, None, "denied", true),
        (State::Expired, None, "expired", true),
        (State::Cancelled, None, "cancelled", true),
    ] {
        let mut row = row(Risk::High, 1, state, &[]);
        row.progress.outcome = kind.map(|kind| Outcome {
            kind,
            reference: Some("4500000042".to_owned()),
            message: "how it went".to_owned(),
            warnings: vec!["odd".to_owned()],
            detail: Value::Null,
            settled_by: None,
        });
        let told = told(&row);
        assert_eq!((told.status.as_str(), told.is_error()), (status, is_error));
        assert_eq!(told.is_final(), status != "pending");
        assert_eq!(told.reference.is_some(), kind.is_some());
        assert!(!told.note.is_empty());
    }
}
