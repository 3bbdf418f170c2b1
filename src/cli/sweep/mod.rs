//! `rehearsal sweep`: the manifest or script that runs an exploration in shards on a
//! cluster's own engine. It starts nothing.

mod engines;

use std::io;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser};

use super::{Cli, Command, explore, print, print_error};
use crate::exit::Exit;
use crate::repro::{shell_path, shell_word};

use self::engines::ENGINES;

/// More shards than any of the engines has indices for.
const SHARDS_MAX: u32 = 10_000;

/// The arguments of `rehearsal sweep`.
#[derive(Args, Debug)]
pub(super) struct SweepArgs {
    /// The engine that runs the shards.
    #[arg(long, value_name = "ENGINE", value_parser = PossibleValuesParser::new(engines::names()))]
    emit: String,
    /// Parts of the seeds, each on its own.
    #[arg(long, value_name = "N", value_parser = shards)]
    shards: NonZeroU32,
    /// The name of the job.
    #[arg(long, value_name = "NAME", default_value = "rehearsal-sweep", value_parser = job_name)]
    name: String,
    /// The image with the command and the scenarios, for engines that run images; for AWS Batch,
    /// the job definition.
    #[arg(long, value_name = "IMAGE", default_value = "rehearsal")]
    image: String,
    /// The directory that all shards share, where each has a directory of its own.
    #[arg(long, value_name = "DIR", default_value = "results")]
    results: PathBuf,
    /// The arguments of `rehearsal explore`, after `--`.
    #[arg(value_name = "EXPLORE", last = true, required = true)]
    explore: Vec<String>,
}

fn shards(text: &str) -> Result<NonZeroU32, String> {
    let shards = text.parse::<u32>().ok().and_then(NonZeroU32::new);
    shards
        .filter(|shards| (2..=SHARDS_MAX).contains(&shards.get()))
        .ok_or_else(|| format!("a number from 2 to {SHARDS_MAX} is needed"))
}

/// Accepts what every engine does: a label of the domain name system (RFC 1123).
fn job_name(text: &str) -> Result<String, String> {
    let inside = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let is_label = (1..=50).contains(&text.len())
        && text.chars().all(inside)
        && !text.starts_with('-')
        && !text.ends_with('-');
    if is_label {
        return Ok(text.to_owned());
    }
    Err(
        "1 to 50 lower-case letters, digits and hyphens are needed, with no hyphen at an end"
            .into(),
    )
}

/// An exploration in shards.
struct Sweep {
    name: String,
    image: String,
    shards: NonZeroU32,
    results: PathBuf,
    explore: Vec<String>,
}

impl Sweep {
    /// Returns the index of the last shard.
    fn last(&self) -> u32 {
        self.shards.get() - 1
    }

    /// Returns the command of a shard, word by word, with `index` in the place of its index.
    /// `word` quotes what the user has given.
    fn command(&self, index: &str, word: impl Fn(&str) -> String) -> Vec<String> {
        let mut words = vec!["rehearsal".to_owned(), "explore".to_owned()];
        words.extend(self.explore.iter().map(|argument| word(argument)));
        let results = word(&self.results.to_string_lossy());
        let directory = format!("{results}/shard-{index}");
        words.extend([
            "--shard".to_owned(),
            format!("{index}/{}", self.shards),
            "--out".to_owned(),
            directory.clone(),
            // A shard that is run again goes on.
            "--resume".to_owned(),
            directory,
        ]);
        words
    }

    /// Returns the command of a shard for a shell, which expands `index`.
    fn shell_command(&self, index: &str) -> String {
        self.command(index, shell_word).join(" ")
    }

    /// Returns the shared directory for a shell.
    fn shell_results(&self) -> String {
        shell_path(&self.results)
    }
}

/// Prints what the engine takes. `root` is the directory of scenarios, if one was given
/// before the name of the command.
pub(super) fn sweep(root: Option<&Path>, args: &SweepArgs) -> io::Result<Exit> {
    let mut explore = args.explore.clone();
    if let Some(root) = root {
        let root = root.to_string_lossy().into_owned();
        explore.splice(0..0, ["--scenarios".to_owned(), root]);
    }
    if let Err(exit) = check(&explore) {
        return Ok(exit);
    }
    let sweep = Sweep {
        name: args.name.clone(),
        image: args.image.clone(),
        shards: args.shards,
        results: args.results.clone(),
        explore,
    };
    let engine = ENGINES.iter().find(|engine| engine.name() == args.emit);
    // clap has compared the name with the same table.
    let engine = engine.expect("the name is in the table");
    print(&engine.emit(&sweep))?;
    Ok(Exit::Pass)
}

/// Checks the arguments of the exploration here, where a mistake costs nothing yet.
fn check(explore: &[String]) -> Result<(), Exit> {
    let words = ["rehearsal", "explore"].into_iter();
    let parsed = Cli::try_parse_from(words.chain(explore.iter().map(String::as_str)));
    let cli = parsed.map_err(|error| {
        // It has no reader if standard error is closed, and the exit code says the same.
        let _ = error.print();
        Exit::Usage
    })?;
    if cli.out.is_some() {
        print_error("error: --out is for the shards; use --results\n");
        return Err(Exit::Usage);
    }
    let Command::Explore(args) = &cli.command else {
        unreachable!("the first argument is `explore`");
    };
    if args.is_resumed() {
        print_error("error: --resume is for the shards; each goes on by itself\n");
        return Err(Exit::Usage);
    }
    explore::check_shardable(&cli.root, args)
}
