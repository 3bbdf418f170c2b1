//! `rehearsal verify-determinism`.

mod difference;
mod draw;
mod side;
mod tally;

use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use clap::Args;

use self::difference::Difference;
use self::draw::Draw;
use self::side::{Broken, Digests, Program, ScenarioKey, Surroundings};
use self::tally::Tally;
use super::explore::{PackageArgs, jobs, watch_interrupt};
use super::test_binary::{self, Packages};
use super::{SetArgs, print_error, print_result, select};
use crate::command::all_cores;
use crate::command::digest::{DigestExtent, RunKey};
use crate::exit::Exit;
use crate::explore::run_workers;
use crate::repro::shell_word;
use crate::run::StrategyName;
use crate::scenario::Scenario;

pub(super) use self::side::print_digests;

/// Runs of a process at most: more of them share the time that its start takes, and fewer are
/// lost by an interruption.
const BATCH_MAX: u64 = 256;

/// The arguments of `rehearsal verify-determinism`.
#[derive(Args, Debug)]
pub(super) struct VerifyArgs {
    /// Names of scenarios, paths of their files, or directories of them; if none is given,
    /// all.
    #[arg(value_name = "SCENARIO")]
    scenarios: Vec<String>,
    /// Compare so many pairs of runs.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1_000,
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    pairs: u64,
    /// Draw the runs by this seed: the same one draws the same runs.
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// Run with this strategy. Without it, each run draws one.
    #[arg(long, value_name = "X", value_parser = super::sampling_strategy)]
    strategy: Option<StrategyName>,
    /// Run the second of each pair by this program: another build of the command line, or a
    /// script that starts one for another machine.
    #[arg(long, value_name = "PROGRAM", conflicts_with = "test")]
    against: Option<PathBuf>,
    /// Run the `#[rehearsal::test]` of this name, or whose path ends in it, which cargo builds.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["scenarios", "transport", "set"])]
    test: Option<String>,
    #[command(flatten)]
    packages: PackageArgs,
    #[command(flatten)]
    set: SetArgs,
    /// Pairs of processes at a time; without this, as many as there are cores.
    #[arg(long, value_name = "J", value_parser = jobs)]
    jobs: Option<NonZeroUsize>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub(super) fn verify(root: &Path, args: &VerifyArgs) -> io::Result<Exit> {
    let comparison = match Comparison::of(root, args)? {
        Ok(comparison) => comparison,
        Err(exit) => return Ok(exit),
    };
    let stop = watch_interrupt();
    let mut tally = Tally::new(args.pairs);
    let broken = comparison.compare(args, &stop, &mut tally)?;
    for broken in &broken {
        print_error(&format!("error: {}\n", broken.message.trim_end()));
    }
    let exit = broken
        .iter()
        .map(|broken| broken.exit)
        .fold(tally.exit(), worse);
    print_result(&comparison.describe(&tally, args)?, exit)
}

/// Returns the worse of two. That a process broke off says more than that pairs are missing.
fn worse(exit: Exit, other: Exit) -> Exit {
    match (exit, other) {
        (Exit::Pass | Exit::Unknown, other) => other,
        (exit, other) => exit.worst(other),
    }
}

/// The runs that are compared, and the programs that run them.
struct Comparison {
    draw: Draw,
    /// How the targets are named on the command line.
    names: Vec<String>,
    first: Program,
    /// None for the same.
    second: Option<Program>,
    can_fix_layout: bool,
}

impl Comparison {
    /// Returns what the arguments name; an exit code if they name nothing, which has been
    /// reported.
    fn of(root: &Path, args: &VerifyArgs) -> io::Result<Result<Self, Exit>> {
        let (names, first, second) = match &args.test {
            Some(test) => match test_binary::find(&Packages::from(&args.packages), test) {
                Ok(program) => {
                    let name = format!("--test {}", shell_word(test));
                    (vec![name], Program::Test(program), None)
                }
                Err(problem) => {
                    print_error(&format!("error: {}\n", problem.message(test)));
                    return Ok(Err(problem.exit()));
                }
            },
            None => match scenarios(root, args) {
                Ok(scenarios) => {
                    let names = scenarios.iter().map(named).collect();
                    let (first, second) = programs(&scenarios, args.against.as_deref())?;
                    (names, first, second)
                }
                Err(exit) => return Ok(Err(exit)),
            },
        };
        Ok(Ok(Self {
            draw: Draw::new(args.seed, names.len(), args.strategy),
            names,
            first,
            second,
            can_fix_layout: side::can_fix_layout(),
        }))
    }

    /// Compares batch after batch. Returns the problems of processes that broke off.
    fn compare(
        &self,
        args: &VerifyArgs,
        stop: &AtomicBool,
        tally: &mut Tally,
    ) -> io::Result<Vec<Broken>> {
        let jobs = args.jobs.unwrap_or_else(all_cores);
        let workers = u64::try_from(jobs.get()).expect("a number of threads");
        let size = args.pairs.div_ceil(workers).clamp(1, BATCH_MAX);
        // What the second process is in, and nothing else.
        let directory = tempfile::tempdir()?;
        let next = AtomicU64::new(0);
        let mut broken = Vec::new();
        run_workers(
            jobs,
            |send| {
                loop {
                    let batch = next.fetch_add(1, Ordering::Relaxed);
                    let Some(from) = batch.checked_mul(size).filter(|from| *from < args.pairs)
                    else {
                        break;
                    };
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let to = from.saturating_add(size).min(args.pairs);
                    let runs: Vec<RunKey> =
                        (from..to).map(|number| self.draw.run(number)).collect();
                    let drawn = Surroundings::drawn(
                        &self.draw,
                        batch,
                        directory.path(),
                        self.can_fix_layout,
                    );
                    let found = self.compare_batch(&runs, &drawn, stop);
                    let go_on = found.is_ok();
                    if !send(found) || !go_on {
                        break;
                    }
                }
            },
            |found| {
                match found {
                    Some(Ok(batch)) => tally.add(batch),
                    Some(Err(problem)) => broken.push(problem),
                    None => {}
                }
                Ok(())
            },
        )?;
        Ok(broken)
    }

    fn compare_batch(
        &self,
        runs: &[RunKey],
        drawn: &Surroundings,
        stop: &AtomicBool,
    ) -> Result<Batch, Broken> {
        let pair = Pair {
            first: (&self.first, &Surroundings::plain()),
            second: (self.second.as_ref().unwrap_or(&self.first), drawn),
            stop,
        };
        let [one, other] = pair.digests(runs, DigestExtent::Hashes)?;
        let mut differences = Vec::new();
        for (run, (one, other)) in runs.iter().zip(one.runs.iter().zip(&other.runs)) {
            if one != other {
                let name = &self.names[run.target];
                differences.push(Difference::find(&pair, name, *run, one, other)?);
            }
        }
        Ok(Batch {
            runs: runs.to_vec(),
            addresses: [one.address, other.address],
            differences,
        })
    }

    fn describe(&self, tally: &Tally, args: &VerifyArgs) -> io::Result<String> {
        let shown = tally::Shown {
            targets: self.names.len(),
            seed: args.seed,
            is_other_build: self.second.is_some(),
        };
        if args.json {
            tally.json(&shown)
        } else {
            Ok(tally.text(&shown))
        }
    }
}

/// The result of two processes.
struct Batch {
    runs: Vec<RunKey>,
    /// The addresses at which the programs were loaded.
    addresses: [String; 2],
    differences: Vec<Difference>,
}

/// Two programs in their surroundings.
struct Pair<'a> {
    first: (&'a Program, &'a Surroundings),
    second: (&'a Program, &'a Surroundings),
    stop: &'a AtomicBool,
}

impl Pair<'_> {
    /// Runs the same in both.
    fn digests(&self, runs: &[RunKey], extent: DigestExtent) -> Result<[Digests; 2], Broken> {
        let side = |(program, surroundings): (&Program, &Surroundings)| {
            program.digests(runs, extent, surroundings, self.stop)
        };
        Ok([side(self.first)?, side(self.second)?])
    }
}

/// Returns the scenarios that the arguments name, with their variants; else the exit code, and
/// the reason is printed.
fn scenarios(root: &Path, args: &VerifyArgs) -> Result<Vec<Scenario>, Exit> {
    let Some(chosen) = select::chosen(root, &args.scenarios, &args.set) else {
        return Err(Exit::Usage);
    };
    if chosen.is_empty() {
        print_error(&format!("no scenario files below {}\n", root.display()));
        return Err(Exit::NothingSelected);
    }
    Ok(draw::variants(chosen))
}

/// Returns the programs of both sides; the second is none if it is the first.
fn programs(
    scenarios: &[Scenario],
    against: Option<&Path>,
) -> io::Result<(Program, Option<Program>)> {
    let keys: io::Result<Vec<ScenarioKey>> = scenarios.iter().map(ScenarioKey::of).collect();
    let keys = keys?;
    let against = against.map(std::path::absolute).transpose()?;
    let second = against.map(|executable| Program::Scenarios {
        executable,
        targets: keys.clone(),
    });
    let first = Program::Scenarios {
        executable: std::env::current_exe()?,
        targets: keys,
    };
    Ok((first, second))
}

/// Returns a scenario and its values as arguments.
fn named(scenario: &Scenario) -> String {
    let mut name = shell_word(&scenario.name);
    for edit in &scenario.set {
        name.push_str(" --set ");
        name.push_str(&shell_word(&edit.to_string()));
    }
    name
}
