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
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The count of an exclusive borrow; every shared one adds 1.
const EXCLUSIVE: usize = 1 << (usize::BITS - 1);

/// A value of which there are any number of [`SharedBorrow`]s, or one [`ExclusiveBorrow`].
pub struct BorrowCell<T: ?Sized> {
    borrows: AtomicUsize,
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
        Self {
            borrows: AtomicUsize::new(0),
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
    /// If there is an exclusive borrow.
    pub fn share(&self) -> SharedBorrow<Borrowed<'_>, T> {
        self.share_kept(PhantomData)
    }

    /// Borrows the value exclusively.
    ///
    /// # Panics
    ///
    /// If there is a borrow.
    pub fn exclude(&self) -> ExclusiveBorrow<Borrowed<'_>, T> {
        self.exclude_kept(PhantomData)
    }

    /// Borrows as [`BorrowCell::share`]. The keeper keeps the cell alive and in its place.
    fn share_kept<K>(&self, keeper: K) -> SharedBorrow<K, T> {
        SharedBorrow {
            part: pointer(&self.value),
            count: Count::add(&self.borrows, 1),
            keeper,
        }
    }

    /// Borrows as [`BorrowCell::exclude`]. The keeper keeps the cell alive and in its place.
    fn exclude_kept<K>(&self, keeper: K) -> ExclusiveBorrow<K, T> {
        ExclusiveBorrow {
            part: pointer(&self.value),
            count: Count::add(&self.borrows, EXCLUSIVE),
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

/// The part of a borrow in the count of its cell, which it has until it is dropped.
#[derive(Debug)]
struct Count {
    borrows: NonNull<AtomicUsize>,
    amount: usize,
}

impl Count {
    /// # Panics
    ///
    /// If the borrow conflicts with one that is there.
    fn add(borrows: &AtomicUsize, amount: usize) -> Self {
        let conflicts = if amount == EXCLUSIVE {
            let free = borrows.compare_exchange(0, EXCLUSIVE, Ordering::Acquire, Ordering::Relaxed);
            free.is_err()
        } else {
            let shared = borrows.fetch_update(Ordering::Acquire, Ordering::Relaxed, |count| {
                (count < EXCLUSIVE - 1).then_some(count + amount)
            });
            shared.is_err()
        };
        assert!(
            !conflicts,
            "a value is borrowed that its lock has given to another"
        );
        Self {
            borrows: NonNull::from(borrows),
            amount,
        }
    }

    /// Turns the count of an exclusive borrow into that of a shared one.
    fn downgrade(&mut self) {
        self.subtract(EXCLUSIVE - 1);
        self.amount = 1;
    }

    fn subtract(&self, amount: usize) {
        // SAFETY: the count is a field of a borrow, beside the keeper of the cell.
        unsafe { self.borrows.as_ref() }.fetch_sub(amount, Ordering::Release);
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        self.subtract(self.amount);
    }
}

/// A shared reference to the value of a [`BorrowCell`] or to a part of it, with what keeps the
/// cell.
pub struct SharedBorrow<K, U: ?Sized> {
    part: NonNull<U>,
    count: Count,
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
    count: Count,
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

    /// Returns a shared borrow in its place.
    pub fn downgrade(mut self) -> SharedBorrow<K, U> {
        self.count.downgrade();
        SharedBorrow {
            part: self.part,
            count: self.count,
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
