//! A circle of tasks, each of which needs the locks on both of its sides. Modelled on
//! `deadlock01` of SCTBench and on the dining philosophers.

use std::sync::Arc;

use super::parts::{About, Mutex, Outcome, Version, join, promise, spawn};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "lock-circle",
    idea: "Each task takes the lock on its left first, so that all can wait for the right one.",
    promise: "every-task-ends",
};

/// Runs with `size` tasks and as many locks.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let size = size as usize;
    let locks: Vec<_> = (0..size).map(|_| Arc::new(Mutex::new(0))).collect();
    let mut tasks = Vec::new();
    for place in 0..size {
        let (left, right) = (place, (place + 1) % size);
        let (first, second) = match version {
            Version::Healthy => (left.min(right), left.max(right)),
            Version::Defective => (left, right),
        };
        let (first, second) = (Arc::clone(&locks[first]), Arc::clone(&locks[second]));
        tasks.push(spawn(async move {
            let mut first = first.lock().await;
            if size > 1 {
                *second.lock().await += 1;
            }
            *first += 1;
        }));
    }
    let ended = join(tasks).await.len();
    promise(ended == size, || format!("{ended} tasks ended"))
}
