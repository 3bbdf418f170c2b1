//! `Mutex`.

use std::fmt;
use std::sync::Arc;

use ::tokio::sync as real;
use ::tokio::sync::TryLockError;

use super::shared::Shared;
use crate::blocking;
use crate::operation::{Operation, ResourceKind};
use crate::point::{Holder, Op, Point, Resource, polled};

/// As `tokio::sync::Mutex`.
pub struct Mutex<T> {
    resource: Resource,
    inner: Shared<real::Mutex<T>>,
}

impl<T> Mutex<T> {
    /// Creates a free mutex.
    #[track_caller]
    pub fn new(value: T) -> Self {
        Self::around(Resource::new(ResourceKind::Mutex), value)
    }

    /// Creates a free mutex, for statics.
    #[track_caller]
    pub const fn const_new(value: T) -> Self {
        Self::around(Resource::const_new(ResourceKind::Mutex), value)
    }

    const fn around(resource: Resource, value: T) -> Self {
        Self {
            resource,
            inner: Shared::new(real::Mutex::const_new(value)),
        }
    }

    /// Waits for the lock, first come first served.
    pub async fn lock(&self) -> MutexGuard<'_, T> {
        let mut point = Point::default();
        let at = (&self.resource, Operation::Lock);
        // No task waits for a free lock, so there is no need to queue. Outside a run, and in a
        // plain task, the lock must go through tokio, which makes tasks yield that never wait.
        let free = polled(|cx| point.poll_take(cx, at, || self.inner.try_lock().ok())).await;
        if let Some((inner, holder)) = free {
            return MutexGuard {
                inner,
                holder,
                mutex: self,
            };
        }
        let inner = Op::passed(&self.resource, Operation::Lock, self.inner.lock()).await;
        self.guard(inner)
    }

    /// Takes the lock, if it is free.
    ///
    /// # Errors
    ///
    /// If it is not.
    pub fn try_lock(&self) -> Result<MutexGuard<'_, T>, TryLockError> {
        self.resource.operate(Operation::TryLock);
        Ok(self.guard(self.inner.try_lock()?))
    }

    /// Waits for the lock; the guard keeps the mutex alive.
    pub async fn lock_owned(self: Arc<Self>) -> OwnedMutexGuard<T> {
        let lock = Arc::clone(self.inner.arc()).lock_owned();
        let inner = Op::new(&self.resource, Operation::LockOwned, lock).await;
        OwnedMutexGuard::new(inner, self)
    }

    /// Takes the lock, if it is free; the guard keeps the mutex alive.
    ///
    /// # Errors
    ///
    /// If it is not.
    pub fn try_lock_owned(self: Arc<Self>) -> Result<OwnedMutexGuard<T>, TryLockError> {
        self.resource.operate(Operation::TryLock);
        let inner = Arc::clone(self.inner.arc()).try_lock_owned()?;
        Ok(OwnedMutexGuard::new(inner, self))
    }

    /// Blocks the thread until the lock is free.
    ///
    /// # Panics
    ///
    /// In a task that may not block, as tokio does.
    #[track_caller]
    pub fn blocking_lock(&self) -> MutexGuard<'_, T> {
        match blocking::may_block() {
            true => blocking::block_on(self.lock()),
            false => self.guard(self.inner.blocking_lock()),
        }
    }

    /// Blocks the thread until the lock is free; the guard keeps the mutex alive.
    ///
    /// # Panics
    ///
    /// In a task that may not block, as tokio does.
    #[track_caller]
    pub fn blocking_lock_owned(self: Arc<Self>) -> OwnedMutexGuard<T> {
        if blocking::may_block() {
            return blocking::block_on(self.lock_owned());
        }
        let inner = Arc::clone(self.inner.arc()).blocking_lock_owned();
        OwnedMutexGuard::new(inner, self)
    }

    /// Returns the value; there is no other reference to it.
    pub fn get_mut(&mut self) -> &mut T {
        self.inner.get_mut().get_mut()
    }

    /// Returns the value.
    pub fn into_inner(self) -> T {
        self.inner.into_inner().into_inner()
    }

    fn guard<'a>(&'a self, inner: real::MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        MutexGuard {
            inner,
            holder: self.resource.hold(),
            mutex: self,
        }
    }
}

impl<T> From<T> for Mutex<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: Default> Default for Mutex<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

super::debug!([T: fmt::Debug] Mutex<T>);

/// Access to the value of a [`Mutex`] until it is dropped.
// In all guards the lock is released before the holder's entry is removed.
#[must_use = "the mutex is unlocked at once if its guard is not kept"]
pub struct MutexGuard<'a, T> {
    inner: real::MutexGuard<'a, T>,
    holder: Holder,
    mutex: &'a Mutex<T>,
}

impl<'a, T> MutexGuard<'a, T> {
    /// Returns a guard for a part of the value.
    pub fn map<U, F>(this: Self, f: F) -> MappedMutexGuard<'a, U>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> &mut U,
    {
        MappedMutexGuard {
            inner: real::MutexGuard::map(this.inner, f),
            holder: this.holder,
        }
    }

    /// Returns a guard for a part of the value, if `f` returns one.
    ///
    /// # Errors
    ///
    /// The guard itself, if `f` returns none.
    pub fn try_map<U, F>(this: Self, f: F) -> Result<MappedMutexGuard<'a, U>, Self>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        let Self {
            inner,
            holder,
            mutex,
        } = this;
        match real::MutexGuard::try_map(inner, f) {
            Ok(inner) => Ok(MappedMutexGuard { inner, holder }),
            Err(inner) => Err(Self {
                inner,
                holder,
                mutex,
            }),
        }
    }

    /// Returns the mutex.
    pub fn mutex(this: &Self) -> &'a Mutex<T> {
        this.mutex
    }
}

/// Access to the value of a [`Mutex`] in an `Arc`.
#[must_use = "the mutex is unlocked at once if its guard is not kept"]
pub struct OwnedMutexGuard<T> {
    inner: real::OwnedMutexGuard<T>,
    // Held for its drop.
    _holder: Holder,
    // Last: `Mutex::into_inner` relies on this order.
    mutex: Arc<Mutex<T>>,
}

impl<T> OwnedMutexGuard<T> {
    fn new(inner: real::OwnedMutexGuard<T>, mutex: Arc<Mutex<T>>) -> Self {
        Self {
            inner,
            _holder: mutex.resource.hold(),
            mutex,
        }
    }

    /// Returns the mutex.
    pub fn mutex(this: &Self) -> &Arc<Mutex<T>> {
        &this.mutex
    }
}

/// Access to a part of the value of a [`Mutex`]; see [`MutexGuard::map`].
#[must_use = "the mutex is unlocked at once if its guard is not kept"]
pub struct MappedMutexGuard<'a, T: ?Sized> {
    inner: real::MappedMutexGuard<'a, T>,
    holder: Holder,
}

impl<'a, T: ?Sized> MappedMutexGuard<'a, T> {
    /// Returns a guard for a part of the part.
    pub fn map<U, F>(this: Self, f: F) -> MappedMutexGuard<'a, U>
    where
        F: FnOnce(&mut T) -> &mut U,
    {
        MappedMutexGuard {
            inner: real::MappedMutexGuard::map(this.inner, f),
            holder: this.holder,
        }
    }

    /// Returns a guard for a part of the part, if `f` returns one.
    ///
    /// # Errors
    ///
    /// The guard itself, if `f` returns none.
    pub fn try_map<U, F>(this: Self, f: F) -> Result<MappedMutexGuard<'a, U>, Self>
    where
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        let Self { inner, holder } = this;
        match real::MappedMutexGuard::try_map(inner, f) {
            Ok(inner) => Ok(MappedMutexGuard { inner, holder }),
            Err(inner) => Err(Self { inner, holder }),
        }
    }
}

super::guard!(mut ['a, T] MutexGuard<'a, T> => T);
super::guard!(mut [T] OwnedMutexGuard<T> => T);
super::guard!(mut ['a, T: ?Sized] MappedMutexGuard<'a, T> => T);
