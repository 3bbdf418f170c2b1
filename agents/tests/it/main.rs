//! The integration tests of the agents and of the reference bridge, in one binary: each
//! binary links the simulator anew.

mod agents;
mod bridge;
mod broken_bridge;
#[allow(unreachable_pub, reason = "its items are for the other modules")]
mod common;
mod defects;
mod delivery;
mod ids;
mod own_system;
mod populations;
mod portable;
mod runtime;
