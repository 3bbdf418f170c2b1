//! `rehearsal explore`.

use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args;

use super::results::{ResultArgs, ResultFiles};
use super::terminal::Terminal;
use super::test_binary::{self, Packages};
use super::{SetArgs, interrupt, print_error, print_result, select};
use crate::clock::now;
use crate::command::{ExploreRequest, Request, execute};
use crate::console::Shown;
use crate::environment;
use crate::exit::Exit;
use crate::explore::{Exploration, Shard};
use crate::repro::{shell_path, shell_word};
use crate::run::StrategyName;
use crate::run::seeds::Seeds;
use crate::scenario::Scenario;

/// More threads than this are a mistake.
const JOBS_MAX: u64 = 1_024;

/// The arguments of `rehearsal explore`.
#[derive(Args, Debug)]
pub(super) struct ExploreArgs {
    /// Names of scenarios, paths of their files, or directories of them; if none is given, all
    /// without a seeded defect.
    #[arg(value_name = "SCENARIO")]
    scenarios: Vec<String>,
    /// Explore the scenarios with a seeded defect too, which are to fail.
    #[arg(long, conflicts_with_all = ["scenarios", "test"])]
    defects: bool,
    /// Explore the `#[rehearsal::test]` of this name, or whose path ends in it. Cargo
    /// builds the test binaries of the package in this directory, and the one that has
    /// the test is started.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["scenarios", "transport"])]
    test: Option<String>,
    #[command(flatten)]
    packages: PackageArgs,
    /// Run these seeds of each scenario: a count, or a range `a..b`. Without this,
    /// 1,000; with --for, as many as there is time for; with an exhaustive strategy,
    /// seed 0.
    #[arg(long, value_name = "N")]
    seeds: Option<Seeds>,
    /// Begin no seed after this time, such as 60s or 5m. Several scenarios share
    /// it evenly.
    #[arg(long = "for", value_name = "D", value_parser = time_limit)]
    time: Option<Duration>,
    /// Worker threads; without this, as many as there are cores. The results are the
    /// same.
    #[arg(long, value_name = "J", value_parser = jobs)]
    jobs: Option<NonZeroUsize>,
    /// Run only part k of n of the seeds, k from 0. The parts together are the
    /// whole.
    #[arg(long, value_name = "k/n")]
    shard: Option<Shard>,
    #[arg(
        long,
        value_name = "X",
        default_value_t,
        help = StrategyName::help(true),
        value_parser = super::any_strategy
    )]
    strategy: StrategyName,
    /// Stop an exhaustive search after so many schedules.
    #[arg(long, value_name = "M", value_parser = clap::value_parser!(u64).range(1..))]
    max_runs: Option<u64>,
    #[command(flatten)]
    set: SetArgs,
    #[command(flatten)]
    results: ResultArgs,
    /// Do not shrink failures.
    #[arg(long)]
    no_shrink: bool,
    /// Go on with an exploration that was ended: seeds whose results are in DIR, of the same
    /// program under the same strategy, are not run again. Each exploration leaves its results
    /// below --out.
    #[arg(long, value_name = "DIR")]
    resume: Option<PathBuf>,
    /// Exit with 0 if failures were found, for a scheduler of jobs that runs failed ones again.
    #[arg(long)]
    found_is_success: bool,
    /// Print one JSON object a line, one line a scenario or test.
    #[arg(long)]
    json: bool,
}

impl ExploreArgs {
    /// Returns `true` if the exploration goes on from earlier results.
    pub(super) fn is_resumed(&self) -> bool {
        self.resume.is_some()
    }
}

/// The packages in which a test is looked for.
#[derive(Args, Clone, Debug)]
pub(super) struct PackageArgs {
    /// Look for the test in this package.
    #[arg(long, short, value_name = "P")]
    package: Option<String>,
    /// Look for the test in the package or workspace of this Cargo.toml.
    #[arg(long, value_name = "PATH")]
    manifest_path: Option<PathBuf>,
}

impl From<&PackageArgs> for Packages {
    fn from(args: &PackageArgs) -> Self {
        Self {
            package: args.package.clone(),
            manifest: args.manifest_path.clone(),
        }
    }
}

fn time_limit(text: &str) -> Result<Duration, String> {
    match super::time(text)? {
        Duration::ZERO => Err("no seed can be run in no time".to_owned()),
        duration => Ok(duration),
    }
}

pub(super) fn jobs(text: &str) -> Result<NonZeroUsize, String> {
    let jobs = text.parse::<u64>().ok();
    let jobs = jobs.filter(|jobs| (1..=JOBS_MAX).contains(jobs));
    jobs.and_then(|jobs| NonZeroUsize::new(usize::try_from(jobs).ok()?))
        .ok_or_else(|| format!("a number from 1 to {JOBS_MAX} is needed"))
}

/// Explores what the arguments select. `out` is the directory that was given for repros, if one
/// was.
pub(super) fn explore(root: &Path, out: Option<&Path>, args: &ExploreArgs) -> io::Result<Exit> {
    let exit = explore_chosen(root, out, args)?;
    Ok(if args.found_is_success {
        exit.found_is_success()
    } else {
        exit
    })
}

fn explore_chosen(root: &Path, out: Option<&Path>, args: &ExploreArgs) -> io::Result<Exit> {
    let here = out.map_or_else(environment::out_directory, Path::to_owned);
    if let Some(problem) = contradiction(args) {
        print_error(&format!("error: {problem}\n"));
        return Ok(Exit::Usage);
    }
    if let Some(name) = &args.test {
        return explore_test(name, out, args);
    }
    if args.packages.package.is_some() || args.packages.manifest_path.is_some() {
        print_error("error: --package and --manifest-path go with --test\n");
        return Ok(Exit::Usage);
    }
    let Some(mut chosen) = select::chosen(root, &args.scenarios, &args.set) else {
        return Ok(Exit::Usage);
    };
    if args.scenarios.is_empty() && !args.defects {
        chosen.retain(|scenario| scenario.spec.defect.is_none());
    }
    if chosen.is_empty() {
        print_error(&format!("no scenario files below {}\n", root.shown()));
        return Ok(Exit::NothingSelected);
    }
    explore_all(&chosen, &here, args, &watch_interrupt())
}

/// Checks that an exploration with these arguments can be run in shards.
///
/// # Errors
///
/// The exit code, if it cannot; the reason is printed.
pub(super) fn check_shardable(root: &Path, args: &ExploreArgs) -> Result<(), Exit> {
    let search = args.strategy.search().is_some();
    let problem = match contradiction(args) {
        Some(problem) => Some(problem),
        None if search => Some(EXHAUSTIVE_SHARDS),
        None if args.shard.is_some() => Some("each shard is given its own --shard"),
        None if args.seeds.is_none() => Some("--seeds is needed, to be shared out"),
        None => None,
    };
    if let Some(problem) = problem {
        print_error(&format!("error: {problem}\n"));
        return Err(Exit::Usage);
    }
    if args.test.is_some() {
        return Ok(());
    }
    select::chosen(root, &args.scenarios, &args.set)
        .map(drop)
        .ok_or(Exit::Usage)
}

const EXHAUSTIVE_SHARDS: &str =
    "an exhaustive search has no shards: its schedules are known only as it runs";

/// Returns the problem of settings that are valid each by itself.
fn contradiction(args: &ExploreArgs) -> Option<&'static str> {
    let exhaustive = args.strategy.search().is_some();
    if exhaustive && args.shard.is_some() {
        return Some(EXHAUSTIVE_SHARDS);
    }
    if args.test.is_some() && args.results.are_given() {
        return Some("--junit and --markdown are for scenarios; a test's results are cargo's");
    }
    if exhaustive && args.resume.is_some() {
        return Some("an exhaustive search has no results to go on from: it begins anew");
    }
    if !exhaustive && args.max_runs.is_some() {
        return Some("--max-runs is for an exhaustive strategy; use --seeds");
    }
    None
}

pub(super) fn watch_interrupt() -> Arc<AtomicBool> {
    interrupt::watch().unwrap_or_else(|error| {
        print_error(&format!("warning: Ctrl-C will end this at once: {error}\n"));
        Arc::default()
    })
}

fn request(
    args: &ExploreArgs,
    out: PathBuf,
    time: Option<Duration>,
    resume: String,
) -> ExploreRequest {
    ExploreRequest {
        seeds: args.seeds.clone(),
        time,
        jobs: args.jobs,
        shard: args.shard,
        strategy: args.strategy,
        max_runs: args.max_runs,
        out,
        no_shrink: args.no_shrink,
        json: args.json,
        resume,
        resume_from: args.resume.clone(),
    }
}

fn explore_all(
    scenarios: &[Scenario],
    out: &Path,
    args: &ExploreArgs,
    stop: &AtomicBool,
) -> io::Result<Exit> {
    let end = args.time.and_then(|time| now().checked_add(time));
    let mut results = ResultFiles::new("explore", &args.results);
    let worst = explore_each(scenarios, out, args, stop, end, &mut results)?;
    let table = results.table();
    let worst = results.write(worst);
    if args.json {
        return Ok(worst);
    }
    print_result(&table, worst)
}

fn explore_each(
    scenarios: &[Scenario],
    out: &Path,
    args: &ExploreArgs,
    stop: &AtomicBool,
    end: Option<Instant>,
    results: &mut ResultFiles,
) -> io::Result<Exit> {
    let mut worst = Exit::Pass;
    for (index, scenario) in scenarios.iter().enumerate() {
        if stop.load(Ordering::Relaxed) {
            let left = &scenarios[index..];
            left.iter()
                .for_each(|scenario| results.add_skipped(scenario));
            let left: Vec<&str> = left.iter().map(|s| s.name.as_str()).collect();
            print_error(&format!("not run: {}\n", left.join(", ")));
            return Ok(worst.worst(Exit::Unknown));
        }
        let time = end.map(|end| share(end, scenarios.len() - index));
        let resume = format!(
            "rehearsal explore {}{}",
            scenario.name,
            args.set.as_arguments()
        );
        let request = Request::Explore(request(args, out.to_owned(), time, resume));
        let mut add = |found: &Exploration, exit| results.add(scenario, found, exit);
        let mut terminal = Terminal::with_results(&scenario.name, &mut add);
        worst = worst.worst(execute(scenario, &request, stop, &mut terminal)?);
    }
    Ok(worst)
}

/// Returns the time of the first of so many scenarios that share what is left.
fn share(end: Instant, scenarios: usize) -> Duration {
    let left = end.saturating_duration_since(now());
    let parts = u32::try_from(scenarios).unwrap_or(u32::MAX).max(1);
    left / parts
}

fn explore_test(name: &str, out: Option<&Path>, args: &ExploreArgs) -> io::Result<Exit> {
    let packages = Packages::from(&args.packages);
    let test = match test_binary::find(&packages, name) {
        Ok(test) => test,
        Err(problem) => {
            print_error(&format!("error: {}\n", problem.message(name)));
            return Ok(problem.exit());
        }
    };
    let out = match out {
        Some(out) => out.to_owned(),
        None => environment::out_directory_of(test.executable()),
    };
    // The test runs in its package's directory.
    let out = std::path::absolute(out)?;
    let mut request = request(args, out, args.time, resume(name, args));
    let resume_from = request.resume_from.map(std::path::absolute);
    request.resume_from = resume_from.transpose()?;
    let request = Request::Explore(request);
    test.execute(&request, &watch_interrupt(), &mut Terminal::new(name))
}

/// Returns the command that goes on with a test, but for seeds and strategy.
fn resume(name: &str, args: &ExploreArgs) -> String {
    let package = args.packages.package.as_deref();
    let package = package.map(|package| format!(" --package {}", shell_word(package)));
    let manifest = args.packages.manifest_path.as_deref();
    let manifest = manifest.map(|path| format!(" --manifest-path {}", shell_path(path)));
    format!(
        "rehearsal explore --test {}{}{}",
        shell_word(name),
        package.unwrap_or_default(),
        manifest.unwrap_or_default()
    )
}
