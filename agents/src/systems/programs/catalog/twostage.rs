//! Two values: writers set a value and then a second one that follows from it, and a reader
//! compares the two. Modelled on `twostage_N` of SCTBench.

use std::sync::Arc;

use super::parts::{About, Mutex, Outcome, Version, join, promise, spawn};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "twostage",
    idea: "The lock of a value is released before the value that follows from it is set.",
    promise: "values-agree",
};

/// Runs with `size` tasks, one of which is the reader.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let first = Arc::new(Mutex::new(0));
    let second = Arc::new(Mutex::new(0));
    let mut writers = Vec::new();
    for _ in 1..size {
        let (first, second) = (Arc::clone(&first), Arc::clone(&second));
        writers.push(spawn(async move {
            let mut held = first.lock().await;
            *held = 1;
            let value = *held;
            // The defective version releases the first lock here.
            let _held = Some(held).filter(|_| version == Version::Healthy);
            *second.lock().await = value + 1;
        }));
    }
    let reader = spawn(async move {
        let held = first.lock().await;
        let value = *held;
        drop(held);
        value == 0 || *second.lock().await == value + 1
    });
    join(writers).await;
    let agree = join([reader]).await;
    promise(agree == [true], || {
        "the second value does not follow from the first".to_owned()
    })
}
