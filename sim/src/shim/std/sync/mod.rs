//! Shared memory and locks, as in `std::sync`.
//!
//! Differences from the standard library:
//!
//! - Memory is sequentially consistent in a run, whatever the order that an operation names:
//!   a run has one thread. For what weaker orders allow, use loom.
//! - A lock that is free again goes to one of the tasks that wait for it, which the run chooses;
//!   `Condvar::notify_one` wakes the one that has waited longest.
//! - In a run whose operations are no scheduling points, a task that would have to wait for a
//!   lock which another task of the run holds panics: it would block the run for ever.
//! - [`WaitTimeoutResult`] and [`BarrierWaitResult`] are the facade's own types.
//! - Absent: `Once::wait`, and the mapping of guards.

pub mod atomic;
mod barrier;
mod condvar;
mod lazy;
pub mod mpsc;
mod mutex;
mod once;
mod rwlock;

pub use ::std::sync::{Arc, LockResult, OnceState, PoisonError, TryLockError, TryLockResult, Weak};
pub use barrier::{Barrier, BarrierWaitResult};
pub use condvar::{Condvar, WaitTimeoutResult};
pub use lazy::{LazyLock, OnceLock};
pub use mutex::{Mutex, MutexGuard};
pub use once::Once;
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
