//! Whether a system counts as down, and who may ask it then. After a few calls in a row that it did not answer, everything
//! fails at once, and one probe at a time is let through after a pause that grows. The first answer ends the outage.
//!
//! A refusal, a wrong address or an unreadable answer is an answer: the system is there.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use andon_domain::Timestamp;
use tokio::time::Instant;

use super::call::Limits;

/// What a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Errand {
    /// The daily work; refused at once while the system counts as down, unless it is the probe's turn.
    #[default]
    Work,
    /// A look at the connection, by the health check or by a person; let through also while the system counts as down.
    Check,
}

/// How a request goes about an outage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entrance {
    /// A read: may be the probe once the pause is over.
    Read,
    /// A check: may always be the probe, after the one under way.
    Check,
    /// A write: never the probe.
    Write,
}

/// What the end of a call says about the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Evidence {
    /// It is there.
    Answered,
    /// It did not answer, though asked.
    Unanswered,
    /// It was not asked.
    Nothing,
}

/// Leave to ask. A probe holds its turn until it ends or is dropped.
pub(super) struct Pass<'a> {
    probe: Option<tokio::sync::MutexGuard<'a, ()>>,
}

impl Pass<'_> {
    /// Whether this is the one call let through.
    pub(super) fn is_probe(&self) -> bool {
        self.probe.is_some()
    }
}

/// The system is known not to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct IsDown {
    /// Since when only probes are sent.
    pub(super) since: Timestamp,
    /// When the next probe may be sent; absent while one is under way.
    pub(super) next_in: Option<Duration>,
}

/// The outages of one system.
pub(super) struct Outage {
    after: u32,
    first: Duration,
    longest: Duration,
    state: Mutex<State>,
    /// Held by the probe.
    probe: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    /// Calls in a row without an answer.
    unanswered: u32,
    down: Option<Down>,
}

struct Down {
    since: Timestamp,
    step: Duration,
    next: Instant,
}

impl Outage {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            after: limits.down_after.max(1),
            first: limits.first_pause,
            longest: limits.longest_pause.max(limits.first_pause),
            state: Mutex::default(),
            probe: tokio::sync::Mutex::new(()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Since when only probes are sent; `None` while the system answers.
    pub(super) fn since(&self) -> Option<Timestamp> {
        self.state().down.as_ref().map(|down| down.since)
    }

    /// Asks for leave. A check waits for the probe under way, which may make its own unnecessary.
    pub(super) async fn enter(&self, entrance: Entrance) -> Result<Pass<'_>, IsDown> {
        let free = Ok(Pass { probe: None });
        let Some(now) = self.is_down() else { return free };
        let turn = match entrance {
            Entrance::Write => return Err(now),
            Entrance::Read if now.next_in.is_some_and(|pause| !pause.is_zero()) => return Err(now),
            Entrance::Read => self
                .probe
                .try_lock()
                .map_err(|_| IsDown { next_in: None, ..now })?,
            Entrance::Check => self.probe.lock().await,
        };
        // The probe before this one may have ended the outage or begun another pause.
        match (self.is_down(), entrance) {
            (None, _) => free,
            (Some(now), Entrance::Read) if now.next_in.is_some_and(|pause| !pause.is_zero()) => Err(now),
            _ => Ok(Pass { probe: Some(turn) }),
        }
    }

    fn is_down(&self) -> Option<IsDown> {
        let state = self.state();
        let down = state.down.as_ref()?;
        Some(IsDown {
            since: down.since,
            next_in: Some(down.next.saturating_duration_since(Instant::now())),
        })
    }

    /// Whether a call with this pass must not be sent any more, since the system went down meanwhile.
    pub(super) fn closes(&self, pass: &Pass<'_>) -> Option<IsDown> {
        if pass.is_probe() { None } else { self.is_down() }
    }

    /// Notes how a call ended. `asked_for` is the pause the system itself asked for.
    pub(super) fn settle(
        &self,
        pass: &Pass<'_>,
        evidence: Evidence,
        asked_for: Option<Duration>,
        now: Timestamp,
    ) {
        let mut state = self.state();
        match evidence {
            Evidence::Nothing => {}
            Evidence::Answered => *state = State::default(),
            Evidence::Unanswered => {
                state.unanswered = state.unanswered.saturating_add(1);
                let step = match &state.down {
                    None if state.unanswered < self.after => return,
                    None => self.first,
                    Some(down) if pass.is_probe() => down.step.saturating_mul(2).min(self.longest),
                    // Sent before the outage was known: says nothing new.
                    Some(_) => return,
                };
                let since = state.down.as_ref().map_or(now, |down| down.since);
                // Half of the pause is by chance, so that many consoles do not come back together.
                let pause = step.mul_f64(0.5 + fastrand::f64() / 2.0);
                let pause = pause.max(asked_for.unwrap_or_default().min(self.longest));
                let next = Instant::now() + pause;
                state.down = Some(Down { since, step, next });
            }
        }
    }

    /// A person asks for another try: the next read is a probe, whatever the pause.
    pub(super) fn end_pause(&self) {
        if let Some(down) = &mut self.state().down {
            down.next = Instant::now();
        }
    }
}
