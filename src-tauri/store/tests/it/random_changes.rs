//! Random changes against the state machine: the journal follows exactly the arrows of `State::may_become`.

use andon_approvals::{Changed, Inserted, State};
use andon_domain::PortErrorKind;
use proptest::prelude::*;
use tokio::runtime::Runtime;

use crate::arrange::{Folder, decision, event, pending, request, rule, tenant};

#[derive(Debug, Clone)]
struct Step {
    to: State,
    is_from_newest: bool,
    adds_decision: bool,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step =
        (0..State::ALL.len(), prop::bool::weighted(0.8), any::<bool>()).prop_map(|(to, newest, adds)| Step {
            to: State::ALL[to],
            is_from_newest: newest,
            adds_decision: adds,
        });
    prop::collection::vec(step, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_changes_keeps_to_the_arrows_and_the_chain_holds(steps in steps()) {
        let folder = Folder::new();
        let runtime = Runtime::new().unwrap();
        let (row, changes) = runtime.block_on(async {
            let store = folder.open();
            let journal = store.journal();
            let request = request(1);
            let inserted = journal.insert(request.clone(), pending(), rule(), event("asked", "x")).await.unwrap();
            let Inserted::New(mut row) = inserted else { panic!("new") };
            let mut changes = 0;
            for (number, step) in steps.into_iter().enumerate() {
                let mut progress = row.progress.clone();
                progress.state = step.to;
                if step.adds_decision {
                    progress.decisions.push(decision(&request, &format!("nonce-{number}")));
                }
                let from = if step.is_from_newest { row.version } else { row.version - 1 };
                let result = journal.change(&tenant(), request.id, from, progress.clone(), event("step", "x")).await;
                match result {
                    Ok(Changed::Done(next)) => {
                        assert!(step.is_from_newest && row.progress.state.may_become(step.to));
                        assert_eq!((&next.progress, next.version), (&progress, row.version + 1));
                        row = next;
                        changes += 1;
                    }
                    Ok(Changed::Stale(now)) => assert!(!step.is_from_newest && now == row),
                    Err(error) => {
                        assert!(step.is_from_newest && !row.progress.state.may_become(step.to));
                        assert_eq!(error.kind, PortErrorKind::Invalid);
                    }
                }
            }
            (row, changes)
        });
        runtime.block_on(async {
            let store = folder.open();
            let found = store.journal().get(&tenant(), row.request.id).await.unwrap();
            assert_eq!(found, Some(row));
            let verdict = store.audit(&tenant()).verify().await.unwrap();
            assert_eq!((verdict.is_intact, verdict.events), (true, changes + 1));
        });
    }
}
