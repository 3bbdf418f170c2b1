//! A pair of values, a writer and a reader, each of which holds a lock. Modelled on
//! `wronglock` of SCTBench.

use std::sync::Arc;

use super::parts::{About, Mutex, Outcome, Shared, Version, join, promise, spawn, work};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "wrong-lock",
    idea: "The reader of a pair takes another lock than its writer.",
    promise: "pair-is-whole",
};

/// Runs a writer that does `size` operations before it writes.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let right = Arc::new(Mutex::new(()));
    let wrong = Arc::new(Mutex::new(()));
    let pair = (Shared::new(0), Shared::new(0));
    let writer = {
        let (lock, pair) = (Arc::clone(&right), pair.clone());
        spawn(async move {
            work(size).await;
            let _held = lock.lock().await;
            pair.0.set(1).await;
            pair.1.set(1).await;
        })
    };
    let reader = spawn(async move {
        let lock = match version {
            Version::Healthy => right,
            Version::Defective => wrong,
        };
        let _held = lock.lock().await;
        (pair.0.get().await, pair.1.get().await)
    });
    join([writer]).await;
    let seen = join([reader]).await[0];
    promise(seen.0 == seen.1, || format!("the reader saw {seen:?}"))
}
