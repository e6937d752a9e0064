//! Sends calls of one connection: attempts, times, and for a write the one thing that matters after a failure, whether it can
//! have reached the system. What one attempt is stands in `attempt`.

use std::sync::Arc;
use std::time::Duration;

use andon_domain::ports::Traffic;
use andon_domain::{Clock, PortError, PortErrorKind, System};
use reqwest::{Method, Url};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::attempt::Attempt;
use super::auth::{AuthKind, Authenticator, CredentialSource};
use super::call::{Answer, Call, Failure, Limits, Logon, TransportSettings};
use super::endpoint::check_endpoint;
use super::fault;
use super::http;
use super::ledger::{Entry, Ledger};
use super::oauth::{Grant, TokenService};
use super::outage::{Entrance, Errand, Evidence, IsDown, Outage, Pass};
use super::retry::{Waits, is_later, retry_after};
use super::streaming::Streaming;

/// One connection.
pub struct Transport {
    pub(super) system: System,
    pub(super) endpoint: Url,
    pub(super) client: reqwest::Client,
    pub(super) auth: Authenticator,
    pub(super) permits: Arc<Semaphore>,
    pub(super) limits: Limits,
    pub(super) outage: Outage,
    pub(super) logon_of: fn(&Answer) -> Logon,
    pub(super) clock: Arc<dyn Clock>,
    ledger: Arc<Ledger>,
}

impl Transport {
    /// Builds the connection; nothing is sent yet.
    ///
    /// # Errors
    /// [`PortErrorKind::NotConfigured`] when an address or the CA file is not acceptable.
    pub fn new(
        settings: TransportSettings,
        credentials: Arc<dyn CredentialSource>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, PortError> {
        let TransportSettings {
            system,
            endpoint,
            http,
            auth,
            ca_file,
            names,
            limits,
        } = settings;
        let unusable = |message: String| PortError {
            attempts: 0,
            ..PortError::new(system, PortErrorKind::NotConfigured, message)
        };
        if let Some(problem) = check_endpoint("endpoint", &endpoint, http) {
            return Err(unusable(format!("the address {}", problem.problem)).detail(problem.value));
        }
        let client = http::client(&endpoint, ca_file.as_deref(), &names, &limits)
            .map_err(|(message, detail)| unusable(message).detail(detail))?;
        let tokens = match &auth {
            AuthKind::OAuth2 {
                token_url,
                client_id,
                scope,
            } => {
                let grant = Grant {
                    token_url: token_url.clone(),
                    client_id: client_id.clone(),
                    scope: scope.clone(),
                };
                let ca_file = ca_file.as_deref();
                Some(TokenService::new(system, grant, http, ca_file, &names, &limits)?)
            }
            _ => None,
        };
        Ok(Self {
            system,
            endpoint,
            client,
            auth: Authenticator::new(system, auth, credentials, Arc::clone(&clock), tokens),
            permits: Arc::new(Semaphore::new(limits.open_requests)),
            outage: Outage::new(&limits),
            logon_of: Logon::by_status,
            ledger: Ledger::new(Arc::clone(&clock)),
            limits,
            clock,
        })
    }

    /// With the connector's own eye for what an answer other than a 401 says about the logon.
    #[must_use]
    pub fn with_logon(self, logon_of: fn(&Answer) -> Logon) -> Self {
        Self { logon_of, ..self }
    }

    /// The address of the connection.
    #[must_use]
    pub fn endpoint(&self) -> &Url {
        &self.endpoint
    }

    /// The credentials changed, or a person asks for another try after a refused logon.
    pub fn credentials_changed(&self) {
        self.auth.reset();
        self.outage.end_pause();
    }

    /// Whether the logon was refused and nothing is sent any more.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.auth.is_refused()
    }

    /// Changes whenever the credentials do.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.auth.generation()
    }

    /// What was exchanged since the start.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.ledger.traffic(self.outage.since())
    }

    /// Sends a GET, again where that can help. Any status but 401 is an answer; 429 and 5xx only after the last attempt.
    ///
    /// # Errors
    /// A failure without an answer, with attempts and time.
    pub async fn get(&self, call: &Call) -> Result<Answer, PortError> {
        let (started, mut entry) = (Instant::now(), self.ledger.open());
        let pass = self.enter(call, &mut entry, started).await?;
        let tried = self.try_often(call, &pass, &mut entry, started).await;
        let ended = stamp(tried, &entry, started);
        self.settle(&pass, &ended);
        entry.ended(ended.as_ref().map_err(|failure| &failure.error));
        ended.map_err(|failure| failure.error)
    }

    async fn try_often(
        &self,
        call: &Call,
        pass: &Pass<'_>,
        entry: &mut Entry,
        started: Instant,
    ) -> Result<Answer, Failure> {
        let total = self.total(call);
        // A probe is one request; only a person or a health check may want a second look.
        let most = match (pass.is_probe(), call.errand) {
            (true, Errand::Work) => 1,
            _ => self.limits.attempts,
        };
        let mut waits = Waits::new(call.attempts.unwrap_or(most).min(most), self.limits.back_off);
        let attempt = Attempt {
            method: &Method::GET,
            call,
            first_byte: self.limits.idle,
            pass,
        };
        loop {
            let left = total.saturating_sub(started.elapsed());
            let tried = self.once(attempt, left, entry).await;
            let asked_for = match &tried {
                Ok(answer) if is_later(answer.status) => retry_after(&answer.headers, self.clock.now()),
                Err(failure) if failure.may_help_to_retry => failure.wait,
                _ => return tried,
            };
            match waits.next(asked_for) {
                // When the system went down meanwhile, the others have found out what this call would.
                Some(wait) if started.elapsed() + wait < total && self.outage.closes(pass).is_none() => {
                    let system = self.system.as_str();
                    tracing::debug!(system, attempts = entry.attempts, ?wait, "a read is tried again");
                    tokio::time::sleep(wait).await;
                }
                _ => return tried,
            }
        }
    }

    /// Sends a POST, once; again only after the system refused its token, for then it executed nothing. Any status but 401
    /// is an answer. While the system counts as down, nothing is sent.
    ///
    /// # Errors
    /// [`Failure`], which says whether the request can have reached the system.
    pub async fn post(&self, call: &Call) -> Result<Answer, Failure> {
        let (started, mut entry) = (Instant::now(), self.ledger.open());
        let entered = self.outage.enter(Entrance::Write).await;
        let pass = entered.map_err(|down| Failure::unsent(self.refuse(down, &mut entry, started)))?;
        let attempt = Attempt {
            method: &Method::POST,
            call,
            first_byte: self.total(call),
            pass: &pass,
        };
        let tried = self.once(attempt, self.total(call), &mut entry).await;
        let ended = stamp(tried, &entry, started);
        self.settle(&pass, &ended);
        entry.ended(ended.as_ref().map_err(|failure| &failure.error));
        ended
    }

    /// Opens an answer whose body is read as it comes. Status 200 only; other answers come back whole.
    ///
    /// # Errors
    /// A failure without an answer.
    pub async fn open(&self, call: &Call) -> Result<Result<Streaming, Answer>, PortError> {
        let (started, mut entry) = (Instant::now(), self.ledger.open());
        let pass = self.enter(call, &mut entry, started).await?;
        let opened = match tokio::time::timeout(self.total(call), self.begin(call, &pass, &mut entry)).await {
            Ok(opened) => opened,
            Err(_) => Err(self.too_late(&entry)),
        };
        let ended = match opened {
            Ok(Begun::Stream(response, permit, round_trip)) => {
                entry.answered(round_trip);
                self.outage
                    .settle(&pass, Evidence::Answered, None, self.clock.now());
                return Ok(Ok(Streaming {
                    response,
                    system: self.system,
                    entry,
                    _permit: permit,
                }));
            }
            Ok(Begun::Whole(answer)) => stamp(Ok(answer), &entry, started),
            Err(failure) => stamp(Err(failure), &entry, started),
        };
        self.settle(&pass, &ended);
        entry.ended(ended.as_ref().map_err(|failure| &failure.error));
        ended.map(Err).map_err(|failure| failure.error)
    }

    async fn begin(&self, call: &Call, pass: &Pass<'_>, entry: &mut Entry) -> Result<Begun, Failure> {
        let permit = self.permit(pass).await?;
        let attempt = Attempt {
            method: &Method::GET,
            call,
            first_byte: self.limits.idle,
            pass,
        };
        let reply = self.send(attempt, entry).await?;
        let is_plain = !reply
            .response
            .headers()
            .contains_key(reqwest::header::CONTENT_ENCODING);
        if reply.response.status().as_u16() == 200 && is_plain {
            if let Some(admission) = &reply.admission {
                self.auth.accepted(admission);
            }
            return Ok(Begun::Stream(reply.response, permit, reply.round_trip));
        }
        Ok(Begun::Whole(self.whole(reply).await?))
    }

    fn total(&self, call: &Call) -> Duration {
        call.total.unwrap_or(self.limits.total).min(self.limits.total)
    }

    /// Leave to read, or the refusal of a call that is not sent.
    async fn enter(&self, call: &Call, entry: &mut Entry, started: Instant) -> Result<Pass<'_>, PortError> {
        let entrance = match call.errand {
            Errand::Work => Entrance::Read,
            Errand::Check => Entrance::Check,
        };
        match tokio::time::timeout(self.total(call), self.outage.enter(entrance)).await {
            Ok(Ok(pass)) => Ok(pass),
            Ok(Err(down)) => Err(self.refuse(down, entry, started)),
            // Only a check waits here, for the probe before it.
            Err(_) => {
                let message = "could not be asked in time, since a probe of it is under way";
                Err(PortError {
                    attempts: 0,
                    elapsed: started.elapsed(),
                    ..PortError::new(self.system, PortErrorKind::TimedOut, message)
                })
            }
        }
    }

    fn refuse(&self, down: IsDown, entry: &mut Entry, started: Instant) -> PortError {
        entry.refused_at_once();
        PortError {
            elapsed: started.elapsed(),
            ..fault::is_down(self.system, down)
        }
    }

    fn settle(&self, pass: &Pass<'_>, ended: &Result<Answer, Failure>) {
        let now = self.clock.now();
        let (evidence, asked_for) = match ended {
            Ok(answer) if matches!(answer.status, 502..=504) => {
                (Evidence::Unanswered, retry_after(&answer.headers, now))
            }
            Ok(_) => (Evidence::Answered, None),
            Err(failure) => (failure.evidence, None),
        };
        self.outage.settle(pass, evidence, asked_for, now);
    }
}

enum Begun {
    Stream(reqwest::Response, tokio::sync::OwnedSemaphorePermit, Duration),
    Whole(Answer),
}

/// Writes attempts and time into what came of a call. Zero attempts mean that nothing was sent.
fn stamp(tried: Result<Answer, Failure>, entry: &Entry, started: Instant) -> Result<Answer, Failure> {
    let (attempts, elapsed) = (entry.attempts, started.elapsed());
    match tried {
        Ok(answer) => Ok(Answer {
            attempts,
            elapsed,
            ..answer
        }),
        Err(failure) => {
            let error = PortError {
                attempts,
                elapsed,
                retry_after: failure.wait.or(failure.error.retry_after),
                ..failure.error
            };
            Err(Failure { error, ..failure })
        }
    }
}
