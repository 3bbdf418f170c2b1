//! `rehearsal explore` on one target.

use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
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
    let is_writable = try_directory(&request.out, console);
    let options = Options {
        strategy: request.strategy,
        jobs: request.jobs.unwrap_or_else(all_cores),
        out: &request.out,
        keep: match is_writable {
            true => Keep::FirstOfEachKind,
            false => Keep::Nothing,
        },
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
        shrink(target, &found, request.json, stop, console)?;
    }
    print(target, &found, request, console)?;
    let mut exit = found.exit(target, request.shard.is_none());
    if is_cut_short(&found, request) {
        exit = exit.worst(Exit::Unknown);
    }
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
    stop: &AtomicBool,
    console: &mut dyn Console,
) -> io::Result<()> {
    for (signature, file) in found.repros.iter().take(SHRUNK_MAX) {
        if stop.load(Ordering::Relaxed) {
            console.warn(&format!("not shrunk: {}\n", file.display()));
            continue;
        }
        let story = failure::render_file(target, file, NextSteps::Binary, stop);
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
    if let Some(remaining) = found
        .remaining
        .as_ref()
        .filter(|_| is_cut_short(found, request))
    {
        let reason = match found.interrupted {
            true => "interrupted",
            false => "the time was up",
        };
        console.warn(&format!(
            "{name}: {reason} after {}; to go on: {} --seeds {remaining} --strategy {}\n",
            many(found.seeds, "seed"),
            request.resume,
            found.strategy,
        ));
    }
    Ok(())
}

/// Returns `true` if seeds were not run that were asked for: it was interrupted, or there was no
/// time for those that were named.
fn is_cut_short(found: &Exploration, request: &ExploreRequest) -> bool {
    // A search that ends early says so by itself.
    let has_named = request.seeds.is_some() && found.search.is_none();
    (found.interrupted || has_named) && found.remaining.is_some()
}

/// Returns `true` if files can be written below a directory, and reports at once if not: a long
/// exploration would notice it with its first failure.
fn try_directory(out: &Path, console: &mut dyn Console) -> bool {
    let mut above = out.ancestors().map(|path| match path.as_os_str() {
        here if here.is_empty() => Path::new("."),
        _ => path,
    });
    let tried = match above.find(|path| path.exists()) {
        Some(there) => tempfile::tempfile_in(there).map(drop),
        None => Ok(()),
    };
    if let Err(error) = &tried {
        console.warn(&format!(
            "warning: cannot write to {}: {error}; failures are kept nowhere\n",
            out.display()
        ));
    }
    tried.is_ok()
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

#[cfg(test)]
mod tests {
    use rehearsal_sim::{
        Ambient, Budget, Interleave, Leaks, NetConfig, PlainTaskPolicy, STACK_SIZE, World,
    };

    use super::*;
    use crate::target::{Program, TestRef, WorldSpec};

    /// A console whose reader interrupts the command when it sees the first shrunk run.
    struct Interrupting<'a> {
        stop: &'a AtomicBool,
        printed: String,
        warned: String,
    }

    impl Console for Interrupting<'_> {
        fn print(&mut self, text: &str) -> io::Result<()> {
            self.printed += text;
            if text.contains("The shrunk run") {
                self.stop.store(true, Ordering::Relaxed);
            }
            Ok(())
        }

        fn warn(&mut self, text: &str) {
            self.warned += text;
        }

        fn progress(&mut self, _progress: &Progress) -> io::Result<()> {
            Ok(())
        }
    }

    /// Fails in one of two ways.
    async fn fails(world: World) {
        match world.draw(world.site("way"), 2) {
            0 => panic!("the first way"),
            _ => panic!("the second way"),
        }
    }

    #[test]
    fn interruption_ends_the_shrinking_of_what_was_found() {
        let test = TestRef {
            package: "p".to_owned(),
            name: "p::fails".to_owned(),
            file: "src/p.rs".into(),
        };
        let world = WorldSpec {
            ambient: Ambient::Real,
            budget: Budget::default(),
            net: NetConfig::default(),
            leaks: Leaks::default(),
            cancellations: 0,
            interleave: Interleave::default(),
            stack_size: STACK_SIZE,
            plain_tasks: PlainTaskPolicy::default(),
        };
        let program = Program::new(test, world, fails);
        let out = tempfile::tempdir().expect("a directory");
        let request = ExploreRequest {
            seeds: Seeds::count(20),
            time: None,
            jobs: Some(NonZeroUsize::MIN),
            shard: None,
            strategy: StrategyName::RANDOM,
            max_runs: None,
            out: out.path().to_owned(),
            no_shrink: false,
            json: false,
            resume: String::new(),
        };
        let stop = AtomicBool::new(false);
        let mut console = Interrupting {
            stop: &stop,
            printed: String::new(),
            warned: String::new(),
        };
        let exit = explore(&program, &request, &stop, &mut console).expect("it is printed");
        assert_eq!(exit, Exit::Violation);
        assert_eq!(console.printed.matches("The shrunk run").count(), 1);
        assert_eq!(console.warned.matches("not shrunk: ").count(), 1);
    }
}
