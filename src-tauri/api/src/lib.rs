//! The command table, the wire types and the error mapping: one door for the window, the headless host, the command line
//! and the agents' gateway.

pub mod agents;
mod commands;
mod console;
mod error;
mod handlers;
pub mod wire;

pub use commands::{COMMANDS, Command};
pub use console::{Console, ConsoleParts, Credentials, Session, event};
pub use error::{ApiError, ErrorCode, from_engine};

// Words the faces need; they import no room below this one.
pub use andon_domain::{Risk, Via, text};
pub use andon_engine::Change;

#[cfg(test)]
mod generated;
