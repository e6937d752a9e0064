//! The agents' face: MCP over streamable HTTP, on loopback, and the bridge that carries it over standard input and output.
//!
//! Nothing is decided here. A call becomes a read or a durable request of the console; this room keeps strangers out,
//! holds a waiting call for a while and puts the answer into the protocol's words.

mod answers;
mod bridge;
mod config;
mod desk;
mod door;
mod limits;
mod refusal;
mod server;
mod sessions;
mod sse;
mod strict;
mod tools;

pub use bridge::stdio_bridge;
pub use config::{DEFAULT_PORT, GatewayConfig, GatewayError, PATH, QUIET_LOGS};
pub use server::{BoundGateway, Gateway};

#[cfg(test)]
mod tests;
