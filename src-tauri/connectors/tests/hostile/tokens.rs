//! Logons under attack: token services that answer anything, tokens that are over, and refusals in storms.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use andon_domain::PortError;
use andon_domain::PortErrorKind::{self, NotFound, Protocol, TimedOut, Unauthorized, Unavailable};
use futures_util::future::join_all;

use crate::memory::MOST_MEMORY;
use crate::systems::{BOTH, Connection, Hands, SECRET, Setting, System, Way};
use crate::upstream::{Script, Step, Upstream, answer, head, json};
use crate::{measured, tells_nothing};

/// What a token looks like, to be found where it must not be.
const TOKEN: &str = "t0ken-of-the-service";

/// A system that lets in who has the token of this number, and its token service.
struct World {
    system: Upstream,
    tokens: Upstream,
    connection: Connection,
    of: System,
    clock: Arc<Hands>,
}

impl World {
    async fn start(
        of: System,
        tokens: Script,
        lets_in: impl Fn(&str) -> bool + Send + Sync + 'static,
    ) -> Self {
        let healthy = of.usual().healthy();
        let system = Upstream::start(Arc::new(move |asked| {
            match asked.target.contains("/health") || lets_in(asked.header("authorization")) {
                true => healthy(asked),
                false => answer(401, &[], b""),
            }
        }))
        .await;
        let tokens = Upstream::start(tokens).await;
        let clock = Arc::new(Hands::default());
        let setting = Setting {
            token_url: Some(tokens.url.join("oauth/token").unwrap()),
            clock: Arc::clone(&clock),
            ..Setting::default()
        };
        let connection = of.connect_as(&system.url, setting);
        Self {
            system,
            tokens,
            connection,
            of,
            clock,
        }
    }

    async fn read(&self) -> Result<usize, PortError> {
        let got = self.connection.ask(self.of.usual(), Way::Operation).await?;
        Ok(got.records.len())
    }

    /// So many reads at once.
    async fn storm(&self, readers: usize) -> Vec<Result<usize, PortErrorKind>> {
        let all = (0..readers).map(|_| {
            let (connection, read) = (self.connection.clone(), self.of.usual());
            tokio::spawn(async move { connection.ask(read, Way::Operation).await })
        });
        let ended = join_all(all.collect::<Vec<_>>()).await;
        let kinds = ended
            .into_iter()
            .map(|read| read.unwrap().map(|got| got.records.len()).map_err(|e| e.kind));
        kinds.collect()
    }

    /// The client's secret goes to the token service only, the token to the system only.
    fn keeps_apart(&self) {
        assert!(!self.system.heard(SECRET), "the system got the client's secret");
        assert!(!self.tokens.heard(TOKEN), "the token service got a token");
    }
}

fn token(number: usize, more: &str) -> Vec<Step> {
    json(&format!(
        r#"{{"access_token":"{TOKEN}-{number}","token_type":"Bearer"{more}}}"#
    ))
}

/// What the token service does, and what must come of the read: a record or a failure of one of these kinds.
type Row = (&'static str, fn(usize) -> Vec<Step>, &'static [PortErrorKind]);

const RIGHT: &[PortErrorKind] = &[];

const ROWS: &[Row] = &[
    ("life of 0", |n| token(n, ",\"expires_in\":0"), RIGHT),
    ("life below 0", |n| token(n, ",\"expires_in\":-3600"), RIGHT),
    ("life of a universe", |n| token(n, ",\"expires_in\":1e300"), RIGHT),
    (
        "life beyond numbers",
        |n| token(n, ",\"expires_in\":18446744073709551616"),
        RIGHT,
    ),
    ("life in words", |n| token(n, ",\"expires_in\":\"soon\""), RIGHT),
    ("life that is NaN", |n| token(n, ",\"expires_in\":\"NaN\""), RIGHT),
    ("life in a list", |n| token(n, ",\"expires_in\":[3600]"), RIGHT),
    ("no life", |n| token(n, ""), RIGHT),
    (
        "fields nobody knows",
        |n| token(n, ",\"scope\":null,\"x\":{\"y\":[1]}"),
        RIGHT,
    ),
    (
        "two tokens",
        |n| token(n, ",\"access_token\":\"other\""),
        &[Protocol],
    ),
    (
        "a token for another scheme",
        |n| json(&format!(r#"{{"access_token":"{TOKEN}-{n}","token_type":"mac"}}"#)),
        &[Protocol],
    ),
    (
        "a token of two lines",
        |_| json("{\"access_token\":\"a\\r\\nX-Evil: 1\",\"token_type\":\"Bearer\"}"),
        &[Protocol],
    ),
    ("an empty token", |_| json("{\"access_token\":\"\"}"), &[Protocol]),
    (
        "a null for a token",
        |_| json("{\"access_token\":null}"),
        &[Protocol],
    ),
    ("a list", |_| json("[]"), &[Protocol]),
    (
        "a page of HTML",
        |_| answer(200, &[("content-type", "text/html")], b"<html>sign in</html>"),
        &[Protocol],
    ),
    ("nothing", |_| json(""), &[Protocol]),
    (
        "a token larger than can be",
        |n| token(n, &format!(",\"x\":\"{}\"", "y".repeat(70_000))),
        &[Protocol],
    ),
    (
        "no end",
        |_| {
            vec![
                Step::Say(head(200, &[]).into_bytes()),
                Step::Repeat(b" ".repeat(64 * 1024)),
            ]
        },
        &[Protocol],
    ),
    ("nested 10,000 deep", |_| json(&"[".repeat(10_000)), &[Protocol]),
    ("silence", |_| vec![Step::Stall], &[TimedOut]),
    (
        "headers and silence",
        |_| {
            vec![
                Step::Say(head(200, &[("content-length", "90")]).into_bytes()),
                Step::Stall,
            ]
        },
        &[TimedOut],
    ),
    ("a closed door", |_| vec![], &[Unavailable]),
    (
        "a cut answer",
        |_| {
            vec![Step::Say(
                [head(200, &[("content-length", "90")]).as_bytes(), b"{\"acc"].concat(),
            )]
        },
        &[Unavailable],
    ),
    (
        "429 for ever",
        |_| answer(429, &[("retry-after", "0")], b""),
        &[Unavailable],
    ),
    (
        "429 for an hour",
        |_| answer(429, &[("retry-after", "3600")], b""),
        &[Unavailable],
    ),
    ("500", |_| answer(500, &[], b"dump"), &[Unavailable]),
    ("404", |_| answer(404, &[], b""), &[NotFound]),
    (
        "a redirect",
        |_| answer(302, &[("location", "http://169.254.169.254/latest")], b""),
        &[Protocol],
    ),
    (
        "400 with our secret in it",
        |_| {
            answer(
                400,
                &[],
                format!(r#"{{"error":"invalid_client","error_description":"{SECRET}"}}"#).as_bytes(),
            )
        },
        &[Unauthorized],
    ),
    ("401", |_| answer(401, &[], b""), &[Unauthorized]),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_token_service_does_is_a_clear_failure_of_the_call_or_a_token() {
    for (name, tokens, kinds) in ROWS {
        for of in BOTH {
            let world = World::start(of, Arc::new(|asked| tokens(asked.number)), |_| true).await;
            let (read, grown) = measured(world.read()).await;
            assert!(grown <= MOST_MEMORY, "{name}: grew by {grown}");
            match &read {
                Ok(1) if kinds.is_empty() => {}
                Err(error) if kinds.contains(&error.kind) => {
                    assert_eq!(tells_nothing(error), Ok(()), "{name}");
                    assert!(!format!("{error:?}").contains(TOKEN), "{name}: {error:?}");
                }
                other => panic!("{name} ({}): {other:?}", of.name()),
            }
            assert!(
                world.tokens.calls() <= 3,
                "{name}: {} tokens asked for",
                world.tokens.calls()
            );
            world.keeps_apart();
            world
                .tokens
                .become_this(Arc::new(|asked| token(asked.number, ",\"expires_in\":3600")));
            if read.is_err_and(|error| error.kind == Unauthorized) {
                let asked = world.tokens.calls();
                assert_eq!(world.read().await.unwrap_err().kind, Unauthorized, "{name}");
                assert_eq!(
                    world.tokens.calls(),
                    asked,
                    "{name}: a refused client was tried again"
                );
                world.connection.credentials_changed();
            }
            assert_eq!(world.read().await.unwrap(), 1, "{name} ({})", of.name());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_over_is_replaced_once_for_all_who_read() {
    for of in BOTH {
        let newest = Arc::new(AtomicUsize::new(0));
        let (given, wanted) = (Arc::clone(&newest), Arc::clone(&newest));
        let tokens: Script = Arc::new(move |asked| {
            given.store(asked.number, Ordering::SeqCst);
            token(asked.number, ",\"expires_in\":3600")
        });
        let world = World::start(of, tokens, move |authorization| {
            let newest = wanted.load(Ordering::SeqCst);
            authorization == format!("Bearer {TOKEN}-{newest}")
        })
        .await;
        assert_eq!(world.read().await.unwrap(), 1);
        // Over by the clock.
        world.clock.by(Duration::from_secs(3_600));
        assert!(world.storm(20).await.iter().all(|read| *read == Ok(1)));
        assert_eq!(world.tokens.calls(), 2, "{}", of.name());
        // Over because the service forgot it.
        newest.store(1_000, Ordering::SeqCst);
        assert!(world.storm(20).await.iter().all(|read| *read == Ok(1)));
        assert_eq!(world.tokens.calls(), 3, "{}", of.name());
        world.keeps_apart();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_refusals_does_not_lock_the_user() {
    for of in BOTH {
        for kind in ["basic", "bearer", "oauth2"] {
            let tokens: Script = Arc::new(|asked| token(asked.number, ",\"expires_in\":3600"));
            let mut world = World::start(of, tokens, |_| false).await;
            if kind != "oauth2" {
                let setting = Setting {
                    is_basic: kind == "basic",
                    ..Setting::default()
                };
                world.connection = of.connect_as(&world.system.url, setting);
            }
            let refused = world.storm(20).await;
            assert!(
                refused.iter().all(|read| *read == Err(Unauthorized)),
                "{refused:?}"
            );
            // A token may have been over, so its one replacement is tried.
            let most = if kind == "oauth2" { 2 } else { 1 };
            assert_eq!(
                world.system.asked_with_credentials(),
                most,
                "{} {kind}",
                of.name()
            );
            assert!(world.tokens.calls() <= 2, "{} {kind}", of.name());
            world.storm(20).await;
            assert_eq!(
                world.system.asked_with_credentials(),
                most,
                "{} {kind}: nothing more",
                of.name()
            );
            world.system.become_this(of.usual().healthy());
            world.connection.credentials_changed();
            assert!(
                world.storm(5).await.iter().all(|read| *read == Ok(1)),
                "{} {kind}",
                of.name()
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_service_in_trouble_is_not_stormed_by_those_who_wait() {
    for of in BOTH {
        let trouble: Script = Arc::new(|_| answer(503, &[("retry-after", "0")], b""));
        let world = World::start(of, trouble, |_| true).await;
        let all = world.storm(20).await;
        assert!(all.iter().all(|read| *read == Err(Unavailable)), "{all:?}");
        assert_eq!(world.system.asked_with_credentials(), 0);
        let calls = world.tokens.calls();
        assert!(calls <= 3 * 20, "{calls} calls of a service that is in trouble");
        world
            .tokens
            .become_this(Arc::new(|asked| token(asked.number, "")));
        assert_eq!(world.read().await.unwrap(), 1, "{}", of.name());
    }
}
