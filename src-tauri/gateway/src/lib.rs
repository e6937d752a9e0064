//! The agents' face: MCP over streamable HTTP, on loopback.
