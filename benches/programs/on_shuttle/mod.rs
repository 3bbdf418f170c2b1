//! The programs on shuttle.

#[expect(dead_code, reason = "peers need no texts about the programs")]
#[expect(clippy::duplicate_mod, reason = "each peer has a runtime of its own")]
#[path = "../../../agents/src/systems/programs/parts.rs"]
mod parts;
mod runtime;

#[expect(clippy::duplicate_mod, reason = "each peer has a runtime of its own")]
#[path = "../../../agents/src/systems/programs/catalog/mod.rs"]
mod catalog;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler, UrwRandomScheduler};
use shuttle::{Config, FailurePersistence, Runner};

use crate::peer::{Peer, Seen, Work};

/// A program with its defect.
type Program = Pin<Box<dyn Future<Output = Result<(), String>>>>;

/// The depth that shuttle's `pct` is given.
const DEPTH: usize = 3;

/// Shuttle with one of its schedulers.
pub(crate) enum Shuttle {
    Random,
    Pct,
    Urw,
}

impl Peer for Shuttle {
    fn name(&self) -> &'static str {
        match self {
            Self::Random => "shuttle, random",
            Self::Pct => "shuttle, pct:3",
            Self::Urw => "shuttle, urw",
        }
    }

    fn run(&self, work: Work<'_>) -> Vec<Seen> {
        let wanted = work.runs as usize;
        let mut all = Vec::new();
        while all.len() < wanted {
            // A run that cannot go on ends the runner by a panic; the next one begins behind it.
            let (seed, left) = (all.len() as u64, wanted - all.len());
            all.extend(match self {
                Self::Random => run(RandomScheduler::new_from_seed(seed, left), work),
                Self::Pct => run(PctScheduler::new_from_seed(seed, DEPTH, left), work),
                Self::Urw => run(UrwRandomScheduler::new_from_seed(seed, left), work),
            });
        }
        all.truncate(wanted);
        all
    }
}

/// Runs a program until the scheduler has no further run, or one cannot go on.
fn run(scheduler: impl Scheduler + 'static, work: Work<'_>) -> Vec<Seen> {
    let Work { size, version, .. } = work;
    let mut programs = catalog::PROGRAMS.iter();
    let found = programs.find(|(known, _)| *known == work.program);
    let (_, program) = *found.expect("a scenario names a program of the catalog");
    let mut config = Config::new();
    config.failure_persistence = FailurePersistence::None;
    config.silence_warnings = true;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let results = Arc::clone(&seen);
    let runner = Runner::new(scheduler, config);
    let ended = catch_unwind(AssertUnwindSafe(|| {
        runner.run(move || {
            let outcome = shuttle::future::block_on(program(size, version));
            let seen = match outcome {
                Ok(()) => Seen::Nothing,
                Err(_) => Seen::Failure,
            };
            results.lock().expect("not poisoned").push(seen);
        });
    }));
    let mut seen = std::mem::take(&mut *seen.lock().unwrap_or_else(|e| e.into_inner()));
    if ended.is_err() {
        seen.push(Seen::Failure);
    }
    seen
}
