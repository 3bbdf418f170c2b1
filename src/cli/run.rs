//! `rehearsal run`.

use std::io;
use std::path::{Path, PathBuf};

use crate::aftermath;
use crate::determinism;
use crate::exit::Exit;
use crate::explore::worse;
use crate::json::RunLine;
use crate::repro::{Repro, save_failure};
use crate::run::{self, RunOptions, RunReport, RunVerdict};
use crate::scenario::{ExpectedVerdict, Scenario};
use crate::summary;
use crate::sweep::{Seeds, Sweep};

use super::{RunArgs, complain, say, select};

pub(super) fn run(root: &Path, out: &Path, args: &RunArgs) -> io::Result<Exit> {
    let Some(chosen) = select::chosen(root, &args.scenarios, &args.set) else {
        return Ok(Exit::Usage);
    };
    let mut worst = Exit::Pass;
    for scenario in &chosen {
        worst = worse(worst, run_one(scenario, out, args)?);
    }
    Ok(worst)
}

fn run_one(scenario: &Scenario, out: &Path, args: &RunArgs) -> io::Result<Exit> {
    let single = args.seeds.is_none();
    let one = Seeds::one(args.seed.unwrap_or(0));
    let seeds = args.seeds.clone().unwrap_or(one);
    let mut sweep = Sweep::default();
    let mut worst = Exit::Pass;
    for seed in seeds {
        let report = play(scenario, seed, args);
        sweep.add(&report, scenario.expect.verdict);
        worst = worse(worst, report.verdict.exit());
        // Before anything is said about the failure: it must not get lost.
        let repro = save(scenario, &report, out);
        if args.json {
            let line = serde_json::to_string(&RunLine::new(
                &report,
                repro.as_ref().map(|(path, _)| path.as_path()),
            ))?;
            say(&format!("{line}\n"))?;
        } else {
            if single {
                say(&summary::run(scenario, &report))?;
            }
            let is_news = report.verdict != RunVerdict::Pass && sweep.is_worth_showing(&report);
            if single || is_news {
                say(&story(scenario, &report, repro, args.no_shrink))?;
            }
        }
    }
    if !args.json && !single {
        say(&summary::sweep(scenario, &sweep))?;
    }
    Ok(worse(worst, sometimes(scenario, &sweep)))
}

/// Writes the repro of a run that failed. Two runs of one seed that differ have
/// none: there is nothing to reproduce.
fn save(scenario: &Scenario, report: &RunReport, out: &Path) -> Option<(PathBuf, Repro)> {
    if [RunVerdict::Pass, RunVerdict::Nondeterminism].contains(&report.verdict) {
        return None;
    }
    match save_failure(scenario, report.seed, report.strategy, out) {
        Ok((path, repro)) => {
            if repro.expected.fingerprint != report.fingerprint {
                complain(&format!(
                    "warning: played again for its repro, seed {} of {} gave another run; \
                     --check-determinism says where\n",
                    report.seed, scenario.name
                ));
            }
            Some((path, repro))
        }
        Err(error) => {
            complain(&format!(
                "warning: no repro of seed {} of {} in {}: {error}\n",
                report.seed,
                scenario.name,
                out.display()
            ));
            None
        }
    }
}

/// The verdict; of a failure, the block.
fn story(
    scenario: &Scenario,
    report: &RunReport,
    repro: Option<(PathBuf, Repro)>,
    no_shrink: bool,
) -> String {
    let more = match repro {
        Some((path, _)) if no_shrink => summary::next_steps(&path),
        Some((path, repro)) => aftermath::story(scenario, &repro, &path),
        None => String::new(),
    };
    summary::failure(report) + &more
}

fn play(scenario: &Scenario, seed: u64, args: &RunArgs) -> RunReport {
    let options = RunOptions::new(seed, args.strategy);
    if args.check_determinism {
        determinism::play_twice(scenario, options)
    } else {
        run::play(scenario, options)
    }
}

/// A healthy scenario that was given all its seeds must have reached its
/// `sometimes` goals; a pass that never came near them means nothing.
fn sometimes(scenario: &Scenario, sweep: &Sweep) -> Exit {
    let enough = sweep.seeds >= u64::from(scenario.seeds);
    if !enough || scenario.expect.verdict != ExpectedVerdict::Pass {
        return Exit::Pass;
    }
    let missing = sweep.missing(scenario);
    for goal in &missing {
        complain(&format!(
            "{}: none of {} seeds reached `{goal}`\n",
            scenario.name, sweep.seeds
        ));
    }
    if missing.is_empty() {
        Exit::Pass
    } else {
        Exit::Violation
    }
}
