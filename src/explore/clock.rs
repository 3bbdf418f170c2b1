//! The wall clock, for progress and time limits: nothing that a run does depends
//! on it.

use std::time::Instant;

/// Now, in real time.
#[expect(clippy::disallowed_methods, reason = "no run sees it")]
pub fn now() -> Instant {
    Instant::now()
}
