//! The figures of a window: site, lines, losses, stops, trend.

use andon_domain::Caller;

use super::answers::{PlantFigures, PlantWindowRequest};
use super::figures::{Figures, Pareto};
use super::stage;
use crate::error::EngineError;
use crate::world::Engine;

/// The figures of a window.
///
/// # Errors
/// Not permitted, limits that make no sense, or the mirror cannot be read.
pub async fn figures(
    engine: &Engine,
    caller: &Caller,
    request: &PlantWindowRequest,
) -> Result<PlantFigures, EngineError> {
    let stage = stage::set(engine, caller, request).await?;
    Ok(PlantFigures {
        basis: stage.basis("plant.definition.figures", stage.history),
        window: stage.window,
        total: Figures::default(),
        lines: Vec::new(),
        machines: Vec::new(),
        waterfall: Vec::new(),
        pareto: Pareto::default(),
        trend: Vec::new(),
    })
}
