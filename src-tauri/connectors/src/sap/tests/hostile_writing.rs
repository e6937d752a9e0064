//! Writes to a SAP that keeps no rule. Whatever it does, the order is posted once, or once more where SAP said that it did not
//! look at it; what is said of the outcome is no more than is known; and the next order goes through.

use andon_approvals::ApplyOutcome;
use andon_domain::PortErrorKind;

use super::writing::{change, created, csrf_required, writable};
use super::*;

/// What may be said of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Succeeded,
    Refused,
    NotSent(PortErrorKind),
    Unknown,
}

fn said(outcome: &ApplyOutcome) -> Said {
    match outcome {
        ApplyOutcome::Succeeded(_) => Said::Succeeded,
        ApplyOutcome::Refused { .. } => Said::Refused,
        ApplyOutcome::NotSent(error) => Said::NotSent(error.kind),
        ApplyOutcome::Unknown(error) => {
            assert_eq!(error.kind, PortErrorKind::OutcomeUnknown);
            Said::Unknown
        }
    }
}

fn impatient(server: &Stranger) -> Arc<Sap> {
    let mut config = config(server);
    config.limits = Limits {
        idle: Duration::from_millis(300),
        total: Duration::from_millis(900),
        body: 1024 * 1024,
        ..config.limits
    };
    Sap::new(config, Fixed::new(Some("secret")), noon()).unwrap()
}

fn raw(text: &str) -> Reply {
    Reply::Bytes(text.as_bytes().to_vec())
}

/// What SAP does, and what may be said of the write then.
type Row<S> = (&'static str, fn() -> Reply, S);

/// What SAP answers to the order, and what may be said of it.
const ANSWERS: &[Row<Said>] = &[
    (
        "a number that is none",
        || Reply::json(201, &json!({"d": {"PurchaseOrder": {"a": 1}}})),
        Said::Unknown,
    ),
    (
        "a number with a path in it",
        || Reply::json(201, &json!({"d": {"PurchaseOrder": "../../1"}})),
        Said::Unknown,
    ),
    (
        "a number of a hundred digits",
        || Reply::json(201, &json!({"d": {"PurchaseOrder": "4".repeat(100)}})),
        Said::Unknown,
    ),
    (
        "a number given twice",
        || {
            Reply::with(
                201,
                &[],
                r#"{"d":{"PurchaseOrder":"4500000001","PurchaseOrder":"4500000002"}}"#,
            )
        },
        Said::Unknown,
    ),
    (
        "a list",
        || Reply::json(201, &json!({"d": {"results": []}})),
        Said::Unknown,
    ),
    (
        "half a body",
        || Reply::with(201, &[], r#"{"d":{"PurchaseOrder":"45"#),
        Said::Unknown,
    ),
    (
        "bytes that are no text",
        || Reply::with(201, &[], b"\xff\xfe{}"),
        Said::Unknown,
    ),
    ("nothing at all", || Reply::with(204, &[], ""), Said::Unknown),
    ("a body without end", || Reply::Endless, Said::Unknown),
    (
        "a body that stops",
        || Reply::BytesThenHang(b"HTTP/1.1 201 Created\r\ncontent-length: 50\r\n\r\n{\"d\":".to_vec()),
        Said::Unknown,
    ),
    (
        "a length that is too short",
        || raw("HTTP/1.1 201 Created\r\ncontent-length: 9\r\n\r\n{\"d\":{\"PurchaseOrder\":\"4500000042\"}}"),
        Said::Unknown,
    ),
    ("not HTTP", || raw("SSH-2.0-OpenSSH_9\r\n"), Said::Unknown),
    (
        "gzip that is none",
        || Reply::with(201, &[("content-encoding", "gzip")], "{}"),
        Said::Unknown,
    ),
    (
        "nested too deep",
        || Reply::with(201, &[], "[".repeat(10_000)),
        Said::Unknown,
    ),
    (
        "a redirect",
        || Reply::with(302, &[("location", "http://169.254.169.254/")], ""),
        Said::Unknown,
    ),
    (
        "a redirect that repeats the order",
        || Reply::with(307, &[("location", "http://169.254.169.254/")], ""),
        Said::Unknown,
    ),
    (
        "a logon page",
        || {
            Reply::with(
                200,
                &[("content-type", "text/html")],
                "<html><input type=\"password\"></html>",
            )
        },
        Said::Unknown,
    ),
    (
        "an error that says nothing",
        || Reply::json(400, &json!({"error": {}})),
        Said::Refused,
    ),
    (
        "an error in another shape",
        || Reply::json(400, &json!({"error": "no"})),
        Said::Unknown,
    ),
    (
        "too many orders",
        || Reply::with(429, &[("retry-after", "0")], ""),
        Said::Refused,
    ),
    (
        "an answer before the question was read",
        || raw("HTTP/1.1 100 Continue\r\n\r\n"),
        Said::Unknown,
    ),
    (
        "a byte order mark",
        || Reply::with(201, &[], "\u{feff}{\"d\":{\"PurchaseOrder\":\"4500000042\"}}"),
        Said::Succeeded,
    ),
    (
        "a message that is no JSON",
        || {
            Reply::with(
                201,
                &[("sap-message", "{{{")],
                r#"{"d":{"PurchaseOrder":"4500000042"}}"#,
            )
        },
        Said::Succeeded,
    ),
    (
        "a refused logon",
        || Reply::with(401, &[], ""),
        Said::NotSent(PortErrorKind::Unauthorized),
    ),
];

#[tokio::test]
async fn an_order_is_posted_once_whatever_sap_answers_and_the_next_one_goes_through() {
    for (name, answer, expected) in ANSWERS {
        let server = writable(move |_, number| if number == 0 { answer() } else { created() }).await;
        let sap = impatient(&server);
        let outcome = sap.create_purchase_order().apply(change(&sap)).await;
        assert_eq!(said(&outcome), *expected, "{name}: {outcome:?}");
        assert!(!format!("{outcome:?}").contains("secret"), "{name}: {outcome:?}");
        assert_eq!(server.count("POST"), 1, "{name}");
        sap.credentials_changed();
        let next = sap.create_purchase_order().apply(change(&sap)).await;
        assert_eq!(said(&next), Said::Succeeded, "{name}, the next: {next:?}");
    }
}

/// What SAP answers to the question for a token, and why the order was not sent.
const TOKENS: &[Row<PortErrorKind>] = &[
    (
        "a logon page",
        || {
            Reply::with(
                200,
                &[("content-type", "text/html"), ("x-csrf-token", "T")],
                "<html>logon</html>",
            )
        },
        PortErrorKind::Unauthorized,
    ),
    (
        "no token",
        || Reply::with(200, &[], "{}"),
        PortErrorKind::Protocol,
    ),
    (
        "the word itself",
        || Reply::with(200, &[("x-csrf-token", "Required")], "{}"),
        PortErrorKind::Protocol,
    ),
    (
        "bytes for a token",
        || {
            raw(
                "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-csrf-token: \u{e9}\u{e9}\r\nconnection: close\r\n\r\n{}",
            )
        },
        PortErrorKind::Protocol,
    ),
    (
        "a redirect with a token",
        || {
            Reply::with(
                302,
                &[("location", "http://169.254.169.254/"), ("x-csrf-token", "T")],
                "",
            )
        },
        PortErrorKind::Protocol,
    ),
    ("a body without end", || Reply::Endless, PortErrorKind::Protocol),
    ("silence", || Reply::Hang, PortErrorKind::TimedOut),
    (
        "trouble",
        || Reply::with(503, &[("x-csrf-token", "T")], ""),
        PortErrorKind::Unavailable,
    ),
    (
        "a refused logon",
        || Reply::with(401, &[("x-csrf-token", "T")], ""),
        PortErrorKind::Unauthorized,
    ),
    (
        "another client",
        || {
            Reply::with(
                200,
                &[
                    ("x-csrf-token", "T"),
                    ("set-cookie", "sap-usercontext=sap-client=800; path=/"),
                ],
                "{}",
            )
        },
        PortErrorKind::NotConfigured,
    ),
];

#[tokio::test]
async fn without_a_token_nothing_is_posted() {
    for (name, answer, kind) in TOKENS {
        let server = Stranger::start(move |seen| {
            if seen.method == "POST" {
                created()
            } else {
                answer()
            }
        })
        .await;
        let sap = impatient(&server);
        let outcome = sap.create_purchase_order().apply(change(&sap)).await;
        assert_eq!(said(&outcome), Said::NotSent(*kind), "{name}: {outcome:?}");
        assert_eq!(server.count("POST"), 0, "{name}");
        assert!(server.count("GET") <= 4, "{name}: {} times", server.count("GET"));
    }
}

#[tokio::test]
async fn a_token_that_is_never_accepted_ends_after_the_second_post() {
    let server = writable(|_, _| csrf_required()).await;
    let sap = impatient(&server);
    for round in 1..=3 {
        let outcome = sap.create_purchase_order().apply(change(&sap)).await;
        assert_eq!(
            said(&outcome),
            Said::NotSent(PortErrorKind::Protocol),
            "{outcome:?}"
        );
        assert_eq!(
            (server.count("GET"), server.count("POST")),
            (2 * round, 2 * round)
        );
    }
}

#[tokio::test]
async fn a_second_post_whose_answer_is_lost_is_unknown() {
    let server = writable(|_, number| if number == 0 { csrf_required() } else { Reply::Cut }).await;
    let sap = impatient(&server);
    let outcome = sap.create_purchase_order().apply(change(&sap)).await;
    assert_eq!(said(&outcome), Said::Unknown, "{outcome:?}");
    assert_eq!(server.count("POST"), 2);
}

#[tokio::test]
async fn cookies_of_one_session_are_sent_together_and_never_mixed() {
    // Each token comes with a session of its own, and only that pair is accepted; the post tries to plant another cookie.
    let count = std::sync::atomic::AtomicUsize::new(0);
    let server = Stranger::start(move |seen| {
        if seen.method == "POST" {
            let number = seen.header("x-csrf-token").trim_start_matches('T').to_owned();
            return match seen.header("cookie")
                == format!("MYSAPSSO2=s{number}; SAP_SESSIONID_S4H_100=c{number}")
            {
                true if number == "1" => Reply::with(
                    403,
                    &[
                        ("x-csrf-token", "Required"),
                        ("set-cookie", "SAP_SESSIONID_S4H_100=planted; path=/"),
                    ],
                    "",
                ),
                true => created(),
                false => Reply::json(
                    400,
                    &json!({"error": {"code": "X", "message": {"value": "mixed"}}}),
                ),
            };
        }
        let number = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
        let (token, session) = (
            format!("T{number}"),
            format!("SAP_SESSIONID_S4H_100=c{number}; path=/; HttpOnly"),
        );
        let logon = format!("MYSAPSSO2=s{number}; domain=evil.example; path=/");
        Reply::with(
            200,
            &[
                ("x-csrf-token", &token),
                ("set-cookie", &session),
                ("set-cookie", &logon),
                ("set-cookie", "broken"),
            ],
            "{}",
        )
    })
    .await;
    let sap = impatient(&server);
    for _ in 0..3 {
        let outcome = sap.create_purchase_order().apply(change(&sap)).await;
        assert_eq!(said(&outcome), Said::Succeeded, "{outcome:?}");
        sap.credentials_changed();
    }
    // Reads carry none of them.
    let _ = orders(&sap, &json!({})).await;
    let reads = server.seen().into_iter().filter(|seen| seen.method == "GET");
    assert!(reads.into_iter().all(|seen| seen.header("cookie").is_empty()));
}
