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
//! - [`WaitTimeoutResult`] is the facade's own type.
//! - Absent: `Barrier`, `Once`, `mpsc`, and the mapping of guards.

pub mod atomic;
mod condvar;
mod lazy;
mod mutex;
mod rwlock;

pub use ::std::sync::{Arc, LockResult, PoisonError, TryLockError, TryLockResult, Weak};
pub use condvar::{Condvar, WaitTimeoutResult};
pub use lazy::{LazyLock, OnceLock};
pub use mutex::{Mutex, MutexGuard};
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
