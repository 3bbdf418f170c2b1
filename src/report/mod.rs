//! Texts about runs, for people and, as JSON, for programs.

pub(crate) mod block;
mod causal;
pub(crate) mod failure;
pub mod golden;
pub mod json;
mod measured;
pub(crate) mod next_steps;
pub mod records;
pub mod summary;
