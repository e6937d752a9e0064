//! The headless host: the same UI for a browser, and the door for `andonctl`. Loopback only, apart from the gateway.
//!
//! A browser comes in by a link with a one-time token, which becomes a cookie no script can read. `andonctl` comes in by
//! the control token in a file that only its owner can read. Nothing here decides; commands do.

mod doors;
mod events;
mod files;
#[cfg(test)]
mod tests;

pub(crate) use doors::{Doors, Entry};

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use andon_api::{ApiError, Console, ErrorCode};
use andon_domain::CanonicalJson;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, extract::Request};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::timers;

const MOST_BODY: usize = 1024 * 1024;
const LAST_ANSWERS: Duration = Duration::from_secs(3);
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; \
                   connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What the routes share.
pub(crate) struct Host {
    pub(crate) console: Arc<Console>,
    pub(crate) doors: Arc<Doors>,
    pub(crate) address: SocketAddr,
    pub(crate) ui: Option<PathBuf>,
    pub(crate) stopped: watch::Receiver<bool>,
}

impl Host {
    /// Who sends these headers.
    pub(crate) fn entry(&self, headers: &HeaderMap) -> Option<Entry> {
        self.doors.entry(headers, self.address.port())
    }

    /// The page.
    pub(crate) fn index(&self) -> PathBuf {
        self.ui.clone().unwrap_or_default().join("index.html")
    }
}

/// A listener that is bound and not yet serving, so that its address is known first.
pub(crate) struct BoundHost {
    listener: TcpListener,
    address: SocketAddr,
}

impl BoundHost {
    /// Binds the address.
    ///
    /// # Errors
    /// When the address is not on this machine's loopback or is taken.
    pub(crate) async fn bind(listen: SocketAddr) -> anyhow::Result<Self> {
        anyhow::ensure!(
            listen.ip().is_loopback(),
            "the host listens on this machine only: {listen}; give 127.0.0.1 or [::1], and use a tunnel for other machines"
        );
        let listener = TcpListener::bind(listen).await.map_err(|e| {
            anyhow::anyhow!("the host cannot listen on {listen}: {e}; give another port with --listen")
        })?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// `http://127.0.0.1:port`.
    #[must_use]
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Serves until the console stops. Who is being answered then has a few seconds; a connection that never says anything
    /// holds nothing up.
    ///
    /// # Errors
    /// When the listener fails.
    pub(crate) async fn serve(
        self,
        console: Arc<Console>,
        doors: Arc<Doors>,
        ui: Option<PathBuf>,
        stopped: watch::Receiver<bool>,
    ) -> std::io::Result<()> {
        let host = Arc::new(Host {
            console,
            doors,
            address: self.address,
            ui,
            stopped: stopped.clone(),
        });
        let serving = axum::serve(self.listener, router(host))
            .with_graceful_shutdown(timers::until_stopped(stopped.clone()));
        let patience = async {
            timers::until_stopped(stopped).await;
            tokio::time::sleep(LAST_ANSWERS).await;
        };
        tokio::select! {
            ended = serving.into_future() => ended,
            () = patience => Ok(()),
        }
    }
}

fn router(host: Arc<Host>) -> Router {
    let api = Router::new()
        .route("/api/events", get(events::stream))
        .route("/api/{command}", post(command))
        .route("/control/link", post(link));
    let pages = match &host.ui {
        Some(folder) => Router::new()
            .route("/", get(files::enter))
            .fallback_service(files::service(folder.clone())),
        None => Router::new().fallback(|| async { StatusCode::NOT_FOUND }),
    };
    api.merge(pages)
        .layer(middleware::from_fn_with_state(Arc::clone(&host), check_host))
        .layer(middleware::map_response(harden))
        .layer(axum::extract::DefaultBodyLimit::max(MOST_BODY))
        .with_state(host)
}

async fn check_host(State(host): State<Arc<Host>>, request: Request, next: Next) -> Response {
    let refused = refusal(request.headers(), host.address.port()).or_else(|| {
        (request.uri().path() != "/")
            .then(|| from_elsewhere(request.headers()))
            .flatten()
    });
    match refused {
        Some(words) => (StatusCode::FORBIDDEN, words).into_response(),
        None => next.run(request).await,
    }
}

/// A page of another name on this address (DNS rebinding) and a page of another origin get nothing.
fn refusal(headers: &HeaderMap, port: u16) -> Option<&'static str> {
    let allowed = [
        format!("127.0.0.1:{port}"),
        format!("localhost:{port}"),
        format!("[::1]:{port}"),
    ];
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    let named = text(header::HOST);
    if !named.is_some_and(|name| allowed.iter().any(|allowed| allowed == name)) {
        return Some("this name is not served here");
    }
    let origin = text(header::ORIGIN).and_then(|origin| origin.strip_prefix("http://"));
    (headers.contains_key(header::ORIGIN) && origin != named)
        .then_some("pages of another origin are not served")
}

/// Browsers say whether a page of another origin (also one of another port on this machine) asks. Only a link to the front
/// page may be followed from there.
fn from_elsewhere(headers: &HeaderMap) -> Option<&'static str> {
    let site = headers.get("sec-fetch-site")?;
    (site != "same-origin" && site != "none").then_some("pages of another origin are not served")
}

async fn harden(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let fixed = [
        ("content-security-policy", CSP),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("x-frame-options", "DENY"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

async fn command(
    State(host): State<Arc<Host>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Response {
    let Some(entry) = host.entry(&headers) else {
        return not_signed_in(&host);
    };
    // A form of another page cannot set this header without a preflight, which is never answered.
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let is_json = content_type
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
    if !is_json || (matches!(entry, Entry::Browser(_)) && !headers.contains_key("x-andon")) {
        return failed(
            &host,
            ErrorCode::InvalidInput,
            "commands come as application/json with the header X-Andon",
        );
    }
    let Ok(body) = body else {
        return failed(&host, ErrorCode::InvalidInput, "the body is larger than 1 MiB");
    };
    let body: Value = if body.is_empty() {
        Value::Null
    } else {
        // Strictly: a key that comes twice or a number without an exact value would mean one thing here and another there.
        let text = std::str::from_utf8(&body).map_err(|_| "the body is not UTF-8".to_owned());
        match text.and_then(|text| CanonicalJson::parse(text).map_err(|error| error.to_string())) {
            Ok(body) if body.value().is_object() => body.value().clone(),
            Ok(_) => return failed(&host, ErrorCode::InvalidInput, "the body is not a JSON object"),
            Err(words) => return failed(&host, ErrorCode::InvalidInput, &words),
        }
    };
    match host.console.call(entry.session(), &name, body).await {
        Ok(answer) => Json(answer).into_response(),
        Err(error) => error_response(&error),
    }
}

/// A fresh sign-in link, for `andonctl open`.
async fn link(State(host): State<Arc<Host>>, headers: HeaderMap) -> Response {
    match host.entry(&headers) {
        Some(Entry::Control(_)) => {
            let token = host.doors.new_link();
            Json(serde_json::json!({ "url": format!("http://{}/?token={token}", host.address) }))
                .into_response()
        }
        _ => not_signed_in(&host),
    }
}

pub(crate) fn not_signed_in(host: &Host) -> Response {
    failed(
        host,
        ErrorCode::NotSignedIn,
        "nobody is signed in here; open the link that `andonctl open` prints",
    )
}

fn failed(host: &Host, code: ErrorCode, message: &str) -> Response {
    let request = host.console.engine().ids().request();
    let hint = if code == ErrorCode::NotSignedIn {
        "Run andonctl open on this machine."
    } else {
        "Nothing was done."
    };
    error_response(&ApiError::new(request, code, message, hint))
}

fn error_response(error: &ApiError) -> Response {
    let status = StatusCode::from_u16(error.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(error)).into_response()
}
