use std::time::Duration;

use std::collections::BTreeSet;

use super::*;
use crate::testing::*;
use andon_domain::Role;
use andon_domain::time::Deadline;
use serde_json::json;

const ONE: &[(&str, u8)] = &[("cleo", 3)];
const TWO: &[(&str, u8)] = &[("ada", 1), ("ben", 2)];

#[test]
fn what_enough_people_approved_may_be_sent() {
    assert_eq!(check(&dispatched(HIGH, ONE)), Ok(()));
    assert_eq!(check(&dispatched(CRITICAL, TWO)), Ok(()));
    let row = dispatched(HIGH, ONE);
    let change =
        ApprovedChange::from_dispatched(&row, &roster(), &policy(), &ENDPOINT, &moment(NOW)).unwrap();
    assert_eq!(change.parameters().as_str(), row.request.parameters.as_str());
    assert_eq!(
        (change.approval(), change.digest()),
        (row.request.id, row.request.digest)
    );
    assert_eq!(change.external_reference(), external_reference(row.request.id));
}

#[test]
fn only_what_the_journal_calls_dispatched_becomes_a_change() {
    for state in State::ALL {
        let mut row = dispatched(HIGH, ONE);
        row.progress.state = state;
        let made = ApprovedChange::from_dispatched(&row, &roster(), &policy(), &ENDPOINT, &moment(NOW));
        assert_eq!(made.is_ok(), state == State::Dispatched, "{state:?}");
    }
    let mut row = dispatched(HIGH, ONE);
    row.progress.attempt = None;
    let made = ApprovedChange::from_dispatched(&row, &roster(), &policy(), &ENDPOINT, &moment(NOW));
    assert_eq!(made.err(), Some(DispatchRefusal::NotDispatched));
}

/// One change to a row that people approved.
type Tamper = fn(&mut ApprovalRequest);

const TAMPERS: &[(&str, Tamper)] = &[
    ("parameters", |r| r.parameters = parameters(&order("5001"))),
    ("parameters in another form", |r| {
        r.parameters = CanonicalJson::from_value(&order(HIGH)).unwrap();
    }),
    ("operation", |r| {
        r.operation = OperationName::from("sap.get_inventory");
    }),
    ("schema version", |r| r.schema_version = 2),
    ("tenant", |r| r.tenant = TenantId::from("other")),
    ("endpoint", |r| r.endpoint_fingerprint[0] ^= 1),
    ("policy version", |r| r.policy_version.push(' ')),
    ("requester", |r| r.requested_by = "agent:other".to_owned()),
    ("on behalf of", |r| r.on_behalf_of = None),
    ("target version", |r| r.target_version = Some("v2".to_owned())),
    ("id", |r| {
        r.id = ApprovalId::parse("01900000-0000-7000-8000-000000000002").unwrap();
    }),
    ("digest", |r| r.digest = ActionDigest::from_bytes([1; 32])),
    ("risk down", |r| r.risk = Risk::Medium),
    ("risk up", |r| r.risk = Risk::Critical),
    ("lowest risk, no quorum", |r| (r.risk, r.quorum) = (Risk::Low, 0)),
    ("no quorum", |r| r.quorum = 0),
    ("higher quorum", |r| r.quorum = 2),
    ("time of request", |r| {
        r.requested_at = Timestamp::from_millis(NOW + 1);
    }),
];

#[test]
fn a_row_changed_after_it_was_approved_is_not_sent() {
    for (what, tamper) in TAMPERS {
        let mut row = dispatched(HIGH, ONE);
        tamper(&mut row.request);
        assert!(check(&row).is_err(), "{what}, digest left");
    }
}

#[test]
fn a_new_digest_over_a_changed_row_does_not_help() {
    for (what, tamper) in TAMPERS {
        let mut row = dispatched(HIGH, ONE);
        tamper(&mut row.request);
        row.request.digest = digest_of(&row.request);
        let only_restored = *what == "digest";
        assert_eq!(check(&row).is_ok(), only_restored, "{what}, digest made again");
    }
}

#[test]
fn a_forged_low_row_never_carries_a_bigger_order() {
    for price in ["500", HIGH, CRITICAL] {
        let mut row = dispatched(price, &[]);
        (row.request.risk, row.request.quorum) = (Risk::Low, 0);
        row.request.digest = digest_of(&row.request);
        assert!(
            matches!(
                check(&row),
                Err(DispatchRefusal::Riskier {
                    approved: Risk::Low,
                    ..
                })
            ),
            "{price}"
        );
    }
}

#[test]
fn a_row_that_names_a_lower_risk_needs_the_people_of_the_real_one() {
    // Signed as HIGH by one operator, though the parameters are CRITICAL: the row was changed before it was shown.
    let mut row = waiting(CRITICAL);
    (row.request.risk, row.request.quorum) = (Risk::High, 1);
    let signed = vote(&row, "cleo", 3);
    let mut sent = dispatched(CRITICAL, &[]);
    (sent.request.risk, sent.request.quorum) = (Risk::High, 1);
    sent.progress.decisions = vec![signed];
    let refusal = DispatchRefusal::Riskier {
        approved: Risk::High,
        now: Risk::Critical,
    };
    assert_eq!(check(&sent), Err(refusal));
}

#[test]
fn limits_that_came_down_since_the_approval_count() {
    let row = dispatched(HIGH, ONE);
    let mut strict = policy();
    strict.critical_above = money("2000", "EUR");
    let checked = verify_for_dispatch(&row, &roster(), &strict, &ENDPOINT, &moment(NOW));
    assert_eq!(
        checked,
        Err(DispatchRefusal::Riskier {
            approved: Risk::High,
            now: Risk::Critical
        })
    );
}

#[test]
fn the_policy_decides_only_what_it_judges_low_itself() {
    let low = Assessment {
        risk: Risk::Low,
        reasons: Vec::new(),
    };
    let high = Assessment {
        risk: Risk::High,
        reasons: Vec::new(),
    };
    let mut row = dispatched("5", &[]);
    (row.request.risk, row.request.quorum) = (Risk::Low, 0);
    assert!(is_decided_by_policy(&row, &policy(), &low));
    assert!(!is_decided_by_policy(&row, &policy(), &high));
    let off = RiskPolicy {
        cycle_target_band_percent: andon_domain::Amount::from(5),
        auto_approve_low: false,
        ..policy()
    };
    assert!(!is_decided_by_policy(&row, &off, &low), "switched off");
    let mut other = row.clone();
    other.request.policy_version = off.version();
    assert!(!is_decided_by_policy(&other, &policy(), &low), "another policy");
    let mut quorum = row.clone();
    quorum.request.quorum = 1;
    assert!(!is_decided_by_policy(&quorum, &policy(), &low));
    row.progress.decisions = vec![vote(&row, "cleo", 3)];
    assert!(!is_decided_by_policy(&row, &policy(), &low), "somebody decided");
}

#[test]
fn a_quorum_of_zero_refuses() {
    let mut row = dispatched(HIGH, ONE);
    row.request.quorum = 0;
    assert_eq!(check(&row), Err(DispatchRefusal::Quorum { have: 1, need: 1 }));
    let row = dispatched(HIGH, &[]);
    assert_eq!(check(&row), Err(DispatchRefusal::Quorum { have: 0, need: 1 }));
}

#[test]
fn critical_needs_two_different_admins() {
    assert_eq!(
        check(&dispatched(CRITICAL, &[("ada", 1)])),
        Err(DispatchRefusal::Quorum { have: 1, need: 2 })
    );
    assert_eq!(
        check(&dispatched(CRITICAL, &[("ada", 1), ("ada", 1)])),
        Err(DispatchRefusal::Quorum { have: 1, need: 2 })
    );
    let role = DispatchRefusal::Decision(DecisionFault::Role("a higher role is needed"));
    assert_eq!(
        check(&dispatched(CRITICAL, &[("ada", 1), ("cleo", 3)])),
        Err(role)
    );
    let mut smaller = dispatched(CRITICAL, &[("ada", 1)]);
    smaller.request.quorum = 1;
    assert_eq!(
        check(&smaller),
        Err(DispatchRefusal::Quorum { have: 1, need: 2 }),
        "the row alone does not lower it"
    );
}

#[test]
fn one_key_under_two_names_is_one_person() {
    let mut people = roster();
    people.people[1].key = people.people[0].key.clone();
    let row = dispatched(CRITICAL, &[("ada", 1), ("ben", 1)]);
    let checked = verify_for_dispatch(&row, &people, &policy(), &ENDPOINT, &moment(NOW));
    assert_eq!(checked, Err(DispatchRefusal::Quorum { have: 1, need: 2 }));
}

#[test]
fn somebody_revoked_between_approval_and_sending_does_not_count() {
    let mut people = roster();
    people.people[1].revoked_at = Some(Timestamp::from_millis(NOW + 500));
    let row = dispatched(CRITICAL, TWO);
    let checked = verify_for_dispatch(&row, &people, &policy(), &ENDPOINT, &moment(NOW + 1_000));
    assert!(
        matches!(checked, Err(DispatchRefusal::Decision(DecisionFault::Key(_)))),
        "{checked:?}"
    );
    let mut demoted = roster();
    demoted.people[1].role = Role::Operator;
    let checked = verify_for_dispatch(&row, &demoted, &policy(), &ENDPOINT, &moment(NOW + 1_000));
    assert!(
        matches!(checked, Err(DispatchRefusal::Decision(DecisionFault::Role(_)))),
        "{checked:?}"
    );
}

#[test]
fn a_deny_among_the_decisions_refuses_also_when_a_row_calls_it_void() {
    let mut row = dispatched(HIGH, ONE);
    let mut deny = payload(&row, "ada", 1);
    deny.verdict = Verdict::Deny;
    row.progress.decisions.push(crate::sign(deny, &key(1)).unwrap());
    assert_eq!(check(&row), Err(DispatchRefusal::Denied));
    row.progress.decisions.swap(0, 1);
    row.progress.void_decisions = 1;
    assert_eq!(check(&row), Err(DispatchRefusal::Denied));
}

#[test]
fn decisions_that_an_undo_made_void_do_not_count() {
    let mut row = dispatched(HIGH, ONE);
    row.progress.void_decisions = 1;
    assert_eq!(check(&row), Err(DispatchRefusal::Quorum { have: 0, need: 1 }));
    row.progress.void_decisions = 9;
    assert_eq!(
        check(&row),
        Err(DispatchRefusal::Quorum { have: 0, need: 1 }),
        "more than there are"
    );
}

#[test]
fn the_connection_must_be_the_one_it_was_asked_for() {
    let checked = verify_for_dispatch(
        &dispatched(HIGH, ONE),
        &roster(),
        &policy(),
        &[8; 32],
        &moment(NOW),
    );
    assert_eq!(checked, Err(DispatchRefusal::EndpointChanged));
}

#[test]
fn too_late_by_either_clock_or_by_the_signature_is_not_sent() {
    let row = dispatched(HIGH, ONE);
    let at = |now: &Moment| verify_for_dispatch(&row, &roster(), &policy(), &ENDPOINT, now);
    assert_eq!(at(&moment(NOW + 59_999)), Ok(()));
    assert_eq!(at(&moment(NOW + 60_000)), Err(DispatchRefusal::TooLate));
    let set_back = Moment {
        utc: Timestamp::from_millis(NOW - 5_000),
        ..moment(NOW + 60_000)
    };
    assert_eq!(
        at(&set_back),
        Err(DispatchRefusal::TooLate),
        "a wall clock set back does not help"
    );
    let ahead = Moment {
        utc: Timestamp::from_millis(NOW + 60_000),
        ..moment(NOW)
    };
    assert_eq!(at(&ahead), Err(DispatchRefusal::TooLate));
    let other_boot = Moment {
        boot_id: "next".to_owned(),
        boot_ms: 1,
        ..moment(NOW + 60_000)
    };
    assert_eq!(at(&other_boot), Err(DispatchRefusal::TooLate));
    let mut longer = row.clone();
    longer.progress.execute_by = Some(Deadline::after(&moment(NOW), Duration::from_secs(9_999)));
    let checked = verify_for_dispatch(&longer, &roster(), &policy(), &ENDPOINT, &moment(NOW + 60_000));
    assert_eq!(
        checked,
        Err(DispatchRefusal::TooLate),
        "the limit in the signature holds"
    );
    let mut none = row.clone();
    none.progress.execute_by = None;
    assert_eq!(check(&none), Err(DispatchRefusal::TooLate));
}

#[test]
fn a_reference_is_twelve_characters_stable_and_its_own() {
    let first = ApprovalId::parse("01900000-0000-7000-8000-000000000001").unwrap();
    assert_eq!(external_reference(first), external_reference(first));
    assert_eq!(
        external_reference(first),
        GOLDEN_REFERENCE,
        "SAP holds references of earlier versions"
    );
    let mut seen = BTreeSet::new();
    for n in 0..100_000_u32 {
        let reference = external_reference(ApprovalId::parse(&format!("{n:032x}")).unwrap());
        assert!(
            reference.len() == 12 && reference.starts_with("AN"),
            "{reference}"
        );
        assert!(
            reference
                .bytes()
                .all(|b| b.is_ascii_digit() || (b.is_ascii_uppercase() && !b"ILOU".contains(&b)))
        );
        assert!(
            seen.insert(reference),
            "request {n} has the reference of an earlier one"
        );
    }
}

const GOLDEN_REFERENCE: &str = "ANZ0HE38W1DD";

#[test]
fn what_the_operation_table_does_not_know_is_not_sent() {
    for name in [
        "sap.delete_everything",
        "sap_create_purchase_order",
        "sap.get_inventory",
    ] {
        let mut row = waiting(HIGH);
        row.request.operation = OperationName::from(name);
        row.request.digest = digest_of(&row.request);
        let mut sent = dispatched(HIGH, &[]);
        sent.progress.decisions = vec![vote(&row, "cleo", 3)];
        sent.request = row.request;
        assert_eq!(
            check(&sent),
            Err(DispatchRefusal::Tampered("operation")),
            "{name}"
        );
    }
    let mut bare = waiting(HIGH);
    bare.request.parameters = CanonicalJson::from_value(&json!({})).unwrap();
    bare.request.digest = digest_of(&bare.request);
    let mut sent = dispatched(HIGH, &[]);
    sent.progress.decisions = vec![vote(&bare, "cleo", 3)];
    sent.request = bare.request;
    assert_eq!(check(&sent), Err(DispatchRefusal::Tampered("parameters")));
}
