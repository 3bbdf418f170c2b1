//! Systems under test and the machinery around them: the event vocabulary, mock
//! agents, the driver that runs any system, and the reference systems with the
//! defects they can carry.
//!
//! Nothing here reads files or prints; the root crate does. Nothing here knows
//! whether it runs simulated: code uses [`rehearsal_sim::tokio`] as it would use
//! tokio.

// Some parts of the driver serve only the systems that ship with this crate.
#![cfg_attr(
    not(feature = "systems"),
    allow(dead_code, unreachable_pub, unused_imports)
)]

pub mod agent;
pub mod capability;
pub mod defect;
pub mod driver;
pub mod event;
pub mod fault;
pub mod goal;
pub mod port;
pub mod record;
pub mod sections;
pub mod spec;
pub mod system;
#[cfg(feature = "systems")]
pub mod systems;
pub mod units;

#[cfg(feature = "systems")]
pub use systems::bridge;
#[cfg(feature = "systems")]
pub use systems::bridge::client;
