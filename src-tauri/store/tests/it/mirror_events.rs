//! The mirror's orders, inspections, history, calendar and master data: rows, windows, clearing and how long they are kept.

use andon_domain::ports::{Feed, FeedBatch, FeedRecords, Merged, Mirror, Window};
use andon_domain::records::{ProductionOrderStatus as Status, StateSegment};
use rusqlite::Connection;
use std::sync::Arc;

use crate::arrange::{Folder, at, tenant};
use crate::plant::{
    amount, cost_center, machine, material, order, production_order, report, segment, shift, some, stock,
    stop,
};

const DAY: i64 = 24 * 3_600_000;

fn batch<T>(records: Vec<T>, is_complete: bool) -> FeedBatch<T> {
    FeedBatch {
        records,
        is_unchanged: false,
        is_complete,
        window: None,
        is_truncated: false,
        dropped: 0,
        server_time: None,
    }
}

fn window(since: i64, until: i64) -> Window {
    Window {
        since: at(since),
        until: at(until),
    }
}

async fn put(mirror: &Arc<dyn Mirror>, records: FeedRecords, sync: i64) -> Merged {
    mirror.put(&records, at(sync)).await.unwrap()
}

fn one<T: rusqlite::types::FromSql>(mirror: &Arc<dyn Mirror>, sql: &str) -> T {
    let file = Connection::open(mirror.path()).unwrap();
    file.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn every_feed_has_rows_counts_and_can_be_cleared_by_itself() {
    let folder = Folder::new();
    let mirror = folder.open().mirror(&tenant()).unwrap();
    let everything = || {
        [
            FeedRecords::Machines(batch(vec![machine("m1", 1)], true)),
            FeedRecords::Downtime(batch(vec![stop("d1", 1, None)], false)),
            FeedRecords::ProductionOrders(batch(vec![production_order("o1", Status::Active, 1)], false)),
            FeedRecords::Quality(batch(vec![report("q1", 1_000)], false)),
            FeedRecords::MachineHistory(batch(vec![segment("m1", 0, None)], false)),
            FeedRecords::Calendar(batch(vec![shift("s1", 0, DAY / 3)], true)),
            FeedRecords::PurchaseOrders(batch(vec![order("4500000001", "1", 2)], true)),
            FeedRecords::Stock(batch(vec![stock("A", None, "1")], true)),
            FeedRecords::CostCenters(batch(vec![cost_center("1", "9999-12-31", None)], true)),
            FeedRecords::Materials(batch(vec![material("A", 2)], true)),
        ]
    };
    for records in everything() {
        let feed = records.feed();
        assert_eq!(put(&mirror, records, 1).await.changed, 1, "{}", feed.as_str());
    }
    let counts = mirror.counts().await.unwrap();
    assert!(Feed::ALL.iter().all(|feed| counts[feed] == 1), "{counts:?}");
    for feed in Feed::ALL {
        mirror.clear(&[feed]).await.unwrap();
        let counts = mirror.counts().await.unwrap();
        assert_eq!(counts[&feed], 0, "{}", feed.as_str());
        for records in everything().into_iter().filter(|records| records.feed() == feed) {
            assert_eq!(
                put(&mirror, records, 2).await.changed,
                1,
                "it is taken as new afterwards"
            );
        }
    }
    mirror.clear(&Feed::ALL).await.unwrap();
    assert_eq!(one::<i64>(&mirror, "SELECT count(*) FROM andon_records"), 0);
    for table in andon_store::mirror_schema() {
        let rows: i64 = one(&mirror, &format!("SELECT count(*) FROM {}", table.name));
        assert_eq!(rows, 0, "{}", table.name);
    }
}

#[tokio::test]
async fn what_is_read_back_is_exactly_what_was_told() {
    let folder = Folder::new();
    let mirror = folder.open().mirror(&tenant()).unwrap();
    let segments = vec![segment("m1", 0, Some(5_000)), segment("m2", 1_000, None)];
    put(
        &mirror,
        FeedRecords::MachineHistory(batch(segments.clone(), false)),
        1,
    )
    .await;
    assert_eq!(mirror.history(window(0, 9_000), None).await.unwrap(), segments);
    let plain = StateSegment {
        reason: None,
        incomplete: Vec::new(),
        produced: None,
        status_raw: None,
        ..segment("m3", 0, Some(1))
    };
    put(
        &mirror,
        FeedRecords::MachineHistory(batch(vec![plain.clone()], false)),
        1,
    )
    .await;
    assert_eq!(
        mirror.history(window(0, 9_000), Some("m3")).await.unwrap(),
        [plain],
        "unknown stays unknown"
    );
    let orders = vec![production_order("o1", Status::Paused, 3)];
    put(
        &mirror,
        FeedRecords::ProductionOrders(batch(orders.clone(), false)),
        1,
    )
    .await;
    assert_eq!(mirror.production_orders(window(0, 1)).await.unwrap(), orders);
    let reports = vec![report("q1", 1_000)];
    put(&mirror, FeedRecords::Quality(batch(reports.clone(), false)), 1).await;
    assert_eq!(mirror.quality(window(0, 9_000), 10).await.unwrap(), reports);
    let shifts = vec![shift("s1", 0, 8_000)];
    put(&mirror, FeedRecords::Calendar(batch(shifts.clone(), true)), 1).await;
    assert_eq!(mirror.shifts(window(0, 1)).await.unwrap(), shifts);
}

#[tokio::test]
async fn a_window_is_half_open_and_has_what_touches_it() {
    let folder = Folder::new();
    let mirror = folder.open().mirror(&tenant()).unwrap();
    let segments = vec![
        segment("m1", 0, Some(1_000)),
        segment("m1", 1_000, Some(2_000)),
        segment("m1", 2_000, None),
        segment("m0", 500, Some(1_500)),
    ];
    put(&mirror, FeedRecords::MachineHistory(batch(segments, false)), 1).await;
    let starts = async |window: Window, machine: Option<&str>| {
        let found = mirror.history(window, machine).await.unwrap();
        let start = |segment: StateSegment| (segment.machine_id, segment.start.millis() - at(0).millis());
        found.into_iter().map(start).collect::<Vec<_>>()
    };
    let named = |all: &[(&str, i64)]| {
        all.iter()
            .map(|(machine, start)| ((*machine).to_owned(), *start))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        starts(window(1_000, 2_000), None).await,
        named(&[("m0", 500), ("m1", 1_000)]),
        "what ended at its start or begins at its end is outside"
    );
    assert_eq!(
        starts(window(1_999, 2_001), Some("m1")).await,
        named(&[("m1", 1_000), ("m1", 2_000)])
    );
    assert_eq!(
        starts(window(9_000, 9_001), None).await,
        named(&[("m1", 2_000)]),
        "what lasts still lasts"
    );

    let mut unknown = stop("u", 1, Some(1_500));
    unknown.start = None;
    let stops = vec![stop("a", 1, Some(1_001)), stop("b", 1, None), unknown];
    put(&mirror, FeedRecords::Downtime(batch(stops, false)), 1).await;
    let ids = async |window: Window, machine: Option<&str>| {
        let found = mirror.downtime_in(window, machine).await.unwrap();
        found.into_iter().map(|event| event.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(window(1_000, 2_000), None).await, ["u", "a", "b"]);
    assert_eq!(ids(window(1_001, 2_000), Some("m1")).await, ["u", "b"]);
    assert!(ids(window(0, 1_000), Some("m2")).await.is_empty());

    let mut ended = production_order("ended", Status::Completed, 1);
    (ended.actual_start, ended.actual_end) = (Some(at(5_000)), Some(at(6_000)));
    let mut vague = production_order("vague", Status::Completed, 1);
    (vague.planned_start, vague.planned_end) = (None, None);
    (vague.actual_start, vague.updated_at) = (Some(at(5_000)), Some(at(7_000)));
    let open = production_order("open", Status::Planned, 1);
    put(
        &mirror,
        FeedRecords::ProductionOrders(batch(vec![ended, vague, open], false)),
        1,
    )
    .await;
    let ids = async |window: Window| {
        let found = mirror.production_orders(window).await.unwrap();
        found.into_iter().map(|order| order.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(window(5_500, 5_600)).await, ["ended", "open", "vague"]);
    assert_eq!(ids(window(6_500, 6_600)).await, ["open", "vague"]);
    assert_eq!(ids(window(1_500, 1_600)).await, ["ended", "open"], "by its plan");

    put(
        &mirror,
        FeedRecords::Quality(batch(
            vec![report("a", 1_000), report("b", 2_000), report("c", 1_500)],
            false,
        )),
        1,
    )
    .await;
    let ids = async |window: Window, limit: u32| {
        let found = mirror.quality(window, limit).await.unwrap();
        found.into_iter().map(|report| report.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(window(1_000, 2_000), 10).await, ["c", "a"]);
    assert_eq!(ids(window(0, 9_000), 1).await, ["b"], "the newest");
}

#[tokio::test]
async fn what_is_over_for_400_days_goes_and_what_lasts_stays() {
    let folder = Folder::new();
    let mirror = folder.open().mirror(&tenant()).unwrap();
    let now = 500 * DAY;
    let (old, young) = (now - 401 * DAY, now - 390 * DAY);
    let mut finished = production_order("old", Status::Completed, 1);
    finished.actual_end = Some(at(old));
    let mut open = production_order("open", Status::Active, 1);
    open.updated_at = Some(at(old));
    let all = || {
        [
            FeedRecords::MachineHistory(batch(
                vec![
                    segment("m1", old - 1, Some(old)),
                    segment("m1", young, Some(young + 1)),
                    segment("m2", old, None),
                ],
                false,
            )),
            FeedRecords::Downtime(batch(
                vec![
                    stop("old", 1, Some(old)),
                    stop("young", 1, Some(young)),
                    stop("open", 1, None),
                ],
                false,
            )),
            FeedRecords::Quality(batch(vec![report("old", old), report("young", young)], false)),
            FeedRecords::ProductionOrders(batch(vec![finished.clone(), open.clone()], false)),
        ]
    };
    for records in all() {
        put(&mirror, records, now).await;
    }
    let counts = mirror.counts().await.unwrap();
    let left = [
        Feed::MachineHistory,
        Feed::Downtime,
        Feed::Quality,
        Feed::ProductionOrders,
    ]
    .map(|feed| counts[&feed]);
    assert_eq!(left, [2, 2, 1, 1]);
    assert_eq!(
        one::<i64>(&mirror, "SELECT count(*) FROM andon_records"),
        6,
        "with the exact records"
    );
    assert_eq!(one::<i64>(&mirror, "SELECT count(*) FROM quality_defects"), 1);
    put(
        &mirror,
        FeedRecords::Quality(batch(vec![report("old", old)], false)),
        now + DAY / 2,
    )
    .await;
    assert_eq!(
        mirror.counts().await.unwrap()[&Feed::Quality],
        2,
        "looked for once a day"
    );
    put(
        &mirror,
        FeedRecords::Quality(batch(Vec::new(), false)),
        now + DAY + 1,
    )
    .await;
    assert_eq!(mirror.counts().await.unwrap()[&Feed::Quality], 1);
}

#[tokio::test]
async fn details_follow_their_record_and_leave_nothing_behind() {
    let folder = Folder::new();
    let mirror = folder.open().mirror(&tenant()).unwrap();
    put(
        &mirror,
        FeedRecords::Materials(batch(vec![material("A", 3), material("B", 1)], true)),
        1,
    )
    .await;
    assert_eq!(one::<i64>(&mirror, "SELECT count(*) FROM material_valuations"), 4);
    let mut fewer = material("A", 1);
    fewer.last_changed_at = Some(at(6));
    assert_eq!(
        put(&mirror, FeedRecords::Materials(batch(vec![fewer], true)), 2).await,
        Merged {
            changed: 1,
            ignored: 0,
            removed: 1
        }
    );
    for table in ["material_valuations", "material_plants", "materials"] {
        assert_eq!(
            one::<i64>(&mirror, &format!("SELECT count(*) FROM {table}")),
            1,
            "{table}"
        );
    }
    let mut better = report("q1", 1_000);
    better.version = 2;
    better.defects.clear();
    put(
        &mirror,
        FeedRecords::Quality(batch(vec![report("q1", 1_000)], false)),
        1,
    )
    .await;
    put(&mirror, FeedRecords::Quality(batch(vec![better], false)), 1).await;
    assert_eq!(one::<i64>(&mirror, "SELECT count(*) FROM quality_defects"), 0);
    assert_eq!(
        one::<String>(&mirror, "SELECT value_text FROM quality_characteristics"),
        "12.0340"
    );
    put(
        &mirror,
        FeedRecords::Calendar(batch(vec![shift("s1", 0, 8_000)], true)),
        1,
    )
    .await;
    assert!((one::<f64>(&mirror, "SELECT break_s FROM shifts") - 1.5).abs() < 1e-9);
    put(&mirror, FeedRecords::Calendar(batch(Vec::new(), true)), 2).await;
    assert_eq!(one::<i64>(&mirror, "SELECT count(*) FROM shift_breaks"), 0);
}

#[tokio::test]
async fn a_value_that_is_not_available_is_null_and_never_zero() {
    let folder = Folder::new();
    let mirror = folder.open().mirror(&tenant()).unwrap();
    let centers = vec![
        cost_center("1", "9999-12-31", None),
        cost_center("1", "2020-12-31", Some("0")),
    ];
    put(&mirror, FeedRecords::CostCenters(batch(centers, true)), 1).await;
    assert_eq!(
        one::<i64>(
            &mirror,
            "SELECT count(*) FROM cost_centers WHERE actual IS NULL AND actual_text IS NULL"
        ),
        1
    );
    assert_eq!(
        one::<f64>(
            &mirror,
            "SELECT actual FROM cost_centers WHERE valid_to = '2020-12-31'"
        ),
        0.0,
        "and a slice of time is a row of its own"
    );
    let mut valued = stock("A", None, "3");
    valued.value_estimate = Some(andon_domain::Money {
        amount: amount("0.375").unwrap(),
        currency: "EUR".to_owned(),
    });
    put(
        &mirror,
        FeedRecords::Stock(batch(vec![valued, stock("B", None, "1")], true)),
        1,
    )
    .await;
    let text =
        "SELECT group_concat(coalesce(value_estimate_text || value_currency, '-'), ' ') FROM inventory";
    assert_eq!(one::<String>(&mirror, text), "0.375EUR -");
}

#[tokio::test]
async fn a_large_feed_that_did_not_change_is_only_noted() {
    let folder = Folder::new();
    let mirror = folder.open().mirror(&tenant()).unwrap();
    let machines: Vec<_> = (0..2_000)
        .map(|number| machine(&format!("m{number}"), 1))
        .collect();
    let records = || FeedRecords::Machines(batch(machines.clone(), true));
    assert_eq!(put(&mirror, records(), 1).await.changed, 2_000);
    let rowid = "SELECT sum(rowid) FROM machines";
    let before: i64 = one(&mirror, rowid);
    assert_eq!(put(&mirror, records(), 2_000).await, Merged::default());
    assert_eq!(one::<i64>(&mirror, rowid), before, "no row was written anew");
    let noted = format!("SELECT count(*) FROM machines WHERE synced_at = '{}'", at(2_000));
    assert_eq!(one::<i64>(&mirror, &noted), 2_000);
    let mut one_changed = machines.clone();
    one_changed[7].version = 2;
    one_changed[7].name = some("renamed");
    let changed = put(&mirror, FeedRecords::Machines(batch(one_changed, true)), 3_000).await;
    assert_eq!(changed.changed, 1);
}
