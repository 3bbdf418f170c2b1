//! The run that this thread is in, if any.

use std::cell::RefCell;
use std::rc::Rc;

use crate::engine::Engine;

thread_local! {
    static CURRENT: RefCell<Option<Rc<Engine>>> = const { RefCell::new(None) };
}

/// Calls `f` with the engine of the run that this thread is in. None outside a
/// run: then the facade is plain tokio.
pub(crate) fn with<R>(f: impl FnOnce(&Engine) -> R) -> Option<R> {
    CURRENT
        .try_with(|slot| slot.borrow().as_deref().map(f))
        .ok()
        .flatten()
}

/// Leaves the run when dropped.
pub(crate) struct Entered(());

/// Enters a run on this thread.
///
/// # Panics
///
/// If this thread is in a run already: runs do not nest.
pub(crate) fn enter(engine: Rc<Engine>) -> Entered {
    CURRENT.with(|slot| {
        let previous = slot.borrow_mut().replace(engine);
        assert!(previous.is_none(), "a run inside a run");
    });
    Entered(())
}

impl Drop for Entered {
    fn drop(&mut self) {
        // The engine is dropped outside the borrow: what it owns may look here.
        let engine = CURRENT.with(|slot| slot.borrow_mut().take());
        drop(engine);
    }
}
