//! Who may decide what, when, and every reason why a decision does not count.

use andon_approvals::{ActionDigest, ApprovalRow, State, Verdict};
use andon_domain::{Caller, Risk, Role};

use super::stage::{CRITICAL, HIGH, LONG_REASON, MEDIUM, Stage, agent};
use crate::approve::{Asked, Decision, cancel, decide, extend, settle, sweep, undo};
use crate::error::EngineError;

pub(super) fn approval(row: &ApprovalRow) -> Decision {
    Decision {
        verdict: Verdict::Approve,
        digest: row.request.digest,
        reason: Some(LONG_REASON.to_owned()),
        typed_target: Some("100482".to_owned()),
    }
}

pub(super) fn denial(row: &ApprovalRow) -> Decision {
    Decision {
        verdict: Verdict::Deny,
        reason: None,
        typed_target: None,
        ..approval(row)
    }
}

async fn decided(
    stage: &Stage,
    who: &Caller,
    row: &ApprovalRow,
    decision: Decision,
) -> Result<State, EngineError> {
    decide(&stage.engine, who, row.request.id, decision)
        .await
        .map(|row| row.progress.state)
}

#[tokio::test]
async fn each_risk_has_its_people() {
    let stage = Stage::open().await;
    for (price, risk) in [
        (MEDIUM, Risk::Medium),
        (HIGH, Risk::High),
        (CRITICAL, Risk::Critical),
    ] {
        let row = stage.ask(price).await;
        assert_eq!(row.request.risk, risk);
        let by = |who: &str| {
            let (stage, row, who) = (&stage, &row, stage.person(who));
            async move { decided(stage, &who, row, approval(row)).await }
        };
        let needs = if risk == Risk::Critical {
            Role::Admin
        } else {
            Role::Operator
        };
        assert!(
            matches!(by("dan").await, Err(EngineError::NotPermitted { needs: Some(role), .. }) if role == needs)
        );
        if risk == Risk::Critical {
            assert!(matches!(by("cleo").await, Err(EngineError::NotPermitted { .. })));
            assert_eq!(by("ada").await.unwrap(), State::Pending, "the first of two");
            assert!(matches!(by("ada").await, Err(EngineError::SamePerson)));
            assert_eq!(by("ben").await.unwrap(), State::Approved);
        } else {
            assert_eq!(by("cleo").await.unwrap(), State::Approved);
        }
        assert!(matches!(by("ada").await, Err(EngineError::AlreadyDecided(_))));
    }
}

#[tokio::test]
async fn nobody_decides_their_own_request_and_agents_decide_nothing() {
    let stage = Stage::open().await;
    let (ada, buyer) = (stage.person("ada"), agent("buyer"));
    let row = stage.ask_as(&ada, HIGH, Asked::default()).await.unwrap().row;
    for decision in [approval(&row), denial(&row)] {
        assert!(matches!(
            decided(&stage, &ada, &row, decision).await,
            Err(EngineError::OwnRequest)
        ));
    }
    let system = Caller::system(ada.tenant.clone());
    assert!(matches!(
        decided(&stage, &system, &row, approval(&row)).await,
        Err(EngineError::OwnRequest)
    ));
    assert!(matches!(
        decided(&stage, &buyer, &row, approval(&row)).await,
        Err(EngineError::NotPermitted { .. })
    ));
    assert!(extend(&stage.engine, &ada, row.request.id).await.is_err());
    assert_eq!(
        decided(&stage, &stage.person("ben"), &row, approval(&row))
            .await
            .unwrap(),
        State::Approved
    );
    assert!(undo(&stage.engine, &ada, row.request.id).await.is_err());
}

#[tokio::test]
async fn a_decision_names_the_digest_on_the_screen() {
    let stage = Stage::open().await;
    let row = stage.ask(HIGH).await;
    let crossed = Decision {
        digest: ActionDigest::from_bytes([1; 32]),
        ..approval(&row)
    };
    let refused = decided(&stage, &stage.person("cleo"), &row, crossed).await;
    assert!(matches!(refused, Err(EngineError::DigestChanged)));
    assert_eq!(
        (stage.state(row.request.id), stage.row(row.request.id).version),
        (State::Pending, 1)
    );
}

#[tokio::test]
async fn reasons_and_the_typed_target_are_asked_for_by_risk() {
    let stage = Stage::open().await;
    let (cleo, ada) = (stage.person("cleo"), stage.person("ada"));
    let with = |row: &ApprovalRow, reason: &str| Decision {
        reason: Some(reason.to_owned()),
        ..approval(row)
    };
    let high = stage.ask(HIGH).await;
    for empty in ["", "  \n "] {
        let refused = decided(&stage, &cleo, &high, with(&high, empty)).await;
        assert!(
            matches!(refused, Err(EngineError::ReasonNeeded { least: 1, .. })),
            "{empty:?}"
        );
    }
    let long = decided(&stage, &cleo, &high, with(&high, &"x".repeat(2_001))).await;
    assert!(matches!(
        long,
        Err(EngineError::InvalidInput { field: "reason", .. })
    ));
    let critical = stage.ask(CRITICAL).await;
    let short = decided(&stage, &ada, &critical, with(&critical, "nineteen characters")).await;
    assert!(matches!(short, Err(EngineError::ReasonNeeded { least: 20, .. })));
    for typed in [None, Some("0000100482"), Some("100483"), Some("")] {
        let decision = Decision {
            typed_target: typed.map(str::to_owned),
            ..approval(&critical)
        };
        let refused = decided(&stage, &ada, &critical, decision).await;
        assert!(matches!(refused, Err(EngineError::TargetMismatch)), "{typed:?}");
    }
    assert_eq!(
        decided(&stage, &ada, &critical, denial(&critical)).await.unwrap(),
        State::Denied,
        "a deny needs neither"
    );
}

#[tokio::test]
async fn after_its_time_nothing_can_be_decided_by_either_clock() {
    for set_back in [0, 86_400] {
        let stage = Stage::open().await;
        let (cleo, row) = (stage.person("cleo"), stage.ask(HIGH).await);
        stage.clock.pass(300);
        stage.clock.jump(-set_back);
        for decision in [approval(&row), denial(&row)] {
            let refused = decided(&stage, &cleo, &row, decision).await;
            assert!(
                matches!(refused, Err(EngineError::AlreadyDecided(_))),
                "set back by {set_back} s: {refused:?}"
            );
        }
        assert!(extend(&stage.engine, &cleo, row.request.id).await.is_err());
        assert_eq!(sweep(&stage.engine).await.unwrap(), 1);
        assert_eq!(stage.state(row.request.id), State::Expired);
        assert!(stage.row(row.request.id).progress.decisions.is_empty());
    }
}

#[tokio::test]
async fn a_prompt_of_the_keyring_that_outlasts_the_request_makes_the_decision_late() {
    let stage = Stage::open().await;
    let row = stage.ask(HIGH).await;
    let clock = stage.clock.clone();
    *stage.secrets.prompt.lock().unwrap() = Some(Box::new(move || clock.pass(301)));
    let refused = decided(&stage, &stage.person("cleo"), &row, approval(&row)).await;
    assert!(
        matches!(refused, Err(EngineError::AlreadyDecided(_))),
        "{refused:?}"
    );
    assert_eq!(stage.state(row.request.id), State::Pending, "nothing was written");
}

#[tokio::test]
async fn without_the_signing_key_nothing_is_decided() {
    let stage = Stage::open().await;
    let row = stage.ask(HIGH).await;
    stage.secrets.forget_all();
    let refused = decided(&stage, &stage.person("cleo"), &row, approval(&row)).await;
    assert!(
        matches!(refused, Err(EngineError::NotConfigured(_))),
        "{refused:?}"
    );
    assert_eq!(stage.row(row.request.id).version, 1);
}

#[tokio::test]
async fn a_request_that_is_not_there_or_of_another_tenant_is_not_found() {
    let stage = Stage::open().await;
    let row = stage.ask(HIGH).await;
    let mut elsewhere = stage.person("cleo");
    elsewhere.tenant = andon_domain::TenantId::from("other");
    assert!(matches!(
        decided(&stage, &elsewhere, &row, approval(&row)).await,
        Err(EngineError::NotFound(_))
    ));
    let mut unknown = row.clone();
    unknown.request.id = andon_domain::ApprovalId::parse(&"f".repeat(32)).unwrap();
    assert!(matches!(
        decided(&stage, &stage.person("cleo"), &unknown, approval(&row)).await,
        Err(EngineError::NotFound(_))
    ));
}

#[tokio::test]
async fn a_deny_wins_until_the_request_is_dispatched() {
    let stage = Stage::open().await;
    let (ada, cleo) = (stage.person("ada"), stage.person("cleo"));
    let waiting = stage.ask(HIGH).await;
    assert_eq!(
        decided(&stage, &cleo, &waiting, denial(&waiting)).await.unwrap(),
        State::Denied
    );
    let approved = stage.ask("5001").await;
    decided(&stage, &cleo, &approved, approval(&approved))
        .await
        .unwrap();
    assert_eq!(
        decided(&stage, &cleo, &approved, denial(&approved))
            .await
            .unwrap(),
        State::Denied,
        "a second thought"
    );
    let claimed = stage.ask("5002").await;
    decided(&stage, &cleo, &claimed, approval(&claimed))
        .await
        .unwrap();
    stage.journal.rows.lock().unwrap()[2].progress.state = State::Claimed;
    assert_eq!(
        decided(&stage, &ada, &claimed, denial(&claimed)).await.unwrap(),
        State::Denied
    );
    let sent = stage.ask("5003").await;
    decided(&stage, &cleo, &sent, approval(&sent)).await.unwrap();
    stage.journal.rows.lock().unwrap()[3].progress.state = State::Dispatched;
    assert!(matches!(
        decided(&stage, &ada, &sent, denial(&sent)).await,
        Err(EngineError::AlreadyDecided(_))
    ));
}

#[tokio::test]
async fn an_undo_takes_every_vote_back_inside_its_window_only() {
    let stage = Stage::open().await;
    let cleo = stage.person("cleo");
    let row = stage.ask(HIGH).await;
    assert!(matches!(
        undo(&stage.engine, &cleo, row.request.id).await,
        Err(EngineError::AlreadyDecided(_))
    ));
    decided(&stage, &cleo, &row, approval(&row)).await.unwrap();
    let undone = undo(&stage.engine, &cleo, row.request.id).await.unwrap();
    assert_eq!(
        (undone.progress.state, undone.progress.void_decisions),
        (State::Pending, 1)
    );
    assert!(undone.progress.execute_by.is_none() && undone.progress.standing_decisions().is_empty());
    assert_eq!(
        decided(&stage, &cleo, &row, approval(&row)).await.unwrap(),
        State::Approved,
        "it may be approved again"
    );
    stage.clock.pass(3);
    assert!(matches!(
        undo(&stage.engine, &cleo, row.request.id).await,
        Err(EngineError::AlreadyDecided(_))
    ));
}

#[tokio::test]
async fn more_time_is_five_minutes_from_what_is_left() {
    let stage = Stage::open().await;
    let (cleo, row) = (stage.person("cleo"), stage.ask(HIGH).await);
    stage.clock.pass(100);
    let extended = extend(&stage.engine, &cleo, row.request.id).await.unwrap();
    assert_eq!(
        extended.progress.decide_by.utc,
        row.progress
            .decide_by
            .utc
            .plus(std::time::Duration::from_secs(300))
    );
    assert_eq!(
        extended.progress.decide_by.boot_ms,
        row.progress.decide_by.boot_ms + 300_000
    );
    // A wall clock set back an hour gives nobody an hour.
    stage.clock.jump(-3_600);
    let extended = extend(&stage.engine, &cleo, row.request.id).await.unwrap();
    assert_eq!(
        extended.progress.decide_by.boot_ms,
        row.progress.decide_by.boot_ms + 600_000
    );
    stage.clock.pass(800);
    assert_eq!(sweep(&stage.engine).await.unwrap(), 1);
}

#[tokio::test]
async fn a_first_vote_is_not_stretched_for_ever() {
    let stage = Stage::open().await;
    let (ada, row) = (stage.person("ada"), stage.ask(CRITICAL).await);
    decided(&stage, &ada, &row, approval(&row)).await.unwrap();
    let mut times = 0;
    let refused = loop {
        match extend(&stage.engine, &ada, row.request.id).await {
            Ok(_) => times += 1,
            Err(refused) => break refused,
        }
        assert!(times < 100);
    };
    assert!(matches!(refused, EngineError::InvalidInput { .. }), "{refused:?}");
    assert!(times >= 10);
}

#[tokio::test]
async fn only_the_requester_takes_a_request_back_and_only_while_it_waits() {
    let stage = Stage::open().await;
    let row = stage.ask(HIGH).await;
    for other in [agent("other"), stage.person("ada"), stage.person("dan")] {
        let refused = cancel(&stage.engine, &other, row.request.id).await;
        assert!(
            matches!(refused, Err(EngineError::NotFound(_))),
            "{}",
            other.actor()
        );
    }
    let cancelled = cancel(&stage.engine, &agent("buyer"), row.request.id)
        .await
        .unwrap();
    assert_eq!(cancelled.progress.state, State::Cancelled);
    assert!(matches!(
        decided(&stage, &stage.person("cleo"), &row, approval(&row)).await,
        Err(EngineError::AlreadyDecided(_))
    ));
    assert!(matches!(
        cancel(&stage.engine, &agent("buyer"), row.request.id).await,
        Err(EngineError::AlreadyDecided(_))
    ));
}

#[tokio::test]
async fn an_outcome_is_settled_by_hand_with_a_reason_and_only_when_unknown() {
    let stage = Stage::open().await;
    let (cleo, row) = (stage.person("cleo"), stage.ask(HIGH).await);
    let id = row.request.id;
    let by_hand = |reference: Option<String>, reason: &'static str| {
        let (stage, cleo) = (&stage, &cleo);
        async move { settle(&stage.engine, cleo, id, true, reference, reason).await }
    };
    assert!(matches!(
        by_hand(None, LONG_REASON).await,
        Err(EngineError::AlreadyDecided(_))
    ));
    stage.journal.rows.lock().unwrap()[0].progress.state = State::Unknown;
    assert!(matches!(
        by_hand(None, "seen").await,
        Err(EngineError::ReasonNeeded { least: 10, .. })
    ));
    let long = by_hand(Some("4".repeat(101)), LONG_REASON).await;
    assert!(matches!(
        long,
        Err(EngineError::InvalidInput {
            field: "reference",
            ..
        })
    ));
    let settled = by_hand(Some("4500000042".to_owned()), LONG_REASON).await.unwrap();
    let outcome = settled.progress.outcome.unwrap();
    assert_eq!(
        (settled.progress.state, outcome.settled_by.as_deref()),
        (State::Succeeded, Some("person:cleo"))
    );
}
