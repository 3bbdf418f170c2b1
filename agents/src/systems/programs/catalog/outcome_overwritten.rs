//! A run that ends while it is cancelled. Modelled on a2a-python #279 and a2a-rs #126.

use super::parts::{About, Outcome, Shared, Version, join, promise, spawn, work};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "outcome-overwritten",
    idea: "A cancellation sees that the run goes on, and writes its outcome over a later one.",
    promise: "one-outcome",
};

/// The outcomes of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    Completed,
    Cancelled,
}

async fn end(state: &Shared<Option<End>>, end: End, version: Version) -> bool {
    match version {
        Version::Healthy => {
            let first = |state: &mut Option<End>| *state.get_or_insert(end) == end;
            state.update(first).await
        }
        Version::Defective => {
            let goes_on = state.get().await.is_none();
            if goes_on {
                state.set(Some(end)).await;
            }
            goes_on
        }
    }
}

/// Runs with work of `size` operations.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let state = Shared::new(None);
    let (cancelled, completed) = (state.clone(), state.clone());
    let cancel = spawn(async move { end(&cancelled, End::Cancelled, version).await });
    let complete = spawn(async move {
        work(size).await;
        end(&completed, End::Completed, version).await
    });
    let ends = join([cancel, complete]).await;
    promise(ends != [true, true], || {
        "the run was completed and cancelled".to_owned()
    })
}
