//! The write journey with every port in hand: two clocks, a journal that can fail, a system that answers as told.

mod deciding;
mod journey;
mod properties;
mod sending;
mod side_by_side;
mod stage;
