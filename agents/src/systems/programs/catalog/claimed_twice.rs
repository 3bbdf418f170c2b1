//! A task that two workers claim. Modelled on AgenC #25 and openai-agents-python #2725.

use super::parts::{About, Outcome, Shared, Version, join, promise, spawn, work};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "claimed-twice",
    idea: "A claim is checked in one operation and entered in another.",
    promise: "one-owner",
};

async fn claim(
    owner: Shared<Option<u32>>,
    worker: u32,
    preparation: u32,
    version: Version,
) -> bool {
    work(preparation).await;
    match version {
        Version::Healthy => {
            let claim = |owner: &mut Option<u32>| *owner.get_or_insert(worker) == worker;
            owner.update(claim).await
        }
        Version::Defective => {
            let is_free = owner.get().await.is_none();
            if is_free {
                owner.set(Some(worker)).await;
            }
            is_free
        }
    }
}

/// Runs with two workers, the second of which does `size` operations first.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let owner = Shared::new(None);
    let workers = [
        spawn(claim(owner.clone(), 1, 0, version)),
        spawn(claim(owner.clone(), 2, size, version)),
    ];
    let claimed = join(workers).await;
    promise(claimed != [true, true], || {
        "two workers own the task".to_owned()
    })
}
