//! The limiter: at most so many model calls in any minute, first come, first served.
//!
//! The window slides: a call is allowed when the call that was so many before it is a minute
//! old. One that waits holds the lock, so that the others queue behind it; cancelled, it lets
//! go. There is no timer of its own that a shutdown would have to wait for.

use std::collections::VecDeque;
use std::time::Duration;

use rehearsal_sim::tokio::sync::Mutex;
use rehearsal_sim::tokio::time::{self, Instant};

use super::super::defects;
use crate::defect::Defect;

/// The length of the window.
pub(in super::super) const WINDOW: Duration = Duration::from_secs(60);

/// A limit on calls.
pub(super) struct Limiter {
    /// Calls in a window; none: no limit.
    limit: Option<usize>,
    /// The times of the last calls, no more than the limit, the oldest first.
    calls: Mutex<VecDeque<Instant>>,
    began: Instant,
    defect: Option<Defect>,
}

impl Limiter {
    /// A limit of so many calls in any minute; 0 is none.
    pub(super) fn new(limit: u32, defect: Option<Defect>) -> Self {
        let limit = usize::try_from(limit).expect("a limit fits into memory");
        Self {
            limit: (limit > 0).then_some(limit),
            calls: Mutex::new(VecDeque::new()),
            began: Instant::now(),
            defect,
        }
    }

    /// Waits until a call is allowed, and counts it.
    pub(super) async fn acquire(&self) {
        let Some(limit) = self.limit else {
            return;
        };
        let mut calls = self.calls.lock().await;
        while calls.len() >= limit {
            let Some(oldest) = calls.pop_front() else {
                break;
            };
            let free = self.free_after(oldest);
            if free > Instant::now() {
                // Cancelled here, the call that is waited for must not be forgotten.
                calls.push_front(oldest);
                time::sleep_until(free).await;
                calls.pop_front();
            }
        }
        calls.push_back(Instant::now());
    }

    /// Returns the time from which on a call does not count any more.
    fn free_after(&self, call: Instant) -> Instant {
        // Seeded: the calls of each minute of the clock are counted by themselves.
        if self.defect == Some(defects::LIMIT_BY_CLOCK_MINUTE) {
            let minutes = call.duration_since(self.began).as_secs() / WINDOW.as_secs() + 1;
            return self.began + WINDOW * u32::try_from(minutes).expect("fewer than 2^32 minutes");
        }
        call + WINDOW
    }
}
