//! Exit codes of the command line: a contract.

use serde::{Deserialize, Serialize};

/// The exit codes of the `rehearsal` command. Those from 10 are results of runs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Exit {
    /// Every run passed.
    Pass,
    /// Rehearsal itself went wrong.
    Internal,
    /// The command line, a scenario file or a repro file is wrong; nothing was run.
    Usage,
    /// A budget ran out, or an exploration was cut short: nothing is known, which
    /// is not a pass.
    Unknown,
    /// Nothing was selected, so nothing was run.
    NothingSelected,
    /// An oracle found a violation, or a task panicked.
    Violation,
    /// A deadlock, a livelock or a time-out.
    Stuck,
    /// The same seed gave two different runs.
    Nondeterminism,
    /// A repro diverged, fails no longer, or its scenario has changed. A repro that
    /// shows its failure ends as the failing run did: 3, 10 or 11.
    NotReproduced,
    /// A task never came to an await, and the process was ended.
    Hang,
}

impl Exit {
    /// The process's exit code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Internal => 1,
            Self::Usage => 2,
            Self::Unknown => 3,
            Self::NothingSelected => 4,
            Self::Violation => 10,
            Self::Stuck => 11,
            Self::Nondeterminism => 12,
            Self::NotReproduced => 13,
            Self::Hang => 14,
        }
    }
}

impl Exit {
    /// Returns a pass in place of a failure of the system under test.
    #[must_use]
    pub fn found_is_success(self) -> Self {
        match self {
            Self::Violation | Self::Stuck | Self::Hang => Self::Pass,
            other => other,
        }
    }

    /// Returns the more severe of two: a run that cannot be trusted, then one that hangs, then
    /// a violation, then a run that is stuck, then an internal error, then a mistake, then a run
    /// of which nothing is known.
    #[must_use]
    pub fn worst(self, other: Self) -> Self {
        let rank = |exit| match exit {
            Self::Nondeterminism => 7,
            Self::Hang => 6,
            Self::Violation => 5,
            Self::Stuck => 4,
            Self::Internal => 3,
            Self::Usage => 2,
            Self::Unknown => 1,
            _ => 0,
        };
        if rank(other) > rank(self) {
            other
        } else {
            self
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
