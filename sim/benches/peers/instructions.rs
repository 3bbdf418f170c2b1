//! Counts of instructions: the same for the same binary and input, however busy the machine is.
//!
//! Each program runs alone in a process under callgrind, once and twice; the difference is the
//! program without its process. `docs/instructions.md` keeps a column for each change that
//! was measured, and a check compares with the last.

use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::{executions, heartbeat, lock, operations, pingpong, scale, shim, websocket};

/// A program whose instructions are counted.
pub(crate) struct Program {
    /// Its name: a column of the table.
    name: String,
    /// The units of work that `work` does.
    units: u32,
    /// The work.
    work: Box<dyn Fn()>,
}

impl Program {
    /// Creates a program by its name, the units of work that it does, and the work.
    pub(crate) fn new(name: impl Into<String>, units: u32, work: impl Fn() + 'static) -> Self {
        Self {
            name: name.into(),
            units,
            work: Box::new(work),
        }
    }
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
    /// They are printed beside the newest of the page.
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

/// The programs whose instructions are counted, by parts of their names.
pub(crate) struct Selection<'a> {
    /// A program has one of these parts in its name, unless there are none.
    pub(crate) only: &'a [String],
    /// It has none of these.
    pub(crate) except: &'a [String],
}

impl Selection<'_> {
    fn has(&self, name: &str) -> bool {
        let is_in_name = |part: &String| name.contains(part.as_str());
        (self.only.is_empty() || self.only.iter().any(is_in_name))
            && !self.except.iter().any(is_in_name)
    }
}

/// Counts the instructions of each selected program, and prints them.
///
/// # Errors
///
/// If no program is selected, if callgrind cannot be run, if the page cannot be read or written,
/// or if a count has grown and that is to be an error.
#[expect(clippy::print_stdout, reason = "the table is the result")]
pub(crate) fn count(selection: &Selection<'_>, used: Use<'_>) -> Result<(), String> {
    let page = std::fs::read_to_string(PAGE).map_err(|error| format!("{PAGE}: {error}"))?;
    let before = newest(&page)?;
    println!("| program | instructions | before | change |\n|---|---|---|---|");
    let (mut counts, mut grown) = (Vec::new(), Vec::new());
    for program in programs() {
        if !selection.has(&program.name) {
            continue;
        }
        let now = instructions(&program)?;
        let before = before.iter().find(|(name, _)| *name == program.name);
        let change = Change {
            now,
            before: before.map(|(_, count)| *count),
        };
        println!("| {} | {change} |", program.name);
        if change.is_growth() {
            grown.push(program.name.clone());
        }
        counts.push((program.name, now));
    }
    if counts.is_empty() {
        return Err("no program has such a name".to_owned());
    }
    match used {
        Use::Add(note) => add(&page, note, &counts),
        Use::Check if !grown.is_empty() => Err(format!(
            "more than {TOLERATED} % more instructions than in docs/instructions.md: {}\n\
             hint: find out why; if it is worth them, add a column with `--note NOTE`",
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
    let [once, twice] = [1, 2].map(|times| total(&program.name, times));
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

/// Returns the rows of the page's table without its head: a program, and its counts, the newest
/// last.
fn rows(page: &str) -> Result<Vec<Vec<String>>, String> {
    let rows = table(page)?.lines().map(cells);
    Ok(rows.filter(|row| row.len() > 1).collect())
}

/// Returns the newest count of each program.
fn newest(page: &str) -> Result<Vec<(String, u64)>, String> {
    let count = |row: Vec<String>| {
        let (name, counts) = row.split_first()?;
        // Not every column has every program.
        let newest = counts.iter().rev().find_map(|count| count.parse().ok())?;
        Some((name.clone(), newest))
    };
    Ok(rows(page)?.into_iter().filter_map(count).collect())
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

/// Adds a column to the table. A program that is new adds a row.
fn add(page: &str, note: &str, counts: &[(String, u64)]) -> Result<(), String> {
    let mut rows = rows(page)?;
    if rows.is_empty() {
        rows = vec![vec!["program".to_owned()], vec!["---".to_owned()]];
    }
    let columns = rows[0].len();
    for (name, _) in counts {
        if !rows.iter().any(|row| row[0] == *name) {
            rows.push(vec![(*name).to_owned()]);
        }
    }
    for (index, row) in rows.iter_mut().enumerate() {
        row.resize(columns, "—".to_owned());
        row.push(match index {
            0 => note.to_owned(),
            1 => "---".to_owned(),
            _ => {
                let count = counts.iter().find(|(name, _)| row[0] == *name);
                count.map_or_else(|| "—".to_owned(), |(_, count)| count.to_string())
            }
        });
    }
    let lines = rows.iter().map(|row| format!("| {} |\n", row.join(" | ")));
    let marked = |table: &str| format!("{BEGIN}{table}{END}");
    let new = format!("\n{}\n", lines.collect::<String>());
    let page = page.replacen(&marked(table(page)?), &marked(&new), 1);
    std::fs::write(PAGE, page).map_err(|error| format!("{PAGE}: {error}"))
}
