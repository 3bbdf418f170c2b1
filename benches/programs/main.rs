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
        $(mod $module;)*

        /// The name of every program, and the program with its defect.
        pub(super) static PROGRAMS: &[(&str, fn(u32) -> super::Program)] = &[$((
            $module::ABOUT.name,
            |size| Box::pin($module::run(size, parts::Version::Defective)),
        ),)*];
    };
}

mod on_shuttle;
mod on_tokio;

use std::fmt::Write;
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
use peer::{Peer, Seen};

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
    let mut text = format!(
        "# Score beside peers\n\n\
         The median number of runs to the first failure of each small program, estimated as in\n\
         [the score](score.md) from {runs} runs, in one run of `cargo bench --bench programs`.\n\
         The peers run the same files (`agents/src/systems/programs/catalog/`) on their own\n\
         tasks. Tokio, turmoil and madsim switch tasks only where one waits; shuttle has a point\n\
         before each operation, as the simulator has. A `-` stands for a peer that was not run.\n\n\
         | program |"
    );
    for peer in peers {
        let _ = write!(text, " {} |", peer.name());
    }
    for strategy in ours {
        let _ = write!(text, " `{strategy}` |");
    }
    let columns = peers.len() + ours.len();
    let _ = writeln!(text, "\n|---|{}", "---:|".repeat(columns));
    let mut found = vec![None; columns];
    for scenario in scenarios() {
        let spec = scenario.spec.typed::<ProgramsScenario>();
        let settings = spec.expect("a scenario of programs").settings;
        let theirs = peers.map(|peer| blocks(&peer.run(settings.name(), settings.size(), runs)));
        let ours = ours.map(|strategy| Some(ours_on(&scenario, strategy, runs)));
        let _ = write!(text, "| `{}` |", scenario.name);
        for (column, blocks) in theirs.into_iter().chain(ours).enumerate() {
            let Some(blocks) = blocks else {
                text.push_str(" - |");
                continue;
            };
            let median = blocks.median();
            *found[column].get_or_insert(0_u32) += u32::from(median.is_some());
            let _ = match median {
                Some(runs) => write!(text, " {runs} |"),
                None => write!(text, " never |"),
            };
        }
        text.push('\n');
    }
    text.push_str("| found |");
    for found in found {
        let found = found.map_or_else(|| "-".to_owned(), |found| found.to_string());
        let _ = write!(text, " {found} |");
    }
    text.push('\n');
    text
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

/// Returns the runs to each failure of the simulator itself.
fn ours_on(scenario: &Scenario, strategy: StrategyName, runs: u32) -> Blocks {
    let measuring = Measuring {
        seeds: &Seeds::count(runs.into()).expect("at least one run"),
        jobs: NonZeroUsize::MIN,
        stop: &AtomicBool::new(false),
    };
    let score = measure(scenario, strategy, measuring, false, &mut |_| Ok(()));
    let score = score.expect("no file is written").expect("it has a defect");
    score.blocks
}
