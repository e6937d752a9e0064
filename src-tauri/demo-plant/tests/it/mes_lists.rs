//! Every list of the MES over HTTP: what is in it, how it is cut, and that the lists fit each other.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use crate::plant::Plant;

fn at(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

fn text<'a>(record: &'a Value, name: &str) -> &'a str {
    record[name].as_str().unwrap_or_default()
}

fn ago(plant_now: &Value, hours: i64) -> String {
    (at(plant_now) - jiff::SignedDuration::from_hours(hours)).to_string()
}

async fn now(plant: &Plant) -> Value {
    plant.mes_json("/health").await["server_time"].clone()
}

async fn status(plant: &Plant, path: &str) -> u16 {
    let answer = plant.mes(Method::GET, path).send().await.unwrap();
    answer.status().as_u16()
}

#[tokio::test]
async fn a_week_of_history_adds_up_to_counters_orders_and_stops() {
    let plant = Plant::start(&[]).await;
    // A machine that was stopped by hand stands still while it is looked at.
    plant
        .control("/machines/PS-02/stop", Some(json!({"reason": "E312"})))
        .await;
    let machine = plant.mes_json("/api/v1/machines/PS-02").await;
    let since = ago(&now(&plant).await, 7 * 24);
    let window = format!("since={since}&machine_id=PS-02&limit=1000");
    let segments = plant.mes_all(&format!("/api/v1/machines/history?{window}")).await;
    assert!(
        at(&segments[0]["start"]) <= since.parse().unwrap(),
        "a week is full"
    );
    for pair in segments.windows(2) {
        assert_eq!(pair[0]["end"], pair[1]["start"], "no gap and no overlap");
    }
    let last = segments.last().unwrap();
    assert!(last["end"].is_null() && last["status"] == json!("down"));
    assert_eq!(last["reason"], machine["reason"]);
    let sum = |name: &str, from: &Value| -> i64 {
        let counted = segments
            .iter()
            .filter(|segment| at(&segment["start"]) >= at(from));
        counted.map(|segment| segment[name].as_i64().unwrap()).sum()
    };
    for name in ["produced", "good", "scrap", "rework"] {
        let counters = &machine["counters"];
        assert_eq!(json!(sum(name, &counters["since"])), counters[name], "{name}");
    }
    let statuses = "planned,released,active,paused,completed,cancelled";
    let orders = plant
        .mes_all(&format!("/api/v1/production-orders?status={statuses}&limit=1000"))
        .await;
    let orders: BTreeMap<&str, &Value> = orders.iter().map(|order| (text(order, "id"), order)).collect();
    let mut by_order: BTreeMap<&str, i64> = BTreeMap::new();
    for segment in &segments {
        let order = text(segment, "order_id");
        assert!(orders.contains_key(order), "no order {order}");
        *by_order.entry(order).or_default() += segment["produced"].as_i64().unwrap();
    }
    let mut whole = 0;
    for (id, produced) in &by_order {
        let order = orders[id];
        let began = order["actual_start"]
            .as_str()
            .map(|text| text.parse::<Timestamp>().unwrap());
        if order["status"] == json!("completed")
            && began.is_some_and(|began| began >= at(&segments[0]["start"]))
        {
            assert_eq!(json!(produced), order["quantity"]["produced"], "{id}");
            whole += 1;
        }
    }
    assert!(whole > 10, "only {whole} orders were finished in a week");
    let events = plant.mes_all(&format!("/api/v1/downtime-events?{window}")).await;
    let stops = segments
        .iter()
        .filter(|segment| !matches!(text(segment, "status"), "running" | "offline"));
    for stop in stops {
        let inside = events.iter().any(|event| {
            at(&event["start"]) <= at(&stop["start"])
                && (event["end"].is_null() || at(&event["end"]) > at(&stop["start"]))
        });
        assert!(inside, "no event for {stop}");
    }
}

#[tokio::test]
async fn downtime_has_versions_tombstones_and_stops_without_a_reason() {
    let plant = Plant::start(&[]).await;
    let since = ago(&now(&plant).await, 7 * 24);
    let events = plant
        .mes_all(&format!("/api/v1/downtime-events?since={since}&limit=1000"))
        .await;
    let count = |is: fn(&Value) -> bool| events.iter().filter(|event| is(event)).count();
    for category in ["unplanned", "planned", "setup", "minor_stop", "waiting"] {
        assert!(
            events.iter().any(|event| text(event, "category") == category),
            "{category}"
        );
    }
    assert!(count(|event| event["deleted"] == json!(true) && event["version"].as_i64() > Some(2)) > 0);
    assert!(count(|event| event["comment"].is_string() && event["version"].as_i64() > Some(2)) > 0);
    assert!(count(|event| event["reason"].is_null()) > 0);
    assert!(count(|event| event["failure"] == json!(true) && event["category"] != json!("unplanned")) == 0);
    assert!(count(|event| event["failure"] == json!(false) && event["category"] == json!("unplanned")) > 0);
    for event in &events {
        if !event["end"].is_null() {
            let lasts = (at(&event["end"]) - at(&event["start"]))
                .total(jiff::Unit::Second)
                .unwrap();
            assert!(
                (lasts - event["duration_s"].as_f64().unwrap()).abs() <= 1.0,
                "{event}"
            );
        }
    }
    // What was corrected can be had by the time of the correction, however old the stop is.
    let corrected = events
        .iter()
        .filter(|event| event["comment"].is_string())
        .max_by_key(|event| at(&event["updated_at"]))
        .unwrap();
    let updated = text(corrected, "updated_at");
    let changed = plant
        .mes_all(&format!(
            "/api/v1/downtime-events?updated_since={updated}&limit=1000"
        ))
        .await;
    assert!(changed.iter().any(|event| event["id"] == corrected["id"]));
    assert!(
        changed
            .iter()
            .all(|event| at(&event["updated_at"]) >= at(&corrected["updated_at"]))
    );
}

#[tokio::test]
async fn quality_reports_have_limits_defects_and_fails_that_fit() {
    let plant = Plant::start(&[]).await;
    let since = ago(&now(&plant).await, 7 * 24);
    let reports = plant
        .mes_all(&format!("/api/v1/quality-reports?since={since}&limit=1000"))
        .await;
    assert!(reports.len() > 1_000, "{}", reports.len());
    let mut results = BTreeSet::new();
    for report in &reports {
        results.insert(text(report, "result"));
        let is_outside = |value: &Value| {
            let number = |name: &str| value[name].as_f64().unwrap();
            number("value") < number("lsl") || number("value") > number("usl")
        };
        let characteristics = report["characteristics"].as_array().unwrap();
        let outside = characteristics.iter().filter(|value| is_outside(value)).count();
        for value in characteristics {
            assert_eq!(is_outside(value), text(value, "result") == "fail", "{report}");
        }
        let quantity = &report["quantity"];
        match text(report, "result") {
            "fail" => {
                assert!(
                    outside > 0 && !report["defects"].as_array().unwrap().is_empty(),
                    "{report}"
                );
                assert!(quantity["good"].as_i64() < quantity["inspected"].as_i64());
            }
            "pending" => assert!(quantity["good"].is_null() && text(report, "disposition") == "pending"),
            _ => assert!(
                outside == 0 && quantity["good"] == quantity["inspected"],
                "{report}"
            ),
        }
    }
    assert!(results.contains("pass") && results.contains("fail") && results.contains("conditional"));
    let fails = plant
        .mes_json(&format!("/api/v1/quality-reports?since={since}&status=fail"))
        .await;
    let share = fails["total"].as_u64().unwrap() * 100 / reports.len() as u64;
    assert!((1..=12).contains(&share), "{share} % fail");
}

#[tokio::test]
async fn the_calendar_covers_a_day_to_either_side() {
    let plant = Plant::start(&[]).await;
    let page = plant.mes_json("/api/v1/calendar").await;
    let shifts = page["items"].as_array().unwrap();
    let server = at(&page["server_time"]);
    let day = jiff::SignedDuration::from_hours(24);
    assert!(at(&shifts[0]["start"]) <= server - day);
    assert!(at(&shifts.last().unwrap()["end"]) >= server + day);
    let names: BTreeSet<&str> = shifts.iter().map(|shift| text(shift, "shift")).collect();
    assert_eq!(names, BTreeSet::from(["Early", "Late", "Night"]));
    for pair in shifts.windows(2) {
        assert_eq!(pair[0]["end"], pair[1]["start"]);
    }
    for shift in shifts {
        assert!(text(shift, "id").starts_with(text(shift, "business_day")));
        assert_eq!(shift["breaks"].as_array().unwrap().len(), 2);
    }
    let october = "/api/v1/calendar?since=2026-10-24T22:00:00Z&until=2026-10-25T23:00:00Z";
    let october = plant.mes_json(october).await;
    let night = &october["items"][0];
    assert_eq!(text(night, "business_day"), "2026-10-24");
    assert_eq!(
        at(&night["end"]) - at(&night["start"]),
        jiff::Span::new().seconds(9 * 3600).fieldwise()
    );
    let years = "/api/v1/calendar?since=2020-01-01T00:00:00Z&until=2026-01-01T00:00:00Z";
    assert_eq!(status(&plant, years).await, 400, "not years at once");
}

#[tokio::test]
async fn lists_are_cut_by_time_machine_line_area_and_status() {
    let plant = Plant::start(&[]).await;
    let now = now(&plant).await;
    let (since, until) = (ago(&now, 30), ago(&now, 20));
    for list in ["machines/history", "downtime-events", "quality-reports"] {
        let path = |rest: &str| format!("/api/v1/{list}?since={since}&until={until}&limit=1000{rest}");
        let all = plant.mes_all(&path("")).await;
        for record in &all {
            let start = record.get("start").or(record.get("inspected_at")).unwrap();
            assert!(at(start) < until.parse().unwrap(), "{list}: {record}");
            let end = record.get("end").unwrap_or(start);
            assert!(
                end.is_null() || at(end) >= since.parse().unwrap(),
                "{list}: {record}"
            );
        }
        let two = plant.mes_all(&path("&machine_id=CR-01,WC-03")).await;
        let ids: BTreeSet<&str> = two.iter().map(|record| text(record, "machine_id")).collect();
        assert_eq!(ids, BTreeSet::from(["CR-01", "WC-03"]), "{list}");
        let line = plant.mes_all(&path("&work_center=L2")).await;
        assert!(
            line.iter()
                .all(|record| text(record, "machine_id").starts_with("SL-")),
            "{list}"
        );
        let area = plant.mes_all(&path("&area=Press%20shop")).await;
        assert!(
            area.iter()
                .all(|record| text(record, "machine_id").starts_with("PS-")),
            "{list}"
        );
        assert!(!line.is_empty() && line.len() + area.len() < all.len(), "{list}");
        assert_eq!(status(&plant, &format!("/api/v1/{list}?limit=1001")).await, 400);
        assert_eq!(
            status(&plant, &format!("/api/v1/{list}?since={until}&until={since}")).await,
            400
        );
        assert_eq!(
            status(&plant, &format!("/api/v1/{list}?since=2026-01-01T00:00:00")).await,
            400
        );
        assert_eq!(
            status(&plant, &format!("/api/v1/{list}?cursor=bm9uc2Vuc2U")).await,
            400
        );
    }
    // Half-open: a segment that ends where the window begins is not in it, the next one is.
    let path = "/api/v1/machines/history?machine_id=SL-04&limit=1000";
    let segments = plant.mes_all(path).await;
    let (first, second) = (&segments[0], &segments[1]);
    let from = format!("{path}&since={}", text(first, "end"));
    assert_eq!(plant.mes_all(&from).await[0]["start"], second["start"]);
    let to = format!("{path}&since={since}&until={}", text(second, "start"));
    assert_eq!(plant.mes_all(&to).await.last().unwrap()["start"], first["start"]);
    let running = plant
        .mes_all("/api/v1/machines/status?status=running&limit=5000")
        .await;
    assert!(running.iter().all(|machine| text(machine, "status") == "running") && running.len() < 24);
    let usual = plant.mes_all("/api/v1/production-orders?limit=1000").await;
    let usual: BTreeSet<&str> = usual.iter().map(|order| text(order, "status")).collect();
    assert_eq!(usual, BTreeSet::from(["active", "paused", "planned", "released"]));
    let over = plant
        .mes_all("/api/v1/production-orders?status=completed,cancelled&limit=1000")
        .await;
    assert!(
        over.len() > 400
            && over
                .iter()
                .all(|order| matches!(text(order, "status"), "completed" | "cancelled"))
    );
}

#[tokio::test]
async fn every_list_answers_304_to_whoever_has_it_and_compresses_for_whoever_can_read_it() {
    let plant = Plant::start(&[]).await;
    // A client that unpacks would hide that the answer was packed.
    let raw = reqwest::Client::builder().no_proxy().no_gzip().build().unwrap();
    // While the data stands still, an answer that differs would be a fault of the tag.
    plant.control("/faults", Some(json!({"mes": "stale"}))).await;
    let past = "since=2026-01-01T00:00:00Z&limit=100";
    for path in [
        "/api/v1/machines/status?limit=24",
        "/api/v1/machines/CR-01?",
        &format!("/api/v1/machines/history?{past}"),
        &format!("/api/v1/downtime-events?{past}"),
        &format!("/api/v1/quality-reports?{past}"),
        "/api/v1/production-orders?limit=100",
        "/api/v1/calendar?since=2026-01-01T00:00:00Z&until=2026-01-05T00:00:00Z",
    ] {
        let first = plant.mes(Method::GET, path).send().await.unwrap();
        assert_eq!(first.headers()["cache-control"], "no-cache");
        let etag = first.headers()["etag"].to_str().unwrap().to_owned();
        let plain = first.bytes().await.unwrap();
        let again = plant.mes(Method::GET, path).header("if-none-match", &etag);
        let again = again.send().await.unwrap();
        assert_eq!(again.status(), 304, "{path}");
        assert!(again.bytes().await.unwrap().is_empty());
        let packed = raw
            .get(format!("{}{path}", plant.text("mes", "endpoint")))
            .bearer_auth(plant.text("mes", "token"))
            .header("accept-encoding", "gzip")
            .send()
            .await
            .unwrap();
        let is_packed = packed.headers().get("content-encoding").is_some();
        assert_eq!(is_packed, plain.len() >= 1024, "{path}");
        if is_packed {
            assert!(packed.bytes().await.unwrap().len() < plain.len(), "{path}");
        }
        let head = plant.mes(Method::HEAD, path).send().await.unwrap();
        assert_eq!(
            (head.status().as_u16(), head.bytes().await.unwrap().len()),
            (200, 0),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_plant_of_five_thousand_machines_starts_and_answers() {
    let plant = Plant::start(&["--machines", "5000"]).await;
    let all = plant.mes_all("/api/v1/machines/status?limit=5000").await;
    let ids: BTreeSet<&str> = all.iter().map(|machine| text(machine, "machine_id")).collect();
    assert_eq!(ids.len(), 5000);
    let since = ago(&now(&plant).await, 24);
    let one = plant
        .mes_all(&format!(
            "/api/v1/machines/history?machine_id=CR-0001&since={since}&limit=1000"
        ))
        .await;
    let line = &all[0]["equipment"]["work_center"];
    assert!(at(&one[0]["start"]) <= since.parse().unwrap(), "a day of {line}");
    let Ok(memory) = std::fs::read_to_string(format!("/proc/{}/status", plant.child.id().unwrap())) else {
        return;
    };
    let peak = memory
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    let peak_kib: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak_kib < 1024 * 1024, "{peak_kib} KiB");
}
