//! The programs on tokio, by itself and below classic turmoil.

#[expect(dead_code, reason = "peers need no texts about the programs")]
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

use crate::peer::{Peer, Seen, Version, Work};

/// A program with its defect.
type Program = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// The time after which a program will not end any more.
const LONGEST: Duration = Duration::from_secs(1);

/// Returns what comes of a program: a broken promise, or no end.
async fn outcome(program: Program) -> Seen {
    let task = tokio::spawn(program);
    match tokio::time::timeout(LONGEST, task).await {
        Ok(Ok(Ok(()))) => Seen::Nothing,
        Ok(_) | Err(_) => Seen::Failure,
    }
}

fn find(name: &str) -> fn(u32, Version) -> Program {
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
    fn run(&self, work: Work<'_>) -> Vec<Seen> {
        let program = find(work.program);
        let run = |_| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build()
                .expect("a runtime");
            runtime.block_on(outcome(program(work.size, work.version)))
        };
        (0..work.runs).map(run).collect()
    }
}

/// Classic turmoil, with one host.
pub(crate) struct Turmoil;

impl Peer for Turmoil {
    fn name(&self) -> &'static str {
        "turmoil"
    }

    fn run(&self, work: Work<'_>) -> Vec<Seen> {
        let program = find(work.program);
        let run = |seed| {
            let mut sim = turmoil::Builder::new()
                .rng_seed(u64::from(seed))
                .enable_random_order()
                .simulation_duration(2 * LONGEST)
                .build();
            let seen = Arc::new(Mutex::new(Seen::Nothing));
            let result = Arc::clone(&seen);
            sim.client("program", async move {
                let seen = outcome(program(work.size, work.version)).await;
                *result.lock().expect("not poisoned") = seen;
                Ok(())
            });
            sim.run().expect("the client ends");
            *seen.lock().expect("not poisoned")
        };
        (0..work.runs).map(run).collect()
    }
}
