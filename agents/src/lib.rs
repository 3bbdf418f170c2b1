//! What Rehearsal puts on stage: the event vocabulary, mock agents, and
//! reference systems with the defects they can carry.
//!
//! Nothing here reads files or prints; the root crate does. Nothing here knows
//! whether it runs simulated: code uses [`rehearsal_sim::tokio`] as it would use
//! tokio.

pub mod agent;
pub mod bridge;
pub mod client;
pub mod event;
pub mod record;
mod recorder;
mod scenario;
pub mod sections;
pub mod spec;
pub mod system;
