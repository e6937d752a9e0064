//! Tests over a real listener on loopback, with a desk that answers from memory where the console would be.
//!
//! What the console behind it does is tested with the console.

mod bridge;
mod calls;
mod door;
mod quiet;

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use andon_api::agents::{Tool, WriteAnswer};
use andon_api::wire::ReadAnswer;
use andon_api::{ApiError, ErrorCode};
use andon_domain::{Class, System, Timestamp};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::GatewayConfig;
use crate::desk::Desk;
use crate::server::Gateway;

/// Noon on some day; the desk's clock stands still.
const NOW: Timestamp = Timestamp::from_millis(1_781_700_000_000);

/// A desk with two agents, one read, one write, and a person who decides when the test says so.
#[derive(Default)]
struct FakeDesk {
    is_revoked: AtomicBool,
    waiting: watch::Sender<usize>,
    requests: AtomicUsize,
    decided: watch::Sender<HashMap<String, WriteAnswer>>,
    keys: Mutex<HashMap<String, String>>,
}

impl FakeDesk {
    fn decide(&self, id: &str, status: &str) {
        let answer = WriteAnswer {
            decision: Some(if status == "denied" { "denied" } else { "approved" }.to_owned()),
            decided_by: vec!["Jana".to_owned()],
            reference: (status == "executed").then(|| "4500000301".to_owned()),
            reason: (status == "denied").then(|| "exceeds budget".to_owned()),
            expires_at: None,
            retry_after_ms: None,
            ..pending(id, status)
        };
        self.decided.send_modify(|decided| {
            decided.insert(id.to_owned(), answer);
        });
    }

    async fn until_waiting(&self, count: usize) {
        let mut waiting = self.waiting.subscribe();
        let reached = waiting.wait_for(|now| *now == count);
        tokio::time::timeout(Duration::from_secs(10), reached)
            .await
            .expect("waiters in time")
            .expect("desk lives");
    }
}

fn pending(id: &str, status: &str) -> WriteAnswer {
    WriteAnswer {
        status: status.to_owned(),
        approval_id: id.to_owned(),
        decision: None,
        decided_by: Vec::new(),
        reason: None,
        edited: None,
        waited_ms: 1_000,
        reference: None,
        outcome: None,
        warnings: Vec::new(),
        expires_at: Some(NOW.plus(Duration::from_secs(192))),
        retry_after_ms: Some(2_000),
        note: format!("This is {status}."),
    }
}

fn api_error(code: ErrorCode, message: &str, hint: &str) -> ApiError {
    ApiError {
        code,
        message: message.to_owned(),
        hint: hint.to_owned(),
        request_id: "req-1".to_owned(),
        system_code: None,
        parameters: Vec::new(),
        reasons: Vec::new(),
    }
}

struct Waiting<'a>(&'a watch::Sender<usize>);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl Desk for FakeDesk {
    type Agent = &'static str;

    async fn sign_in(&self, token: &str) -> Result<&'static str, ApiError> {
        match token {
            "token-a" | "token-a2" if !self.is_revoked.load(Ordering::SeqCst) => Ok("buyer"),
            "token-b" => Ok("reader"),
            "token-broken" => Err(api_error(
                ErrorCode::StorageUnavailable,
                "the disk is full",
                "Free space.",
            )),
            _ => Err(api_error(
                ErrorCode::NotSignedIn,
                "the token is not valid",
                "Ask an admin for a new token.",
            )),
        }
    }

    fn key(&self, agent: &&'static str) -> String {
        format!("default/{agent}")
    }

    fn tools(&self, agent: &&'static str) -> Vec<Tool> {
        let tool = |name: &str, is_read_only, operation| Tool {
            name: name.to_owned(),
            description: format!("{name}."),
            input_schema: json!({"type": "object", "properties": {}}),
            is_read_only,
            operation,
        };
        let mut tools = vec![tool("sap_get_inventory", true, Some("sap.get_inventory"))];
        if *agent == "buyer" {
            tools.push(tool(
                "sap_create_purchase_order",
                false,
                Some("sap.create_purchase_order"),
            ));
            tools.push(tool("await_approval", true, None));
            tools.push(tool("cancel_approval", false, None));
            tools.push(tool("list_my_requests", true, None));
        }
        tools
    }

    async fn read(
        &self,
        _: &&'static str,
        operation: &str,
        arguments: Map<String, Value>,
    ) -> Result<ReadAnswer, ApiError> {
        assert_eq!(operation, "sap.get_inventory", "the operation's own name arrives");
        let count = arguments.get("limit").and_then(Value::as_u64).unwrap_or(2);
        if count == 0 {
            return Err(api_error(
                ErrorCode::InvalidInput,
                "limit: must be at least 1",
                "Correct it.",
            ));
        }
        let records =
            (0..count).map(|number| json!({"material": format!("RM-{number}"), "unrestricted": "12.000"}));
        Ok(ReadAnswer {
            records: records.collect(),
            next_cursor: Some("next".to_owned()),
            total: None,
            is_truncated: false,
            class: Class::Internal,
            source: System::Sap,
            fetched_at: NOW,
            observed_at: None,
            age_ms: 3_000,
            from_cache: true,
            is_stale: false,
            warnings: Vec::new(),
            hidden_fields: 1,
            hidden: vec!["value_estimate".to_owned()],
        })
    }

    async fn request(
        &self,
        _: &&'static str,
        _: &str,
        arguments: Map<String, Value>,
    ) -> Result<WriteAnswer, ApiError> {
        let key = arguments
            .get("idempotency_key")
            .and_then(Value::as_str)
            .unwrap_or("none")
            .to_owned();
        let mut keys = self.keys.lock().unwrap();
        if let Some(id) = keys.get(&key) {
            return Ok(self
                .decided
                .borrow()
                .get(id)
                .cloned()
                .unwrap_or_else(|| pending(id, "pending")));
        }
        let id = format!("approval-{}", self.requests.fetch_add(1, Ordering::SeqCst) + 1);
        keys.insert(key, id.clone());
        Ok(pending(&id, "pending"))
    }

    async fn wait(&self, _: &&'static str, id: &str, patience: Duration) -> Result<WriteAnswer, ApiError> {
        if !id.starts_with("approval-") {
            return Err(api_error(
                ErrorCode::NotFound,
                "not found: request",
                "Check the id.",
            ));
        }
        let _waiting = (!patience.is_zero()).then(|| {
            self.waiting.send_modify(|count| *count += 1);
            Waiting(&self.waiting)
        });
        let mut decided = self.decided.subscribe();
        let decision = decided.wait_for(|decided| decided.contains_key(id));
        match tokio::time::timeout(patience, decision).await {
            Ok(decided) => Ok(decided.expect("desk lives")[id].clone()),
            Err(_) => Ok(pending(id, "pending")),
        }
    }

    async fn cancel(&self, agent: &&'static str, id: &str) -> Result<WriteAnswer, ApiError> {
        self.decide(id, "cancelled");
        self.wait(agent, id, Duration::ZERO).await
    }

    async fn requests(&self, _: &&'static str) -> Result<Vec<WriteAnswer>, ApiError> {
        Ok(vec![
            pending("approval-1", "pending"),
            pending("approval-0", "denied"),
        ])
    }

    fn now(&self) -> Timestamp {
        NOW
    }
}

/// A gateway that runs, and ends with the test.
struct House {
    url: String,
    address: SocketAddr,
    desk: Arc<FakeDesk>,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

fn config() -> GatewayConfig {
    GatewayConfig::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
}

impl House {
    async fn open(config: GatewayConfig) -> Self {
        Self::open_with(config, Arc::default()).await
    }

    async fn open_with(config: GatewayConfig, desk: Arc<FakeDesk>) -> Self {
        let bound = Gateway::bind(config).await.expect("a free port");
        let (url, address, stop) = (bound.url(), bound.address(), CancellationToken::new());
        let (served, until) = (Arc::clone(&desk), stop.clone());
        let serving = tokio::spawn(async move { bound.serve_desk(served, until.cancelled_owned()).await });
        Self {
            url,
            address,
            desk,
            stop,
            serving,
        }
    }

    async fn close(self) {
        self.stop.cancel();
        let ended = tokio::time::timeout(Duration::from_secs(5), self.serving).await;
        ended
            .expect("the gateway ends in time")
            .expect("and without a panic");
    }

    /// Sends one request on its own connection and reads the whole response.
    async fn send(&self, request: &Raw) -> Reply {
        let mut stream = TcpStream::connect(self.address).await.expect("a connection");
        stream
            .write_all(&request.bytes(self.address.port(), true))
            .await
            .expect("to send");
        Reply::read(stream).await
    }
}

/// A request, byte by byte.
#[derive(Debug, Clone)]
struct Raw {
    line: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Raw {
    /// A POST that is good in every way. `PORT` in a header stands for the gateway's port.
    fn post(body: &Value) -> Self {
        let headers = [
            ("Host", "127.0.0.1:PORT"),
            ("Authorization", "Bearer token-a"),
            ("Content-Type", "application/json"),
            ("Accept", "application/json, text/event-stream"),
        ];
        let headers = headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
        Self {
            line: "POST /mcp HTTP/1.1".to_owned(),
            headers,
            body: body.to_string().into_bytes(),
        }
    }

    /// A POST of the stateless revision.
    fn modern(id: u32, method: &str, mut params: Value) -> Self {
        params["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("2026-07-28");
        params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({});
        let name = params.get("name").and_then(Value::as_str).map(str::to_owned);
        let mut raw = Self::post(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        raw = raw
            .set("MCP-Protocol-Version", "2026-07-28")
            .set("Mcp-Method", method);
        match name {
            Some(name) => raw.set("Mcp-Name", &name),
            None => raw,
        }
    }

    fn call(id: u32, tool: &str, arguments: Value) -> Self {
        let mut params = json!({"name": tool});
        params["arguments"] = arguments;
        Self::modern(id, "tools/call", params)
    }

    fn set(mut self, name: &str, value: &str) -> Self {
        self.headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.add(name, value)
    }

    fn add(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn drop(mut self, name: &str) -> Self {
        self.headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    fn line(mut self, line: &str) -> Self {
        line.clone_into(&mut self.line);
        self
    }

    fn body(mut self, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self
    }

    fn bytes(&self, port: u16, closes: bool) -> Vec<u8> {
        let mut text = format!("{}\r\n", self.line.replace("PORT", &port.to_string()));
        for (name, value) in &self.headers {
            text.push_str(&format!(
                "{name}: {}\r\n",
                value.replace("PORT", &port.to_string())
            ));
        }
        let has_length = self
            .headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("transfer-encoding"));
        if !has_length {
            text.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        if closes {
            text.push_str("Connection: close\r\n");
        }
        let mut bytes = format!("{text}\r\n").into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// What came back.
#[derive(Debug)]
struct Reply {
    status: u16,
    head: String,
    body: String,
}

impl Reply {
    async fn read(mut stream: TcpStream) -> Self {
        let mut bytes = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut bytes)).await;
        // A connection that the gateway closes over unread bytes may end in a reset; what came before counts.
        let _reset = read.expect("an answer in time");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .unwrap_or(0);
        Self {
            status,
            head: head.to_ascii_lowercase(),
            body: body.to_owned(),
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }
}
