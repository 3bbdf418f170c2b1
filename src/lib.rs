//! Deterministic simulation testing for the coordination layer of multi-agent
//! systems.

pub mod oracle;
pub mod scenario;

pub use rehearsal_agents as agents;
pub use rehearsal_sim as sim;
