//! A bus with a fixed number of slots. Modelled on mofa #430: what did not fit was dropped,
//! and not reported.

use super::parts::{About, Outcome, Version, join, mpsc, promise, spawn, yield_now};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "full-bus",
    idea: "An event for which a bus has no slot is dropped, and its sender is not told.",
    promise: "every-event-arrives",
};

/// Runs with a bus of `size` slots that gets two events more.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let events = size + 2;
    let (sender, mut receiver) = mpsc::channel(size as usize);
    let publisher = spawn(async move {
        for event in 0..events {
            match version {
                Version::Healthy => sender.send(event).await.expect("the reader waits"),
                // An event without a slot is lost here.
                Version::Defective => drop(sender.try_send(event)),
            }
            yield_now().await;
        }
    });
    let reader = spawn(async move {
        let mut seen = 0;
        while receiver.recv().await.is_some() {
            seen += 1;
        }
        seen
    });
    join([publisher]).await;
    let seen = join([reader]).await[0];
    promise(seen == events, || {
        format!("{seen} of {events} events arrived")
    })
}
