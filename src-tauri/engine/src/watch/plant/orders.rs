//! Production orders: how far, at which rate, and how late.

use andon_domain::Caller;
use andon_domain::ports::Feed;

use super::answers::{PlantOrders, PlantWindowRequest};
use super::stage;
use crate::error::EngineError;
use crate::world::Engine;

/// The orders of a window.
///
/// # Errors
/// Not permitted, limits that make no sense, or the mirror cannot be read.
pub async fn orders(
    engine: &Engine,
    caller: &Caller,
    request: &PlantWindowRequest,
) -> Result<PlantOrders, EngineError> {
    let stage = stage::set(engine, caller, request).await?;
    let known = stage.known(Feed::ProductionOrders);
    Ok(PlantOrders {
        basis: stage.basis("plant.definition.orders", known),
        window: stage.window,
        orders: Vec::new(),
    })
}
