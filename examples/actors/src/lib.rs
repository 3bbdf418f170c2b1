//! A crew of actors: a foreman hands jobs to workers, hires anew when one breaks down,
//! and pays for each job once. On `kameo`.
//!
//! The lines below are all that the crew itself does for its rehearsal. What is tested,
//! and how, is in `src/tests.rs`; `docs/guide/actors.md` walks through it.

#[cfg(not(test))]
use ::tokio;
#[cfg(test)]
use rehearsal::tokio;

pub mod crew;
mod foreman;
mod worker;

#[cfg(test)]
mod tests;
