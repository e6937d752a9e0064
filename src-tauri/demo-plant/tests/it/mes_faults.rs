//! How the MES misbehaves when it is told to, and that it behaves again afterwards.

use reqwest::Method;
use serde_json::{Value, json};

use crate::mes::Stream;
use crate::plant::Plant;

async fn fault(plant: &Plant, name: &str) {
    let set = plant.control("/faults", Some(json!({ "mes": name }))).await;
    assert_eq!(set["mes"], json!(name));
}

async fn get(plant: &Plant, path: &str) -> reqwest::Response {
    plant.mes(Method::GET, path).send().await.unwrap()
}

#[tokio::test]
async fn a_busy_mes_says_when_to_come_back_in_seconds_or_as_a_date() {
    let plant = Plant::start(&[]).await;
    fault(&plant, "busy").await;
    let busy = get(&plant, "/api/v1/machines/status").await;
    assert_eq!(busy.status(), 503);
    assert_eq!(busy.headers()["content-type"], "application/problem+json");
    let wait: u64 = busy.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!(wait >= 1);
    fault(&plant, "too_many").await;
    let many = get(&plant, "/api/v1/machines/status").await;
    assert_eq!(many.status(), 429);
    let date = many.headers()["retry-after"].to_str().unwrap();
    let date = jiff::fmt::rfc2822::parse(date).unwrap().timestamp();
    let wait = date - jiff::Timestamp::now();
    assert!(wait.get_seconds().abs() < 10, "{wait}");
    fault(&plant, "ok").await;
    assert_eq!(get(&plant, "/api/v1/machines/status").await.status(), 200);
}

#[tokio::test]
async fn health_tells_degraded_and_down_apart() {
    let plant = Plant::start(&[]).await;
    fault(&plant, "degraded").await;
    let health = get(&plant, "/health").await;
    assert_eq!(health.status(), 200);
    let health: Value = health.json().await.unwrap();
    assert_eq!(health["status"], json!("degraded"));
    let checks = health["checks"].as_array().unwrap();
    assert!(checks.iter().any(|check| check["status"] == json!("degraded")));
    assert!(checks.iter().all(|check| check["latency_ms"].is_number()));
    assert_eq!(get(&plant, "/api/v1/calendar").await.status(), 200);
    fault(&plant, "unhealthy").await;
    let health = get(&plant, "/health").await;
    assert_eq!(health.status(), 503);
    assert_eq!(health.json::<Value>().await.unwrap()["status"], json!("down"));
    assert_eq!(get(&plant, "/api/v1/calendar").await.status(), 503);
}

#[tokio::test]
async fn quality_reports_are_pushed_and_a_stream_says_that_it_lives() {
    // At a thousand times the pace an inspection comes within seconds.
    let plant = Plant::start(&["--speed", "1000"]).await;
    let mut stream = Stream::open(&plant, "types=quality", None).await;
    let event = stream.next().await;
    assert_eq!(event.kind, "quality");
    let id = event.data["id"].as_str().unwrap();
    let reports = plant.mes_all("/api/v1/quality-reports?limit=1000").await;
    let kept = reports.iter().find(|report| report["id"] == json!(id)).unwrap();
    assert_eq!(
        kept["characteristics"], event.data["characteristics"],
        "the whole record"
    );
    let quiet = Stream::open(&plant, "types=none", None).await;
    let comment = quiet.comment().await;
    assert!(comment.is_some(), "a comment at least every 15 s");
}

#[tokio::test]
async fn a_hurried_plant_shows_orders_that_end_and_change_shifts_of_state() {
    let plant = Plant::start(&["--speed", "1000"]).await;
    let mut stream = Stream::open(&plant, "types=order,machine_status", None).await;
    let (mut has_ended, mut has_changed) = (false, false);
    let mut first: std::collections::BTreeMap<String, Value> = std::collections::BTreeMap::new();
    while !(has_ended && has_changed) {
        let event = stream.next().await;
        match event.kind.as_str() {
            "order" => has_ended |= event.data["status"] == json!("completed"),
            "machine_status" => {
                let id = event.data["machine_id"].as_str().unwrap().to_owned();
                let status = event.data["status"].clone();
                has_changed |= *first.entry(id).or_insert(status.clone()) != status;
            }
            other => panic!("not asked for: {other}"),
        }
    }
}
