//! What goes into and comes out of a connection: settings, limits, a request, its answer or its failure.

use std::path::PathBuf;
use std::time::Duration;

use andon_domain::{PortError, PortErrorKind, System, Timestamp};
use bytes::Bytes;
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderValue};

use super::auth::AuthKind;
use super::endpoint::HttpRule;
use super::outage::{Errand, Evidence};
use super::resolver::Names;
use super::retry::{is_later, retry_after};

/// Limits of a connection. The defaults are what the documentation promises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Time to connect.
    pub connect: Duration,
    /// Silence allowed while reading, and before the answer of a read begins.
    pub idle: Duration,
    /// Time for a call, all attempts and waits together.
    pub total: Duration,
    /// Decompressed bytes of an answer.
    pub body: usize,
    /// Attempts of a read.
    pub attempts: u32,
    /// First step of the back-off.
    pub back_off: Duration,
    /// Connections kept open without use.
    pub idle_connections: usize,
    /// Requests at the same time.
    pub open_requests: usize,
    /// Calls in a row that the system does not answer, after which it counts as down and is only probed.
    pub down_after: u32,
    /// Pause before the first probe; it doubles with each one that fails.
    pub first_pause: Duration,
    /// Longest pause between two probes.
    pub longest_pause: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            idle: Duration::from_secs(15),
            total: Duration::from_secs(60),
            body: 32 * 1024 * 1024,
            attempts: 4,
            back_off: Duration::from_millis(200),
            idle_connections: 20,
            open_requests: 100,
            down_after: 3,
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(30),
        }
    }
}

/// What a connection is made of.
#[derive(Debug, Clone)]
pub struct TransportSettings {
    /// For messages.
    pub system: System,
    /// The one address; nothing else is ever contacted.
    pub endpoint: Url,
    /// Whether plain HTTP may leave this machine.
    pub http: HttpRule,
    /// How to log on.
    pub auth: AuthKind,
    /// Certificates to trust besides the operating system's.
    pub ca_file: Option<PathBuf>,
    /// Who turns the names of the system and of its token service into addresses.
    pub names: Names,
    /// Limits.
    pub limits: Limits,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Call {
    /// Where; must be of the connection's origin.
    pub url: Url,
    /// Headers besides `Authorization`.
    pub headers: HeaderMap,
    /// Body of a write.
    pub body: Option<Bytes>,
    /// Whether to log on.
    pub is_authenticated: bool,
    /// Attempts, when fewer than the connection's.
    pub attempts: Option<u32>,
    /// Time for the call, when shorter than the connection's.
    pub total: Option<Duration>,
    /// What it is for.
    pub errand: Errand,
}

impl Call {
    /// A request with credentials and nothing special.
    #[must_use]
    pub fn new(url: Url) -> Self {
        Self {
            url,
            headers: HeaderMap::new(),
            body: None,
            is_authenticated: true,
            attempts: None,
            total: None,
            errand: Errand::default(),
        }
    }

    /// Adds a header; a value that cannot be sent is left out.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }
}

/// What an answer says about the logon it was asked for with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Logon {
    /// The system let us in.
    Accepted,
    /// It did not, whatever the status says.
    Refused,
    /// Nothing: whoever answered need not have looked at the credentials.
    Open,
}

impl Logon {
    /// By the status alone: a failing server may not have looked at the credentials yet.
    pub(super) const fn by_status(answer: &Answer) -> Self {
        match answer.status {
            500.. => Self::Open,
            _ => Self::Accepted,
        }
    }
}

/// An answer with any status but 401 for a request with credentials.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Decompressed body.
    pub body: Vec<u8>,
    /// Attempts it took.
    pub attempts: u32,
    /// Time of all attempts and waits.
    pub elapsed: Duration,
    /// Time of the last attempt until its headers were there.
    pub round_trip: Duration,
    /// When they were.
    pub answered_at: Timestamp,
}

impl Answer {
    /// Text of a header; empty when absent or not text.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// A failure that carries this answer's attempts, and how long it asks us to wait where it says "later".
    #[must_use]
    pub fn failure(&self, system: System, kind: PortErrorKind, message: impl Into<String>) -> PortError {
        PortError {
            attempts: self.attempts,
            elapsed: self.elapsed,
            retry_after: is_later(self.status)
                .then(|| retry_after(&self.headers, self.answered_at))
                .flatten(),
            ..PortError::new(system, kind, message)
        }
    }
}

/// Whether a failed request can have reached the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// Surely not.
    No,
    /// It may have.
    Maybe,
}

/// A request without a usable answer.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What happened.
    pub error: PortError,
    /// Whether it can have reached the system.
    pub sent: Sent,
    /// Whether another attempt of a read makes sense.
    pub(super) may_help_to_retry: bool,
    /// How long the other side wants us to wait before it.
    pub(super) wait: Option<Duration>,
    /// What it says about the system.
    pub(super) evidence: Evidence,
}

impl Failure {
    /// The system was asked and answered something that no attempt would change.
    pub(super) fn of(error: PortError) -> Self {
        Self {
            error,
            sent: Sent::Maybe,
            may_help_to_retry: false,
            wait: None,
            evidence: Evidence::Answered,
        }
    }

    /// The system was not asked.
    pub(super) fn unsent(error: PortError) -> Self {
        Self {
            sent: Sent::No,
            evidence: Evidence::Nothing,
            ..Self::of(error)
        }
    }

    /// The system was asked and did not answer.
    pub(super) fn unanswered(error: PortError) -> Self {
        Self {
            may_help_to_retry: true,
            evidence: Evidence::Unanswered,
            ..Self::of(error)
        }
    }

    /// Adds what only the log may see.
    pub(super) fn detail(self, detail: impl Into<String>) -> Self {
        Self {
            error: self.error.detail(detail),
            ..self
        }
    }
}
