//! A request that two admins could decide, and everything around it, for the tests of this crate.

use std::collections::BTreeMap;
use std::time::Duration;

use andon_domain::time::{Deadline, Moment};
use andon_domain::{
    ApprovalId, CanonicalJson, Class, Money, OperationName, Risk, Role, TenantId, Timestamp, UserId,
    operations,
};
use ed25519_dalek::SigningKey;
use serde_json::{Value, json};

use crate::*;

pub(crate) const NOW: i64 = 1_782_137_076_000;
pub(crate) const ENDPOINT: [u8; 32] = [7; 32];

pub(crate) fn money(amount: &str, currency: &str) -> Money {
    Money {
        amount: amount.parse().unwrap(),
        currency: currency.to_owned(),
    }
}

pub(crate) fn policy() -> RiskPolicy {
    RiskPolicy {
        medium_below: money("1000", "EUR"),
        critical_above: money("100000", "EUR"),
        cycle_target_band_percent: andon_domain::Amount::from(5),
        auto_approve_low: true,
        decide_within: Duration::from_secs(300),
        execute_within: Duration::from_secs(60),
    }
}

pub(crate) fn moment(millis: i64) -> Moment {
    Moment {
        utc: Timestamp::from_millis(millis),
        boot_ms: u64::try_from(millis - NOW + 1_000_000).unwrap(),
        boot_id: "boot".to_owned(),
    }
}

pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

pub(crate) fn person(id: &str, role: Role, seed: u8) -> Person {
    Person {
        id: UserId::from(id),
        name: id.to_owned(),
        role,
        clearance: Class::default_clearance(role),
        tenants: vec![TenantId::default_tenant()],
        key: public_key(&key(seed)),
        valid_from: Timestamp::from_millis(NOW - 1_000_000),
        revoked_at: None,
        is_demo: false,
    }
}

pub(crate) fn roster() -> Roster {
    let people = vec![
        person("ada", Role::Admin, 1),
        person("ben", Role::Admin, 2),
        person("cleo", Role::Operator, 3),
        person("dan", Role::Viewer, 4),
    ];
    Roster { people }
}

pub(crate) fn order(price: &str) -> Value {
    json!({"company_code":"1000","purchasing_organization":"1000","purchasing_group":"001","supplier":"0000100482",
        "currency":"EUR","items":[{"material":"HX-220","plant":"1010","quantity":"1","unit":"PC","net_price":price}]})
}

pub(crate) fn parameters(value: &Value) -> CanonicalJson {
    (operations::find("sap.create_purchase_order").unwrap().validate)(value).unwrap()
}

pub(crate) fn digest_of(request: &ApprovalRequest) -> ActionDigest {
    action_digest(&Action {
        operation: &request.operation,
        schema_version: request.schema_version,
        requested_by: &request.requested_by,
        on_behalf_of: request.on_behalf_of.as_deref(),
        tenant: &request.tenant,
        endpoint_fingerprint: &request.endpoint_fingerprint,
        parameters: &request.parameters,
        target_version: request.target_version.as_deref(),
        policy_version: &request.policy_version,
    })
    .unwrap()
}

/// A waiting request for an order of this value, judged as the policy judges it.
pub(crate) fn waiting(price: &str) -> ApprovalRow {
    let operation = operations::find("sap.create_purchase_order").unwrap();
    let parameters = parameters(&order(price));
    let description = operation.describe.unwrap()(&parameters).unwrap();
    let assessment = policy().assess(operation, &description, 0);
    let mut request = ApprovalRequest {
        id: ApprovalId::parse("01900000-0000-7000-8000-000000000001").unwrap(),
        tenant: TenantId::default_tenant(),
        operation: OperationName::from("sap.create_purchase_order"),
        schema_version: 1,
        parameters,
        digest: ActionDigest::from_bytes([0; 32]),
        endpoint_fingerprint: ENDPOINT,
        policy_version: policy().version(),
        risk: assessment.risk,
        risk_reasons: assessment.reasons,
        quorum: assessment.risk.quorum(),
        requested_by: "agent:buyer".to_owned(),
        on_behalf_of: Some("Ben of purchasing".to_owned()),
        rationale: Some("stock is low".to_owned()),
        idempotency_key: None,
        target_version: Some("v1".to_owned()),
        current: BTreeMap::new(),
        preconditions: Vec::new(),
        requested_at: Timestamp::from_millis(NOW - 10_000),
    };
    request.digest = digest_of(&request);
    let progress = Progress::pending(Deadline::after(&moment(NOW), Duration::from_secs(300)));
    ApprovalRow {
        request,
        progress,
        version: 1,
    }
}

/// What this person would sign.
pub(crate) fn payload(row: &ApprovalRow, who: &str, seed: u8) -> DecisionPayload {
    let request = &row.request;
    DecisionPayload {
        approval_id: request.id,
        tenant: request.tenant.clone(),
        operation: request.operation.to_string(),
        endpoint_fp: andon_domain::canonical::hex(&request.endpoint_fingerprint),
        action_digest: request.digest.to_string(),
        risk: request.risk,
        policy_version: request.policy_version.clone(),
        verdict: Verdict::Approve,
        operator_id: who.to_owned(),
        key_id: public_key(&key(seed)).key_id,
        requested_by: request.requested_by.clone(),
        decided_at: NOW,
        execute_before: NOW + 60_000,
        nonce: format!("{seed:032x}"),
        reason: Some("checked against the frame contract".to_owned()),
    }
}

pub(crate) fn vote(row: &ApprovalRow, who: &str, seed: u8) -> SignedDecision {
    sign(payload(row, who, seed), &key(seed)).unwrap()
}

/// A request that was approved by `voters` and is being sent.
pub(crate) fn dispatched(price: &str, voters: &[(&str, u8)]) -> ApprovalRow {
    let mut row = waiting(price);
    row.progress.decisions = voters.iter().map(|(who, seed)| vote(&row, who, *seed)).collect();
    row.progress.state = State::Dispatched;
    row.progress.attempt = Some("attempt-1".to_owned());
    row.progress.decided_at = Some(Timestamp::from_millis(NOW));
    row.progress.execute_by = Some(Deadline::after(&moment(NOW), Duration::from_secs(60)));
    row
}

/// The last check before sending, one second after the decision.
pub(crate) fn check(row: &ApprovalRow) -> Result<(), DispatchRefusal> {
    verify_for_dispatch(row, &roster(), &policy(), &ENDPOINT, &moment(NOW + 1_000))
}

pub(crate) const HIGH: &str = "5000";
pub(crate) const CRITICAL: &str = "250000";

#[test]
fn the_cases_have_the_risk_they_are_named_after() {
    assert_eq!(
        (waiting(HIGH).request.risk, waiting(CRITICAL).request.risk),
        (Risk::High, Risk::Critical)
    );
}
