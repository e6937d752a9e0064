//! One machine in full, and the timelines of many.

use std::collections::HashMap;
use std::time::Duration;

use andon_domain::records::{DowntimeEvent, MachineStatus, ProductionOrder, StateSegment};
use andon_domain::{Caller, Timestamp};

use super::answers::{
    MachineTimeline, PlantMachine, PlantMachineRequest, PlantTimelines, PlantWindowRequest, TimelineSegment,
};
use super::compute::{Records, Results, count};
use super::figures::FigureNoteKind;
use super::show;
use super::stage::{self, KnownMachine, Stage, count_note, note_corrected};
use super::window::{GRACE, blocking};
use crate::error::EngineError;
use crate::kpi::{Now, Piece, Span, timeline};
use crate::world::Engine;

/// Timelines in one answer. A screen asks for a line when a plant has more.
const MOST_TIMELINES: usize = 500;

/// One machine in full.
///
/// # Errors
/// Not permitted, no such machine, limits that make no sense, or the mirror cannot be read.
pub async fn machine(
    engine: &Engine,
    caller: &Caller,
    request: &PlantMachineRequest,
) -> Result<PlantMachine, EngineError> {
    let wanted = PlantWindowRequest {
        range: request.range,
        since: request.since,
        until: request.until,
        machine_id: Some(request.machine_id.clone()),
        ..PlantWindowRequest::default()
    };
    let mut stage = stage::set(engine, caller, &wanted).await?;
    stage.count_to_history();
    let known = stage.known_machines();
    let Some((machine, known_until)) = known.first().cloned() else {
        return Err(EngineError::NotFound(format!("machine: {}", request.machine_id)));
    };
    let mirror = stage.tenant.parts.mirror.as_ref();
    let records = Records::read(mirror, stage.span(), Some(&request.machine_id)).await?;
    let order = order_of(&stage, &machine).await?;
    let limits = (stage.window.since, stage.window.as_of);
    let planned = stage.planned();
    let minor_below = stage.tenant.parts.minor_stop_below;
    let total = Results::of(&known, &records, &planned, limits, minor_below).total();
    let mut basis = stage.basis_of_history("plant.definition.figures", &known);
    let unrated = total.buckets.machines - total.buckets.rated.machines;
    count_note(&mut basis, FigureNoteKind::MachinesUnrated, unrated);
    count_note(&mut basis, FigureNoteKind::ImpossibleLeftOut, total.impossible);
    if stage.window.is_finished {
        note_corrected(&mut basis, records.corrected(stage.span(), GRACE));
    }
    let segments: Vec<&StateSegment> = records.history.iter().collect();
    let pieces = timeline(
        shown(&stage),
        known_until.millis(),
        &segments,
        Some(now_of(&stage, &machine)),
    );
    Ok(PlantMachine {
        timeline: pieces.iter().map(|piece| segment(piece, &machine)).collect(),
        figures: show::figures(&total.buckets),
        waterfall: show::waterfall(&total.losses, &total.buckets),
        downtime: newest_first(&records.events),
        age_ms: stage.age_of(&machine).map(millis_of),
        is_stale: stage.is_stale(&machine),
        window: stage.window,
        basis,
        order,
        machine,
    })
}

/// The timelines of many machines.
///
/// # Errors
/// Not permitted, limits that make no sense, or the mirror cannot be read.
pub async fn timelines(
    engine: &Engine,
    caller: &Caller,
    request: &PlantWindowRequest,
) -> Result<PlantTimelines, EngineError> {
    let mut stage = stage::set(engine, caller, request).await?;
    let left_out = count(stage.machines.len().saturating_sub(MOST_TIMELINES));
    stage.machines.truncate(MOST_TIMELINES);
    let mirror = stage.tenant.parts.mirror.as_ref();
    let history = mirror
        .history(stage.span(), request.machine_id.as_deref())
        .await?;
    let known = stage.known_machines();
    let mut basis = stage.basis_of_history("plant.definition.timeline", &known);
    count_note(&mut basis, FigureNoteKind::Truncated, left_out);
    let window = shown(&stage);
    let machines: Vec<(KnownMachine, Now)> = known
        .into_iter()
        .map(|known| {
            let now = now_of(&stage, &known.0);
            (known, now)
        })
        .collect();
    let machines = blocking(move || compact(&machines, &history, window)).await?;
    Ok(PlantTimelines {
        window: stage.window,
        basis,
        machines,
        left_out,
    })
}

fn compact(machines: &[(KnownMachine, Now)], history: &[StateSegment], window: Span) -> Vec<MachineTimeline> {
    let mut by_machine: HashMap<&str, Vec<&StateSegment>> = HashMap::new();
    for segment in history {
        by_machine.entry(&segment.machine_id).or_default().push(segment);
    }
    let of = |((machine, known_until), now): &(KnownMachine, Now)| {
        let segments = by_machine
            .get(machine.machine_id.as_str())
            .map_or(&[][..], Vec::as_slice);
        let pieces = timeline(window, known_until.millis(), segments, Some(*now));
        MachineTimeline {
            machine_id: machine.machine_id.clone(),
            name: machine.name.clone(),
            work_center: machine.equipment.work_center.clone(),
            segments: pieces
                .iter()
                .map(|piece| (millis(piece.span.start), millis(piece.span.end), piece.state))
                .collect(),
        }
    };
    machines.iter().map(of).collect()
}

/// What is shown of the window: nothing of the future.
fn shown(stage: &Stage<'_>) -> Span {
    Span::new(stage.window.since, stage.window.until.min(stage.now))
}

/// What the machine says now holds up to now while that is fresh, else up to when it was measured.
fn now_of(stage: &Stage<'_>, machine: &MachineStatus) -> Now {
    let until = if stage.is_stale(machine) {
        stage.measured(machine)
    } else {
        stage.now
    };
    Now {
        state: machine.status,
        since: machine.status_since.unwrap_or(until).millis(),
        until: until.millis(),
    }
}

fn millis_of(age: Duration) -> u64 {
    u64::try_from(age.as_millis()).unwrap_or(u64::MAX)
}

fn segment(piece: &Piece<'_>, machine: &MachineStatus) -> TimelineSegment {
    // A piece without a segment is what the machine itself says now.
    let is_own_word = piece.segment.is_none() && piece.state.is_some();
    let own = is_own_word.then_some(machine);
    TimelineSegment {
        start: Timestamp::from_millis(piece.span.start),
        end: Timestamp::from_millis(piece.span.end),
        state: piece.state,
        state_raw: piece.segment.map_or_else(
            || own.and_then(|m| m.status_raw.clone()),
            |s| s.status_raw.clone(),
        ),
        is_begun_before: piece.is_begun_before,
        is_open: piece.is_open,
        order_id: piece
            .segment
            .map_or_else(|| own.and_then(|m| m.order_id.clone()), |s| s.order_id.clone()),
        reason: piece
            .segment
            .map_or_else(|| own.and_then(|m| m.reason.clone()), |s| s.reason.clone()),
    }
}

fn newest_first(events: &[DowntimeEvent]) -> Vec<DowntimeEvent> {
    let mut events: Vec<DowntimeEvent> = events.iter().filter(|event| !event.deleted).cloned().collect();
    events.sort_by(|a, b| (b.start, &b.id).cmp(&(a.start, &a.id)));
    events
}

async fn order_of(
    stage: &Stage<'_>,
    machine: &MachineStatus,
) -> Result<Option<ProductionOrder>, EngineError> {
    let Some(id) = machine.order_id.as_deref() else {
        return Ok(None);
    };
    let orders = stage.tenant.parts.mirror.production_orders(stage.span()).await?;
    Ok(orders.into_iter().find(|order| order.id == id))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds since 1970 stay exact in a double for the next 280,000 years"
)]
const fn millis(at: i64) -> f64 {
    at as f64
}
