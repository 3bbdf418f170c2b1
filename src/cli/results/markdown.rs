//! Markdown: the results of scenarios as a table, for the page of a CI job.

use std::fmt::{self, Write as _};
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use super::{Format, word};
use crate::console::{plain, visible};
use crate::exit::Exit;
use crate::explore::Exploration;
use crate::repro::shell_path;
use crate::scenario::Scenario;

/// The results so far.
pub(super) struct Markdown {
    command: String,
    rows: String,
    failures: String,
}

impl Markdown {
    /// Returns none yet of a command.
    pub(super) fn new(command: &str) -> Self {
        Self {
            command: command.to_owned(),
            rows: String::new(),
            failures: String::new(),
        }
    }

    fn write_row(&mut self, scenario: &Scenario, found: &Exploration, exit: Exit) -> fmt::Result {
        let totals = &found.totals;
        writeln!(
            self.rows,
            "| {} | {} | {} | {} | {:.1} s |",
            cell(&scenario.name),
            result(exit),
            totals.runs,
            totals.failed_runs(),
            found.wall.as_secs_f64(),
        )?;
        for (signature, group) in found.failures() {
            write!(
                self.failures,
                "- {}: {}, {}× from seed {}",
                code(&scenario.name),
                code(&signature.to_string()),
                group.count,
                group.first.seed,
            )?;
            match found.repros.get(signature) {
                Some(repro) => {
                    let replay = format!("rehearsal replay {}", shell_path(repro));
                    writeln!(self.failures, "; {}", code(&replay))?;
                }
                None => writeln!(self.failures)?,
            }
        }
        Ok(())
    }

    fn text(&self) -> String {
        let mut text = format!(
            "### rehearsal {}\n\n| scenario | result | runs | failed | time |\n|---|---|---:|---:|---:|\n{}\n",
            self.command, self.rows
        );
        if !self.failures.is_empty() {
            text.push_str(&self.failures);
            text.push('\n');
        }
        text
    }
}

impl Format for Markdown {
    fn add(&mut self, scenario: &Scenario, found: &Exploration, exit: Exit) {
        // Writing to a string cannot fail.
        let _ = self.write_row(scenario, found, exit);
    }

    fn add_skipped(&mut self, scenario: &Scenario) {
        let row = format!("| {} | not run | 0 | 0 | 0.0 s |\n", cell(&scenario.name));
        self.rows.push_str(&row);
    }

    /// Appends, because a CI service gives one file to all commands of a step.
    fn write(&self, path: &Path) -> io::Result<()> {
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory)?;
        }
        let mut file = OpenOptions::new().append(true).create(true).open(path)?;
        file.write_all(self.text().as_bytes())
    }
}

/// Returns the exit code in words.
fn result(exit: Exit) -> String {
    let word = word(exit);
    match exit {
        Exit::Violation | Exit::Stuck | Exit::Nondeterminism | Exit::Hang => format!("**{word}**"),
        _ => word.to_owned(),
    }
}

/// Returns a text in the cell of a table, where a bar ends the cell even in code.
fn cell(text: &str) -> String {
    code(text).replace('|', "\\|")
}

/// Returns a text of one line in which nothing is markup: as code, within more backticks than
/// it has itself.
fn code(text: &str) -> String {
    let text = plain(text).replace(['\n', '\t'], " ");
    let text = visible(&text);
    let mut longest = 0;
    let mut run = 0;
    for character in text.chars() {
        run = if character == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest + 1);
    match longest {
        0 => format!("{fence}{text}{fence}"),
        // A backtick at the edge would belong to the fence.
        _ => format!("{fence} {text} {fence}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup() {
        assert_eq!(code("a b"), "`a b`");
        assert_eq!(code("a`b"), "`` a`b ``");
        assert_eq!(code("``"), "``` `` ```");
        assert_eq!(code("a\n\n<script>"), "`a  <script>`");
        assert_eq!(code("\u{1b}[31mred\u{1b}[0m\u{202e}"), "`red\\u202e`");
        assert_eq!(cell("a|b"), "`a\\|b`");
    }
}
