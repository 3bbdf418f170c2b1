//! An entry of a directory that is replaced. Modelled on Octop #799: it was removed and then
//! created anew, and was absent in between.

use super::parts::{About, Outcome, Shared, Version, join, promise, spawn, work};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "replaced-apart",
    idea: "An entry is removed in one operation and created anew in another.",
    promise: "entry-is-always-found",
};

/// Runs a reader that does `size` operations before it looks the entry up.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let entry = Shared::new(Some(1));
    let replaced = entry.clone();
    let renewal = spawn(async move {
        if version == Version::Defective {
            replaced.set(None).await;
        }
        replaced.set(Some(2)).await;
    });
    let reader = spawn(async move {
        work(size).await;
        entry.get().await
    });
    join([renewal]).await;
    let found = join([reader]).await[0];
    promise(found.is_some(), || "the reader found no entry".to_owned())
}
