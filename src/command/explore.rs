//! `rehearsal explore` on one target.

use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::Console;
use super::recorder::Recorder;
use crate::console::Shown;
use crate::exit::Exit;
use crate::explore::json::ExploreLine;
use crate::explore::{
    self, Beginning, BegunWith, Executed, Exploration, FailureGroup, Keep, Options, Progress,
    Repeat, Reporter, Search, Shard, Totals, now, summary,
};
use crate::report::failure;
use crate::report::next_steps::NextSteps;
use crate::report::summary::many;
use crate::results::{self, ProgramId, Results};
use crate::run::StrategyName;
use crate::run::seeds::Seeds;
use crate::scenario::{ColorChoice, Diagnostic, render_all};
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
    /// The directory with results of earlier explorations, whose seeds are not run again.
    pub resume_from: Option<PathBuf>,
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
    let keep = match try_directory(&request.out, console) {
        true => Keep::FirstOfEachKind,
        false => Keep::Nothing,
    };
    let program = ProgramId::of(target, request.strategy);
    let all = all_seeds(request);
    let wanted = all.as_ref().and_then(|all| match request.shard {
        Some(shard) => shard.of(all),
        None => Some(all.clone()),
    });
    let mut command = Command {
        target,
        request,
        keep,
        program: program.as_ref().ok().cloned(),
        all,
        deadline: request.time.and_then(|time| now().checked_add(time)),
        stop,
        console,
    };
    match (&request.resume_from, program) {
        (Some(directory), Ok(program)) => command.resume(directory, &program, wanted),
        (Some(_), Err(problem)) => {
            command.console.warn(&format!("error: {problem}\n"));
            Ok(Exit::Internal)
        }
        (None, program) => {
            if let Err(problem) = program {
                command.warn(&format!("no results: {problem}"));
            }
            let beginning = command.beginning();
            Ok(command.row(wanted.as_ref(), beginning)?.0)
        }
    }
}

/// One exploration, of all seeds that are wanted or of those that are missing in earlier results.
struct Command<'a> {
    target: &'a dyn Target,
    request: &'a ExploreRequest,
    keep: Keep,
    /// The program; none if it has no identity, and then no results.
    program: Option<ProgramId>,
    /// The seeds of all shards.
    all: Option<Seeds>,
    /// No seed is begun after this.
    deadline: Option<Instant>,
    stop: &'a AtomicBool,
    console: &'a mut dyn Console,
}

impl Command<'_> {
    fn warn(&mut self, text: &str) {
        self.console
            .warn(&format!("{}: {text}\n", self.target.name()));
    }

    /// Explores the seeds of `wanted` that are not in the results of a directory.
    fn resume(
        &mut self,
        directory: &Path,
        program: &ProgramId,
        wanted: Option<Seeds>,
    ) -> io::Result<Exit> {
        let mut results = match earlier(directory, program, &self.request.out) {
            Ok(results) => results,
            Err(problems) => {
                self.console
                    .warn(&render_all(&problems, ColorChoice::Coloured));
                return Ok(Exit::Usage);
            }
        };
        let before = results.view(program);
        self.warn(&format!(
            "{} of this program in {}",
            many(before.counts.runs, "seed"),
            directory.display()
        ));
        for seeds in &before.contradicting {
            self.warn(&format!("two results of the seeds {seeds} differ"));
        }
        let first = self.all.as_ref().map(Seeds::first);
        let beginning = match first.is_some_and(|first| before.searched_seeds.contains(&first)) {
            true => Beginning::Seeds,
            false => self.beginning(),
        };
        let missing = wanted.map(|wanted| results::without(&wanted, before.seeds));
        let worst = self.rows(missing.unwrap_or_default(), beginning, &mut results)?;
        let view = results.view(program);
        let whole = self.request.shard.is_none();
        let runs = many(view.counts.runs, "seed");
        if whole && !view.missed.is_empty() {
            let missed = view.missed.join(", ");
            self.warn(&format!("none of {runs} reached: {missed}"));
        }
        if whole && !view.vacuous.is_empty() {
            self.warn(&summary::nothing_to_check(&runs, &view.vacuous.join(", ")));
        }
        Ok(worst.worst(view.exit(whole)))
    }

    /// Explores several rows of seeds, and adds what is counted to `results`. The first row has
    /// the beginning; if there is none, nothing is run, and that is shown.
    fn rows(
        &mut self,
        missing: Vec<Seeds>,
        beginning: Beginning,
        results: &mut Results,
    ) -> io::Result<Exit> {
        if missing.is_empty() {
            return Ok(self.row(None, Beginning::Seeds)?.0);
        }
        let mut worst = Exit::Pass;
        let beginnings = std::iter::once(beginning).chain(std::iter::repeat(Beginning::Seeds));
        for (row, beginning) in missing.iter().zip(beginnings) {
            if self.stop.load(Ordering::Relaxed) {
                self.warn(&format!("not run: seeds {row}"));
                worst = worst.worst(Exit::Unknown);
                continue;
            }
            let (exit, more) = self.row(Some(row), beginning)?;
            worst = worst.worst(exit);
            results.merge(more);
        }
        Ok(worst)
    }

    /// Returns the beginning of the exploration. Of several shards only the first has the search,
    /// and it has that of all seeds, so that together they run what the whole does.
    fn beginning(&self) -> Beginning {
        match (self.request.shard, &self.all) {
            (Some(shard), _) if !shard.is_first() => Beginning::Seeds,
            (_, Some(all)) => Beginning::SearchOf {
                first: all.first(),
                size: all.size(),
            },
            (_, None) => Beginning::Seeds,
        }
    }

    /// Explores seeds in a row.
    fn row(&mut self, row: Option<&Seeds>, beginning: Beginning) -> io::Result<(Exit, Results)> {
        let request = self.request;
        let options = Options {
            strategy: request.strategy,
            jobs: request.jobs.unwrap_or_else(all_cores),
            out: &request.out,
            keep: self.keep,
            repeat: Repeat::Never,
            deadline: self.deadline,
            max_runs: request.max_runs,
            beginning,
            stop: self.stop,
            describe: None,
        };
        let mut reporter = OnConsole {
            json: request.json,
            recorder: self.recorder(row),
            console: self.console,
        };
        let found = explore::explore(self.target, row, &options, &mut reporter)?;
        reporter.record(Recorder::write);
        let recorder = reporter.recorder.take();
        let results = recorder.map_or_else(Results::default, |recorder| recorder.results());
        if !request.no_shrink && !found.interrupted {
            shrink(self.target, &found, request.json, self.stop, self.console)?;
        }
        print(self.target, &found, request, self.console)?;
        let mut exit = found.exit(self.target, is_whole(request));
        if is_cut_short(&found, request) {
            exit = exit.worst(Exit::Unknown);
        }
        self.console.explored(&found, exit);
        Ok((exit, results))
    }

    /// Returns the recorder of the results; none for a search, which has no seeds to share out.
    fn recorder(&self, row: Option<&Seeds>) -> Option<Recorder> {
        let row = row.filter(|_| self.request.strategy.search().is_none())?;
        let program = self.program.clone()?;
        let out = (self.keep != Keep::Nothing).then_some(self.request.out.as_path());
        let stem = self.target.identity().file_stem();
        Some(Recorder::new(program, &stem, row, out))
    }
}

/// Returns the results in a directory, if they are of that program.
///
/// # Errors
///
/// Each problem of its files. A directory that is not there has no results if it is the one to
/// which this exploration writes: the first of those that are resumed has it made.
fn earlier(directory: &Path, program: &ProgramId, out: &Path) -> Result<Results, Vec<Diagnostic>> {
    if directory == out && !directory.exists() {
        return Ok(Results::default());
    }
    let found = results::Directory::read(directory)?;
    let conflicts = found.conflicts_with(program);
    match conflicts.is_empty() {
        true => Ok(found.results),
        false => Err(conflicts),
    }
}

/// Returns `true` if the seeds of this exploration are all: goals that they do not reach are
/// reached by no other.
fn is_whole(request: &ExploreRequest) -> bool {
    request.shard.is_none() && request.resume_from.is_none()
}

/// Returns as many workers as there are cores.
pub(crate) fn all_cores() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// Returns the seeds of all shards; none for no seed.
fn all_seeds(request: &ExploreRequest) -> Option<Seeds> {
    if request.strategy.search().is_some() {
        return Some(request.seeds.clone().unwrap_or_else(|| Seeds::one(0)));
    }
    request.seeds.clone().or_else(|| match request.time {
        // All that there are: time ends it, and no count.
        Some(_) => Seeds::between(0, u64::MAX),
        None => Seeds::count(SEEDS),
    })
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
            console.warn(&format!("not shrunk: {}\n", file.shown()));
            continue;
        }
        let failure::FailureText { block, next } =
            failure::render_file(target, file, NextSteps::Binary, stop);
        if !json {
            console.print_text(&format!("\n{signature}\n{block}"))?;
            console.print(&format!("{next}\n"))?;
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
        console.print_text(&summary::summary(target, found))?;
    }
    let name = target.name();
    if is_whole(request)
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
            out.shown()
        ));
    }
    tried.is_ok()
}

/// Shows an exploration while it goes on.
struct OnConsole<'a> {
    json: bool,
    recorder: Option<Recorder>,
    console: &'a mut dyn Console,
}

impl OnConsole<'_> {
    fn print(&mut self, text: &str) -> io::Result<()> {
        if self.json {
            return Ok(());
        }
        self.console.print_text(text)
    }

    /// Records results. If they cannot be written, that is reported once.
    fn record(&mut self, record: impl FnOnce(&mut Recorder) -> io::Result<()>) {
        let recorded = self.recorder.as_mut().map_or(Ok(()), record);
        if let Err(error) = recorded {
            self.warning(&format!("the results cannot be written: {error}"));
        }
    }
}

impl Reporter for OnConsole<'_> {
    fn run(&mut self, run: &Executed, _totals: &Totals) -> io::Result<()> {
        self.record(|recorder| recorder.add(run));
        Ok(())
    }

    fn begun(&mut self, begun: &BegunWith) -> io::Result<()> {
        self.record(|recorder| recorder.begun(begun));
        Ok(())
    }

    fn failure(&mut self, failure: &FailureGroup) -> io::Result<()> {
        self.print(&summary::failure(failure))
    }

    fn estimate(&mut self, seed: u64, search: Search) -> io::Result<()> {
        self.print(&format!(
            "seed {seed}: {} schedules in all with at most {}\n",
            summary::about(search.estimate),
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
    use rehearsal_sim::{Ambient, World};

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
            ..WorldSpec::default()
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
            resume_from: None,
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
