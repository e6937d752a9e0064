//! Client credentials: which tokens are asked for when, and what goes where.

use base64::Engine as _;

use super::*;
use crate::stranger::Moved;

const SECRET: &str = "cl1ent-s3cret/+ä";

/// A token service that numbers its tokens, and a system that accepts what `accepts` says.
struct World {
    tokens: Stranger,
    system: Stranger,
    transport: Arc<Transport>,
    clock: Arc<Moved>,
}

fn token(number: usize, more: &serde_json::Value) -> Reply {
    let mut body =
        json!({"access_token": format!("t0ken-{number}"), "token_type": "Bearer", "expires_in": 3600});
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    Reply::json(200, &body)
}

async fn world(
    tokens: impl Fn(usize) -> Reply + Send + Sync + 'static,
    accepts: impl Fn(&str) -> bool + Send + Sync + 'static,
) -> World {
    let count = AtomicUsize::new(0);
    let tokens = Stranger::start(move |_| tokens(count.fetch_add(1, Ordering::SeqCst) + 1)).await;
    let system = Stranger::start(move |seen| match accepts(seen.header("authorization")) {
        true => ok(),
        false => Reply::with(401, &[], ""),
    })
    .await;
    let settings = TransportSettings {
        system: System::Sap,
        endpoint: system.url.clone(),
        http: HttpRule::LoopbackOnly,
        auth: AuthKind::OAuth2 {
            token_url: tokens.url.join("oauth/token").unwrap(),
            client_id: "andon:1".to_owned(),
            scope: Some("read all".to_owned()),
        },
        ca_file: None,
        names: Names::default(),
        limits: limits(),
    };
    let clock = Moved::new();
    let transport = Transport::new(settings, Fixed::new(Some(SECRET)), Arc::clone(&clock) as _).unwrap();
    World {
        tokens,
        system,
        transport: Arc::new(transport),
        clock,
    }
}

impl World {
    fn call(&self) -> Call {
        Call::new(self.system.url.clone())
    }

    async fn get(&self) -> Result<Answer, andon_domain::PortError> {
        self.transport.get(&self.call()).await
    }

    /// How many tokens were asked for, and how many requests the system saw.
    fn counts(&self) -> (usize, usize) {
        (self.tokens.seen().len(), self.system.seen().len())
    }
}

#[tokio::test]
async fn a_token_is_asked_for_as_the_standard_says_and_shared_by_many_calls() {
    let world = world(|n| token(n, &json!({"token_type": "bEaReR"})), |_| true).await;
    let many = (0..20).map(|_| {
        let (transport, call) = (Arc::clone(&world.transport), world.call());
        tokio::spawn(async move { transport.get(&call).await.unwrap().status })
    });
    for task in many.collect::<Vec<_>>() {
        assert_eq!(task.await.unwrap(), 200);
    }
    assert_eq!(world.counts(), (1, 20), "one token for twenty calls");
    let asked = &world.tokens.seen()[0];
    let encoded = asked.header("authorization").strip_prefix("Basic ").unwrap();
    let pair = base64::engine::general_purpose::STANDARD.decode(encoded).unwrap();
    assert_eq!(
        String::from_utf8(pair).unwrap(),
        "andon%3A1:cl1ent-s3cret%2F%2B%C3%A4"
    );
    assert_eq!(asked.body, "grant_type=client_credentials&scope=read+all");
    assert_eq!(world.system.seen()[0].header("authorization"), "Bearer t0ken-1");
    assert!(world.system.seen().iter().all(|seen| !seen.body.contains(SECRET)));
}

#[tokio::test]
async fn a_token_is_used_until_shortly_before_its_end() {
    for (expires_in, life) in [(json!(100), 90), (json!("3600"), 3540)] {
        let world = world(move |n| token(n, &json!({"expires_in": expires_in})), |_| true).await;
        world.get().await.unwrap();
        world.clock.by(Duration::from_secs(life - 1));
        world.get().await.unwrap();
        assert_eq!(world.counts(), (1, 2), "still good");
        world.clock.by(Duration::from_secs(1));
        world.get().await.unwrap();
        assert_eq!(world.counts(), (2, 3), "replaced before it was over");
    }
}

#[tokio::test]
async fn a_token_of_unknown_life_is_used_until_it_is_refused() {
    let world = world(
        |n| token(n, &json!({"expires_in": null})),
        |authorization| authorization != "Bearer t0ken-1",
    )
    .await;
    let answer = world.get().await.unwrap();
    assert_eq!(
        (answer.status, answer.attempts),
        (200, 2),
        "refused once, repeated once"
    );
    world.clock.by(Duration::from_secs(1_000_000));
    world.get().await.unwrap();
    assert_eq!(world.counts(), (2, 3));
}

#[tokio::test]
async fn a_storm_of_refusals_costs_one_refresh_and_ends_in_a_refused_logon() {
    let world = world(
        |n| token(n, &json!({})),
        |authorization| authorization == "Bearer t0ken-1",
    )
    .await;
    world.get().await.unwrap();
    // From now on nothing is accepted: the clock makes the first token end.
    world.clock.by(Duration::from_secs(3600));
    let many = (0..30).map(|_| {
        let (transport, call) = (Arc::clone(&world.transport), world.call());
        tokio::spawn(async move { transport.get(&call).await.unwrap_err() })
    });
    for task in many.collect::<Vec<_>>() {
        assert_eq!(task.await.unwrap().kind, PortErrorKind::Unauthorized);
    }
    let (tokens, _) = world.counts();
    assert!(tokens <= 3, "{tokens} tokens were asked for");
    let before = world.counts();
    let error = world.get().await.unwrap_err();
    assert_eq!((error.kind, error.attempts), (PortErrorKind::Unauthorized, 0));
    assert_eq!(world.counts(), before, "nothing is sent any more");
    world.transport.credentials_changed();
    world.get().await.unwrap_err();
    assert_eq!(
        world.counts().0,
        before.0 + 2,
        "one token and its one replacement"
    );
}

#[tokio::test]
async fn a_token_refused_by_many_calls_at_once_is_replaced_once() {
    let world = world(
        |n| token(n, &json!({})),
        |authorization| authorization != "Bearer t0ken-2",
    )
    .await;
    world.get().await.unwrap();
    world.clock.by(Duration::from_secs(3600));
    // The second token is refused once it is used; the third is good.
    let many = (0..30).map(|_| {
        let (transport, call) = (Arc::clone(&world.transport), world.call());
        tokio::spawn(async move { transport.get(&call).await.map(|answer| answer.status) })
    });
    for task in many.collect::<Vec<_>>() {
        assert_eq!(task.await.unwrap().unwrap(), 200);
    }
    assert_eq!(world.counts().0, 3);
}

#[tokio::test]
async fn a_write_refused_with_its_token_is_sent_once_more_and_no_oftener() {
    let good = world(
        |n| token(n, &json!({})),
        |authorization| authorization == "Bearer t0ken-2",
    )
    .await;
    let answer = good.transport.post(&good.call()).await.unwrap();
    assert_eq!((answer.status, answer.attempts, good.counts()), (200, 2, (2, 2)));
    let bad = world(|n| token(n, &json!({})), |_| false).await;
    let failure = bad.transport.post(&bad.call()).await.unwrap_err();
    assert_eq!(
        (failure.error.kind, failure.sent, bad.counts()),
        (PortErrorKind::Unauthorized, Sent::No, (2, 2)),
        "the system refused it both times, so nothing was executed"
    );
}

#[tokio::test]
async fn a_refused_client_is_not_asked_for_again_and_nothing_is_told() {
    let world = world(
        |_| {
            Reply::json(
                401,
                &json!({"error": "invalid_client", "error_description": SECRET}),
            )
        },
        |_| true,
    )
    .await;
    for _ in 0..3 {
        let error = world.get().await.unwrap_err();
        assert_eq!(error.kind, PortErrorKind::Unauthorized);
        let told = format!("{error} {error:?}");
        assert!(!told.contains(SECRET) && !told.contains("cl1ent"), "{told}");
    }
    assert_eq!(world.counts(), (1, 0));
    assert!(world.transport.is_refused());
}

#[tokio::test]
async fn a_token_service_that_fails_is_a_clear_failure_of_the_call_and_not_of_the_system() {
    let big = || {
        Reply::with(
            200,
            &[],
            format!("{{\"access_token\":\"{}\"}}", "x".repeat(70_000)),
        )
    };
    type Case = (fn(usize) -> Reply, PortErrorKind, &'static str);
    let cases: [Case; 7] = [
        (
            |_| Reply::with(503, &[("retry-after", "0")], ""),
            PortErrorKind::Unavailable,
            "the token service has trouble of its own",
        ),
        (
            |_| Reply::Cut,
            PortErrorKind::Unavailable,
            "the token service closed the connection without an answer",
        ),
        (
            |_| Reply::with(302, &[("location", "http://169.254.169.254/")], ""),
            PortErrorKind::Protocol,
            "the token service sends us to another address, which is never followed",
        ),
        (
            |_| Reply::with(200, &[], "<html>hunter2</html>"),
            PortErrorKind::Protocol,
            "the token service answered something that is not a token",
        ),
        (
            |n| token(n, &json!({"token_type": "mac"})),
            PortErrorKind::Protocol,
            "the token service gave a token of a kind that is not known",
        ),
        (
            |n| token(n, &json!({"access_token": "two\nlines"})),
            PortErrorKind::Protocol,
            "the token service answered something that is not a token",
        ),
        (
            |_| Reply::with(404, &[], ""),
            PortErrorKind::NotFound,
            "the token service is not at its address",
        ),
    ];
    for (tokens, kind, message) in cases {
        let world = world(tokens, |_| true).await;
        for _ in 0..5 {
            let error = world.get().await.unwrap_err();
            assert_eq!((error.kind, error.message.as_str()), (kind, message));
            assert!(error.attempts >= 1 && !error.detail.contains("two"), "{error:?}");
        }
        assert!(world.system.seen().is_empty());
        assert_eq!(
            world.transport.traffic().failing_since,
            None,
            "the system was not asked, so nothing is known of it"
        );
    }
    let world = world(move |_| big(), |_| true).await;
    let error = world.get().await.unwrap_err();
    assert_eq!(
        error.message,
        "the token service answered with more than can be accepted"
    );
}

#[tokio::test]
async fn callers_who_waited_for_a_failed_refresh_share_its_failure() {
    let world = world(|_| Reply::with(400, &[], "{}"), |_| true).await;
    let many = (0..20).map(|_| {
        let (transport, call) = (Arc::clone(&world.transport), world.call());
        tokio::spawn(async move { transport.get(&call).await.unwrap_err().kind })
    });
    for task in many.collect::<Vec<_>>() {
        assert_eq!(task.await.unwrap(), PortErrorKind::Unauthorized);
    }
    assert_eq!(world.counts(), (1, 0));
}

#[tokio::test]
async fn a_cancelled_refresh_leaves_the_next_one_free() {
    let world = world(
        |n| if n == 1 { Reply::Hang } else { token(n, &json!({})) },
        |_| true,
    )
    .await;
    let (transport, call) = (Arc::clone(&world.transport), world.call());
    let first = tokio::spawn(async move { transport.get(&call).await });
    while world.tokens.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    assert_eq!(world.get().await.unwrap().status, 200);
    assert_eq!(world.transport.traffic().open, 0);
}

#[tokio::test]
async fn the_token_services_own_address_is_checked_and_nothing_else_is_sent_to_it() {
    let world = world(|n| token(n, &json!({})), |_| true).await;
    let elsewhere = Call::new(world.tokens.url.clone());
    let error = world.transport.get(&elsewhere).await.unwrap_err();
    assert_eq!((error.kind, error.attempts), (PortErrorKind::Invalid, 0));
    for bad in [
        "http://10.0.0.1/token",
        "https://169.254.169.254/token",
        "https://u:p@login.example.org",
    ] {
        let settings = TransportSettings {
            system: System::Sap,
            endpoint: world.system.url.clone(),
            http: HttpRule::LoopbackOnly,
            auth: AuthKind::OAuth2 {
                token_url: bad.parse().unwrap(),
                client_id: "andon".to_owned(),
                scope: None,
            },
            ca_file: None,
            names: Names::default(),
            limits: limits(),
        };
        let error = Transport::new(settings, Fixed::new(None), noon()).err().unwrap();
        assert_eq!(error.kind, PortErrorKind::NotConfigured, "{bad}");
        assert!(
            error.message.starts_with("the address of the token service"),
            "{error}"
        );
    }
}
