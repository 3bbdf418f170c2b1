//! `Mutex`.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::task::{Context, Poll};

use ::tokio::sync as real;
use ::tokio::sync::TryLockError;
use rehearsal_hermetic::{Borrowed, ConfinedLock, ExclusiveBorrow, Locks};

use super::guards::{Held, lock_guard};
use super::turns::{Turn, TurnInRun, Turns};
use crate::blocking;
use crate::operation::{Operation, ResourceKind};
use crate::point::{Op, Point, Resource, polled};

/// As `tokio::sync::Mutex`.
pub struct Mutex<T: ?Sized> {
    resource: Resource,
    turns: Turns,
    // Last, because it may have no size.
    value: ConfinedLock<T>,
}

impl<T> Mutex<T> {
    /// Creates a free mutex.
    #[track_caller]
    pub fn new(value: T) -> Self {
        let turns = Turns::new();
        let resource = Resource::new(ResourceKind::Mutex);
        Self {
            resource: resource.keeping_wakers(!turns.are_in_run()),
            turns,
            value: ConfinedLock::new(value),
        }
    }

    /// Creates a free mutex, for statics.
    #[track_caller]
    pub const fn const_new(value: T) -> Self {
        Self {
            resource: Resource::const_new(ResourceKind::Mutex),
            turns: Turns::const_new(),
            value: ConfinedLock::const_new(value),
        }
    }

    /// Returns the value.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Waits for the lock, first come first served.
    pub async fn lock(&self) -> MutexGuard<'_, T> {
        let mut point = Point::default();
        // No task waits for a free lock, so there is no need to queue. Outside a run, and in a
        // plain task, there is a wait all the same: in it tokio has tasks yield that never wait.
        match polled(|cx| self.poll_free(cx, &mut point)).await {
            Some(guard) => guard,
            None => self.wait().await,
        }
    }

    /// Passes the scheduling point, and takes the lock if it is free. Ready with none if it is
    /// not, outside a run, and in a plain task.
    #[inline]
    fn poll_free<'a>(
        &'a self,
        cx: &Context<'_>,
        point: &mut Point,
    ) -> Poll<Option<MutexGuard<'a, T>>> {
        let at = (&self.resource, Operation::Lock);
        let taken = point.poll_take(cx, at, || self.turns.try_take());
        taken.map(|taken| taken.map(|(turn, holder)| self.guard(Held::by(holder, turn))))
    }

    /// Waits for the lock behind its scheduling point.
    async fn wait(&self) -> MutexGuard<'_, T> {
        let turn = match &self.turns {
            Turns::InRun(queue) => {
                Turn::InRun(Op::passed(&self.resource, Operation::Lock, queue.take()).await)
            }
            Turns::Outside(lock) => {
                Turn::Outside(Op::passed(&self.resource, Operation::Lock, lock.lock()).await)
            }
        };
        self.guard(Held::new(turn, &self.resource))
    }

    /// Takes the lock, if it is free.
    ///
    /// # Errors
    ///
    /// If it is not.
    pub fn try_lock(&self) -> Result<MutexGuard<'_, T>, TryLockError> {
        self.resource.operate(Operation::TryLock);
        let turn = self.turns.try_take().ok_or_else(Turns::taken)?;
        Ok(self.guard(Held::new(turn, &self.resource)))
    }

    /// Waits for the lock; the guard keeps the mutex alive.
    pub async fn lock_owned(self: Arc<Self>) -> OwnedMutexGuard<T> {
        let turn = match &self.turns {
            Turns::InRun(queue) => {
                let turn = Op::new(&self.resource, Operation::LockOwned, queue.take()).await;
                OwnedTurn::in_run(turn)
            }
            Turns::Outside(lock) => {
                let lock = Arc::clone(lock.arc()).lock_owned();
                OwnedTurn::Outside(Op::new(&self.resource, Operation::LockOwned, lock).await)
            }
        };
        OwnedMutexGuard::new(turn, &self)
    }

    /// Takes the lock, if it is free; the guard keeps the mutex alive.
    ///
    /// # Errors
    ///
    /// If it is not.
    pub fn try_lock_owned(self: Arc<Self>) -> Result<OwnedMutexGuard<T>, TryLockError> {
        self.resource.operate(Operation::TryLock);
        let turn = OwnedTurn::try_take(&self.turns)?;
        Ok(OwnedMutexGuard::new(turn, &self))
    }

    /// Blocks the thread until the lock is free.
    ///
    /// # Panics
    ///
    /// In a task that may not block, as tokio does.
    #[track_caller]
    pub fn blocking_lock(&self) -> MutexGuard<'_, T> {
        if blocking::may_block() {
            return blocking::block_on(self.lock());
        }
        let turn = self.turns.take_blocking();
        self.guard(Held::new(turn, &self.resource))
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
        let turn = OwnedTurn::take_blocking(&self.turns);
        OwnedMutexGuard::new(turn, &self)
    }

    /// Returns the value; there is no other reference to it.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    #[inline]
    fn guard<'a>(&'a self, held: Held<Turn<'a>>) -> MutexGuard<'a, T> {
        MutexGuard::around(self.value.lock(), held.map(|turn| (turn, self)))
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

impl<T: ?Sized> Locks for Mutex<T> {
    type Value = T;

    fn confined_lock(&self) -> &ConfinedLock<T> {
        &self.value
    }
}

/// As tokio's.
impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut mutex = f.debug_struct("Mutex");
        match self.turns.try_take() {
            Some(_turn) => mutex.field("data", &&*self.value.lock()),
            None => mutex.field("data", &format_args!("<locked>")),
        };
        mutex.finish()
    }
}

lock_guard! {
    /// Access to the value of a [`Mutex`] until it is dropped.
    MutexGuard ['a, T: ?Sized] ['a, T]
    ExclusiveBorrow<Borrowed<'a>, T>, (Turn<'a>, &'a Mutex<T>)
}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// Returns a guard for a part of the value.
    pub fn map<U, F>(this: Self, f: F) -> MappedMutexGuard<'a, U>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> &mut U,
    {
        let held = this.held.map(|(turn, _)| turn);
        MappedMutexGuard::around(this.inner.map(f), held)
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
        let held = this.held;
        match this.inner.try_map(f) {
            Ok(inner) => Ok(MappedMutexGuard::around(inner, held.map(|(turn, _)| turn))),
            Err(inner) => Err(Self::around(inner, held)),
        }
    }

    /// Returns the mutex.
    pub fn mutex(this: &Self) -> &'a Mutex<T> {
        this.held.lock().1
    }
}

lock_guard! {
    /// Access to a part of the value of a [`Mutex`]; see [`MutexGuard::map`].
    MappedMutexGuard ['a, T: ?Sized] ['a, T]
    ExclusiveBorrow<Borrowed<'a>, T>, Turn<'a>
}

impl<'a, T: ?Sized> MappedMutexGuard<'a, T> {
    /// Returns a guard for a part of the part.
    pub fn map<U, F>(this: Self, f: F) -> MappedMutexGuard<'a, U>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> &mut U,
    {
        MappedMutexGuard::around(this.inner.map(f), this.held)
    }

    /// Returns a guard for a part of the part, if `f` returns one.
    ///
    /// # Errors
    ///
    /// The guard itself, if `f` returns none.
    pub fn try_map<U, F>(this: Self, f: F) -> Result<MappedMutexGuard<'a, U>, Self>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        let held = this.held;
        match this.inner.try_map(f) {
            Ok(inner) => Ok(MappedMutexGuard::around(inner, held)),
            Err(inner) => Err(Self::around(inner, held)),
        }
    }
}

/// A turn at a mutex in an `Arc`.
enum OwnedTurn {
    /// The guard ends it.
    InRun,
    Outside(#[expect(dead_code, reason = "it is kept for its drop")] real::OwnedMutexGuard<()>),
}

impl OwnedTurn {
    /// Takes a turn over, for a guard that ends it.
    fn in_run(turn: TurnInRun<'_>) -> Self {
        turn.take_over();
        Self::InRun
    }

    fn try_take(turns: &Turns) -> Result<Self, TryLockError> {
        match turns {
            Turns::InRun(queue) => queue.try_take().map(Self::in_run).ok_or_else(Turns::taken),
            Turns::Outside(lock) => Arc::clone(lock.arc()).try_lock_owned().map(Self::Outside),
        }
    }

    #[track_caller]
    fn take_blocking(turns: &Turns) -> Self {
        match turns {
            Turns::InRun(queue) => Self::in_run(queue.take_blocking()),
            Turns::Outside(lock) => Self::Outside(Arc::clone(lock.arc()).blocking_lock_owned()),
        }
    }
}

/// Access to the value of a mutex in an `Arc`, or to a part of it.
struct OwnedAccess<T: ?Sized, U: ?Sized> {
    // `None` only during its drop.
    parts: Option<OwnedParts<T, U>>,
}

/// The borrow, and the turn that permits it. There is one `Arc` for both, because a program can
/// count them.
struct OwnedParts<T: ?Sized, U: ?Sized> {
    borrow: ExclusiveBorrow<Arc<Mutex<T>>, U>,
    held: Held<OwnedTurn>,
}

impl<T: ?Sized> OwnedAccess<T, T> {
    fn new(turn: OwnedTurn, mutex: &Arc<Mutex<T>>) -> Self {
        let held = Held::new(turn, &mutex.resource);
        Self::around(ExclusiveBorrow::locked(mutex), held)
    }
}

impl<T: ?Sized, U: ?Sized> OwnedAccess<T, U> {
    fn around(borrow: ExclusiveBorrow<Arc<Mutex<T>>, U>, held: Held<OwnedTurn>) -> Self {
        let parts = Some(OwnedParts { borrow, held });
        Self { parts }
    }

    fn parts(&self) -> &OwnedParts<T, U> {
        match &self.parts {
            Some(parts) => parts,
            None => unreachable!("{DROPPED}"),
        }
    }

    fn into_parts(mut self) -> OwnedParts<T, U> {
        match self.parts.take() {
            Some(parts) => parts,
            None => unreachable!("{DROPPED}"),
        }
    }

    fn mutex(&self) -> &Arc<Mutex<T>> {
        self.parts().borrow.keeper()
    }

    fn map<V: ?Sized>(self, f: impl FnOnce(&mut U) -> &mut V) -> OwnedAccess<T, V> {
        let OwnedParts { borrow, held } = self.into_parts();
        OwnedAccess::around(borrow.map(f), held)
    }

    fn try_map<V: ?Sized>(
        self,
        f: impl FnOnce(&mut U) -> Option<&mut V>,
    ) -> Result<OwnedAccess<T, V>, Self> {
        let OwnedParts { borrow, held } = self.into_parts();
        match borrow.try_map(f) {
            Ok(borrow) => Ok(OwnedAccess::around(borrow, held)),
            Err(borrow) => Err(Self::around(borrow, held)),
        }
    }
}

const DROPPED: &str = "a guard has access until it is dropped";

impl<T: ?Sized, U: ?Sized> Deref for OwnedAccess<T, U> {
    type Target = U;

    fn deref(&self) -> &U {
        &self.parts().borrow
    }
}

impl<T: ?Sized, U: ?Sized> DerefMut for OwnedAccess<T, U> {
    fn deref_mut(&mut self) -> &mut U {
        match &mut self.parts {
            Some(parts) => &mut parts.borrow,
            None => unreachable!("{DROPPED}"),
        }
    }
}

impl<T: ?Sized, U: ?Sized> Drop for OwnedAccess<T, U> {
    fn drop(&mut self) {
        let Some(OwnedParts { borrow, held }) = self.parts.take() else {
            return;
        };
        let mutex = borrow.into_keeper();
        if let Turns::InRun(queue) = &mutex.turns {
            queue.pass_on();
        }
        drop(held);
    }
}

/// Access to the value of a [`Mutex`] in an `Arc`.
#[must_use = "the mutex is unlocked at once if its guard is not kept"]
pub struct OwnedMutexGuard<T: ?Sized> {
    inner: OwnedAccess<T, T>,
    /// Has the traits of tokio's guard.
    traits: PhantomData<real::OwnedMutexGuard<T>>,
}

impl<T: ?Sized> OwnedMutexGuard<T> {
    fn new(turn: OwnedTurn, mutex: &Arc<Mutex<T>>) -> Self {
        Self::around(OwnedAccess::new(turn, mutex))
    }

    fn around(inner: OwnedAccess<T, T>) -> Self {
        let traits = PhantomData;
        Self { inner, traits }
    }

    /// Returns a guard for a part of the value.
    pub fn map<U, F>(this: Self, f: F) -> OwnedMappedMutexGuard<T, U>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> &mut U,
    {
        OwnedMappedMutexGuard::around(this.inner.map(f))
    }

    /// Returns a guard for a part of the value, if `f` returns one.
    ///
    /// # Errors
    ///
    /// The guard itself, if `f` returns none.
    pub fn try_map<U, F>(this: Self, f: F) -> Result<OwnedMappedMutexGuard<T, U>, Self>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        let mapped = this.inner.try_map(f);
        mapped
            .map(OwnedMappedMutexGuard::around)
            .map_err(Self::around)
    }

    /// Returns the mutex.
    pub fn mutex(this: &Self) -> &Arc<Mutex<T>> {
        this.inner.mutex()
    }
}

/// Access to a part of the value of a [`Mutex`] in an `Arc`; see [`OwnedMutexGuard::map`].
#[must_use = "the mutex is unlocked at once if its guard is not kept"]
pub struct OwnedMappedMutexGuard<T: ?Sized, U: ?Sized = T> {
    inner: OwnedAccess<T, U>,
    /// Has the traits of tokio's guard.
    traits: PhantomData<real::OwnedMappedMutexGuard<T, U>>,
}

impl<T: ?Sized, U: ?Sized> OwnedMappedMutexGuard<T, U> {
    fn around(inner: OwnedAccess<T, U>) -> Self {
        let traits = PhantomData;
        Self { inner, traits }
    }

    /// Returns a guard for a part of the part.
    pub fn map<V, F>(this: Self, f: F) -> OwnedMappedMutexGuard<T, V>
    where
        V: ?Sized,
        F: FnOnce(&mut U) -> &mut V,
    {
        OwnedMappedMutexGuard::around(this.inner.map(f))
    }

    /// Returns a guard for a part of the part, if `f` returns one.
    ///
    /// # Errors
    ///
    /// The guard itself, if `f` returns none.
    pub fn try_map<V, F>(this: Self, f: F) -> Result<OwnedMappedMutexGuard<T, V>, Self>
    where
        V: ?Sized,
        F: FnOnce(&mut U) -> Option<&mut V>,
    {
        let mapped = this.inner.try_map(f);
        mapped
            .map(OwnedMappedMutexGuard::around)
            .map_err(Self::around)
    }
}

super::guard!(mut ['a, T: ?Sized] MutexGuard<'a, T> => T);
super::guard!(mut ['a, T: ?Sized] MappedMutexGuard<'a, T> => T);
super::guard!(mut [T: ?Sized] OwnedMutexGuard<T> => T);
super::guard!(mut [T: ?Sized, U: ?Sized] OwnedMappedMutexGuard<T, U> => U);
