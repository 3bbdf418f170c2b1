//! Panics inside a run: caught, kept with their place, and not printed.
//!
//! A panic's text as the standard hook prints it carries an OS thread id, and a
//! run that is expected to fail would flood the terminal.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    /// How many [`Armed`] there are on this thread.
    static ARMED: Cell<u32> = const { Cell::new(0) };
    /// Where the last panic was while armed.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// While it lives, panics on this thread are not printed, and [`catch`] knows
/// their place.
pub(crate) struct Armed(());

/// Once a run: cheaper than once a poll.
pub(crate) fn arm() -> Armed {
    install_hook();
    ARMED.set(ARMED.get() + 1);
    Armed(())
}

impl Drop for Armed {
    fn drop(&mut self) {
        ARMED.set(ARMED.get().saturating_sub(1));
    }
}

/// A caught panic.
pub(crate) struct Caught {
    pub(crate) message: String,
    pub(crate) location: String,
    pub(crate) payload: Box<dyn Any + Send>,
}

/// Calls `f`; a panic in it is caught.
pub(crate) fn catch<R>(f: impl FnOnce() -> R) -> Result<R, Caught> {
    panic::catch_unwind(AssertUnwindSafe(f)).map_err(|payload| Caught {
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

/// Once a process: a hook that keeps the place of a panic while armed, and
/// leaves every other panic to the hook that was there before.
fn install_hook() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let mine = ARMED.try_with(|armed| armed.get() > 0).unwrap_or(false);
            if mine {
                let place = info.location().map(ToString::to_string);
                let _ = PLACE.try_with(|slot| slot.replace(place));
            }
            if !mine {
                previous(info);
            }
        }));
    });
}
