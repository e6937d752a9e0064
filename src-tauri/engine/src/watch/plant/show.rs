//! From sums to what crosses to the screen: seconds, fractions, steps and bars.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::figures::{Figures, Pareto, ParetoBar, ParetoKind, WaterfallKind, WaterfallStep};
use crate::kpi::{Buckets, LossKey, Losses, ParetoEntry, ParetoSums, ReasonKey, StateKey, StepName};

/// Reasons with a bar of their own; the rest is one bar.
const MOST_BARS: usize = 12;

/// The key figures of sums.
pub(super) fn figures(buckets: &Buckets) -> Figures {
    let rated = &buckets.rated;
    // Nothing known is not nothing made.
    let told = |machines: u32, value: Decimal| {
        let is_told = machines > 0 && buckets.is_known();
        is_told.then(|| value.to_f64()).flatten()
    };
    let of_rated = |value: Decimal| told(rated.machines, value);
    let effectiveness = buckets.effectiveness();
    Figures {
        machines: buckets.machines,
        unrated_machines: buckets.machines - rated.machines,
        planned_operation_s: seconds(buckets.planned_operation),
        planned_down_s: seconds(buckets.planned_down),
        planned_busy_s: seconds(buckets.planned_busy),
        production_s: seconds(buckets.production),
        uncovered_s: seconds(buckets.uncovered),
        coverage: buckets.coverage(),
        is_low_confidence: buckets.is_low_confidence(),
        unrated_s: seconds(buckets.production - rated.production),
        ideal_s: of_rated(rated.ideal / Decimal::ONE_THOUSAND),
        ideal_good_s: of_rated(rated.ideal_good / Decimal::ONE_THOUSAND),
        produced: of_rated(rated.produced),
        good: of_rated(rated.good),
        scrap: told(buckets.scrap.machines, buckets.scrap.part),
        rework: told(buckets.rework.machines, buckets.rework.part),
        availability: buckets.availability(),
        effectiveness,
        quality: buckets.quality(),
        oee: buckets.oee(),
        is_cycle_doubtful: effectiveness.is_some_and(|value| value > 1.0),
        scrap_ratio: buckets.scrap_ratio(),
        rework_ratio: buckets.rework_ratio(),
        failures: buckets.failures,
        repaired: buckets.repaired,
        mttr_s: buckets.mttr().map(|millis| millis / 1000.0),
        mtbf_s: buckets.mtbf().map(|millis| millis / 1000.0),
        downtime_s: seconds(buckets.downtime),
        downtime_events: buckets.downtime_events,
        minor_stops: buckets.minor_stops,
        minor_stop_s: seconds(buckets.minor_stop),
    }
}

/// The waterfall of sums.
pub(super) fn waterfall(losses: &Losses<'_>, buckets: &Buckets) -> Vec<WaterfallStep> {
    let steps = losses.waterfall(buckets).into_iter().map(|step| {
        let (kind, code) = kind_of(step.name);
        WaterfallStep {
            kind,
            is_total: step.is_total,
            code: code.map(str::to_owned),
            text: step.text.map(str::to_owned),
            seconds: (step.millis / Decimal::ONE_THOUSAND).to_f64().unwrap_or_default(),
        }
    });
    steps.collect()
}

const fn kind_of(name: StepName<'_>) -> (WaterfallKind, Option<&str>) {
    match name {
        StepName::PlannedBusy => (WaterfallKind::PlannedBusy, None),
        StepName::Availability(LossKey::Stop(ReasonKey::None)) => (WaterfallKind::NoReason, None),
        StepName::Availability(LossKey::Stop(reason)) => (WaterfallKind::StopReason, reason.code()),
        StepName::Availability(LossKey::State(state)) => (state_kind(state), None),
        StepName::Availability(LossKey::NoData) => (WaterfallKind::NoData, None),
        StepName::Production => (WaterfallKind::Production, None),
        StepName::Unrated => (WaterfallKind::Unrated, None),
        StepName::Speed => (WaterfallKind::Speed, None),
        StepName::Ideal => (WaterfallKind::Ideal, None),
        StepName::Quality => (WaterfallKind::Quality, None),
        StepName::Good => (WaterfallKind::Good, None),
    }
}

const fn state_kind(state: StateKey) -> WaterfallKind {
    match state {
        StateKey::Idle => WaterfallKind::Idle,
        StateKey::Setup => WaterfallKind::Setup,
        StateKey::Down => WaterfallKind::Down,
        StateKey::Offline => WaterfallKind::Offline,
        StateKey::Unknown => WaterfallKind::UnknownState,
    }
}

/// The bars of downtime, by seconds and by count. "No reason given" always has its own.
pub(super) fn pareto(sums: &ParetoSums<'_>) -> Pareto {
    let entries: Vec<ParetoEntry<'_>> = sums.entries().collect();
    let events: u32 = entries.iter().map(|entry| entry.count).sum();
    let by = |rank: fn(&ParetoEntry<'_>) -> i64| {
        let mut sorted = entries.clone();
        sorted.sort_by_key(|entry| (-rank(entry), entry.key));
        bars(&sorted, rank)
    };
    Pareto {
        total_s: seconds(sums.millis()),
        total_count: f64::from(events),
        by_seconds: by(|entry| entry.millis),
        by_count: by(|entry| i64::from(entry.count)),
    }
}

fn bars(sorted: &[ParetoEntry<'_>], rank: fn(&ParetoEntry<'_>) -> i64) -> Vec<ParetoBar> {
    let total: i64 = sorted.iter().map(rank).sum();
    let (mut groups, mut rest) = (Vec::new(), Vec::new());
    for entry in sorted {
        if groups.len() < MOST_BARS || entry.key == ReasonKey::None {
            groups.push(vec![*entry]);
        } else {
            rest.push(*entry);
        }
    }
    groups.extend((!rest.is_empty()).then_some(rest));
    let mut shown = 0;
    let mut with_sum = |group: &Vec<ParetoEntry<'_>>| {
        shown += group.iter().map(rank).sum::<i64>();
        bar(group, part(shown, total))
    };
    groups.iter().map(&mut with_sum).collect()
}

fn bar(group: &[ParetoEntry<'_>], cumulative: Option<f64>) -> ParetoBar {
    let only = if let [entry] = group { Some(entry) } else { None };
    ParetoBar {
        kind: match only.map(|entry| entry.key) {
            Some(ReasonKey::None) => ParetoKind::NoReason,
            Some(_) => ParetoKind::Reason,
            None => ParetoKind::Other,
        },
        code: only.and_then(|entry| entry.key.code()).map(str::to_owned),
        text: only.and_then(|entry| entry.text).map(str::to_owned),
        seconds: seconds(group.iter().map(|entry| entry.millis).sum()),
        count: f64::from(group.iter().map(|entry| entry.count).sum::<u32>()),
        cumulative,
        reasons: u32::try_from(group.len()).unwrap_or(u32::MAX),
    }
}

fn part(shown: i64, total: i64) -> Option<f64> {
    Decimal::from(shown).checked_div(Decimal::from(total))?.to_f64()
}

/// Milliseconds as seconds.
pub(super) fn seconds(millis: i64) -> f64 {
    Decimal::new(millis, 3).to_f64().unwrap_or_default()
}
