//! The digests of runs: what another process needs to hold its own runs against them.

use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use super::Console;
use crate::exit::Exit;
use crate::explore::{determinism, run_workers};
use crate::report::json::RunLine;
use crate::run::strategy::as_text;
use crate::run::{RunOptions, StrategyName};
use crate::target::{Target, run_once};
use crate::watchdog;

/// A command to run seeds and to print a digest of each.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct DigestRequest {
    /// The runs.
    pub runs: Vec<RunKey>,
    /// The threads that run them.
    pub jobs: NonZeroUsize,
    /// The order in which they begin.
    pub order: Order,
    /// The extent of the digests.
    pub extent: DigestExtent,
}

/// A run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct RunKey {
    /// The place of its target among those of the process, from 0.
    pub target: usize,
    /// The seed.
    pub seed: u64,
    /// The strategy.
    #[serde(with = "as_text")]
    pub strategy: StrategyName,
}

/// The order in which runs begin.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Order {
    /// As they are listed.
    Forward,
    /// The last one first.
    Backward,
}

/// The extent of digests.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum DigestExtent {
    /// Hashes.
    Hashes,
    /// The texts too: each effect, and the line of JSON.
    Texts,
}

/// What a process prints of its runs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum DigestLine {
    /// The address at which the program is loaded. It comes first.
    Loaded(String),
    /// A run.
    Run(Digest),
}

/// The digest of a run: equal if the runs are.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Digest {
    /// The place of the run in the list, from 0.
    pub run: usize,
    /// The verdict, in one word.
    pub verdict: String,
    /// The fingerprint.
    pub fingerprint: String,
    /// The hash of the line that `rehearsal run --json` prints.
    pub line: String,
    /// The texts, if they are wanted.
    pub texts: Option<Texts>,
}

/// A run in texts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Texts {
    /// Each effect, with its time.
    pub effects: Vec<String>,
    /// The line that `rehearsal run --json` prints.
    pub line: String,
}

/// Runs what is listed, and prints a line for each in the order in which they end.
pub(crate) fn digest(
    targets: &[&dyn Target],
    request: &DigestRequest,
    stop: &AtomicBool,
    console: &mut dyn Console,
) -> io::Result<Exit> {
    print(&DigestLine::Loaded(address()), console)?;
    let next = AtomicUsize::new(0);
    let count = request.runs.len();
    run_workers(
        request.jobs,
        |send| {
            while !stop.load(Ordering::Relaxed) {
                let turn = next.fetch_add(1, Ordering::Relaxed);
                if turn >= count {
                    break;
                }
                let run = match request.order {
                    Order::Forward => turn,
                    Order::Backward => count - 1 - turn,
                };
                let digest = targets
                    .get(request.runs[run].target)
                    .ok_or_else(|| io::Error::other("a run of a target that there is not"))
                    .and_then(|target| of_run(*target, run, request));
                if !send(digest) {
                    break;
                }
            }
        },
        |digest| match digest {
            Some(digest) => print(&DigestLine::Run(digest?), console),
            None => Ok(()),
        },
    )?;
    Ok(if stop.load(Ordering::Relaxed) {
        Exit::Unknown
    } else {
        Exit::Pass
    })
}

fn print(line: &DigestLine, console: &mut dyn Console) -> io::Result<()> {
    let line = serde_json::to_string(line)?;
    console.print(&format!("{line}\n"))
}

/// Returns the address of something that is loaded with the program.
fn address() -> String {
    static LOADED: u8 = 0;
    format!("{:#x}", std::ptr::from_ref(&LOADED).addr())
}

fn of_run(target: &dyn Target, run: usize, request: &DigestRequest) -> io::Result<Digest> {
    let key = request.runs[run];
    let options = RunOptions::new(key.seed, key.strategy);
    let options = match request.extent {
        DigestExtent::Hashes => options,
        DigestExtent::Texts => options.recorded(),
    };
    let report = watchdog::watch(target, None, || run_once(target, options));
    let line = serde_json::to_string(&RunLine::new(&report, None))?;
    Ok(Digest {
        run,
        verdict: report.verdict.word().to_owned(),
        fingerprint: report.outcome.fingerprint.to_string(),
        line: format!("{:032x}", xxh3_128(line.as_bytes())),
        texts: (request.extent == DigestExtent::Texts).then(|| Texts {
            effects: determinism::effects(&report),
            line,
        }),
    })
}
