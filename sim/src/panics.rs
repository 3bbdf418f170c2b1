//! Panics inside a run: caught, kept with their place, and not printed.
//!
//! A panic's text as the standard hook prints it carries an OS thread id, and a
//! run that is expected to fail would flood the terminal.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    /// How many calls of [`catch`] this thread is in.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// Where the last panic was that was not printed.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// A caught panic.
pub(crate) struct Caught {
    pub(crate) message: String,
    pub(crate) location: String,
    pub(crate) payload: Box<dyn Any + Send>,
}

/// Calls `f`; a panic in it is caught and, after [`install_hook`], not printed.
pub(crate) fn catch<R>(f: impl FnOnce() -> R) -> Result<R, Caught> {
    DEPTH.set(DEPTH.get() + 1);
    let result = panic::catch_unwind(AssertUnwindSafe(f));
    DEPTH.set(DEPTH.get() - 1);
    result.map_err(|payload| Caught {
        message: message(payload.as_ref()),
        location: PLACE
            .take()
            .unwrap_or_else(|| "an unknown place".to_owned()),
        payload,
    })
}

fn message(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a panic whose payload is no text".to_owned()
    }
}

/// Once a process: a hook that keeps the place of a panic inside [`catch`] and
/// leaves every other panic to the hook that was there before.
pub(crate) fn install_hook() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if DEPTH.try_with(Cell::get).is_ok_and(|depth| depth > 0) {
                let place = info.location().map(ToString::to_string);
                let _ = PLACE.try_with(|slot| slot.replace(place));
            } else {
                previous(info);
            }
        }));
    });
}
