//! GNU parallel: one job a shard, on this machine or, with its `--sshlogin`, on others.

use super::super::Sweep;
use super::Engine;
use crate::repro::shell_word;

/// The engine.
pub(super) struct Parallel;

/// The index of a shard, as GNU parallel replaces it. Its default, `{}`, may be part of an
/// argument.
const INDEX: &str = "@SHARD@";

impl Engine for Parallel {
    fn name(&self) -> &'static str {
        "parallel"
    }

    /// Started again, the script runs the shards that have not ended, and those that have not
    /// passed. Its arguments stand before the command, because parallel adds what follows that to
    /// the command.
    fn emit(&self, sweep: &Sweep) -> String {
        let results = sweep.shell_results();
        format!(
            "#!/bin/sh\n\
             set -eu\n\
             mkdir -p {results}\n\
             seq 0 {last} | parallel --joblog {results}/joblog --resume-failed --halt never -I {INDEX} \"$@\" \\\n  {command}\n",
            last = sweep.last(),
            // Quoted once more: parallel gives each of its lines to a shell.
            command = shell_word(&sweep.shell_command(INDEX)),
        )
    }
}
