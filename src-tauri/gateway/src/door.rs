//! The door: every request passes these checks, in this order, before the protocol library sees it.
//!
//! Host, Origin, path, method and content type, size, token, session, rate. Nothing a request carries is written to a log:
//! neither its token nor its arguments.

use std::sync::Arc;

use andon_api::{ApiError, ErrorCode};
use andon_domain::Secret;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, ORIGIN};
use http::request::Parts;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Body;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::config::{GatewayConfig, PATH};
use crate::desk::Desk;
use crate::limits::{Held, Limits, Place, Slot};
use crate::refusal::{Answer, Refusal};
use crate::sessions::Sessions;
use crate::strict;
use crate::tools::{Tools, Visitor};

/// Header that names a session.
const SESSION: &str = "mcp-session-id";
/// Longest token looked at; ours are far shorter.
const MAX_TOKEN: usize = 512;

/// The checks and what lies behind them.
pub(crate) struct Door<D: Desk> {
    desk: Arc<D>,
    config: GatewayConfig,
    port: u16,
    limits: Limits,
    sessions: Sessions,
    mcp: StreamableHttpService<Tools<D>, LocalSessionManager>,
}

impl<D: Desk> Door<D> {
    /// The door. When `closing` is cancelled, held calls are answered; when `ended` is, everything ends.
    pub(crate) fn new(
        desk: Arc<D>,
        config: GatewayConfig,
        port: u16,
        closing: CancellationToken,
        ended: CancellationToken,
    ) -> Self {
        let sessions = Sessions::new(config.sessions_per_agent);
        let tools = Tools::new(Arc::clone(&desk), &config, closing);
        // The library checks Host and Origin once more, by its own reading.
        let library = StreamableHttpServerConfig::default()
            .with_allowed_hosts([
                format!("127.0.0.1:{port}"),
                format!("localhost:{port}"),
                format!("[::1]:{port}"),
            ])
            .enforce_origin_validation()
            .with_max_request_body_bytes(config.max_body_bytes)
            .with_json_response(true)
            .with_cancellation_token(ended);
        let mcp =
            StreamableHttpService::new(move || Ok(tools.clone()), Arc::clone(&sessions.manager), library);
        Self {
            desk,
            limits: Limits::new(&config),
            config,
            port,
            sessions,
            mcp,
        }
    }

    /// Answers one request.
    pub(crate) async fn answer<B>(&self, request: Request<B>) -> Answer
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        match self.admit(request).await {
            Ok(answer) => answer,
            Err(refusal) => {
                tracing::debug!(
                    status = refusal.status.as_u16(),
                    reason = refusal.message,
                    "refused"
                );
                refusal.into_answer()
            }
        }
    }

    async fn admit<B>(&self, request: Request<B>) -> Result<Answer, Refusal>
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (mut parts, body) = request.into_parts();
        check_head(&parts, self.port)?;
        let body = self.read(&parts.method, body).await?;
        let token = bearer(&parts.headers)?;
        let agent = self.desk.sign_in(token.expose()).await.map_err(not_signed_in)?;
        // From here on nothing carries the token but what waits to check it again.
        parts.headers.remove(AUTHORIZATION);
        let key = self.desk.key(&agent);
        let owner = self.sessions.owner(&key, token.expose());
        let session = session_of(&parts.headers)?;
        if session
            .as_ref()
            .is_some_and(|session| !self.sessions.is_theirs(&owner, session))
        {
            let hint = "Start a new session with initialize.";
            return Err(Refusal::new(StatusCode::NOT_FOUND, "no such session", hint));
        }
        let place = self.count(&parts.method, &key, &body)?;
        let closes = (parts.method == Method::DELETE).then_some(session).flatten();
        parts.extensions.insert(Visitor {
            agent,
            token: Arc::new(token),
        });
        if let Some(place) = &place {
            parts.extensions.insert(Arc::clone(place));
        }
        let answer = self.mcp.handle(Request::from_parts(parts, Full::new(body)));
        let mut answer = Box::pin(answer).await;
        if let Some(opened) = answer.headers().get(SESSION).and_then(|id| id.to_str().ok())
            && !self.sessions.is_theirs(&owner, opened)
        {
            self.sessions.opened(owner, opened).await;
        }
        if let Some(closed) = closes {
            self.sessions.closed(&closed);
            // Some clients take only this for an end.
            if answer.status() == StatusCode::ACCEPTED {
                *answer.status_mut() = StatusCode::NO_CONTENT;
            }
        }
        Ok(match place {
            Some(place) => answer.map(|body| Held::new(body, place).boxed()),
            None => answer,
        })
    }

    async fn read<B>(&self, method: &Method, body: B) -> Result<Bytes, Refusal>
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        if method != Method::POST {
            return Ok(Bytes::new());
        }
        let most = self.config.max_body_bytes;
        let too_large = || {
            let message = format!("the body is too large, bytes at most: {most}");
            Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, message, "Ask for less at once.")
        };
        if body.size_hint().lower() > most as u64 {
            return Err(too_large());
        }
        let collected =
            tokio::time::timeout(self.config.body_timeout, Limited::new(body, most).collect()).await;
        match collected {
            Ok(Ok(whole)) => Ok(whole.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
            Ok(Err(_)) => Err(Refusal::new(
                StatusCode::BAD_REQUEST,
                "the body could not be read",
                "Send it again.",
            )),
            Err(_elapsed) => Err(Refusal::new(
                StatusCode::REQUEST_TIMEOUT,
                "the body took too long",
                "Send it again, at once.",
            )),
        }
    }

    /// Counts a message against the agent's limits and takes a place for what stays open.
    fn count(&self, method: &Method, agent: &str, body: &[u8]) -> Result<Option<Arc<Place>>, Refusal> {
        let too_many = |wait, id| Refusal::slow_down("too many messages in a minute", wait, id);
        self.limits
            .message(agent)
            .map_err(|wait| too_many(wait, Value::Null))?;
        let slot = if method == Method::GET {
            (
                Slot::Stream,
                Value::Null,
                format!("too many open streams: {}", self.config.streams_at_once),
            )
        } else if method == Method::POST {
            let message = strict::peek(body)?;
            if !message.is_call() {
                return Ok(None);
            }
            if let Err(wait) = self.limits.call(agent) {
                let message_text = format!("too many calls in a minute: {}", self.config.calls_per_minute);
                return Err(Refusal::slow_down(message_text, wait, message.id));
            }
            (
                Slot::Call,
                message.id,
                format!("too many calls at once: {}", self.config.calls_at_once),
            )
        } else {
            return Ok(None);
        };
        let (slot, id, message) = slot;
        let place = self.limits.take(agent, slot).map(Arc::new);
        place
            .map(Some)
            .ok_or_else(|| Refusal::slow_down(message, std::time::Duration::from_secs(1), id))
    }
}

/// Checks what the head of a request says, before anything of its body is read.
fn check_head(parts: &Parts, port: u16) -> Result<(), Refusal> {
    let refuse = Refusal::new;
    let mut hosts = parts.headers.get_all(HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok());
    let is_ours = host.is_some_and(|host| is_this_gateway(host, port))
        && hosts.next().is_none()
        && parts
            .uri
            .authority()
            .is_none_or(|authority| is_this_gateway(authority.as_str(), port));
    if !is_ours {
        let hint = "Use the address the console shows, with its port.";
        return Err(refuse(
            StatusCode::FORBIDDEN,
            "the Host header does not name this gateway",
            hint,
        ));
    }
    if parts.headers.contains_key(ORIGIN) {
        let hint = "Agents call without an Origin header; web pages are never clients.";
        return Err(refuse(
            StatusCode::FORBIDDEN,
            "requests from web pages are refused",
            hint,
        ));
    }
    if parts.uri.path() != PATH {
        return Err(refuse(
            StatusCode::NOT_FOUND,
            "nothing is here",
            "The only path is /mcp.",
        ));
    }
    if ![Method::POST, Method::GET, Method::DELETE].contains(&parts.method) {
        return Err(refuse(
            StatusCode::METHOD_NOT_ALLOWED,
            "the method is not taken",
            "Send messages by POST.",
        ));
    }
    if parts.method == Method::POST && !is_json(&parts.headers) {
        let message = "the content type is not taken";
        return Err(refuse(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            message,
            "Send application/json.",
        ));
    }
    Ok(())
}

/// Whether an authority is one of the three names of this gateway, with exactly its port.
fn is_this_gateway(authority: &str, port: u16) -> bool {
    let Some((host, named_port)) = authority.rsplit_once(':') else {
        return false;
    };
    let is_name = host == "127.0.0.1" || host == "[::1]" || host.eq_ignore_ascii_case("localhost");
    is_name && named_port == port.to_string()
}

fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let only = types
        .next()
        .filter(|_| types.next().is_none())
        .and_then(|value| value.to_str().ok());
    only.is_some_and(|value| {
        let essence = value.split(';').next().unwrap_or_default();
        essence.trim().eq_ignore_ascii_case("application/json")
    })
}

/// The token of the one Authorization header.
fn bearer(headers: &HeaderMap) -> Result<Secret, Refusal> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let only = all
        .next()
        .filter(|_| all.next().is_none())
        .and_then(|value| value.to_str().ok());
    let token = only.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        let token = token.trim_matches(' ');
        let is_token =
            !token.is_empty() && token.len() <= MAX_TOKEN && token.bytes().all(|b| b.is_ascii_graphic());
        (scheme.eq_ignore_ascii_case("bearer") && is_token).then_some(token)
    });
    token.map(|token| Secret::new(token.to_owned())).ok_or_else(|| {
        let hint = "Send the agent's token as: Authorization: Bearer TOKEN. An admin makes one with andonctl agent add.";
        Refusal::new(StatusCode::UNAUTHORIZED, "a token is needed", hint)
    })
}

fn not_signed_in(error: ApiError) -> Refusal {
    let status = match error.code {
        ErrorCode::NotSignedIn => StatusCode::UNAUTHORIZED,
        _ => StatusCode::from_u16(error.http_status()).unwrap_or(StatusCode::SERVICE_UNAVAILABLE),
    };
    Refusal::new(
        status,
        error.message,
        format!("{} (reference {})", error.hint, error.request_id),
    )
}

fn session_of(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let mut all = headers.get_all(SESSION).iter();
    let Some(first) = all.next() else { return Ok(None) };
    match (first.to_str(), all.next()) {
        (Ok(session), None) => Ok(Some(session.to_owned())),
        _ => Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            "the session header is not readable",
            "Send it once, as given.",
        )),
    }
}
