//! A lock for moments, which takes no atomic exchange on the thread that it is confined to.
#![expect(
    unsafe_code,
    reason = "a lock shares its value with threads although they may not share the value itself"
)]

use std::fmt;
use std::hint;
use std::sync::Arc;

use crate::borrow_cell::{BorrowCell, Borrowed, ExclusiveBorrow};
use crate::confinement::{Access, Confinement};

/// A lock that is never taken twice by one thread, and mostly free. It is not poisoned.
pub struct ConfinedLock<T: ?Sized>(BorrowCell<T>);

// SAFETY: the cell lends its value exclusively only, to one thread at a time.
unsafe impl<T: ?Sized + Send> Sync for ConfinedLock<T> {}

/// An object that contains a lock.
pub trait Locks {
    /// The value of the lock.
    type Value: ?Sized;

    /// Returns the lock.
    fn confined_lock(&self) -> &ConfinedLock<Self::Value>;
}

impl<T> ConfinedLock<T> {
    /// Creates a free lock in the confinement of this thread, if it has one.
    pub fn new(value: T) -> Self {
        Self(BorrowCell::confined(value, Confinement::here()))
    }

    /// Creates a free lock that is not confined.
    pub const fn const_new(value: T) -> Self {
        Self(BorrowCell::new(value))
    }

    /// Returns the value.
    pub fn into_inner(self) -> T {
        self.0.into_inner()
    }
}

impl<T: ?Sized> ConfinedLock<T> {
    /// Takes the lock. Where it is not confined, it spins while another thread has it.
    ///
    /// # Panics
    ///
    /// If it is confined to another thread, or this one has it already.
    #[inline]
    pub fn lock(&self) -> ExclusiveBorrow<Borrowed<'_>, T> {
        let locked = self.try_lock();
        locked.expect("an object of a run is used by another thread, and the run is not over")
    }

    /// Takes the lock as [`ConfinedLock::lock`]. Returns `None` if it is confined to another
    /// thread.
    ///
    /// # Panics
    ///
    /// If it is confined to this thread, which has it already.
    #[inline]
    pub fn try_lock(&self) -> Option<ExclusiveBorrow<Borrowed<'_>, T>> {
        match self.0.try_exclude() {
            Some(locked) => Some(locked),
            None => self.spin(),
        }
    }

    #[cold]
    fn spin(&self) -> Option<ExclusiveBorrow<Borrowed<'_>, T>> {
        loop {
            match self.0.confinement().access() {
                Access::Alone => panic!("a thread locks what it has locked"),
                Access::Refused => return None,
                Access::Shared => hint::spin_loop(),
            }
            if let Some(locked) = self.0.try_exclude() {
                return Some(locked);
            }
        }
    }

    /// Returns the value; there is no other reference to it.
    pub fn get_mut(&mut self) -> &mut T {
        self.0.get_mut()
    }
}

impl<O: Locks + ?Sized> ExclusiveBorrow<Arc<O>, O::Value> {
    /// Takes a lock that is free, and that the borrow keeps alive.
    ///
    /// # Panics
    ///
    /// If it is not free, or confined to another thread.
    pub fn locked(owner: &Arc<O>) -> Self {
        // As with a cell: an `Arc` gives no exclusive access to what it shares with the borrow.
        owner.confined_lock().0.exclude_kept(Arc::clone(owner))
    }
}

impl<T: ?Sized> fmt::Debug for ConfinedLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfinedLock").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::confinement::confine;
    use std::cell::Cell;
    use std::thread;

    #[test]
    fn lock_is_its_threads_and_then_all_threads() {
        let confining = confine();
        let lock = ConfinedLock::new(Cell::new(1));
        let locked = lock.lock();
        locked.set(locked.get() + 1);
        thread::scope(|scope| {
            let refused = || lock.try_lock().is_none();
            assert!(scope.spawn(refused).join().expect("it does not panic"));
        });
        drop(locked);
        drop(confining);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..1_000 {
                        let value = lock.lock();
                        value.set(value.get() + 1);
                    }
                });
            }
        });
        assert_eq!(lock.into_inner().get(), 4_002);
    }

    #[test]
    #[should_panic = "a thread locks what it has locked"]
    fn lock_is_not_taken_twice() {
        let _confining = confine();
        let lock = ConfinedLock::new(());
        let _first = lock.lock();
        let _second = lock.try_lock();
    }

    #[test]
    fn borrow_that_ends_on_another_thread_frees_the_lock() {
        let _confining = confine();
        let lock = ConfinedLock::new(0);
        for value in 1..100 {
            let mut locked = lock.lock();
            *locked = value;
            thread::scope(|scope| {
                scope.spawn(move || drop(locked));
            });
            assert_eq!(*lock.lock(), value);
        }
    }
}
