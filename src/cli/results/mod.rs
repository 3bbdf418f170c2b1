//! Results for services that show them, beside what `run` and `explore` print: files that are
//! written at the end, and annotations.

mod github;
mod junit;
mod markdown;
mod table;

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use super::layout::Width;
use super::print_error;
use crate::console::Shown;
use crate::exit::Exit;
use crate::explore::{Exploration, summary};
use crate::report::summary::many;
use crate::repro::Draft;
use crate::scenario::Scenario;

use self::junit::Junit;
use self::markdown::Markdown;
use self::table::Table;

/// The arguments that name files of results.
#[derive(Args, Debug)]
pub(super) struct ResultArgs {
    /// Write the results as JUnit into a file, one test case a scenario.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Append the results as a table in Markdown to a file, one row a scenario, as for
    /// `$GITHUB_STEP_SUMMARY`.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
}

impl ResultArgs {
    /// Returns `true` if a file is named.
    pub(super) fn are_given(&self) -> bool {
        self.junit.is_some() || self.markdown.is_some()
    }
}

/// One format of a file of results.
trait Format {
    /// Adds the runs of a scenario, which end in that exit code.
    fn add(&mut self, scenario: &Scenario, found: &Exploration, exit: Exit);

    /// Adds a scenario that was not run.
    fn add_skipped(&mut self, scenario: &Scenario);

    /// Writes what was added to a file.
    ///
    /// # Errors
    ///
    /// If the operating system refuses.
    fn write(&self, path: &Path) -> io::Result<()>;
}

/// The results of one command: their files, and the table at its end.
pub(super) struct ResultFiles {
    files: Vec<(PathBuf, Box<dyn Format>)>,
    table: Table,
}

impl ResultFiles {
    /// Returns the files that the arguments of a command name, with no results yet.
    pub(super) fn new(command: &str, args: &ResultArgs) -> Self {
        let junit = || Box::new(Junit::new(command)) as Box<dyn Format>;
        let markdown = || Box::new(Markdown::new(command)) as Box<dyn Format>;
        let files = [
            args.junit.clone().map(|path| (path, junit())),
            args.markdown.clone().map(|path| (path, markdown())),
        ];
        Self {
            files: files.into_iter().flatten().collect(),
            table: Table::default(),
        }
    }

    /// Adds the runs of a scenario, which end in that exit code.
    pub(super) fn add(&mut self, scenario: &Scenario, found: &Exploration, exit: Exit) {
        for (_, format) in &mut self.files {
            format.add(scenario, found, exit);
        }
        self.table.add(&scenario.name, found, exit);
        github::annotate(scenario, found, exit);
    }

    /// Adds a scenario that was not run.
    pub(super) fn add_skipped(&mut self, scenario: &Scenario) {
        for (_, format) in &mut self.files {
            format.add_skipped(scenario);
        }
        self.table.add_skipped();
    }

    /// Returns the table at the end; empty if there are not several scenarios.
    pub(super) fn table(&self) -> String {
        self.table.text(Width::of_stdout())
    }

    /// Writes the files. Returns the exit code: results without their file are no pass.
    pub(super) fn write(self, worst: Exit) -> Exit {
        let mut exit = worst;
        for (path, format) in &self.files {
            if let Err(error) = format.write(path) {
                let path = path.shown();
                print_error(&format!("error: cannot write `{path}`: {error}\n"));
                exit = match exit {
                    Exit::Pass => Exit::Internal,
                    worst => worst,
                };
            }
        }
        exit
    }
}

/// Returns the most frequent failure of a scenario in one line or, without one, what its runs do
/// not show, or the exit code.
fn headline(scenario: &Scenario, found: &Exploration, exit: Exit) -> String {
    let runs = many(found.totals.runs, "run");
    let failures = found.totals.failures.values();
    if let Some(group) = failures.max_by_key(|group| group.count) {
        return format!("{} in {} of {runs}", group.signature, group.count);
    }
    match summary::unreached(found, &found.missing(scenario)) {
        Some(problem) => problem.replace('\n', "; "),
        None => format!("exit code {} after {runs}", exit.code()),
    }
}

/// Returns the word for a result.
fn word(exit: Exit) -> &'static str {
    match exit {
        Exit::Pass => "passed",
        Exit::Internal => "internal error",
        Exit::Usage => "bad usage",
        Exit::Unknown => "unknown",
        Exit::NothingSelected => "nothing selected",
        Exit::Violation => "violation",
        Exit::Stuck => "stuck",
        Exit::Nondeterminism => "nondeterminism",
        Exit::Hang => "hang",
        Exit::NotReproduced => "not reproduced",
    }
}

/// Writes a file in the place of an older one, whole or not at all.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    Draft::write(path, text.as_bytes())?.replace()
}
