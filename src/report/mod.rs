//! Texts about runs, for people and, as JSON, for programs.

pub(crate) mod block;
mod causal;
pub(crate) mod document;
pub(crate) mod failure;
pub(crate) mod form;
pub mod golden;
pub mod json;
mod measured;
pub(crate) mod mermaid;
pub(crate) mod next_steps;
mod otlp;
pub(crate) mod page;
mod perfetto;
pub mod records;
pub mod summary;
