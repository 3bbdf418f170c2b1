//! The outcome of a run.

use std::fmt;
use std::panic::Location;
use std::time::Duration;

use super::Interleaving;
use crate::ids::TaskId;
use crate::operation::{Interleave, ResourceKind};
use crate::schedule::{Divergence, SpawnPath, Tape};
use crate::time::VirtualTime;
use crate::trace::{
    DiskLoss, Fingerprint, Interruption, LeakReport, LivePlainTask, TaskDecision, Trace,
};

/// The result of a run: verdict, trace, statistics, fingerprint, and the program's value if it
/// returned.
#[derive(Debug)]
pub struct Outcome<T> {
    /// The verdict of the engine. Oracles check the rest.
    pub verdict: Verdict,
    /// The value that the program returned, if it ran to its end.
    pub value: Option<T>,
    /// The hash over every effect.
    pub fingerprint: Fingerprint,
    /// The effects themselves; empty unless they were recorded.
    pub trace: Trace,
    /// The choices; empty unless they were recorded.
    pub tape: Tape,
    /// Counters.
    pub statistics: Statistics,
    /// The locks that tasks had to wait for, the most contended first.
    pub locks: Vec<LockUse>,
    /// The scheduler's deviations; empty unless recorded.
    pub switches: Vec<Switch>,
    /// The tasks that were postponed; empty unless recorded.
    pub postponements: Vec<Postponement>,
    /// The notifications that reached no task; empty unless observed.
    pub unheard: Vec<Unheard>,
    /// The choices of tasks that are not the default; empty unless recorded.
    pub decisions: Vec<TaskDecision>,
    /// The interruptions of plain tasks; empty unless recorded.
    pub interruptions: Vec<Interruption>,
    /// The changes to disks that crashes have lost; empty unless recorded.
    pub losses: Vec<DiskLoss>,
    /// Every task, by id; empty unless recorded.
    pub tasks: Vec<TaskInfo>,
    /// The hash of the happens-before order; meaningless if nothing is recorded.
    pub interleaving: Interleaving,
    /// The operations that were scheduling points.
    pub interleave: Interleave,
    /// The first place at which a replay met another choice than its schedule recorded.
    pub divergence: Option<Divergence>,
}

impl<T> Outcome<T> {
    /// Returns the same outcome with another value.
    pub fn map<U>(mut self, map: impl FnOnce(T) -> U) -> Outcome<U> {
        let value = self.value.take().map(map);
        self.with_value(value)
    }

    /// Returns the same outcome with this value, or none.
    pub(crate) fn with_value<U>(self, value: Option<U>) -> Outcome<U> {
        Outcome {
            verdict: self.verdict,
            value,
            fingerprint: self.fingerprint,
            trace: self.trace,
            tape: self.tape,
            statistics: self.statistics,
            locks: self.locks,
            switches: self.switches,
            postponements: self.postponements,
            unheard: self.unheard,
            decisions: self.decisions,
            interruptions: self.interruptions,
            losses: self.losses,
            tasks: self.tasks,
            interleaving: self.interleaving,
            interleave: self.interleave,
            divergence: self.divergence,
        }
    }
}

/// The ways in which a run ends.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Verdict {
    /// The program ran to its end.
    Pass,
    /// These tasks wait for each other, or nothing can ever run again.
    Deadlock {
        /// The time at which the cycle closed, or nothing could run any more.
        at: VirtualTime,
        /// `true` if the tasks form a cycle of locks (else: everything is stuck).
        cycle: bool,
        /// Every task of the cycle, or every task that is alive.
        tasks: Vec<DeadlockedTask>,
        /// Every plain task that is alive, if everything is stuck.
        plain_tasks: Vec<LivePlainTask>,
    },
    /// Tasks kept running without time passing.
    Livelock {
        /// The instant that never ended.
        at: VirtualTime,
        /// Polls within it.
        polls: u64,
    },
    /// Virtual time ran out while a task waited for a timer.
    Timeout {
        /// The limit.
        limit: Duration,
        /// Every task that was alive.
        tasks: Vec<DeadlockedTask>,
        /// Every plain task that was alive.
        plain_tasks: Vec<LivePlainTask>,
    },
    /// A task panicked, one of plain tokio's included.
    Panic(PanicReport),
    /// Something leaked from the run: no seed decides the result.
    Leak(LeakReport),
    /// The budget of steps ran out: nothing is known.
    Unknown {
        /// The limit.
        steps: u64,
    },
}

impl Verdict {
    /// Returns one word, as in JSON: `pass`, `deadlock`, `livelock`, `timeout`, `panic`,
    /// `leak`, `unknown`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Deadlock { .. } => "deadlock",
            Self::Livelock { .. } => "livelock",
            Self::Timeout { .. } => "timeout",
            Self::Panic(_) => "panic",
            Self::Leak(_) => "leak",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// Returns the time at which it was reached, where that is known.
    pub fn at(&self) -> Option<VirtualTime> {
        match self {
            Self::Deadlock { at, .. } | Self::Livelock { at, .. } => Some(*at),
            Self::Panic(report) => Some(report.at),
            Self::Leak(report) => Some(report.at),
            Self::Pass | Self::Timeout { .. } | Self::Unknown { .. } => None,
        }
    }
}

/// One sentence, and a line for each task of a deadlock.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pass => f.write_str("the program ran to its end"),
            Self::Deadlock {
                at,
                cycle,
                tasks,
                plain_tasks,
            } => {
                if *cycle {
                    write!(f, "{} tasks wait for each other at {at}", tasks.len())?;
                } else {
                    write!(f, "nothing can run any more at {at}")?;
                }
                tasks.iter().try_for_each(|task| write!(f, "\n  {task}"))?;
                stuck(f, plain_tasks)
            }
            Self::Livelock { at, polls } => {
                write!(f, "{polls} polls at {at} and time does not move")
            }
            Self::Timeout {
                limit,
                tasks,
                plain_tasks,
            } => {
                write!(f, "not finished after {limit:?} of virtual time")?;
                tasks.iter().try_for_each(|task| write!(f, "\n  {task}"))?;
                stuck(f, plain_tasks)
            }
            Self::Panic(report) => write!(f, "{report}"),
            Self::Leak(report) => write!(f, "{report}"),
            Self::Unknown { steps } => write!(f, "not finished after {steps} steps"),
        }
    }
}

/// A line for each plain task.
fn stuck(f: &mut fmt::Formatter<'_>, plain_tasks: &[LivePlainTask]) -> fmt::Result {
    plain_tasks
        .iter()
        .try_for_each(|task| write!(f, "\n  {task} waits for {OUT_OF_SIGHT}"))
}

const OUT_OF_SIGHT: &str = "something outside the simulator's sight";

/// A task that can never run again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeadlockedTask {
    /// The id.
    pub id: TaskId,
    /// Its name, host and spawn site.
    pub description: String,
    /// The operations that it waits for and the holders, one line each.
    pub waits: Vec<String>,
}

impl fmt::Display for DeadlockedTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.description)?;
        match self.waits.as_slice() {
            [] => write!(f, " waits for {OUT_OF_SIGHT}"),
            waits => write!(f, " waits for {}", waits.join(" and ")),
        }
    }
}

/// A panic in a task.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PanicReport {
    /// The task's name, host and spawn site.
    pub task: String,
    /// The message.
    pub message: String,
    /// `file:line:column`, where known.
    pub location: String,
    /// The virtual time.
    pub at: VirtualTime,
}

impl fmt::Display for PanicReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} panicked at {}: {}",
            self.task, self.location, self.message
        )
    }
}

/// A deviation of the scheduler: another task runs than by default.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Switch {
    /// The choice's index on the tape.
    pub choice: usize,
    /// The task of the default choice.
    pub instead_of: TaskId,
    /// The turns that it had had: its polls, and the scheduling points at which it went on.
    pub turn: u32,
    /// The resource that it was about to touch, and its creation site; none if it
    /// did not stand at a scheduling point.
    pub at: Option<(ResourceKind, &'static Location<'static>)>,
    /// The name of the operation, if operations were scheduling points.
    pub operation: Option<&'static str>,
    /// What was observed of that task; none if the run was not observed.
    pub observed: Option<Box<Observed>>,
    /// The task that runs.
    pub taken: TaskId,
}

/// What was observed of a task that was passed over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Observed {
    /// The line of code at which it stood, if that is known.
    pub line: Option<CodeLine>,
    /// The number of its use of the resource that was put off, from 1; 0 if it did not stand at
    /// a scheduling point.
    pub uses: u32,
    /// The uses of the resource by others before its own; none if it has not used it.
    pub meanwhile: Option<Meanwhile>,
}

/// A line of code at which a task stood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CodeLine {
    /// File, line and column.
    pub place: String,
    /// The number of times that the task has stood there to yield or to wait, from 1; 0 if
    /// it was interrupted at an operation, of which the resource has the number.
    pub times: u32,
}

/// The uses of a resource between the moment at which a task was passed over and its own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Meanwhile {
    /// The step at which the task used it.
    pub step: u64,
    /// Entries of the trace before that.
    pub entry: usize,
    /// The others that have used it in between, and how often.
    pub uses: Vec<(TaskId, u32)>,
}

/// A notification of all waiting tasks, of which there were none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unheard {
    /// The virtual time.
    pub at: VirtualTime,
    /// The step.
    pub step: u64,
    /// Entries of the trace before it.
    pub entry: usize,
    /// The task that notified; none outside tasks.
    pub task: Option<TaskId>,
    /// The creation site of the `Notify`.
    pub made_at: &'static Location<'static>,
}

/// A task that was postponed until no other could go on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Postponement {
    /// The choice's index on the tape.
    pub choice: usize,
    /// The task.
    pub task: TaskId,
    /// The turns that it had had.
    pub turn: u32,
    /// The resource that it was about to touch, and its creation site; none if it
    /// did not stand at a scheduling point.
    pub at: Option<(ResourceKind, &'static Location<'static>)>,
    /// As [`Switch::operation`].
    pub operation: Option<&'static str>,
    /// As [`Switch::observed`].
    pub observed: Option<Box<Observed>>,
    /// The step of the run before which the postponement ended, and the reason; none if it
    /// did not end.
    pub until: Option<(u64, Resumption)>,
}

/// The reason for which a task is postponed no longer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Resumption {
    /// No other task could go on.
    NoOther,
    /// It had been postponed for as long as a task can be.
    Limit,
    /// A later choice picked it.
    Picked,
    /// Its host was paused, and it is as ready as others once the host goes on.
    HostPaused,
}

/// The locks that were made at one place, and the waits for them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LockUse {
    /// The kind of the locks.
    pub kind: ResourceKind,
    /// The place at which they were made.
    pub created_at: &'static Location<'static>,
    /// The number of locks that were made there.
    pub locks: u64,
    /// The number of times that a task waited for one of them.
    pub waits: u64,
    /// The virtual time of all these waits.
    pub waited: Duration,
    /// The virtual time of the longest wait.
    pub longest_wait: Duration,
    /// The longest virtual time for which one of them was held without interruption.
    pub longest_hold: Duration,
}

/// A task that took part in a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TaskInfo {
    /// The id.
    pub id: TaskId,
    /// The name that it gave itself, or empty.
    pub name: String,
    /// Its host's name.
    pub host: String,
    /// Spawn site.
    pub spawned_at: &'static Location<'static>,
    /// Its path of spawns, which names the scheduler's sites for it.
    pub path: SpawnPath,
}

/// Counters of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Statistics {
    /// Polls of tasks.
    pub steps: u64,
    /// Choices with more than one alternative.
    pub choices: u64,
    /// Choices that were not the default: deviations.
    pub deviations: u64,
    /// Preemptions: deviations that took the turn from a task that could go on.
    pub preemptions: u64,
    /// Tasks spawned.
    pub tasks: u64,
    /// Plain tasks spawned. Without `cfg(tokio_unstable)` the most that were seen alive at once:
    /// there they are counted while the run waits, and none of them is interrupted.
    pub plain_tasks: u64,
    /// Polls of plain tasks; 0 without `cfg(tokio_unstable)`.
    pub plain_polls: u64,
    /// Interruptions of plain tasks; 0 without `cfg(tokio_unstable)`.
    pub interruptions: u64,
    /// Packets that left a host.
    pub packets: u64,
    /// Number of waits of tasks for anything but a timer: a lock, a channel, a socket, another
    /// task.
    pub waits: u64,
    /// Number of those waits that were for a lock.
    pub lock_waits: u64,
    /// Virtual time at the end.
    pub virtual_time: VirtualTime,
}
