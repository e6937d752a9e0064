//! The lines of the board, in order, each with its likely cause when it stands.

use std::collections::BTreeMap;

use andon_domain::records::{MachineState, MachineStatus};
use serde::Serialize;
use ts_rs::TS;

use super::board::{BoardMachine, StateCounts};

/// Machines of one work center.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct Line {
    /// The work center; absent for machines without one.
    pub name: Option<String>,
    /// The area, when all its machines share one.
    pub area: Option<String>,
    /// Its machines, by id.
    pub machines: Vec<String>,
    /// Their states.
    pub counts: StateCounts,
    /// The machine that went down first while others of the line stand: the likely cause.
    pub first_stopped: Option<String>,
}

/// Machines without a line stand last.
pub(super) fn place(machine: &MachineStatus) -> (bool, Option<&str>, &str) {
    let line = machine.equipment.work_center.as_deref();
    (line.is_none(), line, &machine.machine_id)
}

/// The lines of these machines, which stand in order already.
pub(super) fn lines(machines: &[BoardMachine]) -> Vec<Line> {
    let mut lines: BTreeMap<(bool, Option<&str>), Vec<&BoardMachine>> = BTreeMap::new();
    for machine in machines {
        let (is_without, name, _) = place(&machine.status);
        lines.entry((is_without, name)).or_default().push(machine);
    }
    lines
        .into_iter()
        .map(|((_, name), machines)| line(name, &machines))
        .collect()
}

fn line(name: Option<&str>, machines: &[&BoardMachine]) -> Line {
    let mut counts = StateCounts::default();
    machines.iter().for_each(|machine| counts.add(machine));
    let area_of = |machine: &BoardMachine| machine.status.equipment.area.clone();
    let first = machines.first().and_then(|machine| area_of(machine));
    Line {
        name: name.map(str::to_owned),
        area: first.filter(|area| machines.iter().all(|m| area_of(m).as_deref() == Some(area))),
        machines: machines.iter().map(|m| m.status.machine_id.clone()).collect(),
        counts,
        first_stopped: name.and_then(|_| first_stopped(machines)),
    }
}

/// Of a line where more than one machine stands, the one that went down first. Those that wait for it are idle or went down
/// later.
fn first_stopped(machines: &[&BoardMachine]) -> Option<String> {
    let standing = |machine: &&&BoardMachine| {
        !machine.is_stale && matches!(machine.status.status, MachineState::Down | MachineState::Idle)
    };
    if machines.iter().filter(standing).count() < 2 {
        return None;
    }
    machines
        .iter()
        .filter(|machine| !machine.is_stale && machine.status.status == MachineState::Down)
        .filter_map(|machine| Some((machine.status.status_since?, &machine.status.machine_id)))
        .min()
        .map(|(_, id)| id.clone())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use andon_domain::Timestamp;

    use super::*;
    use crate::watch::tests::machine;

    fn shown(id: &str, status: MachineState, minutes: u64, is_stale: bool) -> BoardMachine {
        let now = Timestamp::from_millis(1_782_137_076_000);
        let mut status = machine(id, status, Some(now));
        status.status_since = Some(now.minus(Duration::from_secs(minutes * 60)));
        BoardMachine {
            status,
            synced_at: now,
            age_ms: Some(0),
            is_stale,
            order: None,
        }
    }

    #[test]
    fn the_machine_that_went_down_first_is_the_likely_cause_while_others_stand() {
        use MachineState::{Down, Idle, Running};
        let cause = |machines: &[BoardMachine]| lines(machines)[0].first_stopped.clone();
        let first = shown("M11", Down, 9, false);
        let later = shown("M12", Down, 5, false);
        let waiting = shown("M13", Idle, 30, false);
        let running = shown("M14", Running, 30, false);
        let old = shown("M15", Down, 60, true);
        let all = [
            first.clone(),
            later,
            waiting.clone(),
            running.clone(),
            old.clone(),
        ];
        assert_eq!(
            cause(&all).as_deref(),
            Some("M11"),
            "an idle machine waits, and what a stale one does nobody knows"
        );
        assert_eq!(cause(&[first, running]), None, "it stops nobody");
        assert_eq!(cause(&[waiting, old]), None);
    }

    #[test]
    fn a_line_has_an_area_when_its_machines_share_one() {
        let mut machines = ["M11", "M12"].map(|id| shown(id, MachineState::Idle, 1, false));
        for machine in &mut machines {
            machine.status.equipment.area = Some("press".to_owned());
        }
        assert_eq!(lines(&machines)[0].area.as_deref(), Some("press"));
        machines[1].status.equipment.area = None;
        assert_eq!(lines(&machines)[0].area, None);
    }
}
