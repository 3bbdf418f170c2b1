//! The wall clock, for progress and time limits: nothing that a run does depends
//! on it.

use std::time::{Duration, Instant};

/// Now, in real time.
#[expect(clippy::disallowed_methods, reason = "no run sees it")]
pub fn now() -> Instant {
    Instant::now()
}

/// Says yes once so much real time has passed.
pub(crate) fn after(time: Duration) -> impl Fn() -> bool {
    let start = now();
    move || start.elapsed() >= time
}
