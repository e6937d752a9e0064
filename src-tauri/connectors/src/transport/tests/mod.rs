//! The transport against servers that behave badly.

mod ledger;
mod oauth;
mod outage;

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use andon_domain::{PortErrorKind, System};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::stranger::{Fixed, Reply, Seen, Stranger, noon};

fn limits() -> Limits {
    Limits {
        total: Duration::from_secs(5),
        idle: Duration::from_secs(1),
        back_off: Duration::from_millis(1),
        body: 2 * 1024 * 1024,
        ..Limits::default()
    }
}

fn transport(server: &Stranger, limits: Limits) -> Transport {
    transport_with(server, limits, Fixed::new(Some("hunter2")))
}

fn transport_with(server: &Stranger, limits: Limits, credentials: Arc<Fixed>) -> Transport {
    let settings = TransportSettings {
        system: System::Sap,
        endpoint: server.url.clone(),
        http: HttpRule::LoopbackOnly,
        auth: AuthKind::Basic {
            username: "ANDON".to_owned(),
        },
        ca_file: None,
        names: Names::default(),
        limits,
    };
    Transport::new(settings, credentials, noon()).unwrap()
}

fn ok() -> Reply {
    Reply::json(200, &json!({"ok": true}))
}

/// Answers the first request with one thing and all others with 200.
async fn first(reply: impl Fn() -> Reply + Send + Sync + 'static) -> Stranger {
    let count = AtomicUsize::new(0);
    Stranger::start(move |_: &Seen| {
        if count.fetch_add(1, Ordering::SeqCst) == 0 {
            reply()
        } else {
            ok()
        }
    })
    .await
}

#[tokio::test]
async fn a_read_is_tried_again_after_503_with_retry_after() {
    let server = first(|| Reply::with(503, &[("retry-after", "0")], "")).await;
    let answer = transport(&server, limits())
        .get(&Call::new(server.url.clone()))
        .await
        .unwrap();
    assert_eq!((answer.status, answer.attempts), (200, 2));
    assert_eq!(
        server.seen()[0].header("authorization"),
        "Basic QU5ET046aHVudGVyMg=="
    );
}

#[tokio::test]
async fn a_read_is_tried_again_after_a_lost_and_a_cut_answer_and_after_silence() {
    let cut = || Reply::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"half\":".to_vec());
    let silent = || Reply::BytesThenHang(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{".to_vec());
    for server in [
        first(|| Reply::Cut).await,
        first(cut).await,
        first(|| Reply::Hang).await,
        first(silent).await,
    ] {
        let answer = transport(&server, limits())
            .get(&Call::new(server.url.clone()))
            .await
            .unwrap();
        assert_eq!((answer.status, answer.attempts), (200, 2));
    }
}

#[tokio::test]
async fn a_read_ends_with_the_last_answer_and_tells_the_attempts() {
    let server = Stranger::start(|_| Reply::with(503, &[], "later")).await;
    let answer = transport(&server, limits())
        .get(&Call::new(server.url.clone()))
        .await
        .unwrap();
    assert_eq!((answer.status, answer.attempts, server.count("GET")), (503, 4, 4));
}

#[tokio::test]
async fn a_long_retry_after_ends_the_call_instead_of_holding_it() {
    let server = Stranger::start(|_| Reply::with(429, &[("retry-after", "3600")], "")).await;
    let answer = transport(&server, limits())
        .get(&Call::new(server.url.clone()))
        .await
        .unwrap();
    assert_eq!((answer.status, answer.attempts, server.count("GET")), (429, 1, 1));
}

#[tokio::test]
async fn a_call_ends_within_its_total_time() {
    let server = Stranger::start(|_| Reply::Hang).await;
    let short = Limits {
        total: Duration::from_millis(400),
        ..limits()
    };
    let error = transport(&server, short)
        .get(&Call::new(server.url.clone()))
        .await
        .unwrap_err();
    assert_eq!(error.kind, PortErrorKind::TimedOut);
    assert!(error.elapsed < Duration::from_secs(3), "{:?}", error.elapsed);
}

#[tokio::test]
async fn nothing_listening_is_unavailable_and_names_no_host() {
    let server = Stranger::start(|_| ok().leave()).await;
    let transport = transport(&server, limits());
    transport.get(&Call::new(server.url.clone())).await.unwrap();
    let error = transport.get(&Call::new(server.url.clone())).await.unwrap_err();
    assert_eq!((error.kind, error.attempts), (PortErrorKind::Unavailable, 4));
    assert!(!error.to_string().contains("127.0.0.1"), "{error}");
    let failure = transport.post(&Call::new(server.url.clone())).await.unwrap_err();
    assert_eq!(failure.sent, Sent::No, "nobody was there to receive it");
}

#[tokio::test]
async fn a_write_is_sent_once_and_may_have_arrived_when_its_answer_is_lost() {
    let short = Limits {
        total: Duration::from_millis(300),
        ..limits()
    };
    let cut = || Reply::Bytes(b"HTTP/1.1 201 Created\r\ncontent-length: 50\r\n\r\n{".to_vec());
    for server in [
        first(|| Reply::Cut).await,
        first(|| Reply::Hang).await,
        first(cut).await,
    ] {
        let failure = transport(&server, short.clone())
            .post(&Call::new(server.url.clone()))
            .await
            .unwrap_err();
        assert_eq!(failure.sent, Sent::Maybe);
        assert_eq!(server.count("POST"), 1);
    }
    let busy = first(|| Reply::with(503, &[("retry-after", "0")], "")).await;
    let answer = transport(&busy, limits())
        .post(&Call::new(busy.url.clone()))
        .await
        .unwrap();
    assert_eq!(
        (answer.status, busy.count("POST")),
        (503, 1),
        "also a busy answer is not a reason to repeat"
    );
}

#[tokio::test]
async fn a_refused_logon_is_not_repeated_until_the_credentials_change() {
    let server = Stranger::start(|_| Reply::with(401, &[], "")).await;
    let credentials = Fixed::new(Some("wrong"));
    let transport = Arc::new(transport_with(&server, limits(), Arc::clone(&credentials)));
    let many = (0..10).map(|_| {
        let (transport, call) = (Arc::clone(&transport), Call::new(server.url.clone()));
        tokio::spawn(async move { transport.get(&call).await.unwrap_err().kind })
    });
    for task in many.collect::<Vec<_>>() {
        assert_eq!(task.await.unwrap(), PortErrorKind::Unauthorized);
    }
    assert_eq!(
        server.count("GET"),
        1,
        "ten readers and one wrong logon: the user is not locked"
    );
    transport.credentials_changed();
    transport.get(&Call::new(server.url.clone())).await.unwrap_err();
    assert_eq!(
        (server.count("GET"), credentials.asked.load(Ordering::SeqCst)),
        (2, 2)
    );
}

#[tokio::test]
async fn a_missing_secret_is_told_and_nothing_is_sent() {
    let server = Stranger::start(|_| ok()).await;
    let transport = transport_with(&server, limits(), Fixed::new(None));
    let error = transport.get(&Call::new(server.url.clone())).await.unwrap_err();
    assert_eq!(
        (error.kind, error.message.as_str()),
        (PortErrorKind::NotConfigured, "the password is not set")
    );
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn proven_credentials_do_not_hold_readers_back() {
    let server = Stranger::start(|seen| if seen.path == "/slow" { Reply::Hang } else { ok() }).await;
    let transport = Arc::new(transport(&server, limits()));
    transport.get(&Call::new(server.url.clone())).await.unwrap();
    let slow = {
        let (t, call) = (
            Arc::clone(&transport),
            Call::new(server.url.join("slow").unwrap()),
        );
        tokio::spawn(async move { t.get(&call).await })
    };
    transport.get(&Call::new(server.url.clone())).await.unwrap();
    assert!(!slow.is_finished(), "the quick one did not wait for the slow one");
    slow.abort();
}

#[tokio::test]
async fn bombs_endless_and_deep_bodies_are_given_up_and_the_next_call_works() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..64 {
        encoder.write_all(&[b' '; 1024 * 1024]).unwrap();
    }
    let bomb = encoder.finish().unwrap();
    let gzip = move || Reply::with(200, &[("content-encoding", "gzip")], &bomb);
    let deep = || Reply::with(200, &[], "[".repeat(100_000));
    for server in [
        first(gzip).await,
        first(|| Reply::Endless).await,
        first(deep).await,
    ] {
        let transport = transport(&server, limits());
        let error = transport.get(&Call::new(server.url.clone())).await.unwrap_err();
        assert_eq!(
            (error.kind, error.attempts),
            (PortErrorKind::Protocol, 1),
            "{error}"
        );
        assert_eq!(
            transport
                .get(&Call::new(server.url.clone()))
                .await
                .unwrap()
                .status,
            200
        );
    }
}

#[tokio::test]
async fn an_honest_compressed_body_is_read() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(b"{\"ok\":true}").unwrap();
    let body = encoder.finish().unwrap();
    let server = Stranger::start(move |_| Reply::with(200, &[("content-encoding", "gzip")], &body)).await;
    let answer = transport(&server, limits())
        .get(&Call::new(server.url.clone()))
        .await
        .unwrap();
    assert_eq!(answer.body, b"{\"ok\":true}");
    assert_eq!(server.seen()[0].header("accept-encoding"), "gzip");
}

#[tokio::test]
async fn redirects_and_other_origins_never_get_the_credentials() {
    let other = Stranger::start(|_| ok()).await;
    let to = other.url.to_string();
    let server = Stranger::start(move |_| Reply::with(302, &[("location", &to)], "")).await;
    let transport = transport(&server, limits());
    assert_eq!(
        transport
            .get(&Call::new(server.url.clone()))
            .await
            .unwrap()
            .status,
        302
    );
    let error = transport.get(&Call::new(other.url.clone())).await.unwrap_err();
    assert_eq!((error.kind, error.attempts), (PortErrorKind::Invalid, 0));
    assert!(other.seen().is_empty(), "the other server heard nothing at all");
}

#[tokio::test]
async fn at_most_the_allowed_requests_are_open_at_once() {
    let server = Stranger::start(|seen| if seen.path == "/slow" { Reply::Hang } else { ok() }).await;
    let one = Limits {
        open_requests: 1,
        attempts: 1,
        idle: Duration::from_millis(900),
        ..limits()
    };
    let transport = Arc::new(transport(&server, one));
    transport.get(&Call::new(server.url.clone())).await.unwrap();
    let (first, call) = (
        Arc::clone(&transport),
        Call::new(server.url.join("slow").unwrap()),
    );
    let slow = tokio::spawn(async move { first.get(&call).await });
    while server.seen().len() < 2 {
        tokio::task::yield_now().await;
    }
    let quick = transport.get(&Call::new(server.url.clone())).await.unwrap();
    assert_eq!(quick.status, 200);
    assert!(
        slow.await.unwrap().is_err(),
        "the second waited until the first had ended"
    );
}

/// A server that speaks TLS with a certificate for `name`, and that certificate as PEM.
async fn tls_server(name: &str) -> (reqwest::Url, String) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config =
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(socket).await else {
                continue;
            };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
                .await;
            let _ = stream.shutdown().await;
        }
    });
    (url, made.cert.pem())
}

#[tokio::test]
async fn a_certificate_is_always_verified_and_a_ca_file_adds_one() {
    let (right, right_pem) = tls_server("127.0.0.1").await;
    let (wrong, wrong_pem) = tls_server("other.example.org").await;
    let file = |pem: &str| {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(pem.as_bytes()).unwrap();
        file
    };
    let (right_file, wrong_file) = (file(&right_pem), file(&wrong_pem));
    let ask = async |url: &reqwest::Url, ca: Option<&tempfile::NamedTempFile>| {
        let settings = TransportSettings {
            system: System::Mes,
            endpoint: url.clone(),
            http: HttpRule::Everywhere,
            auth: AuthKind::None,
            ca_file: ca.map(|file| file.path().to_owned()),
            names: Names::default(),
            limits: limits(),
        };
        Transport::new(settings, Fixed::new(None), noon())
            .unwrap()
            .get(&Call::new(url.clone()))
            .await
    };
    assert_eq!(ask(&right, Some(&right_file)).await.unwrap().status, 200);
    for (url, ca) in [
        (&right, None),
        (&right, Some(&wrong_file)),
        (&wrong, Some(&wrong_file)),
    ] {
        let error = ask(url, ca).await.unwrap_err();
        assert_eq!(
            (error.message.as_str(), error.attempts),
            ("shows a certificate that is not trusted", 1),
            "{}",
            error.detail
        );
    }
}
