//! How much one agent may take: calls in a minute, calls and streams at once.
//!
//! Kept by the agent, not by the connection, so that more connections give nobody more.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use governor::clock::Clock as _;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use hyper::body::{Body, Frame, SizeHint};

use crate::config::GatewayConfig;

/// Forget agents that are long gone once this many are remembered.
const TIDY_ABOVE: usize = 256;

/// What is limited at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Slot {
    Call,
    Stream,
}

/// A body that keeps its place until the last byte is out, or the client is gone.
pub(crate) struct Held<B> {
    body: B,
    _place: Arc<Place>,
}

impl<B> Held<B> {
    pub(crate) fn new(body: B, place: Arc<Place>) -> Self {
        Self { body, _place: place }
    }
}

impl<B: Body + Unpin> Body for Held<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The limits of every agent.
pub(crate) struct Limits {
    calls: DefaultKeyedRateLimiter<String>,
    messages: DefaultKeyedRateLimiter<String>,
    taken: Arc<Mutex<HashMap<(String, Slot), usize>>>,
    calls_at_once: usize,
    streams_at_once: usize,
}

/// A place taken by one call or stream, free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    taken: Arc<Mutex<HashMap<(String, Slot), usize>>>,
    key: (String, Slot),
}

impl Limits {
    pub(crate) fn new(config: &GatewayConfig) -> Self {
        let quota = |count| Quota::per_minute(NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN));
        Self {
            calls: RateLimiter::keyed(quota(config.calls_per_minute)),
            messages: RateLimiter::keyed(quota(config.messages_per_minute)),
            taken: Arc::default(),
            calls_at_once: config.calls_at_once,
            streams_at_once: config.streams_at_once,
        }
    }

    /// Counts a message.
    ///
    /// # Errors
    /// How long to wait.
    pub(crate) fn message(&self, agent: &str) -> Result<(), Duration> {
        check(&self.messages, agent)
    }

    /// Counts a call of a tool.
    ///
    /// # Errors
    /// How long to wait.
    pub(crate) fn call(&self, agent: &str) -> Result<(), Duration> {
        check(&self.calls, agent)
    }

    /// Takes a place; `None` when the agent has all of them.
    pub(crate) fn take(&self, agent: &str, slot: Slot) -> Option<Place> {
        let most = match slot {
            Slot::Call => self.calls_at_once,
            Slot::Stream => self.streams_at_once,
        };
        let key = (agent.to_owned(), slot);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(key.clone()).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Place {
            taken: Arc::clone(&self.taken),
            key,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.key);
            }
        }
    }
}

fn check(limiter: &DefaultKeyedRateLimiter<String>, agent: &str) -> Result<(), Duration> {
    if limiter.len() > TIDY_ABOVE {
        limiter.retain_recent();
        limiter.shrink_to_fit();
    }
    limiter
        .check_key(&agent.to_owned())
        .map_err(|not_until| not_until.wait_time_from(limiter.clock().now()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_it_is_left() {
        let config = GatewayConfig {
            calls_at_once: 2,
            streams_at_once: 1,
            ..GatewayConfig::default()
        };
        let limits = Limits::new(&config);
        let (first, second) = (limits.take("a", Slot::Call), limits.take("a", Slot::Call));
        assert!(first.is_some() && second.is_some() && limits.take("a", Slot::Call).is_none());
        assert!(
            limits.take("b", Slot::Call).is_some(),
            "one agent does not take another's places"
        );
        assert!(
            limits.take("a", Slot::Stream).is_some(),
            "streams are counted apart"
        );
        drop(first);
        assert!(limits.take("a", Slot::Call).is_some());
        drop(second);
        assert!(
            limits.taken.lock().unwrap().is_empty(),
            "nothing is remembered about an agent that left"
        );
    }

    #[test]
    fn the_rate_says_how_long_to_wait() {
        let config = GatewayConfig {
            calls_per_minute: 3,
            ..GatewayConfig::default()
        };
        let limits = Limits::new(&config);
        assert!((0..3).all(|_| limits.call("a").is_ok()));
        let wait = limits.call("a").expect_err("the fourth call in a minute waits");
        assert!(
            wait > Duration::from_secs(15) && wait <= Duration::from_secs(20),
            "{wait:?}"
        );
        assert!(limits.call("b").is_ok(), "one agent does not use another's calls");
    }
}
