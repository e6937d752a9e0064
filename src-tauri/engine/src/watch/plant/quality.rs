//! Quality of a window: first-pass yield, defects, the last fails.

use andon_domain::Caller;
use andon_domain::ports::Feed;

use super::answers::{PlantQuality, PlantWindowRequest, ProductQuality};
use super::stage;
use crate::error::EngineError;
use crate::world::Engine;

/// The quality of a window.
///
/// # Errors
/// Not permitted, limits that make no sense, or the mirror cannot be read.
pub async fn quality(
    engine: &Engine,
    caller: &Caller,
    request: &PlantWindowRequest,
) -> Result<PlantQuality, EngineError> {
    let stage = stage::set(engine, caller, request).await?;
    let known = stage.known(Feed::Quality);
    Ok(PlantQuality {
        basis: stage.basis("plant.definition.quality", known),
        window: stage.window,
        total: ProductQuality {
            product: None,
            inspected: None,
            good: None,
            first_pass_yield: None,
            reports: 0,
            left_out: 0,
        },
        products: Vec::new(),
        defects: Vec::new(),
        fails: Vec::new(),
    })
}
