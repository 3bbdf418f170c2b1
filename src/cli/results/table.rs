//! The results of several scenarios at the end of a command: those that do not pass in a table,
//! and a line that counts all.

use std::fmt::Write as _;

use super::super::layout::Width;
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
    pub(super) fn text(&self, columns: Width) -> String {
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
            let result = styled(BAD, &result);
            let counts = format!("{result}  {} of {}", row.failed, many(row.runs, "run"));
            text += &columns.row(&row.name, width, &counts);
        }
        let runs = self.rows.iter().map(|row| row.runs).sum();
        let all = self.rows.len() + self.skipped;
        let mut sum = format!(
            "{}: {} passed, {} did not",
            many(u64::try_from(all).unwrap_or(u64::MAX), "scenario"),
            passed.len(),
            others.len()
        );
        if self.skipped > 0 {
            // Writing to a string cannot fail.
            let _ = write!(sum, ", {} not run", self.skipped);
        }
        let _ = write!(sum, "; {}", many(runs, "run"));
        text + &columns.paragraph(&sum, "")
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
        let text = |columns| crate::console::plain(&table.text(columns));
        assert_eq!(
            text(Width::Unlimited),
            "\nanother  violation       3 of 64 runs\n\
             third    unknown         0 of 64 runs\n\
             4 scenarios: 1 passed, 2 did not, 1 not run; 192 runs\n"
        );
        assert_eq!(
            text(Width::Columns(36)),
            "\nanother\n  violation       3 of 64 runs\n\
             third\n  unknown         0 of 64 runs\n\
             4 scenarios: 1 passed, 2 did not, 1\nnot run; 192 runs\n"
        );
    }

    #[test]
    fn single_scenario_has_no_table() {
        let rows = vec![row("one", Exit::Violation, 3)];
        let table = Table { rows, skipped: 0 };
        assert_eq!(table.text(Width::Unlimited), "");
    }
}
