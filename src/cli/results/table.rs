//! The results of several scenarios at the end of a command: those that do not pass in a table,
//! and a line that counts all.

use std::fmt::Write as _;

use super::word;
use crate::exit::Exit;
use crate::explore::Exploration;
use crate::report::summary::{BAD, many, styled};

/// The results so far.
#[derive(Default)]
pub(super) struct Table {
    rows: Vec<Row>,
    skipped: usize,
}

struct Row {
    name: String,
    exit: Exit,
    runs: u64,
    failed: u64,
}

impl Table {
    /// Adds the runs of a scenario, which end in that exit code.
    pub(super) fn add(&mut self, name: &str, found: &Exploration, exit: Exit) {
        self.rows.push(Row {
            name: name.to_owned(),
            exit,
            runs: found.totals.runs,
            failed: found.totals.failed_runs(),
        });
    }

    /// Adds a scenario that was not run.
    pub(super) fn add_skipped(&mut self) {
        self.skipped += 1;
    }

    /// Returns the table; empty for a single scenario, whose result stands above.
    pub(super) fn text(&self) -> String {
        if self.rows.len() + self.skipped < 2 {
            return String::new();
        }
        let (passed, others): (Vec<&Row>, Vec<&Row>) =
            self.rows.iter().partition(|row| row.exit == Exit::Pass);
        let mut text = String::from("\n");
        let width = others.iter().map(|row| row.name.len()).max();
        let width = width.unwrap_or_default();
        for row in &others {
            let result = format!("{:14}", word(row.exit));
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "{:width$}  {}  {} of {}",
                row.name,
                styled(BAD, &result),
                row.failed,
                many(row.runs, "run")
            );
        }
        let runs = self.rows.iter().map(|row| row.runs).sum();
        let all = self.rows.len() + self.skipped;
        let _ = write!(
            text,
            "{}: {} passed, {} did not",
            many(u64::try_from(all).unwrap_or(u64::MAX), "scenario"),
            passed.len(),
            others.len()
        );
        if self.skipped > 0 {
            let _ = write!(text, ", {} not run", self.skipped);
        }
        let _ = writeln!(text, "; {}", many(runs, "run"));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, exit: Exit, failed: u64) -> Row {
        Row {
            name: name.to_owned(),
            exit,
            runs: 64,
            failed,
        }
    }

    #[test]
    fn rows_are_those_that_do_not_pass() {
        let table = Table {
            rows: vec![
                row("one", Exit::Pass, 0),
                row("another", Exit::Violation, 3),
                row("third", Exit::Unknown, 0),
            ],
            skipped: 1,
        };
        let text = crate::console::plain(&table.text());
        assert_eq!(
            text,
            "\nanother  violation       3 of 64 runs\n\
             third    unknown         0 of 64 runs\n\
             4 scenarios: 1 passed, 2 did not, 1 not run; 192 runs\n"
        );
    }

    #[test]
    fn single_scenario_has_no_table() {
        let rows = vec![row("one", Exit::Violation, 3)];
        assert_eq!(Table { rows, skipped: 0 }.text(), "");
    }
}
