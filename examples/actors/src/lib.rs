//! A crew of actors: a foreman hands jobs to workers, hires anew when one breaks down,
//! and pays for each job once. On `kameo`.
//!
//! All that the crew itself does for its rehearsal is one import in each module that
//! uses tokio. What is tested, and how, is in `src/tests.rs`;
//! `docs/guide/actors.md` walks through it.

pub mod crew;
mod foreman;
mod worker;

#[cfg(test)]
mod tests;
