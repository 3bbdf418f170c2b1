//! A broadcast to a slow subscriber. Modelled on light-factory #17: the receiver's `Lagged`
//! was taken for the end of the stream.

use super::parts::{About, Outcome, Shared, Version, broadcast, join, promise, spawn, yield_now};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "lag-closes",
    idea: "A subscriber that has fallen behind takes that for the end of the stream.",
    promise: "last-event-arrives",
};

/// Runs with a broadcast that keeps `size` events, of which it gets two more.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let last = size + 1;
    let (sender, mut receiver) = broadcast::channel(size as usize);
    let published = Shared::new(0);
    let counted = published.clone();
    let publisher = spawn(async move {
        for event in 0..=last {
            counted.set(event).await;
            // The subscriber may have gone.
            let _ = sender.send(event);
            yield_now().await;
        }
    });
    let subscriber = spawn(async move {
        let mut seen = None;
        loop {
            match receiver.recv().await {
                Ok(event) => seen = Some(event),
                Err(broadcast::error::RecvError::Lagged(_)) if version == Version::Healthy => {}
                Err(_) => return seen,
            }
        }
    });
    join([publisher]).await;
    let (seen, published) = (join([subscriber]).await[0], published.get().await);
    promise(seen == Some(published), || {
        format!("the last event is {published}, the subscriber's is {seen:?}")
    })
}
