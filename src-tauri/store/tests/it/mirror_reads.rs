//! How far the mirror's feeds were read, of which system it is a copy, and what becomes of what an answer lacks.

use std::sync::Arc;

use andon_domain::System;
use andon_domain::ports::{Feed, FeedBatch, FeedMark, FeedRecords, Merged, Mirror, Window};
use andon_domain::records::{DowntimeEvent, ProductionOrderStatus as Status, StateSegment};
use andon_store::MirrorSource;
use rusqlite::Connection;

use crate::arrange::{Folder, at, tenant};
use crate::plant::{machine, production_order, report, segment, shift, stock, stop};

const DAY: i64 = 24 * 3_600_000;

fn window(since: i64, until: i64) -> Window {
    Window {
        since: at(since),
        until: at(until),
    }
}

fn changes<T>(records: Vec<T>) -> FeedBatch<T> {
    FeedBatch {
        records,
        is_unchanged: false,
        is_complete: false,
        window: None,
        is_truncated: false,
        dropped: 0,
        server_time: None,
    }
}

/// Everything of a time.
fn all_of<T>(window: Window, records: Vec<T>) -> FeedBatch<T> {
    FeedBatch {
        is_complete: true,
        window: Some(window),
        ..changes(records)
    }
}

fn asked(millis: i64) -> FeedMark {
    FeedMark {
        asked: Some(at(millis)),
        full: Some(at(millis)),
        missing: None,
    }
}

async fn put(mirror: &Arc<dyn Mirror>, records: FeedRecords, sync: i64) -> Merged {
    mirror.put(&records, at(sync)).await.unwrap()
}

/// Puts an answer with its mark.
async fn read(mirror: &Arc<dyn Mirror>, records: FeedRecords, sync: i64) -> Merged {
    let from = mirror.mark(records.feed()).await.unwrap();
    mirror
        .put_read(&records, at(sync), &from, &asked(sync))
        .await
        .unwrap()
}

async fn segments(mirror: &Arc<dyn Mirror>) -> Vec<(String, i64, Option<i64>)> {
    let from_start = |time: andon_domain::Timestamp| time.millis() - at(0).millis();
    let found = mirror.history(window(-DAY, 400 * DAY), None).await.unwrap();
    let row = |s: StateSegment| (s.machine_id, from_start(s.start), s.end.map(from_start));
    found.into_iter().map(row).collect()
}

fn row(machine: &str, start: i64, end: Option<i64>) -> (String, i64, Option<i64>) {
    (machine.to_owned(), start, end)
}

fn history(since: i64, until: i64, records: Vec<StateSegment>) -> FeedRecords {
    FeedRecords::MachineHistory(all_of(window(since, until), records))
}

#[tokio::test]
async fn how_far_a_feed_was_read_is_known_after_a_restart() {
    let folder = Folder::new();
    let mark = FeedMark {
        missing: Some(window(-DAY, 0)),
        ..asked(100)
    };
    {
        let mirror = folder.open().mirror(&tenant()).unwrap();
        assert_eq!(mirror.mark(Feed::Downtime).await.unwrap(), FeedMark::default());
        let records = FeedRecords::Downtime(changes(vec![stop("d1", 1, None)]));
        mirror
            .put_read(&records, at(110), &FeedMark::default(), &mark)
            .await
            .unwrap();
        put(&mirror, records, 200).await;
    }
    let mirror = folder.open().mirror(&tenant()).unwrap();
    assert_eq!(
        mirror.mark(Feed::Downtime).await.unwrap(),
        mark,
        "what a stream told moves no mark"
    );
    assert_eq!(
        mirror.mark(Feed::Quality).await.unwrap(),
        FeedMark::default(),
        "each feed by itself"
    );
}

#[tokio::test]
async fn a_copy_that_was_thrown_away_is_remembered_by_how_far_back_it_went() {
    let folder = Folder::new();
    let mirror = folder.open().mirror(&tenant()).unwrap();
    let old = vec![segment("m1", -DAY, Some(0)), segment("m1", 0, None)];
    read(&mirror, history(-DAY, 10, old.clone()), 10).await;
    let under_way = mirror.mark(Feed::MachineHistory).await.unwrap();
    mirror
        .clear(&[Feed::MachineHistory, Feed::Machines])
        .await
        .unwrap();
    let cleared = FeedMark {
        missing: Some(window(-DAY, 0)),
        ..FeedMark::default()
    };
    assert_eq!(mirror.mark(Feed::MachineHistory).await.unwrap(), cleared);
    assert_eq!(mirror.mark(Feed::Machines).await.unwrap(), FeedMark::default());
    mirror
        .put_read(&history(0, 20, old), at(20), &under_way, &asked(20))
        .await
        .unwrap();
    assert_eq!(
        mirror.mark(Feed::MachineHistory).await.unwrap(),
        cleared,
        "an answer from before is no whole copy after"
    );
    mirror.clear(&[Feed::MachineHistory]).await.unwrap();
    assert_eq!(mirror.mark(Feed::MachineHistory).await.unwrap(), cleared);
}

#[tokio::test]
async fn an_unchanged_answer_refreshes_what_it_is_about() {
    let folder = Folder::new();
    let mirror = folder.open().mirror(&tenant()).unwrap();
    let all = vec![
        segment("m1", 0, Some(1_000)),
        segment("m1", 1_000, Some(2_000)),
        segment("m1", 2_000, None),
    ];
    read(&mirror, history(0, 3_000, all), 1).await;
    put(
        &mirror,
        FeedRecords::Quality(changes(vec![report("q1", 500), report("q2", 1_500)])),
        1,
    )
    .await;
    put(
        &mirror,
        FeedRecords::ProductionOrders(changes(vec![
            production_order("open", Status::Active, 1),
            production_order("over", Status::Completed, 1),
        ])),
        1,
    )
    .await;
    fn unchanged<T>() -> FeedBatch<T> {
        FeedBatch {
            is_unchanged: true,
            is_complete: false,
            ..all_of(window(1_000, 4_000), Vec::new())
        }
    }
    put(&mirror, FeedRecords::MachineHistory(unchanged()), 9).await;
    put(&mirror, FeedRecords::Quality(unchanged()), 9).await;
    put(&mirror, FeedRecords::ProductionOrders(unchanged()), 9).await;
    let file = Connection::open(mirror.path()).unwrap();
    for (table, key, fresh) in [
        ("machine_states", "started_at", 2),
        ("quality_reports", "id", 1),
        ("quality_defects", "report_id", 1),
        ("production_orders", "id", 1),
    ] {
        let sql = format!("SELECT count({key}) FROM {table} WHERE synced_at = '{}'", at(9));
        let count: i64 = file.query_row(&sql, [], |row| row.get(0)).unwrap();
        assert_eq!(count, fresh, "{table}");
    }
}

#[tokio::test]
async fn history_that_the_mes_cuts_anew_is_not_counted_twice() {
    let folder = Folder::new();
    let mirror = folder.open().mirror(&tenant()).unwrap();
    let before = vec![
        segment("m1", 0, Some(1_000)),
        segment("m1", 1_000, Some(3_000)),
        segment("m1", 3_000, None),
        segment("m2", 0, None),
    ];
    read(&mirror, history(0, 4_000, before), 4_000).await;
    let after = vec![
        segment("m1", 0, Some(1_400)),
        segment("m1", 1_400, Some(2_900)),
        segment("m1", 2_900, None),
        segment("m2", 0, None),
    ];
    let merged = read(&mirror, history(500, 5_000, after), 5_000).await;
    assert_eq!(merged.removed, 2);
    assert_eq!(
        segments(&mirror).await,
        [
            row("m1", 0, Some(1_400)),
            row("m1", 1_400, Some(2_900)),
            row("m1", 2_900, None),
            row("m2", 0, None)
        ]
    );
    let partly = FeedBatch {
        is_truncated: true,
        ..all_of(window(500, 6_000), vec![segment("m1", 0, Some(1_400))])
    };
    put(&mirror, FeedRecords::MachineHistory(partly), 6_000).await;
    assert_eq!(
        segments(&mirror).await.len(),
        4,
        "a cut answer lacks more than is gone"
    );
}

#[tokio::test]
async fn history_that_the_mes_has_forgotten_is_kept() {
    let folder = Folder::new();
    let mirror = folder.open().mirror(&tenant()).unwrap();
    let before = vec![
        segment("m1", 0, Some(1_000)),
        segment("m1", 1_000, Some(2_000)),
        segment("m2", 0, Some(1_000)),
    ];
    read(&mirror, history(0, 2_000, before.clone()), 2_000).await;
    let after = vec![segment("m1", 1_000, Some(2_000))];
    assert_eq!(read(&mirror, history(0, 2_000, after), 3_000).await.removed, 0);
    assert_eq!(segments(&mirror).await.len(), 3);
}

#[tokio::test]
async fn what_nobody_tells_of_any_more_ended_when_it_was_last_heard_of() {
    let folder = Folder::new();
    let mirror = folder.open().mirror(&tenant()).unwrap();
    let friday = vec![segment("m1", 0, None), segment("m2", 0, None)];
    read(&mirror, history(0, 5_000, friday), 5_000).await;
    let stops = || vec![stop("d1", 3, None), stop("d2", 1, Some(2_000))];
    let whole = |since, until, records| FeedRecords::Downtime(all_of(window(since, until), records));
    read(&mirror, whole(0, 5_000, stops()), 5_000).await;

    let monday = 40 * DAY;
    let after = vec![segment("m1", monday - 100, None)];
    read(&mirror, history(monday - DAY, monday, after), monday).await;
    read(&mirror, whole(monday - DAY, monday, Vec::new()), monday).await;
    assert_eq!(
        segments(&mirror).await,
        [
            row("m1", 0, Some(5_000)),
            row("m1", monday - 100, None),
            row("m2", 0, Some(5_000))
        ]
    );
    let found = mirror.history(window(0, 1), Some("m1")).await.unwrap();
    assert!(
        found[0].incomplete.contains(&"end".to_owned()),
        "nobody knows when"
    );
    let ends = async |id: &str| {
        let found = mirror.downtime_in(window(-DAY, 400 * DAY), None).await.unwrap();
        let event: DowntimeEvent = found.into_iter().find(|event| event.id == id).unwrap();
        (event.end, event.incomplete)
    };
    assert_eq!(ends("d1").await, (Some(at(5_000)), vec!["end".to_owned()]));
    assert_eq!(ends("d2").await, (Some(at(2_000)), vec![]));
    let file = Connection::open(mirror.path()).unwrap();
    let length = |sql: &str| file.query_row(sql, [], |row| row.get::<_, f64>(0)).unwrap();
    assert!((length("SELECT duration_s FROM machine_states WHERE machine_id = 'm2'") - 5.0).abs() < 1e-9);
    assert!((length("SELECT duration_s FROM downtime_events WHERE id = 'd1'") - 4.0).abs() < 1e-9);

    read(&mirror, history(0, monday, vec![segment("m2", 0, None)]), monday).await;
    read(&mirror, whole(0, monday, stops()), monday).await;
    assert_eq!(
        segments(&mirror).await.last(),
        Some(&row("m2", 0, None)),
        "what the MES tells counts, also when it is what it told before"
    );
    assert_eq!(ends("d1").await, (None, vec![]));
}

#[tokio::test]
async fn a_shift_goes_only_when_its_time_was_asked_for() {
    let folder = Folder::new();
    let mirror = folder.open().mirror(&tenant()).unwrap();
    let shifts = vec![
        shift("old", -40 * DAY, -39 * DAY),
        shift("cancelled", 0, DAY),
        shift("kept", DAY, 2 * DAY),
    ];
    put(
        &mirror,
        FeedRecords::Calendar(all_of(window(-50 * DAY, 8 * DAY), shifts)),
        1,
    )
    .await;
    let answer = all_of(window(-32 * DAY, 8 * DAY), vec![shift("kept", DAY, 2 * DAY)]);
    put(&mirror, FeedRecords::Calendar(answer), 2).await;
    let left = mirror.shifts(window(-400 * DAY, 400 * DAY)).await.unwrap();
    let ids: Vec<_> = left.iter().map(|shift| shift.id.as_str()).collect();
    assert_eq!(ids, ["old", "kept"]);
    put(&mirror, FeedRecords::Calendar(changes(Vec::new())), 362 * DAY).await;
    let left = mirror.shifts(window(-400 * DAY, 400 * DAY)).await.unwrap();
    assert_eq!(left.len(), 1, "and when it is over for 400 days");
}

#[tokio::test]
async fn an_open_order_that_the_mes_no_longer_has_is_not_late_for_ever() {
    let folder = Folder::new();
    let mirror = folder.open().mirror(&tenant()).unwrap();
    let orders = vec![
        production_order("gone", Status::Active, 1),
        production_order("open", Status::Active, 1),
        production_order("over", Status::Completed, 1),
    ];
    put(&mirror, FeedRecords::ProductionOrders(changes(orders)), 1).await;
    let open = || vec![production_order("open", Status::Active, 1)];
    let cut = FeedBatch {
        is_truncated: true,
        ..all_of(window(-DAY, 10), open())
    };
    put(&mirror, FeedRecords::ProductionOrders(cut), 2).await;
    let ids = async || {
        let found = mirror
            .production_orders(window(-400 * DAY, 400 * DAY))
            .await
            .unwrap();
        let mut ids: Vec<_> = found.into_iter().map(|order| order.id).collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(
        ids().await,
        ["gone", "open", "over"],
        "a cut list says nothing about it"
    );
    put(
        &mirror,
        FeedRecords::ProductionOrders(all_of(window(-DAY, 10), open())),
        3,
    )
    .await;
    assert_eq!(ids().await, ["open", "over"]);
}

#[tokio::test]
async fn a_record_without_a_key_takes_no_good_one_with_it() {
    let folder = Folder::new();
    let mirror = folder.open().mirror(&tenant()).unwrap();
    let complete = |records| FeedBatch {
        is_complete: true,
        ..changes(records)
    };
    let both = vec![machine("m1", 1), machine("m2", 1)];
    put(&mirror, FeedRecords::Machines(complete(both)), 1).await;
    let one_unreadable = FeedBatch {
        dropped: 1,
        ..complete(vec![machine("m1", 1)])
    };
    let merged = put(&mirror, FeedRecords::Machines(one_unreadable), 2_000).await;
    assert_eq!(merged.removed, 0, "it may have been that one");
    let heard: Vec<_> = mirror
        .machines()
        .await
        .unwrap()
        .into_iter()
        .map(|(_, heard)| heard)
        .collect();
    assert_eq!(heard, [at(2_000), at(1)], "and only what came was heard");
}

#[tokio::test]
async fn another_system_in_the_place_of_the_former_one_starts_with_an_empty_copy() {
    let folder = Folder::new();
    let source = |system, fingerprint: &str| MirrorSource {
        system,
        fingerprint: fingerprint.to_owned(),
    };
    let open = |mes: &str| {
        let sources = [source(System::Mes, mes), source(System::Sap, "sap")];
        folder.open().mirror_of(&tenant(), &sources).unwrap()
    };
    let count = async |mirror: &Arc<dyn Mirror>| {
        let counts = mirror.counts().await.unwrap();
        (counts[&Feed::Machines], counts[&Feed::Stock])
    };
    {
        let mirror = open("http://127.0.0.1:4001");
        read(&mirror, FeedRecords::Machines(changes(vec![machine("m1", 9)])), 1).await;
        read(
            &mirror,
            FeedRecords::Stock(changes(vec![stock("A", None, "1")])),
            1,
        )
        .await;
    }
    let mirror = open("http://127.0.0.1:4001");
    assert_eq!(count(&mirror).await, (1, 1), "the same system");
    drop(mirror);
    let mirror = open("http://127.0.0.1:4002");
    assert_eq!(count(&mirror).await, (0, 1), "another MES, the same SAP");
    assert_eq!(mirror.mark(Feed::Machines).await.unwrap(), FeedMark::default());
    assert_eq!(mirror.mark(Feed::Stock).await.unwrap(), asked(1));
    let merged = put(&mirror, FeedRecords::Machines(changes(vec![machine("m1", 1)])), 2).await;
    assert_eq!(merged.changed, 1, "its versions begin anew");
    drop(mirror);
    assert_eq!(
        count(&folder.open().mirror(&tenant()).unwrap()).await,
        (1, 1),
        "none named"
    );
}
