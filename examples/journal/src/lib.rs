//! A journal of entries in a file, under test: an entry that was acknowledged is there after each
//! crash.

#[cfg(not(test))]
use ::tokio;
#[cfg(test)]
use rehearsal::tokio;

mod journal;
#[cfg(test)]
mod tests;

pub use journal::{Acknowledge, Journal, entries};
