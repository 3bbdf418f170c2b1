//! A ticket service for agents: an MCP server that hands out tickets, keeps notes and
//! takes surveys, and the client that calls it. On `rmcp`, over TCP.
//!
//! All that the service itself does to be tested is one import in each module that uses
//! tokio. The tests are in `src/tests.rs`; `docs/guide/mcp.md` walks through them.

pub mod client;
pub mod server;
pub mod service;

#[cfg(test)]
mod tests;
