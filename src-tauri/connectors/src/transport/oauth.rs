//! Client credentials of OAuth2: asks the connection's token service for a token. The service has an origin of its own, and
//! the client's secret goes there and nowhere else; the token goes to the system and nowhere else.

use std::path::Path;
use std::time::Duration;

use andon_domain::{PortError, PortErrorKind, Secret, System, Timestamp};
use base64::Engine as _;
use reqwest::Url;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use serde::Deserialize;
use serde_json::Value;
use url::form_urlencoded;

use super::body;
use super::call::{Failure, Limits};
use super::endpoint::{HttpRule, check_endpoint};
use super::fault;
use super::http;
use super::resolver::Names;
use super::retry::retry_after;

/// A token is a few kilobytes at most.
const MAX_BODY: usize = 64 * 1024;
/// A token is not used in its last moments: this long before its end, or a tenth of its life if that is shorter.
const MARGIN: Duration = Duration::from_secs(60);

/// What the token service is asked.
#[derive(Debug, Clone)]
pub(super) struct Grant {
    pub(super) token_url: Url,
    pub(super) client_id: String,
    pub(super) scope: Option<String>,
}

/// The token service of a connection.
pub(super) struct TokenService {
    system: System,
    grant: Grant,
    client: reqwest::Client,
    limits: Limits,
}

/// A token and how long it may be used; absent when the service does not say.
pub(super) struct Token {
    pub(super) header: HeaderValue,
    pub(super) lifetime: Option<Duration>,
}

impl TokenService {
    pub(super) fn new(
        system: System,
        grant: Grant,
        http: HttpRule,
        ca_file: Option<&Path>,
        names: &Names,
        limits: &Limits,
    ) -> Result<Self, PortError> {
        let unusable = |message: String| PortError {
            attempts: 0,
            ..PortError::new(system, PortErrorKind::NotConfigured, message)
        };
        if let Some(problem) = check_endpoint("token_url", &grant.token_url, http) {
            let message = format!("the address of the token service {}", problem.problem);
            return Err(unusable(message).detail(problem.value));
        }
        let client = http::client(&grant.token_url, ca_file, names, limits)
            .map_err(|(message, detail)| unusable(message).detail(detail))?;
        Ok(Self {
            system,
            grant,
            client,
            limits: limits.clone(),
        })
    }

    /// Asks for a token, once. Asking has no effect there but another token, so it may be asked again.
    pub(super) async fn token(&self, secret: &Secret, now: Timestamp) -> Result<Token, Failure> {
        let asked = tokio::time::timeout(self.limits.idle, self.ask(secret, now)).await;
        asked
            .unwrap_or_else(|_| Err(fault::timed_out(self.system, "did not answer in time")))
            .map_err(of_token_service)
    }

    async fn ask(&self, secret: &Secret, now: Timestamp) -> Result<Token, Failure> {
        let request = self
            .client
            .post(self.grant.token_url.clone())
            .header(AUTHORIZATION, self.client_header(secret)?)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(self.form());
        let response = request
            .send()
            .await
            .map_err(|error| fault::broken(self.system, &error))?;
        let status = response.status().as_u16();
        let asked_for = retry_after(response.headers(), now);
        let body = body::read(response, MAX_BODY, self.limits.idle)
            .await
            .map_err(|fault| {
                let mut failure = fault::unreadable(self.system, &fault, status);
                // It is about the token: asking the system for less would change nothing.
                failure.error.code = None;
                failure
            })?;
        match status {
            200..=299 => self.read(&body),
            _ => Err(Failure {
                wait: asked_for,
                ..self.refused(status, &body)
            }),
        }
    }

    fn form(&self) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials");
        if let Some(scope) = &self.grant.scope {
            form.append_pair("scope", scope);
        }
        form.finish()
    }

    /// User and password of RFC 6749, section 2.3.1: both are encoded as in a form first.
    fn client_header(&self, secret: &Secret) -> Result<HeaderValue, Failure> {
        let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let id = encode(&self.grant.client_id);
        let pair = Secret::new(format!("{id}:{}", Secret::new(encode(secret.expose())).expose()));
        let encoded = Secret::new(base64::engine::general_purpose::STANDARD.encode(pair.expose()));
        let text = Secret::new(format!("Basic {}", encoded.expose()));
        let mut header = HeaderValue::from_str(text.expose())
            .map_err(|_| self.failure(PortErrorKind::NotConfigured, "cannot be asked with this secret"))?;
        header.set_sensitive(true);
        Ok(header)
    }

    fn read(&self, body: &[u8]) -> Result<Token, Failure> {
        #[derive(Deserialize)]
        struct Body {
            access_token: String,
            #[serde(default)]
            token_type: Option<String>,
            #[serde(default)]
            expires_in: Value,
        }
        let no_token = || self.failure(PortErrorKind::Protocol, "answered something that is not a token");
        // The parser's own message may repeat a piece of the body, so it is not kept.
        let body: Body = serde_json::from_slice(body).map_err(|_| no_token())?;
        let token = Secret::new(body.access_token);
        if body
            .token_type
            .is_some_and(|kind| !kind.trim().eq_ignore_ascii_case("bearer"))
        {
            return Err(self.failure(
                PortErrorKind::Protocol,
                "gave a token of a kind that is not known",
            ));
        }
        if token.is_empty() {
            return Err(no_token());
        }
        let text = Secret::new(format!("Bearer {}", token.expose()));
        let mut header = HeaderValue::from_str(text.expose()).map_err(|_| no_token())?;
        header.set_sensitive(true);
        Ok(Token {
            header,
            lifetime: lifetime(&body.expires_in),
        })
    }

    fn refused(&self, status: u16, body: &[u8]) -> Failure {
        let (kind, message, may_help_to_retry) = match status {
            400 | 401 | 403 => {
                let message = format!("refused the client{}", reason(body));
                (PortErrorKind::Unauthorized, message, false)
            }
            404 => (PortErrorKind::NotFound, "is not at its address".to_owned(), false),
            300..=399 => (
                PortErrorKind::Protocol,
                "sends us to another address, which is never followed".to_owned(),
                false,
            ),
            408 | 429 | 500.. => (
                PortErrorKind::Unavailable,
                "has trouble of its own".to_owned(),
                true,
            ),
            _ => (
                PortErrorKind::Protocol,
                "did not accept the request".to_owned(),
                false,
            ),
        };
        Failure {
            may_help_to_retry,
            ..self.failure(kind, &message)
        }
        .detail(format!("status {status}"))
    }

    fn failure(&self, kind: PortErrorKind, message: &str) -> Failure {
        Failure::of(PortError::new(self.system, kind, message))
    }
}

/// Says whose failure it is. The system itself was not asked.
fn of_token_service(failure: Failure) -> Failure {
    let message = format!("the token service {}", failure.error.message);
    let error = PortError {
        message,
        ..failure.error
    };
    Failure {
        may_help_to_retry: failure.may_help_to_retry,
        wait: failure.wait,
        ..Failure::unsent(error)
    }
}

/// How long a token may be used. Services give its life as a number or as a text; one that cannot be read is as good as none.
fn lifetime(expires_in: &Value) -> Option<Duration> {
    let seconds = match expires_in {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse::<f64>().ok()?,
        _ => return None,
    };
    let life = Duration::try_from_secs_f64(seconds.max(0.0)).ok()?;
    Some(life - MARGIN.min(life / 10))
}

/// The reason in the words of RFC 6749, section 5.2. Any other text of the service is not repeated.
fn reason(body: &[u8]) -> String {
    const KNOWN: [&str; 6] = [
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
    ];
    let said = serde_json::from_slice::<Value>(body)
        .ok()
        .and_then(|body| Some(body.get("error")?.as_str()?.to_owned()));
    said.filter(|said| KNOWN.contains(&said.as_str()))
        .map(|said| format!(": {said}"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_life_of_a_token_is_a_number_or_a_text_and_ends_a_little_early() {
        for (given, wanted) in [
            (json!(3600), Some(3540)),
            (json!("3600"), Some(3540)),
            (json!(100), Some(90)),
            (json!(" 100.0 "), Some(90)),
            (json!(0), Some(0)),
            (json!(-5), Some(0)),
            (json!(null), None),
            (json!("soon"), None),
            (json!(1e300), None),
            (json!("NaN"), Some(0)),
        ] {
            assert_eq!(lifetime(&given), wanted.map(Duration::from_secs), "{given}");
        }
    }

    #[test]
    fn only_the_standards_own_reasons_are_repeated() {
        assert_eq!(reason(br#"{"error":"invalid_client"}"#), ": invalid_client");
        for other in [&br#"{"error":"hunter2 is wrong"}"#[..], b"{}", b"<html>", b"[1]"] {
            assert_eq!(reason(other), "");
        }
    }

    proptest! {
        #[test]
        fn no_life_of_a_token_makes_us_panic(text in ".{0,20}", number in any::<f64>()) {
            let _ = lifetime(&json!(text));
            let _ = lifetime(&json!(number));
            let _ = lifetime(&json!(number.to_string()));
        }
    }
}
