//! Events that are numbered by their senders. Modelled on agent-framework #5320.

use super::parts::{About, Outcome, Shared, Version, join, promise, spawn, work};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "numbered-apart",
    idea: "An event gets its number in one operation and its place in the log in another.",
    promise: "numbers-follow-the-log",
};

/// The next number, and the log.
#[derive(Clone, Default)]
struct Log {
    next: u32,
    events: Vec<u32>,
}

impl Log {
    fn number(&mut self) -> u32 {
        self.next += 1;
        self.next
    }
}

async fn send(log: Shared<Log>, preparation: u32, version: Version) {
    work(preparation).await;
    match version {
        Version::Healthy => {
            let both = |log: &mut Log| {
                let number = log.number();
                log.events.push(number);
            };
            log.update(both).await;
        }
        Version::Defective => {
            let number = log.update(Log::number).await;
            log.update(|log| log.events.push(number)).await;
        }
    }
}

/// Runs with two senders, the second of which does `size` operations first.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let log = Shared::new(Log::default());
    let senders = [
        spawn(send(log.clone(), 0, version)),
        spawn(send(log.clone(), size, version)),
    ];
    join(senders).await;
    let events = log.get().await.events;
    promise(events.is_sorted(), || format!("the log is {events:?}"))
}
