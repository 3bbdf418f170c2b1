//! A help desk for agents: an MCP server that hands out tickets, keeps notes and
//! takes surveys, and the client that calls it. On `rmcp`, over TCP.
//!
//! The lines below are all that the service itself does for its rehearsal. What is
//! tested, and how, is in `src/tests.rs`; `docs/guide/mcp.md` walks through it.

#[cfg(not(test))]
use ::tokio;
#[cfg(test)]
use rehearsal::tokio;

pub mod client;
pub mod desk;
pub mod server;

#[cfg(test)]
mod tests;
