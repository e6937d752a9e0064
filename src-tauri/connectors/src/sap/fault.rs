//! What an answer of SAP means when it is not the data asked for: error bodies as JSON or XML, logon pages, redirects.

use andon_domain::text::visible;
use andon_domain::{PortError, PortErrorKind, System};
use serde_json::Value;

use crate::transport::Answer;

/// Most characters of SAP's own words that reach a screen.
const MESSAGE_LIMIT: usize = 600;

/// An error as SAP words it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SapError {
    /// Message class and number, for example `06/321`; empty when SAP gave none.
    pub(super) code: String,
    /// SAP's words, the details after the summary.
    pub(super) message: String,
    /// What SAP's support asks for.
    pub(super) transaction: Option<String>,
}

impl SapError {
    /// Reads an error body of either form; `None` when the body has none.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(without_bom(body));
        match text.trim_start().as_bytes().first()? {
            b'{' => Self::from_json(&serde_json::from_str(&text).ok()?),
            b'<' => Self::from_xml(&text),
            _ => None,
        }
    }

    fn from_json(body: &Value) -> Option<Self> {
        let error = body.get("error").filter(|error| error.is_object())?;
        let words = |value: &Value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Object(fields) => fields.get("value").and_then(Value::as_str).map(str::to_owned),
            _ => None,
        };
        let mut parts: Vec<String> = error.get("message").and_then(words).into_iter().collect();
        let inner = error.get("innererror");
        let details = inner
            .and_then(|inner| inner.get("errordetails"))
            .and_then(Value::as_array);
        for detail in details.into_iter().flatten() {
            // The gateway closes every list with a line that says only that there was an exception.
            let is_noise = detail
                .get("code")
                .and_then(Value::as_str)
                .is_some_and(|code| code.starts_with("/IWBEP/CX_MGW_BUSI"));
            let text = detail.get("message").and_then(words).filter(|_| !is_noise);
            parts.extend(text.filter(|text| !parts.contains(text)));
        }
        let transaction = inner
            .and_then(|inner| inner.get("transactionid"))
            .and_then(Value::as_str);
        Some(Self {
            code: error
                .get("code")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            message: visible(&parts.join("; "), MESSAGE_LIMIT),
            transaction: transaction.map(str::to_owned),
        })
    }

    fn from_xml(text: &str) -> Option<Self> {
        let head = text.get(..text.len().min(512)).unwrap_or_default();
        if !head.contains("<error") && !head.contains(":error") {
            return None;
        }
        let message = element(text, "message")?;
        Some(Self {
            code: element(text, "code").unwrap_or_default(),
            message: visible(&message, MESSAGE_LIMIT),
            transaction: element(text, "transactionid"),
        })
    }
}

/// Text of the first element of this name. Enough for error bodies, which are flat; no XML parser meets a stranger's text.
fn element(text: &str, name: &str) -> Option<String> {
    let mut rest = text;
    loop {
        let at = rest.find(&format!("<{name}"))?;
        rest = &rest[at + 1 + name.len()..];
        // The name must end here, or it is a longer one.
        if !rest.starts_with(['>', ' ', '\n', '\r', '\t']) {
            continue;
        }
        let inner = &rest[rest.find('>')? + 1..];
        let inner = &inner[..inner.find('<')?];
        let plain = inner
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&apos;", "'");
        return Some(plain.replace("&amp;", "&").trim().to_owned()).filter(|text| !text.is_empty());
    }
}

pub(super) fn without_bom(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body)
}

/// Whether the body is a web page, whatever its `Content-Type` says.
pub(super) fn is_web_page(answer: &Answer) -> bool {
    let start: String = String::from_utf8_lossy(&answer.body).chars().take(200).collect();
    let start = start
        .trim_start_matches('\u{feff}')
        .trim_start()
        .to_ascii_lowercase();
    start.starts_with("<!doctype html")
        || start.starts_with("<html")
        || (answer.header("content-type").starts_with("text/html") && start.starts_with('<'))
}

fn is_logon_page(answer: &Answer) -> bool {
    let text = String::from_utf8_lossy(&answer.body).to_ascii_lowercase();
    text.contains("type=\"password\"")
        || text.contains("sap-password")
        || text.contains("logon")
        || text.contains("login")
}

/// The failure an answer stands for that is not what was asked for.
pub(super) fn failure(answer: &Answer) -> PortError {
    let fail = |kind, message: String| answer.failure(System::Sap, kind, message);
    let detail = || {
        format!(
            "status {}: {}",
            answer.status,
            visible(&String::from_utf8_lossy(&answer.body), 1_000)
        )
    };
    if let Some(error) = SapError::read(&answer.body).filter(|_| answer.status >= 400) {
        let transaction = error.transaction.as_deref().unwrap_or("none");
        let (kind, message) = worded(answer.status, &error);
        return fail(kind, message).detail(format!(
            "status {}, code {}, transaction {transaction}",
            answer.status, error.code
        ));
    }
    if is_web_page(answer) && answer.status < 400 {
        let (kind, message) = if is_logon_page(answer) {
            (
                PortErrorKind::Unauthorized,
                "shows its logon page instead of data; the logon was not accepted",
            )
        } else {
            (
                PortErrorKind::Protocol,
                "answers with a web page instead of data; the address may not be an OData service",
            )
        };
        return fail(kind, message.to_owned()).detail(detail());
    }
    let (kind, message) = match answer.status {
        300..=399 => (
            PortErrorKind::Protocol,
            "sends us to another address, which is never followed",
        ),
        400 => (PortErrorKind::Rejected, "did not accept the request"),
        403 => (
            PortErrorKind::Forbidden,
            "does not permit this to the connection's user",
        ),
        404 => (PortErrorKind::NotFound, "has nothing at this address"),
        412 | 428 => (PortErrorKind::Conflict, "says that it was changed meanwhile"),
        429 => (PortErrorKind::Unavailable, "asks for fewer requests"),
        503 => (PortErrorKind::Unavailable, "is overloaded or being maintained"),
        500.. => (PortErrorKind::Unavailable, "has trouble of its own"),
        _ => (PortErrorKind::Protocol, "answered something that is not OData"),
    };
    fail(kind, message.to_owned()).detail(detail())
}

fn worded(status: u16, error: &SapError) -> (PortErrorKind, String) {
    let SapError { code, message, .. } = error;
    let said = if message.is_empty() {
        "no reason given"
    } else {
        message
    };
    match status {
        404 if code.starts_with("/IWFND/MED/") => (
            PortErrorKind::NotFound,
            "does not offer this service; it must be activated in SAP".to_owned(),
        ),
        404 => (PortErrorKind::NotFound, said.to_owned()),
        403 => (PortErrorKind::Forbidden, said.to_owned()),
        412 | 428 => (PortErrorKind::Conflict, said.to_owned()),
        429 | 500.. => (PortErrorKind::Unavailable, said.to_owned()),
        _ => (PortErrorKind::Rejected, said.to_owned()),
    }
}

/// Texts of the `sap-message` header: what SAP warned of. An unreadable one is ignored.
pub(super) fn warnings(header: &str) -> Vec<String> {
    let Ok(message) = serde_json::from_str::<Value>(header) else {
        return Vec::new();
    };
    let details = message
        .get("details")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let mut texts: Vec<String> = Vec::new();
    for entry in std::iter::once(&message).chain(details) {
        if let Some(text) = entry.get("message").and_then(Value::as_str)
            && !text.is_empty()
        {
            let text = visible(text, 300);
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn answer(status: u16, content_type: &str, body: &str) -> Answer {
        let headers = [("content-type".parse().unwrap(), content_type.parse().unwrap())]
            .into_iter()
            .collect();
        let (elapsed, round_trip) = (Duration::ZERO, Duration::ZERO);
        Answer {
            status,
            headers,
            body: body.as_bytes().to_vec(),
            attempts: 1,
            elapsed,
            round_trip,
        }
    }

    #[test]
    fn saps_own_words_reach_the_person() {
        let body = r#"{"error":{"code":"06/321","message":{"lang":"en","value":"Supplier 1 does not exist"},"innererror":
            {"transactionid":"ABC","errordetails":[{"code":"06/321","message":"Supplier 1 does not exist"},
            {"code":"06/142","message":{"value":"Plant 1 does not exist"}},{"code":"/IWBEP/CX_MGW_BUSI_EXCEPTION","message":"x"}]}}}"#;
        let error = failure(&answer(400, "application/json", body));
        assert_eq!(
            (error.kind, error.message.as_str()),
            (
                PortErrorKind::Rejected,
                "Supplier 1 does not exist; Plant 1 does not exist"
            )
        );
        assert!(error.detail.contains("ABC"), "support asks for the transaction");
    }

    #[test]
    fn odd_error_bodies_are_tolerated() {
        for (body, message) in [
            (r#"{"error":{"code":null,"message":"plain"}}"#, "plain"),
            (
                "<?xml version=\"1.0\"?><error xmlns=\"x\"><code>SY/530</code><message xml:lang=\"en\">a &lt; b &amp; c</message></error>",
                "a < b & c",
            ),
            (r#"{"error":{}}"#, "no reason given"),
            ("", "did not accept the request"),
            ("nonsense", "did not accept the request"),
        ] {
            assert_eq!(failure(&answer(400, "application/json", body)).message, message);
        }
    }

    #[test]
    fn pages_and_redirects_are_not_data() {
        let login = "<html><form><input type=\"password\" name=\"sap-password\"></form></html>";
        assert_eq!(
            failure(&answer(200, "text/html", login)).kind,
            PortErrorKind::Unauthorized
        );
        assert_eq!(
            failure(&answer(200, "application/json", "<!DOCTYPE html><p>hello")).kind,
            PortErrorKind::Protocol
        );
        assert_eq!(
            failure(&answer(302, "text/html", "")).kind,
            PortErrorKind::Protocol
        );
        let unknown = r#"{"error":{"code":"/IWFND/MED/170","message":{"value":"No service found"}}}"#;
        let error = failure(&answer(404, "application/json", unknown));
        assert_eq!(error.kind, PortErrorKind::NotFound);
        assert!(error.message.contains("activated"));
    }

    #[test]
    fn warnings_come_from_the_sap_message_header() {
        let header = r#"{"code":"06/207","message":"Price differs","severity":"warning","details":[{"message":"Date tight"},{"message":"Price differs"}]}"#;
        assert_eq!(warnings(header), ["Price differs", "Date tight"]);
        assert!(warnings("<xml/>").is_empty());
    }
}
