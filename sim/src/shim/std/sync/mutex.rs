//! `Mutex`.

use ::std::fmt;
use ::std::mem::ManuallyDrop;
use ::std::ops::{Deref, DerefMut};
use ::std::sync as real;

use real::{LockResult, PoisonError, TryLockError, TryLockResult};

use crate::blocking::Waiters;
use crate::operation::{Operation, ResourceKind};
use crate::point::Holder;

/// As `std::sync::Mutex`.
pub struct Mutex<T: ?Sized> {
    waiters: Waiters,
    inner: real::Mutex<T>,
}

impl<T> Mutex<T> {
    /// Creates a free mutex.
    #[track_caller]
    pub const fn new(value: T) -> Self {
        Self {
            waiters: Waiters::new(ResourceKind::Mutex),
            inner: real::Mutex::new(value),
        }
    }

    /// Returns the value.
    ///
    /// # Errors
    ///
    /// The value all the same, if a task has panicked while it held the lock.
    pub fn into_inner(self) -> LockResult<T> {
        self.inner.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Waits for the lock.
    ///
    /// # Errors
    ///
    /// The guard all the same, if a task has panicked while it held the lock.
    ///
    /// # Panics
    ///
    /// If another task holds the lock in a run whose operations are no scheduling points.
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        self.waiters.operate(Operation::Lock);
        let locked = self
            .waiters
            .wait_until(Operation::Lock, || match self.inner.try_lock() {
                Ok(guard) => Some(Ok(guard)),
                Err(TryLockError::Poisoned(error)) => Some(Err(error)),
                Err(TryLockError::WouldBlock) => None,
            });
        self.guarded(locked.unwrap_or_else(|| self.inner.lock()))
    }

    /// Returns the lock, if it is free.
    ///
    /// # Errors
    ///
    /// If it is not; and as [`Mutex::lock`].
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        self.waiters.operate(Operation::TryLock);
        match self.inner.try_lock() {
            Ok(guard) => Ok(self.guard(guard)),
            Err(TryLockError::Poisoned(error)) => Err(TryLockError::Poisoned(PoisonError::new(
                self.guard(error.into_inner()),
            ))),
            Err(TryLockError::WouldBlock) => Err(TryLockError::WouldBlock),
        }
    }

    /// Returns `true` if a task has panicked while it held the lock.
    pub fn is_poisoned(&self) -> bool {
        self.inner.is_poisoned()
    }

    /// Has the lock count as one that was never held in a panic.
    pub fn clear_poison(&self) {
        self.inner.clear_poison();
    }

    /// Returns the value, which no task can use meanwhile.
    ///
    /// # Errors
    ///
    /// The value all the same, if a task has panicked while it held the lock.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        self.inner.get_mut()
    }

    fn guarded<'a>(
        &'a self,
        locked: LockResult<real::MutexGuard<'a, T>>,
    ) -> LockResult<MutexGuard<'a, T>> {
        match locked {
            Ok(guard) => Ok(self.guard(guard)),
            Err(error) => Err(PoisonError::new(self.guard(error.into_inner()))),
        }
    }

    fn guard<'a>(&'a self, inner: real::MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        MutexGuard {
            was_poisoned: self.inner.is_poisoned(),
            inner: Some(inner),
            holder: Some(self.waiters.hold()),
            lock: self,
        }
    }
}

/// The guard of a [`Mutex`].
#[must_use = "the lock is released when this is dropped"]
pub struct MutexGuard<'a, T: ?Sized> {
    // Both are there until the drop.
    inner: Option<real::MutexGuard<'a, T>>,
    holder: Option<Holder>,
    was_poisoned: bool,
    lock: &'a Mutex<T>,
}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// Releases the lock, and returns it for another time.
    pub(super) fn release(self) -> &'a Mutex<T> {
        self.lock
    }

    /// Returns the standard library's guard and the lock.
    pub(super) fn into_parts(self) -> (&'a Mutex<T>, real::MutexGuard<'a, T>) {
        let mut this = ManuallyDrop::new(self);
        this.holder = None;
        let Some(inner) = this.inner.take() else {
            unreachable!("it is there until the drop");
        };
        (this.lock, inner)
    }

    /// Makes a guard of the standard library's.
    pub(super) fn from_parts(lock: &'a Mutex<T>, inner: real::MutexGuard<'a, T>) -> Self {
        lock.guard(inner)
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        self.holder = None;
        self.inner = None;
        if rehearsal_hermetic::is_unwinding() && !self.was_poisoned {
            // No panic of the task's: its host has crashed.
            self.lock.inner.clear_poison();
        }
        self.lock.waiters.wake_all();
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match &self.inner {
            Some(inner) => inner,
            None => unreachable!("it is there until the drop"),
        }
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        match &mut self.inner {
            Some(inner) => inner,
            None => unreachable!("it is there until the drop"),
        }
    }
}

impl<T: Default> Default for Mutex<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for Mutex<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}
