//! MCP over standard input and output, carried to the gateway: one JSON message a line, nothing else.
//!
//! Messages pass through unread but for what HTTP wants in headers. A session that the gateway forgot, because the console was
//! started anew, is opened again with the client's own first message; the client does not notice.

mod message;
mod pipes;

use std::collections::HashMap;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use andon_domain::Secret;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Mutex, mpsc};
use tokio::task::{AbortHandle, JoinSet};

use self::message::{Message, STATELESS, fault, header_text};
use self::pipes::{Line, Lines, write_lines};
use crate::config::GatewayError;
use crate::sse::Events;

/// Largest answer taken that is not a stream.
const MAX_ANSWER: usize = 8 * 1024 * 1024;
/// Time for answers under way once standard input closed; half of it more for the goodbye, a quarter for the last lines.
const FAREWELL: Duration = Duration::from_secs(1);
const SESSION: &str = "mcp-session-id";
const VERSION: &str = "mcp-protocol-version";

/// Carries messages between a client on `stdin`/`stdout` and the gateway at `url` until `stdin` closes; ends within two
/// seconds then. Writes nothing but protocol messages.
///
/// # Errors
/// When `url` is not a gateway on this machine, the token cannot be a header, or reading or writing fails. A gateway that does
/// not answer is not an error here: the client gets it as the answer to each of its requests.
pub async fn stdio_bridge<R, W>(url: &str, token: &Secret, stdin: R, stdout: W) -> Result<(), GatewayError>
where
    R: AsyncRead + Unpin + Send,
    W: AsyncWrite + Unpin + Send + 'static,
{
    let (lines, to_write) = mpsc::channel(64);
    let bridge = Arc::new(Bridge::new(url, token, lines)?);
    let mut writer = tokio::spawn(write_lines(stdout, to_write));
    let mut input = Lines::new(stdin);
    let mut calls = Calls::default();
    let ended = loop {
        let line = tokio::select! {
            line = input.next() => line,
            Some(_) = calls.running.join_next(), if !calls.running.is_empty() => continue,
            written = &mut writer => break written.unwrap_or_else(|e| Err(std::io::Error::other(e))),
        };
        match line {
            Ok(Line::Message(line)) => bridge.carry(&line, &mut calls).await,
            Ok(Line::TooLong) => {
                bridge
                    .tell(&fault(&Value::Null, -32_600, "the message is too large"))
                    .await;
            }
            Ok(Line::End) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    let all_answered = async { while calls.running.join_next().await.is_some() {} };
    if tokio::time::timeout(FAREWELL, all_answered).await.is_err() {
        calls.running.shutdown().await;
    }
    if tokio::time::timeout(FAREWELL / 2, bridge.goodbye())
        .await
        .is_err()
    {
        tracing::debug!("the gateway was not told that the bridge ends");
    }
    drop(bridge);
    if !writer.is_finished() && tokio::time::timeout(FAREWELL / 4, &mut writer).await.is_err() {
        writer.abort();
    }
    Ok(ended?)
}

/// Requests under way, by the JSON text of their id.
#[derive(Default)]
struct Calls {
    running: JoinSet<()>,
    by_id: HashMap<String, AbortHandle>,
}

struct Bridge {
    client: Client<HttpConnector, Full<Bytes>>,
    url: Uri,
    authorization: HeaderValue,
    lines: mpsc::Sender<String>,
    session: StdMutex<Session>,
    /// Held while a forgotten session is opened again, so that this happens once.
    reopening: Mutex<()>,
}

/// The session of clients that use one.
#[derive(Clone, Default)]
struct Session {
    id: Option<HeaderValue>,
    version: Option<String>,
    first_message: Option<String>,
}

impl Bridge {
    fn new(url: &str, token: &Secret, lines: mpsc::Sender<String>) -> Result<Self, GatewayError> {
        let url: Uri = url.parse().map_err(|_| GatewayError::Address(url.to_owned()))?;
        let is_here = matches!(url.host(), Some("127.0.0.1" | "localhost" | "[::1]"));
        if url.scheme_str() != Some("http") || !is_here || url.query().is_some() {
            return Err(GatewayError::Address(url.to_string()));
        }
        let authorization = HeaderValue::from_str(&format!("Bearer {}", token.expose()));
        let mut authorization = authorization.map_err(|_| GatewayError::Token)?;
        authorization.set_sensitive(true);
        let client = Client::builder(TokioExecutor::new()).build_http();
        let (session, reopening) = (StdMutex::default(), Mutex::default());
        Ok(Self {
            client,
            url,
            authorization,
            lines,
            session,
            reopening,
        })
    }

    /// Sends one line on its way. Requests run beside each other; everything else keeps its order.
    async fn carry(self: &Arc<Self>, line: &str, calls: &mut Calls) {
        let Some(message) = Message::read(line) else {
            let text = "the line is not a JSON-RPC message";
            return self.tell(&fault(&Value::Null, -32_700, text)).await;
        };
        if message.method == "notifications/cancelled"
            && message.is_stateless(self.session().version.as_deref())
        {
            // Without sessions, closing the connection is how a request is cancelled.
            if let Some(call) = message.cancels().and_then(|id| calls.by_id.remove(&id)) {
                call.abort();
            }
            return;
        }
        if message.id.is_null() || message.method.is_empty() || message.method == "initialize" {
            return self.exchange(&message).await;
        }
        calls.by_id.retain(|_, call| !call.is_finished());
        let (bridge, id) = (Arc::clone(self), message.id.to_string());
        let call = calls
            .running
            .spawn(async move { bridge.exchange(&message).await });
        calls.by_id.insert(id, call);
    }

    /// Posts a message and writes what comes back; a request always gets an answer, even if it is a fault.
    async fn exchange(&self, message: &Message) {
        let answered = match self.post_or_reopen(message).await {
            Ok(response) => self.forward(message, response).await,
            Err(fault) => Err(fault),
        };
        if let (Err(text), false) = (answered, message.id.is_null() || message.method.is_empty()) {
            self.tell(&fault(&message.id, -32_000, &text)).await;
        }
    }

    async fn post_or_reopen(&self, message: &Message) -> Result<Response<Incoming>, String> {
        let before = self.session();
        let response = self.post(message, &before).await?;
        let is_forgotten = response.status() == StatusCode::NOT_FOUND
            && before.id.is_some()
            && message.own_version.is_none()
            && message.method != "initialize";
        if !is_forgotten {
            return Ok(response);
        }
        let _only_once = self.reopening.lock().await;
        if self.session().id == before.id {
            let first = before.first_message.as_deref().and_then(Message::read);
            let first = first.ok_or("the gateway forgot the session")?;
            let fresh = Session {
                id: None,
                ..before.clone()
            };
            let response = self.post(&first, &fresh).await?;
            if !response.status().is_success() {
                return Ok(response);
            }
            self.remember(&first, &response);
            let _its_answer_is_known = collect(response).await?;
            let ready = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
            if let Some(ready) = Message::read(ready) {
                self.post(&ready, &self.session()).await?;
            }
        }
        self.post(message, &self.session()).await
    }

    async fn post(&self, message: &Message, session: &Session) -> Result<Response<Incoming>, String> {
        let mut request = Request::new(Full::new(Bytes::from(message.text.clone())));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.url.clone();
        *request.headers_mut() = self.headers(message, session)?;
        self.client.request(request).await.map_err(|error| {
            let cause = if error.is_connect() {
                "it does not answer"
            } else {
                "the connection broke"
            };
            format!(
                "the gateway at {} cannot be reached: {cause}. Is the console running?",
                self.url
            )
        })
    }

    fn headers(&self, message: &Message, session: &Session) -> Result<HeaderMap, String> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, self.authorization.clone());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(
            ACCEPT,
            HeaderValue::from_static("application/json, text/event-stream"),
        );
        let header =
            |text: &str| HeaderValue::from_str(text).map_err(|_| "the message cannot be sent".to_owned());
        let version = message.own_version.as_ref().or(session.version.as_ref());
        if let Some(version) = version.filter(|_| message.method != "initialize") {
            headers.insert(VERSION, header(version)?);
            if version.as_str() >= STATELESS && !message.method.is_empty() {
                headers.insert("mcp-method", header(&message.method)?);
                if let Some(name) = &message.name {
                    headers.insert("mcp-name", header(&header_text(name))?);
                }
            }
        }
        if let (None, Some(id)) = (&message.own_version, &session.id) {
            headers.insert(SESSION, id.clone());
        }
        Ok(headers)
    }

    /// Writes every message of a response.
    async fn forward(&self, message: &Message, response: Response<Incoming>) -> Result<(), String> {
        if message.method == "initialize" && response.status().is_success() {
            self.remember(message, &response);
        }
        let status = response.status();
        let content = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        if content.starts_with("text/event-stream") {
            return self.forward_stream(message, response).await;
        }
        let is_json = content.starts_with("application/json");
        let body = collect(response).await?;
        if !is_json {
            let words = format!(
                "the gateway answered {status}: {}",
                String::from_utf8_lossy(&body)
            );
            return if status == StatusCode::ACCEPTED {
                Ok(())
            } else {
                Err(words)
            };
        }
        let mut answer: Value =
            serde_json::from_slice(&body).map_err(|_| "the gateway's answer is not JSON")?;
        if status.is_success() || answer.get("id").is_some_and(|id| !id.is_null()) {
            self.learn_version(message, &answer);
            self.tell(&answer).await;
            return Ok(());
        }
        // A refusal of the door, made before it knew the id.
        match answer.get_mut("id") {
            Some(id) if !message.id.is_null() && !message.method.is_empty() => {
                *id = message.id.clone();
                self.tell(&answer).await;
                Ok(())
            }
            _ => Err(format!("the gateway answered {status}")),
        }
    }

    async fn forward_stream(&self, message: &Message, response: Response<Incoming>) -> Result<(), String> {
        let mut body = response.into_body();
        let (mut events, mut is_answered) = (Events::default(), false);
        while let Some(frame) = body.frame().await {
            let frame =
                frame.map_err(|_| "the connection broke before the answer was complete".to_owned())?;
            let Some(data) = frame.data_ref() else { continue };
            for event in events
                .feed(data)
                .map_err(|_| "the gateway's answer is too large")?
            {
                let Ok(answer) = serde_json::from_str::<Value>(&event) else {
                    continue;
                };
                is_answered |= answer.get("id") == Some(&message.id) && answer.get("method").is_none();
                self.learn_version(message, &answer);
                self.tell(&answer).await;
            }
        }
        if is_answered {
            Ok(())
        } else {
            Err("the gateway closed the stream before it answered".to_owned())
        }
    }

    fn remember(&self, message: &Message, response: &Response<Incoming>) {
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        session.id = response.headers().get(SESSION).cloned();
        session.first_message = Some(message.text.clone());
    }

    fn learn_version(&self, message: &Message, answer: &Value) {
        let version = answer.pointer("/result/protocolVersion").and_then(Value::as_str);
        if let (Some(version), "initialize") = (version, message.method.as_str()) {
            let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
            session.version = Some(version.to_owned());
        }
    }

    fn session(&self) -> Session {
        self.session
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Writes one message. A closed standard output ends the bridge from the other side.
    async fn tell(&self, message: &Value) {
        let _closed = self.lines.send(message.to_string()).await;
    }

    /// Ends the session, if there is one.
    async fn goodbye(&self) {
        let session = self.session();
        let Some(id) = session.id else { return };
        let mut request = Request::new(Full::new(Bytes::new()));
        *request.method_mut() = Method::DELETE;
        *request.uri_mut() = self.url.clone();
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, self.authorization.clone());
        headers.insert(SESSION, id);
        if let Some(version) = session
            .version
            .and_then(|version| HeaderValue::from_str(&version).ok())
        {
            headers.insert(VERSION, version);
        }
        if self.client.request(request).await.is_err() {
            tracing::debug!("the gateway was gone before the bridge");
        }
    }
}

async fn collect(response: Response<Incoming>) -> Result<Bytes, String> {
    let whole = Limited::new(response.into_body(), MAX_ANSWER).collect().await;
    whole
        .map(http_body_util::Collected::to_bytes)
        .map_err(|_| "the gateway's answer broke off".to_owned())
}
