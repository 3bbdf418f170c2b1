//! Reorder: writers set two halves of a value, and a reader compares them. Modelled on
//! `reorder_N` of SCTBench. The more writers there are, the sooner the first of them has set
//! its second half, and the shorter is the time in which the halves differ.

use std::sync::Arc;

use super::parts::{About, Mutex, Outcome, Shared, Version, join, promise, spawn};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "reorder",
    idea: "The two halves of a value are written one after the other, without its lock.",
    promise: "halves-agree",
};

/// Runs with `size` tasks, one of which is the reader.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let lock = Arc::new(Mutex::new(()));
    let (left, right) = (Shared::new(0), Shared::new(0));
    let mut writers = Vec::new();
    for _ in 1..size {
        let (lock, left, right) = (Arc::clone(&lock), left.clone(), right.clone());
        writers.push(spawn(async move {
            let _held = match version {
                Version::Healthy => Some(lock.lock().await),
                Version::Defective => None,
            };
            left.set(1).await;
            right.set(-1).await;
        }));
    }
    let reader = spawn(async move {
        let _held = match version {
            Version::Healthy => Some(lock.lock().await),
            Version::Defective => None,
        };
        let before = left.get().await == 0 && right.get().await == 0;
        before || (left.get().await == 1 && right.get().await == -1)
    });
    join(writers).await;
    let agree = join([reader]).await;
    promise(agree == [true], || "the reader saw one half".to_owned())
}
