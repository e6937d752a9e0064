//! One attempt of a call: leave to send, the request itself, its answer. Here a refused token is replaced, once, and here it
//! is known from which moment on a request can have reached the system.

use std::sync::Arc;
use std::time::Duration;

use andon_domain::{PortError, PortErrorKind};
use reqwest::Method;
use reqwest::header::{ACCEPT_ENCODING, AUTHORIZATION};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::auth::{Admission, Refusal};
use super::body;
use super::call::{Answer, Call, Failure, Logon, Sent};
use super::client::Transport;
use super::fault;
use super::ledger::Entry;
use super::outage::Pass;

/// An answer whose body is still to come.
pub(super) struct Reply<'a> {
    pub(super) response: reqwest::Response,
    /// Time until its headers.
    pub(super) round_trip: Duration,
    /// Kept until it is known what the answer says about the logon: until then the credentials may not have worked, and
    /// nobody else sends them.
    pub(super) admission: Option<Admission<'a>>,
}

/// How one attempt is made.
#[derive(Clone, Copy)]
pub(super) struct Attempt<'a> {
    pub(super) method: &'a Method,
    pub(super) call: &'a Call,
    /// Limits the time until the answer begins.
    pub(super) first_byte: Duration,
    pub(super) pass: &'a Pass<'a>,
}

impl Transport {
    /// One attempt within `left`.
    pub(super) async fn once(
        &self,
        attempt: Attempt<'_>,
        left: Duration,
        entry: &mut Entry,
    ) -> Result<Answer, Failure> {
        let whole = async {
            let _permit = self.permit(attempt.pass).await?;
            let reply = self.send(attempt, entry).await?;
            self.whole(reply).await
        };
        let tried = tokio::time::timeout(left, whole).await;
        tried.unwrap_or_else(|_| Err(self.too_late(entry)))
    }

    /// The time for a call is over.
    pub(super) fn too_late(&self, entry: &Entry) -> Failure {
        match entry.sent {
            Sent::Maybe => fault::timed_out(self.system, "did not answer in time"),
            Sent::No => Failure::unsent(PortError::new(
                self.system,
                PortErrorKind::TimedOut,
                "could not be asked in time, since other requests came first",
            )),
        }
    }

    /// Waits until fewer than the allowed requests are open.
    pub(super) async fn permit(&self, pass: &Pass<'_>) -> Result<OwnedSemaphorePermit, Failure> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(|_| {
            let message = "the connection is closed";
            Failure::unsent(PortError::new(self.system, PortErrorKind::Cancelled, message))
        })?;
        // The system may have gone down while this call waited.
        match self.outage.closes(pass) {
            Some(down) => Err(Failure::unsent(fault::is_down(self.system, down))),
            None => Ok(permit),
        }
    }

    /// Sends the request and gives back its answer once the headers are there. A refused token is replaced and the
    /// request repeated once: the system did not execute what it refused, so a write may be repeated as well.
    pub(super) async fn send(&self, attempt: Attempt<'_>, entry: &mut Entry) -> Result<Reply<'_>, Failure> {
        let call = attempt.call;
        if call.url.origin() != self.endpoint.origin() {
            let error = PortError::new(
                self.system,
                PortErrorKind::Invalid,
                "the request would leave the connection's address",
            );
            return Err(Failure::unsent(PortError { attempts: 0, ..error })
                .detail(call.url.origin().ascii_serialization()));
        }
        let mut is_repeat = false;
        loop {
            entry.sent = Sent::No;
            let admission = match call.is_authenticated {
                true => Some(self.auth.admit().await.inspect_err(|failure| {
                    entry.attempts += failure.error.attempts;
                })?),
                false => None,
            };
            entry.attempts += 1;
            entry.sent = Sent::Maybe;
            let started = Instant::now();
            let request = self.request(attempt, admission.as_ref());
            let response = match tokio::time::timeout(attempt.first_byte, request.send()).await {
                Ok(Ok(response)) => response,
                Ok(Err(error)) => return Err(fault::broken(self.system, &error)),
                Err(_) => return Err(fault::timed_out(self.system, "did not answer in time")),
            };
            let round_trip = started.elapsed();
            if response.status().as_u16() == 401
                && let Some(admission) = &admission
            {
                match self.auth.refused(admission, is_repeat) {
                    Refusal::Again => is_repeat = true,
                    Refusal::Final(error) => {
                        let error = error.detail(format!("401 for {}", response.url().path()));
                        return Err(Failure {
                            sent: Sent::No,
                            ..Failure::of(error)
                        });
                    }
                }
                continue;
            }
            return Ok(Reply {
                response,
                round_trip,
                admission,
            });
        }
    }

    fn request(&self, attempt: Attempt<'_>, admission: Option<&Admission<'_>>) -> reqwest::RequestBuilder {
        let call = attempt.call;
        let mut request = self
            .client
            .request(attempt.method.clone(), call.url.clone())
            .headers(call.headers.clone());
        if !call.headers.contains_key(ACCEPT_ENCODING) {
            request = request.header(ACCEPT_ENCODING, "gzip");
        }
        if let Some(header) = admission.and_then(|admission| admission.header.clone()) {
            request = request.header(AUTHORIZATION, header);
        }
        match &call.body {
            Some(body) => request.body(body.clone()),
            None => request,
        }
    }

    /// Reads the answer to its end, and what it says about the logon.
    pub(super) async fn whole(&self, reply: Reply<'_>) -> Result<Answer, Failure> {
        let Reply {
            response,
            round_trip,
            admission,
        } = reply;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let answered_at = self.clock.now();
        let answer = match body::read(response, self.limits.body, self.limits.idle).await {
            Ok(body) => Answer {
                status,
                headers,
                body,
                attempts: 1,
                elapsed: Duration::ZERO,
                round_trip,
                answered_at,
            },
            Err(fault) => return Err(fault::unreadable(self.system, &fault, status)),
        };
        if let Some(admission) = &admission {
            match (self.logon_of)(&answer) {
                Logon::Accepted => self.auth.accepted(admission),
                Logon::Refused => self.auth.turned_away(admission),
                Logon::Open => {}
            }
        }
        Ok(answer)
    }
}
