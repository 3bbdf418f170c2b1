//! Texts about runs, for people and, as JSON, for programs.

pub(crate) mod block;
mod causal;
pub(crate) mod document;
pub(crate) mod failure;
pub mod golden;
pub mod json;
mod measured;
pub(crate) mod mermaid;
pub(crate) mod next_steps;
pub(crate) mod page;
pub(crate) mod perfetto;
pub mod records;
pub mod summary;
