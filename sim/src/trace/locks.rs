//! Changes of the holders and waiters of locks.

use std::panic::Location;

use crate::ids::{ResourceId, TaskId};
use crate::operation::ResourceKind;

/// A change of the holders or of the waiters of a lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LockChange {
    /// Effects recorded before it.
    pub effects: usize,
    /// The lock.
    pub lock: ResourceId,
    /// Its kind.
    pub kind: ResourceKind,
    /// The place at which it was made.
    pub created_at: &'static Location<'static>,
    /// The task that holds it or waits for it.
    pub task: TaskId,
    /// The change.
    pub step: LockStep,
}

/// The steps of a task towards a lock and away from it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LockStep {
    /// It begins to wait.
    WaitBegan,
    /// It waits no more.
    WaitEnded,
    /// It holds the lock; a semaphore once for each guard.
    Acquired,
    /// It holds the lock no more.
    Released,
}
