//! Sends requests of one connection: attempts, times, limits, and for a write the one thing that matters after a failure,
//! whether it can have reached the system.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use andon_domain::{PortError, PortErrorKind, System};
use bytes::Bytes;
use reqwest::header::{ACCEPT_ENCODING, AUTHORIZATION, HeaderMap};
use reqwest::{Method, Url};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::auth::{Admission, Authenticator, CredentialSource};
use super::body::{self, BodyFault};
use super::call::{Answer, Call, Failure, Limits, Sent, TransportSettings};
use super::endpoint::check_endpoint;
use super::resolver::{CheckedResolver, ForbiddenAddress};
use super::retry::{Waits, is_later, retry_after};
use super::tls::{self, Roots};

/// An answer whose body is read as it comes. Dropping it closes the connection.
#[derive(Debug)]
pub struct Streaming {
    response: reqwest::Response,
    system: System,
    _permit: OwnedSemaphorePermit,
}

impl Streaming {
    /// Headers of the answer.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// The next piece; `None` at the end. Fails after `silence` without any.
    ///
    /// # Errors
    /// [`PortErrorKind::Unavailable`] when the connection broke or went silent.
    pub async fn next(&mut self, silence: Duration) -> Result<Option<Bytes>, PortError> {
        match tokio::time::timeout(silence, self.response.chunk()).await {
            Ok(Ok(piece)) => Ok(piece),
            Ok(Err(e)) => Err(
                PortError::new(self.system, PortErrorKind::Unavailable, "the stream broke").detail(chain(&e)),
            ),
            Err(_) => Err(PortError::new(
                self.system,
                PortErrorKind::Unavailable,
                "the stream went silent",
            )),
        }
    }
}

/// One connection.
pub struct Transport {
    system: System,
    endpoint: Url,
    client: reqwest::Client,
    auth: Authenticator,
    permits: Arc<Semaphore>,
    limits: Limits,
}

impl Transport {
    /// Builds the connection; nothing is sent yet.
    ///
    /// # Errors
    /// [`PortErrorKind::NotConfigured`] when the address or the CA file is not acceptable.
    pub fn new(
        settings: TransportSettings,
        credentials: Arc<dyn CredentialSource>,
    ) -> Result<Self, PortError> {
        let TransportSettings {
            system,
            endpoint,
            http,
            auth,
            ca_file,
            limits,
        } = settings;
        let unusable = |message: String| PortError {
            attempts: 0,
            ..PortError::new(system, PortErrorKind::NotConfigured, message)
        };
        if let Some(problem) = check_endpoint("endpoint", &endpoint, http) {
            return Err(unusable(format!("the address {}", problem.problem)).detail(problem.value));
        }
        let roots = if endpoint.scheme() == "https" {
            Roots::System
        } else {
            Roots::None
        };
        let tls = tls::client_config(roots, ca_file.as_deref())
            .map_err(|detail| unusable("the CA file cannot be used".to_owned()).detail(detail))?;
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .dns_resolver(CheckedResolver)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            // Bodies are decompressed by us, to see both sizes.
            .no_gzip()
            .connect_timeout(limits.connect)
            .pool_max_idle_per_host(limits.idle_connections)
            // Shorter than what servers usually keep, so that a write does not meet a connection just closed.
            .pool_idle_timeout(Duration::from_secs(25))
            .tcp_keepalive(Duration::from_secs(30))
            .user_agent(concat!("andon/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|e| unusable("the connection cannot be set up".to_owned()).detail(chain(&e)))?;
        let permits = Arc::new(Semaphore::new(limits.open_requests));
        Ok(Self {
            system,
            endpoint,
            client,
            auth: Authenticator::new(system, auth, credentials),
            permits,
            limits,
        })
    }

    /// The address of the connection.
    #[must_use]
    pub fn endpoint(&self) -> &Url {
        &self.endpoint
    }

    /// The credentials changed, or a person asks for another try after a refused logon.
    pub fn credentials_changed(&self) {
        self.auth.reset();
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

    /// Sends a GET, again where that can help. Any status but 401 is an answer; 429 and 5xx only after the last attempt.
    ///
    /// # Errors
    /// A failure without an answer, with attempts and time.
    pub async fn get(&self, call: &Call) -> Result<Answer, PortError> {
        let started = Instant::now();
        let total = call.total.unwrap_or(self.limits.total).min(self.limits.total);
        let attempts = call
            .attempts
            .unwrap_or(self.limits.attempts)
            .min(self.limits.attempts);
        let mut waits = Waits::new(attempts, self.limits.back_off);
        let mut attempt = 0;
        loop {
            attempt += 1;
            let left = total.saturating_sub(started.elapsed());
            let tried = tokio::time::timeout(left, self.once(&Method::GET, call, self.limits.idle)).await;
            let tried = tried.unwrap_or_else(|_| Err(self.timed_out("did not answer in time")));
            let asked_for = match &tried {
                Ok(answer) if is_later(answer.status) => retry_after(&answer.headers),
                Err(failure) if failure.may_help_to_retry => None,
                _ => return self.stamp(tried, attempt, started),
            };
            match waits.next(asked_for) {
                Some(wait) if started.elapsed() + wait < total => {
                    tracing::debug!(
                        system = self.system.as_str(),
                        attempt,
                        ?wait,
                        "a read is tried again"
                    );
                    tokio::time::sleep(wait).await;
                }
                _ => return self.stamp(tried, attempt, started),
            }
        }
    }

    fn stamp(
        &self,
        tried: Result<Answer, Failure>,
        attempts: u32,
        started: Instant,
    ) -> Result<Answer, PortError> {
        let elapsed = started.elapsed();
        match tried {
            Ok(answer) => Ok(Answer {
                attempts,
                elapsed,
                ..answer
            }),
            // Zero attempts means that nothing was sent, for example after a refused logon.
            Err(Failure { error, .. }) if error.attempts == 0 => Err(PortError { elapsed, ..error }),
            Err(Failure { error, .. }) => Err(PortError {
                attempts,
                elapsed,
                ..error
            }),
        }
    }

    /// Sends a POST, once. Any status but 401 is an answer.
    ///
    /// # Errors
    /// [`Failure`], which says whether the request can have reached the system.
    pub async fn post(&self, call: &Call) -> Result<Answer, Failure> {
        let started = Instant::now();
        let total = call.total.unwrap_or(self.limits.total).min(self.limits.total);
        let tried = tokio::time::timeout(total, self.once(&Method::POST, call, total)).await;
        let elapsed = started.elapsed();
        match tried.unwrap_or_else(|_| Err(self.timed_out("did not answer in time"))) {
            Ok(answer) => Ok(Answer { elapsed, ..answer }),
            Err(failure) => Err(Failure {
                error: PortError {
                    elapsed,
                    ..failure.error
                },
                ..failure
            }),
        }
    }

    /// Opens an answer whose body is read as it comes. Status 200 only; other answers come back whole.
    ///
    /// # Errors
    /// A failure without an answer.
    pub async fn open(&self, call: &Call) -> Result<Result<Streaming, Answer>, PortError> {
        let permit = self.permit().await?;
        let (response, round_trip) = self
            .send(&Method::GET, call, self.limits.idle)
            .await
            .map_err(|failure| failure.error)?;
        if response.status().as_u16() == 200
            && !response.headers().contains_key(reqwest::header::CONTENT_ENCODING)
        {
            return Ok(Ok(Streaming {
                response,
                system: self.system,
                _permit: permit,
            }));
        }
        let answer = self
            .whole(response, round_trip)
            .await
            .map_err(|failure| failure.error)?;
        Ok(Err(answer))
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, PortError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        permit.map_err(|_| PortError::new(self.system, PortErrorKind::Cancelled, "the connection is closed"))
    }

    /// One attempt. `first_byte` limits the time until the answer begins.
    async fn once(&self, method: &Method, call: &Call, first_byte: Duration) -> Result<Answer, Failure> {
        let _permit = self.permit().await.map_err(Failure::unsent)?;
        let (response, round_trip) = self.send(method, call, first_byte).await?;
        self.whole(response, round_trip).await
    }

    async fn send(
        &self,
        method: &Method,
        call: &Call,
        first_byte: Duration,
    ) -> Result<(reqwest::Response, Duration), Failure> {
        if call.url.origin() != self.endpoint.origin() {
            let error = PortError::new(
                self.system,
                PortErrorKind::Invalid,
                "the request would leave the connection's address",
            );
            return Err(Failure::unsent(
                PortError { attempts: 0, ..error }.detail(call.url.origin().ascii_serialization()),
            ));
        }
        let admission = match call.is_authenticated {
            true => Some(self.auth.admit().await.map_err(Failure::unsent)?),
            false => None,
        };
        let mut request = self
            .client
            .request(method.clone(), call.url.clone())
            .headers(call.headers.clone());
        if !call.headers.contains_key(ACCEPT_ENCODING) {
            request = request.header(ACCEPT_ENCODING, "gzip");
        }
        if let Some(header) = admission.as_ref().and_then(|a| a.header.clone()) {
            request = request.header(AUTHORIZATION, header);
        }
        if let Some(body) = &call.body {
            request = request.body(body.clone());
        }
        let started = Instant::now();
        let response = match tokio::time::timeout(first_byte, request.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(self.broken(&error)),
            Err(_) => return Err(self.timed_out("did not answer in time")),
        };
        self.settle(admission.as_ref(), &response)?;
        Ok((response, started.elapsed()))
    }

    fn settle(&self, admission: Option<&Admission<'_>>, response: &reqwest::Response) -> Result<(), Failure> {
        let Some(admission) = admission else { return Ok(()) };
        match response.status().as_u16() {
            401 => Err(Failure::unsent(
                self.auth
                    .refused(admission)
                    .detail(format!("401 for {}", response.url().path())),
            )),
            // A failing server may not have looked at the credentials yet.
            500.. => Ok(()),
            _ => {
                self.auth.accepted(admission);
                Ok(())
            }
        }
    }

    async fn whole(&self, response: reqwest::Response, round_trip: Duration) -> Result<Answer, Failure> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        match body::read(response, self.limits.body, self.limits.idle).await {
            Ok(body) => Ok(Answer {
                status,
                headers,
                body,
                attempts: 1,
                elapsed: Duration::ZERO,
                round_trip,
            }),
            Err(fault) => Err(self.unreadable(&fault, status)),
        }
    }

    fn timed_out(&self, message: &str) -> Failure {
        let error = PortError::new(self.system, PortErrorKind::TimedOut, message);
        Failure {
            error,
            sent: Sent::Maybe,
            may_help_to_retry: true,
        }
    }

    fn unreadable(&self, fault: &BodyFault, status: u16) -> Failure {
        let (kind, message, may_help_to_retry) = match fault {
            BodyFault::Silent => (PortErrorKind::TimedOut, "stopped answering", true),
            BodyFault::Cut(_) => (
                PortErrorKind::Unavailable,
                "closed the connection within the answer",
                true,
            ),
            BodyFault::TooLarge(_) => (
                PortErrorKind::Protocol,
                "answered with more than can be accepted",
                false,
            ),
            BodyFault::Bomb => (
                PortErrorKind::Protocol,
                "answered with a decompression bomb",
                false,
            ),
            BodyFault::TooDeep => (
                PortErrorKind::Protocol,
                "answered with data nested too deep",
                false,
            ),
            BodyFault::Broken(_) | BodyFault::Encoding(_) => (
                PortErrorKind::Protocol,
                "answered with an unreadable encoding",
                false,
            ),
        };
        let error = PortError::new(self.system, kind, message).detail(format!("status {status}: {fault}"));
        Failure {
            error,
            sent: Sent::Maybe,
            may_help_to_retry,
        }
    }

    fn broken(&self, error: &reqwest::Error) -> Failure {
        let detail = chain(error);
        let sent = if error.is_connect() || error.is_builder() {
            Sent::No
        } else {
            Sent::Maybe
        };
        let (kind, message, may_help_to_retry) = if error.is_builder() {
            (PortErrorKind::Invalid, "cannot be asked this way", false)
        } else if has_forbidden_address(error) {
            (
                PortErrorKind::NotConfigured,
                "has a name that leads to a forbidden address",
                false,
            )
        } else if error.is_connect() && detail.contains("certificate") {
            (
                PortErrorKind::Unavailable,
                "shows a certificate that is not trusted",
                false,
            )
        } else if error.is_connect() && error.is_timeout() {
            (
                PortErrorKind::Unavailable,
                "cannot be reached: no answer to the connection",
                true,
            )
        } else if error.is_connect() {
            (PortErrorKind::Unavailable, "cannot be reached", true)
        } else {
            (
                PortErrorKind::Unavailable,
                "closed the connection without an answer",
                true,
            )
        };
        let error = PortError::new(self.system, kind, message).detail(detail);
        Failure {
            error,
            sent,
            may_help_to_retry,
        }
    }
}

fn has_forbidden_address(error: &reqwest::Error) -> bool {
    let mut source = error.source();
    while let Some(inner) = source {
        if inner.is::<ForbiddenAddress>() {
            return true;
        }
        source = inner.source();
    }
    false
}

/// All causes in one line, for the log.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}
