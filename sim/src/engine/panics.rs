//! Panics inside a run: caught, kept with their place, and not printed.
//!
//! A panic's text as the standard hook prints it carries an OS thread id, and a
//! run that is expected to fail would flood the terminal.
//!
//! A panic in a task of plain tokio never gets here by unwinding: tokio catches it and keeps it
//! in a `JoinHandle` that may never be joined. The hook runs all the same and keeps it as a
//! [`PlainTaskPanic`]. A library may catch it itself, as actors do; if it does not, tokio ends
//! its runtime, and there is no other sign ([`REPORTS_UNCAUGHT`]).

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
use std::thread;

use crate::engine::context;

thread_local! {
    /// Number of calls of [`catch`] that this thread is in.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// The place of the last panic that was not printed.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
    /// The last panic between two polls of the engine.
    static PLAIN_TASK_PANIC: RefCell<Option<PlainTaskPanic>> = const { RefCell::new(None) };
}

/// A panic in a task of plain tokio.
pub(crate) struct PlainTaskPanic {
    pub(crate) message: String,
    pub(crate) location: String,
}

/// `true` if tokio reports panics that were not caught. Where it does not, every panic in a
/// plain task counts.
pub(crate) const REPORTS_UNCAUGHT: bool = cfg!(tokio_unstable);

/// The message with which tokio panics when it ends its runtime for a task that panicked.
const TOKIO_SHUTDOWN: &str = "a spawned task panicked and the runtime is configured";

pub(super) const UNKNOWN: &str = "an unknown place";

/// A caught panic.
pub(crate) struct Caught {
    pub(crate) message: String,
    pub(crate) location: String,
    pub(crate) payload: Box<dyn Any + Send>,
}

/// Calls `f` and catches its panic, which is not printed after [`install_hook`].
#[inline]
pub(crate) fn catch<R>(f: impl FnOnce() -> R) -> Result<R, Caught> {
    set_depth(depth() + 1);
    let result = panic::catch_unwind(AssertUnwindSafe(f));
    set_depth(depth() - 1);
    match result {
        // What unwinds is no panic but the end of a suspended task, and goes on.
        Err(payload) if rehearsal_hermetic::is_unwinding() && !thread::panicking() => {
            panic::resume_unwind(payload)
        }
        result => result.map_err(Caught::new),
    }
}

/// Returns the number of calls of [`catch`] that this thread's current stack is in.
#[inline]
pub(super) fn depth() -> u32 {
    DEPTH.try_with(Cell::get).expect(NEVER_DESTROYED)
}

/// Sets that number when the thread goes to another stack.
#[inline]
pub(super) fn set_depth(depth: u32) {
    let set = DEPTH.try_with(|slot| slot.set(depth));
    set.expect(NEVER_DESTROYED);
}

const NEVER_DESTROYED: &str = "a number has no destructor";

impl Caught {
    #[cold]
    fn new(payload: Box<dyn Any + Send>) -> Self {
        Self {
            message: message(payload.as_ref()),
            location: PLACE.take().unwrap_or_else(|| UNKNOWN.to_owned()),
            payload,
        }
    }
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

/// Installs, once a process, a hook that keeps the place of a panic inside [`catch`] or in a
/// task of plain tokio, and passes every other to the previous hook.
pub(crate) fn install_hook() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let place = info.location().map(ToString::to_string);
            if DEPTH.try_with(Cell::get).is_ok_and(|depth| depth > 0) {
                let _ = PLACE.try_with(|slot| slot.replace(place));
            } else if is_in_plain_task() {
                keep_plain_task_panic(info.payload(), place);
            } else {
                previous(info);
            }
        }));
    });
}

/// Returns `true` if the thread is in a run and the engine sleeps: only tokio's tasks run then.
fn is_in_plain_task() -> bool {
    context::with(|engine| engine.wakes.is_asleep()) == Some(true)
}

fn keep_plain_task_panic(payload: &(dyn Any + Send), place: Option<String>) {
    let message = message(payload);
    if message.starts_with(TOKIO_SHUTDOWN) {
        return; // because of the one before
    }
    // The last is the one that was not caught: after it tokio polls no other task.
    let _ = PLAIN_TASK_PANIC.try_with(|slot| {
        slot.replace(Some(PlainTaskPanic {
            message,
            location: place.unwrap_or_else(|| UNKNOWN.to_owned()),
        }))
    });
    context::with(|engine| engine.wakes.wake_driver());
}

/// Takes the last panic in a task of plain tokio since the last call.
pub(crate) fn take_plain_task_panic() -> Option<PlainTaskPanic> {
    PLAIN_TASK_PANIC.take()
}
