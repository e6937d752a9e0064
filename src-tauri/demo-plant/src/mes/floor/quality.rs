//! Inspections: samples while a machine runs and a final one at the end of each order. A fail has a value beyond a limit
//! or pieces with a defect, and a disposition; some verdicts come later than the measurement.

use super::amendments::Amendment;
use super::{Change, Floor, MINUTE};
use crate::dice::Dice;
use crate::mes::inspections::{Characteristic, Check, Defect};

/// What an inspection ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Pass,
    Fail,
    Conditional,
    Pending,
}

/// What happens with the pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disposition {
    Accept,
    Rework,
    Scrap,
    UseAsIs,
    Pending,
}

/// An inspection with its measurements.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    pub(crate) number: u64,
    pub(crate) machine: usize,
    pub(crate) order: u64,
    pub(crate) is_final: bool,
    pub(crate) verdict: Verdict,
    pub(crate) disposition: Disposition,
    pub(crate) inspected_ms: i64,
    pub(crate) inspected: i64,
    /// Pieces with a fault; meaningless while the verdict is pending.
    pub(crate) faulty: i64,
    /// One value for each characteristic of the line.
    pub(crate) values: Vec<i64>,
    pub(crate) defect: Option<&'static Defect>,
    pub(crate) serial: Option<i64>,
    pub(crate) inspector: i64,
    pub(crate) updated_ms: i64,
    pub(crate) version: u64,
}

impl Floor {
    /// A sample from a running machine, and when the next one is due.
    pub(super) fn inspect_sample(&mut self, index: usize, at_ms: i64) {
        let pause = self.machines[index].inspector.dwell(75 * MINUTE);
        self.machines[index].next_inspection_ms = at_ms + self.at_speed(pause);
        self.inspect(index, at_ms, false);
    }

    /// Inspects what the machine's order has made.
    pub(super) fn inspect(&mut self, index: usize, at_ms: i64, is_final: bool) {
        let machine = &mut self.machines[index];
        let (check, number) = (machine.line.check, machine.order);
        let Some(made) = self.orders.get(&number).map(|order| order.counted) else {
            return;
        };
        let dice = &mut machine.inspector;
        let most = if is_final { dice.between(20, 50) } else { 5 };
        let inspected = if check.has_serial {
            1
        } else {
            most.min(made.produced)
        };
        if made.produced < 1 {
            return;
        }
        let fails = 2 + machine.line.rates.scrap_per_mille / 10;
        let verdict = match dice.between(0, 99) {
            roll if roll < fails => Verdict::Fail,
            roll if roll < fails + 2 => Verdict::Conditional,
            _ => Verdict::Pass,
        };
        let is_late = dice.chance(4);
        let mut report = Report {
            number: self.next_report,
            machine: index,
            order: number,
            is_final,
            verdict,
            disposition: Disposition::Accept,
            inspected_ms: at_ms,
            inspected,
            faulty: 0,
            values: measure(dice, check, verdict),
            defect: None,
            serial: check.has_serial.then_some(made.produced),
            inspector: dice.between(1, 9),
            updated_ms: at_ms,
            version: 1,
        };
        judge(dice, check, &mut report);
        let delay = dice.dwell(20 * MINUTE);
        if is_late {
            (report.verdict, report.disposition) = (Verdict::Pending, Disposition::Pending);
            let due_ms = at_ms + self.at_speed(delay);
            self.amend_later(due_ms, Amendment::Decide(report.number, verdict));
        }
        self.tell(Change::Report(report.number));
        self.next_report += 1;
        self.reports.insert(report.number, report);
    }

    /// The verdict on a pending inspection.
    pub(super) fn decide(&mut self, number: u64, verdict: Verdict, at_ms: i64) {
        let Some(report) = self.reports.get_mut(&number) else {
            return;
        };
        let machine = &mut self.machines[report.machine];
        report.verdict = verdict;
        judge(&mut machine.inspector, machine.line.check, report);
        report.updated_ms = at_ms;
        report.version += 1;
        self.tell(Change::Report(number));
    }
}

/// What a verdict means for the pieces and what was found.
fn judge(dice: &mut Dice, check: &'static Check, report: &mut Report) {
    match report.verdict {
        Verdict::Pass | Verdict::Pending => {
            (report.faulty, report.defect, report.disposition) = (0, None, Disposition::Accept);
        }
        Verdict::Conditional => {
            (report.faulty, report.defect, report.disposition) = (0, None, Disposition::UseAsIs);
        }
        Verdict::Fail => {
            report.faulty = dice.between(1, 2).min(report.inspected);
            report.defect = dice.pick(check.defects);
            report.disposition = match dice.between(0, 99) {
                0..=49 => Disposition::Scrap,
                50..=89 => Disposition::Rework,
                _ => Disposition::UseAsIs,
            };
        }
    }
}

/// Values that fit the verdict: a fail lies beyond a limit, a conditional one just inside.
fn measure(dice: &mut Dice, check: &Check, verdict: Verdict) -> Vec<i64> {
    let last = i64::try_from(check.characteristics.len()).unwrap_or(1) - 1;
    let odd = dice.between(0, last);
    let characteristics = (0..).zip(check.characteristics);
    characteristics
        .map(|(place, characteristic)| {
            let usual = (dice.between(-60, 60) + dice.between(-60, 60)) / 2;
            // A characteristic that cannot be less than nothing fails upwards.
            let is_upper = characteristic.lower == 0 || dice.chance(50);
            let share = match verdict {
                Verdict::Fail if place == odd => dice.between(104, 135),
                Verdict::Conditional if place == odd => dice.between(92, 100),
                _ => return characteristic.at(usual),
            };
            characteristic.at(if is_upper { share } else { -share })
        })
        .collect()
}

impl Characteristic {
    /// The value at a share, in percent, of the way from the target to a limit.
    fn at(&self, percent: i64) -> i64 {
        let limit = if percent < 0 {
            self.target - self.lower
        } else {
            self.upper - self.target
        };
        let way = limit * percent;
        // Away from the target, so that what is beyond a limit stays beyond it.
        let steps = if percent.abs() > 100 {
            way.signum() * ((way.abs() + 99) / 100)
        } else {
            way / 100
        };
        self.target + steps
    }
}
