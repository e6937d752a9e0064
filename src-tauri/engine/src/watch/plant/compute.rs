//! From the records of a window to the results of its machines. Pure but for reading the mirror.

use std::collections::HashMap;
use std::time::Duration;

use andon_domain::ports::{Mirror, Window};
use andon_domain::records::{DowntimeEvent, MachineStatus, StateSegment};
use andon_domain::{Amount, PortError, Timestamp};

use super::planned::Planned;
use super::stage::KnownMachine;
use crate::kpi::{Buckets, Losses, MachineInput, MachineResult, ParetoSums, Span, machine};

/// What the mirror knows of a window.
#[derive(Debug, Clone, Default)]
pub(super) struct Records {
    pub(super) history: Vec<StateSegment>,
    pub(super) events: Vec<DowntimeEvent>,
    /// Planned seconds per piece by order.
    pub(super) cycles: HashMap<String, Amount>,
}

impl Records {
    /// Reads them, of one machine or of all.
    pub(super) async fn read(
        mirror: &dyn Mirror,
        window: Window,
        machine: Option<&str>,
    ) -> Result<Self, PortError> {
        let history = mirror.history(window, machine).await?;
        let events = mirror.downtime_in(window, machine).await?;
        let is_lacking = |segment: &StateSegment| segment.planned_cycle_s.is_none();
        let orders = if history.iter().any(is_lacking) {
            mirror.production_orders(window).await?
        } else {
            Vec::new()
        };
        let cycles = orders
            .into_iter()
            .filter_map(|order| Some((order.id, order.planned_cycle_s?)));
        Ok(Self {
            history,
            events,
            cycles: cycles.collect(),
        })
    }

    /// Ended stops of the window that were changed after it had ended and its grace had passed.
    pub(super) fn corrected(&self, window: Window, grace: Duration) -> u32 {
        let late = window.until.plus(grace);
        let is_within = |event: &&DowntimeEvent| event.end.is_some_and(|end| end <= window.until);
        let changed = self
            .events
            .iter()
            .filter(is_within)
            .filter(|event| event.updated_at.is_some_and(|at| at > late));
        count(changed.count())
    }
}

/// The machines of an answer with their results, in the order given.
pub(super) struct Results<'r> {
    pub(super) machines: Vec<(&'r MachineStatus, MachineResult<'r>)>,
}

/// Sums of some machines.
#[derive(Debug, Clone, Default)]
pub(super) struct Sums<'r> {
    pub(super) buckets: Buckets,
    pub(super) losses: Losses<'r>,
    pub(super) pareto: ParetoSums<'r>,
    pub(super) impossible: u32,
}

impl<'r> Results<'r> {
    /// Computes them. `since` and `until` limit the window up to now; what is known of each machine limits what lasts on it;
    /// stops of unknown category below `minor_below` are minor.
    pub(super) fn of(
        machines: &'r [KnownMachine],
        records: &'r Records,
        planned: &Planned,
        (since, until): (Timestamp, Timestamp),
        minor_below: Duration,
    ) -> Self {
        let segments = by_machine(&records.history, |segment| &segment.machine_id);
        let events = by_machine(&records.events, |event| &event.machine_id);
        let minor_below = i64::try_from(minor_below.as_millis()).unwrap_or(i64::MAX);
        let cycle_of = |order: &str| records.cycles.get(order).copied();
        let results = machines.iter().map(|(status, known_until)| {
            let id = status.machine_id.as_str();
            let input = MachineInput {
                window: Span::new(since, until),
                planned: planned.at(status.equipment.site.as_deref()),
                known_until: known_until.millis(),
                minor_below,
                segments: segments.get(id).map_or(&[], Vec::as_slice),
                events: events.get(id).map_or(&[], Vec::as_slice),
                cycle_of: &cycle_of,
            };
            (status, machine(&input))
        });
        Self {
            machines: results.collect(),
        }
    }

    /// The sums of all machines.
    pub(super) fn total(&self) -> Sums<'r> {
        sum(self.machines.iter().map(|(_, result)| result))
    }
}

/// The sums of some machines.
pub(super) fn sum<'a, 'r: 'a>(results: impl Iterator<Item = &'a MachineResult<'r>>) -> Sums<'r> {
    let mut sums = Sums::default();
    for result in results {
        sums.buckets += &result.buckets;
        sums.losses += &result.losses;
        sums.pareto += &result.pareto;
        sums.impossible += result.impossible;
    }
    sums
}

fn by_machine<'r, T>(records: &'r [T], id: impl Fn(&'r T) -> &'r String) -> HashMap<&'r str, Vec<&'r T>> {
    let mut by_machine: HashMap<&str, Vec<&T>> = HashMap::new();
    for record in records {
        by_machine.entry(id(record)).or_default().push(record);
    }
    by_machine
}

pub(super) fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
