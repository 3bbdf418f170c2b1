//! `RwLock`.

use ::std::fmt;
use ::std::ops::{Deref, DerefMut};
use ::std::sync as real;

use real::{LockResult, PoisonError, TryLockError, TryLockResult};

use crate::blocking::Waiters;
use crate::operation::{Operation, ResourceKind};
use crate::point::Holder;

/// As `std::sync::RwLock`.
pub struct RwLock<T: ?Sized> {
    waiters: Waiters,
    inner: real::RwLock<T>,
}

impl<T> RwLock<T> {
    /// Creates a free lock.
    #[track_caller]
    pub const fn new(value: T) -> Self {
        Self {
            waiters: Waiters::new(ResourceKind::RwLock),
            inner: real::RwLock::new(value),
        }
    }

    /// Returns the value.
    ///
    /// # Errors
    ///
    /// The value all the same, if a task has panicked while it held the lock to write.
    pub fn into_inner(self) -> LockResult<T> {
        self.inner.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Waits until no task writes.
    ///
    /// # Errors
    ///
    /// The guard all the same, if a task has panicked while it held the lock to write.
    ///
    /// # Panics
    ///
    /// If another task holds the lock to write in a run whose operations are no scheduling
    /// points.
    pub fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        self.waiters.operate(Operation::Read);
        let locked = self
            .waiters
            .wait_until(Operation::Read, || granted(self.inner.try_read()));
        let locked = locked.unwrap_or_else(|| self.inner.read());
        map(locked, |inner| RwLockReadGuard::new(self, inner))
    }

    /// Waits until no other task reads or writes.
    ///
    /// # Errors
    ///
    /// The guard all the same, if a task has panicked while it held the lock to write.
    ///
    /// # Panics
    ///
    /// If another task holds the lock in a run whose operations are no scheduling points.
    pub fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        self.waiters.operate(Operation::Write);
        let locked = self
            .waiters
            .wait_until(Operation::Write, || granted(self.inner.try_write()));
        let locked = locked.unwrap_or_else(|| self.inner.write());
        map(locked, |inner| RwLockWriteGuard::new(self, inner))
    }

    /// Returns the lock to read, if no task writes.
    ///
    /// # Errors
    ///
    /// If one does; and as [`RwLock::read`].
    pub fn try_read(&self) -> TryLockResult<RwLockReadGuard<'_, T>> {
        self.waiters.operate(Operation::TryRead);
        try_map(self.inner.try_read(), |inner| {
            RwLockReadGuard::new(self, inner)
        })
    }

    /// Returns the lock to write, if it is free.
    ///
    /// # Errors
    ///
    /// If it is not; and as [`RwLock::write`].
    pub fn try_write(&self) -> TryLockResult<RwLockWriteGuard<'_, T>> {
        self.waiters.operate(Operation::TryWrite);
        try_map(self.inner.try_write(), |inner| {
            RwLockWriteGuard::new(self, inner)
        })
    }

    /// Returns `true` if a task has panicked while it held the lock to write.
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
    /// The value all the same, if a task has panicked while it held the lock to write.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        self.inner.get_mut()
    }
}

fn granted<G>(locked: TryLockResult<G>) -> Option<LockResult<G>> {
    match locked {
        Ok(guard) => Some(Ok(guard)),
        Err(TryLockError::Poisoned(error)) => Some(Err(error)),
        Err(TryLockError::WouldBlock) => None,
    }
}

fn map<G, H>(locked: LockResult<G>, f: impl FnOnce(G) -> H) -> LockResult<H> {
    match locked {
        Ok(guard) => Ok(f(guard)),
        Err(error) => Err(PoisonError::new(f(error.into_inner()))),
    }
}

fn try_map<G, H>(locked: TryLockResult<G>, f: impl FnOnce(G) -> H) -> TryLockResult<H> {
    match locked {
        Ok(guard) => Ok(f(guard)),
        Err(TryLockError::Poisoned(error)) => Err(TryLockError::Poisoned(PoisonError::new(f(
            error.into_inner(),
        )))),
        Err(TryLockError::WouldBlock) => Err(TryLockError::WouldBlock),
    }
}

/// Generates a guard.
macro_rules! guard {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[must_use = "the lock is released when this is dropped"]
        pub struct $name<'a, T: ?Sized> {
            // Both are there until the drop.
            inner: Option<real::$name<'a, T>>,
            holder: Option<Holder>,
            was_poisoned: bool,
            lock: &'a RwLock<T>,
        }

        impl<'a, T: ?Sized> $name<'a, T> {
            fn new(lock: &'a RwLock<T>, inner: real::$name<'a, T>) -> Self {
                Self {
                    was_poisoned: lock.inner.is_poisoned(),
                    inner: Some(inner),
                    holder: Some(lock.waiters.hold()),
                    lock,
                }
            }
        }

        impl<T: ?Sized> Drop for $name<'_, T> {
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

        impl<T: ?Sized> Deref for $name<'_, T> {
            type Target = T;

            fn deref(&self) -> &T {
                match &self.inner {
                    Some(inner) => inner,
                    None => unreachable!("it is there until the drop"),
                }
            }
        }

        impl<T: ?Sized + fmt::Debug> fmt::Debug for $name<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&**self, f)
            }
        }

        impl<T: ?Sized + fmt::Display> fmt::Display for $name<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&**self, f)
            }
        }
    };
}

guard!(
    /// The guard of [`RwLock::read`].
    RwLockReadGuard
);
guard!(
    /// The guard of [`RwLock::write`].
    RwLockWriteGuard
);

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        match &mut self.inner {
            Some(inner) => inner,
            None => unreachable!("it is there until the drop"),
        }
    }
}

impl<T: Default> Default for RwLock<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
