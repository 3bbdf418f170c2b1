//! The command line: what it says, what it does, how it ends.

mod baseline;
mod check;
mod conform;
mod create;
mod explain;
mod explore;
mod interrupt;
mod layout;
mod list;
#[cfg(feature = "mcp")]
mod mcp;
mod merge;
mod on_repro;
mod progress;
mod report;
mod results;
mod run;
mod score;
mod select;
mod sweep;
mod terminal;
mod test_binary;
mod verify;

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use rehearsal_agents::sections::Path as Place;
use rehearsal_history::Amount;
use rehearsal_history::metrics::Unit;

use self::explore::PackageArgs;
use self::layout::Width;
use self::on_repro::on_repro;
use self::results::ResultArgs;
use self::terminal::Terminal;
use self::test_binary::Packages;
use crate::command::{KeepRequest, Request};
use crate::console::{print, print_error};
use crate::environment;
use crate::exit::Exit;
use crate::regression;
use crate::repro::shell_word;
use crate::run::StrategyName;
use crate::run::seeds::Seeds;
use crate::run::strategy::with_nearest;
use crate::scenario::amounts::{self, Written};
use crate::scenario::{Edit, durations, new};

/// The directory of scenario files, if none is given.
const SCENARIOS: &str = "scenarios";

/// Deterministic simulation testing for multi-agent systems.
///
/// Exit codes: 0 pass, 1 internal error, 2 bad usage, bad scenario or bad repro, 3
/// unknown (a budget ran out, or an exploration was cut short), 4 nothing selected,
/// 10 violation or panic, 11 deadlock, livelock or time-out, 12 nondeterminism or a leak,
/// 13 a repro that diverged, no longer fails, or whose scenario has changed, 14 a task that
/// never came to an await (REHEARSAL_WATCHDOG sets after how long). A signal that ends the
/// process adds 128 to its number: 134 if memory ran out, 137 if it was killed.
#[derive(Parser, Debug)]
#[command(name = "rehearsal", version)]
struct Cli {
    /// Directory of scenario files.
    #[arg(
        long = "scenarios",
        global = true,
        default_value = SCENARIOS,
        value_name = "DIR"
    )]
    root: PathBuf,
    /// Directory for repros of failing runs [default: `rehearsal` in
    /// CARGO_TARGET_DIR or in `target`].
    #[arg(long, global = true, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// List scenarios with their claims, oracles and seeds.
    List {
        /// Print one JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Validate scenario files: those given, or all.
    Check {
        /// Scenario files.
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Run scenarios and judge them.
    Run(RunArgs),
    /// Run many seeds of scenarios or of a test, or every schedule within a bound, on all
    /// cores.
    ///
    /// Each failure, up to a thousand of a kind, is a line in SCENARIO-failures.jsonl below
    /// --out the moment it is found, and the first of each kind has a repro file there. So has
    /// the exploration a file of its counts, which ends in .results: `--resume` goes on from it,
    /// and `merge` adds several up. The exit code is that of the worst verdict, as of `run`; of
    /// a resumed exploration that of all its seeds. It is 3 if nothing failed but Ctrl-C or a
    /// scheduler of jobs ended it, or a search was not complete; 2 if the results to go on from
    /// are damaged or of another program. An empty shard passes.
    Explore(explore::ExploreArgs),
    /// Print the results of several explorations together: of the shards of one, and of those
    /// that were ended and resumed. Seeds that several of them have run count once.
    ///
    /// Exit codes: that of the worst verdict, 10 also if enough seeds have not reached a goal; 12
    /// if two results of the same seeds differ; 2 if a file is damaged, or results of one target
    /// are of two programs; 4 if there are no results.
    Merge(merge::MergeArgs),
    /// Replay a repro, and report whether the failure is reproduced.
    ///
    /// The result is one of: reproduced; reproduced with another fingerprint;
    /// diverged at choice k, which counts from 1 in the file's list; scenario
    /// changed; no longer fails. Exit codes: a reproduced failure has its
    /// verdict's own (3, 10 or 11), every other result 13, a bad file 2.
    Replay {
        #[command(flatten)]
        repro: ReproArgs,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Replay a repro, and print the history that its actors recorded, one entry a line.
    ///
    /// Exit codes: 0 if the failure is reproduced, else 13; 2 for a bad file; 4 if the
    /// run records no history.
    History {
        #[command(flatten)]
        repro: ReproArgs,
        /// Print one JSON object a line, which `rehearsal conform` reads.
        #[arg(long)]
        json: bool,
    },
    /// Check what any program has recorded as JSON Lines: a stream by a wire profile, or a
    /// history by the oracles.
    ///
    /// A profile checks the messages of one connection, one a line, and names the rule, the
    /// line and the section of the specification. Without a profile the file is a history,
    /// with the entries of all actors.
    ///
    /// Exit codes: 0 if no rule is broken, 10 if one is or an oracle that was named had
    /// nothing to check, 2 for a bad file, 3 if a stream has more open ids than are checked, 4
    /// if there are no messages or no oracle applies.
    Conform(conform::ConformArgs),
    /// Make a repro smaller, in its place: fewer agents, faults and events, fewer
    /// choices, lower values; the failure stays the same.
    Shrink {
        #[command(flatten)]
        repro: ReproArgs,
        /// Real time that it may take, as in 90s or 5m.
        #[arg(long = "for", value_name = "TIME", default_value = "60s", value_parser = time)]
        time: Duration,
    },
    /// Print a repro: the run, the events that led to the failure, and the deviations that
    /// matter.
    ///
    /// With --html, writes that as one page instead, which any browser opens without a
    /// network: the run as a diagram, the causes of each event, and beside it the nearest
    /// run that passes.
    Report(report::ReportArgs),
    /// Make a repro a regression that `cargo test` replays first.
    ///
    /// It is replayed, and must reproduce (else the exit code is 13); then the file is
    /// copied to `regressions/NAME.repro` below the directory of scenarios.
    Keep(KeepArgs),
    /// Measure how many runs strategies need to show each seeded defect, and count the false
    /// alarms of the healthy twins.
    ///
    /// Exit codes: that of the worst failure of a twin; else 3 if some defect was not
    /// detected by any of the strategies, or Ctrl-C ended it; 4 if no scenario carries a
    /// defect.
    Score(score::ScoreArgs),
    /// Run seeds twice, in different processes with different surroundings, and compare the
    /// runs.
    ///
    /// Each pair draws a scenario, a variant of it (without its defect, another transport,
    /// another simulation of TCP), a strategy and a seed. The second process has another
    /// environment, directory, locale and time zone, its memory is laid out in another way, and
    /// it runs the seeds on several threads in the opposite order. What is compared is the
    /// fingerprint and the line that `run --json` prints.
    ///
    /// Exit codes: 0 if all pairs agreed, 12 if one did not, 3 if Ctrl-C ended it before that.
    VerifyDeterminism(verify::VerifyArgs),
    /// Print the digests of the runs that standard input lists, for verify-determinism.
    #[command(hide = true)]
    Digests,
    /// Print the manifest or the script that runs an exploration in shards on an engine that
    /// runs many processes. Nothing is started.
    Sweep(sweep::SweepArgs),
    /// Serve the Model Context Protocol on standard input and output: a coding agent that starts
    /// this has list, run, explore, replay, shrink and report as tools, with the results that
    /// the command line has, on the files of this project alone.
    ///
    /// Exit codes: 0 when the client closes the stream, 2 if it does not begin a session.
    #[cfg(feature = "mcp")]
    Mcp,
    /// Explain a code of a problem, such as S0010: its meaning and the remedy.
    Explain {
        /// The code; without it, all are explained.
        #[arg(value_name = "CODE")]
        code: Option<String>,
    },
    /// Print the JSON schema of scenario files.
    Schema {
        /// Only of the files for this system. Without it, of those for any.
        #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(new::systems()))]
        system: Option<String>,
    },
    /// Write a new scenario file with comments. A file that exists is left alone.
    New {
        /// The name of the scenario.
        #[arg(value_name = "NAME")]
        name: String,
        /// The system that it is for.
        #[arg(
            long,
            default_value = new::systems()[0],
            value_parser = clap::builder::PossibleValuesParser::new(new::systems())
        )]
        system: String,
    },
}

/// The arguments of `rehearsal keep`.
#[derive(Args, Debug)]
struct KeepArgs {
    #[command(flatten)]
    repro: ReproArgs,
    /// The regression's name. Without this it is made of the scenario's name and
    /// the failure.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Replace a regression of that name.
    #[arg(long)]
    force: bool,
}

/// A repro, and where to look for its test if it is one's.
#[derive(Args, Debug)]
struct ReproArgs {
    /// The repro file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    packages: PackageArgs,
}

impl ReproArgs {
    fn packages(&self) -> Packages {
        Packages::from(&self.packages)
    }
}

/// The arguments of `rehearsal run`.
#[derive(Args, Debug)]
struct RunArgs {
    /// Names of scenarios, paths of their files, or directories of them.
    #[arg(value_name = "SCENARIO", required = true)]
    scenarios: Vec<String>,
    /// Run this seed.
    #[arg(long, value_name = "S", conflicts_with = "seeds")]
    seed: Option<u64>,
    /// Run these seeds: a count, or a range `a..b`. Without this and --seed,
    /// seed 0 is run.
    #[arg(long, value_name = "N")]
    seeds: Option<Seeds>,
    #[arg(
        long,
        value_name = "X",
        help = StrategyName::help(false),
        default_value_t,
        value_parser = sampling_strategy
    )]
    strategy: StrategyName,
    #[command(flatten)]
    set: SetArgs,
    /// Run each seed twice; two different runs are an error, and the first
    /// effect that differs is named.
    #[arg(long)]
    check_determinism: bool,
    /// Do not shrink failures.
    #[arg(long)]
    no_shrink: bool,
    /// Print one JSON object a line, one line a seed.
    #[arg(long)]
    json: bool,
    /// Let this share of the seeds fail, as in 5%: then the exit code is 0 all the same. What
    /// is not a failure of the system (a budget that ran out, two different runs of one seed)
    /// is never let through. Without this, no seed may fail.
    #[arg(long, value_name = "SHARE", value_parser = share)]
    max_failure_rate: Option<Amount>,
    #[command(flatten)]
    results: ResultArgs,
    #[command(flatten)]
    baseline: BaselineArgs,
}

/// The files of metrics that a command writes or holds its own against.
#[derive(Args, Debug)]
struct BaselineArgs {
    /// Write the metrics of the scenarios into a file, to compare later ones with. Written
    /// only if every run passes.
    #[arg(long, value_name = "FILE", conflicts_with = "baseline")]
    save_baseline: Option<PathBuf>,
    /// Compare the metrics with those in a file. The exit code is 10 if a time, a wait or a
    /// queue is more than 1.5 times what it was, or a share or a rate less than 0.9 times.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
}

/// Values that a command sets in scenarios.
#[derive(Args, Debug)]
struct SetArgs {
    /// Set a value to another than the file's, as in `agents.0.count=5`. May be
    /// repeated; `rehearsal schema` prints every key that there is.
    #[arg(long = "set", value_name = "PATH=VALUE", value_parser = Edit::from_argument)]
    set: Vec<Edit>,
    /// Short for --set system.transport=T.
    #[arg(long, value_name = "T")]
    transport: Option<String>,
}

impl SetArgs {
    fn changes(&self) -> Vec<Edit> {
        let mut changes = self.set.clone();
        let place = Place::of("system").key("transport");
        let transport = self.transport.as_deref();
        changes.extend(transport.map(|name| Edit::text(place, name)));
        changes
    }

    /// The arguments again, for a line to copy.
    fn as_arguments(&self) -> String {
        let changes = self.changes().into_iter();
        changes
            .map(|change| format!(" --set {}", shell_word(&change.to_string())))
            .collect()
    }
}

/// A share, written as in scenario files.
fn share(text: &str) -> Result<Amount, String> {
    let share = amounts::parse(Unit::Share, Written::Text(text));
    share.map_err(|bad| format!("{}: {}", bad.message, bad.help))
}

/// A stretch of real time, written as durations in scenario files.
fn time(text: &str) -> Result<Duration, String> {
    durations::parse(text).map_err(|bad| {
        let message = bad.message;
        format!("{message}; write a whole number and a unit, as in 90s or 5m")
    })
}

/// A strategy that runs one schedule a seed.
fn sampling_strategy(text: &str) -> Result<StrategyName, String> {
    StrategyName::sampling(text).map_err(|error| with_nearest(text, &error))
}

/// Any strategy.
fn any_strategy(text: &str) -> Result<StrategyName, String> {
    text.parse()
        .map_err(|error: String| with_nearest(text, &error))
}

/// Runs the command line of this process. Prints, and says how to exit.
pub fn main() -> Exit {
    match Cli::try_parse() {
        Ok(cli) => match environment::check_log_filter() {
            Ok(()) => dispatch(&cli),
            Err(error) => {
                print_error(&format!("error: {error}\n"));
                Exit::Usage
            }
        },
        Err(error) => {
            // Help and version are errors to clap; they go to standard output
            // and are a success.
            let wanted = !error.use_stderr();
            if error.print().is_err() {
                return Exit::Internal;
            }
            if wanted { Exit::Pass } else { Exit::Usage }
        }
    }
}

fn dispatch(cli: &Cli) -> Exit {
    let done = match &cli.command {
        Command::List { json } => list::list(&cli.root, *json),
        Command::Check { files } => check::check(&cli.root, files),
        Command::Run(args) => run::run(&cli.root, &out(cli), args),
        Command::Explore(args) => explore::explore(&cli.root, cli.out.as_deref(), args),
        Command::Merge(args) => merge::merge(args),
        Command::Replay { repro, json } => {
            on_repro(&cli.root, &repro.file, &repro.packages(), |file| {
                Request::Replay { file, json: *json }
            })
        }
        Command::History { repro, json } => {
            on_repro(&cli.root, &repro.file, &repro.packages(), |file| {
                Request::History { file, json: *json }
            })
        }
        Command::Conform(args) => conform::conform(args),
        Command::Shrink { repro, time } => {
            on_repro(&cli.root, &repro.file, &repro.packages(), |file| {
                Request::Shrink { file, time: *time }
            })
        }
        Command::Report(args) => report::report(&cli.root, args),
        Command::Keep(args) => on_repro(
            &cli.root,
            &args.repro.file,
            &args.repro.packages(),
            |file| {
                Request::Keep(KeepRequest {
                    file,
                    name: args.name.clone(),
                    force: args.force,
                    regressions: cli.root.join(regression::DIRECTORY),
                })
            },
        ),
        Command::Score(args) => score::score(&cli.root, args),
        Command::VerifyDeterminism(args) => verify::verify(&cli.root, args),
        Command::Digests => verify::print_digests(&mut Terminal::new("digests")),
        Command::Sweep(args) => {
            let given = cli.root != Path::new(SCENARIOS);
            sweep::sweep(given.then_some(&cli.root), args)
        }
        #[cfg(feature = "mcp")]
        Command::Mcp => mcp::serve(&cli.root, &out(cli)),
        Command::Explain { code } => explain::explain(code.as_deref()),
        Command::Schema { system } => create::schema(system.as_deref()),
        Command::New { name, system } => create::new(&cli.root, name, system),
    };
    match done {
        Ok(exit) => exit,
        // A closed pipe (`rehearsal list | head -1`) is the reader's business, but a result
        // without a reader is no pass.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => match &cli.command {
            Command::List { .. }
            | Command::Check { .. }
            | Command::Explain { .. }
            | Command::New { .. }
            | Command::Sweep(_)
            | Command::Schema { .. } => Exit::Pass,
            Command::Conform(args) if args.list => Exit::Pass,
            _ => Exit::Unknown,
        },
        Err(error) => {
            print_error(&format!("error: cannot write: {error}\n"));
            Exit::Internal
        }
    }
}

/// Prints a text for people: a terminal gets it in lines of its width.
fn print_text(text: &str) -> io::Result<()> {
    print(&Width::of_stdout().fitted(text))
}

/// Prints a result and returns its exit code. A closed pipe leaves a failure as it is, but a
/// result without a reader is no pass.
fn print_result(text: &str, exit: Exit) -> io::Result<Exit> {
    match print(text) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe && exit == Exit::Pass => {
            Ok(Exit::Unknown)
        }
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(exit),
        printed => printed.map(|()| exit),
    }
}

/// Returns the directory for repros.
fn out(cli: &Cli) -> PathBuf {
    cli.out.clone().unwrap_or_else(environment::out_directory)
}
