//! Answers of the door itself: a status, a sentence, a hint, as a JSON-RPC error so that any client can show it.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};

/// A response as the server sends it.
pub(crate) type Answer = Response<BoxBody<Bytes, Infallible>>;

/// JSON-RPC's code for a server's own refusals.
pub(crate) const REFUSED: i64 = -32_000;
pub(crate) const PARSE_ERROR: i64 = -32_700;
pub(crate) const INVALID_REQUEST: i64 = -32_600;

/// Why the door stays closed.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) code: i64,
    pub(crate) message: String,
    pub(crate) hint: String,
    /// Id of the JSON-RPC request, when it was read already.
    pub(crate) id: Value,
    pub(crate) retry_after: Option<Duration>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>, hint: impl Into<String>) -> Self {
        let (message, hint) = (message.into(), hint.into());
        Self {
            status,
            code: REFUSED,
            message,
            hint,
            id: Value::Null,
            retry_after: None,
        }
    }

    /// Too much or too often.
    pub(crate) fn slow_down(message: impl Into<String>, retry_after: Duration, id: Value) -> Self {
        let hint = format!("Wait {} s, then go on.", seconds(retry_after));
        let retry_after = Some(retry_after);
        Self {
            id,
            retry_after,
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, message, hint)
        }
    }

    /// The HTTP response.
    pub(crate) fn into_answer(self) -> Answer {
        let mut data = json!({"hint": self.hint});
        if let Some(wait) = self.retry_after {
            data["retry_after_ms"] = json!(seconds(wait) * 1_000);
        }
        let error = json!({"code": self.code, "message": self.message, "data": data});
        let body = json!({"jsonrpc": "2.0", "id": self.id, "error": error}).to_string();
        let mut answer = Response::new(Full::new(Bytes::from(body)).boxed());
        *answer.status_mut() = self.status;
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match self.status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::METHOD_NOT_ALLOWED => {
                headers.insert(ALLOW, HeaderValue::from_static("GET, POST, DELETE"));
            }
            _ => {}
        }
        if let Some(wait) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds(wait)));
        }
        answer
    }
}

/// Whole seconds, rounded up, at least one.
fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0 || wait.is_zero())
}
