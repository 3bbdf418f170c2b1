//! A worker pool of actors: a supervisor gives jobs to workers, starts a new worker when
//! one fails, and counts each job as completed once. On `kameo`.
//!
//! All that the pool itself does to be tested is one import in each module that uses
//! tokio. The tests are in `src/tests.rs`; `docs/guide/actors.md` walks through them.

pub mod pool;
mod supervisor;
mod worker;

#[cfg(test)]
mod tests;
