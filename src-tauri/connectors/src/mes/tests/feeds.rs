//! Feeds: tags, windows, pages to their end, and which feeds there are.

use std::sync::atomic::{AtomicUsize, Ordering};

use andon_domain::ports::FeedBatch;
use andon_domain::records::MachineStatus;

use super::*;

const WINDOW: &str = "2026-06-22T04:10:30Z";

fn ask(changed_since: Option<&str>) -> FeedAsk {
    FeedAsk {
        changed_since: changed_since.map(at),
        window_since: at(WINDOW),
        window_until: None,
    }
}

async fn machines(mes: &Mes) -> Result<FeedBatch<MachineStatus>, PortError> {
    match mes.fetch(Feed::Machines, &ask(None)).await? {
        FeedRecords::Machines(batch) => Ok(batch),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_feed_that_did_not_change_says_so_until_the_mirror_forgets() {
    let server = announcing(&ALL, |seen| match seen.header("if-none-match") {
        "W/\"7\"" => Reply::with(304, &[("etag", "W/\"7\""), crate::stranger::DATE], ""),
        "" => Reply::with(200, &[("etag", "W/\"7\"")], list(&[], None).to_string()),
        other => panic!("{other}"),
    })
    .await;
    let mes = mes(&server);
    for feed in [
        Feed::Machines,
        Feed::Downtime,
        Feed::ProductionOrders,
        Feed::Quality,
        Feed::MachineHistory,
        Feed::Calendar,
    ] {
        let first = mes.fetch(feed, &ask(None)).await.unwrap();
        assert_eq!((first.feed(), first.is_unchanged()), (feed, false));
        let second = mes.fetch(feed, &ask(None)).await.unwrap();
        assert!(second.is_unchanged(), "{feed:?}");
        assert_eq!(
            second.server_time(),
            Some(noon().now()),
            "{feed:?}: also an unchanged answer is a contact"
        );
        mes.forget();
        assert!(!mes.fetch(feed, &ask(None)).await.unwrap().is_unchanged());
    }
}

#[tokio::test]
async fn pages_are_followed_merged_and_ended() {
    let server = announcing(&ALL, |seen| match seen.query("cursor") {
        "" => Reply::with(
            200,
            &[("etag", "\"first page\"")],
            list(&[machine("M-1", 1), machine("M-2", 1)], Some("a b+c")).to_string(),
        ),
        "a b+c" => page(&[machine("M-2", 2), machine("M-3", 1), machine("M-1", 0)]),
        other => panic!("{other}"),
    })
    .await;
    let mes = mes(&server);
    let batch = machines(&mes).await.unwrap();
    assert_eq!(
        batch
            .records
            .iter()
            .map(|m| (m.machine_id.as_str(), m.version))
            .collect::<Vec<_>>(),
        [("M-1", 1), ("M-2", 2), ("M-3", 1)]
    );
    machines(&mes).await.unwrap();
    assert!(
        asked(&server)
            .iter()
            .all(|seen| seen.header("if-none-match").is_empty()),
        "the tag of a page says nothing about the others"
    );
}

#[tokio::test]
async fn the_clock_of_the_mes_is_read_off_single_answers_however_long_the_list_takes() {
    let clock = crate::stranger::Moved::new();
    let pages = Arc::clone(&clock);
    let server = Stranger::start(move |seen| {
        if seen.path == "/health" {
            return Reply::json(200, &json!({"status": "ok", "capabilities": ALL}));
        }
        // Between two answers a minute passes; the clock of the MES is five minutes ahead.
        pages.by(Duration::from_secs(60));
        let theirs = pages.now().plus(Duration::from_secs(300)).to_string();
        let (id, next) = match seen.query("cursor") {
            "" => ("M-1", json!("b")),
            "b" => ("M-2", json!("c")),
            _ => ("M-3", json!(null)),
        };
        Reply::json(
            200,
            &json!({"items": [machine(id, 1)], "next_cursor": next, "server_time": theirs}),
        )
    })
    .await;
    let config = MesConfig::new(server.url.clone(), AuthKind::Bearer);
    let mes = Mes::new(config, Fixed::new(Some("token")), clock).unwrap();
    assert_eq!(mes.clock_skew_ms(), None);
    assert_eq!(machines(&mes).await.unwrap().records.len(), 3);
    let ahead = mes.clock_skew_ms().unwrap();
    assert!((ahead - 300_000).abs() < 20_000, "{ahead} ms");
}

#[tokio::test]
async fn what_the_mes_asks_to_wait_is_told() {
    let server = announcing(&ALL, |_| Reply::with(429, &[("retry-after", "90")], "")).await;
    let error = machines(&mes(&server)).await.unwrap_err();
    assert_eq!(error.retry_after, Some(Duration::from_secs(90)));
}

#[tokio::test]
async fn endless_lists_are_ended_and_said_to_be_cut() {
    let same = announcing(&ALL, |_| {
        Reply::json(200, &list(&[machine("M-1", 1)], Some("again")))
    })
    .await;
    let batch = machines(&mes(&same)).await.unwrap();
    assert_eq!(
        (batch.records.len(), batch.is_complete, asked(&same).len()),
        (1, false, 2)
    );
    let count = AtomicUsize::new(0);
    let circle = announcing(&ALL, move |_| {
        let id = format!("M-{}", count.fetch_add(1, Ordering::SeqCst));
        Reply::json(200, &list(&[machine(&id, 1)], Some("again")))
    })
    .await;
    let batch = machines(&mes(&circle)).await.unwrap();
    assert_eq!(
        (batch.is_complete, asked(&circle).len()),
        (false, 2),
        "a repeated cursor ends it"
    );
}

#[tokio::test]
async fn an_expired_cursor_starts_the_list_again_once() {
    let server = announcing(&ALL, |seen| match seen.query("cursor") {
        "" => Reply::json(200, &list(&[machine("M-1", 1)], Some("c"))),
        _ => Reply::json(410, &json!({"title": "cursor expired"})),
    })
    .await;
    let error = machines(&mes(&server)).await.unwrap_err();
    assert_eq!(
        (error.message.as_str(), asked(&server).len()),
        ("cursor expired", 4)
    );
}

#[tokio::test]
async fn feeds_of_events_ask_for_their_window_and_for_what_changed() {
    let server = announcing(&ALL, |_| page(&[])).await;
    let mes = mes(&server);
    let changed = Some("2026-06-22T11:50:00Z");
    for (feed, changed_since, wanted) in [
        (
            Feed::Downtime,
            None,
            vec![("since", "2026-06-22T04:00:00.000Z"), ("updated_since", "")],
        ),
        (
            Feed::Quality,
            changed,
            // The MES narrows by both: a correction of last week would not come with the window of this shift.
            vec![
                ("since", "2026-05-22T11:00:00.000Z"),
                ("updated_since", "2026-06-22T11:50:00.000Z"),
            ],
        ),
        (
            Feed::MachineHistory,
            changed,
            vec![("since", "2026-06-22T04:00:00.000Z"), ("updated_since", "")],
        ),
        (
            Feed::ProductionOrders,
            changed,
            vec![
                ("updated_since", "2026-06-22T11:50:00.000Z"),
                (
                    "status",
                    "planned,released,active,paused,completed,cancelled,unknown",
                ),
            ],
        ),
        (
            Feed::Calendar,
            None,
            vec![
                ("since", "2026-05-21T00:00:00.000Z"),
                ("until", "2026-06-30T00:00:00.000Z"),
            ],
        ),
    ] {
        let records = mes.fetch(feed, &ask(changed_since)).await.unwrap();
        let seen = asked(&server).pop().unwrap();
        for (name, value) in wanted {
            assert_eq!(seen.query(name), value, "{name} of {feed:?}");
        }
        assert_eq!(
            is_complete(&records),
            matches!(feed, Feed::Calendar | Feed::MachineHistory | Feed::Downtime),
            "{feed:?}: what changed is not everything, and reports outlive their window"
        );
    }
}

fn is_complete(records: &FeedRecords) -> bool {
    match records {
        FeedRecords::Downtime(batch) => batch.tells_what_is_gone(),
        FeedRecords::Quality(batch) => batch.tells_what_is_gone(),
        FeedRecords::MachineHistory(batch) => batch.tells_what_is_gone(),
        FeedRecords::Calendar(batch) => batch.tells_what_is_gone(),
        FeedRecords::ProductionOrders(batch) => batch.tells_what_is_gone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_slice_of_long_ago_has_an_end_and_leaves_the_tag_of_the_newest_alone() {
    let server = announcing(&ALL, |seen| {
        match (seen.query("until"), seen.header("if-none-match")) {
            ("", "\"1\"") => Reply::with(304, &[], ""),
            (_, "") => Reply::with(
                200,
                &[("etag", "\"1\"")],
                list(&[segment("M-1", "2026-06-22T05:00:00Z")], None).to_string(),
            ),
            other => panic!("{other:?}"),
        }
    })
    .await;
    let mes = mes(&server);
    let slice = FeedAsk {
        window_since: at("2026-06-20T04:10:00Z"),
        window_until: Some(at("2026-06-21T04:10:30Z")),
        changed_since: None,
    };
    let fetch = async |ask: FeedAsk| match mes.fetch(Feed::MachineHistory, &ask).await.unwrap() {
        FeedRecords::MachineHistory(batch) => batch,
        other => panic!("{other:?}"),
    };
    let window = |batch: FeedBatch<andon_domain::records::StateSegment>| {
        batch
            .window
            .map(|window| (window.since.to_string(), window.until.to_string()))
    };
    let expected = |since: &str, until: &str| Some((since.to_owned(), until.to_owned()));
    assert!(fetch(ask(None)).await.tells_what_is_gone());
    assert_eq!(
        window(fetch(slice).await),
        expected("2026-06-20T04:00:00.000Z", "2026-06-21T04:10:30.000Z")
    );
    let seen = asked(&server).pop().unwrap();
    assert_eq!(seen.query("until"), "2026-06-21T04:10:30.000Z");
    let newest = fetch(ask(None)).await;
    assert!(newest.is_unchanged);
    assert_eq!(
        window(newest),
        expected("2026-06-22T04:00:00.000Z", "2026-06-22T12:00:00.000Z"),
        "also an unchanged answer says what it is about"
    );
}

#[tokio::test]
async fn a_list_that_was_cut_or_has_a_record_without_a_key_tells_nothing_of_what_it_lacks() {
    let cut = announcing(&ALL, |_| {
        Reply::json(
            200,
            &list(&[segment("M-1", "2026-06-22T05:00:00Z")], Some("again")),
        )
    })
    .await;
    let records = mes(&cut).fetch(Feed::MachineHistory, &ask(None)).await.unwrap();
    assert!(records.is_truncated() && !is_complete(&records));
    let odd = announcing(&ALL, |_| page(&[shift("s1"), json!({"shift": "Late"})])).await;
    let records = mes(&odd).fetch(Feed::Calendar, &ask(None)).await.unwrap();
    assert_eq!(records.dropped(), 1);
    assert!(!is_complete(&records));
}

#[tokio::test]
async fn open_orders_that_were_not_kept_are_not_unchanged_the_next_time() {
    let is_broken = AtomicUsize::new(1);
    let server = announcing(&ALL, move |seen| {
        let is_open = seen.query("status").contains("active");
        match seen.header("if-none-match") {
            "" if is_open => Reply::with(
                200,
                &[("etag", "\"1\"")],
                list(&[order("PO-1", "active", 3)], None).to_string(),
            ),
            _ if !is_open && is_broken.swap(0, Ordering::SeqCst) == 1 => {
                Reply::json(400, &json!({"title": "not today"}))
            }
            "" => page(&[]),
            other => panic!("{other}"),
        }
    })
    .await;
    let mes = mes(&server);
    assert!(mes.fetch(Feed::ProductionOrders, &ask(None)).await.is_err());
    let FeedRecords::ProductionOrders(batch) = mes.fetch(Feed::ProductionOrders, &ask(None)).await.unwrap()
    else {
        panic!("another feed")
    };
    assert_eq!(batch.records.len(), 1);
}

#[tokio::test]
async fn open_orders_come_with_those_that_ended_lately() {
    let server = announcing(&ALL, |seen| {
        if seen.query("status").contains("active") {
            assert_eq!(seen.query("updated_since"), "");
            page(&[order("PO-1", "active", 3)])
        } else {
            assert_eq!(seen.query("updated_since"), "2026-06-15T12:00:00.000Z");
            page(&[order("PO-0", "completed", 9)])
        }
    })
    .await;
    let mes = mes(&server);
    let FeedRecords::ProductionOrders(batch) = mes.fetch(Feed::ProductionOrders, &ask(None)).await.unwrap()
    else {
        panic!("another feed")
    };
    let ids: Vec<_> = batch.records.iter().map(|order| order.id.as_str()).collect();
    assert_eq!(ids, ["PO-1", "PO-0"]);
    assert!(
        batch.tells_what_is_gone(),
        "an open order that is absent is none any more"
    );
}

#[tokio::test]
async fn the_mirror_gets_tombstones_and_hears_of_what_was_dropped() {
    let server = announcing(&ALL, |_| {
        page(&[
            stop("d1"),
            json!({"id": "d2", "deleted": true, "version": 2, "updated_at": "2026-06-22T11:00:00Z"}),
            json!({"machine_id": "M-1"}),
        ])
    })
    .await;
    let FeedRecords::Downtime(batch) = mes(&server).fetch(Feed::Downtime, &ask(None)).await.unwrap() else {
        panic!("another feed")
    };
    assert_eq!((batch.records.len(), batch.dropped), (2, 1));
    let taken_back = batch.records.iter().find(|event| event.deleted).unwrap();
    assert_eq!(
        taken_back.incomplete,
        Vec::<String>::new(),
        "what was taken back need not say what it was"
    );
}

#[tokio::test]
async fn feeds_are_listed_as_the_mes_announces_them() {
    let server = announcing(
        &["machines/status", "downtime-events", "/api/v1/calendar"],
        |_| page(&[]),
    )
    .await;
    let connection = mes(&server);
    assert_eq!(
        connection.feeds(),
        [
            Feed::Machines,
            Feed::Downtime,
            Feed::ProductionOrders,
            Feed::Quality
        ],
        "what every MES serves, before it said anything"
    );
    connection.fetch(Feed::Machines, &ask(None)).await.unwrap();
    assert_eq!(
        connection.feeds(),
        [Feed::Machines, Feed::Downtime, Feed::Calendar],
        "learnt with the first contact"
    );
    let quiet = Stranger::start(|seen| match seen.path.as_str() {
        "/health" => Reply::json(200, &json!({"status": "ok"})),
        _ => page(&[]),
    })
    .await;
    let connection = mes(&quiet);
    connection.check().await;
    assert_eq!(
        connection.feeds().len(),
        4,
        "who says nothing offers nothing optional"
    );
}

#[tokio::test]
async fn what_is_offered_is_learnt_anew_with_each_health_check() {
    let checks = AtomicUsize::new(0);
    let server = Stranger::start(move |seen| match seen.path.as_str() {
        "/health" => match checks.fetch_add(1, Ordering::SeqCst) {
            0 => Reply::json(
                200,
                &json!({"status": "ok", "capabilities": ["machines/history", "events"]}),
            ),
            1 => Reply::json(503, &json!({"status": "down"})),
            _ => Reply::json(200, &json!({"status": "ok", "capabilities": []})),
        },
        _ => page(&[]),
    })
    .await;
    let mes = mes(&server);
    for has_history in [true, true, false] {
        mes.check().await;
        assert_eq!(mes.feeds().contains(&Feed::MachineHistory), has_history);
    }
}

#[tokio::test]
async fn a_feed_of_another_system_is_not_here() {
    let server = announcing(&ALL, |_| panic!("not to be asked")).await;
    let error = mes(&server).fetch(Feed::Stock, &ask(None)).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::NotFound);
}
