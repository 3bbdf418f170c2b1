//! A flush that waits until every handler has ended. Modelled on crewAI #6745: a handler that
//! has taken its event and is not yet counted is not waited for.

use std::sync::Arc;

use super::parts::{About, Notify, Outcome, Shared, Version, join, promise, spawn, work};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "flush-early",
    idea: "An event is taken from the queue in one operation and counted as handled in another.",
    promise: "flush-waits-for-handlers",
};

/// Events that wait, those that are being handled, and those that were.
#[derive(Clone, Copy, Default)]
struct Bus {
    queued: u32,
    pending: u32,
    handled: u32,
}

/// Runs a flush that does `size` operations before it looks.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let bus = Shared::new(Bus {
        queued: 1,
        ..Bus::default()
    });
    let changed = Arc::new(Notify::new());
    let (of_handler, ended) = (bus.clone(), Arc::clone(&changed));
    let handler = spawn(async move {
        match version {
            Version::Healthy => {
                let take = |bus: &mut Bus| {
                    bus.queued -= 1;
                    bus.pending += 1;
                };
                of_handler.update(take).await;
            }
            Version::Defective => {
                of_handler.update(|bus| bus.queued -= 1).await;
                of_handler.update(|bus| bus.pending += 1).await;
            }
        }
        let end = |bus: &mut Bus| {
            bus.pending -= 1;
            bus.handled += 1;
        };
        of_handler.update(end).await;
        ended.notify_one();
    });
    let flush = spawn(async move {
        work(size).await;
        loop {
            let bus = bus.get().await;
            if bus.queued == 0 && bus.pending == 0 {
                return bus.handled;
            }
            changed.notified().await;
        }
    });
    join([handler]).await;
    let handled = join([flush]).await[0];
    promise(handled == 1, || {
        "the flush ended before the handler".to_owned()
    })
}
