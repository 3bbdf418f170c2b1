//! A help desk for agents: an MCP server that hands out tickets, keeps notes and
//! takes surveys, and the client that calls it. On `rmcp`, over TCP.
//!
//! All that the service itself does for its rehearsal is one import in each module that
//! uses tokio. What is tested, and how, is in `src/tests.rs`;
//! `docs/guide/mcp.md` walks through it.

pub mod client;
pub mod desk;
pub mod server;

#[cfg(test)]
mod tests;
