//! The run that this thread is in, if any.

use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::rc::Rc;

use crate::engine::Engine;

thread_local! {
    // Emptied by `Entered`: with nothing to drop when the thread ends, no access has to check
    // that the slot still exists.
    static CURRENT: RefCell<Option<ManuallyDrop<Rc<Engine>>>> = const { RefCell::new(None) };
}

/// Calls `f` with the engine of the run that this thread is in. Returns `None` outside a run:
/// then the facade is plain tokio.
#[inline]
pub(crate) fn with<R>(f: impl FnOnce(&Engine) -> R) -> Option<R> {
    // `LocalKey::with` would be a call, and the look at the slot another.
    let result = CURRENT.try_with(|slot| slot.borrow().as_ref().map(|engine| f(engine)));
    result.unwrap_or_else(|_| unreachable!("the slot is never destroyed"))
}

/// Returns `true` in a run.
pub(crate) fn is_in_run() -> bool {
    with(|_| ()).is_some()
}

/// A guard that leaves the run when dropped.
pub(crate) struct Entered(());

/// Enters a run on this thread.
///
/// # Panics
///
/// If this thread is in a run already: runs do not nest.
pub(crate) fn enter(engine: Rc<Engine>) -> Entered {
    // The borrow is over before this can panic: the panic hook reads the slot.
    let nested = CURRENT.with(|slot| slot.borrow().is_some());
    assert!(!nested, "a run inside a run");
    CURRENT.with(|slot| *slot.borrow_mut() = Some(ManuallyDrop::new(engine)));
    Entered(())
}

impl Drop for Entered {
    fn drop(&mut self) {
        // The engine is dropped outside the borrow: what it owns may read the slot.
        let engine = CURRENT.with(|slot| slot.borrow_mut().take());
        drop(engine.map(ManuallyDrop::into_inner));
    }
}
