//! The real `andonctl` as a process: what scripts, service managers and people at a terminal rely on.
#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something unexpected happens"
)]

mod cli;
mod keyring;
mod serve;
mod support;
