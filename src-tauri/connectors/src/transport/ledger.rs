//! What was exchanged over one connection since the start: counts, the newest round trips and the newest failures. In words
//! without host, credential or body, and never more than fits on a screen.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use andon_domain::ports::{LatencySample, Traffic, TroubleSample};
use andon_domain::{Clock, PortError, PortErrorKind, Timestamp};

use super::call::{Answer, Sent};

/// Round trips kept.
pub(super) const LATENCIES: usize = 120;
/// Failures kept.
pub(super) const TROUBLES: usize = 50;

/// The ledger of one connection.
pub(super) struct Ledger {
    clock: Arc<dyn Clock>,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    calls: u64,
    failures: u64,
    retries: u64,
    refused_at_once: u64,
    open: u32,
    latencies: VecDeque<LatencySample>,
    troubles: VecDeque<TroubleSample>,
}

/// One call under way. Dropping it closes it; one dropped before its end was cancelled, and counts as made if anything of it
/// was sent.
pub(super) struct Entry {
    ledger: Arc<Ledger>,
    /// Requests made for this call, those to the token service that failed included.
    pub(super) attempts: u32,
    /// Whether the request under way can have reached the system.
    pub(super) sent: Sent,
    is_counted: bool,
}

impl Ledger {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            clock,
            book: Mutex::default(),
        })
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call begins.
    pub(super) fn open(self: &Arc<Self>) -> Entry {
        self.book().open += 1;
        Entry {
            ledger: Arc::clone(self),
            attempts: 0,
            sent: Sent::No,
            is_counted: false,
        }
    }

    /// A copy for the screen.
    pub(super) fn traffic(&self, failing_since: Option<Timestamp>) -> Traffic {
        let book = self.book();
        Traffic {
            calls: book.calls,
            failures: book.failures,
            retries: book.retries,
            refused_at_once: book.refused_at_once,
            open: book.open,
            failing_since,
            latencies: book.latencies.iter().cloned().collect(),
            troubles: book.troubles.iter().cloned().collect(),
        }
    }
}

impl Entry {
    /// The call was not sent, since the system is known to be down.
    pub(super) fn refused_at_once(&mut self) {
        self.ledger.book().refused_at_once += 1;
    }

    /// The call ended. Without any attempt it was not made, and leaves no line.
    pub(super) fn ended(&mut self, result: Result<&Answer, &PortError>) {
        if self.attempts == 0 {
            return;
        }
        match result {
            Ok(answer) => {
                self.answered(answer.round_trip);
                if answer.status == 429 || answer.status >= 500 {
                    let message = format!("answered with status {}", answer.status);
                    self.failed(PortErrorKind::Unavailable, message);
                }
            }
            Err(error) => {
                self.count();
                self.failed(error.kind, error.message.clone());
            }
        }
    }

    /// The headers of an answer are there.
    pub(super) fn answered(&mut self, round_trip: Duration) {
        self.count();
        let sample = LatencySample {
            at: self.ledger.clock.now(),
            ms: u32::try_from(round_trip.as_millis()).unwrap_or(u32::MAX),
            attempts: self.attempts,
        };
        keep(&mut self.ledger.book().latencies, sample, LATENCIES);
    }

    fn failed(&self, kind: PortErrorKind, message: String) {
        self.ledger.book().failures += 1;
        self.trouble(kind, message);
    }

    /// Notes a failure of a call that was already counted as answered, such as a stream that broke.
    pub(super) fn trouble(&self, kind: PortErrorKind, message: String) {
        let sample = TroubleSample {
            at: self.ledger.clock.now(),
            kind,
            message,
            attempts: self.attempts,
        };
        keep(&mut self.ledger.book().troubles, sample, TROUBLES);
    }

    fn count(&mut self) {
        if self.attempts > 0 && !std::mem::replace(&mut self.is_counted, true) {
            let mut book = self.ledger.book();
            book.calls += 1;
            book.retries += u64::from(self.attempts - 1);
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.count();
        let mut book = self.ledger.book();
        book.open = book.open.saturating_sub(1);
    }
}

fn keep<T>(ring: &mut VecDeque<T>, sample: T, most: usize) {
    if ring.len() >= most {
        ring.pop_front();
    }
    ring.push_back(sample);
}

#[cfg(test)]
mod tests {
    use andon_domain::System;

    use super::*;
    use crate::stranger::noon;

    #[test]
    fn only_the_newest_samples_are_kept() {
        let ledger = Ledger::new(noon());
        for i in 0..500_u32 {
            let mut entry = ledger.open();
            entry.attempts = i + 1;
            entry.answered(Duration::from_millis(u64::from(i)));
            let message = format!("trouble {i}");
            entry.ended(Err(&PortError::new(
                System::Sap,
                PortErrorKind::Unavailable,
                message,
            )));
        }
        let traffic = ledger.traffic(None);
        assert_eq!(
            (traffic.latencies.len(), traffic.troubles.len()),
            (LATENCIES, TROUBLES)
        );
        assert_eq!(traffic.latencies.last().unwrap().ms, 499);
        assert_eq!(
            traffic.troubles.first().unwrap().message,
            "trouble 450",
            "oldest first"
        );
        assert_eq!((traffic.calls, traffic.failures, traffic.open), (500, 500, 0));
    }

    #[test]
    fn a_cancelled_call_is_closed_and_counts_only_when_something_was_sent() {
        let ledger = Ledger::new(noon());
        let (unsent, mut sent) = (ledger.open(), ledger.open());
        sent.attempts = 2;
        assert_eq!(ledger.traffic(None).open, 2);
        drop((unsent, sent));
        let traffic = ledger.traffic(None);
        assert_eq!((traffic.open, traffic.calls, traffic.retries), (0, 1, 1));
    }
}
