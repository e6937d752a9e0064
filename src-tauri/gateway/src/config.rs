//! What can be set about the gateway, and why it may not start.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use thiserror::Error;

/// Port agents keep in their configuration unless an operator chose another.
pub const DEFAULT_PORT: u16 = 4517;
/// The one path that answers.
pub const PATH: &str = "/mcp";
/// Directives every log filter of a host must carry: below these levels the protocol library writes arguments and answers.
pub const QUIET_LOGS: &str = "rmcp=error,rmcp::service=off,hyper=info,hyper_util=info";

/// Address and limits. The defaults are the promised ones; tests make them small.
#[derive(Debug, Clone)]
pub struct GatewayConfig {
    /// Where to listen; must be loopback. Port 0 takes any free port.
    pub listen: SocketAddr,
    /// Longest time a write or an await is held open for a decision.
    pub hold: Duration,
    /// Between two notes of progress to a client that asked for them.
    pub progress_every: Duration,
    /// Longest time for the head of a request, and for an idle connection.
    pub header_timeout: Duration,
    /// Longest time for the body of a request.
    pub body_timeout: Duration,
    /// Connections at once, of all agents.
    pub max_connections: usize,
    /// Largest head of a request.
    pub max_header_bytes: usize,
    /// Largest body of a request.
    pub max_body_bytes: usize,
    /// Largest answer to a call.
    pub max_answer_bytes: usize,
    /// Calls of one agent at once.
    pub calls_at_once: usize,
    /// Calls of one agent in a minute.
    pub calls_per_minute: u32,
    /// Messages of one agent in a minute, of every kind.
    pub messages_per_minute: u32,
    /// Open event streams of one agent.
    pub streams_at_once: usize,
    /// Sessions of one agent; one more closes its oldest.
    pub sessions_per_agent: usize,
}

impl GatewayConfig {
    /// The promised limits on this address.
    #[must_use]
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            hold: Duration::from_secs(50),
            progress_every: Duration::from_secs(10),
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(10),
            max_connections: 64,
            max_header_bytes: 16 * 1024,
            max_body_bytes: 256 * 1024,
            max_answer_bytes: 1024 * 1024,
            calls_at_once: 8,
            calls_per_minute: 60,
            messages_per_minute: 600,
            streams_at_once: 8,
            sessions_per_agent: 16,
        }
    }
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self::new(SocketAddr::from((Ipv4Addr::LOCALHOST, DEFAULT_PORT)))
    }
}

/// Why the gateway or the bridge does not run.
#[derive(Debug, Error)]
pub enum GatewayError {
    /// Agents are served on this machine only.
    #[error("the gateway listens on loopback only, not on: {0}. Use 127.0.0.1 or [::1] with a port.")]
    NotLoopback(SocketAddr),
    /// Something else has the port.
    #[error(
        "the gateway's port is in use: {0}. Stop the other program or another console, or choose a port with --gateway-listen."
    )]
    PortInUse(SocketAddr),
    /// The system refused the address.
    #[error("the gateway cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The bridge was given something else than the address of a gateway on this machine.
    #[error("not the address of a gateway on this machine: {0}. It looks like http://127.0.0.1:4517/mcp.")]
    Address(String),
    /// The token holds characters no header can carry.
    #[error("the token is not usable. Paste it again exactly as it was shown.")]
    Token,
    /// Standard input or output failed.
    #[error("standard input or output failed: {0}")]
    Pipe(#[from] std::io::Error),
}
