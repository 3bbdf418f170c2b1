//! A worker that is started anew with a new queue. Modelled on ouroboros #43 and autogen
//! #7963: a producer that still has the old queue puts its item there.

use super::parts::{About, Outcome, Shared, Version, join, promise, spawn, work};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "queue-swapped",
    idea: "A producer looks the queue of a worker up, and adds to it after it was replaced.",
    promise: "every-item-is-handled",
};

/// The queues of all incarnations of the worker, the present one last.
type Queues = Vec<Vec<u32>>;

/// Runs a restart that does `size` operations before it moves the queue.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let queues: Shared<Queues> = Shared::new(vec![Vec::new()]);
    let (of_producer, of_restart) = (queues.clone(), queues.clone());
    let producer = spawn(async move {
        match version {
            Version::Healthy => {
                let add = |queues: &mut Queues| queues.last_mut().map(|queue| queue.push(1));
                of_producer.update(add).await;
            }
            Version::Defective => {
                let present = of_producer.get().await.len() - 1;
                of_producer.update(|queues| queues[present].push(1)).await;
            }
        }
    });
    let restart = spawn(async move {
        work(size).await;
        let replace = |queues: &mut Queues| {
            let left = queues.last_mut().map(std::mem::take);
            queues.push(left.unwrap_or_default());
        };
        of_restart.update(replace).await;
    });
    join([producer, restart]).await;
    let queues = queues.get().await;
    let handled = queues.last().is_some_and(|queue| queue == &[1]);
    promise(handled, || {
        format!("the item is in an old queue: {queues:?}")
    })
}
