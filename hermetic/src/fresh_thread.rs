//! A thread that has drawn nothing yet.

use std::panic;
use std::thread;

/// Calls `f` on a thread of its own and waits for what it returns. A panic in `f`
/// goes on in the caller.
///
/// # Panics
///
/// If the system gives no thread.
pub fn call_on_fresh_thread<R: Send>(f: impl FnOnce() -> R + Send) -> R {
    // The name is what a panic's message starts with: that of the test, not of a helper.
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
