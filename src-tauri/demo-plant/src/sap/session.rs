//! Logon sessions and their CSRF tokens: cookie and token belong together and end after half an hour.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, header};

const LIFETIME: Duration = Duration::from_secs(30 * 60);
const MOST: usize = 1000;

pub(crate) const SESSION_COOKIE: &str = "SAP_SESSIONID_DMO_100";
pub(crate) const XSRF_COOKIE: &str = "sap-XSRF_DMO_100";

/// The open sessions.
#[derive(Debug, Default)]
pub(crate) struct Sessions(HashMap<String, Session>);

#[derive(Debug, Clone)]
struct Session {
    token: String,
    xsrf: String,
    opened: Instant,
}

/// What a fetch hands out: the token and the cookies that go with it.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) token: String,
    pub(crate) cookies: [String; 2],
}

impl Sessions {
    /// A token for the caller's session, or a new session.
    pub(crate) fn fetch(&mut self, headers: &HeaderMap, now: Instant) -> Fetched {
        self.0
            .retain(|_, session| now.duration_since(session.opened) < LIFETIME);
        let known = cookie(headers, SESSION_COOKIE).filter(|id| self.0.contains_key(id));
        let id = known.unwrap_or_else(random);
        if self.0.len() >= MOST {
            self.0.clear();
        }
        let session = self.0.entry(id.clone()).or_insert_with(|| Session {
            token: format!("{}==", random()),
            xsrf: random(),
            opened: now,
        });
        Fetched {
            token: session.token.clone(),
            cookies: [
                format!("{SESSION_COOKIE}={id}; path=/; HttpOnly"),
                format!("{XSRF_COOKIE}={}; path=/; HttpOnly", session.xsrf),
            ],
        }
    }

    /// Whether a changing request carries the token and both cookies of one living session.
    pub(crate) fn admits(&self, headers: &HeaderMap, now: Instant) -> bool {
        let token = headers.get("x-csrf-token").and_then(|value| value.to_str().ok());
        let session = cookie(headers, SESSION_COOKIE).and_then(|id| self.0.get(&id));
        let xsrf = cookie(headers, XSRF_COOKIE);
        match (token, session, xsrf) {
            (Some(token), Some(session), Some(xsrf)) => {
                session.token == token
                    && session.xsrf == xsrf
                    && now.duration_since(session.opened) < LIFETIME
            }
            _ => false,
        }
    }
}

fn random() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .find_map(|pair| {
            pair.trim()
                .strip_prefix(name)?
                .strip_prefix('=')
                .map(str::to_owned)
        })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn request(token: &str, cookies: &[String]) -> HeaderMap {
        let pairs: Vec<&str> = cookies.iter().filter_map(|line| line.split(';').next()).collect();
        let mut headers = HeaderMap::new();
        headers.insert("x-csrf-token", HeaderValue::from_str(token).unwrap());
        headers.insert(header::COOKIE, HeaderValue::from_str(&pairs.join("; ")).unwrap());
        headers
    }

    #[test]
    fn a_token_needs_both_cookies_and_lives_half_an_hour() {
        let mut sessions = Sessions::default();
        let now = Instant::now();
        let fetched = sessions.fetch(&HeaderMap::new(), now);
        assert!(
            sessions.admits(&request(&fetched.token, &fetched.cookies), now),
            "a fresh token"
        );
        assert!(
            !sessions.admits(&request("wrong", &fetched.cookies), now),
            "a wrong token"
        );
        assert!(
            !sessions.admits(&request(&fetched.token, &fetched.cookies[..1]), now),
            "one cookie missing"
        );
        let later = now + Duration::from_secs(31 * 60);
        assert!(
            !sessions.admits(&request(&fetched.token, &fetched.cookies), later),
            "an old token"
        );
    }

    #[test]
    fn a_living_session_keeps_its_token() {
        let mut sessions = Sessions::default();
        let now = Instant::now();
        let first = sessions.fetch(&HeaderMap::new(), now);
        let again = sessions.fetch(&request("Fetch", &first.cookies), now);
        assert_eq!(first.token, again.token);
    }
}
