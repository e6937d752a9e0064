//! Audit events of reads: a bounded queue that one thread commits in groups.
//!
//! Reads go on for a minute while the disk refuses, then they stop; nothing accepted is dropped while the process lives.
//! Only elapsed time is measured here, never the date.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use andon_domain::{CanonicalJson, PortError, PortErrorKind, System, TenantId};

use super::chain;
use crate::database::Writer;

/// Sizes and times of the queue.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadLimits {
    /// Events that may wait.
    pub(crate) most_waiting: usize,
    /// Events of one group.
    pub(crate) most_in_group: usize,
    /// How long the first event of a group waits for more.
    pub(crate) gather: Duration,
    /// Pause after a failed commit.
    pub(crate) pause: Duration,
    /// How long the disk may refuse before reads must stop.
    pub(crate) patience: Duration,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self {
            most_waiting: 10_000,
            most_in_group: 2_000,
            gather: Duration::from_millis(250),
            pause: Duration::from_millis(500),
            patience: Duration::from_secs(60),
        }
    }
}

/// The queue and its thread.
pub(crate) struct ReadAudit {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    limits: ReadLimits,
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<(TenantId, CanonicalJson)>,
    /// Events taken for the group being committed; they still count as waiting.
    in_flight: usize,
    refusing_since: Option<Instant>,
    is_closed: bool,
}

impl ReadAudit {
    pub(crate) fn start(writer: Arc<Writer>, limits: ReadLimits) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            limits,
            queue: Mutex::default(),
            changed: Condvar::new(),
        });
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("andon-audit".to_owned())
            .spawn(move || while of_thread.commit_group(&writer) {})?;
        Ok(Self {
            shared,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Queues an event, or says why the read must not go ahead.
    pub(crate) fn push(&self, tenant: TenantId, event: CanonicalJson) -> Result<(), PortError> {
        let limits = self.shared.limits;
        let mut queue = self.shared.lock();
        if queue.is_closed {
            return Err(refused("the audit log is closed"));
        }
        if queue
            .refusing_since
            .is_some_and(|since| since.elapsed() >= limits.patience)
        {
            return Err(refused("the audit log cannot be written, so reads have stopped"));
        }
        if queue.waiting.len() + queue.in_flight >= limits.most_waiting {
            return Err(refused(
                "too many audit events wait for the disk, so reads have stopped",
            ));
        }
        queue.waiting.push_back((tenant, event));
        self.shared.changed.notify_all();
        Ok(())
    }

    /// Takes no more events, commits what waits and ends the thread. Events that the disk still refuses are given up.
    pub(crate) fn close(&self) {
        self.shared.lock().is_closed = true;
        self.shared.changed.notify_all();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ended = thread.join();
        }
    }
}

impl Drop for ReadAudit {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One round of the thread; `false` when there is nothing left to do.
    fn commit_group(&self, writer: &Writer) -> bool {
        let Some(group) = self.next_group() else {
            return false;
        };
        let group = Arc::new(group);
        let events = Arc::clone(&group);
        let result = writer.write_blocking(move |tx| {
            events
                .iter()
                .try_for_each(|(tenant, event)| chain::append(tx, tenant, event))
        });
        let mut queue = self.lock();
        queue.in_flight = 0;
        let Err(error) = result else {
            if queue.refusing_since.take().is_some() {
                tracing::info!("the audit log can be written again");
            }
            return true;
        };
        if queue.refusing_since.is_none() {
            queue.refusing_since = Some(Instant::now());
            tracing::error!(detail = %error.detail, waiting = group.len(), "audit events of reads cannot be written");
        }
        for event in group.iter().rev() {
            queue.waiting.push_front(event.clone());
        }
        if queue.is_closed {
            tracing::error!(
                lost = queue.waiting.len(),
                "the console ends with audit events of reads unwritten"
            );
            return false;
        }
        let _woken_by_close_or_time = self
            .changed
            .wait_timeout_while(queue, self.limits.pause, |q| !q.is_closed);
        true
    }

    /// Waits for events, gives them a moment to gather, and takes a group. `None` when closed and empty.
    fn next_group(&self) -> Option<Vec<(TenantId, CanonicalJson)>> {
        let limits = self.limits;
        let queue = self
            .changed
            .wait_while(self.lock(), |q| q.waiting.is_empty() && !q.is_closed)
            .unwrap_or_else(PoisonError::into_inner);
        let (mut queue, _) = self
            .changed
            .wait_timeout_while(queue, limits.gather, |q| {
                q.waiting.len() < limits.most_in_group && !q.is_closed
            })
            .unwrap_or_else(PoisonError::into_inner);
        let size = queue.waiting.len().min(limits.most_in_group);
        if size == 0 {
            return None;
        }
        queue.in_flight = size;
        Some(queue.waiting.drain(..size).collect())
    }
}

fn refused(message: &str) -> PortError {
    PortError::new(System::Storage, PortErrorKind::Unavailable, message)
}
