//! A user that reconnects while the old connection is cleaned up. Modelled on
//! BESSER-Agentic-Framework #188.

use super::parts::{About, Outcome, Shared, Version, join, promise, spawn, work};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "removed-anew",
    idea: "A clean-up checks that a connection is its own, and removes it in a second operation.",
    promise: "new-connection-stays",
};

/// Runs a reconnect that takes `size` operations.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let connection = Shared::new(Some(1));
    let (cleaned, renewed) = (connection.clone(), connection.clone());
    let clean_up = spawn(async move {
        match version {
            Version::Healthy => {
                let remove = |connection: &mut Option<u32>| connection.take_if(|one| *one == 1);
                cleaned.update(remove).await;
            }
            Version::Defective => {
                if cleaned.get().await == Some(1) {
                    cleaned.set(None).await;
                }
            }
        }
    });
    let reconnect = spawn(async move {
        work(size).await;
        renewed.set(Some(2)).await;
    });
    join([clean_up, reconnect]).await;
    let left = connection.get().await;
    promise(left == Some(2), || {
        "the new connection was removed".to_owned()
    })
}
