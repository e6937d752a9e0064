//! When feeds are due and how they are, without a source.

use std::time::Duration;

use andon_domain::{PortError, PortErrorKind, Timestamp};

use super::tests::at;
use super::*;
use crate::testing::failure;

/// What the plant tells by itself while its stream is open.
const STREAMED: [Feed; 4] = [
    Feed::Machines,
    Feed::Downtime,
    Feed::ProductionOrders,
    Feed::Quality,
];

/// The middle of a byte of randomness: no jitter to speak of.
pub(super) const MIDDLE: u8 = 127;

pub(super) fn finish(
    states: &FeedStates,
    feed: Feed,
    now: Timestamp,
    result: Result<u32, &PortError>,
) -> Turn {
    let brought = result.map(|dropped| in_full(now, dropped));
    states
        .start(feed)
        .expect("nobody else fetches it")
        .finish(now, brought, MIDDLE)
}

pub(super) fn in_full(asked: Timestamp, dropped: u32) -> Brought {
    Brought {
        asked,
        is_full: true,
        dropped,
    }
}

/// Seconds until the feed is due, looking every second.
fn next_due(states: &FeedStates, feed: Feed, from: i64) -> Option<i64> {
    (0..2_000).find(|s| states.tick(at(from + s)).contains(&feed))
}

#[test]
fn each_feed_has_its_interval_and_slows_down_while_the_plant_tells_by_itself() {
    let states = FeedStates::default();
    assert_eq!(states.tick(at(0)), FEEDS, "everything is due at the start");
    for feed in FEEDS {
        assert_eq!(finish(&states, feed, at(0), Ok(0)), Turn::None);
    }
    assert!(states.tick(at(0)).is_empty());
    let due = |states: &FeedStates, from| FEEDS.map(|feed| next_due(states, feed, from).unwrap());
    assert_eq!(due(&states, 0), [5, 30, 30, 60, 60, 600, 30, 60, 600, 600]);
    states.stream_opened(at(1));
    assert_eq!(
        states.tick(at(1)),
        STREAMED,
        "what happened before is fetched once"
    );
    for feed in FEEDS {
        let _ = finish(&states, feed, at(1), Ok(0));
    }
    assert_eq!(due(&states, 1), [60, 60, 60, 60, 60, 600, 30, 60, 600, 600]);
    states.stream_lost(at(2));
    assert_eq!(states.tick(at(2)), STREAMED, "polling takes over at once");
}

#[test]
fn data_is_stale_after_as_many_intervals_as_are_set_and_fifteen_seconds_at_least() {
    let seconds = |intervals: FeedIntervals, feed| FeedStates::new(intervals).stale_after(feed).as_secs();
    let usual = FeedIntervals::default;
    assert_eq!(seconds(usual(), Feed::Quality), 180);
    assert_eq!(seconds(usual().stale_after(6), Feed::Quality), 360);
    assert_eq!(seconds(usual().stale_after(6), Feed::Machines), 30);
    assert_eq!(seconds(usual().stale_after(2), Feed::Machines), 15);
}

#[test]
fn a_source_that_asks_to_be_left_alone_is_for_ten_minutes_at_most() {
    let states = FeedStates::default();
    let mut busy = failure(PortErrorKind::Unavailable);
    for (asked_for, wait) in [(1, 10), (90, 90), (86_400, 600)] {
        busy.retry_after = Some(Duration::from_secs(asked_for));
        finish(&states, Feed::Machines, at(0), Ok(0));
        assert_eq!(finish(&states, Feed::Machines, at(0), Err(&busy)), Turn::Failing);
        assert_eq!(next_due(&states, Feed::Machines, 0), Some(wait), "{asked_for} s");
    }
}

#[test]
fn failures_double_the_wait_up_to_a_minute_and_turn_once() {
    let states = FeedStates::default();
    let down = failure(PortErrorKind::Unavailable);
    let mut turns = Vec::new();
    let waits = [(); 6].map(|()| {
        turns.push(finish(&states, Feed::Machines, at(0), Err(&down)));
        next_due(&states, Feed::Machines, 0).unwrap()
    });
    assert_eq!(waits, [10, 20, 40, 60, 60, 60]);
    assert_eq!(
        turns,
        [
            Turn::Failing,
            Turn::None,
            Turn::None,
            Turn::None,
            Turn::None,
            Turn::None
        ]
    );
    assert_eq!(finish(&states, Feed::Machines, at(0), Ok(0)), Turn::Recovered);
    assert_eq!(next_due(&states, Feed::Machines, 0), Some(5));
}

#[test]
fn jitter_is_a_tenth_either_way_and_reconnecting_a_fifth() {
    for (random, millis) in [(0, 4_500), (255, 5_500)] {
        let states = FeedStates::default();
        let _ = states
            .start(Feed::Machines)
            .unwrap()
            .finish(at(0), Ok(in_full(at(0), 0)), random);
        let due = |ms| {
            states
                .tick(at(0).plus(Duration::from_millis(ms)))
                .contains(&Feed::Machines)
        };
        assert!(!due(millis - 1) && due(millis));
    }
    let waits =
        [0, 1, 2, 4, 5, 99].map(|failures| reconnect_after(None, failures, MIDDLE).as_secs_f64().round());
    assert_eq!(waits, [3.0, 6.0, 12.0, 48.0, 60.0, 60.0]);
    assert_eq!(reconnect_after(None, 0, 0), Duration::from_millis(2_400));
    assert_eq!(reconnect_after(None, 0, 255), Duration::from_millis(3_600));
    let asked = Some(Duration::from_secs(10));
    let waits = [0, 2, 99].map(|failures| reconnect_after(asked, failures, MIDDLE).as_secs_f64().round());
    assert_eq!(
        waits,
        [10.0, 40.0, 60.0],
        "as the MES asked, and longer the more often it fails"
    );
}

#[test]
fn a_refused_logon_stops_all_feeds_of_the_system_until_the_credentials_change() {
    let states = FeedStates::default();
    let refused = failure(PortErrorKind::Unauthorized);
    let _ = finish(&states, Feed::PurchaseOrders, at(0), Err(&refused));
    let still: Vec<_> = FEEDS
        .into_iter()
        .filter(|feed| feed.system() == System::Mes)
        .collect();
    assert_eq!(states.tick(at(100_000)), still);
    for feed in [Feed::PurchaseOrders, Feed::Stock] {
        assert_eq!(
            states.view(feed, Offer::Offered, at(1)).state,
            FeedViewState::Unauthorized
        );
    }
    states.resume(System::Sap, at(5));
    assert!(states.tick(at(5)).contains(&Feed::PurchaseOrders) && states.tick(at(5)).contains(&Feed::Stock));
}

#[test]
fn one_request_in_flight_and_a_wish_meanwhile_is_not_lost() {
    let states = FeedStates::default();
    let flight = states.start(Feed::Stock).unwrap();
    assert!(states.start(Feed::Stock).is_none() && !states.tick(at(0)).contains(&Feed::Stock));
    states.want(Feed::Stock, at(1));
    let _ = flight.finish(at(2), Ok(in_full(at(0), 0)), MIDDLE);
    assert!(
        states.tick(at(2)).contains(&Feed::Stock),
        "the answer may be from before the wish"
    );
    let _ = finish(&states, Feed::Stock, at(2), Ok(0));
    assert!(!states.tick(at(2)).contains(&Feed::Stock));
    drop(states.start(Feed::Downtime).unwrap());
    assert!(
        states.tick(at(2)).contains(&Feed::Downtime),
        "a cancelled fetch is due again"
    );
}

#[test]
fn a_clock_set_back_stops_no_feed() {
    let states = FeedStates::default();
    let _ = finish(&states, Feed::Stock, at(0), Ok(0));
    assert!(states.tick(at(-86_400)).contains(&Feed::Stock));
}

#[test]
fn a_feed_says_in_one_word_how_it_is() {
    let states = FeedStates::default();
    let view = |states: &FeedStates, s| states.view(Feed::Machines, Offer::Offered, at(s)).state;
    assert_eq!(
        states.view(Feed::Machines, Offer::NotConfigured, at(0)).state,
        FeedViewState::NotConfigured
    );
    assert_eq!(view(&states, 0), FeedViewState::Polling);
    let _ = finish(&states, Feed::Machines, at(0), Ok(0));
    let seen = [0, 9, 11, 15, 16].map(|s| view(&states, s));
    use FeedViewState::{Delayed, Live, Offline, Paused, Polling, Stale};
    assert_eq!(seen, [Polling, Polling, Delayed, Delayed, Stale]);
    let _ = finish(
        &states,
        Feed::Machines,
        at(5),
        Err(&failure(PortErrorKind::TimedOut)),
    );
    assert_eq!([5, 16].map(|s| view(&states, s)), [Delayed, Offline]);
    assert_eq!(
        states
            .view(Feed::Machines, Offer::Offered, at(16))
            .message
            .as_deref(),
        Some("SAP: did not work")
    );
    states.stream_opened(at(20));
    let _ = finish(&states, Feed::Machines, at(20), Ok(0));
    states.stream_heard(at(40));
    assert_eq!(view(&states, 41), Live);
    assert_eq!(states.last_contact(System::Mes), Some(at(40)));
    states.set_paused(Feed::Machines, true, at(41));
    assert_eq!(view(&states, 41), Paused);
    assert!(!states.tick(at(100)).contains(&Feed::Machines));
}

#[test]
fn a_stream_that_opens_has_what_it_missed_polled_and_nothing_read_anew() {
    let states = FeedStates::default();
    for feed in STREAMED {
        let _ = finish(&states, feed, at(0), Ok(0));
    }
    let due = states.tick(at(1));
    assert!(STREAMED.iter().all(|feed| !due.contains(feed)), "{due:?}");
    states.stream_opened(at(1));
    let due = states.tick(at(1));
    assert!(STREAMED.iter().all(|feed| due.contains(feed)), "{due:?}");
    let view = states.view(Feed::Downtime, Offer::Offered, at(1));
    assert_eq!(view.last_full, Some(at(0)), "how far it was read still holds");
}

#[test]
fn a_set_interval_is_kept_within_what_can_be_set_and_slows_down_while_live() {
    let intervals = FeedIntervals::default()
        .with(Feed::Machines, Duration::ZERO)
        .with(Feed::Quality, Duration::from_secs(90))
        .with(Feed::Calendar, Duration::from_secs(100_000));
    let seconds = |feed, is_live| intervals.of(feed, is_live).as_secs();
    assert_eq!(
        [
            seconds(Feed::Machines, false),
            seconds(Feed::Machines, true),
            seconds(Feed::Quality, true),
            seconds(Feed::Calendar, false)
        ],
        [1, 60, 90, 3_600]
    );
    let states = FeedStates::new(intervals);
    let _ = finish(&states, Feed::Machines, at(0), Ok(0));
    assert_eq!(next_due(&states, Feed::Machines, 0), Some(1));
    let _ = finish(&states, Feed::Calendar, at(0), Ok(0));
    assert!(
        !states.tick(at(1_800)).contains(&Feed::Calendar),
        "a long wait is no sign of a clock set back"
    );
    assert!(states.tick(at(-86_400)).contains(&Feed::Calendar));
}
