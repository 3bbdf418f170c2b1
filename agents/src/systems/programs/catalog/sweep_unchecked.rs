//! A sweep of expired entries while one of them is renewed.

use super::parts::{About, Outcome, Shared, Version, join, promise, spawn, work};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "sweep-unchecked",
    idea: "A sweep lists expired entries, and removes them without another look.",
    promise: "renewed-entries-stay",
};

/// The number of entries.
const ENTRIES: usize = 3;

/// Runs a renewal that takes `size` operations, of the last entry of the sweep.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let expired: Vec<_> = (0..ENTRIES).map(|_| Shared::new(Some(false))).collect();
    let entries = expired.clone();
    let sweep = spawn(async move {
        let mut listed = Vec::new();
        for entry in &expired {
            if entry.get().await == Some(false) {
                listed.push(entry);
            }
        }
        for entry in listed {
            let remove = |fresh: &mut Option<bool>| match version {
                Version::Healthy => *fresh = fresh.filter(|fresh| *fresh),
                Version::Defective => *fresh = None,
            };
            entry.update(remove).await;
        }
    });
    let last = entries[ENTRIES - 1].clone();
    let renewal = spawn(async move {
        work(size).await;
        let renew = |fresh: &mut Option<bool>| {
            let exists = fresh.is_some();
            *fresh = exists.then_some(true);
            exists
        };
        last.update(renew).await
    });
    join([sweep]).await;
    let is_renewed = join([renewal]).await == [true];
    let is_left = entries[ENTRIES - 1].get().await.is_some();
    promise(is_renewed == is_left, || {
        "a renewed entry was removed".to_owned()
    })
}
