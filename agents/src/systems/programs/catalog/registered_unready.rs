//! A service that a client looks up while it starts. Modelled on autogen #5514 and
//! openai-agents-python #2731.

use super::parts::{About, Outcome, Shared, Version, join, promise, spawn, work};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "registered-unready",
    idea: "A service is registered before its state is set.",
    promise: "registered-services-are-ready",
};

/// Runs a client that does `size` operations before it looks the service up.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let (registered, state) = (Shared::new(false), Shared::new(None));
    let (of_service, set) = (registered.clone(), state.clone());
    let service = spawn(async move {
        match version {
            Version::Healthy => {
                set.set(Some(7)).await;
                of_service.set(true).await;
            }
            Version::Defective => {
                of_service.set(true).await;
                set.set(Some(7)).await;
            }
        }
    });
    let client = spawn(async move {
        work(size).await;
        !registered.get().await || state.get().await.is_some()
    });
    join([service]).await;
    let is_ready = join([client]).await == [true];
    promise(is_ready, || {
        "the service was found without its state".to_owned()
    })
}
