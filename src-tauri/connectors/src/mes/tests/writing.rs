//! Commands: what is asked before, what is sent, what each answer means, and how a lost one is found again.

use andon_approvals::{
    Action, ApplyOutcome, ApprovalRequest, ApprovalRow, ApprovedChange, ChangeReference, DecisionPayload,
    Person, Precondition, PreconditionState, Progress, Reconciled, RiskPolicy, Roster, State, Verdict,
    action_digest, new_signing_key, public_key, sign,
};
use andon_domain::time::Deadline;
use andon_domain::{Amount, ApprovalId, Class, Ids, Money, OperationName, Risk, Role, TenantId, UserId};

use super::*;

const HOLD: &str = "mes.hold_production_order";
const RELEASE: &str = "mes.release_production_order";
const CYCLE: &str = "mes.set_cycle_target";

fn change_of(order: &str, version: i64) -> Value {
    json!({"order_id": order, "version": version, "reason": "tool \"T 4\" broke"})
}

fn cycle(now: &str) -> Value {
    json!({"machine_id": "M/7", "version": 12, "current_cycle_s": now, "cycle_s": "38.50", "reason": "new bearing"})
}

fn press() -> Value {
    with(machine("M/7", 12), &json!({"cycle": {"planned_s": 40.0}}))
}

fn operation(mes: &Arc<Mes>, name: &str) -> Arc<dyn WriteOperation> {
    match name {
        HOLD => mes.hold_production_order(),
        RELEASE => mes.release_production_order(),
        _ => mes.set_cycle_target(),
    }
}

/// One signing key for every test.
struct OneKey;

impl Ids for OneKey {
    fn uuid(&self) -> uuid::Uuid {
        uuid::Uuid::from_u128(1)
    }

    fn random(&self, buffer: &mut [u8]) {
        buffer.fill(1);
    }
}

/// A request on its way: approved by the one person of [`roster`] and marked as dispatched.
fn row(name: &str, value: &Value, fingerprint: [u8; 32]) -> ApprovalRow {
    let (tenant, operation) = (TenantId::default_tenant(), OperationName::from(name));
    let parameters = parameters(name, value);
    let digest = action_digest(&Action {
        operation: &operation,
        schema_version: 1,
        requested_by: "agent:a",
        on_behalf_of: None,
        tenant: &tenant,
        endpoint_fingerprint: &fingerprint,
        parameters: &parameters,
        target_version: None,
        policy_version: "1",
    })
    .unwrap();
    let request = ApprovalRequest {
        id: ApprovalId::from_uuid(uuid::Uuid::from_u128(7)),
        tenant,
        operation,
        schema_version: 1,
        parameters,
        digest,
        endpoint_fingerprint: fingerprint,
        policy_version: "1".to_owned(),
        risk: Risk::Medium,
        risk_reasons: Vec::new(),
        quorum: 1,
        requested_by: "agent:a".to_owned(),
        on_behalf_of: None,
        rationale: None,
        idempotency_key: None,
        target_version: None,
        current: std::collections::BTreeMap::new(),
        preconditions: Vec::new(),
        requested_at: noon().now(),
    };
    let later = Deadline::after(&noon().moment(), Duration::from_secs(60));
    let mut progress = Progress::pending(later.clone());
    progress.state = State::Dispatched;
    progress.execute_by = Some(later);
    progress.attempt = Some("1".to_owned());
    let (key, now) = (new_signing_key(&OneKey).0, noon().now());
    let payload = DecisionPayload {
        approval_id: request.id,
        tenant: request.tenant.clone(),
        operation: request.operation.to_string(),
        endpoint_fp: andon_domain::canonical::hex(&fingerprint),
        action_digest: request.digest.to_string(),
        risk: request.risk,
        policy_version: request.policy_version.clone(),
        verdict: Verdict::Approve,
        operator_id: "ada".to_owned(),
        key_id: public_key(&key).key_id,
        requested_by: request.requested_by.clone(),
        decided_at: now.millis(),
        execute_before: now.millis() + 60_000,
        nonce: "0".repeat(32),
        reason: None,
    };
    progress.decisions = vec![sign(payload, &key).unwrap()];
    ApprovalRow {
        request,
        progress,
        version: 3,
    }
}

fn roster() -> Roster {
    let ada = Person {
        id: UserId::from("ada"),
        name: "Ada".to_owned(),
        role: Role::Operator,
        clearance: Class::BusinessSensitive,
        tenants: vec![TenantId::default_tenant()],
        key: public_key(&new_signing_key(&OneKey).0),
        valid_from: noon().now(),
        revoked_at: None,
        is_demo: false,
    };
    Roster { people: vec![ada] }
}

fn policy() -> RiskPolicy {
    let limit = |amount: i64| Money {
        amount: Amount::from(amount),
        currency: "EUR".to_owned(),
    };
    RiskPolicy {
        medium_below: limit(100),
        critical_above: limit(10_000),
        cycle_target_band_percent: Amount::from(1),
        auto_approve_low: false,
        decide_within: Duration::from_secs(300),
        execute_within: Duration::from_secs(60),
    }
}

async fn apply(mes: &Arc<Mes>, name: &str, value: &Value) -> ApplyOutcome {
    let write = operation(mes, name);
    let fingerprint = write.endpoint_fingerprint();
    let row = row(name, value, fingerprint);
    let change =
        ApprovedChange::from_dispatched(&row, &roster(), &policy(), &fingerprint, &noon().moment()).unwrap();
    write.apply(change).await
}

async fn reconcile(mes: &Arc<Mes>, name: &str, value: &Value) -> Result<Reconciled, PortError> {
    let write = operation(mes, name);
    let row = row(name, value, write.endpoint_fingerprint());
    write.reconcile(&ChangeReference::of(&row)).await
}

async fn check(mes: &Arc<Mes>, name: &str, value: &Value) -> Vec<Precondition> {
    operation(mes, name)
        .check(&parameters(name, value))
        .await
        .unwrap()
}

/// The first thing against it; empty when nothing is.
fn against(checks: &[Precondition]) -> &str {
    let failed = checks
        .iter()
        .find(|check| check.state == PreconditionState::Failed);
    failed.map_or("", |check| check.detail.as_deref().unwrap())
}

fn key() -> String {
    uuid::Uuid::from_u128(7).to_string()
}

fn told(status: &str, more: &Value) -> Reply {
    let body = json!({"id": key(), "command": "hold", "target": "PO 1", "status": status, "at": "2026-06-22T12:00:00Z"});
    Reply::json(200, &with(body, more))
}

#[tokio::test]
async fn an_order_can_be_held_only_where_and_as_it_was_seen() {
    let server = announcing(&ALL, |seen| match seen.path.as_str() {
        // Only some MES have an address for one order.
        "/api/v1/production-orders" => page(&[
            order("PO 1", "active", 4),
            order("PO-2", "paused", 4),
            with(order("PO-3", "released", 4), &json!({"version": "4"})),
            order("PO-4", "Gesperrt", 4),
        ]),
        _ => not_found(),
    })
    .await;
    let mes = mes(&server);
    for (name, order, version, reason) in [
        (HOLD, "PO 1", 4, ""),
        (RELEASE, "PO-2", 4, ""),
        (HOLD, "PO 1", 3, "it has been changed since: its version is 4 now"),
        (HOLD, "PO-2", 4, "it is paused"),
        (RELEASE, "PO 1", 4, "it is active"),
        (HOLD, "PO-3", 4, "the MES does not tell its version"),
        (HOLD, "PO-4", 4, "it is in a state unknown here: Gesperrt"),
        (HOLD, "PO-9", 4, "the MES has no such order"),
        (HOLD, "..", 4, "the MES has no such order"),
    ] {
        let checks = check(&mes, name, &change_of(order, version)).await;
        assert_eq!(against(&checks), reason, "{name} {order} {version}");
    }
    let wanted = parameters(HOLD, &change_of("PO 1", 4));
    let current = mes.hold_production_order().current(&wanted).await.unwrap();
    assert_eq!(
        (
            current.values["status"].as_str(),
            current.target_version.as_deref()
        ),
        ("active", Some("4"))
    );
    assert_eq!(server.count("POST"), 0, "checks read only");
}

#[tokio::test]
async fn one_order_is_read_at_its_own_address_where_there_is_one() {
    let server = announcing(&ALL, |seen| match seen.path.as_str() {
        "/api/v1/production-orders/PO%201" => Reply::json(200, &order("PO 1", "active", 4)),
        other => panic!("{other}"),
    })
    .await;
    assert_eq!(
        against(&check(&mes(&server), HOLD, &change_of("PO 1", 4)).await),
        ""
    );
}

#[tokio::test]
async fn a_cycle_target_is_judged_from_the_machines_own_cycle() {
    let server = announcing(&ALL, |seen| match seen.path.as_str() {
        "/api/v1/machines/M%2F7" => Reply::json(200, &press()),
        _ => not_found(),
    })
    .await;
    let mes = mes(&server);
    assert_eq!(
        against(&check(&mes, CYCLE, &cycle("40.000")).await),
        "",
        "equal as numbers"
    );
    assert_eq!(
        against(&check(&mes, CYCLE, &cycle("38.6")).await),
        "it is 40.0 s now",
        "a small step from an invented cycle would pass without a person"
    );
    let elsewhere = with(cycle("40"), &json!({"machine_id": "M-8"}));
    assert_eq!(
        against(&check(&mes, CYCLE, &elsewhere).await),
        "the MES has no such machine"
    );
    let status = with(cycle("40"), &json!({"machine_id": "status"}));
    assert_eq!(
        against(&check(&mes, CYCLE, &status).await),
        "the MES has no such machine"
    );
    let wanted = parameters(CYCLE, &cycle("40"));
    let current = mes.set_cycle_target().current(&wanted).await.unwrap();
    assert_eq!(current.values["cycle_s"], "40.0 s");
}

#[tokio::test]
async fn a_mes_that_announces_no_commands_is_read_only() {
    let server = announcing(&["production-orders", "machines/status"], |_| {
        panic!("not to be asked")
    })
    .await;
    let mes = mes(&server);
    for (name, value) in [(HOLD, change_of("PO 1", 4)), (CYCLE, cycle("40"))] {
        assert_eq!(
            against(&check(&mes, name, &value).await),
            "it is read-only: it does not announce commands"
        );
    }
}

#[tokio::test]
async fn a_command_goes_out_once_with_key_version_and_the_approved_digits() {
    let server = announcing(&ALL, |seen| match seen.path.as_str() {
        "/api/v1/production-orders/PO%201/hold" => Reply::json(200, &order("PO 1", "paused", 5)),
        "/api/v1/machines/M%2F7/cycle-target" => Reply::json(
            200,
            &with(machine("M/7", 13), &json!({"cycle": {"planned_s": 38.5}})),
        ),
        other => panic!("{other}"),
    })
    .await;
    let mes = mes(&server);
    let ApplyOutcome::Succeeded(held) = apply(&mes, HOLD, &change_of("PO 1", 4)).await else {
        panic!("not held")
    };
    assert_eq!(
        (held.reference.as_str(), held.message.as_str()),
        ("PO 1", "Production order PO 1 is paused in the MES, at version 5")
    );
    let ApplyOutcome::Succeeded(set) = apply(&mes, CYCLE, &cycle("40")).await else {
        panic!("not set")
    };
    assert_eq!(
        set.message,
        "Machine M/7 is planned with 38.5 s per piece in the MES, at version 13"
    );
    let seen = asked(&server);
    assert_eq!(seen.len(), 2);
    let [hold, target] = &seen[..] else { panic!("two") };
    assert_eq!(
        (
            hold.method.as_str(),
            hold.header("idempotency-key"),
            hold.header("if-match")
        ),
        ("POST", key().as_str(), "\"4\"")
    );
    assert_eq!(hold.header("authorization"), "Bearer token");
    assert_eq!(hold.body, r#"{"reason":"tool \"T 4\" broke"}"#);
    assert_eq!(target.body, r#"{"cycle_s":38.50,"reason":"new bearing"}"#);
    assert_eq!(target.header("if-match"), "\"12\"");
}

#[tokio::test]
async fn a_refusal_comes_in_the_mes_own_words_and_nothing_is_asked_again() {
    for status in [400, 403, 404, 409, 412, 422, 428, 429] {
        let server = announcing(&ALL, move |_| {
            Reply::json(
                status,
                &json!({"title": "No", "detail": "PO 1 is locked by planning"}),
            )
        })
        .await;
        let ApplyOutcome::Refused { code, message } = apply(&mes(&server), HOLD, &change_of("PO 1", 4)).await
        else {
            panic!("{status}")
        };
        assert_eq!(
            (code, message.as_str()),
            (status.to_string(), "PO 1 is locked by planning")
        );
        assert_eq!(asked(&server).len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_is_not_sent_again() {
    let server = announcing(&ALL, |seen| match seen.method.as_str() {
        "POST" => Reply::Cut,
        _ => not_found(),
    })
    .await;
    let outcome = apply(&mes(&server), HOLD, &change_of("PO 1", 4)).await;
    let ApplyOutcome::Unknown(error) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(error.kind, PortErrorKind::OutcomeUnknown);
    assert_eq!(server.count("POST"), 1);
}

#[tokio::test]
async fn what_surely_did_not_reach_the_mes_is_not_sent() {
    let gone =
        Stranger::start(|_| Reply::json(200, &json!({"status": "ok", "capabilities": ["commands"]})).leave())
            .await;
    let connection = mes(&gone);
    connection.check().await;
    let outcome = apply(&connection, HOLD, &change_of("PO 1", 4)).await;
    assert!(matches!(outcome, ApplyOutcome::NotSent(_)), "{outcome:?}");
    let refused = announcing(&ALL, |_| Reply::with(401, &[("www-authenticate", "Bearer")], "")).await;
    let outcome = apply(&mes(&refused), HOLD, &change_of("PO 1", 4)).await;
    assert!(matches!(outcome, ApplyOutcome::NotSent(_)), "{outcome:?}");
    let server = announcing(&ALL, |_| panic!("not to be asked")).await;
    let outcome = apply(&mes(&server), HOLD, &change_of("..", 4)).await;
    assert!(
        matches!(outcome, ApplyOutcome::NotSent(_)),
        "a key that would lead elsewhere: {outcome:?}"
    );
}

#[tokio::test]
async fn a_failing_server_is_asked_once_what_it_did() {
    for status in [202, 302, 408, 500, 502, 503, 504] {
        for (memory, wanted) in [
            ("done", "succeeded"),
            ("refused", "refused"),
            ("working", "unknown"),
            ("nothing", "unknown"),
            ("another", "unknown"),
        ] {
            let server = announcing(&ALL, move |seen| {
                if seen.method == "POST" {
                    return Reply::with(status, &[("retry-after", "1")], "");
                }
                assert_eq!(seen.path, format!("/api/v1/commands/{}", key()));
                match memory {
                    "done" => told("done", &json!({"record": order("PO 1", "paused", 5)})),
                    "refused" => told(
                        "refused",
                        &json!({"problem": {"status": 409, "detail": "locked"}}),
                    ),
                    "another" => told("done", &json!({"target": "PO-2"})),
                    "working" => told("working", &json!({})),
                    _ => not_found(),
                }
            })
            .await;
            let outcome = match apply(&mes(&server), HOLD, &change_of("PO 1", 4)).await {
                ApplyOutcome::Succeeded(_) => "succeeded",
                ApplyOutcome::Refused { code, message } => {
                    assert_eq!((code.as_str(), message.as_str()), ("409", "locked"));
                    "refused"
                }
                ApplyOutcome::NotSent(_) => "not sent",
                ApplyOutcome::Unknown(_) => "unknown",
            };
            assert_eq!((outcome, server.count("POST")), (wanted, 1), "{status} {memory}");
        }
    }
}

#[tokio::test]
async fn a_success_without_the_changed_record_is_no_proof() {
    for body in ["", "<html>", "{\"id\":\"PO-2\",\"version\":5}"] {
        let server = announcing(&ALL, move |seen| match seen.method.as_str() {
            "POST" => Reply::with(200, &[], body),
            _ => not_found(),
        })
        .await;
        let outcome = apply(&mes(&server), HOLD, &change_of("PO 1", 4)).await;
        assert!(matches!(outcome, ApplyOutcome::Unknown(_)), "{body}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_lost_command_is_found_again_by_its_key() {
    let server = announcing(&ALL, |_| {
        told("done", &json!({"record": order("PO 1", "paused", 5)}))
    })
    .await;
    let Reconciled::Found(receipt) = reconcile(&mes(&server), HOLD, &change_of("PO 1", 4))
        .await
        .unwrap()
    else {
        panic!("not found")
    };
    assert_eq!(receipt.reference, "PO 1");
    let server = announcing(&ALL, |_| {
        told("refused", &json!({"problem": {"detail": "locked"}}))
    })
    .await;
    let found = reconcile(&mes(&server), HOLD, &change_of("PO 1", 4))
        .await
        .unwrap();
    assert!(
        matches!(&found, Reconciled::Refused { message, .. } if message == "locked"),
        "{found:?}"
    );
    let server = announcing(&ALL, |_| not_found()).await;
    let found = reconcile(&mes(&server), HOLD, &change_of("PO 1", 4))
        .await
        .unwrap();
    assert!(matches!(found, Reconciled::NotFound), "{found:?}");
}

#[tokio::test]
async fn where_the_mes_forgets_commands_the_record_is_read_and_people_judge() {
    for (version, found) in [(4, true), (5, false)] {
        let server = announcing(&ALL, move |seen| match seen.path.as_str() {
            "/api/v1/production-orders/PO%201" => Reply::json(200, &order("PO 1", "paused", version)),
            _ => Reply::json(405, &json!({"title": "Method Not Allowed"})),
        })
        .await;
        match reconcile(&mes(&server), HOLD, &change_of("PO 1", 4)).await {
            Ok(Reconciled::NotFound) => assert!(found, "an unchanged version"),
            Err(error) => {
                assert!(!found);
                assert!(
                    error.message.contains("is paused in the MES, at version 5"),
                    "{error}"
                );
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn another_address_or_user_is_another_place_to_write_to() {
    let (one, two) = (
        announcing(&ALL, |_| not_found()).await,
        announcing(&ALL, |_| not_found()).await,
    );
    let print = |mes: &Arc<Mes>| mes.hold_production_order().endpoint_fingerprint();
    let basic = |user: &str| AuthKind::Basic {
        username: user.to_owned(),
    };
    let prints = [
        print(&mes(&one)),
        print(&mes(&two)),
        print(&mes_as(&one, |config| config.endpoint.set_path("/plant-2"))),
        print(&mes_as(&one, |config| config.auth = basic("ADA"))),
        print(&mes_as(&one, |config| config.auth = basic("BOB"))),
    ];
    let different: std::collections::BTreeSet<_> = prints.iter().collect();
    assert_eq!(different.len(), prints.len());
    assert_eq!(print(&mes(&one)), prints[0], "and the same place is the same");
}
