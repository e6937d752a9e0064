//! One JSON-RPC message, and what HTTP wants to know of it.

use base64::Engine as _;
use serde_json::{Value, json};

/// From this revision on there are no sessions, and requests repeat their method and name in headers.
pub(super) const STATELESS: &str = "2026-07-28";

/// A message and what HTTP wants to know of it.
pub(super) struct Message {
    pub(super) text: String,
    pub(super) id: Value,
    pub(super) method: String,
    /// Revision the message itself declares; sessions do not exist for those that do.
    pub(super) own_version: Option<String>,
    pub(super) name: Option<String>,
}

impl Message {
    /// Reads what is needed; `None` for what is not one JSON object on one line.
    pub(super) fn read(line: &str) -> Option<Self> {
        let text = line.trim();
        let Ok(Value::Object(message)) = serde_json::from_str::<Value>(text) else {
            return None;
        };
        let method = message
            .get("method")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let parameter = |path: &str| {
            let parameters = message.get("params")?;
            parameters
                .pointer(path)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let name = match method.as_str() {
            "tools/call" | "prompts/get" => parameter("/name"),
            "resources/read" => parameter("/uri"),
            _ => None,
        };
        let own_version = parameter("/_meta/io.modelcontextprotocol~1protocolVersion");
        let id = message.get("id").cloned().unwrap_or(Value::Null);
        Some(Self {
            text: text.to_owned(),
            id,
            method,
            own_version,
            name,
        })
    }

    /// Whether it belongs to no session: it says so itself, or its client never opened one.
    pub(super) fn is_stateless(&self, session_version: Option<&str>) -> bool {
        self.own_version
            .as_deref()
            .or(session_version)
            .is_none_or(|version| version >= STATELESS)
    }

    /// The JSON text of the id that a cancellation names.
    pub(super) fn cancels(&self) -> Option<String> {
        let message: Value = serde_json::from_str(&self.text).ok()?;
        message.pointer("/params/requestId").map(Value::to_string)
    }
}

/// An error as an answer.
pub(super) fn fault(id: &Value, code: i64, message: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})
}

/// A name as a header carries it: as it is, or wrapped when it holds what a header cannot.
pub(super) fn header_text(name: &str) -> String {
    let is_plain = name.bytes().all(|byte| (0x20..0x7f).contains(&byte))
        && name.trim() == name
        && !(name.starts_with("=?base64?") && name.ends_with("?="));
    if is_plain {
        return name.to_owned();
    }
    format!(
        "=?base64?{}?=",
        base64::engine::general_purpose::STANDARD.encode(name)
    )
}
