//! Key figures of production by ISO 22400-2, computed from intervals. Pure: records in, numbers out.
//!
//! Times are whole milliseconds between instants, so that a shift across a change of clocks lasts 7 or 9 hours by itself;
//! pieces are decimals. Groups add times and pieces first and divide last. What divides by zero is unknown, never 0 or 100 %.
//! Records that cannot be true are left out and counted.

mod buckets;
mod losses;
mod machine;
mod quality;
mod rate;
mod spans;
mod timeline;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use buckets::{Buckets, Rated, Share};
pub use losses::{LossKey, Losses, ParetoEntry, ParetoSums, ReasonKey, StateKey, Step, StepName};
pub use machine::{
    MachineInput, MachineResult, has_wrong_counts, is_impossible_event, is_impossible_segment, is_minor_stop,
    machine,
};
pub use quality::{DefectSum, QualitySums, Yield, quality};
pub use rate::{Rate, RateSource, order_rate};
pub use spans::{Span, Spans};
pub use timeline::{Now, Piece, timeline};
