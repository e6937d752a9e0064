//! What is sent, what is not, and what is left when something fails in between.

use std::sync::atomic::Ordering;
use std::time::Duration;

use andon_approvals::{OutcomeKind, Progress, Reconciled, State};
use andon_domain::time::Deadline;
use andon_domain::{ApprovalId, Clock, PortError, Risk, TenantId};

use super::deciding::{approval, denial};
use super::stage::{Answer, CRITICAL, HIGH, MEDIUM, Stage, agent, receipt};
use crate::approve::{decide, next_due, reconcile, recover, send_due, sweep, wait};
use crate::error::EngineError;

async fn approved(stage: &Stage, price: &str) -> ApprovalId {
    let row = stage.ask(price).await;
    let people: &[&str] = if row.request.risk == Risk::Critical {
        &["ada", "ben"]
    } else {
        &["cleo"]
    };
    for who in people {
        decide(&stage.engine, &stage.person(who), row.request.id, approval(&row))
            .await
            .unwrap();
    }
    row.request.id
}

fn kind(stage: &Stage, id: ApprovalId) -> Option<OutcomeKind> {
    stage.row(id).progress.outcome.map(|outcome| outcome.kind)
}

#[tokio::test]
async fn an_approved_request_is_sent_once_after_its_undo_window() {
    for (price, window) in [(MEDIUM, 5), (HIGH, 3), (CRITICAL, 0)] {
        let stage = Stage::open().await;
        let id = approved(&stage, price).await;
        assert!(next_due(&stage.engine).await.unwrap().is_some());
        if window > 0 {
            stage.clock.pass(window - 1);
            assert_eq!(
                (send_due(&stage.engine).await.unwrap(), stage.system.applied()),
                (0, 0)
            );
            stage.clock.pass(1);
        }
        assert_eq!(send_due(&stage.engine).await.unwrap(), 1);
        assert_eq!(
            (send_due(&stage.engine).await.unwrap(), stage.system.applied()),
            (0, 1)
        );
        let row = stage.row(id);
        assert_eq!(row.progress.state, State::Succeeded);
        assert_eq!(row.progress.outcome.unwrap().reference, Some(receipt().reference));
        assert_eq!(
            stage.system.applied.lock().unwrap()[0],
            (id, row.request.parameters.as_str().to_owned())
        );
        assert_eq!(next_due(&stage.engine).await.unwrap(), None);
    }
}

#[tokio::test]
async fn each_answer_of_the_system_has_its_end() {
    for (answer, state, outcome) in [
        (Answer::Done, State::Succeeded, OutcomeKind::Executed),
        (Answer::Refused, State::Failed, OutcomeKind::RefusedBySystem),
        (Answer::NotSent, State::Failed, OutcomeKind::NotSent),
        (Answer::Lost, State::Unknown, OutcomeKind::Unknown),
        (Answer::Panics, State::Unknown, OutcomeKind::Unknown),
    ] {
        let stage = Stage::open().await;
        let id = approved(&stage, HIGH).await;
        stage.clock.pass(3);
        stage.system.say(answer);
        send_due(&stage.engine).await.unwrap();
        assert_eq!(
            (stage.state(id), kind(&stage, id)),
            (state, Some(outcome)),
            "{answer:?}"
        );
        send_due(&stage.engine).await.unwrap();
        assert_eq!(stage.system.applied(), 1, "{answer:?} is never tried again");
    }
}

#[tokio::test]
async fn sixty_seconds_after_the_window_it_is_too_late() {
    let stage = Stage::open().await;
    let (swept, sent) = (approved(&stage, HIGH).await, approved(&stage, "5001").await);
    stage.clock.pass(63);
    assert_eq!(sweep(&stage.engine).await.unwrap(), 2);
    send_due(&stage.engine).await.unwrap();
    for id in [swept, sent] {
        assert_eq!(
            (stage.state(id), kind(&stage, id)),
            (State::Failed, Some(OutcomeKind::NotSent))
        );
    }
    let late = approved(&stage, "5002").await;
    stage.clock.pass(63);
    send_due(&stage.engine).await.unwrap();
    assert_eq!(
        kind(&stage, late),
        Some(OutcomeKind::NotSent),
        "also when nobody swept before"
    );
    assert_eq!(stage.system.applied(), 0);
}

#[tokio::test]
async fn a_machine_that_sleeps_between_the_commit_and_the_write_sends_nothing() {
    let stage = Stage::open().await;
    let id = approved(&stage, HIGH).await;
    stage.clock.pass(3);
    let clock = stage.clock.clone();
    stage.journal.on_change(move |after: &Progress, _| {
        if after.state == State::Dispatched {
            clock.pass(90);
        }
        Ok(())
    });
    send_due(&stage.engine).await.unwrap();
    assert_eq!(
        (stage.system.applied(), kind(&stage, id)),
        (0, Some(OutcomeKind::NotSent))
    );
}

#[tokio::test]
async fn somebody_revoked_after_the_approval_does_not_count() {
    let stage = Stage::open().await;
    let id = approved(&stage, HIGH).await;
    let mut roster = andon_approvals::Roster::clone(&stage.engine.roster());
    roster.people[2].revoked_at = Some(stage.clock.now());
    stage.engine.set_roster(roster);
    stage.clock.pass(3);
    send_due(&stage.engine).await.unwrap();
    assert_eq!(
        (stage.system.applied(), kind(&stage, id)),
        (0, Some(OutcomeKind::NotSent))
    );
}

#[tokio::test]
async fn a_connection_changed_since_the_approval_sends_nothing() {
    let stage = Stage::open().await;
    let id = approved(&stage, HIGH).await;
    stage.system.moved.store(true, Ordering::SeqCst);
    stage.clock.pass(3);
    send_due(&stage.engine).await.unwrap();
    assert_eq!(
        (stage.system.applied(), kind(&stage, id)),
        (0, Some(OutcomeKind::NotSent))
    );
}

#[tokio::test]
async fn a_row_put_into_the_file_as_low_sends_nothing() {
    for price in [MEDIUM, HIGH, CRITICAL] {
        let stage = Stage::open().await;
        let id = stage.ask(price).await.request.id;
        {
            let mut rows = stage.journal.rows.lock().unwrap();
            let now = stage.clock.moment();
            (rows[0].request.risk, rows[0].request.quorum) = (Risk::Low, 0);
            rows[0].progress.state = State::Approved;
            rows[0].progress.dispatch_after = Some(now.utc);
            rows[0].progress.execute_by = Some(Deadline::after(&now, Duration::from_secs(60)));
        }
        send_due(&stage.engine).await.unwrap();
        assert_eq!(
            (stage.system.applied(), kind(&stage, id)),
            (0, Some(OutcomeKind::NotSent)),
            "{price}"
        );
    }
}

#[tokio::test]
async fn a_deny_between_claim_and_dispatch_wins() {
    let stage = Stage::open().await;
    let id = approved(&stage, HIGH).await;
    stage.clock.pass(3);
    stage.journal.on_change(|after: &Progress, rows| {
        if after.state == State::Dispatched {
            (rows[0].progress.state, rows[0].version) = (State::Denied, rows[0].version + 1);
        }
        Ok(())
    });
    send_due(&stage.engine).await.unwrap();
    assert_eq!((stage.system.applied(), stage.state(id)), (0, State::Denied));
}

#[tokio::test]
async fn a_journal_that_refuses_before_dispatch_sends_nothing_and_goes_on_later() {
    for at in [State::Claimed, State::Dispatched] {
        let stage = Stage::open().await;
        let id = approved(&stage, HIGH).await;
        stage.clock.pass(3);
        let mut is_full = true;
        stage.journal.on_change(move |after: &Progress, _| {
            if after.state == at && std::mem::take(&mut is_full) {
                Err(PortError::storage("disk full"))
            } else {
                Ok(())
            }
        });
        assert!(send_due(&stage.engine).await.is_err());
        assert_eq!(stage.system.applied(), 0, "{at:?}");
        stage.clock.pass(1);
        send_due(&stage.engine).await.unwrap();
        send_due(&stage.engine).await.unwrap();
        assert_eq!(
            (stage.system.applied(), stage.state(id)),
            (1, State::Succeeded),
            "{at:?}"
        );
    }
}

#[tokio::test]
async fn the_end_of_a_write_is_kept_until_the_journal_takes_it() {
    let stage = Stage::open().await;
    let (id, other) = (approved(&stage, HIGH).await, approved(&stage, "5001").await);
    stage.clock.pass(3);
    let is_full = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let full = is_full.clone();
    stage.journal.on_change(move |after: &Progress, _| {
        if full.load(Ordering::SeqCst) && after.outcome.is_some() {
            Err(PortError::storage("disk full"))
        } else {
            Ok(())
        }
    });
    assert!(send_due(&stage.engine).await.is_err());
    let sent = stage.system.applied();
    assert_eq!(
        (stage.state(id), stage.state(other)),
        (State::Dispatched, State::Dispatched)
    );
    let next = approved(&stage, "5002").await;
    stage.clock.pass(3);
    for _ in 0..3 {
        assert!(send_due(&stage.engine).await.is_err());
    }
    assert_eq!(
        stage.system.applied(),
        sent,
        "nothing more is sent while an end cannot be written"
    );
    is_full.store(false, Ordering::SeqCst);
    send_due(&stage.engine).await.unwrap();
    let outcome = stage.row(id).progress.outcome.unwrap();
    assert_eq!(
        (stage.state(id), outcome.reference),
        (State::Succeeded, Some(receipt().reference))
    );
    assert_eq!(
        (stage.state(other), stage.state(next)),
        (State::Succeeded, State::Succeeded)
    );
    assert_eq!(stage.system.applied(), 3);
}

#[tokio::test]
async fn an_answer_of_the_journal_that_was_lost_is_found_out() {
    let stage = Stage::open().await;
    let id = approved(&stage, HIGH).await;
    stage.clock.pass(3);
    stage.journal.lose_reply.store(true, Ordering::SeqCst);
    assert!(send_due(&stage.engine).await.is_err());
    assert_eq!(stage.state(id), State::Claimed);
    send_due(&stage.engine).await.unwrap();
    send_due(&stage.engine).await.unwrap();
    assert_eq!((stage.state(id), stage.system.applied()), (State::Succeeded, 1));
}

#[tokio::test]
async fn one_request_that_cannot_be_sent_keeps_no_other_from_being_sent() {
    let stage = Stage::open().await;
    let (stuck, next) = (approved(&stage, HIGH).await, approved(&stage, "5001").await);
    stage.clock.pass(3);
    stage.journal.rows.lock().unwrap()[0].request.tenant = TenantId::from("gone");
    assert!(matches!(
        send_due(&stage.engine).await,
        Err(EngineError::NotFound(_))
    ));
    assert_eq!(
        (stage.state(stuck), stage.state(next)),
        (State::Approved, State::Succeeded)
    );
}

#[tokio::test]
async fn a_restart_gives_claims_back_and_calls_what_was_sent_unknown() {
    let mut stage = Stage::open().await;
    let (claimed, sent) = (approved(&stage, HIGH).await, approved(&stage, "5001").await);
    let late = approved(&stage, "5002").await;
    for (place, state) in [(0, State::Claimed), (1, State::Dispatched), (2, State::Claimed)] {
        stage.journal.rows.lock().unwrap()[place].progress.state = state;
    }
    stage.clock.pass(5);
    assert_eq!(stage.restart().await, 1);
    assert_eq!(
        (stage.state(claimed), stage.state(sent)),
        (State::Approved, State::Unknown)
    );
    assert_eq!(
        recover(&stage.engine).await.unwrap(),
        0,
        "a second time there is nothing to do"
    );
    send_due(&stage.engine).await.unwrap();
    assert_eq!(
        (stage.state(claimed), stage.state(late), stage.system.applied()),
        (State::Succeeded, State::Succeeded, 2)
    );
    assert_eq!(stage.state(sent), State::Unknown);
}

#[tokio::test]
async fn a_claim_whose_time_is_over_when_the_console_starts_is_not_sent() {
    for reboots in [false, true] {
        let mut stage = Stage::open().await;
        let id = approved(&stage, HIGH).await;
        stage.journal.rows.lock().unwrap()[0].progress.state = State::Claimed;
        stage.clock.pass(3_600);
        if reboots {
            stage.clock.reboot();
        }
        stage.restart().await;
        send_due(&stage.engine).await.unwrap();
        assert_eq!(
            (stage.system.applied(), kind(&stage, id)),
            (0, Some(OutcomeKind::NotSent))
        );
    }
}

#[tokio::test]
async fn a_read_back_settles_what_it_is_sure_of() {
    let stage = Stage::open().await;
    let (cleo, id) = (stage.person("cleo"), approved(&stage, HIGH).await);
    stage.clock.pass(3);
    stage.system.say(Answer::Lost);
    assert!(matches!(
        reconcile(&stage.engine, &cleo, id).await,
        Err(EngineError::AlreadyDecided(_))
    ));
    send_due(&stage.engine).await.unwrap();
    for unsure in [
        Reconciled::NotFound,
        Reconciled::Several(vec!["1".to_owned(), "2".to_owned()]),
    ] {
        *stage.system.found.lock().unwrap() = Some(unsure);
        let row = reconcile(&stage.engine, &cleo, id).await.unwrap();
        assert_eq!(
            (row.progress.state, row.progress.settled_at),
            (State::Unknown, None)
        );
    }
    assert!(matches!(
        reconcile(&stage.engine, &stage.person("dan"), id).await,
        Err(EngineError::NotPermitted { .. })
    ));
    *stage.system.found.lock().unwrap() = Some(Reconciled::Found(receipt()));
    let row = reconcile(&stage.engine, &cleo, id).await.unwrap();
    assert_eq!(
        (row.progress.state, row.progress.outcome.unwrap().reference),
        (State::Succeeded, Some(receipt().reference))
    );
    assert_eq!(stage.system.applied(), 1);
}

#[tokio::test]
async fn a_refusal_that_the_system_remembers_settles_what_nobody_knew() {
    let stage = Stage::open().await;
    let (cleo, id) = (stage.person("cleo"), approved(&stage, HIGH).await);
    stage.clock.pass(3);
    stage.system.say(Answer::Lost);
    send_due(&stage.engine).await.unwrap();
    *stage.system.found.lock().unwrap() = Some(Reconciled::Refused {
        code: "409".to_owned(),
        message: "locked by planning".to_owned(),
    });
    let row = reconcile(&stage.engine, &cleo, id).await.unwrap();
    let outcome = row.progress.outcome.unwrap();
    assert_eq!(
        (row.progress.state, outcome.kind, outcome.message.as_str()),
        (State::Failed, OutcomeKind::RefusedBySystem, "locked by planning")
    );
    assert_eq!(outcome.settled_by.as_deref(), Some(cleo.actor().as_str()));
    assert_eq!(stage.system.applied(), 1);
}

#[tokio::test]
async fn a_waiter_sees_every_end() {
    let stage = Stage::open().await;
    let buyer = agent("buyer");
    let row = stage.ask(HIGH).await;
    let id = row.request.id;
    let soon = wait(&stage.engine, &buyer, id, Duration::from_millis(20))
        .await
        .unwrap();
    assert_eq!(soon.progress.state, State::Pending, "patience ended first");
    let (engine, waiter) = (stage.engine.clone(), buyer.clone());
    let waiting = tokio::spawn(async move { wait(&engine, &waiter, id, Duration::from_secs(30)).await });
    tokio::task::yield_now().await;
    decide(&stage.engine, &stage.person("cleo"), id, denial(&row))
        .await
        .unwrap();
    assert_eq!(waiting.await.unwrap().unwrap().progress.state, State::Denied);
    assert!(matches!(
        wait(&stage.engine, &agent("other"), id, Duration::ZERO).await,
        Err(EngineError::NotFound(_))
    ));
    // More changes than the bell remembers do not lose the one that matters.
    let row = stage.ask("5001").await;
    let (engine, waiter, id) = (stage.engine.clone(), buyer, row.request.id);
    let waiting = tokio::spawn(async move { wait(&engine, &waiter, id, Duration::from_secs(30)).await });
    tokio::task::yield_now().await;
    decide(&stage.engine, &stage.person("cleo"), id, denial(&row))
        .await
        .unwrap();
    for _ in 0..3_000 {
        stage.engine.announce(crate::Change::StatusChanged {
            tenant: TenantId::default_tenant(),
        });
    }
    assert_eq!(waiting.await.unwrap().unwrap().progress.state, State::Denied);
}
