//! A thread that has drawn nothing yet.

use std::panic;
use std::thread;

/// Calls `f` on a thread of its own and returns its result. A panic in `f` continues in the
/// caller.
///
/// # Panics
///
/// If no thread can be started.
pub fn call_on_fresh_thread<R: Send>(f: impl FnOnce() -> R + Send) -> R {
    // A panic's message starts with the thread's name: it must be the test's.
    #[expect(
        clippy::disallowed_methods,
        reason = "the name goes to the thread alone"
    )]
    let name = thread::current().name().map(str::to_owned);
    let mut builder = thread::Builder::new();
    if let Some(name) = name {
        builder = builder.name(name);
    }
    let result = thread::scope(|scope| match builder.spawn_scoped(scope, f) {
        Ok(handle) => handle.join(),
        Err(error) => panic!("no fresh thread: {error}"),
    });
    result.unwrap_or_else(|payload| panic::resume_unwind(payload))
}
