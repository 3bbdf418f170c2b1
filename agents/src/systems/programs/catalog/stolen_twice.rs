//! A work queue with an owner at its tail and a thief at its head. Modelled on the
//! work-stealing queue of CHESS.

use super::parts::{About, Outcome, Shared, Version, join, promise, spawn};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "stolen-twice",
    idea: "A thief reads the ends of a queue, and takes an item in a second operation.",
    promise: "each-item-is-taken-once",
};

/// The indices of the first item and behind the last one.
#[derive(Clone, Copy)]
struct Ends {
    head: u32,
    tail: u32,
}

impl Ends {
    fn steal(&mut self) -> Option<u32> {
        let item = (self.head < self.tail).then_some(self.head)?;
        self.head += 1;
        Some(item)
    }

    fn pop(&mut self) -> Option<u32> {
        let item = (self.head < self.tail).then(|| self.tail - 1)?;
        self.tail = item;
        Some(item)
    }
}

/// Runs with `size` items, which the owner takes one by one.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let queue = Shared::new(Ends {
        head: 0,
        tail: size,
    });
    let robbed = queue.clone();
    let thief = spawn(async move {
        match version {
            Version::Healthy => robbed.update(Ends::steal).await,
            Version::Defective => {
                let mut ends = robbed.get().await;
                let item = ends.steal();
                robbed.update(|queue| queue.head = ends.head).await;
                item
            }
        }
    });
    let owner = spawn(async move {
        let mut taken = Vec::new();
        while let Some(item) = queue.update(Ends::pop).await {
            taken.push(item);
        }
        taken
    });
    let stolen = join([thief]).await[0];
    let taken = join([owner]).await.remove(0);
    let twice = stolen.filter(|item| taken.contains(item));
    promise(twice.is_none(), || {
        format!("item {twice:?} was taken twice")
    })
}
