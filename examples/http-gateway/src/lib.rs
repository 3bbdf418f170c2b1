//! A JSON gateway before two workers on hyper, under test.
//!
//! Two defects can be chosen. One has a job done twice: a worker that is slow is
//! taken for one that is dead ([`OnSilence::AskElsewhere`]). The other gives a worker
//! more jobs at once than it may have: looking who is free and taking the place are
//! two steps ([`Choosing::LookThenTake`]).

#[cfg(not(test))]
use ::tokio;
#[cfg(test)]
use rehearsal::tokio;

mod gateway;
mod http;
mod job;
#[cfg(test)]
mod tests;
mod worker;

pub use gateway::{Account, Choosing, Gateway, Load, OnSilence, Settings};
pub use http::{Failure, Patience, post};
pub use job::{Done, Job, Rejection};
pub use worker::{Ledger, Worker};
