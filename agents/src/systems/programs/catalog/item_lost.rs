//! A reader that is cancelled after it has taken an item. Modelled on a2a-python #768 and
//! rust-sdk #941: a receive that is not cancel safe.

use super::parts::{About, Outcome, Shared, Version, join, promise, spawn, work};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "item-lost",
    idea: "A reader takes an item, and stores it in a second operation that may be cancelled.",
    promise: "every-item-is-somewhere",
};

/// Items that wait, and items that were stored.
#[derive(Clone, Copy)]
struct Items {
    waiting: u32,
    stored: u32,
}

/// Runs a reader that does `size` operations before it takes the item.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let items = Shared::new(Items {
        waiting: 1,
        stored: 0,
    });
    let taken = items.clone();
    let reader = spawn(async move {
        work(size).await;
        match version {
            Version::Healthy => {
                let both = |items: &mut Items| {
                    items.waiting -= 1;
                    items.stored += 1;
                };
                taken.update(both).await;
            }
            Version::Defective => {
                taken.update(|items| items.waiting -= 1).await;
                taken.update(|items| items.stored += 1).await;
            }
        }
    });
    let cancel = spawn(async move {
        work(1).await;
        reader.abort();
        // It has ended, or was cancelled.
        let _ = reader.await;
    });
    join([cancel]).await;
    let items = items.get().await;
    promise(items.waiting + items.stored == 1, || {
        "the item is lost".to_owned()
    })
}
