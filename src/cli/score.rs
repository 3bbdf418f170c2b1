//! `rehearsal score`.

use std::fs;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;

use super::explore::{jobs, watch_interrupt};
use super::terminal::Terminal;
use super::{SetArgs, print_error, select};
use crate::command::{Console, all_cores};
use crate::console::Shown;
use crate::exit::Exit;
use crate::run::StrategyName;
use crate::run::seeds::Seeds;
use crate::scenario::Scenario;
use crate::score::{
    Measuring, PlannedSeeds, Score, ScoreLine, SeedPlan, head, measure, page, read_scores, row,
    summary,
};

/// The seeds of each defect if nothing is said of them.
const SEEDS: u64 = 1_000;

/// The arguments of `rehearsal score`.
#[derive(Args, Debug)]
pub(super) struct ScoreArgs {
    /// Names of scenarios, paths of their files, or directories of them; all, if none is
    /// given. Those without a defect are left out.
    #[arg(value_name = "SCENARIO")]
    scenarios: Vec<String>,
    /// Run these seeds of each defect and of each twin: a count, or a range `a..b`; 1000
    /// without this. A defect that 200 runs have shown is run no more. `random=2000` says it
    /// of one strategy; may be repeated.
    #[arg(long, value_name = "N|X=N")]
    seeds: Vec<PlannedSeeds>,
    /// Measure this strategy; may be repeated. `all` stands for every strategy that runs one
    /// schedule for each seed, and for the portfolio.
    #[arg(long = "strategy", value_name = "X", default_value = "portfolio")]
    strategies: Vec<Choice>,
    /// Worker threads; without this, as many as there are cores. The results are the
    /// same.
    #[arg(long, value_name = "J", value_parser = jobs)]
    jobs: Option<NonZeroUsize>,
    #[command(flatten)]
    set: SetArgs,
    /// Leave the healthy twins out. With the portfolio among several strategies, they run under
    /// it alone.
    #[arg(long)]
    no_twins: bool,
    /// Print one JSON object a line, one line for each defect and strategy.
    #[arg(long)]
    json: bool,
    /// Take the results that `--json` printed into this file, instead of measuring; may be
    /// repeated. A later result of the same defect and strategy replaces an earlier one.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["scenarios", "seeds", "json"])]
    from: Vec<PathBuf>,
    /// Write the results as a page of Markdown, too.
    #[arg(long, value_name = "FILE")]
    page: Option<PathBuf>,
}

/// One or all strategies.
#[derive(Clone, Copy, Debug)]
enum Choice {
    All,
    One(StrategyName),
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "all" {
            return Ok(Self::All);
        }
        super::sampling_strategy(text).map(Self::One)
    }
}

/// Returns the seeds of each strategy.
///
/// # Errors
///
/// If a strategy has seeds of its own that is not measured.
fn seeds(parts: &[PlannedSeeds], strategies: &[StrategyName]) -> Result<SeedPlan, String> {
    let common = Seeds::count(SEEDS).expect("more than none");
    let plan = parts
        .iter()
        .cloned()
        .fold(SeedPlan::new(common), SeedPlan::with);
    let other = plan.strategies().find(|it| !strategies.contains(it));
    match other {
        Some(other) => Err(format!(
            "error: there are seeds for `{other}`, which is not measured\n\
             hint: name it with --strategy {other}\n"
        )),
        None => Ok(plan),
    }
}

/// Returns the strategies that were chosen, each once.
fn strategies(choices: &[Choice]) -> Vec<StrategyName> {
    let mut chosen = Vec::new();
    for choice in choices {
        let named = match choice {
            Choice::All => all(),
            Choice::One(strategy) => vec![*strategy],
        };
        for strategy in named {
            if !chosen.contains(&strategy) {
                chosen.push(strategy);
            }
        }
    }
    chosen
}

/// Returns every strategy that runs one schedule for each seed, and the portfolio.
fn all() -> Vec<StrategyName> {
    let mut all = StrategyName::samplers();
    all.push(StrategyName::default());
    all
}

pub(super) fn score(root: &Path, args: &ScoreArgs) -> io::Result<Exit> {
    let scores = match args.from.as_slice() {
        [] => measured(root, args)?,
        files => read(files),
    };
    let scores = match scores {
        Ok(scores) => scores,
        Err(exit) => return Ok(exit),
    };
    if !args.json {
        super::print_text(&summary(&scores))?;
    }
    if let Some(file) = &args.page
        && let Err(error) = fs::write(file, page(&scores))
    {
        print_error(&format!("error: cannot write {}: {error}\n", file.shown()));
        return Ok(Exit::Usage);
    }
    Ok(exit(&scores))
}

/// Returns the results that earlier measurements have printed, or the exit code for a file
/// that has none.
fn read(files: &[PathBuf]) -> Result<Vec<Score>, Exit> {
    let mut scores = Vec::new();
    for file in files {
        let name = file.shown();
        let read = fs::read_to_string(file)
            .map_err(|error| format!("error: cannot read {name}: {error}\n"))
            .and_then(|text| {
                read_scores(&text).map_err(|(line, problem)| {
                    format!(
                        "error: {name}:{line}: {problem}\n\
                         hint: `rehearsal score --json` prints such lines\n"
                    )
                })
            });
        match read {
            Ok(read) => scores.extend(read),
            Err(problem) => {
                print_error(&problem);
                return Err(Exit::Usage);
            }
        }
    }
    Ok(scores)
}

/// Measures what the arguments say, or returns the exit code if there is nothing to measure or
/// it was interrupted.
fn measured(root: &Path, args: &ScoreArgs) -> io::Result<Result<Vec<Score>, Exit>> {
    let Some(mut chosen) = select::chosen(root, &args.scenarios, &args.set) else {
        return Ok(Err(Exit::Usage));
    };
    chosen.retain(|scenario| scenario.spec.defect.is_some());
    if chosen.is_empty() {
        print_error("error: none of the scenarios carries a defect\n");
        return Ok(Err(Exit::NothingSelected));
    }
    let strategies = strategies(&args.strategies);
    let seeds = match seeds(&args.seeds, &strategies) {
        Ok(seeds) => seeds,
        Err(problem) => {
            print_error(&problem);
            return Ok(Err(Exit::Usage));
        }
    };
    let scores = measure_all(&chosen, &strategies, &seeds, args)?;
    Ok(scores.ok_or(Exit::Unknown))
}

/// Measures every strategy on every scenario, and prints each result; none if it was
/// interrupted.
fn measure_all(
    scenarios: &[Scenario],
    strategies: &[StrategyName],
    seeds: &SeedPlan,
    args: &ScoreArgs,
) -> io::Result<Option<Vec<Score>>> {
    let stop = watch_interrupt();
    let width = scenarios.iter().map(|scenario| scenario.name.len()).max();
    let width = width.unwrap_or_default();
    if !args.json {
        super::print_text(&head(width))?;
    }
    let mut scores = Vec::new();
    for scenario in scenarios {
        let mut terminal = Terminal::new(&scenario.name);
        for &strategy in strategies {
            let measuring = Measuring {
                seeds: seeds.of(strategy),
                jobs: args.jobs.unwrap_or_else(all_cores),
                stop: &stop,
            };
            let mut show = |progress: &_| terminal.progress(progress);
            let with_twin = !args.no_twins && runs_twins(strategy, strategies);
            let score = measure(scenario, strategy, measuring, with_twin, &mut show)?;
            let Some(score) = score else {
                print_error(&format!("interrupted at {}, {strategy}\n", scenario.name));
                return Ok(None);
            };
            if args.json {
                let line = serde_json::to_string(&ScoreLine::from(&score))?;
                terminal.print(&format!("{line}\n"))?;
            } else {
                terminal.print_text(&row(&score, width))?;
            }
            scores.push(score);
        }
    }
    Ok(Some(scores))
}

/// Returns `true` if twins run under a strategy: under the portfolio alone if it is measured,
/// because its members take turns there.
fn runs_twins(strategy: StrategyName, strategies: &[StrategyName]) -> bool {
    strategy.is_portfolio() || !strategies.iter().any(|it| it.is_portfolio())
}

/// Returns the exit code: that of the worst verdict of a twin; else unknown, if no strategy
/// found some defect.
fn exit(scores: &[Score]) -> Exit {
    let alarm = scores.iter().map(|score| score.twin_verdict.exit());
    let alarm = alarm.fold(Exit::Pass, Exit::worst);
    let found = |defect: &Score| {
        let same = |score: &&Score| score.scenario == defect.scenario;
        scores
            .iter()
            .filter(same)
            .any(|score| score.detected.hits > 0)
    };
    if scores.iter().all(found) {
        alarm
    } else {
        alarm.worst(Exit::Unknown)
    }
}
