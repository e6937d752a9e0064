//! What the benches share: medians of interleaved samples, a table with a ratio that can fail, what a process costs, and the
//! demo plant.
//!
//! A machine that is busy slows both sides of a ratio, but not in the same moment: so the sides take turns, and each ratio
//! is the median over the turns.
#![expect(clippy::print_stdout, reason = "a bench prints")]
#![allow(dead_code, reason = "each bench uses its part")]

pub(crate) mod plant;
pub(crate) mod process;

use std::fmt::Display;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use andon_domain::time::Moment;
use andon_domain::{Clock, Timestamp};

/// The value in the middle.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Ours and a baseline, measured in turns; each call gives what that turn cost.
pub(crate) struct Pair {
    /// Median of our turns.
    pub(crate) ours: f64,
    /// Median of the baseline's turns.
    pub(crate) baseline: f64,
    /// Median of ours over baseline, turn by turn.
    pub(crate) ratio: f64,
}

impl Pair {
    /// From the cost of each turn: ours and the baseline's right after it.
    pub(crate) fn of(turns: &[(f64, f64)]) -> Self {
        Self {
            ours: median(turns.iter().map(|turn| turn.0).collect()),
            baseline: median(turns.iter().map(|turn| turn.1).collect()),
            ratio: median(turns.iter().map(|turn| turn.0 / turn.1).collect()),
        }
    }
}

/// Collects the lines of a bench and what failed.
pub(crate) struct Report {
    has_failed: bool,
}

impl Report {
    /// Begins with a heading.
    pub(crate) fn new(title: &str) -> Self {
        println!("{title}");
        Self { has_failed: false }
    }

    /// A line without a target, or with one that is only printed.
    pub(crate) fn line(&self, what: &str, value: impl Display) {
        println!("  {what:<52} {value}");
    }

    /// A ratio that must be at most, or with `at_least` at least, the target.
    pub(crate) fn ratio(&mut self, what: &str, ratio: f64, target: f64, at_least: bool) {
        let holds = if at_least {
            ratio >= target
        } else {
            ratio <= target
        };
        self.has_failed |= !holds;
        let sign = if at_least { '≥' } else { '≤' };
        let verdict = if holds { "ok" } else { "FAILED" };
        self.line(
            what,
            format_args!("{ratio:.2}  (target {sign} {target})  {verdict}"),
        );
    }

    /// A ratio that must stay within so many percent of 1.
    pub(crate) fn flat(&mut self, what: &str, ratio: f64, percent: f64) {
        let holds = (ratio - 1.0).abs() * 100.0 <= percent;
        self.has_failed |= !holds;
        let verdict = if holds { "ok" } else { "FAILED" };
        self.line(
            what,
            format_args!("{ratio:.2}  (target 1 ± {percent} %)  {verdict}"),
        );
    }

    /// Mebibytes that must be at most the target.
    pub(crate) fn mebibytes(&mut self, what: &str, bytes: u64, target: u64) {
        let holds = bytes <= target * MEBIBYTE;
        self.has_failed |= !holds;
        let verdict = if holds { "ok" } else { "FAILED" };
        self.line(
            what,
            format_args!("{}  (target ≤ {target} MiB)  {verdict}", mebibytes(bytes)),
        );
    }

    /// The exit status: a ratio beyond its target fails the bench.
    pub(crate) fn end(self) -> ExitCode {
        if self.has_failed {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        }
    }
}

const MEBIBYTE: u64 = 1024 * 1024;

/// Mebibytes with one digit.
pub(crate) fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / MEBIBYTE as f64)
}

/// Milliseconds with two digits, from seconds.
pub(crate) fn millis(seconds: f64) -> String {
    format!("{:.2} ms", seconds * 1e3)
}

/// Microseconds with one digit.
pub(crate) fn micros(duration: Duration) -> String {
    format!("{:.1} µs", duration.as_secs_f64() * 1e6)
}

/// The machine's clock, which is all the rooms need of one here.
pub(crate) struct WallClock;

impl Clock for WallClock {
    fn moment(&self) -> Moment {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let millis = i64::try_from(since.as_millis()).unwrap();
        Moment {
            utc: Timestamp::from_millis(millis),
            boot_ms: millis.unsigned_abs(),
            boot_id: "bench".to_owned(),
        }
    }
}
