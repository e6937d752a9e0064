//! How many alarms come in, measured against what one person can follow: one in ten minutes on average, ten at most.
//!
//! Only alarms that still stand are known, since a MES does not tell those that are gone; and who works where is not known,
//! so that all machines count for one person.

use std::collections::BTreeMap;
use std::time::Duration;

use andon_domain::Timestamp;
use andon_domain::records::{Alarm, MachineStatus};
use serde::Serialize;
use ts_rs::TS;

const TEN_MINUTES: Duration = Duration::from_secs(600);
const HOUR: Duration = Duration::from_secs(3600);
/// More than one in ten minutes on average is more than a person can follow.
const TARGET_PER_10_MIN: f64 = 1.0;
/// More than ten in ten minutes is a flood.
const FLOOD_ABOVE: usize = 10;

/// The alarm load.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct AlarmLoad {
    /// Raised within the last ten minutes.
    pub last_10_min: u32,
    /// Mean of ten minutes over the last hour.
    pub per_10_min: f64,
    /// More than one in ten minutes on average.
    pub is_above_target: bool,
    /// More than ten in ten minutes.
    pub is_flood: bool,
    /// By area, the first one first; empty without a flood.
    pub groups: Vec<AlarmGroup>,
}

/// Alarms of an area in a flood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct AlarmGroup {
    /// Area; absent for machines without one.
    pub area: Option<String>,
    /// Alarms raised in it within ten minutes.
    pub count: u32,
    /// The machine whose alarm came first.
    pub first_machine: String,
    /// The text of that alarm; untrusted.
    pub first_text: Option<String>,
    /// When it came.
    pub first_at: Timestamp,
}

/// The alarm load of these machines, by the MES's clock.
pub(super) fn alarm_load<'m>(machines: impl Iterator<Item = &'m MachineStatus>, now: Timestamp) -> AlarmLoad {
    let raised: Vec<(Timestamp, &MachineStatus, &Alarm)> = machines
        .flat_map(|machine| machine.alarms.iter().map(move |alarm| (machine, alarm)))
        .filter_map(|(machine, alarm)| Some((alarm.raised_at?, machine, alarm)))
        .filter(|(at, _, _)| *at <= now && now.since(*at) < HOUR)
        .collect();
    let mut recent: Vec<_> = raised
        .iter()
        .filter(|(at, _, _)| now.since(*at) < TEN_MINUTES)
        .collect();
    let is_flood = recent.len() > FLOOD_ABOVE;
    let per_10_min = f64::from(count(raised.len())) / 6.0;
    let last_10_min = count(recent.len());
    recent.sort_by_key(|(at, machine, alarm)| (*at, &machine.machine_id, &alarm.id));
    let mut groups: BTreeMap<Option<&str>, AlarmGroup> = BTreeMap::new();
    for (at, machine, alarm) in recent.into_iter().filter(|_| is_flood) {
        let area = machine.equipment.area.as_deref();
        let group = groups.entry(area).or_insert_with(|| AlarmGroup {
            area: area.map(str::to_owned),
            count: 0,
            first_machine: machine.machine_id.clone(),
            first_text: alarm.text.clone().or_else(|| alarm.code.clone()),
            first_at: *at,
        });
        group.count += 1;
    }
    let mut groups: Vec<AlarmGroup> = groups.into_values().collect();
    groups.sort_by_key(|group| group.first_at);
    AlarmLoad {
        last_10_min,
        per_10_min,
        is_above_target: per_10_min > TARGET_PER_10_MIN,
        is_flood,
        groups,
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::tests::machine;
    use andon_domain::records::MachineState;

    fn with_alarms(id: &str, area: &str, minutes_ago: &[i64]) -> MachineStatus {
        let mut machine = machine(id, MachineState::Running, None);
        machine.equipment.area = Some(area.to_owned());
        let alarm = |(number, ago): (usize, &i64)| Alarm {
            id: format!("{id}-{number}"),
            code: None,
            text: Some(format!("alarm {number}")),
            priority: Some(2),
            raised_at: Some(Timestamp::from_millis(NOW - ago * 60_000)),
            acknowledged: None,
        };
        machine.alarms = minutes_ago.iter().enumerate().map(alarm).collect();
        machine
    }

    const NOW: i64 = 1_782_137_076_000;

    #[test]
    fn more_than_ten_alarms_in_ten_minutes_are_a_flood_shown_by_area_and_first_cause() {
        let machines = [
            with_alarms("PR-01", "press", &[1, 2, 3, 4, 5, 6]),
            with_alarms("MI-01", "mill", &[9, 8, 7, 2, 1]),
        ];
        let load = alarm_load(machines.iter(), Timestamp::from_millis(NOW));
        assert!(load.is_flood && load.is_above_target);
        assert_eq!((load.last_10_min, load.groups.len()), (11, 2));
        assert_eq!(
            (load.groups[0].first_machine.as_str(), load.groups[0].count),
            ("MI-01", 5),
            "the first cause stands first"
        );
        let fewer = alarm_load(machines[..1].iter(), Timestamp::from_millis(NOW));
        assert!(!fewer.is_flood && fewer.groups.is_empty());
        assert!((fewer.per_10_min - 1.0).abs() < 1e-9 && !fewer.is_above_target);
    }

    #[test]
    fn old_future_and_undated_alarms_are_no_load_of_now() {
        let mut machine = with_alarms("PR-01", "press", &[59, 61, -5, 0]);
        machine.alarms[3].raised_at = None;
        let load = alarm_load([machine].iter(), Timestamp::from_millis(NOW));
        assert_eq!(load.last_10_min, 0);
        assert!((load.per_10_min - 1.0 / 6.0).abs() < 1e-9);
    }
}
