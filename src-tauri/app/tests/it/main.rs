//! The real `andonctl` as a process: what scripts, service managers and people at a terminal rely on.

mod cli;
mod keyring;
mod serve;
mod support;
