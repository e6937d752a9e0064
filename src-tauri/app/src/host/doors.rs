//! Who may come in: one-time links, cookies of browsers, and the control token of `andonctl`.
//!
//! Tokens are kept as SHA-256, so that a look into memory or a dump gives no working one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use andon_api::{Console, Session};
use andon_domain::{Ids, Secret, Via};
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// How long a link may wait to be opened.
const LINK_LIFE: Duration = Duration::from_secs(600);
/// Most links that wait at a time; the oldest goes first.
const MOST_LINKS: usize = 16;
const COOKIE: &str = "andon_session";

type Hash = [u8; 32];

/// The doors of the host.
pub(crate) struct Doors {
    links: Mutex<Vec<(Hash, Instant)>>,
    browsers: Mutex<HashMap<Hash, Arc<Session>>>,
    control: (Hash, Arc<Session>),
}

/// Somebody who is in.
pub(crate) enum Entry {
    /// A browser with a cookie.
    Browser(Arc<Session>),
    /// `andonctl` with the control token.
    Control(Arc<Session>),
}

impl Entry {
    /// The session behind it.
    #[must_use]
    pub(crate) fn session(&self) -> &Session {
        match self {
            Self::Browser(session) | Self::Control(session) => session,
        }
    }
}

/// 256 random bits as text.
pub(crate) fn new_token(ids: &dyn Ids) -> String {
    let mut bytes = [0_u8; 32];
    ids.random(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

fn hash(token: &str) -> Hash {
    Sha256::digest(token.as_bytes()).into()
}

impl Doors {
    /// Doors with a fresh control token, which is returned for its file.
    #[must_use]
    pub(crate) fn new(console: &Console) -> (Arc<Self>, Secret) {
        let token = new_token(console.engine().ids());
        let control = (hash(&token), console.sign_in(Via::Cli));
        let doors = Self {
            links: Mutex::default(),
            browsers: Mutex::default(),
            control,
        };
        (Arc::new(doors), Secret::new(token))
    }

    /// A token for a link, good once.
    #[must_use]
    pub(crate) fn new_link(&self, ids: &dyn Ids) -> String {
        let token = new_token(ids);
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        if links.len() >= MOST_LINKS {
            links.remove(0);
        }
        links.push((hash(&token), Instant::now()));
        token
    }

    /// Spends a link; the cookie to set, or `None` when it is unknown, spent or too old.
    #[must_use]
    pub(crate) fn spend(&self, token: &str, console: &Console) -> Option<String> {
        let wanted = hash(token);
        {
            let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
            links.retain(|(_, made)| made.elapsed() < LINK_LIFE);
            let at = links.iter().position(|(hash, _)| hash == &wanted)?;
            links.remove(at);
        }
        let session_token = new_token(console.engine().ids());
        let session = console.sign_in(Via::Headless);
        self.browsers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(hash(&session_token), session);
        Some(format!(
            "{COOKIE}={session_token}; Path=/; HttpOnly; SameSite=Strict"
        ))
    }

    /// Who sends these headers.
    #[must_use]
    pub(crate) fn entry(&self, headers: &HeaderMap) -> Option<Entry> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        if let Some(token) = text(header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer ")) {
            return (hash(token) == self.control.0).then(|| Entry::Control(Arc::clone(&self.control.1)));
        }
        let cookies = text(header::COOKIE)?;
        let token = cookies
            .split(';')
            .find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))?;
        let browsers = self.browsers.lock().unwrap_or_else(PoisonError::into_inner);
        browsers
            .get(&hash(token))
            .map(|session| Entry::Browser(Arc::clone(session)))
    }
}
