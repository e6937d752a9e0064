use std::sync::atomic::Ordering;

use andon_domain::ports::Fetched;
use andon_domain::{AgentId, Principal, Role};
use tokio::sync::Notify;

use super::*;
use crate::testing::{ScriptedRead, World, failure, fetched, person, world};
use crate::world::Systems;

const ORDERS: &str = "sap.get_purchase_orders";
const MACHINES: &str = "mes.get_machine_status";

fn with(read: &Arc<ScriptedRead>) -> World {
    let mut systems = Systems::default();
    systems.reads.insert(ORDERS, read.clone());
    systems.reads.insert(MACHINES, read.clone());
    world(systems)
}

async fn orders(world: &World, caller: &Caller, page: Page) -> Result<ReadResult, EngineError> {
    read(&world.engine, caller, ORDERS, &json!({}), &page).await
}

#[tokio::test]
async fn a_permit_is_asked_for_before_the_cache() {
    let upstream = Arc::new(ScriptedRead::with(1));
    let world = with(&upstream);
    let operator = person("ada", Role::Operator);
    orders(&world, &operator, Page::default()).await.unwrap();
    let viewer = person("vic", Role::Viewer);
    assert!(matches!(
        orders(&world, &viewer, Page::default()).await,
        Err(EngineError::NotPermitted { .. })
    ));
    let mut agent = Caller {
        principal: Principal::Agent(AgentId::from("bot")),
        ..operator.clone()
    };
    assert!(matches!(
        orders(&world, &agent, Page::default()).await,
        Err(EngineError::NotPermitted { .. })
    ));
    agent.scopes = vec!["sap.get_*".to_owned()];
    assert!(
        orders(&world, &agent, Page::default())
            .await
            .unwrap()
            .about
            .from_cache
    );
    let actions = [
        "operation.read",
        "operation.read_refused",
        "operation.read_refused",
        "operation.read",
    ];
    assert_eq!(
        world.audit.actions(),
        actions,
        "every refusal and every read has its line"
    );
    let kept = format!("{:?}", world.audit.events.lock().unwrap());
    assert!(!kept.contains("\"n\""), "the log never holds records");
}

#[tokio::test]
async fn machine_status_is_cached_five_seconds_and_the_rest_as_configured() {
    let upstream = Arc::new(ScriptedRead::with(1));
    let world = with(&upstream);
    let caller = person("ada", Role::Operator);
    for (operation, after_s, calls) in [
        (MACHINES, 0, 1),
        (MACHINES, 4, 1),
        (MACHINES, 1, 2),
        (ORDERS, 0, 3),
        (ORDERS, 299, 3),
        (ORDERS, 1, 4),
    ] {
        world.clock.forward(Duration::from_secs(after_s));
        read(&world.engine, &caller, operation, &json!({}), &Page::default())
            .await
            .unwrap();
        assert_eq!(upstream.calls(), calls, "{operation} after {after_s} s");
    }
}

#[tokio::test]
async fn ages_are_by_the_clock_of_the_system_that_dates_its_data() {
    let upstream = Arc::new(ScriptedRead::with(1));
    let world = with(&upstream);
    let caller = person("ada", Role::Operator);
    let now = world.engine.clock.now();
    world.tenant().feeds.set_skew(System::Mes, -300_000);
    upstream.say(Ok(Fetched {
        observed_at: Some(now.minus(Duration::from_secs(302))),
        ..fetched(1)
    }));
    let told = read(&world.engine, &caller, MACHINES, &json!({}), &Page::default())
        .await
        .unwrap();
    assert_eq!(told.about.age_ms, 2_000);
    upstream.say(Ok(fetched(1)));
    world.tenant().feeds.set_skew(System::Sap, -300_000);
    let undated = orders(&world, &caller, Page::default()).await.unwrap();
    assert_eq!(undated.about.age_ms, 0, "from when it was asked, by our clock");
}

#[tokio::test]
async fn an_old_answer_is_served_while_the_system_is_down_and_says_so() {
    let upstream = Arc::new(ScriptedRead::with(1));
    let world = with(&upstream);
    let caller = person("ada", Role::Operator);
    orders(&world, &caller, Page::default()).await.unwrap();
    world.clock.forward(Duration::from_secs(600));
    upstream.say(Err(failure(PortErrorKind::Unavailable)));
    let old = orders(&world, &caller, Page::default()).await.unwrap();
    assert!(old.about.is_stale && old.about.from_cache);
    assert_eq!(old.about.age_ms, 600_000);
    assert_eq!(
        old.about.warnings,
        ["SAP does not answer; this is what it said 10 min ago"]
    );
    for kind in [
        PortErrorKind::Unauthorized,
        PortErrorKind::Forbidden,
        PortErrorKind::Rejected,
        PortErrorKind::Protocol,
    ] {
        upstream.say(Err(failure(kind)));
        let refused = orders(&world, &caller, Page::default()).await;
        assert!(
            matches!(refused, Err(EngineError::Port(error)) if error.kind == kind),
            "never hides a refusal: {kind:?}"
        );
    }
    assert_eq!(world.audit.last().action, "operation.read_failed");
    assert_eq!(world.audit.last().outcome, AuditOutcome::Failed);
}

#[tokio::test]
async fn without_an_older_answer_a_system_that_is_down_is_a_failure() {
    let upstream = Arc::new(ScriptedRead::with(1));
    upstream.say(Err(failure(PortErrorKind::TimedOut)));
    let world = with(&upstream);
    assert!(
        orders(&world, &person("ada", Role::Operator), Page::default())
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_read_that_cannot_be_written_down_is_not_answered() {
    let upstream = Arc::new(ScriptedRead::with(1));
    let world = with(&upstream);
    let caller = person("ada", Role::Operator);
    world.audit.refuses.store(true, Ordering::SeqCst);
    let refused = orders(&world, &caller, Page::default()).await;
    assert!(matches!(refused, Err(EngineError::Port(error)) if error.system == System::Storage));
    let storage = crate::status::overview(&world.engine, &caller).unwrap().storage;
    assert!(
        matches!(storage, crate::status::StorageState::Failing { .. }),
        "and the status line says so"
    );
    world.audit.refuses.store(false, Ordering::SeqCst);
    orders(&world, &caller, Page::default()).await.unwrap();
    let storage = crate::status::overview(&world.engine, &caller).unwrap().storage;
    assert_eq!(storage, crate::status::StorageState::Ok);
}

#[tokio::test]
async fn equal_reads_at_the_same_time_go_upstream_once() {
    let hold = Arc::new(Notify::new());
    let upstream = Arc::new(ScriptedRead {
        hold: Some(hold.clone()),
        ..ScriptedRead::with(3)
    });
    let world = with(&upstream);
    let caller = person("ada", Role::Operator);
    let reads = futures_util::future::join_all((0..5).map(|_| orders(&world, &caller, Page::default())));
    let release = async {
        while upstream.calls() == 0 {
            tokio::task::yield_now().await;
        }
        hold.notify_waiters();
        hold.notify_one();
    };
    let (results, ()) = futures_util::join!(reads, release);
    assert!(
        results
            .iter()
            .all(|result| result.as_ref().unwrap().records.len() == 3)
    );
    assert_eq!(upstream.calls(), 1);
    assert_eq!(
        world.audit.actions().len(),
        5,
        "each reader has a line of its own"
    );
}

#[tokio::test]
async fn pages_follow_each_other_and_a_cursor_belongs_to_its_question() {
    let upstream = Arc::new(ScriptedRead::with(250));
    let world = with(&upstream);
    let caller = person("ada", Role::Operator);
    let (mut page, mut seen, mut pages) = (Page::default(), Vec::new(), 0);
    loop {
        let result = orders(&world, &caller, page.clone()).await.unwrap();
        assert_eq!(result.total, Some(250));
        seen.extend(result.records);
        pages += 1;
        let Some(cursor) = result.next_cursor else { break };
        page.cursor = Some(cursor);
    }
    assert_eq!((pages, upstream.calls()), (3, 1));
    assert_eq!(seen, fetched(250).records);

    let cursor = page.cursor;
    let last = Page {
        limit: None,
        cursor: cursor.clone(),
    };
    for (operation, parameters) in [(ORDERS, json!({"supplier": "1"})), (MACHINES, json!({}))] {
        let other = read(&world.engine, &caller, operation, &parameters, &last).await;
        assert!(
            matches!(other, Err(EngineError::InvalidInput { field: "cursor", .. })),
            "{operation}"
        );
    }
    for rubbish in ["", "zz", "31", &"3a".repeat(300)] {
        let page = Page {
            limit: None,
            cursor: Some(rubbish.to_owned()),
        };
        assert!(matches!(
            orders(&world, &caller, page).await,
            Err(EngineError::InvalidInput { field: "cursor", .. })
        ));
    }
    for limit in [0, 1_001] {
        let page = Page {
            limit: Some(limit),
            cursor: None,
        };
        assert!(matches!(
            orders(&world, &caller, page).await,
            Err(EngineError::InvalidInput { field: "limit", .. })
        ));
    }
    world.clock.forward(Duration::from_secs(301));
    let later = orders(&world, &caller, Page { limit: None, cursor })
        .await
        .unwrap();
    assert!(
        later.about.warnings[0].contains("read again"),
        "a page of other data says so"
    );
}

#[tokio::test]
async fn a_write_makes_its_reads_and_feeds_look_again() {
    let upstream = Arc::new(ScriptedRead::with(1));
    let world = with(&upstream);
    let caller = person("ada", Role::Operator);
    orders(&world, &caller, Page::default()).await.unwrap();
    let mut changes = world.engine.changes();
    invalidate_for(
        &world.engine,
        &caller.tenant,
        operations::find("sap.create_purchase_order").unwrap(),
    );
    let tenant = caller.tenant.clone();
    assert_eq!(
        changes.try_recv().unwrap(),
        Change::SyncWanted {
            tenant,
            feed: Feed::PurchaseOrders
        }
    );
    assert!(
        !orders(&world, &caller, Page::default())
            .await
            .unwrap()
            .about
            .from_cache
    );
    assert_eq!(upstream.calls(), 2);
}

#[tokio::test]
async fn what_is_missing_is_named_with_its_remedy() {
    let world = world(Systems::default());
    let caller = person("ada", Role::Operator);
    let missing = orders(&world, &caller, Page::default()).await.unwrap_err();
    assert_eq!(
        missing.to_string(),
        "not configured: SAP. Set SAP_ODATA_ENDPOINT and its credentials."
    );
    let write = read(
        &world.engine,
        &caller,
        "sap.create_purchase_order",
        &json!({}),
        &Page::default(),
    )
    .await;
    assert!(
        matches!(write, Err(EngineError::NotFound(_))),
        "a write is no read"
    );
    let odd = read(
        &world.engine,
        &caller,
        ORDERS,
        &json!({"suplier": "1"}),
        &Page::default(),
    )
    .await;
    assert!(matches!(odd, Err(EngineError::InvalidParameters(_))));
    assert_eq!(world.audit.actions(), ["operation.read_refused"; 3]);
}
