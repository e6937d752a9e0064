//! The MES connection against servers that keep, bend and break the contract.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use andon_domain::Timestamp;
use andon_domain::operations::find;
use andon_domain::ports::{FeedBatch, Fetched, HealthState, PlantEvent};
use andon_domain::records::{DowntimeEvent, MachineStatus};
use futures_util::StreamExt;
use serde_json::{Value, json};

use super::*;
use crate::stranger::{Fixed, Reply, Stranger, noon};
use crate::transport::{AuthKind, Limits};

impl Mes {
    async fn machines_now(&self) -> Result<FeedBatch<MachineStatus>, PortError> {
        operations::machines_feed(self).await
    }

    async fn downtime_since(&self, since: Timestamp) -> Result<FeedBatch<DowntimeEvent>, PortError> {
        operations::downtime_feed(self, since).await
    }
}

fn mes(server: &Stranger) -> Arc<Mes> {
    let mut config = MesConfig::new(server.url.clone(), AuthKind::Bearer);
    config.limits = Limits {
        back_off: Duration::from_millis(1),
        total: Duration::from_secs(4),
        ..config.limits
    };
    Mes::new(config, Fixed::new(Some("token")), noon()).unwrap()
}

async fn read(operation: Arc<dyn ReadOperation>, name: &str, value: &Value) -> Result<Fetched, PortError> {
    operation
        .read(&(find(name).unwrap().validate)(value).unwrap())
        .await
}

fn machine(id: &str, version: u32) -> Value {
    json!({"machine_id": id, "status": "running", "status_since": "2026-06-22T10:00:00Z", "version": version,
        "observed_at": "2026-06-22T11:59:58Z", "updated_at": "2026-06-22T11:59:58Z"})
}

fn list(items: &[Value], next: Option<&str>) -> Value {
    json!({"items": items, "next_cursor": next, "total": null, "as_of": "2026-06-22T11:59:59Z", "server_time": "2026-06-22T12:00:00Z"})
}

#[tokio::test]
async fn machines_are_read_with_filters_and_token() {
    let server =
        Stranger::start(|_| Reply::json(200, &list(&[machine("M-1", 1), json!({"status": "down"})], None)))
            .await;
    let fetched = read(
        mes(&server).machine_status_read(),
        "mes.get_machine_status",
        &json!({"work_center": "L 1"}),
    )
    .await
    .unwrap();
    assert_eq!(fetched.records.len(), 1);
    assert_eq!(fetched.warnings, ["1 records without a key were left out"]);
    assert_eq!(fetched.observed_at, Timestamp::parse("2026-06-22T11:59:59Z"));
    let seen = &server.seen()[0];
    assert_eq!(
        (
            seen.path.as_str(),
            seen.query("work_center"),
            seen.header("authorization")
        ),
        ("/api/v1/machines/status", "L 1", "Bearer token")
    );
}

#[tokio::test]
async fn a_feed_that_did_not_change_says_so() {
    let server = Stranger::start(|seen| match seen.header("if-none-match") {
        "W/\"7\"" => Reply::with(304, &[("etag", "W/\"7\"")], ""),
        _ => Reply::with(
            200,
            &[("etag", "W/\"7\"")],
            list(&[machine("M-1", 1)], None).to_string(),
        ),
    })
    .await;
    let mes = mes(&server);
    let first = mes.machines_now().await.unwrap();
    assert_eq!(
        (first.records.len(), first.is_unchanged, first.is_complete),
        (1, false, true)
    );
    let second = mes.machines_now().await.unwrap();
    assert_eq!((second.records.len(), second.is_unchanged), (0, true));
    mes.forget_machines_tag();
    assert!(!mes.machines_now().await.unwrap().is_unchanged);
}

#[tokio::test]
async fn pages_are_followed_merged_and_ended() {
    let server = Stranger::start(|seen| match seen.query("cursor") {
        "" => Reply::json(200, &list(&[machine("M-1", 1), machine("M-2", 1)], Some("a b+c"))),
        "a b+c" => Reply::json(200, &list(&[machine("M-2", 2), machine("M-3", 1)], None)),
        other => panic!("{other}"),
    })
    .await;
    let batch = mes(&server).machines_now().await.unwrap();
    assert_eq!(
        batch
            .records
            .iter()
            .map(|m| (m.machine_id.as_str(), m.version))
            .collect::<Vec<_>>(),
        [("M-1", 1), ("M-2", 2), ("M-3", 1)]
    );
    assert_eq!(server.seen()[1].header("if-none-match"), "");
}

#[tokio::test]
async fn endless_lists_are_ended_and_said_to_be_cut() {
    let same = Stranger::start(|_| Reply::json(200, &list(&[machine("M-1", 1)], Some("again")))).await;
    let batch = mes(&same).machines_now().await.unwrap();
    assert_eq!(
        (batch.records.len(), batch.is_complete, same.seen().len()),
        (1, false, 2)
    );
    let count = AtomicUsize::new(0);
    let circle = Stranger::start(move |_| {
        let id = format!("M-{}", count.fetch_add(1, Ordering::SeqCst));
        Reply::json(200, &list(&[machine(&id, 1)], Some("again")))
    })
    .await;
    let batch = mes(&circle).machines_now().await.unwrap();
    assert_eq!(
        (batch.is_complete, circle.seen().len()),
        (false, 2),
        "a repeated cursor ends it"
    );
}

#[tokio::test]
async fn an_expired_cursor_starts_the_list_again_once() {
    let server = Stranger::start(|seen| match seen.query("cursor") {
        "" => Reply::json(200, &list(&[machine("M-1", 1)], Some("c"))),
        _ => Reply::json(410, &json!({"title": "cursor expired"})),
    })
    .await;
    let error = mes(&server).machines_now().await.unwrap_err();
    assert_eq!(
        (error.message.as_str(), server.seen().len()),
        ("cursor expired", 4)
    );
}

#[tokio::test]
async fn downtime_keeps_open_events_and_leaves_out_what_was_taken_back() {
    let event = |id: &str, more: &Value| {
        let mut event = json!({"id": id, "machine_id": "M-1", "category": "unplanned", "start": "2026-06-22T11:00:00Z",
            "end": null, "updated_at": "2026-06-22T11:00:00Z", "version": 1});
        event
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        event
    };
    let items = list(
        &[event("d1", &json!({})), event("d2", &json!({"deleted": true}))],
        None,
    );
    let server = Stranger::start(move |_| Reply::json(200, &items)).await;
    let mes = mes(&server);
    let fetched = read(
        mes.downtime_events_read(),
        "mes.get_downtime_events",
        &json!({"since": "2026-06-22T10:00:00+02:00"}),
    )
    .await
    .unwrap();
    assert_eq!(fetched.records.len(), 1);
    assert_eq!(
        server.seen()[0].query("since"),
        "2026-06-22T10:00:00+02:00",
        "the plus sign survives"
    );
    let batch = mes
        .downtime_since(Timestamp::parse("2026-06-22T10:00:00Z").unwrap())
        .await
        .unwrap();
    assert_eq!(
        (batch.records.len(), batch.is_complete),
        (2, false),
        "the mirror needs the tombstone"
    );
}

#[tokio::test]
async fn problems_are_told_in_the_mes_own_words() {
    for (reply, kind, message) in [
        (
            Reply::json(403, &json!({"title": "t", "detail": "no line 4 for you"})),
            PortErrorKind::Forbidden,
            "no line 4 for you",
        ),
        (
            Reply::json(400, &json!({"title": "limit out of range"})),
            PortErrorKind::Rejected,
            "limit out of range",
        ),
        (
            Reply::with(200, &[], "<html>"),
            PortErrorKind::Protocol,
            "answered with data that does not follow the contract",
        ),
        (
            Reply::with(200, &[], "{\"items\":[{\"machine_id\":\"M\",\"x\":NaN}]}"),
            PortErrorKind::Protocol,
            "answered with data that does not follow the contract",
        ),
    ] {
        let reply = std::sync::Mutex::new(Some(reply));
        let server = Stranger::start(move |_| reply.lock().unwrap().take().unwrap_or(Reply::Cut)).await;
        let error = mes(&server).machines_now().await.unwrap_err();
        assert_eq!((error.kind, error.message.as_str()), (kind, message));
    }
}

fn stream(text: &str) -> Reply {
    Reply::Bytes(
        format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n{text}")
            .into_bytes(),
    )
}

#[tokio::test]
async fn the_stream_tells_events_and_goes_on_from_the_last_one() {
    let text = format!(
        ": alive\n\nid: 41\nevent: machine_status\ndata: {}\n\nid: 42\nevent: order\ndata: {{}}\n\nevent: downtime\ndata: broken\n\n",
        machine("M-9", 3)
    );
    let server = Stranger::start(move |seen| {
        if seen.header("last-event-id").is_empty() {
            stream(&text)
        } else {
            stream("id: 43\nevent: resync\ndata: x\n\n")
        }
    })
    .await;
    let mes = mes(&server);
    let events: Vec<_> = mes.listen().await.unwrap().map(Result::unwrap).collect().await;
    assert!(
        matches!(&events[..], [PlantEvent::Resync, PlantEvent::Alive, PlantEvent::Machine(m), PlantEvent::Alive, PlantEvent::Resync] if m.machine_id == "M-9"),
        "{events:?}"
    );
    // The unreadable event made the known place worthless, so a new stream begins with a resync of its own.
    assert_eq!(*mes.last_event.lock().unwrap(), None);
    *mes.last_event.lock().unwrap() = Some("42".to_owned());
    let events: Vec<_> = mes.listen().await.unwrap().map(Result::unwrap).collect().await;
    assert_eq!(events, [PlantEvent::Resync]);
    assert_eq!(server.seen()[1].header("last-event-id"), "42");
    assert_eq!(mes.last_event.lock().unwrap().as_deref(), Some("43"));
}

#[tokio::test]
async fn a_silent_stream_is_dead_after_45_seconds() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n: hello\n\n";
    let server = Stranger::start(move |_| Reply::BytesThenHang(head.as_bytes().to_vec())).await;
    let mut events = mes(&server).listen().await.unwrap();
    assert_eq!(events.next().await.unwrap().unwrap(), PlantEvent::Resync);
    assert_eq!(events.next().await.unwrap().unwrap(), PlantEvent::Alive);
    tokio::time::pause();
    let started = tokio::time::Instant::now();
    let error = events.next().await.unwrap().unwrap_err();
    assert_eq!(error.message, "the stream went silent");
    assert!((45..60).contains(&started.elapsed().as_secs()));
    assert!(events.next().await.is_none(), "and then it is over");
}

#[tokio::test]
async fn what_is_no_stream_is_refused() {
    let plain = Stranger::start(|_| Reply::json(200, &json!({}))).await;
    assert_eq!(
        mes(&plain).listen().await.err().unwrap().kind,
        PortErrorKind::Protocol
    );
    let none = Stranger::start(|_| Reply::json(404, &json!({"title": "no events here"}))).await;
    assert_eq!(
        mes(&none).listen().await.err().unwrap().kind,
        PortErrorKind::NotFound
    );
}

#[tokio::test]
async fn the_zone_of_the_site_is_taken_from_health_when_clocks_know_it() {
    for (said, known) in [
        (json!("Europe/Berlin"), Some("Europe/Berlin")),
        (json!("Mars/Olympus"), None),
        (json!(null), None),
    ] {
        let server = Stranger::start(move |seen| {
            if seen.path == "/health" {
                Reply::json(200, &json!({"status": "ok", "time_zone": said.clone()}))
            } else {
                Reply::json(200, &list(&[], None))
            }
        });
        let mes = mes(&server.await);
        assert_eq!(mes.time_zone(), None, "nobody was asked yet");
        mes.check().await;
        assert_eq!(mes.time_zone().as_deref(), known);
    }
}

#[tokio::test]
async fn health_needs_both_the_mes_word_and_a_row() {
    let ok = json!({"status": "ok", "server_time": "2026-06-22T12:00:00Z", "checks": []});
    let with = |health: Value, health_status: u16, row_status: u16| {
        Stranger::start(move |seen| {
            if seen.path == "/health" {
                assert_eq!(seen.header("authorization"), "", "health needs no logon");
                Reply::json(health_status, &health)
            } else {
                Reply::json(row_status, &list(&[], None))
            }
        })
    };
    let late = json!({"status": "ok", "server_time": "2026-06-22T11:58:00Z"});
    let degraded = json!({"status": "degraded", "checks": [{"name": "historian", "status": "down"}]});
    for (server, state, message) in [
        (
            with(ok.clone(), 200, 200).await,
            HealthState::Healthy,
            "the MES answers and lets us read",
        ),
        (
            with(ok.clone(), 200, 401).await,
            HealthState::Unauthorized,
            "MES: the logon was refused",
        ),
        (
            with(ok.clone(), 200, 403).await,
            HealthState::Degraded,
            "MES: does not permit this to the connection",
        ),
        (
            with(json!({"status": "down"}), 503, 200).await,
            HealthState::Down,
            "the MES says that it is down",
        ),
        (
            with(late, 200, 200).await,
            HealthState::Degraded,
            "the clock of the MES is 120 s behind",
        ),
        (
            with(degraded, 200, 200).await,
            HealthState::Degraded,
            "the MES says that it is degraded: historian",
        ),
    ] {
        let health = mes(&server).check().await;
        let skewed = health.message.starts_with("the clock");
        // A slow machine may take a while to receive the answer; whole seconds are compared.
        let matches = if skewed {
            message.starts_with("the clock of the MES is 1")
        } else {
            health.message == message
        };
        assert!(health.state == state && matches, "{health:?}");
    }
}
