//! The engines that run many processes on many machines, one module each.

mod aws_batch;
mod kubernetes;
mod parallel;
mod slurm;

use super::Sweep;

use crate::exit::Exit;

/// Runs of one shard, at most, if its process or machine is lost.
const ATTEMPTS: u32 = 4;

/// Results of a shard, which another run of it would only find again.
const FINDINGS: [Exit; 4] = [
    Exit::Violation,
    Exit::Stuck,
    Exit::Nondeterminism,
    Exit::Hang,
];

/// Mistakes, which every shard makes.
const MISTAKES: [Exit; 2] = [Exit::Usage, Exit::NothingSelected];

/// One engine.
pub(super) trait Engine: Sync {
    /// Returns its name on the command line.
    fn name(&self) -> &'static str;

    /// Returns the manifest or the script that it takes.
    fn emit(&self, sweep: &Sweep) -> String;
}

/// Every engine.
pub(super) static ENGINES: [&dyn Engine; 4] = [
    &kubernetes::Kubernetes,
    &slurm::Slurm,
    &aws_batch::AwsBatch,
    &parallel::Parallel,
];

/// Returns the names of all engines.
pub(super) fn names() -> Vec<&'static str> {
    ENGINES.iter().map(|engine| engine.name()).collect()
}
