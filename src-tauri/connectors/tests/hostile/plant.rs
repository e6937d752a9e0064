//! What a plant tells of itself that cannot be, or looks as if it could not: stops that overlap, hours that a change of
//! clocks repeats or leaves out, ends before their starts. The records come as they were told, with every oddity named.

use std::sync::Arc;

use andon_domain::PortErrorKind;
use serde_json::{Value, json};

use crate::systems::{HEALTH, Read, System, Way};
use crate::upstream::{Upstream, json as body};

/// What a MES tells, as one list, read by operation and by feed.
async fn told(read: Read, records: &[Value]) -> Vec<Value> {
    let texts: Vec<String> = records.iter().map(Value::to_string).collect();
    let page = read.page(&texts.iter().map(String::as_str).collect::<Vec<_>>(), None);
    let upstream = Upstream::start(Arc::new(move |asked| {
        read.beside(asked).unwrap_or_else(|| body(&page))
    }))
    .await;
    let connection = System::Mes.connect(&upstream.url);
    let by_operation = connection.ask(read, Way::Operation).await.unwrap().records;
    let mut by_feed = connection.ask(read, Way::Feed).await.unwrap().records;
    // The mirror is told also what was taken back, to forget it.
    by_feed.retain(|record| record["deleted"] != true);
    assert_eq!(by_operation, by_feed, "{read:?}: both ways tell the same");
    by_operation
}

fn stop(id: &str, start: &str, end: Option<&str>) -> Value {
    json!({"id": id, "machine_id": "M-01", "category": "unplanned", "start": start, "end": end,
        "updated_at": "2026-06-22T11:59:58Z", "version": 1})
}

fn times(records: &[Value]) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or("open").to_owned();
    let times = records.iter().map(|record| {
        let key = if record["id"].is_null() {
            &record["machine_id"]
        } else {
            &record["id"]
        };
        (text(key), text(&record["start"]), text(&record["end"]))
    });
    times.collect()
}

fn expected(all: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    let owned = |(id, start, end): &(&str, &str, &str)| (id.to_string(), start.to_string(), end.to_string());
    all.iter().map(owned).collect()
}

fn notes(record: &Value) -> Vec<&str> {
    record["incomplete"]
        .as_array()
        .unwrap()
        .iter()
        .map(|note| note.as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn stops_that_overlap_are_told_as_they_are() {
    let records = told(
        Read::Downtime,
        &[
            stop("outer", "2026-06-22T08:00:00Z", Some("2026-06-22T10:00:00Z")),
            stop("inner", "2026-06-22T08:30:00Z", Some("2026-06-22T09:00:00Z")),
            stop("across", "2026-06-22T09:30:00Z", None),
            // The same times again are another stop; the same key again is the same one.
            stop("same", "2026-06-22T08:00:00Z", Some("2026-06-22T10:00:00Z")),
            stop("same", "2026-06-22T08:00:00Z", Some("2026-06-22T10:00:00Z")),
        ],
    )
    .await;
    let wanted = [
        ("outer", "2026-06-22T08:00:00.000Z", "2026-06-22T10:00:00.000Z"),
        ("inner", "2026-06-22T08:30:00.000Z", "2026-06-22T09:00:00.000Z"),
        ("across", "2026-06-22T09:30:00.000Z", "open"),
        ("same", "2026-06-22T08:00:00.000Z", "2026-06-22T10:00:00.000Z"),
    ];
    assert_eq!(times(&records), expected(&wanted));
    assert!(
        records.iter().all(|record| notes(record).is_empty()),
        "{records:?}"
    );
}

#[tokio::test]
async fn stops_that_cannot_be_are_told_with_what_is_wrong() {
    let mut taken_back = stop("taken back", "2026-06-22T08:00:00Z", None);
    taken_back["deleted"] = json!(true);
    let records = told(
        Read::Downtime,
        &[
            stop("backwards", "2026-06-22T10:00:00Z", Some("2026-06-22T08:00:00Z")),
            stop("no offset", "2026-06-22T10:00:00", None),
            stop("no time", "0001-01-01T00:00:00Z", Some("0001-01-01T00:00:00Z")),
            stop("30 June", "2026-06-31T00:00:00Z", None),
            taken_back,
        ],
    )
    .await;
    let found: Vec<(&str, Vec<&str>)> = records
        .iter()
        .map(|record| (record["id"].as_str().unwrap(), notes(record)))
        .collect();
    let wanted = [
        ("backwards", vec!["impossible: end before start"]),
        ("no offset", vec!["start: time unknown: no offset"]),
        ("no time", vec![]),
        ("30 June", vec!["start: time unknown: not readable"]),
    ];
    assert_eq!(found, wanted);
}

/// In Berlin the clock goes from 2 to 3 on 29 March and from 3 to 2 on 25 October 2026.
#[tokio::test]
async fn a_change_of_clocks_neither_moves_nor_merges_anything() {
    let stops = [
        stop(
            "first half past two",
            "2026-10-25T02:30:00+02:00",
            Some("2026-10-25T02:45:00+02:00"),
        ),
        stop(
            "second half past two",
            "2026-10-25T02:30:00+01:00",
            Some("2026-10-25T02:45:00+01:00"),
        ),
        // By the wall's clock it ends before it begins.
        stop(
            "over the change",
            "2026-10-25T02:50:00+02:00",
            Some("2026-10-25T02:10:00+01:00"),
        ),
        // An hour that no wall in Berlin shows, told with an offset all the same.
        stop(
            "in the gap",
            "2026-03-29T02:30:00+01:00",
            Some("2026-03-29T03:30:00+02:00"),
        ),
    ];
    let records = told(Read::Downtime, &stops).await;
    let wanted = [
        (
            "first half past two",
            "2026-10-25T00:30:00.000Z",
            "2026-10-25T00:45:00.000Z",
        ),
        (
            "second half past two",
            "2026-10-25T01:30:00.000Z",
            "2026-10-25T01:45:00.000Z",
        ),
        (
            "over the change",
            "2026-10-25T00:50:00.000Z",
            "2026-10-25T01:10:00.000Z",
        ),
        (
            "in the gap",
            "2026-03-29T01:30:00.000Z",
            "2026-03-29T01:30:00.000Z",
        ),
    ];
    assert_eq!(times(&records), expected(&wanted));
    assert!(
        records.iter().all(|record| notes(record).is_empty()),
        "{records:?}"
    );
}

#[tokio::test]
async fn history_that_overlaps_or_repeats_an_hour_keeps_its_segments_apart() {
    let segment = |start: &str, end: Option<&str>| json!({"machine_id": "M-01", "status": "running", "start": start, "end": end});
    let records = told(
        Read::History,
        &[
            segment("2026-10-25T02:30:00+02:00", Some("2026-10-25T02:30:00+01:00")),
            segment("2026-10-25T02:30:00+01:00", None),
            // The same start in another zone is the same segment; it ended meanwhile.
            segment("2026-10-25T01:30:00Z", Some("2026-10-25T04:00:00Z")),
            segment("2026-10-25T00:00:00Z", Some("2026-10-25T03:00:00Z")),
        ],
    )
    .await;
    let wanted = [
        ("M-01", "2026-10-25T00:30:00.000Z", "2026-10-25T01:30:00.000Z"),
        ("M-01", "2026-10-25T01:30:00.000Z", "2026-10-25T04:00:00.000Z"),
        ("M-01", "2026-10-25T00:00:00.000Z", "2026-10-25T03:00:00.000Z"),
    ];
    assert_eq!(times(&records), expected(&wanted));
}

#[tokio::test]
async fn shifts_over_a_change_of_clocks_are_as_long_as_they_are() {
    let shift = |id: &str, start: &str, end: &str| {
        json!({"id": id, "shift": "Night", "business_day": "2026-10-24", "start": start, "end": end, "breaks": [
            {"start": "2026-10-25T02:30:00+02:00", "end": "2026-10-25T02:30:00+01:00"},
            {"start": "2026-10-25T02:30:00+01:00", "end": "2026-10-25T02:30:00+02:00"}]})
    };
    let records = told(
        Read::Calendar,
        &[
            shift(
                "long night",
                "2026-10-24T22:00:00+02:00",
                "2026-10-25T06:00:00+01:00",
            ),
            shift(
                "overlapping",
                "2026-10-25T05:00:00+01:00",
                "2026-10-25T14:00:00+01:00",
            ),
            shift(
                "no time at all",
                "2026-10-25T06:00:00+01:00",
                "2026-10-25T06:00:00+01:00",
            ),
            shift(
                "backwards",
                "2026-10-25T14:00:00+01:00",
                "2026-10-25T06:00:00+01:00",
            ),
        ],
    )
    .await;
    let wanted = [
        (
            "long night",
            "2026-10-24T20:00:00.000Z",
            "2026-10-25T05:00:00.000Z",
        ),
        (
            "overlapping",
            "2026-10-25T04:00:00.000Z",
            "2026-10-25T13:00:00.000Z",
        ),
    ];
    assert_eq!(times(&records), expected(&wanted));
    let breaks = records[0]["breaks"].as_array().unwrap();
    assert_eq!(
        breaks.len(),
        1,
        "the one that ends before it begins is none: {breaks:?}"
    );
    assert_eq!(breaks[0]["start"], "2026-10-25T00:30:00.000Z");
}

#[tokio::test]
async fn orders_and_reports_with_impossible_numbers_are_marked_and_kept() {
    let order = json!({"id": "PO-1", "status": "active", "product": {"id": "P"}, "version": 3,
        "quantity": {"planned": -1, "produced": 5, "good": 7, "uom": "C62"}, "updated_at": "2026-06-22T11:59:58Z",
        "actual_start": "2026-06-22T11:00:00Z", "actual_end": "2026-06-22T10:00:00Z"});
    let records = told(Read::ProductionOrders, &[order]).await;
    let found = notes(&records[0]);
    for oddity in ["negative", "good above", "before"] {
        assert!(
            found.iter().any(|note| note.contains(oddity)),
            "{oddity} is not in {found:?}"
        );
    }
    let report = json!({"id": "Q-1", "result": "fail", "inspected_at": "2026-10-25T02:30:00+02:00", "version": 1,
        "quantity": {"inspected": 1, "good": 2, "uom": "C62"}, "updated_at": "2026-06-22T11:59:58Z"});
    let records = told(Read::Quality, &[report]).await;
    assert_eq!(records[0]["inspected_at"], "2026-10-25T00:30:00.000Z");
    assert_eq!(notes(&records[0]), ["impossible: good above inspected"]);
}

#[tokio::test]
async fn what_a_mes_does_not_offer_is_asked_for_once_it_says_that_it_does() {
    for odd in [
        "\"orders\"",
        "7,null,[\"calendar\"],{}",
        "\"machines/histor\u{443}\"",
    ] {
        for read in [Read::History, Read::Calendar] {
            let health = HEALTH.replace("\"machines/history\",\"calendar\"", odd);
            let upstream = Upstream::start(Arc::new(move |_| body(&health))).await;
            let connection = System::Mes.connect(&upstream.url);
            for _ in 0..3 {
                let error = connection.ask(read, Way::Operation).await.unwrap_err();
                assert_eq!(error.kind, PortErrorKind::NotFound, "{odd}");
            }
            assert_eq!(
                upstream.calls(),
                1,
                "{odd}: it was asked what it offers and for nothing else"
            );
            upstream.become_this(read.healthy());
            connection.check().await;
            assert_eq!(
                connection.ask(read, Way::Operation).await.unwrap().records.len(),
                1
            );
        }
    }
}
