//! Trouble: each says what happened and what to do, nothing else stops, and it ends when its cause ends.

mod keyring;
mod start;
mod systems;
