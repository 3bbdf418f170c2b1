//! A worker that is cancelled while it holds a permit. Modelled on a2a-python #1079: what was
//! taken is given back on the last line only.

use std::sync::Arc;

use super::parts::{About, Outcome, Semaphore, Version, join, promise, spawn, work};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "permit-lost",
    idea: "A permit is given back on the last line, which a cancelled worker never reaches.",
    promise: "permits-come-back",
};

/// Runs a worker that does `size` operations before it takes a permit.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let permits = Arc::new(Semaphore::new(1));
    let of_worker = Arc::clone(&permits);
    let worker = spawn(async move {
        work(size).await;
        let permit = of_worker.acquire().await.expect("it is open");
        match version {
            Version::Healthy => {
                work(1).await;
                drop(permit);
            }
            Version::Defective => {
                permit.forget();
                work(1).await;
                of_worker.add_permits(1);
            }
        }
    });
    let cancel = spawn(async move {
        work(1).await;
        worker.abort();
        // It has ended, or was cancelled.
        let _ = worker.await;
    });
    join([cancel]).await;
    let left = permits.available_permits();
    promise(left == 1, || format!("{left} of 1 permits are left"))
}
