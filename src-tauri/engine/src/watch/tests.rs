use std::sync::Arc;
use std::time::Duration;

use andon_domain::ports::{FeedBatch, Health, HealthState, PlantEvent, PlantEvents};
use andon_domain::records::{Alarm, Equipment, MachineMode, MachineState, MachineStatus, Reason};
use andon_domain::{PortError, PortErrorKind, Role, TenantId, Timestamp};
use futures_util::stream;

use super::schedule_tests::{MIDDLE, finish, in_full};
use super::*;
use crate::error::EngineError;
use crate::status::check_all;
use crate::testing::{START, ScriptedFeeds, World, batch, failure, person, world};
use crate::world::{Change, Systems};

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(START + seconds * 1_000)
}

pub(super) fn machine(id: &str, status: MachineState, observed: Option<Timestamp>) -> MachineStatus {
    MachineStatus {
        machine_id: id.to_owned(),
        name: None,
        equipment: Equipment {
            work_center: Some(format!("L{}", &id[1..2])),
            ..Equipment::default()
        },
        status,
        status_raw: None,
        status_since: Some(at(-600)),
        mode: MachineMode::Production,
        planned_busy: None,
        reason: None,
        order_id: None,
        product_id: None,
        counters: None,
        planned_cycle_s: None,
        last_cycle_s: None,
        alarms: Vec::new(),
        observed_at: observed,
        updated_at: None,
        version: 1,
        incomplete: Vec::new(),
    }
}

fn alarm(id: &str, raised: i64) -> Alarm {
    Alarm {
        id: id.to_owned(),
        code: None,
        text: Some(format!("alarm {id}")),
        priority: Some(1),
        raised_at: Some(at(raised)),
        acknowledged: None,
    }
}

pub(super) fn plant() -> (World, Arc<ScriptedFeeds>) {
    let feeds = Arc::new(ScriptedFeeds::default());
    let systems = Systems {
        plant: Some(feeds.clone()),
        ..Systems::default()
    };
    (world(systems), feeds)
}

pub(super) async fn sync(world: &World, feed: Feed) -> Result<(), EngineError> {
    sync_feed(&world.engine, &TenantId::default_tenant(), feed)
        .await
        .map(|_| ())
}

pub(super) fn say(feeds: &ScriptedFeeds, machines: Vec<MachineStatus>) {
    *feeds.machines.lock().unwrap() = Ok(batch(machines));
}

#[tokio::test]
async fn what_is_old_is_counted_as_stale_and_never_as_running() {
    let (world, feeds) = plant();
    let reason = Reason {
        code: None,
        text: Some("Spindle overload".to_owned()),
        group: None,
    };
    let down = MachineStatus {
        reason: Some(reason),
        alarms: vec![alarm("a1", -590)],
        ..machine("M11", MachineState::Down, Some(at(0)))
    };
    let alarmed = MachineStatus {
        alarms: vec![alarm("a2", -30)],
        ..machine("M12", MachineState::Running, Some(at(0)))
    };
    let mut offline = machine("M21", MachineState::Offline, Some(at(0)));
    offline.status_since = Some(at(-3_600));
    say(
        &feeds,
        vec![
            machine("M22", MachineState::Running, Some(at(-16))),
            machine("M23", MachineState::Running, None),
            offline,
            alarmed,
            down,
        ],
    );
    sync(&world, Feed::Machines).await.unwrap();
    let board = board(&world.engine, &person("vic", Role::Viewer)).await.unwrap();
    let counts = StateCounts {
        total: 5,
        running: 1,
        down: 1,
        offline: 1,
        stale: 2,
        ..StateCounts::default()
    };
    assert_eq!(board.counts, counts);
    let ids: Vec<_> = board
        .machines
        .iter()
        .map(|m| (m.status.machine_id.as_str(), m.age_ms, m.is_stale))
        .collect();
    let expected = [
        ("M11", Some(0), false),
        ("M12", Some(0), false),
        ("M21", Some(0), false),
        ("M22", Some(16_000), true),
        ("M23", None, true),
    ];
    assert_eq!(ids, expected);
    let lines: Vec<_> = board
        .lines
        .iter()
        .map(|line| (line.name.as_deref(), line.counts.total, line.counts.stale))
        .collect();
    assert_eq!(lines, [(Some("L1"), 2, 0), (Some("L2"), 3, 2)]);
    let abnormal: Vec<_> = board
        .abnormal
        .iter()
        .map(|a| (a.kind, a.machine_id.as_str(), a.text.as_deref()))
        .collect();
    assert_eq!(
        abnormal,
        [
            (AbnormalKind::Offline, "M21", None),
            (AbnormalKind::Down, "M11", Some("Spindle overload")),
            (AbnormalKind::Alarm, "M12", Some("alarm a2")),
            (AbnormalKind::Stale, "M22", Some("last state: running")),
            (AbnormalKind::Stale, "M23", Some("last state: running")),
        ]
    );
    assert_eq!(board.feed.state, FeedViewState::Polling);
}

#[tokio::test]
async fn a_prompt_answer_of_old_values_is_stale() {
    let (world, feeds) = plant();
    say(&feeds, vec![machine("M11", MachineState::Running, Some(at(-60)))]);
    sync(&world, Feed::Machines).await.unwrap();
    let board = board(&world.engine, &person("vic", Role::Viewer)).await.unwrap();
    assert_eq!(
        (board.feed.state, board.counts.running),
        (FeedViewState::Stale, 0)
    );
}

#[tokio::test]
async fn ages_are_by_the_clock_of_the_plant() {
    let (world, feeds) = plant();
    let records = vec![machine("M11", MachineState::Running, Some(at(-300)))];
    *feeds.machines.lock().unwrap() = Ok(FeedBatch {
        server_time: Some(at(-298)),
        ..batch(records)
    });
    sync(&world, Feed::Machines).await.unwrap();
    let board = board(&world.engine, &person("vic", Role::Viewer)).await.unwrap();
    assert_eq!(
        (board.machines[0].age_ms, board.machines[0].is_stale),
        (Some(2_000), false)
    );
    assert_eq!(board.clock_skew_ms, Some(-298_000));
}

#[tokio::test]
async fn the_clock_of_the_plant_is_the_one_it_read_off_a_single_answer() {
    let (world, feeds) = plant();
    *feeds.skew_ms.lock().unwrap() = Some(1_500);
    *feeds.machines.lock().unwrap() = Ok(FeedBatch {
        server_time: Some(at(30)),
        ..batch(Vec::new())
    });
    sync(&world, Feed::Machines).await.unwrap();
    let board = board(&world.engine, &person("vic", Role::Viewer)).await.unwrap();
    assert_eq!(board.clock_skew_ms, Some(1_500), "the fetch may have taken long");
}

#[tokio::test]
async fn a_feed_that_turns_is_written_down_and_a_poll_is_not() {
    let (world, feeds) = plant();
    let mut changes = world.engine.changes();
    sync(&world, Feed::Machines).await.unwrap();
    let changed = Change::FeedChanged {
        tenant: TenantId::default_tenant(),
        feed: Feed::Machines,
    };
    assert_eq!(changes.try_recv().unwrap(), changed);
    assert!(world.audit.actions().is_empty());
    *feeds.machines.lock().unwrap() = Err(failure(PortErrorKind::Unavailable));
    for _ in 0..3 {
        assert!(sync(&world, Feed::Machines).await.is_err());
    }
    say(&feeds, Vec::new());
    sync(&world, Feed::Machines).await.unwrap();
    assert_eq!(world.audit.actions(), ["feed.failing", "feed.recovered"]);
    assert!(matches!(
        sync(&world, Feed::Stock).await,
        Err(EngineError::NotConfigured(_))
    ));
    assert_eq!(
        due(&world.engine, &TenantId::default_tenant()).unwrap(),
        [Feed::Downtime],
        "SAP is not configured"
    );
}

#[tokio::test]
async fn a_stream_is_live_while_it_lasts_and_its_events_reach_the_mirror() {
    let (world, feeds) = plant();
    let tenant = TenantId::default_tenant();
    let running = machine("M11", MachineState::Running, Some(at(0)));
    let told: Vec<Result<PlantEvent, PortError>> = vec![
        Ok(PlantEvent::Machine(Box::new(running))),
        Ok(PlantEvent::Alive),
        Err(PortError::new(
            System::Mes,
            PortErrorKind::Unavailable,
            "the stream broke",
        )),
    ];
    let events: PlantEvents = Box::pin(stream::iter(told));
    *feeds.events.lock().unwrap() = Some(Ok(events));
    assert!(should_follow(&world.engine, &tenant).unwrap());
    assert!(matches!(
        follow(&world.engine, &tenant).await,
        Err(EngineError::Port(_))
    ));
    assert!(world.mirror.machines.lock().unwrap().contains_key("M11"));
    assert_ne!(
        world
            .tenant()
            .feeds
            .view(Feed::Machines, Offer::Offered, at(0))
            .state,
        FeedViewState::Live
    );

    *feeds.events.lock().unwrap() = Some(Err(failure(PortErrorKind::Unauthorized)));
    assert!(follow(&world.engine, &tenant).await.is_err());
    assert!(
        !should_follow(&world.engine, &tenant).unwrap(),
        "no more attempts with a refused token"
    );
    resume(&world.engine, &tenant, System::Mes).unwrap();
    assert!(should_follow(&world.engine, &tenant).unwrap());
}

#[tokio::test]
async fn pausing_a_feed_is_for_admins_and_is_written_down() {
    let (world, _) = plant();
    let operator = person("otto", Role::Operator);
    assert!(
        set_paused(&world.engine, &operator, Feed::Machines, true)
            .await
            .is_err()
    );
    set_paused(&world.engine, &person("ada", Role::Admin), Feed::Machines, true)
        .await
        .unwrap();
    assert_eq!(world.audit.actions(), ["feed.paused"]);
    let views = feeds_view(&world.engine, &operator).unwrap();
    let states: Vec<_> = views.iter().map(|view| view.state).collect();
    use FeedViewState::{NotConfigured, NotOffered, Paused, Polling};
    assert_eq!(states[..3], [Paused, Polling, NotOffered]);
    assert_eq!(states[6..], [NotConfigured; 4]);
}

struct Checked(std::sync::Mutex<HealthState>);

#[async_trait::async_trait]
impl andon_domain::ports::Connector for Checked {
    fn traffic(&self) -> andon_domain::ports::Traffic {
        andon_domain::ports::Traffic::default()
    }

    async fn examine(&self) -> Vec<andon_domain::ports::Finding> {
        Vec::new()
    }

    async fn check(&self) -> Health {
        let state = *self.0.lock().unwrap();
        Health {
            state,
            message: String::new(),
            hint: None,
            latency_ms: Some(1),
            clock_skew_ms: None,
        }
    }
}

#[tokio::test]
async fn a_change_of_health_is_announced_once_and_lets_feeds_go_on() {
    let check = Arc::new(Checked(std::sync::Mutex::new(HealthState::Unauthorized)));
    let mut systems = Systems::default();
    systems.connectors.insert(System::Sap, check.clone());
    let world = world(systems);
    let tenant = TenantId::default_tenant();
    let mut changes = world.engine.changes();
    let rung = Change::StatusChanged {
        tenant: tenant.clone(),
    };
    check_all(&world.engine, &tenant).await.unwrap();
    assert_eq!(changes.try_recv().unwrap(), rung);
    check_all(&world.engine, &tenant).await.unwrap();
    assert!(changes.try_recv().is_err(), "nothing changed");
    let _ = finish(
        &world.tenant().feeds,
        Feed::Stock,
        at(0),
        Err(&failure(PortErrorKind::Unauthorized)),
    );
    *check.0.lock().unwrap() = HealthState::Healthy;
    check_all(&world.engine, &tenant).await.unwrap();
    assert_eq!(changes.try_recv().unwrap(), rung);
    assert!(world.tenant().feeds.tick(at(1)).contains(&Feed::Stock));
    let overview = crate::status::overview(&world.engine, &person("vic", Role::Viewer)).unwrap();
    let states: Vec<_> = overview
        .systems
        .iter()
        .map(|s| (s.system, s.health.state))
        .collect();
    assert_eq!(
        states,
        [
            (System::Sap, HealthState::Healthy),
            (System::Mes, HealthState::NotConfigured)
        ]
    );
    assert_eq!(overview.keyring, Some(andon_domain::ports::KeyringState::Locked));
}

fn since_of(feeds: &ScriptedFeeds) -> Option<i64> {
    let asks = feeds.asks.lock().unwrap();
    // Older events are asked for after the newest.
    let newest = asks.iter().rev().find(|(_, ask)| ask.window_until.is_none());
    let (_, ask) = newest.expect("the source was asked");
    ask.changed_since.map(|since| since.millis() - START)
}

#[tokio::test]
async fn changes_are_asked_for_from_the_last_success_and_everything_once_a_day() {
    let (world, feeds) = plant();
    let (minute, overlap) = (Duration::from_secs(60), 300_000);
    sync(&world, Feed::Downtime).await.unwrap();
    assert_eq!(since_of(&feeds), None, "everything at the start");
    world.clock.forward(minute);
    sync(&world, Feed::Downtime).await.unwrap();
    assert_eq!(
        since_of(&feeds),
        Some(-overlap),
        "what changed since the first ask"
    );
    world.clock.forward(minute * 60 * 23);
    sync(&world, Feed::Downtime).await.unwrap();
    assert_eq!(since_of(&feeds), Some(60_000 - overlap));
    world.clock.forward(minute * 60);
    sync(&world, Feed::Downtime).await.unwrap();
    assert_eq!(since_of(&feeds), None, "a day after the last full read");
    world.clock.forward(minute);
    sync(&world, Feed::Downtime).await.unwrap();
    assert!(since_of(&feeds).is_some());
    sync(&world, Feed::Machines).await.unwrap();
    world.clock.forward(minute);
    sync(&world, Feed::Machines).await.unwrap();
    assert_eq!(since_of(&feeds), None, "machines do not tell what changed");
}

#[tokio::test]
async fn changes_are_asked_for_by_the_clock_of_the_source() {
    let (world, feeds) = plant();
    *feeds.machines.lock().unwrap() = Ok(FeedBatch {
        server_time: Some(at(-3_600)),
        ..batch(Vec::new())
    });
    sync(&world, Feed::Machines).await.unwrap();
    sync(&world, Feed::Downtime).await.unwrap();
    sync(&world, Feed::Downtime).await.unwrap();
    assert_eq!(
        since_of(&feeds),
        Some(-3_600_000 - 300_000),
        "the MES is an hour behind: what it changes now bears a time of an hour ago"
    );
}

#[tokio::test]
async fn a_rebuilt_mirror_is_empty_and_read_in_full_whatever_was_under_way() {
    let (world, feeds) = plant();
    let tenant = TenantId::default_tenant();
    let admin = person("ada", Role::Admin);
    say(&feeds, vec![machine("M11", MachineState::Running, Some(at(0)))]);
    sync(&world, Feed::Machines).await.unwrap();
    sync(&world, Feed::Downtime).await.unwrap();
    assert!(
        rebuild(&world.engine, &person("otto", Role::Operator), &[])
            .await
            .is_err()
    );
    assert!(
        !world.mirror.machines.lock().unwrap().is_empty(),
        "a refusal changes nothing"
    );

    let flight = world.tenant().feeds.start(Feed::Downtime).unwrap();
    rebuild(&world.engine, &admin, &[Feed::Machines, Feed::Downtime])
        .await
        .unwrap();
    assert_eq!(world.audit.last().action, "mirror.rebuilt");
    assert!(world.mirror.machines.lock().unwrap().is_empty());
    assert!(
        feeds.forgotten.load(std::sync::atomic::Ordering::SeqCst) > 0,
        "what was unchanged before is not unchanged now"
    );
    let _ = flight.finish(at(0), Ok(in_full(at(0), 0)), MIDDLE);
    assert!(
        due(&world.engine, &tenant).unwrap().contains(&Feed::Downtime),
        "the answer under way may be from before"
    );
    sync(&world, Feed::Downtime).await.unwrap();
    assert_eq!(
        since_of(&feeds),
        None,
        "a full answer from before is no full copy now"
    );
    sync(&world, Feed::Machines).await.unwrap();
    assert_eq!(world.mirror.machines.lock().unwrap().len(), 1);
    rebuild(&world.engine, &admin, &[]).await.unwrap();
    assert_eq!(world.mirror.cleared.lock().unwrap().len(), 2 + FEEDS.len());
}

#[tokio::test]
async fn a_person_may_have_a_feed_fetched_now_unless_it_is_paused() {
    let (world, _) = plant();
    let (admin, tenant) = (person("ada", Role::Admin), TenantId::default_tenant());
    sync(&world, Feed::Machines).await.unwrap();
    assert!(!due(&world.engine, &tenant).unwrap().contains(&Feed::Machines));
    assert!(
        ask_now(&world.engine, &person("otto", Role::Operator), Feed::Machines)
            .await
            .is_err()
    );
    ask_now(&world.engine, &admin, Feed::Machines).await.unwrap();
    assert!(due(&world.engine, &tenant).unwrap().contains(&Feed::Machines));
    assert_eq!(world.audit.last().action, "feed.sync_asked");
    set_paused(&world.engine, &admin, Feed::Machines, true)
        .await
        .unwrap();
    assert!(matches!(
        ask_now(&world.engine, &admin, Feed::Machines).await,
        Err(EngineError::InvalidInput { field: "feed", .. })
    ));
    for (feed, is_missing) in [(Feed::Quality, true), (Feed::Stock, false)] {
        let refused = ask_now(&world.engine, &admin, feed).await;
        let said = matches!(refused, Err(EngineError::NotFound(_)));
        assert_eq!(said, is_missing, "not offered and not configured are told apart");
        assert!(refused.is_err());
    }
}

#[tokio::test]
async fn events_that_came_together_are_taken_in_together() {
    let (world, _) = plant();
    let tenant = TenantId::default_tenant();
    let mut changes = world.engine.changes();
    let machine = |number: i64| {
        let id = format!("M{number}");
        PlantEvent::Machine(Box::new(machine(&id, MachineState::Running, Some(at(number)))))
    };
    apply_events(&world.engine, &tenant, (0..300).map(machine))
        .await
        .unwrap();
    assert_eq!(world.mirror.machines.lock().unwrap().len(), 300);
    assert!(matches!(
        changes.try_recv(),
        Ok(Change::FeedChanged {
            feed: Feed::Machines,
            ..
        })
    ));
    assert!(changes.try_recv().is_err(), "the screens are told once");
}

#[tokio::test]
async fn a_paused_feed_takes_nothing_from_the_stream_either() {
    let (world, _) = plant();
    let tenant = TenantId::default_tenant();
    let admin = person("ada", Role::Admin);
    set_paused(&world.engine, &admin, Feed::Machines, true)
        .await
        .unwrap();
    let event = || PlantEvent::Machine(Box::new(machine("M11", MachineState::Down, Some(at(0)))));
    apply_events(&world.engine, &tenant, [event()]).await.unwrap();
    assert!(world.mirror.machines.lock().unwrap().is_empty());
    set_paused(&world.engine, &admin, Feed::Machines, false)
        .await
        .unwrap();
    apply_events(&world.engine, &tenant, [event()]).await.unwrap();
    assert_eq!(world.mirror.machines.lock().unwrap().len(), 1);
}
