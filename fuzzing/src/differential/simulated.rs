//! Programs in the simulator.

pub(super) use rehearsal_sim::tokio as rt;

#[path = "interpreter.rs"]
pub(super) mod interpreter;
