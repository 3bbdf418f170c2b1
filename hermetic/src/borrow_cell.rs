//! A value whose borrows are counted while the program runs, and may own the cell.
//!
//! A lock that hands out owned guards has to reach its value from a guard that borrows nothing.
//! In safe code that takes an `Arc` around the value, and an `Arc` can be sent only if its value
//! may be shared. A [`BorrowCell`] is sent if its value may be sent.
#![expect(
    unsafe_code,
    reason = "references to a value from what does not borrow it, under a count"
)]

use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::confinement::{Access, Confinement};

/// The count of an exclusive borrow; every shared one adds 1.
const EXCLUSIVE: usize = 1 << (usize::BITS - 1);

/// A value of which there are any number of [`SharedBorrow`]s, or one [`ExclusiveBorrow`].
///
/// One that is confined to a thread can be borrowed on that thread alone. Borrows may go to other
/// threads, and end there.
pub struct BorrowCell<T: ?Sized> {
    borrows: AtomicUsize,
    confinement: Confinement,
    value: UnsafeCell<T>,
}

// SAFETY: the references that a shared cell gives away are shared ones to a `T` that is `Sync`,
// or exclusive ones, of which the count permits one at a time, to a `T` that is `Send`.
unsafe impl<T: ?Sized + Send + Sync> Sync for BorrowCell<T> {}

/// An object that contains a cell.
pub trait Cells {
    /// The value of the cell.
    type Value: ?Sized;

    /// Returns the cell.
    fn cell(&self) -> &BorrowCell<Self::Value>;
}

/// The keeper of a borrow that is no longer than that of its cell.
pub type Borrowed<'a> = PhantomData<&'a ()>;

impl<T> BorrowCell<T> {
    /// Creates a cell without a borrow.
    pub const fn new(value: T) -> Self {
        Self::confined(value, Confinement::NONE)
    }

    /// Creates a cell without a borrow that is confined.
    pub(crate) const fn confined(value: T, confinement: Confinement) -> Self {
        Self {
            borrows: AtomicUsize::new(0),
            confinement,
            value: UnsafeCell::new(value),
        }
    }

    /// Returns the value.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> BorrowCell<T> {
    /// Returns the value; there is no other reference to it.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    /// Borrows the value.
    ///
    /// # Panics
    ///
    /// If there is an exclusive borrow, or the cell is confined to another thread.
    pub fn share(&self) -> SharedBorrow<Borrowed<'_>, T> {
        self.share_kept(PhantomData)
    }

    /// Borrows the value exclusively.
    ///
    /// # Panics
    ///
    /// If there is a borrow, or the cell is confined to another thread.
    #[inline]
    pub fn exclude(&self) -> ExclusiveBorrow<Borrowed<'_>, T> {
        self.exclude_kept(PhantomData)
    }

    /// Borrows the value exclusively. Returns `None` if there is a borrow, or the cell is
    /// confined to another thread.
    #[inline]
    pub(crate) fn try_exclude(&self) -> Option<ExclusiveBorrow<Borrowed<'_>, T>> {
        ExclusiveCount::of(self).map(|count| self.excluded(count, PhantomData))
    }

    /// Returns the confinement.
    pub(crate) fn confinement(&self) -> Confinement {
        self.confinement
    }

    /// Borrows as [`BorrowCell::share`]. The keeper keeps the cell alive and in its place.
    fn share_kept<K>(&self, keeper: K) -> SharedBorrow<K, T> {
        SharedBorrow {
            part: pointer(&self.value),
            count: SharedCount::of(self),
            keeper,
        }
    }

    /// Borrows as [`BorrowCell::exclude`]. The keeper keeps the cell alive and in its place.
    #[inline]
    pub(crate) fn exclude_kept<K>(&self, keeper: K) -> ExclusiveBorrow<K, T> {
        let count = ExclusiveCount::of(self);
        self.excluded(count.expect(CONFLICT), keeper)
    }

    #[inline]
    fn excluded<K>(&self, count: ExclusiveCount, keeper: K) -> ExclusiveBorrow<K, T> {
        ExclusiveBorrow {
            part: pointer(&self.value),
            count,
            keeper,
            invariant: PhantomData,
        }
    }
}

fn pointer<T: ?Sized>(value: &UnsafeCell<T>) -> NonNull<T> {
    // SAFETY: a pointer that was made of a reference is not null.
    unsafe { NonNull::new_unchecked(value.get()) }
}

impl<T: ?Sized> fmt::Debug for BorrowCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BorrowCell").finish_non_exhaustive()
    }
}

const CONFLICT: &str = "a value is borrowed that its lock has given to another, or to no thread \
                        but its own";

/// The part of a shared borrow in the count of its cell, which it has until it is dropped.
#[derive(Debug)]
struct SharedCount(NonNull<AtomicUsize>);

impl SharedCount {
    /// Counts a borrow.
    ///
    /// # Panics
    ///
    /// If there is an exclusive borrow, or the cell is confined to another thread.
    fn of<T: ?Sized>(cell: &BorrowCell<T>) -> Self {
        let more = |count: usize| (count < EXCLUSIVE - 1).then_some(count + 1);
        let is_counted = cell.confinement.access() != Access::Refused
            && cell
                .borrows
                .fetch_update(Ordering::Acquire, Ordering::Relaxed, more)
                .is_ok();
        assert!(is_counted, "{CONFLICT}");
        Self(NonNull::from(&cell.borrows))
    }
}

impl Drop for SharedCount {
    fn drop(&mut self) {
        // SAFETY: the count is a field of a borrow, beside the keeper of the cell.
        unsafe { self.0.as_ref() }.fetch_sub(1, Ordering::Release);
    }
}

/// The count of an exclusive borrow, which it is until it is dropped. Nothing else changes it
/// meanwhile.
#[derive(Debug)]
struct ExclusiveCount(NonNull<AtomicUsize>);

impl ExclusiveCount {
    /// Counts a borrow. Returns `None` if there is one, or the cell is confined to another
    /// thread.
    #[inline]
    fn of<T: ?Sized>(cell: &BorrowCell<T>) -> Option<Self> {
        let borrows = &cell.borrows;
        let is_counted = match cell.confinement.access() {
            // Only this thread makes a borrow where there is none.
            Access::Alone => {
                let is_free = borrows.load(Ordering::Acquire) == 0;
                if is_free {
                    borrows.store(EXCLUSIVE, Ordering::Relaxed);
                }
                is_free
            }
            Access::Shared => borrows
                .compare_exchange(0, EXCLUSIVE, Ordering::Acquire, Ordering::Relaxed)
                .is_ok(),
            Access::Refused => false,
        };
        is_counted.then(|| Self(NonNull::from(borrows)))
    }

    /// Turns it into the count of a shared borrow.
    fn downgrade(self) -> SharedCount {
        self.set(1);
        let Self(borrows) = *ManuallyDrop::new(self);
        SharedCount(borrows)
    }

    #[inline]
    fn set(&self, count: usize) {
        // SAFETY: as with a shared borrow.
        unsafe { self.0.as_ref() }.store(count, Ordering::Release);
    }
}

impl Drop for ExclusiveCount {
    #[inline]
    fn drop(&mut self) {
        self.set(0);
    }
}

/// A shared reference to the value of a [`BorrowCell`] or to a part of it, with what keeps the
/// cell.
pub struct SharedBorrow<K, U: ?Sized> {
    part: NonNull<U>,
    count: SharedCount,
    // Last: it may drop the cell.
    keeper: K,
}

// SAFETY: it is a `&U` and a keeper; the count is atomic.
unsafe impl<K: Send, U: ?Sized + Sync> Send for SharedBorrow<K, U> {}
// SAFETY: as above.
unsafe impl<K: Sync, U: ?Sized + Sync> Sync for SharedBorrow<K, U> {}

impl<O: Cells + ?Sized> SharedBorrow<Arc<O>, O::Value> {
    /// Borrows the value of a cell that the borrow keeps alive.
    ///
    /// # Panics
    ///
    /// If there is an exclusive borrow.
    pub fn owned(owner: &Arc<O>) -> Self {
        // An `Arc` gives no exclusive access to what it shares with the borrow, so that the
        // cell is where it is for as long as the borrow is.
        owner.cell().share_kept(Arc::clone(owner))
    }
}

impl<K, U: ?Sized> SharedBorrow<K, U> {
    /// Returns what keeps the cell.
    pub fn keeper(&self) -> &K {
        &self.keeper
    }

    /// Returns a borrow of a part.
    pub fn map<V: ?Sized>(self, part: impl FnOnce(&U) -> &V) -> SharedBorrow<K, V> {
        let part = NonNull::from(part(&self));
        self.with(part)
    }

    /// Returns a borrow of a part, if there is one.
    ///
    /// # Errors
    ///
    /// The borrow itself, if there is none.
    pub fn try_map<V: ?Sized>(
        self,
        part: impl FnOnce(&U) -> Option<&V>,
    ) -> Result<SharedBorrow<K, V>, Self> {
        match part(&self).map(NonNull::from) {
            Some(part) => Ok(self.with(part)),
            None => Err(self),
        }
    }

    fn with<V: ?Sized>(self, part: NonNull<V>) -> SharedBorrow<K, V> {
        SharedBorrow {
            part,
            count: self.count,
            keeper: self.keeper,
        }
    }
}

impl<K, U: ?Sized> Deref for SharedBorrow<K, U> {
    type Target = U;

    fn deref(&self) -> &U {
        // SAFETY: the keeper keeps the value, and by the count there is no exclusive borrow.
        unsafe { self.part.as_ref() }
    }
}

/// An exclusive reference to the value of a [`BorrowCell`] or to a part of it, with what keeps
/// the cell.
pub struct ExclusiveBorrow<K, U: ?Sized> {
    part: NonNull<U>,
    count: ExclusiveCount,
    // Last but for what has no size: it may drop the cell.
    keeper: K,
    invariant: PhantomData<*mut U>,
}

// SAFETY: it is a `&mut U` and a keeper; the count is atomic.
unsafe impl<K: Send, U: ?Sized + Send> Send for ExclusiveBorrow<K, U> {}
// SAFETY: as above.
unsafe impl<K: Sync, U: ?Sized + Sync> Sync for ExclusiveBorrow<K, U> {}

impl<O: Cells + ?Sized> ExclusiveBorrow<Arc<O>, O::Value> {
    /// Borrows the value of a cell that the borrow keeps alive.
    ///
    /// # Panics
    ///
    /// If there is a borrow.
    pub fn owned(owner: &Arc<O>) -> Self {
        // As with a shared borrow.
        owner.cell().exclude_kept(Arc::clone(owner))
    }
}

impl<K, U: ?Sized> ExclusiveBorrow<K, U> {
    /// Returns what keeps the cell.
    pub fn keeper(&self) -> &K {
        &self.keeper
    }

    /// Ends the borrow, and returns what has kept the cell.
    pub fn into_keeper(self) -> K {
        self.keeper
    }

    /// Returns a shared borrow in its place.
    pub fn downgrade(self) -> SharedBorrow<K, U> {
        SharedBorrow {
            part: self.part,
            count: self.count.downgrade(),
            keeper: self.keeper,
        }
    }

    /// Returns a borrow of a part.
    pub fn map<V: ?Sized>(mut self, part: impl FnOnce(&mut U) -> &mut V) -> ExclusiveBorrow<K, V> {
        let part = NonNull::from(part(&mut self));
        self.with(part)
    }

    /// Returns a borrow of a part, if there is one.
    ///
    /// # Errors
    ///
    /// The borrow itself, if there is none.
    pub fn try_map<V: ?Sized>(
        mut self,
        part: impl FnOnce(&mut U) -> Option<&mut V>,
    ) -> Result<ExclusiveBorrow<K, V>, Self> {
        match part(&mut self).map(NonNull::from) {
            Some(part) => Ok(self.with(part)),
            None => Err(self),
        }
    }

    /// Returns a shared borrow of a part in its place. The part is chosen while the borrow is
    /// exclusive.
    pub fn downgrade_map<V: ?Sized>(self, part: impl FnOnce(&U) -> &V) -> SharedBorrow<K, V> {
        let part = NonNull::from(part(&self));
        self.downgrade().with(part)
    }

    /// As [`ExclusiveBorrow::downgrade_map`], if there is such a part.
    ///
    /// # Errors
    ///
    /// The borrow itself, if there is none.
    pub fn try_downgrade_map<V: ?Sized>(
        self,
        part: impl FnOnce(&U) -> Option<&V>,
    ) -> Result<SharedBorrow<K, V>, Self> {
        match part(&self).map(NonNull::from) {
            Some(part) => Ok(self.downgrade().with(part)),
            None => Err(self),
        }
    }

    fn with<V: ?Sized>(self, part: NonNull<V>) -> ExclusiveBorrow<K, V> {
        ExclusiveBorrow {
            part,
            count: self.count,
            keeper: self.keeper,
            invariant: PhantomData,
        }
    }
}

impl<K, U: ?Sized> Deref for ExclusiveBorrow<K, U> {
    type Target = U;

    fn deref(&self) -> &U {
        // SAFETY: the keeper keeps the value, and by the count this is its only borrow.
        unsafe { self.part.as_ref() }
    }
}

impl<K, U: ?Sized> DerefMut for ExclusiveBorrow<K, U> {
    fn deref_mut(&mut self) -> &mut U {
        // SAFETY: as above.
        unsafe { self.part.as_mut() }
    }
}
