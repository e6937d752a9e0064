//! An answer whose body is read as it comes.

use std::time::Duration;

use andon_domain::{PortError, PortErrorKind, System};
use bytes::Bytes;
use reqwest::header::HeaderMap;
use tokio::sync::OwnedSemaphorePermit;

use super::fault::chain;
use super::ledger::Entry;

/// An answer whose body is read as it comes. Dropping it closes the connection.
pub struct Streaming {
    pub(super) response: reqwest::Response,
    pub(super) system: System,
    pub(super) entry: Entry,
    pub(super) _permit: OwnedSemaphorePermit,
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
        let failed = |message: &str| PortError::new(self.system, PortErrorKind::Unavailable, message);
        let error = match tokio::time::timeout(silence, self.response.chunk()).await {
            Ok(Ok(piece)) => return Ok(piece),
            Ok(Err(e)) => failed("the stream broke").detail(chain(&e)),
            Err(_) => failed("the stream went silent"),
        };
        self.entry.trouble(error.kind, error.message.clone());
        Err(error)
    }
}
