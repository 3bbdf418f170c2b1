//! A ring of tasks that hand on a token. Modelled on `token_ring` of SCTBench: entries are in
//! the order of the token only if each task writes before it hands the token on.

use super::parts::{About, Outcome, Shared, Version, join, oneshot, promise, spawn, work};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "token-early",
    idea: "A task hands the token on before it has written its entry.",
    promise: "entries-follow-the-token",
};

/// Runs with three tasks, which do `size` operations before they write.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let entries = Shared::new(Vec::new());
    let (first, mut token) = oneshot::channel();
    let mut tasks = Vec::new();
    for place in 0..3_u32 {
        let (sender, receiver) = oneshot::channel();
        let (mine, entries) = (std::mem::replace(&mut token, receiver), entries.clone());
        tasks.push(spawn(async move {
            mine.await.expect("the token comes");
            let prepared = if place == 0 { 0 } else { size };
            work(prepared).await;
            let write = entries.update(|entries| entries.push(place));
            match version {
                Version::Healthy => {
                    write.await;
                    // The last one hands it to no task.
                    let _ = sender.send(());
                }
                Version::Defective => {
                    let _ = sender.send(());
                    write.await;
                }
            }
        }));
    }
    drop(token);
    first.send(()).expect("the first task waits");
    join(tasks).await;
    let entries = entries.get().await;
    promise(entries == [0, 1, 2], || {
        format!("the entries are {entries:?}")
    })
}
