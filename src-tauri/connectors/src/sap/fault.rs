//! What an answer of SAP means when it is not the data asked for: error bodies as JSON or XML, logon pages, redirects.

use andon_domain::text::visible;
use andon_domain::{PortError, PortErrorKind, System};
use serde_json::Value;

use crate::transport::{Answer, Logon};

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
        let head: String = text.chars().take(512).collect();
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
    // No more than is looked at: a page of records has megabytes.
    let start = &answer.body[..answer.body.len().min(800)];
    let start = String::from_utf8_lossy(start);
    let start = start
        .trim_start_matches('\u{feff}')
        .trim_start()
        .to_ascii_lowercase();
    start.starts_with("<!doctype html")
        || start.starts_with("<html")
        || (answer.header("content-type").starts_with("text/html") && start.starts_with('<'))
}

/// What an answer says about the logon. Pages and failures of a gateway may come from before anybody looked at it.
pub(super) fn logon(answer: &Answer) -> Logon {
    if leads_to_logon(answer) || (answer.status < 400 && is_logon_page(answer)) {
        Logon::Refused
    } else if matches!(answer.status, 200..=299) && !is_web_page(answer) {
        Logon::Accepted
    } else {
        Logon::Open
    }
}

/// Stable words for what went wrong, where somebody can act on it.
pub(super) mod code {
    /// User, password or token were refused.
    pub(in crate::sap) const LOGON_REFUSED: &str = "sap_logon_refused";
    /// A logon page came instead of data, with a status that means success.
    pub(in crate::sap) const LOGON_PAGE: &str = "sap_logon_page";
    /// Another client answered than was asked for, or the client does not exist.
    pub(in crate::sap) const WRONG_CLIENT: &str = "sap_wrong_client";
    /// The service is not registered or switched off.
    pub(in crate::sap) const NOT_ACTIVE: &str = "sap_service_not_active";
    /// Nothing is at the path.
    pub(in crate::sap) const NOTHING_THERE: &str = "sap_wrong_path";
    /// The user lacks a permission.
    pub(in crate::sap) const NOT_PERMITTED: &str = "sap_not_permitted";
    /// The key belongs to no record.
    pub(in crate::sap) const NO_RECORD: &str = "sap_record_not_found";
    /// Too many requests, or maintenance.
    pub(in crate::sap) const BUSY: &str = "sap_busy";
    /// The ABAP system behind the gateway failed.
    pub(in crate::sap) const BACKEND: &str = "sap_backend_error";
    /// SAP refused the request in its own words.
    pub(in crate::sap) const REJECTED: &str = "sap_rejected";
    /// Somebody else changed the record meanwhile.
    pub(in crate::sap) const CHANGED: &str = "sap_changed_meanwhile";
    /// What answers does not speak OData V2.
    pub(in crate::sap) const NOT_ODATA: &str = "sap_not_odata";
    /// A redirect, which is never followed.
    pub(in crate::sap) const REDIRECTED: &str = "sap_redirected";
    /// The configuration says that the system lacks the field.
    pub(in crate::sap) const NO_FIELD: &str = "sap_field_not_there";
}

/// What a failure is and how it is worded.
struct Meaning {
    kind: PortErrorKind,
    code: &'static str,
    message: String,
}

impl Meaning {
    fn new(kind: PortErrorKind, code: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { kind, code, message }
    }
}

/// The failure an answer stands for that is not what was asked for. SAP's own words are shown, escaped and cut; its
/// transaction goes to the log.
pub(super) fn failure(answer: &Answer) -> PortError {
    let said = SapError::read(&answer.body).filter(|_| answer.status >= 400);
    let (meaning, detail) = match &said {
        Some(error) => {
            let transaction = error.transaction.as_deref().unwrap_or("none");
            let detail = format!(
                "status {}, code {}, transaction {}",
                answer.status,
                visible(&error.code, 100),
                visible(transaction, 100)
            );
            (worded(answer.status, error), detail)
        }
        None => {
            let body = visible(&String::from_utf8_lossy(&answer.body), 1_000);
            (unworded(answer), format!("status {}: {body}", answer.status))
        }
    };
    answer
        .failure(System::Sap, meaning.kind, meaning.message)
        .code(meaning.code)
        .detail(detail)
}

/// A failure of the transport with the word for it. After a 401 nothing more is known: SAP does not say whether the user,
/// the password or the client was wrong, so that nobody can guess.
pub(super) fn with_code(error: PortError) -> PortError {
    match error.kind {
        PortErrorKind::Unauthorized => error.code(code::LOGON_REFUSED),
        _ => error,
    }
}

/// Checks by SAP's own cookie that the wanted client answered: the same user may exist in another one, with other data.
pub(super) fn same_client(answer: &Answer, wanted: &str) -> Result<(), PortError> {
    let cookies = answer.headers.get_all(reqwest::header::SET_COOKIE);
    let context = cookies
        .into_iter()
        .filter_map(|cookie| cookie.to_str().ok()?.trim().strip_prefix("sap-usercontext="))
        .next();
    let told = context.and_then(|context| {
        let mut pairs = context.split(';').next()?.split('&');
        pairs.find_map(|pair| pair.strip_prefix("sap-client="))
    });
    match told {
        Some(told) if told != wanted => {
            let message = format!("answered from client {} and not from {wanted}", visible(told, 10));
            Err(answer
                .failure(System::Sap, PortErrorKind::NotConfigured, message)
                .code(code::WRONG_CLIENT))
        }
        _ => Ok(()),
    }
}

/// What a status means when SAP explains it.
fn worded(status: u16, error: &SapError) -> Meaning {
    let SapError {
        code: theirs,
        message,
        ..
    } = error;
    let said = if message.is_empty() {
        "no reason given"
    } else {
        message
    };
    let meaning = |kind, code| Meaning::new(kind, code, said);
    match status {
        404 if theirs.starts_with("/IWFND/MED/") => Meaning::new(
            PortErrorKind::NotFound,
            code::NOT_ACTIVE,
            "does not offer this service; it must be activated in SAP",
        ),
        404 if theirs == "/IWBEP/CM_MGW_RT/020" => meaning(PortErrorKind::NotFound, code::NO_RECORD),
        404 => meaning(PortErrorKind::NotFound, code::NOTHING_THERE),
        403 => meaning(PortErrorKind::Forbidden, code::NOT_PERMITTED),
        412 | 428 => meaning(PortErrorKind::Conflict, code::CHANGED),
        429 | 503 => meaning(PortErrorKind::Unavailable, code::BUSY),
        500.. => meaning(PortErrorKind::Unavailable, code::BACKEND),
        _ => meaning(PortErrorKind::Rejected, code::REJECTED),
    }
}

/// What an answer means that SAP does not explain.
fn unworded(answer: &Answer) -> Meaning {
    use PortErrorKind as Kind;
    let is_page = is_web_page(answer);
    let is_logon_page = answer.status < 400 && is_logon_page(answer);
    let text = String::from_utf8_lossy(&answer.body).to_ascii_lowercase();
    match answer.status {
        // The page of the web server for an unknown client stands there before anybody could log on.
        400.. if is_page && names_client(&text) => Meaning::new(
            Kind::NotConfigured,
            code::WRONG_CLIENT,
            "says that the SAP client does not exist",
        ),
        ..400 if is_logon_page => Meaning::new(
            Kind::Unauthorized,
            code::LOGON_PAGE,
            "shows its logon page instead of data; the logon was not accepted",
        ),
        300..=399 if leads_to_logon(answer) => Meaning::new(
            Kind::Unauthorized,
            code::LOGON_PAGE,
            "sends us to a logon page instead of data; the logon was not accepted",
        ),
        ..300 if is_page => Meaning::new(
            Kind::Protocol,
            code::NOT_ODATA,
            "answers with a web page instead of data; the address may not be an OData service",
        ),
        300..=399 => Meaning::new(
            Kind::Protocol,
            code::REDIRECTED,
            "sends us to another address, which is never followed",
        ),
        400 => Meaning::new(Kind::Rejected, code::REJECTED, "did not accept the request"),
        // The web server's own page, before any authorisation is looked at: the node is switched off in SICF.
        403 if is_page && (text.contains("service inactive") || text.contains("not active")) => Meaning::new(
            Kind::NotFound,
            code::NOT_ACTIVE,
            "does not offer this service; it must be activated in SAP",
        ),
        403 => Meaning::new(
            Kind::Forbidden,
            code::NOT_PERMITTED,
            "does not permit this to the connection's user",
        ),
        404 => Meaning::new(Kind::NotFound, code::NOTHING_THERE, "has nothing at this address"),
        412 | 428 => Meaning::new(
            Kind::Conflict,
            code::CHANGED,
            "says that it was changed meanwhile",
        ),
        429 => Meaning::new(Kind::Unavailable, code::BUSY, "asks for fewer requests"),
        503 => Meaning::new(Kind::Unavailable, code::BUSY, "is overloaded or being maintained"),
        500.. => Meaning::new(Kind::Unavailable, code::BACKEND, "has trouble of its own"),
        _ => Meaning::new(
            Kind::Protocol,
            code::NOT_ODATA,
            "answered something that is not OData",
        ),
    }
}

/// Whether a page complains about the client, in the languages its wording is known in.
fn names_client(page: &str) -> bool {
    let complaints = ["not available", "does not exist", "nicht verf", "existiert nicht"];
    ["client ", "mandant "].iter().any(|word| {
        page.match_indices(word).any(|(at, _)| {
            let after = &page[at + word.len()..];
            let digits = after.bytes().take_while(u8::is_ascii_digit).count();
            let near: String = after.chars().take(60).collect();
            digits == 3 && complaints.iter().any(|complaint| near.contains(complaint))
        })
    })
}

fn is_logon_page(answer: &Answer) -> bool {
    if !is_web_page(answer) {
        return false;
    }
    let page = String::from_utf8_lossy(&answer.body).to_ascii_lowercase();
    ["type=\"password\"", "sap-password", "logon", "login"]
        .iter()
        .any(|mark| page.contains(mark))
}

/// Whether a redirect goes to where people log on, by the usual words in such addresses.
fn leads_to_logon(answer: &Answer) -> bool {
    let target = answer.header("location").to_ascii_lowercase();
    let marks = [
        "login", "logon", "signin", "saml", "sso", "oauth2", "openid", "/adfs/",
    ];
    matches!(answer.status, 300..=399) && marks.iter().any(|mark| target.contains(mark))
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

    use andon_domain::Timestamp;

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
            answered_at: Timestamp::from_millis(0),
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
            (
                &format!(
                    "<!--{}é--><error><code>1</code><message>zu früh</message></error>",
                    "x".repeat(507)
                ),
                "did not accept the request",
            ),
            (
                &format!(
                    "<error a=\"{}é\"><message>zu früh</message></error>",
                    "x".repeat(501)
                ),
                "zu früh",
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
