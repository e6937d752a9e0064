//! Anything in any order: people, time, restarts and failures, against what must hold whatever happens.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use andon_approvals::{State, Verdict};
use andon_domain::{ApprovalId, PortError, Risk};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::deciding::{approval, denial};
use super::stage::{Answer, CRITICAL, HIGH, LONG_REASON, MEDIUM, Stage, agent};
use crate::approve::{Asked, cancel, decide, extend, reconcile, send_due, settle, sweep, undo};

#[derive(Debug, Clone, Copy)]
enum Step {
    Ask {
        price: usize,
        by_person: bool,
    },
    Decide {
        who: usize,
        which: usize,
        verdict: Verdict,
    },
    /// One admin after the other.
    Approvals {
        which: usize,
    },
    Undo {
        who: usize,
        which: usize,
    },
    Extend {
        who: usize,
        which: usize,
    },
    Cancel {
        which: usize,
    },
    Sweep,
    Send {
        answer: Answer,
    },
    Settle {
        who: usize,
        which: usize,
        happened: bool,
    },
    Reconcile {
        who: usize,
        which: usize,
    },
    Pass {
        seconds: u64,
    },
    Jump {
        seconds: i64,
    },
    Restart {
        is_reboot: bool,
    },
    /// The change after so many more is refused by the disk.
    DiskFails {
        after: u32,
    },
    LoseReply,
}

const PEOPLE: [&str; 4] = ["ada", "ben", "cleo", "dan"];

fn step() -> impl Strategy<Value = Step> {
    let (who, which) = (0..PEOPLE.len(), 0..4_usize);
    let answer = prop_oneof![
        6 => Just(Answer::Done),
        1 => Just(Answer::Refused),
        1 => Just(Answer::NotSent),
        1 => Just(Answer::Lost),
        1 => Just(Answer::Panics),
        1 => Just(Answer::Hangs),
    ];
    prop_oneof![
        3 => (0..3_usize, any::<bool>()).prop_map(|(price, by_person)| Step::Ask { price, by_person }),
        14 => (who.clone(), which.clone(), prop_oneof![9 => Just(Verdict::Approve), 1 => Just(Verdict::Deny)])
            .prop_map(|(who, which, verdict)| Step::Decide { who, which, verdict }),
        6 => which.clone().prop_map(|which| Step::Approvals { which }),
        2 => (who.clone(), which.clone()).prop_map(|(who, which)| Step::Undo { who, which }),
        1 => (who.clone(), which.clone()).prop_map(|(who, which)| Step::Extend { who, which }),
        1 => which.clone().prop_map(|which| Step::Cancel { which }),
        1 => Just(Step::Sweep),
        10 => answer.prop_map(|answer| Step::Send { answer }),
        1 => (who.clone(), which.clone(), any::<bool>())
            .prop_map(|(who, which, happened)| Step::Settle { who, which, happened }),
        1 => (who, which).prop_map(|(who, which)| Step::Reconcile { who, which }),
        8 => prop_oneof![3 => 1..6_u64, 3 => Just(5), 1 => prop_oneof![Just(61), Just(301)]]
            .prop_map(|seconds| Step::Pass { seconds }),
        1 => prop_oneof![4 => Just(4), 4 => Just(-4), 1 => Just(3_600), 1 => Just(-3_600)]
            .prop_map(|seconds| Step::Jump { seconds }),
        1 => any::<bool>().prop_map(|is_reboot| Step::Restart { is_reboot }),
        1 => (0..4_u32).prop_map(|after| Step::DiskFails { after }),
        1 => Just(Step::LoseReply),
    ]
}

/// What was seen from outside: the yardstick, kept apart from the code under test.
#[derive(Default)]
struct Seen {
    asked: Vec<(ApprovalId, String, Risk, String)>,
    /// Who approved since the last undo.
    votes: BTreeMap<ApprovalId, BTreeSet<&'static str>>,
    /// States at rest.
    ended: BTreeMap<ApprovalId, State>,
    /// Denied, expired or cancelled.
    stopped: BTreeSet<ApprovalId>,
    applied: BTreeSet<ApprovalId>,
}

impl Seen {
    fn check(&mut self, stage: &Stage, step: Step) -> Result<(), TestCaseError> {
        let applied = stage.system.applied.lock().unwrap().clone();
        prop_assert!(applied.len() <= self.applied.len() + self.asked.len());
        let ids: BTreeSet<ApprovalId> = applied.iter().map(|(id, _)| *id).collect();
        prop_assert_eq!(
            ids.len(),
            applied.len(),
            "a request was sent twice, at {:?}",
            step
        );
        for (id, bytes) in &applied {
            if self.applied.contains(id) {
                continue;
            }
            let (_, approved, risk, requester) = self.asked.iter().find(|(asked, ..)| asked == id).unwrap();
            prop_assert_eq!(bytes, approved, "other bytes were sent, at {:?}", step);
            prop_assert!(!self.stopped.contains(id), "sent after its end, at {:?}", step);
            let votes = self.votes.get(id).cloned().unwrap_or_default();
            let counting = votes.iter().filter(|who| match risk {
                Risk::Critical => matches!(**who, "ada" | "ben"),
                _ => **who != "dan",
            });
            let need = usize::try_from(risk.quorum()).unwrap();
            prop_assert!(
                counting.count() >= need,
                "{:?} sent with {:?}, at {:?}",
                risk,
                votes,
                step
            );
            let is_own = votes
                .iter()
                .any(|who| requester.strip_prefix("person:") == Some(who));
            prop_assert!(!is_own, "decided by its requester, at {:?}", step);
            let row = stage.row(*id);
            let limit = row.progress.execute_by.expect("it was approved");
            prop_assert!(
                !limit.has_passed(&andon_domain::Clock::moment(&*stage.clock)),
                "sent too late, at {:?}",
                step
            );
        }
        self.applied = ids;
        for row in stage.journal.rows.lock().unwrap().iter() {
            let (id, state) = (row.request.id, row.progress.state);
            if let Some(end) = self.ended.get(&id) {
                prop_assert_eq!(*end, state, "an end was not the end, at {:?}", step);
            }
            if state.is_settled() {
                self.ended.insert(id, state);
            }
            if matches!(state, State::Denied | State::Expired | State::Cancelled) {
                self.stopped.insert(id);
            }
            if state == State::Succeeded && row.progress.outcome.as_ref().unwrap().settled_by.is_none() {
                prop_assert!(self.applied.contains(&id), "called done without having been sent");
            }
            prop_assert_eq!(
                row.request.parameters.as_str(),
                &self.asked.iter().find(|(a, ..)| *a == id).unwrap().1
            );
        }
        Ok(())
    }

    /// Votes as the journal has them: an answer that was lost may still have been written.
    fn note_votes(&mut self, stage: &Stage, id: ApprovalId) {
        let row = stage.row(id);
        let standing = row.progress.standing_decisions().iter();
        let approvals = standing.filter(|vote| vote.payload.verdict == Verdict::Approve);
        let names = approvals.map(|vote| {
            *PEOPLE
                .iter()
                .find(|name| **name == vote.payload.operator_id)
                .unwrap()
        });
        self.votes.insert(id, names.collect());
    }
}

/// Walks the steps; gives the risk of each request that was sent.
async fn run(steps: Vec<Step>) -> Result<Vec<Risk>, TestCaseError> {
    let mut stage = Stage::open().await;
    let mut seen = Seen::default();
    for (place, step) in steps.into_iter().enumerate() {
        let pick = |which: usize| (!seen.asked.is_empty()).then(|| seen.asked[which % seen.asked.len()].0);
        match step {
            Step::Ask { price, by_person } => {
                let caller = if by_person {
                    stage.person("ada")
                } else {
                    agent("buyer")
                };
                let price = [MEDIUM, HIGH, CRITICAL][price];
                let key = Asked {
                    idempotency_key: Some(format!("key-{place}")),
                    ..Asked::default()
                };
                if let Ok(taken) = stage.ask_as(&caller, price, key).await {
                    let request = taken.row.request;
                    let bytes = request.parameters.as_str().to_owned();
                    seen.asked
                        .push((request.id, bytes, request.risk, request.requested_by));
                }
            }
            Step::Approvals { which } => {
                let Some(id) = pick(which) else { continue };
                for who in ["ben", "ada"] {
                    let row = stage.row(id);
                    let _ = decide(&stage.engine, &stage.person(who), id, approval(&row)).await;
                }
                seen.note_votes(&stage, id);
            }
            Step::Decide { who, which, verdict } => {
                let Some(id) = pick(which) else { continue };
                let row = stage.row(id);
                let decision = if verdict == Verdict::Approve {
                    approval(&row)
                } else {
                    denial(&row)
                };
                let result = decide(&stage.engine, &stage.person(PEOPLE[who]), id, decision).await;
                let after = stage.row(id);
                if result.is_err() && after.version == row.version {
                    prop_assert_eq!(&after, &row, "a refused decision changed something");
                }
                seen.note_votes(&stage, id);
            }
            Step::Undo { who, which } => {
                let Some(id) = pick(which) else { continue };
                if undo(&stage.engine, &stage.person(PEOPLE[who]), id).await.is_ok() {
                    prop_assert!(!seen.applied.contains(&id), "undone after it was sent");
                    prop_assert_eq!(stage.state(id), State::Pending);
                }
                seen.note_votes(&stage, id);
            }
            Step::Extend { who, which } => {
                let Some(id) = pick(which) else { continue };
                let _ = extend(&stage.engine, &stage.person(PEOPLE[who]), id).await;
            }
            Step::Cancel { which } => {
                let Some(id) = pick(which) else { continue };
                let _ = cancel(&stage.engine, &agent("buyer"), id).await;
            }
            Step::Sweep => {
                let _ = sweep(&stage.engine).await;
            }
            Step::Send { answer } => {
                stage.system.answers.lock().unwrap().clear();
                stage.system.say(answer);
                let engine = stage.engine.clone();
                let was_cut_off = tokio::select! {
                    _ = send_due(&engine) => false,
                    () = stage.system.hung.notified() => true,
                };
                if was_cut_off {
                    seen.check(&stage, step)?;
                    stage.restart().await;
                }
            }
            Step::Settle { who, which, happened } => {
                let Some(id) = pick(which) else { continue };
                let _ = settle(
                    &stage.engine,
                    &stage.person(PEOPLE[who]),
                    id,
                    happened,
                    None,
                    LONG_REASON,
                )
                .await;
            }
            Step::Reconcile { who, which } => {
                let Some(id) = pick(which) else { continue };
                let _ = reconcile(&stage.engine, &stage.person(PEOPLE[who]), id).await;
            }
            Step::Pass { seconds } => stage.clock.pass(seconds),
            Step::Jump { seconds } => stage.clock.jump(seconds),
            Step::Restart { is_reboot } => {
                if is_reboot {
                    stage.clock.reboot();
                }
                stage.restart().await;
                let left = [State::Claimed, State::Dispatched];
                prop_assert!(
                    stage
                        .journal
                        .rows
                        .lock()
                        .unwrap()
                        .iter()
                        .all(|row| !left.contains(&row.progress.state))
                );
            }
            Step::DiskFails { mut after } => stage.journal.on_change(move |_, _| {
                after = after.wrapping_sub(1);
                if after == u32::MAX {
                    Err(PortError::storage("disk full"))
                } else {
                    Ok(())
                }
            }),
            Step::LoseReply => stage.journal.lose_reply.store(true, Ordering::SeqCst),
        }
        seen.check(&stage, step)?;
    }
    Ok(seen
        .asked
        .iter()
        .filter(|(id, ..)| seen.applied.contains(id))
        .map(|(_, _, risk, _)| *risk)
        .collect())
}

#[test]
fn whatever_happens_each_request_is_sent_at_most_once_and_only_as_approved() {
    let config = ProptestConfig {
        cases: 150,
        max_shrink_iters: 2_000,
        failure_persistence: None,
        ..Default::default()
    };
    let sent = RefCell::new(BTreeMap::<Risk, usize>::new());
    TestRunner::new(config)
        .run(&proptest::collection::vec(step(), 20..100), |steps| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build()
                .unwrap();
            for risk in runtime.block_on(run(steps))? {
                *sent.borrow_mut().entry(risk).or_default() += 1;
            }
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
    // A walk that never gets to the point proves nothing.
    let sent = sent.into_inner();
    println!("sent: {sent:?}");
    for (risk, least) in [(Risk::Medium, 10), (Risk::High, 10), (Risk::Critical, 10)] {
        assert!(
            sent.get(&risk).is_some_and(|count| *count >= least),
            "too few were sent: {sent:?}"
        );
    }
}
