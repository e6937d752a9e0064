//! What a poll asks for: from where it was read before, over restarts, cuts and failures.

use std::sync::atomic::Ordering;
use std::time::Duration;

use andon_domain::ports::{Feed, FeedBatch, FeedMark, PlantEvent, Window};
use andon_domain::records::{DowntimeEvent, MachineState};
use andon_domain::{PortErrorKind, Role, TenantId, Timestamp};

use super::tests::{at, machine, plant, say, sync};
use super::{apply_events, due, feed_view, rebuild};
use crate::error::EngineError;
use crate::testing::{ScriptedFeeds, World, batch, failure, person};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// The windows of stops that were asked for since the last look, by their limits.
fn windows(feeds: &ScriptedFeeds) -> Vec<(Timestamp, Option<Timestamp>)> {
    let mut asks = feeds.asks.lock().unwrap();
    let asks = asks.drain(..).filter(|(feed, _)| *feed == Feed::Downtime);
    asks.map(|(_, ask)| (ask.window_since, ask.window_until))
        .collect()
}

/// The first poll, which brings the newest, and the one after it, which is due at once and brings what is missing.
async fn sync_all(world: &World) -> Result<(), EngineError> {
    sync(world, Feed::Downtime).await?;
    let due = due(&world.engine, &TenantId::default_tenant()).unwrap();
    assert!(due.contains(&Feed::Downtime), "older stops are missing still");
    sync(world, Feed::Downtime).await
}

fn mark(world: &World) -> FeedMark {
    world.mirror.marks.lock().unwrap()[&Feed::Downtime]
}

fn cut() -> FeedBatch<DowntimeEvent> {
    FeedBatch {
        is_truncated: true,
        ..batch(Vec::new())
    }
}

#[tokio::test]
async fn stops_are_fetched_without_a_gap_after_an_absence_and_over_a_restart() {
    let (world, feeds) = plant();
    let friday = FeedMark {
        asked: Some(at(-3 * DAY)),
        full: Some(at(-3 * DAY)),
        missing: None,
    };
    world.mirror.marks.lock().unwrap().insert(Feed::Downtime, friday);
    sync_all(&world).await.unwrap();
    let hour = |hours: i64| at(hours * HOUR);
    assert_eq!(
        windows(&feeds),
        [
            (hour(-1), None),
            (at(-300), None),
            (hour(-3), Some(hour(-1))),
            (hour(-7), Some(hour(-3))),
            (hour(-15), Some(hour(-7))),
            (hour(-31), Some(hour(-15))),
            (hour(-55), Some(hour(-31))),
            (at(-3 * DAY - 300), Some(hour(-55)))
        ],
        "the newest first, back to the last answer of the console that ran before"
    );
    assert_eq!((mark(&world).asked, mark(&world).missing), (Some(at(0)), None));
}

#[tokio::test]
async fn what_is_missing_is_read_on_where_a_failure_ended_it() {
    let (world, feeds) = plant();
    let down = || Err(failure(PortErrorKind::Unavailable));
    feeds.downtime.lock().unwrap().extend([
        Ok(batch(Vec::new())),
        Ok(batch(Vec::new())),
        Ok(batch(Vec::new())),
        down(),
    ]);
    assert!(sync_all(&world).await.is_err());
    let left = Window {
        since: at(-8 * DAY),
        until: at(-3 * HOUR),
    };
    assert_eq!(mark(&world).missing, Some(left));
    assert_eq!(windows(&feeds).len(), 4);
    sync(&world, Feed::Downtime).await.unwrap();
    assert_eq!(mark(&world).missing, None);
    let windows = windows(&feeds);
    assert_eq!(windows[1], (at(-7 * HOUR), Some(at(-3 * HOUR))));
    assert_eq!(windows.last().unwrap().0, at(-8 * DAY));
}

#[tokio::test]
async fn a_source_that_refuses_to_look_back_is_not_asked_again_and_again() {
    let (world, feeds) = plant();
    let fine = || Ok(batch(Vec::new()));
    let refused = Err(failure(PortErrorKind::Rejected));
    feeds.downtime.lock().unwrap().extend([fine(), fine(), refused]);
    sync_all(&world).await.unwrap();
    assert_eq!(mark(&world).missing, None);
    sync(&world, Feed::Downtime).await.unwrap();
    assert_eq!(windows(&feeds).len(), 4);
}

#[tokio::test]
async fn an_answer_that_was_cut_is_asked_for_again_in_shorter_slices() {
    let (world, feeds) = plant();
    let fine = || Ok(batch(Vec::new()));
    let answers = [fine(), fine(), fine(), Ok(cut())];
    feeds.downtime.lock().unwrap().extend(answers);
    sync_all(&world).await.unwrap();
    let windows = windows(&feeds);
    let hour = |hours: i64| at(hours * HOUR);
    assert_eq!(
        windows[..6],
        [
            (hour(-1), None),
            (at(-300), None),
            (hour(-3), Some(hour(-1))),
            (hour(-7), Some(hour(-3))),
            (hour(-5), Some(hour(-3))),
            (hour(-7), Some(hour(-5))),
        ],
        "longer while they come whole, and never again as long as the one that did not"
    );
    let longest = |(since, until): &(Timestamp, Option<Timestamp>)| until.unwrap_or(at(0)).since(*since);
    assert_eq!(
        windows[4..].iter().map(longest).max(),
        Some(Duration::from_secs(7_200))
    );
    assert_eq!(windows.last().unwrap().0, at(-8 * DAY));
    assert_eq!(mark(&world).missing, None, "all of it came");
}

#[tokio::test]
async fn too_many_changes_are_read_in_slices() {
    let (world, feeds) = plant();
    sync(&world, Feed::Downtime).await.unwrap();
    feeds.asks.lock().unwrap().clear();
    world.clock.forward(Duration::from_secs(60));
    feeds.downtime.lock().unwrap().push_back(Ok(cut()));
    sync(&world, Feed::Downtime).await.unwrap();
    let changes: Vec<_> = feeds
        .asks
        .lock()
        .unwrap()
        .iter()
        .map(|(_, ask)| ask.changed_since.is_some())
        .collect();
    assert_eq!(changes[..2], [true, false]);
    assert_eq!(mark(&world).full, Some(at(60)));
}

#[tokio::test]
async fn a_feed_that_was_cut_short_says_so_and_does_not_count_as_read() {
    let (world, feeds) = plant();
    let cuts = || feeds.downtime.lock().unwrap().extend((0..9).map(|_| Ok(cut())));
    cuts();
    sync(&world, Feed::Downtime).await.unwrap();
    let view = || feed_view(&world.engine, &person("vic", Role::Viewer), Feed::Downtime).unwrap();
    assert_eq!((view().is_truncated, view().last_full), (true, None));
    assert!(!world.mirror.marks.lock().unwrap().contains_key(&Feed::Downtime));
    feeds.downtime.lock().unwrap().clear();
    sync(&world, Feed::Downtime).await.unwrap();
    assert_eq!((view().is_truncated, view().last_full), (false, Some(at(0))));
}

#[tokio::test]
async fn a_list_that_cannot_be_sliced_is_asked_for_changes_after_it_was_cut() {
    let (world, feeds) = plant();
    let machines = vec![machine("M11", MachineState::Running, Some(at(0)))];
    *feeds.machines.lock().unwrap() = Ok(FeedBatch {
        is_truncated: true,
        ..batch(machines.clone())
    });
    sync(&world, Feed::Machines).await.unwrap();
    let view = || feed_view(&world.engine, &person("vic", Role::Viewer), Feed::Machines).unwrap();
    assert_eq!((view().is_truncated, view().last_full), (true, None));
    let mark = world.mirror.marks.lock().unwrap()[&Feed::Machines];
    assert_eq!((mark.asked, mark.full), (Some(at(0)), None));
    say(&feeds, machines);
    sync(&world, Feed::Machines).await.unwrap();
    assert_eq!((view().is_truncated, view().last_full), (false, Some(at(0))));
}

#[tokio::test]
async fn an_answer_that_could_not_be_kept_is_asked_for_again_in_full() {
    let (world, feeds) = plant();
    world.mirror.is_full.store(true, Ordering::SeqCst);
    assert!(sync(&world, Feed::Machines).await.is_err());
    assert_eq!(
        feeds.forgotten.load(Ordering::SeqCst),
        1,
        "else the next answer may be that nothing changed since"
    );
    assert!(world.mirror.marks.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_stream_that_lost_its_place_has_everything_read_anew() {
    let (world, feeds) = plant();
    let tenant = TenantId::default_tenant();
    sync_all(&world).await.unwrap();
    world.clock.forward(Duration::from_secs(60));
    apply_events(&world.engine, &tenant, [PlantEvent::Resync])
        .await
        .unwrap();
    assert!(feeds.forgotten.load(Ordering::SeqCst) > 0);
    assert!(due(&world.engine, &tenant).unwrap().contains(&Feed::Downtime));
    feeds.asks.lock().unwrap().clear();
    feeds
        .downtime
        .lock()
        .unwrap()
        .push_back(Err(failure(PortErrorKind::Unavailable)));
    assert!(sync(&world, Feed::Downtime).await.is_err());
    sync(&world, Feed::Downtime).await.unwrap();
    let asks = feeds.asks.lock().unwrap().clone();
    assert_eq!(mark(&world).missing, None);
    assert!(
        asks.iter().all(|(_, ask)| ask.changed_since.is_none()),
        "also after a failure"
    );
    assert_eq!(asks.last().unwrap().1.window_since, at(60 - 8 * DAY));
    feeds.asks.lock().unwrap().clear();
    sync(&world, Feed::Downtime).await.unwrap();
    let (_, ask) = feeds.asks.lock().unwrap()[0];
    assert!(ask.changed_since.is_some(), "once is enough");
}

#[tokio::test]
async fn when_a_feed_was_last_read_in_full_is_known_after_a_restart() {
    let (world, _) = plant();
    let before = FeedMark {
        asked: Some(at(-60)),
        full: Some(at(-HOUR)),
        missing: None,
    };
    world.mirror.marks.lock().unwrap().insert(Feed::Downtime, before);
    sync(&world, Feed::Downtime).await.unwrap();
    let admin = person("ada", Role::Admin);
    let view = || feed_view(&world.engine, &admin, Feed::Downtime).unwrap();
    assert_eq!(view().last_full, Some(at(-HOUR)));
    rebuild(&world.engine, &admin, &[Feed::Downtime]).await.unwrap();
    assert_eq!(view().last_full, None);
}
