//! Programs on tokio.

pub(super) use tokio as rt;

#[path = "interpreter.rs"]
pub(super) mod interpreter;
