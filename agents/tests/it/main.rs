//! The integration tests of the agents and of the reference bridge, in one binary: each
//! binary links the simulator anew.

mod agents;
mod bridge;
mod broken_bridge;
mod bus;
#[allow(unreachable_pub, reason = "its items are for the other modules")]
mod common;
mod decisions;
mod defects;
mod delivery;
mod gateway;
mod ids;
mod own_system;
mod populations;
mod portable;
mod registry;
mod runtime;
mod sessions;
mod store;
mod workflow;
