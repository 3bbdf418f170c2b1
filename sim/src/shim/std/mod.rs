//! A stand-in for the parts of the standard library with which threads share memory and wait for
//! each other: `use rehearsal_sim::std::sync::Mutex;` and the rest of the code stays as it is.
//!
//! In a run with [`Interleave::Operations`](crate::Interleave) each operation is a scheduling
//! point, and what would block the thread suspends the task instead: another one goes on, and
//! if none can, that is a deadlock. In other runs, and outside a run, everything is the standard
//! library's own.

pub mod hint;
pub mod sync;
pub mod thread;
