//! Texts about runs, for people and, as JSON, for programs.

pub(crate) mod aftermath;
pub(crate) mod block;
mod causal;
pub mod golden;
pub mod json;
pub(crate) mod next_steps;
pub mod summary;
