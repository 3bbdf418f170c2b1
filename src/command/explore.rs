//! `rehearsal explore` on one target.

use std::io;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Console;
use crate::exit::Exit;
use crate::explore::json::ExploreLine;
use crate::explore::{
    self, Beginning, Exploration, FailureGroup, Keep, Options, Progress, Repeat, Reporter, Search,
    Shard, now, summary,
};
use crate::report::failure;
use crate::report::next_steps::NextSteps;
use crate::report::summary::many;
use crate::run::StrategyName;
use crate::run::seeds::Seeds;
use crate::target::Target;

/// Seeds that are run without a number and without a time limit.
const SEEDS: u64 = 1_000;

/// Kinds of failures of one target that are shrunk; the others are written all the same.
const SHRUNK_MAX: usize = 8;

/// The arguments of `rehearsal explore` for one target.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct ExploreRequest {
    /// The seeds, if they were named.
    pub seeds: Option<Seeds>,
    /// The time after which no seed is begun.
    pub time: Option<Duration>,
    /// Worker threads; without this as many as there are cores.
    pub jobs: Option<NonZeroUsize>,
    /// The part of the seeds.
    pub shard: Option<Shard>,
    /// The strategy.
    #[serde(with = "crate::run::strategy::as_text")]
    pub strategy: StrategyName,
    /// The most schedules of a search.
    pub max_runs: Option<u64>,
    /// The directory for logs and repros.
    pub out: PathBuf,
    /// Failures are not shrunk.
    pub no_shrink: bool,
    /// The result is printed as JSON.
    pub json: bool,
    /// The command that goes on, but for seeds and strategy.
    pub resume: String,
}

pub(super) fn explore(
    target: &dyn Target,
    request: &ExploreRequest,
    stop: &AtomicBool,
    console: &mut dyn Console,
) -> io::Result<Exit> {
    let options = Options {
        strategy: request.strategy,
        jobs: request.jobs.unwrap_or_else(all_cores),
        out: &request.out,
        keep: Keep::FirstOfEachKind,
        repeat: Repeat::Never,
        deadline: request.time.and_then(|time| now().checked_add(time)),
        max_runs: request.max_runs,
        beginning: beginning(request),
        stop,
        describe: None,
    };
    let mut reporter = OnConsole {
        json: request.json,
        console,
    };
    let found = explore::explore(target, seeds(request).as_ref(), &options, &mut reporter)?;
    if !request.no_shrink && !found.interrupted {
        shrink(target, &found, request.json, console)?;
    }
    print(target, &found, request, console)?;
    let exit = found.exit(target, request.shard.is_none());
    console.explored(&found, exit);
    Ok(exit)
}

/// Returns the beginning of the exploration. Of several shards only the first has the search,
/// so that together they run what the whole does.
fn beginning(request: &ExploreRequest) -> Beginning {
    match request.shard {
        Some(shard) if !shard.is_first() => Beginning::Seeds,
        Some(_) | None => Beginning::Search,
    }
}

/// Returns as many workers as there are cores.
pub(crate) fn all_cores() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// Returns the seeds to run; none if the shard is empty.
fn seeds(request: &ExploreRequest) -> Option<Seeds> {
    if request.strategy.search().is_some() {
        return Some(request.seeds.clone().unwrap_or_else(|| Seeds::one(0)));
    }
    let seeds = request.seeds.clone().or_else(|| {
        let unlimited = request.time.is_some();
        Seeds::count(if unlimited { u64::MAX } else { SEEDS })
    })?;
    match request.shard {
        Some(shard) => shard.of(&seeds),
        None => Some(seeds),
    }
}

/// Shrinks the first failures of each kind, and prints the runs that remain.
fn shrink(
    target: &dyn Target,
    found: &Exploration,
    json: bool,
    console: &mut dyn Console,
) -> io::Result<()> {
    for (signature, file) in found.repros.iter().take(SHRUNK_MAX) {
        let story = failure::render_file(target, file, NextSteps::Binary);
        if !json {
            console.print(&format!("\n{signature}\n{story}\n"))?;
        }
    }
    Ok(())
}

fn print(
    target: &dyn Target,
    found: &Exploration,
    request: &ExploreRequest,
    console: &mut dyn Console,
) -> io::Result<()> {
    if request.json {
        let line = serde_json::to_string(&ExploreLine::new(target, found, request.shard))?;
        console.print(&format!("{line}\n"))?;
    } else {
        console.print(&summary::summary(target, found))?;
    }
    let name = target.name();
    if request.shard.is_none()
        && let Some(problem) = summary::unreached(found, &found.missing(target))
    {
        console.warn(&format!("{name}: {problem}\n"));
    }
    if let Some(remaining) = found.remaining.as_ref().filter(|_| found.interrupted) {
        console.warn(&format!(
            "{name}: interrupted after {}; to go on: {} --seeds {remaining} --strategy {}\n",
            many(found.seeds, "seed"),
            request.resume,
            found.strategy,
        ));
    }
    Ok(())
}

/// Shows an exploration while it goes on.
struct OnConsole<'a> {
    json: bool,
    console: &'a mut dyn Console,
}

impl OnConsole<'_> {
    fn print(&mut self, text: &str) -> io::Result<()> {
        if self.json {
            return Ok(());
        }
        self.console.print(text)
    }
}

impl Reporter for OnConsole<'_> {
    fn failure(&mut self, failure: &FailureGroup) -> io::Result<()> {
        self.print(&summary::failure(failure))
    }

    fn estimate(&mut self, seed: u64, search: Search) -> io::Result<()> {
        self.print(&format!(
            "seed {seed}: about {} schedules in all with at most {}\n",
            search.estimate,
            many(search.bound.into(), "deviation")
        ))
    }

    fn warning(&mut self, text: &str) {
        self.console.warn(&format!("warning: {text}\n"));
    }

    fn progress(&mut self, progress: &Progress) -> io::Result<()> {
        self.console.progress(progress)
    }
}
