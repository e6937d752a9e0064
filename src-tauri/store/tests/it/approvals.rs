//! Requests: what comes back, what joins, who wins a race, what the file refuses.

use andon_approvals::{ApprovalFilter, ApprovalJournal, ApprovalRow, Changed, Inserted, JoinRule, State};
use andon_domain::PortErrorKind;
use andon_domain::ports::AuditFilter;

use crate::arrange::{Folder, at, deadline, decision, event, outcome, pending, request, rule, tenant};

pub(crate) async fn insert(journal: &dyn ApprovalJournal, digest: u8) -> ApprovalRow {
    match journal
        .insert(
            request(digest),
            pending(),
            rule(),
            event("approval.requested", "x"),
        )
        .await
        .unwrap()
    {
        Inserted::New(row) => row,
        other => panic!("a fresh request must be new: {other:?}"),
    }
}

#[tokio::test]
async fn a_request_and_its_whole_progress_come_back_exactly_after_a_restart() {
    let folder = Folder::new();
    let store = folder.open();
    let journal = store.journal();
    let row = insert(journal.as_ref(), 1).await;
    let mut progress = row.progress.clone();
    progress.state = State::Approved;
    progress.decisions = vec![decision(&row.request, "n1")];
    progress.dispatch_after = Some(at(7_000));
    progress.execute_by = Some(deadline(60_000));
    progress.decided_at = Some(at(2_000));
    let approved = change(journal.as_ref(), &row, progress.clone()).await;
    progress.state = State::Claimed;
    progress.attempt = Some("attempt-1".to_owned());
    let claimed = change(journal.as_ref(), &approved, progress.clone()).await;
    progress.state = State::Dispatched;
    let dispatched = change(journal.as_ref(), &claimed, progress.clone()).await;
    progress.state = State::Succeeded;
    progress.outcome = Some(outcome());
    progress.settled_at = Some(at(9_000));
    let done = change(journal.as_ref(), &dispatched, progress).await;
    assert_eq!(done.version, 5);

    store.close().await;
    drop((journal, store));
    let store = folder.open();
    let found = store
        .journal()
        .get(&tenant(), row.request.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found, done);
    assert_eq!(
        found.request.parameters.as_str(),
        row.request.parameters.as_str(),
        "the bytes are the same"
    );
    let audit = store.audit(&tenant());
    assert!(audit.verify().await.unwrap().is_intact);
    let events = audit
        .tail(&AuditFilter {
            limit: 100,
            ..AuditFilter::default()
        })
        .await
        .unwrap();
    assert_eq!(
        events.len(),
        5,
        "one event for each change, in the same transaction"
    );
}

pub(crate) async fn change(
    journal: &dyn ApprovalJournal,
    row: &ApprovalRow,
    progress: andon_approvals::Progress,
) -> ApprovalRow {
    let done = journal
        .change(
            &tenant(),
            row.request.id,
            row.version,
            progress,
            event("approval.changed", "x"),
        )
        .await
        .unwrap();
    match done {
        Changed::Done(row) => row,
        Changed::Stale(row) => panic!("nobody else changed it: {row:?}"),
    }
}

#[tokio::test]
async fn of_two_changes_from_the_same_version_one_wins_and_the_other_sees_it() {
    let folder = Folder::new();
    let store = folder.open();
    let journal = store.journal();
    for digest in 0..20 {
        let row = insert(journal.as_ref(), digest).await;
        store_settles_a_race(&store.journal(), row).await;
        let count = journal
            .list(
                &tenant(),
                &ApprovalFilter {
                    limit: 100,
                    ..ApprovalFilter::default()
                },
            )
            .await
            .unwrap();
        assert_eq!(count.len(), usize::from(digest) + 1);
    }
}

async fn store_settles_a_race(journal: &std::sync::Arc<dyn ApprovalJournal>, row: ApprovalRow) {
    let attempt = |state: State| {
        let (journal, row) = (std::sync::Arc::clone(journal), row.clone());
        tokio::spawn(async move {
            let mut progress = row.progress.clone();
            progress.state = state;
            journal
                .change(
                    &tenant(),
                    row.request.id,
                    1,
                    progress,
                    event("approval.changed", "race"),
                )
                .await
                .unwrap()
        })
    };
    let (approve, deny) = (attempt(State::Approved), attempt(State::Denied));
    let outcomes = [approve.await.unwrap(), deny.await.unwrap()];
    let winner = outcomes.iter().find_map(|o| {
        if let Changed::Done(row) = o {
            Some(row.clone())
        } else {
            None
        }
    });
    let loser = outcomes.iter().find_map(|o| {
        if let Changed::Stale(row) = o {
            Some(row.clone())
        } else {
            None
        }
    });
    assert_eq!(winner, loser, "one wins, and the other is shown the winner's row");
    assert_eq!(winner.map(|row| row.version), Some(2));
}

#[tokio::test]
async fn what_is_not_an_arrow_or_takes_a_decision_back_is_refused_and_nothing_is_written() {
    let folder = Folder::new();
    let store = folder.open();
    let journal = store.journal();
    let row = insert(journal.as_ref(), 1).await;
    let mut first_vote = row.progress.clone();
    first_vote.decisions = vec![decision(&row.request, "n1")];
    let row = change(journal.as_ref(), &row, first_vote).await;

    let refused = async |progress: andon_approvals::Progress| {
        let result = journal
            .change(&tenant(), row.request.id, row.version, progress, event("x", "x"))
            .await;
        result.expect_err("must be refused").kind
    };
    let with = |change: fn(&mut andon_approvals::Progress)| {
        let mut progress = row.progress.clone();
        change(&mut progress);
        progress
    };
    assert_eq!(
        refused(with(|p| p.state = State::Dispatched)).await,
        PortErrorKind::Invalid
    );
    assert_eq!(
        refused(with(|p| p.decisions.clear())).await,
        PortErrorKind::Invalid
    );
    assert_eq!(
        refused(with(|p| p.decisions[0].signature = "cd".repeat(64))).await,
        PortErrorKind::Invalid
    );
    assert_eq!(
        refused(with(|p| p.void_decisions = 2)).await,
        PortErrorKind::Invalid
    );
    let again = with(|p| p.decisions.push(p.decisions[0].clone()));
    assert_eq!(
        refused(again).await,
        PortErrorKind::Conflict,
        "a nonce counts once"
    );
    let foreign = {
        let mut progress = row.progress.clone();
        progress.decisions.push(decision(&request(9), "n2"));
        progress
    };
    assert_eq!(
        refused(foreign).await,
        PortErrorKind::Invalid,
        "a decision about another request"
    );
    assert_eq!(journal.get(&tenant(), row.request.id).await.unwrap(), Some(row));
    let verdict = store.audit(&tenant()).verify().await.unwrap();
    assert_eq!(
        (verdict.is_intact, verdict.events),
        (true, 2),
        "a refused change leaves no event"
    );
}

#[tokio::test]
async fn an_undone_decision_stays_on_record_and_does_not_count_again() {
    let folder = Folder::new();
    let store = folder.open();
    let journal = store.journal();
    let row = insert(journal.as_ref(), 1).await;
    let mut progress = row.progress.clone();
    progress.state = State::Approved;
    progress.decisions = vec![decision(&row.request, "n1")];
    let row = change(journal.as_ref(), &row, progress.clone()).await;
    progress.state = State::Pending;
    progress.void_decisions = 1;
    let row = change(journal.as_ref(), &row, progress.clone()).await;
    assert_eq!(
        (
            row.progress.decisions.len(),
            row.progress.standing_decisions().len()
        ),
        (1, 0)
    );
    progress.state = State::Approved;
    progress.void_decisions = 0;
    let result = journal
        .change(&tenant(), row.request.id, row.version, progress, event("x", "x"))
        .await;
    assert_eq!(
        result.unwrap_err().kind,
        PortErrorKind::Invalid,
        "void stays void"
    );
}

#[tokio::test]
async fn a_nonce_of_another_request_is_refused() {
    let folder = Folder::new();
    let store = folder.open();
    let journal = store.journal();
    let (one, two) = (
        insert(journal.as_ref(), 1).await,
        insert(journal.as_ref(), 2).await,
    );
    let mut progress = one.progress.clone();
    progress.decisions = vec![decision(&one.request, "same")];
    change(journal.as_ref(), &one, progress).await;
    let mut progress = two.progress.clone();
    progress.decisions = vec![decision(&two.request, "same")];
    let error = journal
        .change(&tenant(), two.request.id, 1, progress, event("x", "x"))
        .await
        .unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Conflict);
}

#[tokio::test]
async fn equal_requests_join_and_a_reused_key_is_told() {
    let folder = Folder::new();
    let store = folder.open();
    let journal = store.journal();
    let put = async |digest: u8, key: Option<&str>, millis: i64| {
        let mut request = request(digest);
        request.idempotency_key = key.map(str::to_owned);
        request.requested_at = at(millis);
        let id = request.id;
        (
            id,
            journal
                .insert(request, pending(), rule(), event("approval.requested", "x"))
                .await
                .unwrap(),
        )
    };
    let (first, outcome) = put(1, Some("k"), 0).await;
    assert!(matches!(outcome, Inserted::New(_)));
    let (_, outcome) = put(1, Some("k"), 90_000_000).await;
    assert!(
        matches!(outcome, Inserted::Joined(row) if row.request.id == first),
        "a key has no time limit"
    );
    let (_, outcome) = put(2, Some("k"), 1_000).await;
    assert!(matches!(outcome, Inserted::KeyReused(row) if row.request.id == first));
    let (_, outcome) = put(1, None, 599_999).await;
    assert!(
        matches!(outcome, Inserted::Joined(row) if row.request.id == first),
        "within ten minutes"
    );
    let (second, outcome) = put(1, None, 600_000).await;
    assert!(
        matches!(outcome, Inserted::New(_)),
        "ten minutes later it is a new wish"
    );
    let row = journal.get(&tenant(), second).await.unwrap().unwrap();
    let mut denied = row.progress.clone();
    denied.state = State::Denied;
    change(journal.as_ref(), &row, denied).await;
    let (_, outcome) = put(1, None, 1_100_000).await;
    assert!(
        matches!(outcome, Inserted::New(_)),
        "a denied request is not joined"
    );
    let verdict = store.audit(&tenant()).verify().await.unwrap();
    assert_eq!(verdict.events, 4, "joining writes nothing");
}

#[tokio::test]
async fn other_requesters_and_tenants_never_join() {
    let folder = Folder::new();
    let store = folder.open();
    let journal = store.journal();
    let mut mine = request(1);
    mine.idempotency_key = Some("k".to_owned());
    let mut theirs = mine.clone();
    theirs.id = request(1).id;
    theirs.requested_by = "agent:other".to_owned();
    let mut elsewhere = mine.clone();
    elsewhere.id = request(1).id;
    elsewhere.tenant = "second".into();
    let mut elsewhere_event = event("approval.requested", "x");
    elsewhere_event.tenant = "second".into();
    let id = elsewhere.id;
    for (request, event) in [
        (mine, event("a", "x")),
        (theirs, event("a", "x")),
        (elsewhere, elsewhere_event),
    ] {
        let outcome = journal.insert(request, pending(), rule(), event).await.unwrap();
        assert!(matches!(outcome, Inserted::New(_)), "{outcome:?}");
    }
    assert_eq!(
        journal.get(&tenant(), id).await.unwrap(),
        None,
        "another tenant's request is not there"
    );
    assert!(journal.get(&"second".into(), id).await.unwrap().is_some());
    assert_eq!(journal.in_states(&[State::Pending]).await.unwrap().len(), 3);
    assert_eq!(journal.in_states(&[]).await.unwrap(), vec![]);
}

#[tokio::test]
async fn too_many_waiting_requests_of_one_requester_are_refused() {
    let folder = Folder::new();
    let store = folder.open();
    let journal = store.journal();
    let rule = JoinRule {
        most_pending: 2,
        ..rule()
    };
    for digest in 0..4 {
        let outcome = journal
            .insert(request(digest), pending(), rule, event("a", "x"))
            .await
            .unwrap();
        assert_eq!(
            matches!(outcome, Inserted::TooMany(2)),
            digest >= 2,
            "{outcome:?}"
        );
    }
    let outcome = journal
        .insert(request(0), pending(), rule, event("a", "x"))
        .await
        .unwrap();
    assert!(
        matches!(outcome, Inserted::Joined(_)),
        "asking again for what waits is not one more"
    );
}

#[tokio::test]
async fn lists_are_filtered_newest_first_and_bounded() {
    let folder = Folder::new();
    let store = folder.open();
    let journal = store.journal();
    for (digest, millis) in [(1, 0), (2, 5_000), (3, 9_000)] {
        let mut request = request(digest);
        request.requested_at = at(millis);
        journal
            .insert(request, pending(), rule(), event("a", "x"))
            .await
            .unwrap();
    }
    let list = async |filter: ApprovalFilter| {
        let rows = journal.list(&tenant(), &filter).await.unwrap();
        rows.iter()
            .map(|row| row.request.digest.as_bytes()[0])
            .collect::<Vec<_>>()
    };
    assert_eq!(
        list(ApprovalFilter {
            limit: 10,
            ..Default::default()
        })
        .await,
        [3, 2, 1]
    );
    assert_eq!(
        list(ApprovalFilter {
            limit: 1,
            ..Default::default()
        })
        .await,
        [3]
    );
    assert_eq!(
        list(ApprovalFilter {
            limit: 10,
            since: Some(at(5_000)),
            ..Default::default()
        })
        .await,
        [3, 2]
    );
    assert_eq!(
        list(ApprovalFilter {
            limit: 10,
            states: vec![State::Denied],
            ..Default::default()
        })
        .await,
        [0_u8; 0]
    );
    let other = ApprovalFilter {
        limit: 10,
        requested_by: Some("agent:other".to_owned()),
        ..Default::default()
    };
    assert_eq!(list(other).await, [0_u8; 0]);
}
