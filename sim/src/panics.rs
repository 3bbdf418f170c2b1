//! Panics inside a run: caught, kept with their place, and not printed.
//!
//! A panic's text as the standard hook prints it carries an OS thread id, and a
//! run that is expected to fail would flood the terminal.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    static CAUGHT: RefCell<Capture> = const { RefCell::new(Capture { armed: 0, location: None }) };
}

struct Capture {
    armed: u32,
    location: Option<String>,
}

/// A caught panic.
pub(crate) struct Caught {
    pub(crate) message: String,
    pub(crate) location: String,
    pub(crate) payload: Box<dyn Any + Send>,
}

/// Calls `f`; a panic in it is caught and not printed.
pub(crate) fn catch<R>(f: impl FnOnce() -> R) -> Result<R, Caught> {
    install_hook();
    CAUGHT.with(|capture| capture.borrow_mut().armed += 1);
    let result = panic::catch_unwind(AssertUnwindSafe(f));
    let location = CAUGHT.with(|capture| {
        let mut capture = capture.borrow_mut();
        capture.armed -= 1;
        capture.location.take()
    });
    result.map_err(|payload| Caught {
        message: message(payload.as_ref()),
        location: location.unwrap_or_else(|| "an unknown place".to_owned()),
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
fn install_hook() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let mine = CAUGHT
                .try_with(|capture| {
                    capture.try_borrow_mut().is_ok_and(|mut capture| {
                        if capture.armed > 0 {
                            capture.location = info.location().map(ToString::to_string);
                        }
                        capture.armed > 0
                    })
                })
                .unwrap_or(false);
            if !mine {
                previous(info);
            }
        }));
    });
}
