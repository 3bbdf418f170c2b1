//! A total that two tasks add to. Modelled on crewAI #6125, in which fifty concurrent updates
//! of one entry left a single one.

use super::parts::{About, Outcome, Shared, Version, join, promise, spawn, work};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "stale-total",
    idea: "A total is read in one operation and written back in another.",
    promise: "every-addition-counts",
};

/// Runs with two tasks; the second does `size` operations before it adds.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let total = Shared::new(0);
    let add = |total: Shared<u32>, preparation| async move {
        work(preparation).await;
        match version {
            Version::Healthy => total.update(|total| *total += 1).await,
            Version::Defective => {
                let read = total.get().await;
                total.set(read + 1).await;
            }
        }
    };
    let tasks = [
        spawn(add(total.clone(), 0)),
        spawn(add(total.clone(), size)),
    ];
    join(tasks).await;
    let sum = total.get().await;
    promise(sum == 2, || format!("two additions of 1 make {sum}"))
}
