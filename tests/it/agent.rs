//! An agent, written by hand: one POST a call in the stateless revision of the protocol. Real clients are in `mcp`.

use std::time::Duration;

use serde_json::{Value, json};

use crate::console::order;
use crate::plant::http;

const VERSION: &str = "2026-07-28";

/// What a tool answered.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// The agent did not get what it asked for.
    pub(crate) is_error: bool,
    /// The structured content.
    pub(crate) data: Value,
}

impl Answer {
    pub(crate) fn status(&self) -> &str {
        self.data["status"].as_str().unwrap_or_default()
    }

    pub(crate) fn code(&self) -> &str {
        self.data["code"].as_str().unwrap_or_default()
    }
}

/// An agent with its token.
#[derive(Clone)]
pub(crate) struct Agent {
    gateway: String,
    pub(crate) token: String,
    http: reqwest::Client,
}

impl Agent {
    pub(crate) fn new(gateway: &str, token: &str) -> Self {
        Self {
            gateway: gateway.to_owned(),
            token: token.to_owned(),
            http: http(),
        }
    }

    /// Sends one message. The HTTP status, and the message that came back if one did.
    pub(crate) async fn post(
        &self,
        method: &str,
        mut params: Value,
        headers: &[(&str, &str)],
    ) -> reqwest::Result<(u16, Value)> {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": VERSION,
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": {"name": "it", "version": "1"},
        });
        let mut request = self
            .http
            .post(&self.gateway)
            .bearer_auth(&self.token)
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", VERSION)
            .header("mcp-method", method);
        if let Some(name) = params["name"].as_str() {
            request = request.header("mcp-name", name);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let answer = request.json(&message).send().await?;
        let status = answer.status().as_u16();
        Ok((status, last_message(&answer.text().await?)))
    }

    /// Calls a tool. `None` when the console went away before it answered.
    pub(crate) async fn reach(&self, tool: &str, arguments: Value) -> Option<Answer> {
        let sent = self
            .post("tools/call", json!({ "name": tool, "arguments": arguments }), &[])
            .await;
        let (_, message) = sent.ok()?;
        let result = message.get("result")?;
        let is_error = result["isError"].as_bool().unwrap_or(false);
        Some(Answer {
            is_error,
            data: result["structuredContent"].clone(),
        })
    }

    /// Calls a tool that must answer.
    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> Answer {
        let (status, message) = self
            .post("tools/call", json!({ "name": tool, "arguments": arguments }), &[])
            .await
            .unwrap();
        let result = message
            .get("result")
            .unwrap_or_else(|| panic!("{tool}: {status} {message}"));
        Answer {
            is_error: result["isError"].as_bool().unwrap_or(false),
            data: result["structuredContent"].clone(),
        }
    }

    /// Arguments of a request for this many pieces.
    pub(crate) fn wish(pieces: u32, key: &str) -> Value {
        let mut arguments = order(pieces);
        arguments["rationale"] = json!("Stock is below its reorder point.");
        arguments["idempotency_key"] = json!(key);
        arguments
    }

    /// Asks for an order and waits for its end, as a client in the background does.
    pub(crate) fn ask(&self, pieces: u32, key: &str) -> tokio::task::JoinHandle<Answer> {
        let (agent, arguments) = (self.clone(), Self::wish(pieces, key));
        tokio::spawn(async move {
            let mut answer = agent.call("sap_create_purchase_order", arguments).await;
            while answer.status() == "pending" {
                let id = answer.data["approval_id"].clone();
                answer = agent.call("await_approval", json!({ "approval_id": id })).await;
            }
            answer
        })
    }

    /// Asks and leaves at once when the request is on disk: a client that gave up waiting.
    pub(crate) async fn ask_and_leave(&self, pieces: u32, key: &str) {
        let asking = self.call("sap_create_purchase_order", Self::wish(pieces, key));
        let _left = tokio::time::timeout(Duration::from_millis(300), asking).await;
    }
}

/// The last message with a result or an error, from JSON or from a stream of events.
fn last_message(text: &str) -> Value {
    let lines = text
        .lines()
        .map(|line| line.strip_prefix("data:").unwrap_or(line).trim());
    let mut messages = lines
        .rev()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    messages.find(Value::is_object).unwrap_or(Value::Null)
}
