//! The clock.

use ::tokio::time as real;
use ::tokio::time::Duration;

use super::sleep;
use crate::engine::context;

/// Stops the clock; as `tokio::time::pause`. Without effect in a run.
///
/// # Panics
///
/// Outside a run as tokio does.
#[track_caller]
pub fn pause() {
    if !context::is_in_run() {
        real::pause();
    }
}

/// Lets the clock go on; as `tokio::time::resume`. Without effect in a run.
///
/// # Panics
///
/// Outside a run as tokio does.
#[track_caller]
pub fn resume() {
    if !context::is_in_run() {
        real::resume();
    }
}

/// Moves the clock; as `tokio::time::advance`. In a run it waits as long.
///
/// # Panics
///
/// Outside a run as tokio does.
pub async fn advance(duration: Duration) {
    if context::is_in_run() {
        sleep(duration).await;
    } else {
        real::advance(duration).await;
    }
}
