//! Timers, as in `tokio::time`.
//!
//! Inside a run time is virtual: it stands still while a task can run, and then jumps to the
//! next timer. The simulator records a pending timer as a wait of its task. [`sleep`] is a
//! scheduling point only if it is over at once, and [`timeout`] only if its time is.
//!
//! Inside a run the clock is the simulator's: [`pause`] and [`resume`] have no effect there, and
//! [`advance`] is a [`sleep`].

mod clock;
mod interval;
mod sleep;
mod timeout;
mod timer;

pub use ::tokio::time::{Duration, Instant, MissedTickBehavior, error};
pub use clock::{advance, pause, resume};
pub use interval::{Interval, interval, interval_at};
pub use sleep::{Sleep, sleep, sleep_until};
pub use timeout::{Timeout, timeout, timeout_at};

/// Returns the delay, or some 30 years if it is longer, as tokio does: no sum of such a delay
/// and an instant is out of range.
fn safe_delay(delay: Duration) -> Duration {
    delay.min(Duration::from_secs(30 * 365 * 86_400))
}
