//! A worker that dies and is resumed. Modelled on langgraph #8039: it dies between an effect
//! and the entry that says that the effect is done.

use super::parts::{About, Outcome, Shared, Version, join, promise, spawn, work};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "effect-repeated",
    idea: "An effect and the entry that it is done are two operations, and a crash comes between.",
    promise: "one-effect",
};

/// Effects that were done, and the entry in the journal.
#[derive(Clone, Copy, Default)]
struct Disk {
    effects: u32,
    is_entered: bool,
}

async fn step(disk: Shared<Disk>, size: u32, version: Version) {
    work(size).await;
    if disk.get().await.is_entered {
        return;
    }
    match version {
        Version::Healthy => {
            let both = |disk: &mut Disk| {
                disk.effects += 1;
                disk.is_entered = true;
            };
            disk.update(both).await;
        }
        Version::Defective => {
            disk.update(|disk| disk.effects += 1).await;
            disk.update(|disk| disk.is_entered = true).await;
        }
    }
}

/// Runs a worker that does `size` operations before its effect, and a crash.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let disk = Shared::new(Disk::default());
    let worker = spawn(step(disk.clone(), size, version));
    let crash = spawn(async move {
        work(1).await;
        worker.abort();
        // It has ended, or was aborted.
        let _ = worker.await;
    });
    join([crash]).await;
    step(disk.clone(), 0, version).await;
    let effects = disk.get().await.effects;
    promise(effects == 1, || {
        format!("the effect was done {effects} times")
    })
}
