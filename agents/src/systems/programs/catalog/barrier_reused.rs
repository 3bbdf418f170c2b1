//! A barrier that tasks pass in two rounds: the last to arrive sets its count back.

use std::sync::Arc;

use super::parts::{About, Notify, Outcome, Shared, Version, join, promise, spawn, yield_now};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "barrier-reused",
    idea: "A barrier waits for its count to be zero, which the next round raises again.",
    promise: "every-task-passes",
};

/// The tasks.
const TASKS: u32 = 2;

/// The tasks that have arrived in this round, and the rounds that are over.
#[derive(Clone, Copy, Default)]
struct Barrier {
    arrived: u32,
    rounds: u32,
}

impl Barrier {
    /// Counts a task, and returns the round that it is in.
    fn arrive(&mut self) -> u32 {
        let round = self.rounds;
        self.arrived += 1;
        if self.arrived == TASKS {
            self.arrived = 0;
            self.rounds += 1;
        }
        round
    }
}

/// Passes the barrier.
async fn pass(barrier: &Shared<Barrier>, changed: &Notify, version: Version) {
    let round = barrier.update(Barrier::arrive).await;
    changed.notify_waiters();
    loop {
        let change = changed.notified();
        let seen = barrier.get().await;
        let is_over = match version {
            Version::Healthy => seen.rounds > round,
            Version::Defective => seen.arrived == 0,
        };
        if is_over {
            return;
        }
        change.await;
    }
}

/// Runs with two tasks, which pause `size` times between the rounds.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let barrier = Shared::new(Barrier::default());
    let changed = Arc::new(Notify::new());
    let mut tasks = Vec::new();
    for _ in 0..TASKS {
        let (barrier, changed) = (barrier.clone(), Arc::clone(&changed));
        tasks.push(spawn(async move {
            pass(&barrier, &changed, version).await;
            for _ in 0..size {
                yield_now().await;
            }
            pass(&barrier, &changed, version).await;
        }));
    }
    join(tasks).await;
    promise(true, String::new)
}
