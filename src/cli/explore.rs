//! `rehearsal explore`.

use std::io;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args;

use crate::aftermath;
use crate::clock::now;
use crate::exit::Exit;
use crate::explore::{
    self, Audience, Exploration, Finding, Options, Progress, Search, Shard, worse,
};
use crate::json::ExploreLine;
use crate::repro::Repro;
use crate::run::StrategyName;
use crate::scenario::{Scenario, durations};
use crate::summary::counted;
use crate::sweep::Seeds;

use super::progress::Display;
use super::{SetArgs, complain, interrupt, say, select};

/// Seeds that are played if nobody says how many, and there is no time limit.
const SEEDS: u64 = 1_000;

/// More threads than this are a mistake.
const MOST_JOBS: u64 = 1_024;

/// Kinds of failures of one scenario that are shrunk; the others are written all
/// the same.
const SHRUNK: usize = 8;

/// What `rehearsal explore` takes.
#[derive(Args, Debug)]
pub(super) struct ExploreArgs {
    /// Names of scenarios, or paths of scenario files; all, if none is given.
    #[arg(value_name = "SCENARIO")]
    scenarios: Vec<String>,
    /// Play these seeds of each scenario: a count, or a range `a..b`. Without
    /// this, 1,000; with --for, as many as there is time for; with an exhaustive
    /// strategy, seed 0.
    #[arg(long, value_name = "N")]
    seeds: Option<Seeds>,
    /// Begin no seed after this time, such as 60s or 5m. Several scenarios share
    /// it evenly.
    #[arg(long = "for", value_name = "D", value_parser = time_limit)]
    time: Option<Duration>,
    /// Threads that play; without this, as many as there are cores. The results
    /// are the same.
    #[arg(long, value_name = "J", value_parser = jobs)]
    jobs: Option<NonZeroUsize>,
    /// Play only part k of n of the seeds, k from 0. The parts together are the
    /// whole.
    #[arg(long, value_name = "k/n")]
    shard: Option<Shard>,
    /// Who picks the next task: fifo, random, pct (or pct:2, …), pos, urw, or
    /// portfolio, which gives each seed one of them; or exhaustive (or
    /// exhaustive:2, …), which plays every schedule of a seed that leaves the
    /// boring one so many times at most.
    #[arg(long, value_name = "X", default_value_t)]
    strategy: StrategyName,
    /// Stop an exhaustive search after so many schedules.
    #[arg(long, value_name = "M", value_parser = clap::value_parser!(u64).range(1..))]
    max_runs: Option<u64>,
    #[command(flatten)]
    set: SetArgs,
    /// Do not shrink failures.
    #[arg(long)]
    no_shrink: bool,
    /// Print one JSON object a line, one line a scenario.
    #[arg(long)]
    json: bool,
}

fn time_limit(text: &str) -> Result<Duration, String> {
    match durations::parse(text) {
        Ok(Duration::ZERO) => Err("in no time nothing can be played".to_owned()),
        Ok(duration) => Ok(duration),
        Err(bad) => Err(format!("{}; {}", bad.message, bad.help)),
    }
}

fn jobs(text: &str) -> Result<NonZeroUsize, String> {
    let jobs = text.parse::<u64>().ok();
    let jobs = jobs.filter(|jobs| (1..=MOST_JOBS).contains(jobs));
    jobs.and_then(|jobs| NonZeroUsize::new(usize::try_from(jobs).ok()?))
        .ok_or_else(|| format!("a number from 1 to {MOST_JOBS} is needed"))
}

pub(super) fn explore(root: &Path, out: &Path, args: &ExploreArgs) -> io::Result<Exit> {
    if let Some(problem) = contradiction(args) {
        complain(&format!("error: {problem}\n"));
        return Ok(Exit::Usage);
    }
    let Some(chosen) = select::chosen(root, &args.scenarios, &args.set) else {
        return Ok(Exit::Usage);
    };
    if chosen.is_empty() {
        complain(&format!("no scenario files below {}\n", root.display()));
        return Ok(Exit::NothingSelected);
    }
    let stop = interrupt::watch().unwrap_or_else(|error| {
        complain(&format!("warning: Ctrl-C will end this at once: {error}\n"));
        Arc::default()
    });
    explore_all(&chosen, out, args, &stop)
}

/// What is wrong with arguments that are right each by itself.
fn contradiction(args: &ExploreArgs) -> Option<&'static str> {
    let exhaustive = matches!(args.strategy, StrategyName::Exhaustive { .. });
    if exhaustive && args.shard.is_some() {
        return Some("an exhaustive search has no shards: where it leads is seen on the way");
    }
    if !exhaustive && args.max_runs.is_some() {
        return Some("--max-runs is for an exhaustive strategy; use --seeds");
    }
    None
}

fn explore_all(
    scenarios: &[Scenario],
    out: &Path,
    args: &ExploreArgs,
    stop: &AtomicBool,
) -> io::Result<Exit> {
    let end = args.time.and_then(|time| now().checked_add(time));
    let mut worst = Exit::Pass;
    for (index, scenario) in scenarios.iter().enumerate() {
        if stop.load(Ordering::Relaxed) {
            let left: Vec<&str> = scenarios[index..].iter().map(|s| s.name.as_str()).collect();
            complain(&format!("not played: {}\n", left.join(", ")));
            return Ok(worse(worst, Exit::Unknown));
        }
        let deadline = end.map(|end| share(end, scenarios.len() - index));
        let found = explore_one(scenario, out, args, deadline, stop)?;
        worst = worse(worst, found);
    }
    Ok(worst)
}

/// When the first of so many scenarios must have ended that share the time.
fn share(end: Instant, scenarios: usize) -> Instant {
    let time = now();
    let left = end.saturating_duration_since(time);
    let parts = u32::try_from(scenarios).unwrap_or(u32::MAX).max(1);
    time + left / parts
}

fn explore_one(
    scenario: &Scenario,
    out: &Path,
    args: &ExploreArgs,
    deadline: Option<Instant>,
    stop: &AtomicBool,
) -> io::Result<Exit> {
    let options = Options {
        strategy: args.strategy,
        jobs: args.jobs.unwrap_or_else(all_cores),
        out,
        deadline,
        max_runs: args.max_runs,
        stop,
    };
    let mut terminal = Terminal {
        json: args.json,
        display: Display::new(&scenario.name),
    };
    let found = match args.strategy {
        StrategyName::Exhaustive { bound } => {
            let seeds = args.seeds.clone().unwrap_or_else(|| Seeds::one(0));
            explore::search(scenario, &seeds, bound, &options, &mut terminal)?
        }
        _ => {
            let seeds = seeds(args);
            explore::sample(scenario, seeds.as_ref(), &options, &mut terminal)?
        }
    };
    drop(terminal);
    if !args.no_shrink && !found.interrupted {
        shrink(scenario, &found, args.json)?;
    }
    tell(scenario, &found, args)?;
    Ok(found.exit(scenario, args.shard.is_none()))
}

fn all_cores() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// The seeds to sample; none if the shard is empty.
fn seeds(args: &ExploreArgs) -> Option<Seeds> {
    let given = args.seeds.clone();
    let seeds = given.or_else(|| {
        let unlimited = args.time.is_some();
        Seeds::count(if unlimited { u64::MAX } else { SEEDS })
    })?;
    match args.shard {
        Some(shard) => shard.of(&seeds),
        None => Some(seeds),
    }
}

/// Shrinks the first failures of each kind, and tells their stories.
fn shrink(scenario: &Scenario, found: &Exploration, json: bool) -> io::Result<()> {
    for (signature, file) in found.repros.iter().take(SHRUNK) {
        let story = match Repro::read(file) {
            Ok(repro) => aftermath::story(scenario, &repro, file),
            Err(_) => format!("  {} cannot be read back\n", file.display()),
        };
        if !json {
            say(&format!("\n{signature}\n{story}\n"))?;
        }
    }
    Ok(())
}

fn tell(scenario: &Scenario, found: &Exploration, args: &ExploreArgs) -> io::Result<()> {
    if args.json {
        let line = serde_json::to_string(&ExploreLine::new(scenario, found, args.shard))?;
        say(&format!("{line}\n"))?;
    } else {
        say(&explore::summary(scenario, found))?;
    }
    if args.shard.is_none() {
        for goal in found.missing(scenario) {
            complain(&format!(
                "{}: none of {} seeds reached `{goal}`\n",
                scenario.name, found.seeds
            ));
        }
    }
    if let Some(remaining) = found.remaining.as_ref().filter(|_| found.interrupted) {
        let set = args.set.as_arguments();
        complain(&format!(
            "{}: interrupted after {}; to go on: rehearsal explore {} --seeds {remaining} \
             --strategy {}{set}\n",
            scenario.name,
            counted(usize::try_from(found.seeds).unwrap_or(usize::MAX), "seed"),
            scenario.name,
            found.strategy,
        ));
    }
    Ok(())
}

/// Shows an exploration while it goes on.
struct Terminal {
    json: bool,
    display: Display,
}

impl Terminal {
    fn say(&self, text: &str) -> io::Result<()> {
        if self.json {
            return Ok(());
        }
        self.display.aside(|| say(text))
    }
}

impl Audience for Terminal {
    fn failure(&mut self, finding: &Finding) -> io::Result<()> {
        self.say(&explore::finding(finding))
    }

    fn estimate(&mut self, seed: u64, search: Search) -> io::Result<()> {
        self.say(&format!(
            "seed {seed}: about {} schedules in all with at most {}\n",
            search.estimate,
            counted(search.bound as usize, "deviation")
        ))
    }

    fn warning(&mut self, text: &str) {
        self.display
            .aside(|| complain(&format!("warning: {text}\n")));
    }

    fn progress(&mut self, progress: &Progress) {
        self.display.update(progress);
    }
}
