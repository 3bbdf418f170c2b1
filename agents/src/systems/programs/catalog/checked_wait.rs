//! A task that waits for another one to be ready. Modelled on rust-sdk #611 and on
//! KAFKA-17929: the check and the registration of the wait are two operations.

use std::sync::Arc;

use super::parts::{About, Notify, Outcome, Shared, Version, join, promise, spawn, work};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "checked-wait",
    idea: "A waiter registers after it has checked, and misses the wake-up in between.",
    promise: "waiter-is-woken",
};

/// Runs a notifier that does `size` operations before it notifies.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let ready = Shared::new(false);
    let became_ready = Arc::new(Notify::new());
    let (checked, woken) = (ready.clone(), Arc::clone(&became_ready));
    let waiter = spawn(async move {
        let waits = Shared::new(false);
        match version {
            Version::Healthy => {
                let notified = woken.notified();
                if !checked.get().await {
                    waits.set(true).await;
                    notified.await;
                }
            }
            Version::Defective => {
                if !checked.get().await {
                    waits.set(true).await;
                    woken.notified().await;
                }
            }
        }
    });
    let notifier = spawn(async move {
        work(size).await;
        ready.set(true).await;
        became_ready.notify_waiters();
    });
    join([waiter, notifier]).await;
    promise(true, String::new)
}
