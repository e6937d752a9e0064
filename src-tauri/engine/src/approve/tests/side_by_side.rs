//! Requests are sent side by side: a system that does not answer one of them lets the time of no other run out.

use std::time::Duration;

use andon_approvals::State;
use andon_domain::ApprovalId;
use tokio::task::JoinSet;

use super::deciding::approval;
use super::stage::{Answer, HIGH, MEDIUM, Stage};
use crate::approve::{decide, start_due};
use crate::error::EngineError;

async fn approved(stage: &Stage, price: &str) -> ApprovalId {
    let row = stage.ask(price).await;
    let id = row.request.id;
    decide(&stage.engine, &stage.person("cleo"), id, approval(&row))
        .await
        .unwrap();
    stage.clock.pass(5);
    id
}

async fn ended(running: &mut JoinSet<Result<(), EngineError>>) {
    let next = tokio::time::timeout(Duration::from_secs(10), running.join_next()).await;
    next.expect("it ends").expect("something runs").unwrap().unwrap();
}

#[tokio::test]
async fn one_that_hangs_holds_up_no_other_and_is_neither_repeated_nor_given_up() {
    let stage = Stage::open().await;
    let mut running = JoinSet::new();
    stage.system.say(Answer::Hangs);
    let slow = approved(&stage, MEDIUM).await;
    start_due(&stage.engine, &mut running).await.unwrap();
    stage.system.hung.notified().await;
    assert_eq!(stage.state(slow), State::Dispatched);

    let quick = approved(&stage, HIGH).await;
    start_due(&stage.engine, &mut running).await.unwrap();
    ended(&mut running).await;
    assert_eq!(stage.state(quick), State::Succeeded);

    start_due(&stage.engine, &mut running).await.unwrap();
    assert_eq!(
        (stage.state(slow), stage.system.applied()),
        (State::Dispatched, 2)
    );
    assert_eq!(running.len(), 1, "the slow one is still being sent");
}

#[tokio::test]
async fn one_that_was_interrupted_is_unknown_and_not_sent_again() {
    let stage = Stage::open().await;
    let mut running = JoinSet::new();
    stage.system.say(Answer::Hangs);
    let id = approved(&stage, HIGH).await;
    start_due(&stage.engine, &mut running).await.unwrap();
    stage.system.hung.notified().await;
    running.shutdown().await;
    start_due(&stage.engine, &mut running).await.unwrap();
    assert!(running.is_empty());
    assert_eq!((stage.state(id), stage.system.applied()), (State::Unknown, 1));
}
