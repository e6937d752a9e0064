//! Integration tests: one binary that knows the house only from outside. It starts the demo plant and the console as
//! processes, speaks their protocols, and reads the plant's own counts.
//!
//! The caller builds `andonctl` and `andon-demo-plant` first and brings a session bus with a keyring: `make test`, or
//! `scripts/with-session --throw-away cargo nextest run -p andon-tests --test it`.
#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something unexpected happens"
)]

mod agent;
mod canary;
mod cap;
mod console;
mod crash;
mod mcp;
mod plant;
mod process;
mod rooms;
mod threads;
mod trouble;
mod world;
