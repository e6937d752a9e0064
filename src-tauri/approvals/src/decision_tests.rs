use super::*;
use crate::testing::*;
use proptest::prelude::*;
use serde_json::Value;

fn verified(row: &ApprovalRow, decision: &SignedDecision) -> Result<Verdict, DecisionFault> {
    verify(row, decision, &roster())
}

#[test]
fn a_signed_decision_verifies_with_its_verdict() {
    let row = waiting(HIGH);
    assert_eq!(verified(&row, &vote(&row, "cleo", 3)), Ok(Verdict::Approve));
    let deny = DecisionPayload {
        verdict: Verdict::Deny,
        ..payload(&row, "cleo", 3)
    };
    assert_eq!(verified(&row, &sign(deny, &key(3)).unwrap()), Ok(Verdict::Deny));
}

/// Every field of the payload, changed to something else that is well-formed.
#[test]
fn no_field_can_change_after_signing() {
    type Change = fn(&mut DecisionPayload);
    let changes: &[(&str, Change)] = &[
        ("approval_id", |p| {
            p.approval_id = ApprovalId::parse(&"2".repeat(32)).unwrap();
        }),
        ("tenant", |p| p.tenant = TenantId::from("other")),
        ("operation", |p| p.operation.push('s')),
        ("endpoint_fp", |p| p.endpoint_fp.replace_range(0..1, "f")),
        ("action_digest", |p| p.action_digest = "0".repeat(64)),
        ("risk", |p| p.risk = Risk::Medium),
        ("policy_version", |p| p.policy_version.push('1')),
        ("verdict", |p| p.verdict = Verdict::Deny),
        ("operator_id", |p| p.operator_id = "ada".to_owned()),
        ("key_id", |p| p.key_id = crate::public_key(&key(1)).key_id),
        ("requested_by", |p| p.requested_by = "agent:other".to_owned()),
        ("decided_at", |p| p.decided_at += 1),
        ("execute_before", |p| p.execute_before += 1),
        ("nonce", |p| p.nonce.replace_range(0..1, "1")),
        ("reason", |p| p.reason = Some("checked".to_owned())),
        ("no reason", |p| p.reason = None),
    ];
    let row = waiting(HIGH);
    let signed = vote(&row, "cleo", 3);
    let fields = serde_json::to_value(&signed.payload).unwrap();
    for field in fields.as_object().unwrap().keys() {
        assert!(
            changes.iter().any(|(name, _)| name == field),
            "{field} has no case here"
        );
    }
    for (field, change) in changes {
        let mut altered = signed.clone();
        change(&mut altered.payload);
        assert_ne!(altered.payload, signed.payload, "{field}");
        assert!(verified(&row, &altered).is_err(), "{field}");
    }
}

#[test]
fn a_decision_counts_for_its_own_request_only() {
    let row = waiting(HIGH);
    let signed = vote(&row, "cleo", 3);
    let mut other = waiting("5001");
    assert_eq!(
        verified(&other, &signed),
        Err(DecisionFault::Mismatch("action digest"))
    );
    other = row.clone();
    other.request.id = ApprovalId::parse(&"9".repeat(32)).unwrap();
    assert_eq!(
        verified(&other, &signed),
        Err(DecisionFault::Mismatch("approval id"))
    );
    other = row.clone();
    other.request.tenant = TenantId::from("other");
    assert_eq!(verified(&other, &signed), Err(DecisionFault::Mismatch("tenant")));
    other = row.clone();
    other.request.requested_at = Timestamp::from_millis(NOW + 1);
    assert_eq!(
        verified(&other, &signed),
        Err(DecisionFault::Mismatch("time of decision")),
        "back-dated"
    );
}

#[test]
fn only_the_persons_own_valid_key_signs() {
    let row = waiting(HIGH);
    let wrong = sign(payload(&row, "cleo", 3), &key(9)).unwrap();
    assert_eq!(verified(&row, &wrong), Err(DecisionFault::Signature));
    let other_key = sign(payload(&row, "cleo", 1), &key(1)).unwrap();
    assert!(
        matches!(verified(&row, &other_key), Err(DecisionFault::Key(_))),
        "ada's key under cleo's name"
    );
    let stranger = vote(&row, "eve", 9);
    assert!(matches!(verified(&row, &stranger), Err(DecisionFault::Key(_))));
    let signed = vote(&row, "cleo", 3);
    let with = |change: fn(&mut crate::Person)| {
        let mut people = roster();
        change(&mut people.people[2]);
        verify(&row, &signed, &people)
    };
    assert!(
        matches!(
            with(|p| p.revoked_at = Some(Timestamp::from_millis(NOW + 9))),
            Err(DecisionFault::Key(_))
        ),
        "revoked later"
    );
    assert!(matches!(
        with(|p| p.tenants = vec![TenantId::from("other")]),
        Err(DecisionFault::Key(_))
    ));
    assert!(matches!(
        with(|p| p.valid_from = Timestamp::from_millis(NOW + 1)),
        Err(DecisionFault::Key(_))
    ));
    assert!(matches!(
        with(|p| p.role = Role::Viewer),
        Err(DecisionFault::Role(_))
    ));
    assert!(matches!(
        verified(&row, &vote(&row, "dan", 4)),
        Err(DecisionFault::Role(_))
    ));
}

#[test]
fn nobody_signs_for_their_own_request() {
    let mut row = waiting(HIGH);
    row.request.requested_by = "person:cleo".to_owned();
    row.request.digest = digest_of(&row.request);
    assert_eq!(
        verified(&row, &vote(&row, "cleo", 3)),
        Err(DecisionFault::OwnRequest)
    );
    assert_eq!(verified(&row, &vote(&row, "ada", 1)), Ok(Verdict::Approve));
}

#[test]
fn a_time_limit_before_the_decision_is_no_limit() {
    let row = waiting(HIGH);
    let ended = DecisionPayload {
        execute_before: NOW,
        ..payload(&row, "cleo", 3)
    };
    assert_eq!(
        verified(&row, &sign(ended, &key(3)).unwrap()),
        Err(DecisionFault::Mismatch("time limit"))
    );
}

/// The order of the base point, little endian.
const L: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// `S + n·L`, where it fits 32 bytes.
fn plus_l(s: &[u8], times: u16) -> Option<[u8; 32]> {
    let (mut sum, mut carry) = ([0_u8; 32], 0_u16);
    for (place, byte) in sum.iter_mut().enumerate() {
        let total = u16::from(s[place]) + u16::from(L[place]) * times + carry;
        *byte = u8::try_from(total & 255).unwrap();
        carry = total >> 8;
    }
    (carry == 0).then_some(sum)
}

#[test]
fn a_second_form_of_a_signature_is_refused() {
    let row = waiting(HIGH);
    let signed = vote(&row, "cleo", 3);
    let bytes = from_hex(&signed.signature).unwrap();
    let forged = |signature: Vec<u8>| SignedDecision {
        signature: hex(&signature),
        ..signed.clone()
    };
    let mut forms = 0;
    for times in 1..16 {
        if let Some(s) = plus_l(&bytes[32..], times) {
            let decision = forged([&bytes[..32], &s[..]].concat());
            assert_eq!(
                verified(&row, &decision),
                Err(DecisionFault::Signature),
                "S + {times} L"
            );
            forms += 1;
        }
    }
    assert!(forms > 0);
    let identity = {
        let mut point = [0_u8; 32];
        point[0] = 1;
        point
    };
    let cases: &[(&str, Vec<u8>)] = &[
        ("all zero", vec![0; 64]),
        ("all ones", vec![0xff; 64]),
        ("S is zero", [&bytes[..32], &[0; 32][..]].concat()),
        ("S is L", [&bytes[..32], &L[..]].concat()),
        ("R is the identity", [&identity[..], &bytes[32..]].concat()),
        ("R is zero", [&[0; 32][..], &bytes[32..]].concat()),
        ("halves exchanged", [&bytes[32..], &bytes[..32]].concat()),
        ("cut", bytes[..63].to_vec()),
        ("longer", [&bytes[..], &[0][..]].concat()),
        ("empty", Vec::new()),
    ];
    for (what, signature) in cases {
        assert_eq!(
            verified(&row, &forged(signature.clone())),
            Err(DecisionFault::Signature),
            "{what}"
        );
    }
    for place in 0..512 {
        let mut flipped = bytes.clone();
        flipped[place / 8] ^= 1 << (place % 8);
        assert_eq!(
            verified(&row, &forged(flipped)),
            Err(DecisionFault::Signature),
            "bit {place}"
        );
    }
}

#[test]
fn a_weak_key_on_the_roster_verifies_nothing() {
    // Under the identity point R = S·B holds for every message with S = 0 and R the identity.
    let row = waiting(HIGH);
    let mut people = roster();
    let weak = format!("01{}", "0".repeat(62));
    people.people[2].key = crate::OperatorKey {
        key_id: weak[..16].to_owned(),
        public_key: weak.clone(),
    };
    let mut claim = payload(&row, "cleo", 3);
    claim.key_id = weak[..16].to_owned();
    let decision = SignedDecision {
        payload: claim,
        signature: format!("01{}", "0".repeat(126)),
    };
    assert!(matches!(
        verify(&row, &decision, &people),
        Err(DecisionFault::Key(_))
    ));
}

#[test]
fn a_hostile_queue_gets_nothing_past_by_turning_bits() {
    let row = waiting(HIGH);
    let signed = vote(&row, "cleo", 3);
    let text = serde_json::to_vec(&signed).unwrap();
    let seed = 0x0061_6e64_6f6e;
    let (mut state, mut readable, mut accepted) = (seed, 0_u32, Vec::new());
    let mut next = |below: usize| {
        state = u64::wrapping_add(
            u64::wrapping_mul(state, 6_364_136_223_846_793_005),
            1_442_695_040_888_963_407,
        );
        usize::try_from(state >> 33).unwrap() % below
    };
    for _ in 0..10_000 {
        let mut mutated = text.clone();
        for _ in 0..=next(3) {
            match next(4) {
                0 => {
                    mutated.remove(next(text.len() - 8));
                }
                1 => {
                    let byte = u8::try_from(next(96) + 32).unwrap();
                    mutated.insert(next(text.len() - 8), byte);
                }
                _ => {}
            }
            let place = next(mutated.len());
            mutated[place] ^= 1 << next(8);
        }
        let Ok(decision) = serde_json::from_slice::<SignedDecision>(&mutated) else {
            continue;
        };
        readable += 1;
        // The case of a hexadecimal digit stands for the same signature; everything signed must be the same then.
        let is_same =
            decision.payload == signed.payload && decision.signature.eq_ignore_ascii_case(&signed.signature);
        if verified(&row, &decision).is_ok() && !is_same {
            accepted.push(String::from_utf8_lossy(&mutated).into_owned());
        }
    }
    assert!(
        readable > 1_000,
        "seed {seed}: too few records could be read: {readable}"
    );
    assert_eq!(accepted, Vec::<String>::new(), "seed {seed}");
}

#[test]
fn unknown_fields_in_a_record_are_refused() {
    let mut value = serde_json::to_value(vote(&waiting(HIGH), "cleo", 3)).unwrap();
    value["payload"]["also"] = Value::Bool(true);
    assert!(serde_json::from_value::<SignedDecision>(value).is_err());
}

proptest! {
    #[test]
    fn a_reason_of_any_text_signs_and_verifies(reason in ".{0,200}") {
        let row = waiting(HIGH);
        let payload = DecisionPayload { reason: Some(reason.clone()), ..payload(&row, "cleo", 3) };
        let signed = sign(payload, &key(3)).unwrap();
        prop_assert_eq!(verified(&row, &signed), Ok(Verdict::Approve));
        let read: SignedDecision = serde_json::from_str(&serde_json::to_string(&signed).unwrap()).unwrap();
        prop_assert_eq!(verified(&row, &read), Ok(Verdict::Approve));
        let mut other = signed;
        other.payload.reason = Some(format!("{reason} "));
        prop_assert_eq!(verified(&row, &other), Err(DecisionFault::Signature));
    }
}
