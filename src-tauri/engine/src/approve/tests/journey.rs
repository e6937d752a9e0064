//! How a request comes in: refused before anybody is asked, or on disk once, however often it is asked for.

use std::sync::atomic::Ordering;

use andon_approvals::State;
use andon_domain::{Class, TenantId};
use serde_json::json;

use super::deciding::approval;
use super::stage::{CREATE, HIGH, MEDIUM, Stage, agent, order};
use crate::approve::{Asked, decide, own, request, send_due};
use crate::error::EngineError;

fn keyed(key: &str) -> Asked {
    Asked {
        idempotency_key: Some(key.to_owned()),
        ..Asked::default()
    }
}

#[tokio::test]
async fn what_cannot_be_wakes_nobody() {
    let stage = Stage::open().await;
    let (engine, buyer) = (&stage.engine, agent("buyer"));
    let mut unscoped = buyer.clone();
    unscoped.scopes = vec!["sap.get_*".to_owned()];
    let mut uncleared = buyer.clone();
    uncleared.clearance = Class::Internal;
    for caller in [
        &unscoped,
        &uncleared,
        &stage.person("dan"),
        &andon_domain::Caller::system(TenantId::default_tenant()),
    ] {
        let refused = stage.ask_as(caller, HIGH, Asked::default()).await;
        assert!(
            matches!(refused, Err(EngineError::NotPermitted { .. })),
            "{}",
            caller.actor()
        );
    }
    for name in ["sap.get_inventory", "sap.drop_everything", "\u{202e}"] {
        let refused = request(engine, &buyer, name, &order(HIGH), Asked::default()).await;
        assert!(matches!(refused, Err(EngineError::NotFound(_))), "{name}");
    }
    let refused = request(engine, &buyer, CREATE, &json!({}), Asked::default()).await;
    assert!(matches!(refused, Err(EngineError::InvalidParameters(_))));
    let long = Asked {
        rationale: Some("x".repeat(2_001)),
        ..Asked::default()
    };
    assert!(matches!(
        stage.ask_as(&buyer, HIGH, long).await,
        Err(EngineError::InvalidInput {
            field: "rationale",
            ..
        })
    ));
    stage.system.refuses_checks.store(true, Ordering::SeqCst);
    assert!(matches!(
        stage.ask_as(&buyer, HIGH, Asked::default()).await,
        Err(EngineError::Precondition(_))
    ));
    stage.system.is_down.store(true, Ordering::SeqCst);
    assert!(matches!(
        stage.ask_as(&buyer, HIGH, Asked::default()).await,
        Err(EngineError::Port(_))
    ));
    assert!(stage.journal.rows.lock().unwrap().is_empty());
}

#[tokio::test]
async fn asking_again_finds_the_request_even_when_the_system_is_down_by_now() {
    let stage = Stage::open().await;
    let buyer = agent("buyer");
    let first = stage.ask_as(&buyer, HIGH, keyed("k")).await.unwrap();
    stage.system.is_down.store(true, Ordering::SeqCst);
    let again = stage.ask_as(&buyer, HIGH, keyed("k")).await.unwrap();
    assert_eq!(
        (again.is_joined, again.row.request.id),
        (true, first.row.request.id)
    );
    let keyless = stage.ask_as(&buyer, HIGH, Asked::default()).await.unwrap();
    assert_eq!(
        (keyless.is_joined, keyless.row.request.id),
        (true, first.row.request.id)
    );
    assert!(
        stage.ask_as(&agent("other"), HIGH, keyed("k")).await.is_err(),
        "another agent's key is another key"
    );
    stage.system.is_down.store(false, Ordering::SeqCst);
    let other = stage.ask_as(&buyer, MEDIUM, keyed("k")).await;
    assert!(matches!(other, Err(EngineError::KeyReused(_))));
    let reworded = Asked {
        rationale: Some("in other words".to_owned()),
        ..keyed("k")
    };
    assert!(stage.ask_as(&buyer, HIGH, reworded).await.unwrap().is_joined);
    assert_eq!(stage.journal.rows.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_gives_the_settled_outcome_and_no_second_write() {
    let stage = Stage::open().await;
    let buyer = agent("buyer");
    let row = stage.ask_as(&buyer, HIGH, keyed("k")).await.unwrap().row;
    decide(
        &stage.engine,
        &stage.person("cleo"),
        row.request.id,
        approval(&row),
    )
    .await
    .unwrap();
    stage.clock.pass(3);
    send_due(&stage.engine).await.unwrap();
    stage.clock.pass(86_400);
    let again = stage.ask_as(&buyer, HIGH, keyed("k")).await.unwrap();
    assert_eq!(
        (again.is_joined, again.row.progress.state),
        (true, State::Succeeded)
    );
    send_due(&stage.engine).await.unwrap();
    assert_eq!(stage.system.applied(), 1);
    // Without a key the same wish a day later is a new wish.
    assert!(
        !stage
            .ask_as(&buyer, HIGH, Asked::default())
            .await
            .unwrap()
            .is_joined
    );
}

#[tokio::test]
async fn the_eleventh_waiting_request_is_refused() {
    let stage = Stage::open().await;
    for n in 0..10 {
        stage.ask(&format!("{}", 5_000 + n)).await;
    }
    let refused = stage.ask_as(&agent("buyer"), "6000", Asked::default()).await;
    assert!(matches!(refused, Err(EngineError::TooManyPending(10))));
    assert_eq!(own(&stage.engine, &agent("buyer"), 50).await.unwrap().len(), 10);
    assert!(own(&stage.engine, &agent("other"), 50).await.unwrap().is_empty());
}

#[tokio::test]
async fn every_step_has_its_line_in_the_audit_log() {
    let stage = Stage::open().await;
    let row = stage.ask(HIGH).await;
    decide(
        &stage.engine,
        &stage.person("cleo"),
        row.request.id,
        approval(&row),
    )
    .await
    .unwrap();
    stage.clock.pass(3);
    send_due(&stage.engine).await.unwrap();
    assert_eq!(
        stage.journal.actions(),
        [
            "approval.requested",
            "approval.approved",
            "approval.claimed",
            "approval.dispatched",
            "approval.succeeded"
        ]
    );
}
