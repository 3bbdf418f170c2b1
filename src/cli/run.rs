//! `rehearsal run`.

use std::fmt::{self, Write};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::atomic::AtomicBool;

use rehearsal_history::metrics::Unit;

use super::baseline::{Metrics, Shared};
use super::results::ResultFiles;
use super::{RunArgs, print, print_error, print_result, print_text, select};
use crate::exit::Exit;
use crate::explore::{
    self, Describe, Executed, Exploration, Keep, Options, Repeat, Reporter, Totals, summary,
};
use crate::report;
use crate::report::failure::{self, FailureText};
use crate::report::json::RunLine;
use crate::report::next_steps::{self, NextSteps};
use crate::report::summary::{BAD, GOOD, many, styled};
use crate::run::RunVerdict;
use crate::run::seeds::Seeds;
use crate::scenario::{ExpectedVerdict, Scenario};
use crate::target::Target;

pub(super) fn run(root: &Path, out: &Path, args: &RunArgs) -> io::Result<Exit> {
    let Some(chosen) = select::chosen(root, &args.scenarios, &args.set) else {
        return Ok(Exit::Usage);
    };
    let Some(mut metrics) = Metrics::of(&args.baseline) else {
        return Ok(Exit::Usage);
    };
    let mut results = ResultFiles::new("run", &args.results);
    let mut worst = Exit::Pass;
    for scenario in &chosen {
        match run_one(scenario, out, args, &mut metrics, &mut results)? {
            // Nothing that was asked for can be said.
            Exit::Usage => return Ok(Exit::Usage),
            exit => worst = worst.worst(exit),
        }
    }
    let table = results.table();
    worst = results.write(worst);
    if !args.json {
        worst = print_result(&table, worst)?;
    }
    metrics.finish(worst)
}

fn run_one(
    scenario: &Scenario,
    out: &Path,
    args: &RunArgs,
    metrics: &mut Metrics<'_>,
    results: &mut ResultFiles,
) -> io::Result<Exit> {
    let one = Seeds::one(args.seed.unwrap_or(0));
    let shown = match (args.json, &args.seeds) {
        (true, _) => Shown::Json,
        (false, None) => Shown::Whole,
        (false, Some(_)) => Shown::FirstOfEachVerdict,
    };
    let json: &Describe<'_> = &|report, repro| {
        let line = serde_json::to_string(&RunLine::new(report, repro))?;
        Ok(format!("{line}\n"))
    };
    let text: &Describe<'_> = &|report, _| Ok(report::summary::run(scenario, report));
    let described = match shown {
        Shown::Json => Some(json),
        Shown::Whole => Some(text),
        Shown::FirstOfEachVerdict => None,
    };
    let shared = Shared::default();
    let measured: &Describe<'_> = &|report, repro| {
        shared.add(report);
        described.map_or_else(|| Ok(String::new()), |describe| describe(report, repro))
    };
    let options = Options {
        repeat: if args.check_determinism {
            Repeat::Each
        } else {
            Repeat::Never
        },
        describe: if metrics.are_wanted() {
            Some(measured)
        } else {
            described
        },
        ..Options::one_by_one(args.strategy, out, Keep::Each)
    };
    let mut reporter = Printer {
        scenario,
        shown,
        no_shrink: args.no_shrink,
        worst: Exit::Pass,
    };
    let seeds = args.seeds.as_ref().unwrap_or(&one);
    let found = match explore::explore(scenario, Some(seeds), &options, &mut reporter) {
        // The reader has read enough: the other seeds are not run, and what the first ones
        // have shown is no pass.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {
            return Ok(reporter.worst.worst(Exit::Unknown));
        }
        found => found?,
    };
    let exit = found.exit_within(scenario, true, args.max_failure_rate);
    results.add(scenario, &found, exit);
    if shown == Shown::FirstOfEachVerdict {
        match print_text(&seeds_text(scenario, &found)) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(exit),
            printed => printed?,
        }
    }
    if let Some(problem) = summary::unreached(&found, &found.missing(scenario)) {
        print_error(&format!("{}: {problem}\n", scenario.name));
    }
    if let (Some(most), Some(rate)) = (args.max_failure_rate, found.failure_rate()) {
        let (rate, most) = (Unit::Share.show(rate), Unit::Share.show(most));
        let runs = many(found.totals.runs, "run");
        print_error(&format!(
            "{}: {rate} of {runs} failed; at most {most} may\n",
            scenario.name
        ));
    }
    if !metrics.are_wanted() {
        return Ok(exit);
    }
    let (strategy, seeds) = (args.strategy.to_string(), seeds.to_string());
    let measured = shared.into_inner();
    let measured = measured.finish(&scenario.name, &strategy, &seeds);
    Ok(match metrics.take(measured, args.json)? {
        Exit::Usage => Exit::Usage,
        compared => exit.worst(compared),
    })
}

/// The text that is printed of each run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// A line of JSON.
    Json,
    /// The run, and its failure.
    Whole,
    /// The failure, of the first run with each verdict; the others are counted.
    FirstOfEachVerdict,
}

/// Prints runs as they end.
struct Printer<'a> {
    scenario: &'a Scenario,
    shown: Shown,
    no_shrink: bool,
    /// The exit code of the worst run so far.
    worst: Exit,
}

impl Printer<'_> {
    fn is_shown(&self, run: &Executed, totals: &Totals) -> bool {
        match self.shown {
            Shown::Json => false,
            Shown::Whole => true,
            Shown::FirstOfEachVerdict => {
                run.failure.is_some() && totals.verdicts.get(&run.verdict) == Some(&1)
            }
        }
    }

    /// Prints the verdict; of a failure, what led to it.
    fn print_verdict(&self, run: &Executed) -> io::Result<()> {
        let FailureText { block, next } = match &run.repro {
            Some(path) if self.no_shrink => FailureText {
                block: String::new(),
                next: next_steps::with_command(path),
            },
            Some(path) => failure::render_file(
                self.scenario,
                path,
                NextSteps::Binary,
                &AtomicBool::new(false),
            ),
            None => FailureText::default(),
        };
        print_text(&format!("{}{block}", run.verdict_text))?;
        print(&next)
    }
}

impl Reporter for Printer<'_> {
    fn run(&mut self, run: &Executed, totals: &Totals) -> io::Result<()> {
        self.worst = self.worst.worst(run.verdict.exit());
        if let Some(text) = &run.text {
            match self.shown {
                Shown::Json => print(text)?,
                Shown::Whole | Shown::FirstOfEachVerdict => print_text(text)?,
            }
        }
        if self.is_shown(run, totals) {
            self.print_verdict(run)?;
        }
        Ok(())
    }

    fn warning(&mut self, text: &str) {
        print_error(&format!("warning: {text}\n"));
    }
}

/// Returns the line about seeds that were run one after the other.
fn seeds_text(target: &dyn Target, found: &Exploration) -> String {
    let mut text = String::new();
    let _ = write_seeds(&mut text, target, found);
    text
}

fn write_seeds(text: &mut String, target: &dyn Target, found: &Exploration) -> fmt::Result {
    let totals = &found.totals;
    let verdicts: Vec<String> = totals
        .verdicts
        .iter()
        .map(|(verdict, count)| format!("{count} {verdict}"))
        .collect();
    let passed = totals.verdicts.keys().all(|v| *v == RunVerdict::Pass);
    let style = if passed { GOOD } else { BAD };
    writeln!(
        text,
        "{}  {} seeds: {}; {} messages emitted, {} delivered, {:.1} s of virtual time",
        styled(style, target.name()),
        found.seeds,
        verdicts.join(", "),
        totals.events.emitted,
        totals.events.delivered,
        totals.virtual_ms as f64 / 1_000.0,
    )?;
    summary::write_vacuous(text, target, found)?;
    let ExpectedVerdict::Violation(oracle) = target.expected().verdict else {
        return Ok(());
    };
    match &totals.first_detected {
        Some(first) => writeln!(
            text,
            "  expected: `{oracle}` caught the defect in {} of {} seeds, first in seed {}",
            totals.detected, found.seeds, first.seed
        ),
        None => writeln!(
            text,
            "  `{oracle}` is expected to catch the defect and did not in {} seeds",
            found.seeds
        ),
    }
}
