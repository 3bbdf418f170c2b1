//! Systems under test and the machinery around them: the event vocabulary, mock
//! agents, the driver that runs any system, and the reference systems with the
//! defects they can carry.
//!
//! Nothing here reads files or prints; the root crate does. Nothing here knows
//! whether it runs simulated: code uses [`rehearsal_sim::tokio`] as it would use
//! tokio.

pub mod agent;
mod calls;
pub mod capability;
pub mod defect;
pub mod driver;
pub mod effect;
pub mod event;
pub mod fault;
pub mod goal;
#[cfg(feature = "systems")]
mod lines;
pub mod model_service;
pub mod network;
pub mod port;
#[cfg(feature = "systems")]
#[doc(hidden)]
pub mod portable;
pub mod record;
pub mod scripted_model;
pub mod sections;
pub mod spec;
pub mod system;
#[cfg(feature = "systems")]
pub mod systems;
pub mod units;
#[cfg(feature = "systems")]
mod websocket;

#[cfg(feature = "systems")]
pub use systems::bridge;
#[cfg(feature = "systems")]
pub use systems::bridge::client;
