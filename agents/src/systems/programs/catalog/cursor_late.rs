//! A client that takes a snapshot and then follows the log. Modelled on block/buzz #4752 and
//! a2a-python #832: what comes between snapshot and cursor is lost.

use super::parts::{About, Outcome, Shared, Version, join, promise, spawn, work};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "cursor-late",
    idea: "The cursor is taken after the snapshot, so that the events in between are in neither.",
    promise: "every-event-is-seen",
};

/// Runs a writer that does `size` operations before it appends.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let log = Shared::new(vec![1]);
    let (read, appended) = (log.clone(), log.clone());
    let client = spawn(async move {
        let snapshot = read.get().await;
        let cursor = match version {
            Version::Healthy => snapshot.len(),
            Version::Defective => read.get().await.len(),
        };
        (snapshot, cursor)
    });
    let writer = spawn(async move {
        work(size).await;
        appended.update(|log| log.push(2)).await;
    });
    join([writer]).await;
    let (mut seen, cursor) = join([client]).await.remove(0);
    let log = log.get().await;
    seen.extend(&log[cursor..]);
    promise(seen == log, || {
        format!("the log is {log:?}, the client saw {seen:?}")
    })
}
