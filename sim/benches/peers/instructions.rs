//! Counts of instructions: the same for the same binary and input, however busy the machine is.
//!
//! Each program runs alone in a process under callgrind, once and twice; the difference is the
//! program without its process. `docs/instructions.md` keeps a line for each change that was
//! measured, and the last line is the one that a check compares with.

use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::{executions, heartbeat, lock, operations, pingpong, scale, shim, websocket};

/// A program whose instructions are counted.
pub(crate) struct Program {
    /// Its name: a column of the table.
    pub(crate) name: &'static str,
    /// The units of work that `work` does.
    pub(crate) units: u32,
    /// The work.
    pub(crate) work: fn(),
}

/// Lists every program, in the order of the table.
fn programs() -> Vec<Program> {
    let mut all = Vec::new();
    all.extend(executions::programs());
    all.extend(lock::programs());
    all.extend(operations::programs());
    all.extend(shim::programs());
    all.extend(websocket::programs());
    all.extend(heartbeat::programs());
    all.extend(pingpong::programs());
    all.extend(scale::programs());
    all
}

/// A growth up to here is no failure of the check, in percent.
const TOLERATED: u64 = 10;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/instructions.md");
const BEGIN: &str =
    "<!-- begin: written by `cargo bench -p rehearsal-sim --bench peers -- --note NOTE` -->\n";
const END: &str = "<!-- end -->";

/// The use of the counts.
#[derive(Clone, Copy)]
pub(crate) enum Use<'a> {
    /// They are printed beside those of the last line.
    Print,
    /// The same, and a growth is an error.
    Check,
    /// The same, and they are added to the page, with a note.
    Add(&'a str),
}

/// Runs a program that many times, in this process.
///
/// # Errors
///
/// If there is no such program.
pub(crate) fn run(name: &str, times: u32) -> Result<(), String> {
    let programs = programs();
    let program = programs.iter().find(|program| program.name == name);
    let program = program.ok_or_else(|| format!("no program `{name}`"))?;
    (0..times).for_each(|_| (program.work)());
    Ok(())
}

/// Counts the instructions of each program whose name contains `part`, and prints them.
///
/// # Errors
///
/// If callgrind cannot be run, if the page cannot be read or written, or if a count has grown
/// and that is to be an error.
#[expect(clippy::print_stdout, reason = "the table is the result")]
pub(crate) fn count(part: &str, used: Use<'_>) -> Result<(), String> {
    let page = std::fs::read_to_string(PAGE).map_err(|error| format!("{PAGE}: {error}"))?;
    let before = last(&page)?;
    println!("| program | instructions | before | change |\n|---|---|---|---|");
    let (mut counts, mut grown) = (Vec::new(), Vec::new());
    for program in programs() {
        if !program.name.contains(part) {
            continue;
        }
        let now = instructions(&program)?;
        let before = before.iter().find(|(name, _)| name == program.name);
        let change = Change {
            now,
            before: before.map(|(_, count)| *count),
        };
        println!("| {} | {change} |", program.name);
        if change.is_growth() {
            grown.push(program.name);
        }
        counts.push((program.name, now));
    }
    match used {
        Use::Add(note) => add(&page, note, &counts),
        Use::Check if !grown.is_empty() => Err(format!(
            "more than {TOLERATED} % more instructions than in docs/instructions.md: {}\n\
             hint: find out why; if it is worth them, add a line with `--note NOTE`",
            grown.join(", ")
        )),
        Use::Check | Use::Print => Ok(()),
    }
}

/// A count beside the one before, if there is one.
struct Change {
    now: u64,
    before: Option<u64>,
}

impl Change {
    fn is_growth(&self) -> bool {
        self.before
            .is_some_and(|before| self.now * 100 > before * (100 + TOLERATED))
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(before) = self.before else {
            return write!(f, "{} | — | —", self.now);
        };
        let change = (self.now as f64 / before as f64 - 1.0) * 100.0;
        write!(f, "{} | {before} | {change:+.1} %", self.now)
    }
}

/// Returns the instructions of one unit of a program.
fn instructions(program: &Program) -> Result<u64, String> {
    let [once, twice] = [1, 2].map(|times| total(program.name, times));
    let work = twice?
        .checked_sub(once?)
        .ok_or_else(|| format!("{}: twice takes less than once", program.name))?;
    Ok(work / u64::from(program.units))
}

/// Returns the instructions of a process that runs a program that many times.
fn total(name: &str, times: u32) -> Result<u64, String> {
    let failed = |error: &dyn fmt::Display| format!("callgrind, {name}: {error}");
    let directory = tempfile::tempdir().map_err(|error| failed(&error))?;
    let out = directory.path().join("counts");
    let this = std::env::current_exe().map_err(|error| failed(&error))?;
    let output = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(this)
        .args(["--bench", "--alone", name, "--times", &times.to_string()])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed(&error))?;
    if !output.status.success() {
        return Err(failed(&String::from_utf8_lossy(&output.stderr)));
    }
    summary(&out).ok_or_else(|| failed(&"no count in its file"))
}

/// Reads the count of a file that callgrind wrote.
fn summary(file: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("totals: "));
    line?.trim().parse().ok()
}

/// Returns the counts in the last line of the page's table, by program.
fn last(page: &str) -> Result<Vec<(String, u64)>, String> {
    let rows: Vec<_> = table(page)?.lines().map(cells).collect();
    let mut rows = rows.into_iter().filter(|row| row.len() > 1);
    let head = rows.next().unwrap_or_default();
    let Some(last) = rows.last() else {
        return Ok(Vec::new());
    };
    let count = |(name, count): (&String, &String)| Some((name.clone(), count.parse().ok()?));
    let counts = head.iter().zip(&last).skip(1);
    Ok(counts.filter_map(count).collect())
}

fn cells(line: &str) -> Vec<String> {
    let cells = line.trim().trim_matches('|').split('|');
    cells.map(|cell| cell.trim().to_owned()).collect()
}

fn table(page: &str) -> Result<&str, String> {
    let begin = page.find(BEGIN).map(|at| at + BEGIN.len());
    let table = begin.and_then(|begin| page[begin..].split_once(END));
    let (table, _) = table.ok_or_else(|| format!("{PAGE}: the table is not marked"))?;
    Ok(table)
}

/// Adds a line to the table. A program that is new adds a column, which the lines before leave
/// empty.
fn add(page: &str, note: &str, counts: &[(&str, u64)]) -> Result<(), String> {
    let old = table(page)?;
    let rows: Vec<_> = old.lines().map(cells).collect();
    let mut rows: Vec<_> = rows.into_iter().filter(|row| row.len() > 1).collect();
    let mut head = match rows.is_empty() {
        true => vec!["change".to_owned()],
        false => rows.remove(0),
    };
    if !rows.is_empty() {
        // The line between the head and the rest.
        rows.remove(0);
    }
    for (name, _) in counts {
        if !head.iter().any(|known| known == name) {
            head.push((*name).to_owned());
        }
    }
    let mut line = vec![note.to_owned()];
    for name in head.iter().skip(1) {
        let count = counts.iter().find(|(known, _)| known == name);
        line.push(count.map_or_else(|| "—".to_owned(), |(_, count)| count.to_string()));
    }
    rows.push(line);
    let row = |cells: &[String]| {
        let empty = vec!["—".to_owned(); head.len() - cells.len()];
        format!("| {} |\n", [cells, &empty].concat().join(" | "))
    };
    let mut new = format!("\n{}{}\n", row(&head), "|---".repeat(head.len()) + "|");
    new.extend(rows.iter().map(|cells| row(cells)));
    let page = page.replacen(old, &format!("{new}\n"), 1);
    std::fs::write(PAGE, page).map_err(|error| format!("{PAGE}: {error}"))
}
