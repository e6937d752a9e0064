//! The console's answers in the protocol's form: a sentence for the model, the data as structured content, and the same data
//! as text for clients that hand a model nothing else.

use andon_api::agents::WriteAnswer;
use andon_api::wire::ReadAnswer;
use andon_api::{ApiError, ErrorCode};
use andon_domain::Timestamp;
use rmcp::model::{CallToolResult, ContentBlock};
use serde::Serialize;
use serde_json::{Value, json};

/// What the protocol puts around a result, at most.
const ENVELOPE: usize = 1024;

/// Records with where they come from and how old they are.
pub(crate) fn read(answer: &ReadAnswer) -> CallToolResult {
    let count = answer.records.len();
    let mut sentence = format!(
        "{count} {} from {} ({}, {} old{})",
        if count == 1 { "record" } else { "records" },
        answer.source.as_str(),
        answer.class.as_str(),
        age(answer.age_ms),
        if answer.from_cache { ", cached" } else { "" },
    );
    if answer.is_stale {
        sentence.push_str("; the system does not answer, this is the last it said");
    }
    if answer.next_cursor.is_some() {
        sentence.push_str("; there is more, call again with cursor set to next_cursor");
    } else if answer.is_truncated {
        sentence.push_str("; cut at a limit, ask for less");
    }
    if answer.hidden_fields > 0 {
        sentence.push_str(&format!(
            "; left out for lack of clearance: {}",
            answer.hidden.join(", ")
        ));
    }
    with_sentence(sentence, value(answer), false)
}

/// Where a write stands.
pub(crate) fn write(answer: &WriteAnswer) -> CallToolResult {
    with_sentence(write_sentence(answer), value(answer), answer.is_error())
}

/// A request that was taken back; that is what the agent wanted.
pub(crate) fn cancelled(answer: &WriteAnswer) -> CallToolResult {
    with_sentence(
        write_sentence(answer),
        value(answer),
        answer.status != "cancelled",
    )
}

/// The agent's requests.
pub(crate) fn list(requests: &[WriteAnswer]) -> CallToolResult {
    let waiting = requests.iter().filter(|request| !request.is_final()).count();
    let sentence = format!("{} requests, of which {waiting} pending", requests.len());
    with_sentence(sentence, json!({"requests": value(requests)}), false)
}

/// Why a call brought nothing.
pub(crate) fn error(error: &ApiError) -> CallToolResult {
    let sentence = match error.request_id.as_str() {
        "" => format!("{}. {}", error.message, error.hint),
        reference => format!("{}. {} (reference {reference})", error.message, error.hint),
    };
    with_sentence(sentence, value(error), true)
}

/// The result, or an error when it is larger than an answer may be.
pub(crate) fn within(result: CallToolResult, most: usize) -> CallToolResult {
    let size = serde_json::to_vec(&result).map_or(usize::MAX, |bytes| bytes.len());
    if size.saturating_add(ENVELOPE) <= most {
        return result;
    }
    error(&own(
        ErrorCode::InvalidInput,
        format!("the answer is too large, bytes at most: {most}"),
        "Call again with a smaller limit, and go on with cursor.",
    ))
}

/// What a waiting client is told.
pub(crate) fn waiting(answer: &WriteAnswer, now: Timestamp) -> String {
    match answer.expires_at {
        Some(end) => {
            let left = end.since(now).as_secs();
            format!("waiting for an operator, {}:{:02} left", left / 60, left % 60)
        }
        None if answer.is_final() => "decided".to_owned(),
        None => "approved, being carried out".to_owned(),
    }
}

/// For a tool that takes one request's id and nothing else.
pub(crate) fn needs_approval_id() -> ApiError {
    let hint = "Give the approval_id of an earlier answer, as text, and nothing else.";
    own(ErrorCode::InvalidInput, "approval_id is needed".to_owned(), hint)
}

/// When the work behind a call ended without an answer.
pub(crate) fn interrupted() -> ApiError {
    let hint = "Look at list_my_requests before asking again.";
    own(
        ErrorCode::Cancelled,
        "the console stopped before it answered".to_owned(),
        hint,
    )
}

/// An error found here, before anything was written to the log that a reference could lead to.
fn own(code: ErrorCode, message: String, hint: &str) -> ApiError {
    let hint = hint.to_owned();
    ApiError {
        code,
        message,
        hint,
        request_id: String::new(),
        system_code: None,
        parameters: Vec::new(),
        reasons: Vec::new(),
    }
}

fn write_sentence(answer: &WriteAnswer) -> String {
    let mut sentence = answer.status.clone();
    if let Some(reference) = &answer.reference {
        sentence.push_str(&format!(" ({reference})"));
    }
    if let Some(outcome) = &answer.outcome {
        sentence.push_str(&format!(": {outcome}"));
    }
    if let Some(reason) = &answer.reason {
        sentence.push_str(&format!("; reason given: {reason}"));
    }
    format!("{sentence}. {}", answer.note)
}

fn with_sentence(sentence: String, value: Value, is_error: bool) -> CallToolResult {
    let mut result = CallToolResult::structured(value);
    result.content.insert(0, ContentBlock::text(sentence));
    result.is_error = Some(is_error);
    result
}

/// Our wire types always serialise; `null` would show in the answer, not stop it.
fn value<T: Serialize + ?Sized>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

fn age(millis: u64) -> String {
    match millis / 1_000 {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3_600),
    }
}
