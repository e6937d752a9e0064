//! How the MES answers over HTTP: JSON, compressed where the caller takes it, 304 for what he has, problems as RFC 9457.

use std::io::Write as _;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::list::Problem;

/// Smaller bodies gain nothing.
const WORTH_COMPRESSING: usize = 1024;

pub(crate) fn json_response(status: StatusCode, body: &Value, asked: &HeaderMap) -> Response {
    let text = body.to_string();
    let takes_gzip = asked
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .is_some_and(accepts_gzip);
    let compressed = (takes_gzip && text.len() >= WORTH_COMPRESSING)
        .then(|| gzip(text.as_bytes()).ok())
        .flatten();
    let is_compressed = compressed.is_some();
    let mut response = Response::new(compressed.map_or_else(|| Body::from(text), Body::from));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    if is_compressed {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

/// The body, or 304 when the caller has it already.
pub(crate) fn conditional(body: &Value, etag: &str, asked: &HeaderMap) -> Response {
    let known = asked
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok());
    let strong = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let has_it = known.is_some_and(|known| {
        known
            .split(',')
            .any(|tag| tag.trim() == "*" || strong(tag) == strong(etag))
    });
    let mut response = if has_it {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        json_response(StatusCode::OK, body, asked)
    };
    tag(&mut response, etag);
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

pub(crate) fn tag(response: &mut Response, etag: &str) {
    if let Ok(value) = HeaderValue::from_str(etag) {
        response.headers_mut().insert(header::ETAG, value);
    }
}

pub(crate) fn problem_body(problem: &Problem) -> Value {
    json!({
        "type": "about:blank", "title": problem.title, "status": problem.status, "detail": problem.detail,
        "trace_id": uuid::Uuid::new_v4().simple().to_string(),
    })
}

pub(crate) fn problem(problem: &Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = json_response(status, &problem_body(problem), &HeaderMap::new());
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static("Bearer realm=\"demo-plant\""),
        );
    }
    response
}

/// 405 with what is allowed instead.
pub(crate) fn not_allowed(allowed: &'static str) -> Response {
    let detail = format!("only {allowed} can be asked for here");
    let mut response = problem(&Problem::new(405, "Method Not Allowed", detail));
    response
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static(allowed));
    response
}

/// 503 with the time to wait in seconds.
pub(crate) fn busy(detail: &str) -> Response {
    let mut response = problem(&Problem::new(503, "Service Unavailable", detail));
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
    response
}

/// 429 with the time to come back as a date, the other form that is allowed.
pub(crate) fn too_many(now_ms: i64) -> Response {
    let mut response = problem(&Problem::new(429, "Too Many Requests", "fewer requests, please"));
    let date = jiff::Timestamp::from_millisecond(now_ms + 3_000)
        .unwrap_or_default()
        .strftime("%a, %d %b %Y %H:%M:%S GMT")
        .to_string();
    if let Ok(value) = HeaderValue::from_str(&date) {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}

fn accepts_gzip(accepted: &str) -> bool {
    accepted.split(',').any(|coding| {
        let (name, quality) = coding.split_once(';').unwrap_or((coding, ""));
        name.trim().eq_ignore_ascii_case("gzip") && quality.replace(' ', "") != "q=0"
    })
}

fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}
