//! Who may come in: one-time links, cookies of browsers, and the control token of `andonctl`.
//!
//! Tokens are kept as SHA-256, so that a look into memory or a dump gives no working one, and only in memory: a new start
//! lets nobody in who was in before. Times count while the machine sleeps.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use andon_api::{Console, Session};
use andon_domain::{Ids, Secret, Via};
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// How long a link may wait to be opened.
pub(crate) const LINK_LIFE_MS: u64 = 10 * 60 * 1_000;
/// Most links that wait at a time; the oldest goes first.
pub(crate) const MOST_LINKS: usize = 16;
/// How long a browser stays in without asking anything.
pub(crate) const IDLE_MS: u64 = 12 * 60 * 60 * 1_000;
/// Most browsers that are in at a time; who was quiet the longest goes first.
pub(crate) const MOST_BROWSERS: usize = 64;

type Hash = [u8; 32];

/// The doors of the host.
pub(crate) struct Doors {
    console: Arc<Console>,
    links: Mutex<Vec<(Hash, u64)>>,
    browsers: Mutex<HashMap<Hash, Browser>>,
    control: (Hash, Arc<Session>),
}

struct Browser {
    session: Arc<Session>,
    seen_ms: u64,
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
fn new_token(ids: &dyn Ids) -> String {
    let mut bytes = [0_u8; 32];
    ids.random(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

fn hash(token: &str) -> Hash {
    Sha256::digest(token.as_bytes()).into()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Browsers keep cookies by name and host, not by port: the port makes the name, so that two consoles on one machine do
/// not put each other's people out.
fn cookie_name(port: u16) -> String {
    format!("andon_session_{port}")
}

impl Doors {
    /// Doors with a fresh control token, which is returned for its file.
    #[must_use]
    pub(crate) fn new(console: &Arc<Console>) -> (Arc<Self>, Secret) {
        let token = new_token(console.engine().ids());
        let doors = Self {
            console: Arc::clone(console),
            links: Mutex::default(),
            browsers: Mutex::default(),
            control: (hash(&token), console.sign_in(Via::Cli)),
        };
        (Arc::new(doors), Secret::new(token))
    }

    fn now_ms(&self) -> u64 {
        self.console.engine().clock().moment().boot_ms
    }

    /// A token for a link, good once.
    #[must_use]
    pub(crate) fn new_link(&self) -> String {
        let token = new_token(self.console.engine().ids());
        let mut links = lock(&self.links);
        if links.len() >= MOST_LINKS {
            links.remove(0);
        }
        links.push((hash(&token), self.now_ms()));
        token
    }

    /// Spends a link; the cookie to set, or `None` when it is unknown, spent or too old.
    #[must_use]
    pub(crate) fn spend(&self, token: &str, port: u16) -> Option<String> {
        let (wanted, now_ms) = (hash(token), self.now_ms());
        {
            let mut links = lock(&self.links);
            links.retain(|(_, made_ms)| now_ms.saturating_sub(*made_ms) < LINK_LIFE_MS);
            let at = links.iter().position(|(hash, _)| hash == &wanted)?;
            links.remove(at);
        }
        let session_token = new_token(self.console.engine().ids());
        let browser = Browser {
            session: self.console.sign_in(Via::Headless),
            seen_ms: now_ms,
        };
        let mut browsers = lock(&self.browsers);
        browsers.retain(|_, browser| browser.is_awake(now_ms));
        if browsers.len() >= MOST_BROWSERS {
            let quietest = browsers.iter().min_by_key(|(_, browser)| browser.seen_ms);
            if let Some(quietest) = quietest.map(|(hash, _)| *hash) {
                browsers.remove(&quietest);
            }
        }
        browsers.insert(hash(&session_token), browser);
        let name = cookie_name(port);
        Some(format!(
            "{name}={session_token}; Path=/; HttpOnly; SameSite=Strict"
        ))
    }

    /// Who sends these headers to this port.
    #[must_use]
    pub(crate) fn entry(&self, headers: &HeaderMap, port: u16) -> Option<Entry> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        if let Some(token) = text(header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer ")) {
            return (hash(token) == self.control.0).then(|| Entry::Control(Arc::clone(&self.control.1)));
        }
        let (name, now_ms) = (cookie_name(port), self.now_ms());
        let mut browsers = lock(&self.browsers);
        browsers.retain(|_, browser| browser.is_awake(now_ms));
        // The same name may come twice, from an earlier console on this port.
        let cookies = headers.get_all(header::COOKIE).iter();
        let mut pairs = cookies
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'));
        pairs.find_map(|pair| {
            let token = pair.trim().strip_prefix(name.as_str())?.strip_prefix('=')?;
            let browser = browsers.get_mut(&hash(token))?;
            browser.seen_ms = now_ms;
            Some(Entry::Browser(Arc::clone(&browser.session)))
        })
    }
}

impl Browser {
    const fn is_awake(&self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.seen_ms) < IDLE_MS
    }
}
