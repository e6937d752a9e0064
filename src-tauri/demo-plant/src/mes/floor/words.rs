//! The words of the floor: states, reasons, counts and the records they make up.

use std::borrow::Cow;
use std::sync::Arc;

use crate::mes::machines::Cause;

/// What a machine is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    Running,
    Idle,
    Setup,
    Down,
    Maintenance,
    Offline,
}

/// The kind of a downtime event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Category {
    Unplanned,
    Planned,
    Setup,
    MinorStop,
    Waiting,
}

/// A reason as it is shown; forced stops bring their own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reason {
    pub(crate) code: Cow<'static, str>,
    pub(crate) text: Cow<'static, str>,
    pub(crate) group: Cow<'static, str>,
    alarm: Cow<'static, str>,
}

/// A pending alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Alarm {
    pub(crate) id: String,
    pub(crate) code: String,
    pub(crate) text: String,
    pub(crate) priority: u8,
    pub(crate) raised_ms: i64,
}

/// Pieces since a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    pub(crate) produced: i64,
    pub(crate) good: i64,
    pub(crate) scrap: i64,
    pub(crate) rework: i64,
    pub(crate) since_ms: i64,
}

/// A stretch of one state, one order and one target, with the pieces made in it.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    pub(crate) status: Status,
    pub(crate) reason: Option<Arc<Reason>>,
    pub(crate) start_ms: i64,
    pub(crate) end_ms: Option<i64>,
    pub(crate) made: Counters,
    pub(crate) cycle_ms: i64,
    pub(crate) order: u64,
}

/// An interval in which a machine stood still.
#[derive(Debug, Clone)]
pub(crate) struct Downtime {
    pub(crate) number: u64,
    pub(crate) machine: usize,
    pub(crate) order: u64,
    pub(crate) category: Category,
    pub(crate) reason: Option<Arc<Reason>>,
    pub(crate) start_ms: i64,
    pub(crate) end_ms: Option<i64>,
    pub(crate) comment: Option<&'static str>,
    /// Recorded by mistake: the record stays as a tombstone.
    pub(crate) is_deleted: bool,
    pub(crate) updated_ms: i64,
    pub(crate) version: u64,
}

/// What changed since the last look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Machine(usize),
    Downtime(u64),
    Order(u64),
    Report(u64),
}

impl Counters {
    pub(crate) fn add(&mut self, made: Self) {
        self.produced += made.produced;
        self.good += made.good;
        self.scrap += made.scrap;
        self.rework += made.rework;
    }
}

impl Downtime {
    /// Whether it counts for MTBF and MTTR: a machine that fails, not a process that runs away.
    pub(crate) fn is_failure(&self) -> bool {
        self.category == Category::Unplanned
            && self
                .reason
                .as_ref()
                .is_none_or(|reason| reason.group != "process")
    }
}

impl From<&Cause> for Reason {
    fn from(cause: &Cause) -> Self {
        Self {
            code: Cow::Borrowed(cause.code),
            text: Cow::Borrowed(cause.text),
            group: Cow::Borrowed(cause.group),
            alarm: Cow::Borrowed(cause.alarm),
        }
    }
}

impl Reason {
    /// A reason in the words of whoever stopped the machine.
    pub(crate) fn by_hand(text: &str) -> Self {
        Self {
            code: Cow::Borrowed("X900"),
            text: Cow::Owned(text.to_owned()),
            group: Cow::Borrowed("operator"),
            alarm: Cow::Owned(text.to_owned()),
        }
    }

    pub(crate) fn alarm(&self, number: u64, priority: i64, at_ms: i64) -> Alarm {
        Alarm {
            id: format!("AL-{number:06}"),
            code: self.code.clone().into_owned(),
            text: self.alarm.clone().into_owned(),
            priority: u8::try_from(priority).unwrap_or(2),
            raised_ms: at_ms,
        }
    }
}
