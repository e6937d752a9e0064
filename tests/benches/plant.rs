//! The figures of a shift of 5,000 machines: computed from records in memory, beside parsing the same records from their JSON
//! text, which whoever shows them has to pay in any case.
#![expect(clippy::unwrap_used, reason = "a bench may stop")]

mod measure;

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use andon_domain::Timestamp;
use andon_domain::records::{
    DowntimeCategory, DowntimeEvent, Equipment, MachineMode, MachineState, Reason, StateSegment,
};
use andon_engine::kpi::{Buckets, Losses, MachineInput, ParetoSums, Span, Spans, machine};
use measure::{Pair, Report, micros};

const MACHINES: usize = 5_000;
/// A shift of 8 hours, changing state every 20 minutes.
const SHIFT_MS: i64 = 8 * 3_600_000;
const SEGMENTS: i64 = 24;
const TURNS: usize = 7;
/// Computing may cost a part of what parsing costs, and no more.
const MOST: f64 = 0.6;

fn main() -> ExitCode {
    let mut report = Report::new("plant: figures of a shift of 5,000 machines");
    let history: Vec<Vec<StateSegment>> = (0..MACHINES).map(segments).collect();
    let events: Vec<Vec<DowntimeEvent>> = (0..MACHINES).map(stops).collect();
    let text = (
        serde_json::to_vec(&history).unwrap(),
        serde_json::to_vec(&events).unwrap(),
    );
    let turns: Vec<(f64, f64)> = (0..TURNS)
        .map(|_| {
            let started = Instant::now();
            let buckets = shift(black_box(&history), black_box(&events));
            let ours = started.elapsed();
            assert_eq!(buckets.machines as usize, MACHINES);
            assert!(buckets.oee().is_some());
            let started = Instant::now();
            let parsed: Vec<Vec<StateSegment>> = serde_json::from_slice(black_box(&text.0)).unwrap();
            let stopped: Vec<Vec<DowntimeEvent>> = serde_json::from_slice(black_box(&text.1)).unwrap();
            let baseline = started.elapsed();
            drop(black_box((parsed, stopped)));
            (ours.as_secs_f64() * 1e6, baseline.as_secs_f64() * 1e6)
        })
        .collect();
    let pair = Pair::of(&turns);
    let duration = |micros: f64| Duration::from_secs_f64(micros / 1e6);
    report.line("target of the computation (printed only)", "200 ms");
    report.line("computed, median", micros(duration(pair.ours)));
    report.line("parsed, median", micros(duration(pair.baseline)));
    report.ratio("computing by parsing", pair.ratio, MOST, false);
    report.end()
}

/// What a screen shows of the shift: sums, losses and stops of all machines.
fn shift(history: &[Vec<StateSegment>], events: &[Vec<DowntimeEvent>]) -> Buckets {
    let window = Span {
        start: 0,
        end: SHIFT_MS,
    };
    let pause = Span {
        start: SHIFT_MS / 2,
        end: SHIFT_MS / 2 + 1_800_000,
    };
    let planned = Spans::from(window).difference(&Spans::from(pause));
    let (mut sums, mut losses, mut pareto) = (Buckets::default(), Losses::default(), ParetoSums::default());
    for (segments, events) in history.iter().zip(events) {
        let segments: Vec<&StateSegment> = segments.iter().collect();
        let events: Vec<&DowntimeEvent> = events.iter().collect();
        let result = machine(&MachineInput {
            window,
            planned: &planned,
            known_until: SHIFT_MS,
            minor_below: 120_000,
            segments: &segments,
            events: &events,
            cycle_of: &|_| None,
        });
        sums += &result.buckets;
        losses += &result.losses;
        pareto += &result.pareto;
    }
    assert_eq!(losses.millis(), sums.planned_busy - sums.production);
    assert_eq!(pareto.millis(), sums.downtime);
    black_box((losses, pareto));
    sums
}

fn at(machine: usize, part: i64) -> i64 {
    // Not all at the same moment, and the first and last reach beyond the shift.
    let shifted = i64::try_from(machine % 600).unwrap() * 1_000;
    part * (SHIFT_MS / SEGMENTS) - 300_000 + shifted
}

fn reason(number: i64) -> Option<Reason> {
    (number % 5 != 0).then(|| Reason {
        code: Some(format!("E{}", 300 + number % 30)),
        text: Some("spindle overload".to_owned()),
        group: Some("mechanical".to_owned()),
    })
}

fn segments(number: usize) -> Vec<StateSegment> {
    let state = |part: i64| match part % 6 {
        4 => MachineState::Down,
        5 => MachineState::Setup,
        _ => MachineState::Running,
    };
    (0..=SEGMENTS)
        .map(|part| {
            let is_running = state(part) == MachineState::Running;
            let pieces = |count: i64| is_running.then(|| count.into());
            StateSegment {
                machine_id: format!("M{number:05}"),
                status: state(part),
                status_raw: None,
                mode: MachineMode::Production,
                start: Timestamp::from_millis(at(number, part)),
                end: Some(Timestamp::from_millis(at(number, part + 1))),
                produced: pieces(97),
                good: pieces(95),
                scrap: pieces(2),
                rework: pieces(0),
                planned_cycle_s: pieces(12),
                order_id: Some(format!("PO-{}", number % 900)),
                reason: if is_running { None } else { reason(part) },
                incomplete: Vec::new(),
            }
        })
        .collect()
}

fn stops(number: usize) -> Vec<DowntimeEvent> {
    (0..SEGMENTS)
        .filter(|part| part % 6 == 4)
        .map(|part| DowntimeEvent {
            id: format!("D{number:05}-{part}"),
            machine_id: format!("M{number:05}"),
            equipment: Equipment::default(),
            order_id: None,
            category: DowntimeCategory::Unplanned,
            failure: Some(part == 4),
            reason: reason(part + i64::try_from(number).unwrap()),
            start: Some(Timestamp::from_millis(at(number, part))),
            end: Some(Timestamp::from_millis(at(number, part + 1))),
            comment: None,
            deleted: false,
            updated_at: Some(Timestamp::from_millis(at(number, part + 1))),
            version: 2,
            incomplete: Vec::new(),
        })
        .collect()
}
