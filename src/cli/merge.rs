//! `rehearsal merge`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::{print_error, print_result, select};
use crate::exit::Exit;
use crate::report::summary::many;
use crate::results::{self, Counts, Directory, EXTENSION, Estimate, ProgramId, Results, View};
use crate::scenario::Diagnostic;

/// The arguments of `rehearsal merge`.
#[derive(Args, Debug)]
pub(super) struct MergeArgs {
    /// Directories with results, as `rehearsal explore` leaves them below --out.
    #[arg(value_name = "DIR", required = true)]
    directories: Vec<PathBuf>,
    /// Write the results together into one file, `merged.results` in this directory.
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
    /// Exit with 0 if failures were found, for a scheduler of jobs that runs failed ones again.
    #[arg(long)]
    found_is_success: bool,
    /// Print one JSON object a line, one line a program.
    #[arg(long)]
    json: bool,
}

/// Prints the results of all directories together.
pub(super) fn merge(args: &MergeArgs) -> io::Result<Exit> {
    let all = match read(&args.directories) {
        Ok(all) => all,
        Err(problems) => {
            select::report(&problems);
            return Ok(Exit::Usage);
        }
    };
    let views = all.views();
    if views.is_empty() {
        print_error(&format!("no files that end in .{EXTENSION}\n"));
        return Ok(Exit::NothingSelected);
    }
    let mut text = String::new();
    let mut worst = Exit::Pass;
    for (program, view) in &views {
        worst = worst.worst(view.exit(true));
        text += &match args.json {
            true => serde_json::to_string(&MergeLine::new(program, view))? + "\n",
            false => readable(program, view),
        };
    }
    if let Some(into) = &args.into {
        let path = into.join(format!("merged.{EXTENSION}"));
        if let Err(error) = results::write(&all, &path) {
            let path = path.display();
            print_error(&format!("error: cannot write {path}: {error}\n"));
            return Ok(Exit::Internal);
        }
    }
    if args.found_is_success {
        worst = worst.found_is_success();
    }
    print_result(&text, worst)
}

/// Reads the results of all directories.
fn read(directories: &[PathBuf]) -> Result<Results, Vec<Diagnostic>> {
    let mut all = Directory::default();
    let mut problems = Vec::new();
    for directory in directories {
        match Directory::read(directory) {
            Ok(found) => all.merge(found),
            Err(found) => problems.extend(found),
        }
    }
    problems.extend(all.conflicts());
    match problems.is_empty() {
        true => Ok(all.results),
        false => Err(problems),
    }
}

/// One line of `rehearsal merge --json`: one program.
#[derive(Serialize)]
struct MergeLine<'a> {
    #[serde(flatten)]
    program: &'a ProgramId,
    /// The seeds, in rows as long as can be.
    seeds: Vec<String>,
    #[serde(flatten)]
    counts: &'a Counts,
    /// About how many schedules each strategy has shown.
    coverage: BTreeMap<&'a str, Estimate>,
    /// The goals that no run has reached, if there were enough runs.
    goals_missed: &'a [String],
    /// The oracles that no run gave anything to check, if there were enough runs.
    oracles_vacuous: &'a [String],
    /// The counts of the searches before the seeds.
    searched: &'a Counts,
    /// Seeds in a row that are not counted, because a part of them is in another row.
    overlapping: Vec<String>,
    /// Seeds whose counts differ between two files.
    contradicting: Vec<String>,
}

impl<'a> MergeLine<'a> {
    fn new(program: &'a ProgramId, view: &'a View) -> Self {
        Self {
            program,
            seeds: texts(&view.seeds),
            counts: &view.counts,
            coverage: view.counts.schedules.estimates().collect(),
            goals_missed: &view.missed,
            oracles_vacuous: &view.vacuous,
            searched: &view.searched,
            overlapping: texts(&view.overlapping),
            contradicting: texts(&view.contradicting),
        }
    }
}

fn texts<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(T::to_string).collect()
}

/// Returns the results of a program as lines for people.
fn readable(program: &ProgramId, view: &View) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{}, {}: {}, {}",
        program.target,
        program.strategy,
        many(view.counts.runs, "seed"),
        texts(&view.seeds).join(", ")
    );
    for (verdict, count) in &view.counts.verdicts {
        let _ = writeln!(text, "  {verdict:<10} {count}");
    }
    for (signature, found) in &view.counts.failures.0 {
        let _ = writeln!(
            text,
            "  {signature}: {}, the first with seed {}, the smallest with seed {}, {}",
            many(found.count, "run"),
            found.lowest_seed,
            found.smallest.seed,
            many(found.smallest.deviations, "deviation"),
        );
    }
    if view.searched.runs > 0 {
        let failures = view.searched.failures.0.values().map(|found| found.count);
        let _ = writeln!(
            text,
            "  before the seeds {}, {} failed",
            many(view.searched.runs, "schedule"),
            failures.sum::<u64>()
        );
    }
    for (strategy, estimate) in view.counts.schedules.estimates() {
        let _ = writeln!(
            text,
            "  {strategy}: {}, about {}, {} of them seen once",
            many(estimate.runs, "run"),
            many(estimate.distinct, "schedule"),
            estimate.once,
        );
    }
    for seeds in &view.overlapping {
        let _ = writeln!(
            text,
            "  not counted: {seeds}, of which other results have a part"
        );
    }
    for seeds in &view.contradicting {
        let _ = writeln!(text, "  two results of the seeds {seeds} differ");
    }
    for (goal, runs) in &view.counts.goals {
        let _ = writeln!(text, "  {goal} reached in {}", many(*runs, "run"));
    }
    for goal in &view.missed {
        let _ = writeln!(text, "  {goal} reached in none");
    }
    for oracle in &view.vacuous {
        let _ = writeln!(text, "  {oracle} had nothing to check in any");
    }
    text
}
