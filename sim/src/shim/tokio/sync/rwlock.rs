//! `RwLock`.

use std::fmt;
use std::sync::Arc;

use ::tokio::sync as real;
use ::tokio::sync::TryLockError;

use super::shared::Shared;
use crate::blocking;
use crate::operation::{Operation, ResourceKind};
use crate::point::{Holder, Op, Resource};

/// As `tokio::sync::RwLock`: many readers or one writer, first come first
/// served, so that a reader waits behind a writer that waits.
pub struct RwLock<T> {
    resource: Resource,
    inner: Shared<real::RwLock<T>>,
}

impl<T> RwLock<T> {
    /// Creates a free lock.
    #[track_caller]
    pub fn new(value: T) -> Self {
        let resource = Resource::new(ResourceKind::RwLock);
        Self::around(resource, real::RwLock::const_new(value))
    }

    /// Creates a free lock, for statics.
    #[track_caller]
    pub const fn const_new(value: T) -> Self {
        let resource = Resource::const_new(ResourceKind::RwLock);
        Self::around(resource, real::RwLock::const_new(value))
    }

    /// Creates a free lock for at most `max_reads` readers at a time.
    ///
    /// # Panics
    ///
    /// If `max_reads` is more than `u32::MAX >> 3`.
    #[track_caller]
    pub fn with_max_readers(value: T, max_reads: u32) -> Self {
        let resource = Resource::new(ResourceKind::RwLock);
        Self::around(resource, real::RwLock::with_max_readers(value, max_reads))
    }

    const fn around(resource: Resource, inner: real::RwLock<T>) -> Self {
        Self {
            resource,
            inner: Shared::new(inner),
        }
    }

    /// Waits for shared access.
    pub async fn read(&self) -> RwLockReadGuard<'_, T> {
        let inner = Op::new(&self.resource, Operation::Read, self.inner.read()).await;
        RwLockReadGuard {
            inner,
            holder: self.resource.hold(),
        }
    }

    /// Takes shared access, if there is no writer and none waits.
    ///
    /// # Errors
    ///
    /// If there is one.
    pub fn try_read(&self) -> Result<RwLockReadGuard<'_, T>, TryLockError> {
        self.resource.operate(Operation::TryRead);
        Ok(RwLockReadGuard {
            inner: self.inner.try_read()?,
            holder: self.resource.hold(),
        })
    }

    /// Waits for exclusive access.
    pub async fn write(&self) -> RwLockWriteGuard<'_, T> {
        let inner = Op::new(&self.resource, Operation::Write, self.inner.write()).await;
        RwLockWriteGuard {
            inner,
            holder: self.resource.hold(),
        }
    }

    /// Takes exclusive access, if the lock is free.
    ///
    /// # Errors
    ///
    /// If it is not.
    pub fn try_write(&self) -> Result<RwLockWriteGuard<'_, T>, TryLockError> {
        self.resource.operate(Operation::TryWrite);
        Ok(RwLockWriteGuard {
            inner: self.inner.try_write()?,
            holder: self.resource.hold(),
        })
    }

    /// Waits for shared access; the guard keeps the lock alive.
    pub async fn read_owned(self: Arc<Self>) -> OwnedRwLockReadGuard<T> {
        let read = Arc::clone(self.inner.arc()).read_owned();
        let inner = Op::new(&self.resource, Operation::ReadOwned, read).await;
        OwnedRwLockReadGuard::new(inner, self)
    }

    /// Takes shared access as [`RwLock::try_read`]; the guard keeps the lock alive.
    ///
    /// # Errors
    ///
    /// If there is a writer, or one waits.
    pub fn try_read_owned(self: Arc<Self>) -> Result<OwnedRwLockReadGuard<T>, TryLockError> {
        self.resource.operate(Operation::TryRead);
        let inner = Arc::clone(self.inner.arc()).try_read_owned()?;
        Ok(OwnedRwLockReadGuard::new(inner, self))
    }

    /// Waits for exclusive access; the guard keeps the lock alive.
    pub async fn write_owned(self: Arc<Self>) -> OwnedRwLockWriteGuard<T> {
        let write = Arc::clone(self.inner.arc()).write_owned();
        let inner = Op::new(&self.resource, Operation::WriteOwned, write).await;
        OwnedRwLockWriteGuard::new(inner, self)
    }

    /// Takes exclusive access, if the lock is free; the guard keeps the lock alive.
    ///
    /// # Errors
    ///
    /// If it is not.
    pub fn try_write_owned(self: Arc<Self>) -> Result<OwnedRwLockWriteGuard<T>, TryLockError> {
        self.resource.operate(Operation::TryWrite);
        let inner = Arc::clone(self.inner.arc()).try_write_owned()?;
        Ok(OwnedRwLockWriteGuard::new(inner, self))
    }

    /// Blocks the thread until there is no writer.
    ///
    /// # Panics
    ///
    /// In a task that may not block, as tokio does.
    #[track_caller]
    pub fn blocking_read(&self) -> RwLockReadGuard<'_, T> {
        if blocking::may_block() {
            return blocking::block_on(self.read());
        }
        RwLockReadGuard {
            inner: self.inner.blocking_read(),
            holder: self.resource.hold(),
        }
    }

    /// Blocks the thread until the lock is free.
    ///
    /// # Panics
    ///
    /// In a task that may not block, as tokio does.
    #[track_caller]
    pub fn blocking_write(&self) -> RwLockWriteGuard<'_, T> {
        if blocking::may_block() {
            return blocking::block_on(self.write());
        }
        RwLockWriteGuard {
            inner: self.inner.blocking_write(),
            holder: self.resource.hold(),
        }
    }

    /// Returns the value; there is no other reference to it.
    pub fn get_mut(&mut self) -> &mut T {
        self.inner.get_mut().get_mut()
    }

    /// Returns the value.
    pub fn into_inner(self) -> T {
        self.inner.into_inner().into_inner()
    }
}

impl<T> From<T> for RwLock<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: Default> Default for RwLock<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

super::debug!([T: fmt::Debug] RwLock<T>);

/// Shared access to the value of an [`RwLock`], or to a part of it.
#[must_use = "the lock is released at once if its guard is not kept"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    inner: real::RwLockReadGuard<'a, T>,
    holder: Holder,
}

impl<'a, T: ?Sized> RwLockReadGuard<'a, T> {
    /// Returns a guard for a part of the value.
    pub fn map<F, U: ?Sized>(this: Self, f: F) -> RwLockReadGuard<'a, U>
    where
        F: FnOnce(&T) -> &U,
    {
        RwLockReadGuard {
            inner: real::RwLockReadGuard::map(this.inner, f),
            holder: this.holder,
        }
    }

    /// Returns a guard for a part of the value, if `f` returns one.
    ///
    /// # Errors
    ///
    /// The guard itself, if `f` returns none.
    pub fn try_map<F, U: ?Sized>(this: Self, f: F) -> Result<RwLockReadGuard<'a, U>, Self>
    where
        F: FnOnce(&T) -> Option<&U>,
    {
        let Self { inner, holder } = this;
        match real::RwLockReadGuard::try_map(inner, f) {
            Ok(inner) => Ok(RwLockReadGuard { inner, holder }),
            Err(inner) => Err(Self { inner, holder }),
        }
    }
}

/// Exclusive access to the value of an [`RwLock`].
#[must_use = "the lock is released at once if its guard is not kept"]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    inner: real::RwLockWriteGuard<'a, T>,
    holder: Holder,
}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    /// Turns exclusive into shared access; no other writer comes in between.
    pub fn downgrade(self) -> RwLockReadGuard<'a, T> {
        RwLockReadGuard {
            inner: self.inner.downgrade(),
            holder: self.holder,
        }
    }

    /// Returns a guard for a part of the value.
    pub fn map<F, U: ?Sized>(this: Self, f: F) -> RwLockMappedWriteGuard<'a, U>
    where
        F: FnOnce(&mut T) -> &mut U,
    {
        RwLockMappedWriteGuard {
            inner: real::RwLockWriteGuard::map(this.inner, f),
            holder: this.holder,
        }
    }

    /// Returns a guard for a part of the value, if `f` returns one.
    ///
    /// # Errors
    ///
    /// The guard itself, if `f` returns none.
    pub fn try_map<F, U: ?Sized>(this: Self, f: F) -> Result<RwLockMappedWriteGuard<'a, U>, Self>
    where
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        let Self { inner, holder } = this;
        match real::RwLockWriteGuard::try_map(inner, f) {
            Ok(inner) => Ok(RwLockMappedWriteGuard { inner, holder }),
            Err(inner) => Err(Self { inner, holder }),
        }
    }

    /// As [`RwLockWriteGuard::downgrade`], for a part of the value.
    pub fn downgrade_map<F, U: ?Sized>(this: Self, f: F) -> RwLockReadGuard<'a, U>
    where
        F: FnOnce(&T) -> &U,
    {
        RwLockReadGuard {
            inner: real::RwLockWriteGuard::downgrade_map(this.inner, f),
            holder: this.holder,
        }
    }

    /// As [`RwLockWriteGuard::downgrade`], for a part of the value, if `f` returns one.
    ///
    /// # Errors
    ///
    /// The guard itself, if `f` returns none.
    pub fn try_downgrade_map<F, U: ?Sized>(this: Self, f: F) -> Result<RwLockReadGuard<'a, U>, Self>
    where
        F: FnOnce(&T) -> Option<&U>,
    {
        let Self { inner, holder } = this;
        match real::RwLockWriteGuard::try_downgrade_map(inner, f) {
            Ok(inner) => Ok(RwLockReadGuard { inner, holder }),
            Err(inner) => Err(Self { inner, holder }),
        }
    }

    /// Returns the same guard, as one for a part of the value.
    pub fn into_mapped(this: Self) -> RwLockMappedWriteGuard<'a, T> {
        RwLockMappedWriteGuard {
            inner: real::RwLockWriteGuard::into_mapped(this.inner),
            holder: this.holder,
        }
    }
}

/// Exclusive access to a part of the value of an [`RwLock`]; see
/// [`RwLockWriteGuard::map`].
#[must_use = "the lock is released at once if its guard is not kept"]
pub struct RwLockMappedWriteGuard<'a, T: ?Sized> {
    inner: real::RwLockMappedWriteGuard<'a, T>,
    holder: Holder,
}

impl<'a, T: ?Sized> RwLockMappedWriteGuard<'a, T> {
    /// Returns a guard for a part of the part.
    pub fn map<F, U: ?Sized>(this: Self, f: F) -> RwLockMappedWriteGuard<'a, U>
    where
        F: FnOnce(&mut T) -> &mut U,
    {
        RwLockMappedWriteGuard {
            inner: real::RwLockMappedWriteGuard::map(this.inner, f),
            holder: this.holder,
        }
    }

    /// Returns a guard for a part of the part, if `f` returns one.
    ///
    /// # Errors
    ///
    /// The guard itself, if `f` returns none.
    pub fn try_map<F, U: ?Sized>(this: Self, f: F) -> Result<RwLockMappedWriteGuard<'a, U>, Self>
    where
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        let Self { inner, holder } = this;
        match real::RwLockMappedWriteGuard::try_map(inner, f) {
            Ok(inner) => Ok(RwLockMappedWriteGuard { inner, holder }),
            Err(inner) => Err(Self { inner, holder }),
        }
    }
}

/// The lock of an owned guard, with the record that it is held.
struct Owner<T> {
    // Held for its drop.
    _holder: Holder,
    // Last: `RwLock::into_inner` relies on this order.
    lock: Arc<RwLock<T>>,
}

impl<T> Owner<T> {
    fn new(lock: Arc<RwLock<T>>) -> Self {
        Self {
            _holder: lock.resource.hold(),
            lock,
        }
    }
}

/// Shared access to the value of an [`RwLock`] in an `Arc`, or to a part of it.
#[must_use = "the lock is released at once if its guard is not kept"]
pub struct OwnedRwLockReadGuard<T, U: ?Sized = T> {
    inner: real::OwnedRwLockReadGuard<T, U>,
    owner: Owner<T>,
}

impl<T> OwnedRwLockReadGuard<T> {
    fn new(inner: real::OwnedRwLockReadGuard<T>, lock: Arc<RwLock<T>>) -> Self {
        let owner = Owner::new(lock);
        Self { inner, owner }
    }
}

impl<T, U: ?Sized> OwnedRwLockReadGuard<T, U> {
    /// Returns a guard for a part of the value.
    pub fn map<F, V: ?Sized>(this: Self, f: F) -> OwnedRwLockReadGuard<T, V>
    where
        F: FnOnce(&U) -> &V,
    {
        OwnedRwLockReadGuard {
            inner: real::OwnedRwLockReadGuard::map(this.inner, f),
            owner: this.owner,
        }
    }

    /// Returns a guard for a part of the value, if `f` returns one.
    ///
    /// # Errors
    ///
    /// The guard itself, if `f` returns none.
    pub fn try_map<F, V: ?Sized>(this: Self, f: F) -> Result<OwnedRwLockReadGuard<T, V>, Self>
    where
        F: FnOnce(&U) -> Option<&V>,
    {
        let Self { inner, owner } = this;
        match real::OwnedRwLockReadGuard::try_map(inner, f) {
            Ok(inner) => Ok(OwnedRwLockReadGuard { inner, owner }),
            Err(inner) => Err(Self { inner, owner }),
        }
    }

    /// Returns the lock.
    pub fn rwlock(this: &Self) -> &Arc<RwLock<T>> {
        &this.owner.lock
    }
}

/// Exclusive access to the value of an [`RwLock`] in an `Arc`.
#[must_use = "the lock is released at once if its guard is not kept"]
pub struct OwnedRwLockWriteGuard<T> {
    inner: real::OwnedRwLockWriteGuard<T>,
    owner: Owner<T>,
}

impl<T> OwnedRwLockWriteGuard<T> {
    fn new(inner: real::OwnedRwLockWriteGuard<T>, lock: Arc<RwLock<T>>) -> Self {
        let owner = Owner::new(lock);
        Self { inner, owner }
    }

    /// Turns exclusive into shared access; no other writer comes in between.
    pub fn downgrade(self) -> OwnedRwLockReadGuard<T> {
        OwnedRwLockReadGuard {
            inner: self.inner.downgrade(),
            owner: self.owner,
        }
    }

    /// As [`OwnedRwLockWriteGuard::downgrade`], for a part of the value.
    pub fn downgrade_map<F, U: ?Sized>(this: Self, f: F) -> OwnedRwLockReadGuard<T, U>
    where
        F: FnOnce(&T) -> &U,
    {
        OwnedRwLockReadGuard {
            inner: real::OwnedRwLockWriteGuard::downgrade_map(this.inner, f),
            owner: this.owner,
        }
    }

    /// As [`OwnedRwLockWriteGuard::downgrade`], for a part of the value, if `f` returns one.
    ///
    /// # Errors
    ///
    /// The guard itself, if `f` returns none.
    pub fn try_downgrade_map<F, U: ?Sized>(
        this: Self,
        f: F,
    ) -> Result<OwnedRwLockReadGuard<T, U>, Self>
    where
        F: FnOnce(&T) -> Option<&U>,
    {
        let Self { inner, owner } = this;
        match real::OwnedRwLockWriteGuard::try_downgrade_map(inner, f) {
            Ok(inner) => Ok(OwnedRwLockReadGuard { inner, owner }),
            Err(inner) => Err(Self { inner, owner }),
        }
    }

    /// Returns a guard for a part of the value.
    pub fn map<F, U: ?Sized>(this: Self, f: F) -> OwnedRwLockMappedWriteGuard<T, U>
    where
        F: FnOnce(&mut T) -> &mut U,
    {
        OwnedRwLockMappedWriteGuard {
            inner: real::OwnedRwLockWriteGuard::map(this.inner, f),
            owner: this.owner,
        }
    }

    /// Returns a guard for a part of the value, if `f` returns one.
    ///
    /// # Errors
    ///
    /// The guard itself, if `f` returns none.
    pub fn try_map<F, U: ?Sized>(
        this: Self,
        f: F,
    ) -> Result<OwnedRwLockMappedWriteGuard<T, U>, Self>
    where
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        let Self { inner, owner } = this;
        match real::OwnedRwLockWriteGuard::try_map(inner, f) {
            Ok(inner) => Ok(OwnedRwLockMappedWriteGuard { inner, owner }),
            Err(inner) => Err(Self { inner, owner }),
        }
    }

    /// Returns the same guard, as one for a part of the value.
    pub fn into_mapped(this: Self) -> OwnedRwLockMappedWriteGuard<T> {
        OwnedRwLockMappedWriteGuard {
            inner: real::OwnedRwLockWriteGuard::into_mapped(this.inner),
            owner: this.owner,
        }
    }

    /// Returns the lock.
    pub fn rwlock(this: &Self) -> &Arc<RwLock<T>> {
        &this.owner.lock
    }
}

/// Exclusive access to a part of the value of an [`RwLock`] in an `Arc`; see
/// [`OwnedRwLockWriteGuard::map`].
#[must_use = "the lock is released at once if its guard is not kept"]
pub struct OwnedRwLockMappedWriteGuard<T, U: ?Sized = T> {
    inner: real::OwnedRwLockMappedWriteGuard<T, U>,
    owner: Owner<T>,
}

impl<T, U: ?Sized> OwnedRwLockMappedWriteGuard<T, U> {
    /// Returns a guard for a part of the part.
    pub fn map<F, V: ?Sized>(this: Self, f: F) -> OwnedRwLockMappedWriteGuard<T, V>
    where
        F: FnOnce(&mut U) -> &mut V,
    {
        OwnedRwLockMappedWriteGuard {
            inner: real::OwnedRwLockMappedWriteGuard::map(this.inner, f),
            owner: this.owner,
        }
    }

    /// Returns a guard for a part of the part, if `f` returns one.
    ///
    /// # Errors
    ///
    /// The guard itself, if `f` returns none.
    pub fn try_map<F, V: ?Sized>(
        this: Self,
        f: F,
    ) -> Result<OwnedRwLockMappedWriteGuard<T, V>, Self>
    where
        F: FnOnce(&mut U) -> Option<&mut V>,
    {
        let Self { inner, owner } = this;
        match real::OwnedRwLockMappedWriteGuard::try_map(inner, f) {
            Ok(inner) => Ok(OwnedRwLockMappedWriteGuard { inner, owner }),
            Err(inner) => Err(Self { inner, owner }),
        }
    }

    /// Returns the lock.
    pub fn rwlock(this: &Self) -> &Arc<RwLock<T>> {
        &this.owner.lock
    }
}

super::guard!(ref ['a, T: ?Sized] RwLockReadGuard<'a, T> => T);
super::guard!(mut ['a, T: ?Sized] RwLockWriteGuard<'a, T> => T);
super::guard!(mut ['a, T: ?Sized] RwLockMappedWriteGuard<'a, T> => T);
super::guard!(ref [T, U: ?Sized] OwnedRwLockReadGuard<T, U> => U);
super::guard!(mut [T] OwnedRwLockWriteGuard<T> => T);
super::guard!(mut [T, U: ?Sized] OwnedRwLockMappedWriteGuard<T, U> => U);
