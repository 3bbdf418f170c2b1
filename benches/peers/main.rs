//! The simulator beside its peers, in one run: ratios, and the goals that they meet or miss.
//!
//! `cargo bench --bench peers` prints the table; with `-- --write` it also puts it
//! into `docs/benchmarks.md`. The name of a group measures that group alone.

mod child;
mod executions;
mod heartbeat;
mod links;
mod lock;
mod madsim;
mod measure;
mod memory;
mod operations;
mod pingpong;
mod scale;
mod shim;
mod table;
mod websocket;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use madsim::Madsim;
use table::Row;

/// The command line.
#[derive(Parser)]
struct Arguments {
    /// Put the table into docs/benchmarks.md; it must be the whole table.
    #[arg(long, conflicts_with = "group")]
    write: bool,
    /// One part of the table; without it, all.
    group: Option<Group>,
    /// The flag that `cargo bench` passes, and `cargo test` does not.
    #[arg(long, hide = true)]
    bench: bool,
}

/// A part of the table, in the order in which it is printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Group {
    Executions,
    Lock,
    Operations,
    Shim,
    Websocket,
    Heartbeat,
    Pingpong,
    Scale,
    Memory,
    Recording,
}

impl Group {
    fn rows(self, madsim: &Madsim) -> Vec<Row> {
        match self {
            Self::Executions => executions::rows(madsim),
            Self::Lock => lock::rows(),
            Self::Operations => operations::rows(),
            Self::Shim => shim::rows(),
            Self::Websocket => websocket::rows(),
            Self::Heartbeat => heartbeat::rows(madsim),
            Self::Pingpong => pingpong::rows(),
            Self::Scale => scale::rows(),
            Self::Memory => memory::rows(),
            Self::Recording => vec![lock::recording(), websocket::recording()],
        }
    }
}

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the table is the result"
)]
fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if !arguments.bench {
        println!("not a test; `cargo bench --bench peers` measures");
        return ExitCode::SUCCESS;
    }
    let madsim = Madsim::build();
    let mut rows = Vec::new();
    println!("{}", table::HEAD);
    for group in Group::value_variants() {
        if arguments.group.is_some_and(|wanted| wanted != *group) {
            continue;
        }
        for row in group.rows(&madsim) {
            println!("{row}");
            rows.push(row);
        }
    }
    if arguments.write
        && let Err(error) = table::write(&rows)
    {
        eprintln!("{error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
