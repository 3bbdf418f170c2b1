//! A task in the background whose owner ends. Modelled on a2a-python #775: nothing holds the
//! task, and it ends before its work.

use super::parts::{About, Outcome, Shared, Version, join, promise, spawn, yield_now};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "task-dropped",
    idea: "The owner of a task in the background ends it when it ends itself.",
    promise: "background-work-is-done",
};

/// Runs an owner that pauses `size` times.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let done = Shared::new(false);
    let set = done.clone();
    let owner = spawn(async move {
        let task = spawn(async move { set.set(true).await });
        for _ in 0..size {
            yield_now().await;
        }
        if version == Version::Defective {
            task.abort();
        }
        // It has ended, or was aborted.
        let _ = task.await;
    });
    join([owner]).await;
    let done = done.get().await;
    promise(done, || "the task was ended before its work".to_owned())
}
