//! The simulator beside its peers, in one run: ratios, and the goals that they meet or miss.
//!
//! `cargo bench -p rehearsal-sim --bench peers` prints the table; with `-- --write` it also puts it
//! into `docs/benchmarks.md`. The name of a group measures that group alone.

mod child;
mod executions;
mod heartbeat;
mod instructions;
mod links;
mod lock;
mod measure;
mod memory;
mod modes;
mod operations;
mod peer;
mod pingpong;
mod scale;
mod shim;
mod table;
mod websocket;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use instructions::{Selection, Use};
use peer::Peer;
use table::Row;

/// The command line.
#[derive(Parser)]
struct Arguments {
    /// Put the table into docs/benchmarks.md; it must be the whole table.
    #[arg(long, conflicts_with = "group")]
    write: bool,
    /// One part of the table; without it, all.
    group: Option<Group>,
    /// Count instructions instead of time, with callgrind.
    #[arg(long, conflicts_with_all = ["group", "write"])]
    instructions: bool,
    /// Count instructions, and fail if docs/instructions.md has much fewer.
    #[arg(long, conflicts_with_all = ["group", "write"])]
    check: bool,
    /// Count instructions, and add them to docs/instructions.md, with this note.
    #[arg(long, value_name = "NOTE", conflicts_with_all = ["group", "write", "check"])]
    note: Option<String>,
    /// Count the instructions of programs with this in their names. May be repeated.
    #[arg(long, value_name = "PART")]
    only: Vec<String>,
    /// Count the instructions of programs without this in their names. May be repeated.
    #[arg(long, value_name = "PART")]
    except: Vec<String>,
    /// Runs one program, for the process that counts its instructions.
    #[arg(long, hide = true, value_name = "PROGRAM")]
    alone: Option<String>,
    /// Runs it so many times.
    #[arg(long, hide = true, default_value_t = 1)]
    times: u32,
    /// The flag that `cargo bench` passes, and `cargo test` does not.
    #[arg(long, hide = true)]
    bench: bool,
}

/// A part of the table, in the order in which it is printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Group {
    Executions,
    Modes,
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
    fn rows(self, madsim: &Peer) -> Vec<Row> {
        match self {
            Self::Executions => executions::rows(madsim),
            Self::Modes => modes::rows(madsim),
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

impl Arguments {
    fn selection(&self) -> Selection<'_> {
        Selection {
            only: &self.only,
            except: &self.except,
        }
    }

    /// Returns the use of counts of instructions, if these are wanted.
    fn counts(&self) -> Option<Use<'_>> {
        match &self.note {
            Some(note) => Some(Use::Add(note)),
            None if self.check => Some(Use::Check),
            None => self.instructions.then_some(Use::Print),
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
        println!("not a test; `cargo bench -p rehearsal-sim --bench peers` measures");
        return ExitCode::SUCCESS;
    }
    let counted = match (&arguments.alone, arguments.counts()) {
        (Some(program), _) => Some(instructions::run(program, arguments.times)),
        (None, Some(used)) => Some(instructions::count(&arguments.selection(), used)),
        (None, None) => None,
    };
    if let Some(result) = counted {
        return match result {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        };
    }
    let madsim = Peer::madsim();
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
