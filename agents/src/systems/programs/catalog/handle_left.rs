//! A directory of tasks: the spawner enters each, and the task removes itself when it ends.
//! Modelled on claude-code #86345.

use super::parts::{About, Outcome, Shared, Version, join, promise, spawn, work};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "handle-left",
    idea: "A task is entered into the directory after it was spawned, when it may have ended.",
    promise: "ended-tasks-are-removed",
};

/// Runs with a task of `size` operations.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let directory = Shared::new(Vec::new());
    let entered = directory.clone();
    let spawner = spawn(async move {
        let enter = entered.update(|tasks| tasks.push(1));
        let removed = entered.clone();
        let task = async move {
            work(size).await;
            removed
                .update(|tasks| tasks.retain(|task| *task != 1))
                .await;
        };
        match version {
            Version::Healthy => {
                enter.await;
                join([spawn(task)]).await;
            }
            Version::Defective => {
                let task = spawn(task);
                enter.await;
                join([task]).await;
            }
        }
    });
    join([spawner]).await;
    let left = directory.get().await;
    promise(left.is_empty(), || {
        format!("{left:?} is entered and has ended")
    })
}
