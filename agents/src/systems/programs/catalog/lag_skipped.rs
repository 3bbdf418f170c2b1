//! A broadcast to a slow subscriber. Modelled on mdk #577 and zeph #1579: the receiver's
//! `Lagged` was answered by `continue`.

use super::parts::{About, Outcome, Shared, Version, broadcast, join, promise, spawn, yield_now};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "lag-skipped",
    idea: "A subscriber that has fallen behind goes on without what it missed.",
    promise: "every-event-arrives",
};

/// Runs with a broadcast that keeps `size` events, of which it gets two more.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let events = size + 2;
    let log = Shared::new(Vec::new());
    let (sender, mut receiver) = broadcast::channel(size as usize);
    let written = log.clone();
    let publisher = spawn(async move {
        for event in 0..events {
            written.update(|log| log.push(event)).await;
            // The subscriber may have gone.
            let _ = sender.send(event);
            yield_now().await;
        }
    });
    let subscriber = spawn(async move {
        let mut seen: Vec<u32> = Vec::new();
        loop {
            match receiver.recv().await {
                Ok(event) => seen.push(event),
                Err(broadcast::error::RecvError::Lagged(missed)) => match version {
                    Version::Healthy => {
                        let log = log.get().await;
                        let missed = log.iter().skip(seen.len()).take(missed as usize);
                        seen.extend(missed);
                    }
                    Version::Defective => {}
                },
                Err(broadcast::error::RecvError::Closed) => return seen.len(),
            }
        }
    });
    join([publisher]).await;
    let seen = join([subscriber]).await[0];
    promise(seen == events as usize, || {
        format!("{seen} of {events} events arrived")
    })
}
