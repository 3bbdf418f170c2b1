//! Slurm: an array job, one task a shard.

use super::super::Sweep;
use super::Engine;

/// The engine.
pub(super) struct Slurm;

impl Engine for Slurm {
    fn name(&self) -> &'static str {
        "slurm"
    }

    /// A task whose machine is lost is put into the queue again; one that ends, however it
    /// does, is not.
    fn emit(&self, sweep: &Sweep) -> String {
        let results = sweep.shell_results();
        format!(
            "#!/bin/sh\n\
             #SBATCH --job-name={name}\n\
             #SBATCH --array=0-{last}\n\
             #SBATCH --requeue\n\
             #SBATCH --open-mode=append\n\
             set -eu\n\
             mkdir -p {results}\n\
             exec {command}\n",
            name = sweep.name,
            last = sweep.last(),
            command = sweep.shell_command("\"$SLURM_ARRAY_TASK_ID\""),
        )
    }
}
