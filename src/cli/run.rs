//! `rehearsal run`.

use std::io;
use std::path::Path;

use rehearsal_agents::spec::Transport;

use crate::exit::Exit;
use crate::explore::worse;
use crate::json::RunLine;
use crate::run::{self, RunOptions, RunReport, RunVerdict};
use crate::scenario::{ExpectedVerdict, Scenario};
use crate::summary;
use crate::sweep::{Seeds, Sweep};

use super::{RunArgs, TransportArg, complain, say, select};

pub(super) fn run(root: &Path, args: &RunArgs) -> io::Result<Exit> {
    let scenarios = match select::scenarios(root, &args.scenarios) {
        Ok(scenarios) => scenarios,
        Err(problems) => {
            select::report(&problems);
            return Ok(Exit::Usage);
        }
    };
    let mut chosen = Vec::new();
    for scenario in scenarios {
        match with_transport(scenario, args.transport) {
            Ok(scenario) => chosen.push(scenario),
            Err(problem) => {
                complain(&format!("error: {problem}\n"));
                return Ok(Exit::Usage);
            }
        }
    }
    let mut worst = Exit::Pass;
    for scenario in &chosen {
        worst = worse(worst, run_one(scenario, args)?);
    }
    Ok(worst)
}

pub(super) fn with_transport(
    scenario: Scenario,
    wanted: Option<TransportArg>,
) -> Result<Scenario, String> {
    let transport = match wanted {
        None => return Ok(scenario),
        Some(TransportArg::InProcess) => Transport::InProcess,
        Some(TransportArg::Websocket) => Transport::WebSocket,
    };
    scenario
        .with_transport(transport)
        .map_err(|error| error.to_string())
}

fn run_one(scenario: &Scenario, args: &RunArgs) -> io::Result<Exit> {
    let single = args.seeds.is_none();
    let one = Seeds::one(args.seed.unwrap_or(0));
    let seeds = args.seeds.clone().unwrap_or(one);
    let mut sweep = Sweep::default();
    let mut worst = Exit::Pass;
    for seed in seeds {
        let report = play(scenario, seed, args);
        sweep.add(&report, scenario.expect.verdict);
        worst = worse(worst, report.verdict.exit());
        if args.json {
            let line = serde_json::to_string(&RunLine::from(&report))?;
            say(&format!("{line}\n"))?;
        } else if single {
            say(&summary::run(scenario, &report))?;
        } else if report.verdict != RunVerdict::Pass && sweep.is_worth_showing(&report) {
            say(&summary::failure(&report))?;
        }
    }
    if !args.json && !single {
        say(&summary::sweep(scenario, &sweep))?;
    }
    Ok(worse(worst, sometimes(scenario, &sweep)))
}

fn play(scenario: &Scenario, seed: u64, args: &RunArgs) -> RunReport {
    let options = RunOptions::new(seed, args.strategy);
    if args.check_determinism {
        run::play_twice(scenario, options)
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
