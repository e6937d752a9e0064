//! The CSRF token and the cookies it belongs to. SAP hands both out on a GET of the service root and wants both back with
//! the write. One writer at a time, or two of them spoil each other's session.

use std::collections::BTreeMap;
use std::time::Duration;

use andon_domain::{PortError, PortErrorKind, System};
use reqwest::header::SET_COOKIE;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;

use super::Sap;
use super::names::Service;
use crate::transport::{Answer, Call};

/// SAP ends a session after about 30 minutes; ours is fetched again well before.
const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// A token with its cookies.
#[derive(Debug, Clone)]
pub(super) struct Session {
    token: String,
    cookies: BTreeMap<String, String>,
    fetched: Instant,
    /// Which credentials it was fetched with.
    generation: u64,
}

/// The connection's one write session.
#[derive(Default)]
pub(super) struct Sessions(Mutex<Option<Session>>);

/// Leave to write; held until the answer is there.
pub(super) type Turn<'a> = MutexGuard<'a, Option<Session>>;

impl Session {
    /// The call with token and cookies.
    pub(super) fn sign(&self, call: Call) -> Call {
        let cookies: Vec<_> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let call = call.header("x-csrf-token", &self.token);
        if cookies.is_empty() {
            call
        } else {
            call.header("cookie", &cookies.join("; "))
        }
    }
}

impl Sap {
    /// Waits for the turn to write.
    pub(super) async fn turn(&self) -> Turn<'_> {
        self.session.0.lock().await
    }

    /// A usable session: the kept one, or a new one.
    pub(super) async fn session(&self, turn: &mut Turn<'_>, service: Service) -> Result<Session, PortError> {
        let generation = self.transport.generation();
        if let Some(kept) = turn.as_ref()
            && kept.fetched.elapsed() < LIFETIME
            && kept.generation == generation
        {
            return Ok(kept.clone());
        }
        **turn = None;
        // GET and the trailing slash: HEAD or no slash is redirected or refused by some releases.
        let address = self.address(service, "", &[("$format", "json")]);
        let call = Call::new(address)
            .header("accept", "application/json")
            .header("accept-language", &self.config.language)
            .header("x-csrf-token", "Fetch");
        let answer = self.answer(call).await?;
        let token = answer.header("x-csrf-token");
        if token.is_empty() || token.eq_ignore_ascii_case("required") {
            return Err(answer.failure(System::Sap, PortErrorKind::Protocol, "gave no token for writing"));
        }
        let session = Session {
            token: token.to_owned(),
            cookies: cookies(&answer),
            fetched: Instant::now(),
            generation,
        };
        **turn = Some(session.clone());
        Ok(session)
    }
}

/// All cookies of an answer. Their names differ from system to system, so every one is kept.
fn cookies(answer: &Answer) -> BTreeMap<String, String> {
    let texts = answer
        .headers
        .get_all(SET_COOKIE)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    let pairs = texts.filter_map(|text| text.split(';').next()?.split_once('='));
    pairs
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect()
}

/// Whether SAP refused a write only for its token.
pub(super) fn wants_token(answer: &Answer) -> bool {
    answer.status == 403 && answer.header("x-csrf-token").eq_ignore_ascii_case("required")
}
