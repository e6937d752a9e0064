//! Production orders as the floor works them off, machine by machine.

use super::floor::Counters;

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OrderStatus {
    Planned,
    Released,
    Active,
    Paused,
    Completed,
    Cancelled,
}

impl OrderStatus {
    pub(crate) fn is_over(self) -> bool {
        matches!(self, Self::Completed | Self::Cancelled)
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Released => "released",
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The same in the words of the system behind the adapter.
    pub(crate) fn raw(self) -> &'static str {
        match self {
            Self::Planned => "CRTD",
            Self::Released => "REL",
            Self::Active => "PCNF",
            Self::Paused => "HOLD",
            Self::Completed => "CNF",
            Self::Cancelled => "DLT",
        }
    }
}

/// A production order for one machine.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) number: u64,
    pub(crate) machine: usize,
    pub(crate) status: OrderStatus,
    /// Put on hold by a command; it is not started until it is released.
    pub(crate) is_held: bool,
    pub(crate) priority: i64,
    pub(crate) product: (&'static str, &'static str),
    pub(crate) planned: i64,
    /// Planned time per piece.
    pub(crate) cycle_ms: i64,
    /// What was made.
    pub(crate) counted: Counters,
    /// What was last reported; readers see this.
    pub(crate) shown: Counters,
    pub(crate) planned_start_ms: i64,
    pub(crate) planned_end_ms: i64,
    pub(crate) due_ms: i64,
    pub(crate) actual_start_ms: Option<i64>,
    pub(crate) actual_end_ms: Option<i64>,
    pub(crate) updated_ms: i64,
    /// Counts what somebody could decide on: status, plan and target. Pieces that come in move `updated_ms` only, so
    /// that a decision made on this version does not grow old with every piece.
    pub(crate) version: u64,
}

impl Order {
    /// Reports the pieces as they are now.
    pub(crate) fn report(&mut self, at_ms: i64) {
        self.shown = self.counted;
        self.updated_ms = at_ms;
    }

    /// Reports the order as something other than new pieces.
    pub(crate) fn change(&mut self, at_ms: i64) {
        self.report(at_ms);
        self.version += 1;
    }
}
