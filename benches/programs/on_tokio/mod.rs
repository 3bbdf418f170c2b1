//! The programs on tokio, by itself and below classic turmoil.

#[expect(dead_code, reason = "peers run no healthy version, and need no texts")]
#[path = "../../../agents/src/systems/programs/parts.rs"]
mod parts;
mod runtime;

#[expect(clippy::duplicate_mod, reason = "each peer has a runtime of its own")]
#[path = "../../../agents/src/systems/programs/catalog/mod.rs"]
mod catalog;

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::peer::{Peer, Seen};

/// A program with its defect.
type Program = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// The time after which a program will not end any more.
const LONGEST: Duration = Duration::from_secs(1);

/// Returns what comes of a program: a broken promise, or no end.
async fn outcome(name: String, size: u32) -> Seen {
    let program = find(&name)(size);
    let task = tokio::spawn(program);
    match tokio::time::timeout(LONGEST, task).await {
        Ok(Ok(Ok(()))) => Seen::Nothing,
        Ok(_) | Err(_) => Seen::Failure,
    }
}

fn find(name: &str) -> fn(u32) -> Program {
    let mut programs = catalog::PROGRAMS.iter();
    let found = programs.find(|(known, _)| *known == name);
    found.expect("a scenario names a program of the catalog").1
}

/// Tokio with one thread and paused time.
pub(crate) struct Tokio;

impl Peer for Tokio {
    fn name(&self) -> &'static str {
        "tokio, paused"
    }

    /// Every run is the same, but for what tokio draws.
    fn run(&self, program: &str, size: u32, runs: u32) -> Vec<Seen> {
        let run = |_| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build()
                .expect("a runtime");
            runtime.block_on(outcome(program.to_owned(), size))
        };
        (0..runs).map(run).collect()
    }
}

/// Classic turmoil, with one host.
pub(crate) struct Turmoil;

impl Peer for Turmoil {
    fn name(&self) -> &'static str {
        "turmoil"
    }

    fn run(&self, program: &str, size: u32, runs: u32) -> Vec<Seen> {
        let run = |seed| {
            let mut sim = turmoil::Builder::new()
                .rng_seed(u64::from(seed))
                .enable_random_order()
                .simulation_duration(2 * LONGEST)
                .build();
            let seen = Arc::new(Mutex::new(Seen::Nothing));
            let (name, result) = (program.to_owned(), Arc::clone(&seen));
            sim.client("program", async move {
                let seen = outcome(name, size).await;
                *result.lock().expect("not poisoned") = seen;
                Ok(())
            });
            sim.run().expect("the client ends");
            *seen.lock().expect("not poisoned")
        };
        (0..runs).map(run).collect()
    }
}
