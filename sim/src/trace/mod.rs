//! The result of a run: its effects in order, their hash, its verdict.

mod census;
mod decision;
mod fingerprint;
mod happens_before;
mod interruption;
mod leak;
mod locks;
mod loss;
mod outcome;

use std::fmt;

use crate::ids::{HostId, TaskId};
use crate::time::VirtualTime;

pub use self::census::{Census, LivePlainTask, LiveSocket, LiveTask};
pub use self::decision::{Decision, Dropped, Moment, TaskDecision, is_in_std};
pub use self::fingerprint::Fingerprint;
pub(crate) use self::fingerprint::Fingerprinter;
pub use self::happens_before::Interleaving;
pub(crate) use self::happens_before::{HappensBefore, mix};
pub use self::interruption::Interruption;
pub(crate) use self::interruption::place;
pub use self::leak::{LeakKind, LeakReport};
pub use self::locks::{LockChange, LockStep};
pub use self::loss::{DiskLoss, LostChange};
pub use self::outcome::{
    CodeLine, DeadlockedTask, LockUse, Meanwhile, Observed, Outcome, PanicReport, Postponement,
    Resumption, Statistics, Switch, TaskInfo, Unheard, Verdict,
};

/// The effects of a run, in order, and what explains them. Empty unless they were recorded.
/// Only the effects are part of the fingerprint.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Trace {
    /// The effects.
    pub entries: Vec<Entry>,
    /// The changes of the holders and waiters of locks.
    pub locks: Vec<LockChange>,
    /// The wakes that made a task ready.
    pub wakes: Vec<Wake>,
    /// The lines that the code under test logged, if something collects them.
    pub logs: Vec<LogLine>,
}

/// A line that the code under test logged. It is no part of the run: whether it is collected
/// changes neither the effects nor the fingerprint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogLine {
    /// Effects recorded before it.
    pub effects: usize,
    /// Polls before it.
    pub step: u64,
    /// Virtual time.
    pub at: VirtualTime,
    /// The task that logged it.
    pub task: Option<TaskId>,
    /// Its level, for example `info`.
    pub level: &'static str,
    /// Its text.
    pub text: String,
}

/// A wake that made a task ready.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wake {
    /// Effects recorded before it: the last of them has woken the task, unless a timer or
    /// another thread did.
    pub effects: usize,
    /// The task.
    pub task: TaskId,
}

/// One effect, at one step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Polls before it.
    pub step: u64,
    /// Virtual time.
    pub at: VirtualTime,
    /// The effect.
    pub effect: Effect,
}

/// The effect.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Effect {
    /// A task was spawned.
    Spawn {
        /// The new task.
        task: TaskId,
        /// The task that spawned it.
        parent: Option<TaskId>,
        /// The host on which it runs.
        host: HostId,
    },
    /// A task was polled.
    Poll {
        /// The task.
        task: TaskId,
    },
    /// A task ended.
    End {
        /// The task.
        task: TaskId,
        /// The way in which it ended.
        how: TaskEnd,
    },
    /// A packet left a host.
    Packet {
        /// The host that sends.
        from: HostId,
        /// The host that receives.
        to: HostId,
        /// Bytes of payload.
        len: u32,
        /// The time of arrival; none if it was lost, held or stalled.
        arrives: Option<VirtualTime>,
    },
    /// A packet reached a host.
    Arrival {
        /// The host that sends.
        from: HostId,
        /// The host that receives.
        to: HostId,
        /// Bytes of payload.
        len: u32,
    },
    /// A fault struck or ended.
    Fault {
        /// For example `crash server` or `heal client-1 -> server`.
        what: String,
    },
    /// The program noted something.
    Note {
        /// The task that noted it.
        task: Option<TaskId>,
        /// The kind of the note.
        label: &'static str,
        /// The text of the note.
        text: String,
    },
}

/// The ways in which a task ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TaskEnd {
    /// It returned.
    Returned,
    /// It was aborted.
    Aborted,
    /// It panicked.
    Panicked,
    /// Its host crashed.
    Crashed,
}

/// Writes it as a verb: `returns`.
impl fmt::Display for TaskEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Returned => "returns",
            Self::Aborted => "is aborted",
            Self::Panicked => "panics",
            Self::Crashed => "dies with its host",
        })
    }
}
