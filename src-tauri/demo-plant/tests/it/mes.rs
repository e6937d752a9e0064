//! The MES side over HTTP.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::plant::Plant;

/// One event of a stream.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) data: Value,
}

/// A stream of events.
pub(crate) struct Stream {
    answer: reqwest::Response,
    buffer: String,
}

impl Stream {
    pub(crate) async fn open(plant: &Plant, query: &str, last_id: Option<&str>) -> Self {
        let mut request = plant.mes(Method::GET, &format!("/api/v1/events?{query}"));
        if let Some(id) = last_id {
            request = request.header("last-event-id", id);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Self {
            answer,
            buffer: String::new(),
        }
    }

    /// The next event; comments and `retry` are skipped.
    pub(crate) async fn next(&mut self) -> Event {
        let reading = async {
            loop {
                while let Some(end) = self.buffer.find("\n\n") {
                    let block: String = self.buffer.drain(..end + 2).collect();
                    let field = |name: &str| {
                        block
                            .lines()
                            .find_map(|line| line.strip_prefix(name))
                            .map(|text| text.trim().to_owned())
                    };
                    if let (Some(id), Some(kind), Some(data)) =
                        (field("id:"), field("event:"), field("data:"))
                    {
                        return Event {
                            id,
                            kind,
                            data: serde_json::from_str(&data).unwrap(),
                        };
                    }
                }
                let chunk = self.answer.chunk().await.unwrap().expect("the stream goes on");
                self.buffer.push_str(std::str::from_utf8(&chunk).unwrap());
            }
        };
        tokio::time::timeout(Duration::from_secs(20), reading)
            .await
            .expect("an event in time")
    }

    /// The next comment after the greeting of a stream on which nothing else comes; `None` when it ends.
    pub(crate) async fn comment(mut self) -> Option<String> {
        let reading = async {
            while let Some(chunk) = self.answer.chunk().await.unwrap() {
                self.buffer.push_str(std::str::from_utf8(&chunk).unwrap());
                let mut comments = self.buffer.lines().filter(|line| line.starts_with(':'));
                if let Some(comment) = comments.find(|line| !line.contains("connected")) {
                    return Some(comment.to_owned());
                }
            }
            None
        };
        tokio::time::timeout(Duration::from_secs(20), reading)
            .await
            .expect("a comment in time")
    }
}

#[tokio::test]
async fn health_is_open_and_all_else_needs_the_token() {
    let plant = Plant::start(&[]).await;
    let endpoint = plant.text("mes", "endpoint");
    let health: Value = plant
        .http
        .get(format!("{endpoint}/health"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(
        (&health["status"], &health["time_zone"]),
        (&json!("ok"), &json!("Europe/Berlin"))
    );
    assert!(
        health["capabilities"]
            .as_array()
            .unwrap()
            .contains(&json!("events"))
    );
    let refused = plant
        .http
        .get(format!("{endpoint}/api/v1/machines/status"))
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), 401);
    assert!(refused.headers().contains_key("www-authenticate"));
    assert_eq!(refused.headers()["content-type"], "application/problem+json");
    let posted = plant
        .mes(Method::POST, "/api/v1/machines/status")
        .send()
        .await
        .unwrap();
    assert_eq!(posted.status(), 405);
    assert_eq!(posted.headers()["allow"], "GET, HEAD");
    let unknown = plant.mes(Method::GET, "/api/v1/recipes").send().await.unwrap();
    assert_eq!(unknown.status(), 404, "not announced, not there");
    assert_eq!(unknown.headers()["content-type"], "application/problem+json");
    let unknown: Value = unknown.json().await.unwrap();
    assert_eq!(unknown["status"], json!(404));
    assert!(unknown["trace_id"].is_string() && unknown["title"].is_string() && unknown["detail"].is_string());
    let limit = plant
        .mes(Method::GET, "/api/v1/machines/status?limit=5001")
        .send()
        .await
        .unwrap();
    assert_eq!(limit.status(), 400);
}

#[tokio::test]
async fn the_list_of_machines_comes_in_pages() {
    let plant = Plant::start(&[]).await;
    let mut ids = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = plant
            .mes_json(&format!("/api/v1/machines/status?limit=10{cursor}"))
            .await;
        assert_eq!(page["total"], json!(24));
        ids.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["machine_id"].to_string()),
        );
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(ids.len(), 24);
    assert!(ids.is_sorted(), "in order of the machine: {ids:?}");
    let one = plant.mes_json("/api/v1/machines/WC-02").await;
    assert_eq!(one["machine_id"], json!("WC-02"));
    let line = plant.mes_json("/api/v1/machines/status?work_center=L3").await;
    assert_eq!(line["total"], json!(6));
    let downtime = plant.mes_json("/api/v1/downtime-events").await;
    assert!(
        downtime["total"].as_u64().unwrap() > 50,
        "a past to look at: {}",
        downtime["total"]
    );
    assert!(
        plant.mes_json("/api/v1/production-orders").await["total"]
            .as_u64()
            .unwrap()
            >= 24
    );
}

#[tokio::test]
async fn an_unchanged_list_is_answered_with_304() {
    let plant = Plant::start(&[]).await;
    plant
        .control("/machines/CR-06/stop", Some(json!({"reason": "E310"})))
        .await;
    // A machine that was stopped by hand does nothing on its own, so its open event stands still.
    let stopped = plant.mes_json("/api/v1/machines/CR-06").await;
    let since = stopped["status_since"].as_str().unwrap();
    let path = &format!("/api/v1/downtime-events?machine_id=CR-06&since={since}");
    let first = plant.mes(Method::GET, path).send().await.unwrap();
    let etag = first.headers()["etag"].to_str().unwrap().to_owned();
    let events: Value = first.json().await.unwrap();
    let open = events["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["end"].is_null())
        .count();
    assert_eq!(open, 1, "{events}");
    let again = plant
        .mes(Method::GET, path)
        .header("if-none-match", &etag)
        .send()
        .await
        .unwrap();
    assert_eq!(again.status(), 304);
    assert_eq!(again.bytes().await.unwrap().len(), 0);
    plant.control("/machines/CR-06/recover", Some(json!({}))).await;
    let changed = plant
        .mes(Method::GET, path)
        .header("if-none-match", &etag)
        .send()
        .await
        .unwrap();
    assert_eq!(changed.status(), 200);
}

#[tokio::test]
async fn a_stop_is_pushed_and_what_was_missed_comes_again() {
    let plant = Plant::start(&[]).await;
    let query = "types=downtime&machine_id=PS-03";
    let mut stream = Stream::open(&plant, query, None).await;
    plant
        .control("/machines/PS-03/stop", Some(json!({"reason": "E312"})))
        .await;
    let stopped = loop {
        let event = stream.next().await;
        assert_eq!(
            (event.kind.as_str(), &event.data["machine_id"]),
            ("downtime", &json!("PS-03"))
        );
        if event.data["category"] == json!("unplanned") && event.data["end"].is_null() {
            break event;
        }
    };
    assert_eq!(stopped.data["reason"]["text"], json!("Light curtain fault"));
    let status = plant.mes_json("/api/v1/machines/PS-03").await;
    assert_eq!(
        (&status["status"], &status["status_since"]),
        (&json!("down"), &stopped.data["start"])
    );

    drop(stream);
    plant.control("/machines/PS-03/recover", Some(json!({}))).await;
    let mut stream = Stream::open(&plant, query, Some(&stopped.id)).await;
    let ended = stream.next().await;
    assert_eq!(ended.data["id"], stopped.data["id"]);
    assert!(
        ended.data["end"].is_string() && ended.data["version"].as_u64() > stopped.data["version"].as_u64()
    );

    let mut stream = Stream::open(&plant, query, Some("another-run-7")).await;
    assert_eq!(stream.next().await.kind, "resync");
}

#[tokio::test]
async fn a_stale_plant_answers_with_old_data_and_resyncs_afterwards() {
    let plant = Plant::start(&[]).await;
    let mut stream = Stream::open(&plant, "types=none", None).await;
    plant.control("/faults", Some(json!({"mes": "stale"}))).await;
    let first = plant.mes_json("/api/v1/machines/status").await;
    let second = plant.mes_json("/api/v1/machines/status").await;
    assert_eq!(first["as_of"], second["as_of"], "the data stands still");
    assert_eq!(first["items"], second["items"]);
    plant.control("/faults", Some(json!({"mes": "ok"}))).await;
    assert_eq!(stream.next().await.kind, "resync");
    plant.control("/faults", Some(json!({"mes": "down"}))).await;
    assert!(
        plant.mes(Method::GET, "/health").send().await.is_err(),
        "nobody answers"
    );
}
