//! What is added over machines before anything is divided, and the ratios of the sums.

use std::ops::AddAssign;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// Below this coverage a value is of low confidence.
const ENOUGH_COVERAGE: f64 = 0.9;

/// Times in milliseconds, pieces and failures of one machine or of a group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Buckets {
    /// Machines added.
    pub machines: u32,
    /// Planned operation time: shifts without breaks.
    pub planned_operation: i64,
    /// Planned down within it.
    pub planned_down: i64,
    /// Planned busy time: the rest of it.
    pub planned_busy: i64,
    /// Running within planned busy time.
    pub production: i64,
    /// Planned busy time offline or without data.
    pub uncovered: i64,
    /// What is known of speed and quality, of the machines that tell it.
    pub rated: Rated,
    /// Scrap, of the machines that tell it.
    pub scrap: Share,
    /// Rework, of the machines that tell it.
    pub rework: Share,
    /// Failures that began in the window.
    pub failures: u32,
    /// Those that have ended.
    pub repaired: u32,
    /// How long those took.
    pub repair: i64,
    /// Planned busy time under a downtime event.
    pub downtime: i64,
    /// Downtime events that touch it.
    pub downtime_events: u32,
    /// Minor stops among them.
    pub minor_stops: u32,
    /// Planned busy time under a minor stop.
    pub minor_stop: i64,
}

/// Sums over the machines whose pieces and planned cycles are known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rated {
    /// Machines added.
    pub machines: u32,
    /// Their planned busy time.
    pub planned_busy: i64,
    /// Their production time.
    pub production: i64,
    /// Planned milliseconds of what was produced, to the microsecond.
    pub ideal: Decimal,
    /// Planned milliseconds of what was good, to the microsecond.
    pub ideal_good: Decimal,
    /// Pieces produced.
    pub produced: Decimal,
    /// Good pieces.
    pub good: Decimal,
}

/// A part of the pieces, with the pieces it is a part of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Share {
    /// Machines that tell it.
    pub machines: u32,
    /// The part.
    pub part: Decimal,
    /// All pieces of these machines.
    pub of: Decimal,
}

impl AddAssign<&Self> for Buckets {
    fn add_assign(&mut self, other: &Self) {
        let Self {
            machines,
            planned_operation,
            planned_down,
            planned_busy,
            production,
            uncovered,
            rated,
            scrap,
            rework,
            failures,
            repaired,
            repair,
            downtime,
            downtime_events,
            minor_stops,
            minor_stop,
        } = other;
        self.machines += machines;
        self.planned_operation += planned_operation;
        self.planned_down += planned_down;
        self.planned_busy += planned_busy;
        self.production += production;
        self.uncovered += uncovered;
        self.rated += rated;
        self.scrap += scrap;
        self.rework += rework;
        self.failures += failures;
        self.repaired += repaired;
        self.repair += repair;
        self.downtime += downtime;
        self.downtime_events += downtime_events;
        self.minor_stops += minor_stops;
        self.minor_stop += minor_stop;
    }
}

impl AddAssign<&Self> for Rated {
    fn add_assign(&mut self, other: &Self) {
        self.machines += other.machines;
        self.planned_busy += other.planned_busy;
        self.production += other.production;
        self.ideal = self.ideal.saturating_add(other.ideal);
        self.ideal_good = self.ideal_good.saturating_add(other.ideal_good);
        self.produced = self.produced.saturating_add(other.produced);
        self.good = self.good.saturating_add(other.good);
    }
}

impl AddAssign<&Self> for Share {
    fn add_assign(&mut self, other: &Self) {
        self.machines += other.machines;
        self.part = self.part.saturating_add(other.part);
        self.of = self.of.saturating_add(other.of);
    }
}

impl Buckets {
    /// Whether anything of the planned busy time is known. If not, no ratio is: nothing known is not nothing done.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        self.planned_busy > self.uncovered
    }

    /// Part of the planned busy time that is known.
    #[must_use]
    pub fn coverage(&self) -> Option<f64> {
        ratio(
            Decimal::from(self.planned_busy - self.uncovered),
            Decimal::from(self.planned_busy),
        )
    }

    /// Whether the coverage is too low for the values to be trusted.
    #[must_use]
    pub fn is_low_confidence(&self) -> bool {
        self.coverage().is_some_and(|coverage| coverage < ENOUGH_COVERAGE)
    }

    /// APT / PBT.
    #[must_use]
    pub fn availability(&self) -> Option<f64> {
        self.if_known(ratio(
            Decimal::from(self.production),
            Decimal::from(self.planned_busy),
        ))
    }

    /// Σ(PRU·PQ) / APT, of the machines that tell both. Shown as performance; above one is shown as it is.
    #[must_use]
    pub fn effectiveness(&self) -> Option<f64> {
        self.if_known(ratio(self.rated.ideal, Decimal::from(self.rated.production)))
    }

    /// Σ(PRU·GQ) / Σ(PRU·PQ).
    #[must_use]
    pub fn quality(&self) -> Option<f64> {
        self.if_known(ratio(self.rated.ideal_good, self.rated.ideal))
    }

    /// Σ(PRU·GQ) / PBT: availability × effectiveness × quality.
    #[must_use]
    pub fn oee(&self) -> Option<f64> {
        self.if_known(ratio(
            self.rated.ideal_good,
            Decimal::from(self.rated.planned_busy),
        ))
    }

    /// SQ / PQ.
    #[must_use]
    pub fn scrap_ratio(&self) -> Option<f64> {
        ratio(self.scrap.part, self.scrap.of)
    }

    /// RQ / PQ.
    #[must_use]
    pub fn rework_ratio(&self) -> Option<f64> {
        ratio(self.rework.part, self.rework.of)
    }

    /// Mean time to repair: the time of the ended failures by their number, in milliseconds.
    #[must_use]
    pub fn mttr(&self) -> Option<f64> {
        ratio(Decimal::from(self.repair), Decimal::from(self.repaired))
    }

    /// Mean operating time between failures: production time by failures, in milliseconds. Editions of the standard differ in
    /// the divisor; this one divides by the failures that began in the window.
    #[must_use]
    pub fn mtbf(&self) -> Option<f64> {
        self.if_known(ratio(
            Decimal::from(self.production),
            Decimal::from(self.failures),
        ))
    }

    fn if_known(&self, value: Option<f64>) -> Option<f64> {
        value.filter(|_| self.is_known())
    }
}

/// The quotient; nothing divides by zero.
pub(super) fn ratio(part: Decimal, whole: Decimal) -> Option<f64> {
    part.checked_div(whole)?.to_f64()
}
