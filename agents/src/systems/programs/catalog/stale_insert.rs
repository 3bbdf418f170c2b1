//! A cache before a store: a reader inserts what it has loaded, a writer invalidates.

use super::parts::{About, Outcome, Shared, Version, join, promise, spawn, work};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "stale-insert",
    idea: "A loaded value is inserted into the cache after the key was invalidated.",
    promise: "cache-has-the-stored-value",
};

/// A cache, with the number of invalidations.
#[derive(Clone, Copy, Default)]
struct Cache {
    value: Option<u32>,
    invalidations: u32,
}

/// Runs a writer that does `size` operations before it writes.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let (cache, store) = (Shared::new(Cache::default()), Shared::new(1));
    let (of_reader, loaded) = (cache.clone(), store.clone());
    let reader = spawn(async move {
        let seen = of_reader.get().await.invalidations;
        let value = loaded.get().await;
        let insert = |cache: &mut Cache| {
            if cache.invalidations == seen || version == Version::Defective {
                cache.value = Some(value);
            }
        };
        of_reader.update(insert).await;
    });
    let (of_writer, stored) = (cache.clone(), store.clone());
    let writer = spawn(async move {
        work(size).await;
        stored.set(2).await;
        let invalidate = |cache: &mut Cache| {
            cache.value = None;
            cache.invalidations += 1;
        };
        of_writer.update(invalidate).await;
    });
    join([reader, writer]).await;
    let (cached, stored) = (cache.get().await.value, store.get().await);
    let agree = cached.is_none_or(|value| value == stored);
    promise(agree, || {
        format!("the cache has {cached:?}, the store {stored}")
    })
}
