//! `RwLock`.

use std::fmt;
use std::sync::Arc;

use ::tokio::sync as real;
use ::tokio::sync::TryLockError;
use rehearsal_hermetic::{BorrowCell, Borrowed, Cells, ExclusiveBorrow, SharedBorrow};

use super::guards::{Held, lock_guard};
use super::shared::Shared;
use crate::blocking;
use crate::operation::{Operation, ResourceKind};
use crate::point::{Op, Resource};

/// As `tokio::sync::RwLock`: many readers or one writer, first come first
/// served, so that a reader waits behind a writer that waits.
pub struct RwLock<T: ?Sized> {
    resource: Resource,
    /// The lock without the value: tokio's owned guards need it in an `Arc`.
    lock: Shared<real::RwLock<()>>,
    // Last, because it may have no size.
    value: BorrowCell<T>,
}

impl<T> RwLock<T> {
    /// Creates a free lock.
    #[track_caller]
    pub fn new(value: T) -> Self {
        let resource = Resource::new(ResourceKind::RwLock);
        Self::around(resource, real::RwLock::const_new(()), value)
    }

    /// Creates a free lock, for statics.
    #[track_caller]
    pub const fn const_new(value: T) -> Self {
        let resource = Resource::const_new(ResourceKind::RwLock);
        Self::around(resource, real::RwLock::const_new(()), value)
    }

    /// Creates a free lock for at most `max_reads` readers at a time.
    ///
    /// # Panics
    ///
    /// If `max_reads` is more than `u32::MAX >> 3`.
    #[track_caller]
    pub fn with_max_readers(value: T, max_reads: u32) -> Self {
        let resource = Resource::new(ResourceKind::RwLock);
        let lock = real::RwLock::with_max_readers((), max_reads);
        Self::around(resource, lock, value)
    }

    const fn around(resource: Resource, lock: real::RwLock<()>, value: T) -> Self {
        Self {
            resource,
            lock: Shared::new(lock),
            value: BorrowCell::new(value),
        }
    }

    /// Returns the value.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    fn read_guard<'a>(&'a self, lock: real::RwLockReadGuard<'a, ()>) -> RwLockReadGuard<'a, T> {
        RwLockReadGuard::around(self.value.share(), Held::new(lock, &self.resource))
    }

    fn write_guard<'a>(&'a self, lock: real::RwLockWriteGuard<'a, ()>) -> RwLockWriteGuard<'a, T> {
        RwLockWriteGuard::around(self.value.exclude(), Held::new(lock, &self.resource))
    }

    /// Waits for shared access.
    pub async fn read(&self) -> RwLockReadGuard<'_, T> {
        let lock = Op::new(&self.resource, Operation::Read, self.lock.read()).await;
        self.read_guard(lock)
    }

    /// Takes shared access, if there is no writer and none waits.
    ///
    /// # Errors
    ///
    /// If there is one.
    pub fn try_read(&self) -> Result<RwLockReadGuard<'_, T>, TryLockError> {
        self.resource.operate(Operation::TryRead);
        Ok(self.read_guard(self.lock.try_read()?))
    }

    /// Waits for exclusive access.
    pub async fn write(&self) -> RwLockWriteGuard<'_, T> {
        let lock = Op::new(&self.resource, Operation::Write, self.lock.write()).await;
        self.write_guard(lock)
    }

    /// Takes exclusive access, if the lock is free.
    ///
    /// # Errors
    ///
    /// If it is not.
    pub fn try_write(&self) -> Result<RwLockWriteGuard<'_, T>, TryLockError> {
        self.resource.operate(Operation::TryWrite);
        Ok(self.write_guard(self.lock.try_write()?))
    }

    /// Waits for shared access; the guard keeps the lock alive.
    pub async fn read_owned(self: Arc<Self>) -> OwnedRwLockReadGuard<T> {
        let read = Arc::clone(self.lock.arc()).read_owned();
        let lock = Op::new(&self.resource, Operation::ReadOwned, read).await;
        OwnedRwLockReadGuard::new(lock, &self)
    }

    /// Takes shared access as [`RwLock::try_read`]; the guard keeps the lock alive.
    ///
    /// # Errors
    ///
    /// If there is a writer, or one waits.
    pub fn try_read_owned(self: Arc<Self>) -> Result<OwnedRwLockReadGuard<T>, TryLockError> {
        self.resource.operate(Operation::TryRead);
        let lock = Arc::clone(self.lock.arc()).try_read_owned()?;
        Ok(OwnedRwLockReadGuard::new(lock, &self))
    }

    /// Waits for exclusive access; the guard keeps the lock alive.
    pub async fn write_owned(self: Arc<Self>) -> OwnedRwLockWriteGuard<T> {
        let write = Arc::clone(self.lock.arc()).write_owned();
        let lock = Op::new(&self.resource, Operation::WriteOwned, write).await;
        OwnedRwLockWriteGuard::new(lock, &self)
    }

    /// Takes exclusive access, if the lock is free; the guard keeps the lock alive.
    ///
    /// # Errors
    ///
    /// If it is not.
    pub fn try_write_owned(self: Arc<Self>) -> Result<OwnedRwLockWriteGuard<T>, TryLockError> {
        self.resource.operate(Operation::TryWrite);
        let lock = Arc::clone(self.lock.arc()).try_write_owned()?;
        Ok(OwnedRwLockWriteGuard::new(lock, &self))
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
        self.read_guard(self.lock.blocking_read())
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
        self.write_guard(self.lock.blocking_write())
    }

    /// Returns the value; there is no other reference to it.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
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

impl<T: ?Sized> Cells for RwLock<T> {
    type Value = T;

    fn cell(&self) -> &BorrowCell<T> {
        &self.value
    }
}

/// As tokio's.
impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lock = f.debug_struct("RwLock");
        match self.lock.try_read() {
            Ok(_reading) => lock.field("data", &&*self.value.share()),
            Err(_) => lock.field("data", &format_args!("<locked>")),
        };
        lock.finish()
    }
}

lock_guard! {
    /// Shared access to the value of an [`RwLock`], or to a part of it.
    RwLockReadGuard ['a, T: ?Sized] ['a, T]
    SharedBorrow<Borrowed<'a>, T>, real::RwLockReadGuard<'a, ()>
}

impl<'a, T: ?Sized> RwLockReadGuard<'a, T> {
    /// Returns a guard for a part of the value.
    pub fn map<F, U: ?Sized>(this: Self, f: F) -> RwLockReadGuard<'a, U>
    where
        F: FnOnce(&T) -> &U,
    {
        RwLockReadGuard::around(this.inner.map(f), this.held)
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
        let held = this.held;
        match this.inner.try_map(f) {
            Ok(inner) => Ok(RwLockReadGuard::around(inner, held)),
            Err(inner) => Err(Self::around(inner, held)),
        }
    }
}

lock_guard! {
    /// Exclusive access to the value of an [`RwLock`].
    RwLockWriteGuard ['a, T: ?Sized] ['a, T]
    ExclusiveBorrow<Borrowed<'a>, T>, real::RwLockWriteGuard<'a, ()>
}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    /// Turns exclusive into shared access; no other writer comes in between.
    pub fn downgrade(self) -> RwLockReadGuard<'a, T> {
        let inner = self.inner.downgrade();
        RwLockReadGuard::around(inner, self.held.map(real::RwLockWriteGuard::downgrade))
    }

    /// As [`RwLockWriteGuard::downgrade`], for a part of the value.
    pub fn downgrade_map<F, U: ?Sized>(this: Self, f: F) -> RwLockReadGuard<'a, U>
    where
        F: FnOnce(&T) -> &U,
    {
        let inner = this.inner.downgrade_map(f);
        RwLockReadGuard::around(inner, this.held.map(real::RwLockWriteGuard::downgrade))
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
        let held = this.held;
        match this.inner.try_downgrade_map(f) {
            Ok(inner) => Ok(RwLockReadGuard::around(
                inner,
                held.map(real::RwLockWriteGuard::downgrade),
            )),
            Err(inner) => Err(Self::around(inner, held)),
        }
    }

    /// Returns a guard for a part of the value.
    pub fn map<F, U: ?Sized>(this: Self, f: F) -> RwLockMappedWriteGuard<'a, U>
    where
        F: FnOnce(&mut T) -> &mut U,
    {
        RwLockMappedWriteGuard::around(this.inner.map(f), this.held)
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
        let held = this.held;
        match this.inner.try_map(f) {
            Ok(inner) => Ok(RwLockMappedWriteGuard::around(inner, held)),
            Err(inner) => Err(Self::around(inner, held)),
        }
    }

    /// Returns the same guard, as one for a part of the value.
    pub fn into_mapped(this: Self) -> RwLockMappedWriteGuard<'a, T> {
        RwLockMappedWriteGuard::around(this.inner, this.held)
    }
}

lock_guard! {
    /// Exclusive access to a part of the value of an [`RwLock`]; see
    /// [`RwLockWriteGuard::map`].
    RwLockMappedWriteGuard ['a, T: ?Sized] ['a, T]
    ExclusiveBorrow<Borrowed<'a>, T>, real::RwLockWriteGuard<'a, ()>
}

impl<'a, T: ?Sized> RwLockMappedWriteGuard<'a, T> {
    /// Returns a guard for a part of the part.
    pub fn map<F, U: ?Sized>(this: Self, f: F) -> RwLockMappedWriteGuard<'a, U>
    where
        F: FnOnce(&mut T) -> &mut U,
    {
        RwLockMappedWriteGuard::around(this.inner.map(f), this.held)
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
        let held = this.held;
        match this.inner.try_map(f) {
            Ok(inner) => Ok(RwLockMappedWriteGuard::around(inner, held)),
            Err(inner) => Err(Self::around(inner, held)),
        }
    }
}

lock_guard! {
    /// Shared access to the value of an [`RwLock`] in an `Arc`, or to a part of it.
    OwnedRwLockReadGuard [T: ?Sized, U: ?Sized] = T, [T, U]
    SharedBorrow<Arc<RwLock<T>>, U>, real::OwnedRwLockReadGuard<()>
}

impl<T: ?Sized> OwnedRwLockReadGuard<T> {
    fn new(lock: real::OwnedRwLockReadGuard<()>, owner: &Arc<RwLock<T>>) -> Self {
        let held = Held::new(lock, &owner.resource);
        Self::around(SharedBorrow::owned(owner), held)
    }
}

impl<T: ?Sized, U: ?Sized> OwnedRwLockReadGuard<T, U> {
    /// Returns a guard for a part of the value.
    pub fn map<F, V: ?Sized>(this: Self, f: F) -> OwnedRwLockReadGuard<T, V>
    where
        F: FnOnce(&U) -> &V,
    {
        OwnedRwLockReadGuard::around(this.inner.map(f), this.held)
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
        let held = this.held;
        match this.inner.try_map(f) {
            Ok(inner) => Ok(OwnedRwLockReadGuard::around(inner, held)),
            Err(inner) => Err(Self::around(inner, held)),
        }
    }

    /// Returns the lock.
    pub fn rwlock(this: &Self) -> &Arc<RwLock<T>> {
        this.inner.keeper()
    }
}

lock_guard! {
    /// Exclusive access to the value of an [`RwLock`] in an `Arc`.
    OwnedRwLockWriteGuard [T: ?Sized] [T]
    ExclusiveBorrow<Arc<RwLock<T>>, T>, real::OwnedRwLockWriteGuard<()>
}

impl<T: ?Sized> OwnedRwLockWriteGuard<T> {
    fn new(lock: real::OwnedRwLockWriteGuard<()>, owner: &Arc<RwLock<T>>) -> Self {
        let held = Held::new(lock, &owner.resource);
        Self::around(ExclusiveBorrow::owned(owner), held)
    }

    /// Turns exclusive into shared access; no other writer comes in between.
    pub fn downgrade(self) -> OwnedRwLockReadGuard<T> {
        let inner = self.inner.downgrade();
        OwnedRwLockReadGuard::around(inner, self.held.map(real::OwnedRwLockWriteGuard::downgrade))
    }

    /// As [`OwnedRwLockWriteGuard::downgrade`], for a part of the value.
    pub fn downgrade_map<F, U: ?Sized>(this: Self, f: F) -> OwnedRwLockReadGuard<T, U>
    where
        F: FnOnce(&T) -> &U,
    {
        let inner = this.inner.downgrade_map(f);
        OwnedRwLockReadGuard::around(inner, this.held.map(real::OwnedRwLockWriteGuard::downgrade))
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
        let held = this.held;
        match this.inner.try_downgrade_map(f) {
            Ok(inner) => Ok(OwnedRwLockReadGuard::around(
                inner,
                held.map(real::OwnedRwLockWriteGuard::downgrade),
            )),
            Err(inner) => Err(Self::around(inner, held)),
        }
    }

    /// Returns a guard for a part of the value.
    pub fn map<F, U: ?Sized>(this: Self, f: F) -> OwnedRwLockMappedWriteGuard<T, U>
    where
        F: FnOnce(&mut T) -> &mut U,
    {
        OwnedRwLockMappedWriteGuard::around(this.inner.map(f), this.held)
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
        let held = this.held;
        match this.inner.try_map(f) {
            Ok(inner) => Ok(OwnedRwLockMappedWriteGuard::around(inner, held)),
            Err(inner) => Err(Self::around(inner, held)),
        }
    }

    /// Returns the same guard, as one for a part of the value.
    pub fn into_mapped(this: Self) -> OwnedRwLockMappedWriteGuard<T> {
        OwnedRwLockMappedWriteGuard::around(this.inner, this.held)
    }

    /// Returns the lock.
    pub fn rwlock(this: &Self) -> &Arc<RwLock<T>> {
        this.inner.keeper()
    }
}

lock_guard! {
    /// Exclusive access to a part of the value of an [`RwLock`] in an `Arc`; see
    /// [`OwnedRwLockWriteGuard::map`].
    OwnedRwLockMappedWriteGuard [T: ?Sized, U: ?Sized] = T, [T, U]
    ExclusiveBorrow<Arc<RwLock<T>>, U>, real::OwnedRwLockWriteGuard<()>
}

impl<T: ?Sized, U: ?Sized> OwnedRwLockMappedWriteGuard<T, U> {
    /// Returns a guard for a part of the part.
    pub fn map<F, V: ?Sized>(this: Self, f: F) -> OwnedRwLockMappedWriteGuard<T, V>
    where
        F: FnOnce(&mut U) -> &mut V,
    {
        OwnedRwLockMappedWriteGuard::around(this.inner.map(f), this.held)
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
        let held = this.held;
        match this.inner.try_map(f) {
            Ok(inner) => Ok(OwnedRwLockMappedWriteGuard::around(inner, held)),
            Err(inner) => Err(Self::around(inner, held)),
        }
    }

    /// Returns the lock.
    pub fn rwlock(this: &Self) -> &Arc<RwLock<T>> {
        this.inner.keeper()
    }
}

super::guard!(ref ['a, T: ?Sized] RwLockReadGuard<'a, T> => T);
super::guard!(mut ['a, T: ?Sized] RwLockWriteGuard<'a, T> => T);
super::guard!(mut ['a, T: ?Sized] RwLockMappedWriteGuard<'a, T> => T);
super::guard!(ref [T: ?Sized, U: ?Sized] OwnedRwLockReadGuard<T, U> => U);
super::guard!(mut [T: ?Sized] OwnedRwLockWriteGuard<T> => T);
super::guard!(mut [T: ?Sized, U: ?Sized] OwnedRwLockMappedWriteGuard<T, U> => U);
