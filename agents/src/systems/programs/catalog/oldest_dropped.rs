//! A queue that drops its oldest entry when it is full. Modelled on hal0 #793: the reader got
//! no sign of the gap.

use std::sync::Arc;

use super::parts::{About, Notify, Outcome, Shared, Version, join, promise, spawn, yield_now};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "oldest-dropped",
    idea: "A full queue drops its oldest entry without a gap marker.",
    promise: "gaps-are-marked",
};

/// Entries of a queue, and the number of those that were dropped since the last look.
#[derive(Clone, Default)]
struct Queue {
    entries: Vec<u32>,
    dropped: u32,
}

/// Runs with a queue of `size` entries that gets two more.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let events = size + 2;
    let queue = Shared::new(Queue::default());
    let done = Shared::new(false);
    let changed = Arc::new(Notify::new());
    let signal = Arc::clone(&changed);
    let (filled, ended) = (queue.clone(), done.clone());
    let writer = spawn(async move {
        for event in 0..events {
            let push = |queue: &mut Queue| {
                queue.entries.push(event);
                if queue.entries.len() > size as usize {
                    queue.entries.remove(0);
                    if version == Version::Healthy {
                        queue.dropped += 1;
                    }
                }
            };
            filled.update(push).await;
            signal.notify_one();
            yield_now().await;
        }
        ended.set(true).await;
        signal.notify_one();
    });
    let reader = spawn(async move {
        let (mut seen, mut marked) = (0, 0);
        loop {
            changed.notified().await;
            let last = done.get().await;
            let taken = queue.update(std::mem::take).await;
            seen += taken.entries.len();
            marked += taken.dropped;
            if last {
                return (seen, marked);
            }
        }
    });
    join([writer]).await;
    let (seen, marked) = join([reader]).await[0];
    promise(seen + marked as usize == events as usize, || {
        format!("{seen} of {events} entries arrived, and gaps of {marked} are marked")
    })
}
