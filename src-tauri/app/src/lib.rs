//! Where everything meets: configuration, wiring, timers, the headless host and `andonctl`.
//!
//! The one room that reads the clock, the environment and the command line. It holds no rule of its own.

mod clock;
mod config;
pub mod ctl;
mod demo;
mod harden;
mod host;
mod log_file;
mod owner;
mod start;
mod timers;
mod wiring;

pub use config::{Config, Mistakes};
pub use start::{Running, StartError, StartOptions, start};
