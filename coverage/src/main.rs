//! Writes `docs/coverage.md`: each thing that the reference documents ask for, with the
//! scenarios, oracles and tests that cover it.
//!
//! ```text
//! cargo run -p rehearsal-coverage              writes the page
//! cargo run -p rehearsal-coverage -- --check   fails if the page is not up to date
//! ```
//!
//! After `cargo test`, `COVERAGE_UPDATE=1 cargo test page_is_up_to_date` writes it without
//! another build.
//!
//! Both fail if a row names a check that does not exist or does not run, if a row has
//! neither a check nor a reason, or if a row of the first priority is open.

mod check;
mod known;
mod page;
mod row;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use self::known::Known;
use self::row::{Row, State};

/// The page, seen from the project's root.
const PAGE: &str = "docs/coverage.md";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let check_only = match arguments.as_slice() {
        [] => false,
        [only] if only == "--check" => true,
        _ => return refuse(&["usage: rehearsal-coverage [--check]".to_owned()]),
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = root.parent().expect("it is in a folder of the project");
    match cover(root, check_only) {
        Ok(summary) => {
            // A reader that has gone needs no summary.
            let _ = writeln!(io::stdout(), "{summary}");
            ExitCode::SUCCESS
        }
        Err(problems) => refuse(&problems),
    }
}

/// Writes the page or compares it, and returns a line about its content.
fn cover(root: &Path, check_only: bool) -> Result<String, Vec<String>> {
    let documents = row::read(&root.join("coverage/rows"))?;
    let known = Known::find(root)?;
    let rows = || documents.iter().flat_map(|document| &document.rows);
    let problems: Vec<String> = rows().flat_map(|row| problems_of(row, &known)).collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    let text = page::render(&documents);
    let file = root.join(PAGE);
    if check_only {
        compare(&file, &text)?;
    } else {
        fs::write(&file, text).map_err(|error| vec![format!("{}: {error}", file.display())])?;
    }
    let all: Vec<&Row> = rows().collect();
    Ok(page::summary(&all))
}

fn problems_of(row: &Row, known: &Known) -> Vec<String> {
    let missing = row.checks.iter().filter(|check| !known.has(check));
    let mut problems: Vec<String> = missing
        .map(|check| format!("{}: there is no {check}, or it does not run", row.id))
        .collect();
    if row.state() == State::Open {
        if row.remark.is_empty() {
            problems.push(format!("{}: neither a check nor a reason", row.id));
        }
        if row.priority == row::Priority::P1 {
            problems.push(format!("{}: open, and of the first priority", row.id));
        }
    }
    problems
}

fn compare(file: &PathBuf, text: &str) -> Result<(), Vec<String>> {
    let present = fs::read_to_string(file).unwrap_or_default();
    if present == text {
        return Ok(());
    }
    let file = file.display();
    Err(vec![format!(
        "{file} is not up to date: `cargo run -p rehearsal-coverage` writes it"
    )])
}

fn refuse(problems: &[String]) -> ExitCode {
    for problem in problems {
        // Nothing is left to be told through.
        let _ = writeln!(io::stderr(), "error: {problem}");
    }
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The variable that has the page written, which spares a build of its own.
    const UPDATE: &str = "COVERAGE_UPDATE";

    #[test]
    fn page_is_up_to_date_and_every_check_exists() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let check_only = std::env::var_os(UPDATE).is_none();
        if let Err(problems) = cover(&root, check_only) {
            panic!("{}", problems.join("\n"));
        }
    }

    #[test]
    fn missing_checks_and_reasons_are_problems() {
        let known = Known::of(["oracle:fifo".parse().expect("a check")]);
        let problems = |text: &str| {
            let row: Row = toml::from_str(text).expect("a row");
            problems_of(&row, &known).len()
        };
        let row = |rest: &str| format!("id = \"1\"\nitem = \"order\"\n{rest}");
        let of = |rest: &str| problems(&row(rest));
        assert_eq!(of("priority = \"P1\"\nchecks = [\"oracle:fifo\"]"), 0);
        assert_eq!(of("priority = \"P1\"\nchecks = [\"oracle:lifo\"]"), 1);
        assert_eq!(of("priority = \"P1\"\nremark = \"later\""), 1);
        assert_eq!(of("priority = \"P2\"\nremark = \"later\""), 0);
        assert_eq!(of("priority = \"P2\""), 1);
        assert_eq!(of("priority = \"none\""), 0);
    }
}
