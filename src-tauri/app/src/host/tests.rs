//! Who gets in and what for: every answer's exact status, on a real console with a clock that the test moves.

mod entry;
mod plant;
mod table;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use andon_api::{Console, ConsoleParts};
use andon_domain::time::Moment;
use andon_domain::{Clock, Role, Secret, Timestamp, UserId};
use andon_engine::Engine;
use andon_engine::people::NewPerson;
use andon_store::Store;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use tempfile::TempDir;
use tokio::sync::watch;
use tower::ServiceExt as _;

use super::{Doors, Host, router};
use crate::wiring;

const PORT: u16 = 4321;
const HERE: &str = "127.0.0.1:4321";
const COOKIE: &str = "andon_session_4321";

/// A clock that stands still until a test moves it.
struct TestClock(AtomicU64);

impl Clock for TestClock {
    fn moment(&self) -> Moment {
        let ms = self.0.load(Ordering::SeqCst);
        Moment {
            utc: Timestamp::from_millis(1_800_000_000_000 + i64::try_from(ms).unwrap()),
            boot_ms: ms,
            boot_id: "boot".to_owned(),
        }
    }
}

/// A host on a console without systems, with a page and a file that is none of its business.
struct House {
    router: Router,
    doors: Arc<Doors>,
    control: Secret,
    clock: Arc<TestClock>,
    _stop: watch::Sender<bool>,
    _folder: TempDir,
}

impl House {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (data, ui) = (folder.path().join("data"), folder.path().join("ui"));
        std::fs::create_dir_all(ui.join("assets")).unwrap();
        std::fs::write(ui.join("index.html"), "<!doctype html><title>page</title>").unwrap();
        std::fs::write(ui.join("assets/app.js"), "export {};").unwrap();
        std::fs::write(folder.path().join("outside.txt"), "OUTSIDE").unwrap();
        let store = Store::open(&data).unwrap();
        let config = crate::config::load(None, &|_| None).unwrap();
        let mut wired = wiring::build(&config, &store, &data).unwrap();
        let clock = Arc::new(TestClock(AtomicU64::new(1_000_000)));
        wired.parts.clock = Arc::clone(&clock) as Arc<dyn Clock>;
        let console = Console::new(ConsoleParts {
            engine: Engine::new(wired.parts),
            first_admin: NewPerson {
                id: UserId::from("erika"),
                name: "Erika".to_owned(),
                role: Role::Admin,
                is_demo: false,
            },
            demo_people: Vec::new(),
            gateway: None,
            credentials: wired.connections,
        });
        let (doors, control) = Doors::new(&console);
        let (stop, stopped) = watch::channel(false);
        let host = Host {
            console,
            doors: Arc::clone(&doors),
            address: ([127, 0, 0, 1], PORT).into(),
            ui: Some(ui),
            stopped,
        };
        Self {
            router: router(Arc::new(host)),
            doors,
            control,
            clock,
            _stop: stop,
            _folder: folder,
        }
    }

    fn wait(&self, ms: u64) {
        self.clock.0.fetch_add(ms, Ordering::SeqCst);
    }

    /// A browser's token, as its cookie holds it.
    async fn browser(&self) -> String {
        let link = self.doors.new_link();
        let answer = self.ask(line(&format!("GET /?token={link}"))).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
        let token = cookie.strip_prefix(COOKIE).unwrap().strip_prefix('=').unwrap();
        token.split(';').next().unwrap().to_owned()
    }

    async fn ask(&self, ask: Ask) -> Answer {
        let mut request = Request::new(ask.body);
        (*request.method_mut(), *request.uri_mut()) = (ask.method, ask.path.parse().unwrap());
        *request.headers_mut() = ask.headers;
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let is_stream = head
            .headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind == "text/event-stream");
        let body = if is_stream {
            Vec::new()
        } else {
            body.collect().await.unwrap().to_bytes().to_vec()
        };
        let answer = Answer {
            status: head.status,
            headers: head.headers,
            text: String::from_utf8_lossy(&body).into_owned(),
        };
        answer.is_hardened(&ask.path);
        answer
    }
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    /// No answer, whatever it is, goes without these.
    fn is_hardened(&self, path: &str) {
        for (name, value) in [
            ("content-security-policy", super::CSP),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("x-frame-options", "DENY"),
        ] {
            let found = self.headers.get(name).and_then(|value| value.to_str().ok());
            assert_eq!(found, Some(value), "{path}: {name}");
        }
        let cache = self
            .headers
            .get(header::CACHE_CONTROL)
            .map(|value| value.to_str().unwrap());
        assert!(
            matches!(cache, Some("no-store" | "no-cache")),
            "{path}: {cache:?}"
        );
        assert!(
            !self
                .headers
                .keys()
                .any(|name| name.as_str().starts_with("access-control-")),
            "{path}: no page of another origin is ever allowed anything"
        );
    }

    fn code(&self) -> String {
        let body: serde_json::Value = serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("not a JSON error: {error}: {}", self.text));
        for name in ["message", "hint", "request_id"] {
            assert!(
                !body[name].as_str().unwrap_or_default().is_empty(),
                "{name}: {body}"
            );
        }
        body["code"].as_str().unwrap().to_owned()
    }
}

struct Ask {
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Body,
}

/// A request line such as `POST /api/status_get`, to the right host.
fn line(line: &str) -> Ask {
    let (method, path) = line.split_once(' ').unwrap();
    let ask = Ask {
        method: method.parse().unwrap(),
        path: path.to_owned(),
        headers: HeaderMap::new(),
        body: Body::empty(),
    };
    ask.set("host", HERE)
}

/// A command as the page sends it.
fn command(name: &str, cookie: &str) -> Ask {
    line(&format!("POST /api/{name}"))
        .set("content-type", "application/json")
        .set("x-andon", "1")
        .set("cookie", &format!("{COOKIE}={cookie}"))
        .body("{}")
}

impl Ask {
    fn set(mut self, name: &str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).unwrap();
        self.headers
            .insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), value);
        self
    }

    fn drop(mut self, name: &str) -> Self {
        self.headers.remove(name).unwrap();
        self
    }

    fn body(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }
}
