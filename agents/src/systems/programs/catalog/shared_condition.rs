//! A buffer of one place with a condition for its readers and its writers. Modelled on
//! `boundedBuffer` of Inspect: a wake-up that is meant for a reader reaches a writer.

use std::sync::Arc;

use super::parts::{About, Mutex, Notify, Outcome, Version, join, promise, spawn};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "shared-condition",
    idea: "Readers and writers of a buffer wait for one condition, which wakes one of them.",
    promise: "every-task-ends",
};

/// A buffer with room for one item.
struct Buffer {
    items: Mutex<u32>,
    filled: Arc<Notify>,
    emptied: Arc<Notify>,
}

impl Buffer {
    fn new(version: Version) -> Self {
        let filled = Arc::new(Notify::new());
        let emptied = match version {
            Version::Healthy => Arc::new(Notify::new()),
            Version::Defective => Arc::clone(&filled),
        };
        Self {
            items: Mutex::new(0),
            filled,
            emptied,
        }
    }

    /// Waits until the buffer has `from` items, and gives it `to`.
    async fn change(&self, from: u32, to: u32, awaited: &Notify, done: &Notify) {
        loop {
            let mut items = self.items.lock().await;
            if *items == from {
                *items = to;
                drop(items);
                done.notify_one();
                return;
            }
            drop(items);
            awaited.notified().await;
        }
    }
}

/// Runs with `size` writers and as many readers.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let buffer = Arc::new(Buffer::new(version));
    let mut tasks = Vec::new();
    for _ in 0..size {
        let of_writer = Arc::clone(&buffer);
        tasks.push(spawn(async move {
            let buffer = &*of_writer;
            buffer.change(0, 1, &buffer.emptied, &buffer.filled).await;
        }));
        let of_reader = Arc::clone(&buffer);
        tasks.push(spawn(async move {
            let buffer = &*of_reader;
            buffer.change(1, 0, &buffer.filled, &buffer.emptied).await;
        }));
    }
    join(tasks).await;
    promise(true, String::new)
}
