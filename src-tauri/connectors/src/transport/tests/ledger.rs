//! What the ledger says after real calls.

use super::*;

#[tokio::test]
async fn the_ledger_counts_calls_retries_and_failures_without_host_or_secret() {
    let server = Stranger::start(|seen| match seen.path.as_str() {
        "/good" => ok(),
        "/busy" => Reply::with(503, &[], "a body"),
        "/missing" => Reply::with(404, &[], ""),
        _ => Reply::Cut,
    })
    .await;
    let transport = transport(&server, limits());
    let at = |path: &str| Call::new(server.url.join(path).unwrap());
    assert_eq!(transport.get(&at("good")).await.unwrap().status, 200);
    assert_eq!(transport.get(&at("missing")).await.unwrap().status, 404);
    assert_eq!(transport.get(&at("busy")).await.unwrap().status, 503);
    transport.get(&at("lost")).await.unwrap_err();
    transport.post(&at("lost")).await.unwrap_err();
    let traffic = transport.traffic();
    assert_eq!(
        (traffic.calls, traffic.failures, traffic.retries, traffic.open),
        (5, 3, 6, 0),
        "a missing record is an answer; two reads were tried four times, the write once"
    );
    let attempts: Vec<_> = traffic.latencies.iter().map(|sample| sample.attempts).collect();
    assert_eq!(attempts, [1, 1, 4], "only answers have a round trip");
    let troubles: Vec<_> = traffic
        .troubles
        .iter()
        .map(|trouble| (trouble.message.as_str(), trouble.attempts))
        .collect();
    assert_eq!(
        troubles,
        [
            ("answered with status 503", 4),
            ("closed the connection without an answer", 4),
            ("closed the connection without an answer", 1)
        ]
    );
    assert!(traffic.troubles.iter().all(|trouble| trouble.at == noon().0));
    let told = format!("{traffic:?}");
    assert!(!told.contains("127.0.0.1") && !told.contains("hunter2") && !told.contains("a body"));
}

#[tokio::test]
async fn a_call_that_is_not_sent_leaves_no_line() {
    let server = Stranger::start(|_| ok()).await;
    let transport = transport_with(&server, limits(), Fixed::new(None));
    transport.get(&Call::new(server.url.clone())).await.unwrap_err();
    let traffic = transport.traffic();
    assert_eq!(traffic, andon_domain::ports::Traffic::default());
}

#[tokio::test]
async fn an_open_stream_is_an_open_call_until_it_is_dropped() {
    let server = Stranger::start(|_| {
        Reply::BytesThenHang(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n: hello\n\n".to_vec(),
        )
    })
    .await;
    let transport = transport(&server, limits());
    let mut stream = transport
        .open(&Call::new(server.url.clone()))
        .await
        .unwrap()
        .ok()
        .unwrap();
    assert_eq!(
        stream.next(Duration::from_secs(1)).await.unwrap().unwrap(),
        ": hello\n\n"
    );
    let traffic = transport.traffic();
    assert_eq!((traffic.calls, traffic.open, traffic.latencies.len()), (1, 1, 1));
    stream.next(Duration::from_millis(50)).await.unwrap_err();
    drop(stream);
    let traffic = transport.traffic();
    assert_eq!(
        (traffic.open, traffic.troubles[0].message.as_str()),
        (0, "the stream went silent")
    );
    assert_eq!(
        transport.permits.available_permits(),
        transport.limits.open_requests
    );
}
