//! Objects that one thread alone uses for a while.
//!
//! An atomic exchange costs as much as some thirty plain instructions, also where no other
//! thread is near. An object that is made in a confinement knows the thread that it is made on:
//! until the confinement ends, that thread uses it without exchanges, and every other thread is
//! refused. Afterwards it is an object like any other.

use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The number of an object that is not confined.
const EVERYWHERE: u64 = 0;

/// That of a thread without a confinement.
const NOWHERE: Confinement = Confinement {
    number: u64::MAX,
    slot: None,
};

thread_local! {
    /// The thread's confinement.
    static HERE: Cell<Confinement> = const { Cell::new(NOWHERE) };
}

/// The last number that was given.
static NUMBERS: AtomicU64 = AtomicU64::new(EVERYWHERE);

/// The slots that no confinement has. There are never more than there were confinements at once.
static FREE: Mutex<Vec<&'static Slot>> = Mutex::new(Vec::new());

/// The number of a confinement, for as long as it lasts. Other threads see its end here.
struct Slot(AtomicU64);

/// A confinement of this thread, which lasts until it is dropped.
#[must_use = "the confinement ends when it is dropped"]
pub struct Confining {
    slot: &'static Slot,
    /// It ends on its thread.
    on_its_thread: PhantomData<*const ()>,
}

/// The confinement of an object: that in which it was made, or none.
#[derive(Clone, Copy)]
pub struct Confinement {
    number: u64,
    slot: Option<&'static Slot>,
}

/// The access that a thread has to an object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Access {
    /// No other thread uses it.
    Alone,
    /// Others may use it at the same time.
    Shared,
    /// None: another thread uses it alone.
    Refused,
}

/// Confines what is made on this thread from now on to the thread.
///
/// # Panics
///
/// If the thread has a confinement already.
pub fn confine() -> Confining {
    assert_eq!(
        HERE.get().number,
        NOWHERE.number,
        "confinements do not nest"
    );
    let number = NUMBERS.fetch_add(1, Ordering::Relaxed) + 1;
    let free = free().pop();
    let slot = free.unwrap_or_else(|| Box::leak(Box::new(Slot(AtomicU64::new(EVERYWHERE)))));
    slot.0.store(number, Ordering::Release);
    HERE.set(Confinement {
        number,
        slot: Some(slot),
    });
    Confining {
        slot,
        on_its_thread: PhantomData,
    }
}

impl Drop for Confining {
    fn drop(&mut self) {
        HERE.set(NOWHERE);
        // What this thread has done to the objects precedes what others do to them.
        self.slot.0.store(EVERYWHERE, Ordering::Release);
        free().push(self.slot);
    }
}

impl Confinement {
    /// No confinement.
    pub const NONE: Self = Self {
        number: EVERYWHERE,
        slot: None,
    };

    /// Returns the confinement of this thread; none if it has none.
    pub fn here() -> Self {
        match HERE.get() {
            nowhere if nowhere.number == NOWHERE.number => Self::NONE,
            here => here,
        }
    }

    /// Returns `true` if it is this thread's, and has not ended.
    #[inline]
    pub fn is_here(self) -> bool {
        self.number == HERE.get().number
    }

    /// Returns the access of this thread.
    #[inline]
    pub(crate) fn access(self) -> Access {
        if self.is_here() {
            return Access::Alone;
        }
        self.access_from_elsewhere()
    }

    #[cold]
    fn access_from_elsewhere(self) -> Access {
        let lasts = |slot: &Slot| slot.0.load(Ordering::Acquire) == self.number;
        if self.slot.is_some_and(lasts) {
            Access::Refused
        } else {
            Access::Shared
        }
    }
}

impl std::fmt::Debug for Confinement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Confinement").field(&self.number).finish()
    }
}

fn free() -> MutexGuard<'static, Vec<&'static Slot>> {
    FREE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elsewhere<R: Send>(f: impl FnOnce() -> R + Send) -> R {
        std::thread::scope(|scope| scope.spawn(f).join().expect("it does not panic"))
    }

    #[test]
    fn what_is_confined_is_its_threads_until_the_end() {
        let confining = confine();
        let place = Confinement::here();
        assert_eq!(place.access(), Access::Alone);
        assert_eq!(elsewhere(|| place.access()), Access::Refused);
        let other = || {
            let _confining = confine();
            (Confinement::here().access(), place.access())
        };
        assert_eq!(elsewhere(other), (Access::Alone, Access::Refused));
        drop(confining);
        assert_eq!(place.access(), Access::Shared);
        assert_eq!(elsewhere(|| place.access()), Access::Shared);
        // The next one may have the same slot.
        let _next = confine();
        assert_eq!(place.access(), Access::Shared);
        assert_eq!(elsewhere(|| place.access()), Access::Shared);
        assert_eq!(Confinement::here().access(), Access::Alone);
    }

    #[test]
    fn no_confinement_is_shared_by_all() {
        assert_eq!(Confinement::here().access(), Access::Shared);
        let _confining = confine();
        assert_eq!(Confinement::NONE.access(), Access::Shared);
    }
}
