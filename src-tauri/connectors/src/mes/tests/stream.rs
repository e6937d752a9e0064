//! The event stream: what it tells, where it goes on, and when it is dead.

use andon_domain::ports::PlantEvent;
use futures_util::StreamExt;

use super::*;

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";

fn stream(text: &str) -> Reply {
    Reply::Bytes(format!("{HEAD}{text}").into_bytes())
}

async fn heard(mes: &Mes) -> Vec<PlantEvent> {
    let events = mes.listen().await.unwrap();
    events.map(Result::unwrap).collect().await
}

#[tokio::test]
async fn the_stream_tells_every_kind_of_record_and_goes_on_from_the_last_one() {
    let text = format!(
        ": alive\n\nid: 41\nevent: machine_status\ndata: {}\n\nid: 42\nevent: order\ndata: {}\n\nid: 43\nevent: quality\n\
         data: {}\n\nid: 44\nevent: downtime\ndata: {}\n\nid: 45\nevent: weather\ndata: rain\n\n",
        machine("M-9", 3),
        order("PO-1", "active", 2),
        report("Q-1", "fail"),
        stop("d1"),
    );
    let server = announcing(&ALL, move |seen| {
        assert_eq!(seen.query("types"), "machine_status,order,downtime,quality");
        if seen.header("last-event-id").is_empty() {
            stream(&text)
        } else {
            stream("id: 50\nevent: resync\ndata: x\n\n")
        }
    })
    .await;
    let mes = mes(&server);
    let events = heard(&mes).await;
    let [
        PlantEvent::Alive,
        PlantEvent::Machine(machine),
        PlantEvent::Order(order),
        PlantEvent::Quality(report),
        PlantEvent::Downtime(stop),
        PlantEvent::Alive,
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(
        (
            machine.machine_id.as_str(),
            order.id.as_str(),
            report.id.as_str(),
            stop.id.as_str()
        ),
        ("M-9", "PO-1", "Q-1", "d1")
    );
    assert_eq!(heard(&mes).await, [PlantEvent::Resync]);
    assert_eq!(asked(&server)[1].header("last-event-id"), "45");
    heard(&mes).await;
    assert_eq!(
        asked(&server)[2].header("last-event-id"),
        "50",
        "a resync begins a new count"
    );
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_counted_and_passed_over() {
    let text = format!(
        "id: 1\nevent: machine_status\ndata: broken\n\nid: 2\nevent: downtime\ndata: {{\"machine_id\":\"M-1\"}}\n\n\
         id: 3\nevent: machine_status\ndata: {}\n\n",
        machine("M-1", 1)
    );
    let server = announcing(&ALL, move |_| stream(&text)).await;
    let mes = mes(&server);
    let events = heard(&mes).await;
    assert!(
        matches!(
            &events[..],
            [PlantEvent::Alive, PlantEvent::Alive, PlantEvent::Machine(_)]
        ),
        "{events:?}"
    );
    let found = mes.examine().await;
    let of_stream = found.iter().find(|finding| finding.subject == "an event stream");
    assert_eq!(
        of_stream.unwrap().message,
        "2 events could not be read since the console started"
    );
}

#[tokio::test]
async fn a_resync_without_an_id_and_an_id_that_cannot_be_sent_begin_anew() {
    for ending in [
        "event: resync\ndata: x\n\n",
        "id: \u{1}\ndata: x\n\n",
        "id:\ndata: x\n\n",
    ] {
        let text = format!("id: 41\nevent: weather\ndata: x\n\n{ending}");
        let server = announcing(&ALL, move |_| stream(&text)).await;
        let mes = mes(&server);
        heard(&mes).await;
        heard(&mes).await;
        assert_eq!(asked(&server)[1].header("last-event-id"), "", "{ending:?}");
    }
}

#[tokio::test]
async fn the_mes_says_how_long_to_wait_within_reason() {
    for (said, wait) in [
        ("", None),
        ("retry: 5000\n\n", Some(5_000)),
        ("retry: 0\n\n", Some(1_000)),
        ("retry: 99999999999\n\n", Some(60_000)),
        ("retry: soon\n\n", None),
    ] {
        let server = announcing(&ALL, move |_| stream(said)).await;
        let mes = mes(&server);
        heard(&mes).await;
        assert_eq!(mes.reconnect_after(), wait.map(Duration::from_millis), "{said:?}");
    }
}

#[tokio::test]
async fn a_silent_stream_is_dead_after_45_seconds() {
    let server = announcing(&ALL, move |_| {
        Reply::BytesThenHang(format!("{HEAD}: hello\n\ndata: never end").into_bytes())
    })
    .await;
    let mut events = mes(&server).listen().await.unwrap();
    assert_eq!(events.next().await.unwrap().unwrap(), PlantEvent::Alive);
    tokio::time::pause();
    let started = tokio::time::Instant::now();
    let error = events.next().await.unwrap().unwrap_err();
    assert_eq!(error.message, "the stream went silent");
    assert!((40..60).contains(&started.elapsed().as_secs()));
    assert!(events.next().await.is_none(), "and then it is over");
}

#[tokio::test]
async fn what_is_no_stream_is_refused() {
    let plain = announcing(&ALL, |_| Reply::json(200, &json!({}))).await;
    assert_eq!(
        mes(&plain).listen().await.err().unwrap().kind,
        PortErrorKind::Protocol
    );
    let none = announcing(&["machines/status"], |_| panic!("not to be asked")).await;
    let error = mes(&none).listen().await.err().unwrap();
    assert_eq!(
        (error.kind, error.message.as_str()),
        (PortErrorKind::NotFound, "this MES does not offer an event stream")
    );
}
