//! The small programs on the simulator and on its peers, in one process: runs to the first
//! failure.
//!
//! `cargo bench --bench programs` prints the table; with `-- --write` it also puts it into
//! `docs/score-peers.md`, and with `-- --seeds N` it runs each program N times on each.

mod madsim;
mod peer;

/// Declares the module of each program of the catalog, and lists it.
macro_rules! programs {
    ($($module:ident,)*) => {
        use crate::peer::Version;

        $(mod $module;)*

        /// The name of every program, and the program by its size and version.
        pub(super) static PROGRAMS: &[(&str, fn(u32, Version) -> super::Program)] = &[$((
            $module::ABOUT.name,
            |size, version| {
                let version = match version {
                    Version::Healthy => parts::Version::Healthy,
                    Version::Defective => parts::Version::Defective,
                };
                Box::pin($module::run(size, version))
            },
        ),)*];
    };
}

mod on_shuttle;
mod on_tokio;

use std::fmt::{self, Write};
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

use clap::Parser;
use rehearsal::agents::systems::programs::ProgramsScenario;
use rehearsal::run::StrategyName;
use rehearsal::scenario::{Scenario, discover, load};
use rehearsal::score::{Blocks, Measuring, measure};
use rehearsal::seeds::Seeds;

use madsim::Madsim;
use on_shuttle::Shuttle;
use on_tokio::{Tokio, Turmoil};
use peer::{Peer, Seen, Version, Work};

/// The page, seen from the project's root.
const PAGE: &str = "docs/score-peers.md";

/// The command line.
#[derive(Parser)]
struct Arguments {
    /// Write the table into docs/score-peers.md.
    #[arg(long)]
    write: bool,
    /// Runs of each program on each peer.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    seeds: u32,
    /// The flag that `cargo bench` passes, and `cargo test` does not.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if !arguments.bench {
        // Under `cargo test`, being built is enough.
        return ExitCode::SUCCESS;
    }
    // A run of shuttle that cannot go on panics, which is a result.
    std::panic::set_hook(Box::new(|_| {}));
    let page = page(arguments.seeds);
    print(&page);
    if arguments.write
        && let Err(error) = std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE), page)
    {
        print(&format!("cannot write {PAGE}: {error}\n"));
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn print(text: &str) {
    use std::io::Write;
    // A reader that has gone needs no table.
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// The text above the table.
const HEAD: &str = "\
# Score beside peers

The defects of small programs, which can be expressed on every peer, in one run of
`cargo bench --bench programs`: the median number of runs to the first failure, estimated as in
[the score](score.md). Defects of the other systems need a network, faults and a history, and
have no counterpart on a peer.

The peers run the same files (`agents/src/systems/programs/catalog/`) on their own tasks, with
tokio's locks and channels. Tokio, turmoil and madsim switch tasks only where one waits; shuttle
has a point before each operation, as the simulator has. Tokio draws nothing, and all of its
runs are alike. The healthy version of each program ran beside it: where that fails on a peer,
the cell says `alarm`, and the program does not count as found. (Shuttle's `pct` refuses a
program that leaves no choice to it, as a healthy one may.) A `-` stands for a peer that was not
run.
";

/// The result of one peer on one program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Cell {
    /// The peer was not run.
    NotRun,
    /// The healthy version fails.
    Alarm,
    /// No run shows the defect.
    Never,
    /// The median of runs to the first failure.
    Found(u64),
}

impl Cell {
    fn of(median: Option<u64>) -> Self {
        median.map_or(Self::Never, Self::Found)
    }

    /// Runs a program with its defect and without.
    fn of_peer(peer: &dyn Peer, work: Work<'_>) -> Self {
        let healthy = Work {
            version: Version::Healthy,
            ..work
        };
        if peer.run(healthy).contains(&Seen::Failure) {
            return Self::Alarm;
        }
        blocks(&peer.run(work)).map_or(Self::NotRun, |blocks| Self::of(blocks.median()))
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRun => f.write_str("-"),
            Self::Alarm => f.write_str("alarm"),
            Self::Never => f.write_str("never"),
            Self::Found(runs) => write!(f, "{runs}"),
        }
    }
}

/// Returns the table with so many runs of each program.
fn page(runs: u32) -> String {
    let madsim = Madsim::build();
    let peers: [&dyn Peer; 6] = [
        &Tokio,
        &Turmoil,
        &Shuttle::Random,
        &Shuttle::Pct,
        &Shuttle::Urw,
        &madsim,
    ];
    let ours = [StrategyName::RANDOM, StrategyName::default()];
    let mut names: Vec<String> = peers.iter().map(|peer| peer.name().to_owned()).collect();
    names.extend(ours.iter().map(|strategy| format!("`{strategy}`")));
    let mut text = format!(
        "{HEAD}\n{runs} runs of each version of each program.\n\n| program | {} |\n|---|{}\n",
        names.join(" | "),
        "---:|".repeat(names.len())
    );
    let mut columns = vec![Vec::new(); names.len()];
    for scenario in scenarios() {
        let spec = scenario.spec.typed::<ProgramsScenario>();
        let settings = spec.expect("a scenario of programs").settings;
        let work = Work {
            program: settings.name(),
            size: settings.size(),
            version: Version::Defective,
            runs,
        };
        let theirs = peers.map(|peer| Cell::of_peer(peer, work));
        let ours = ours.map(|strategy| Cell::of(ours_on(&scenario, strategy, runs)));
        let cells = theirs.into_iter().chain(ours);
        let _ = write!(text, "| `{}` |", scenario.name);
        for (column, cell) in columns.iter_mut().zip(cells) {
            let _ = write!(text, " {cell} |");
            column.push(cell);
        }
        text.push('\n');
    }
    write_counts(&mut text, "found", &columns, |cell| {
        matches!(cell, Cell::Found(_))
    });
    write_counts(&mut text, "within 100 runs", &columns, |cell| {
        matches!(cell, Cell::Found(..=100))
    });
    write_counts(&mut text, "alarms", &columns, |cell| cell == Cell::Alarm);
    text
}

/// Writes a row with the number of cells of each column that match.
fn write_counts(text: &mut String, name: &str, columns: &[Vec<Cell>], matches: fn(Cell) -> bool) {
    let _ = write!(text, "| {name} |");
    for column in columns {
        let count = column.iter().filter(|cell| matches(**cell)).count();
        let is_run = column.iter().any(|cell| *cell != Cell::NotRun);
        let count = if is_run {
            count.to_string()
        } else {
            "-".to_owned()
        };
        let _ = write!(text, " {count} |");
    }
    text.push('\n');
}

/// Returns the scenarios of programs that carry a defect.
fn scenarios() -> Vec<Scenario> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/programs");
    let files = discover::find(&root).unwrap_or_default();
    let scenarios = files.iter().filter_map(|file| load(file).ok());
    scenarios
        .filter(|scenario| scenario.spec.defect.is_some())
        .collect()
}

/// Returns the runs to each failure; none for a peer that could not be run.
fn blocks(seen: &[Seen]) -> Option<Blocks> {
    let mut blocks = Blocks::default();
    for seen in seen {
        blocks.add(*seen == Seen::Failure);
    }
    (!seen.is_empty()).then_some(blocks)
}

/// Returns the median of runs to the first failure on the simulator itself.
fn ours_on(scenario: &Scenario, strategy: StrategyName, runs: u32) -> Option<u64> {
    let measuring = Measuring {
        seeds: &Seeds::count(runs.into()).expect("at least one run"),
        jobs: NonZeroUsize::MIN,
        stop: &AtomicBool::new(false),
    };
    let score = measure(scenario, strategy, measuring, false, &mut |_| Ok(()));
    let score = score.expect("no file is written").expect("it has a defect");
    score.runs_to_first
}
