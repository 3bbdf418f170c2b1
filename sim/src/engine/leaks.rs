//! Events outside the tasks' polls: leaks, and panics in tasks of plain tokio.

use rehearsal_hermetic::{Confining, Watching};

use crate::engine::deadlock;
use crate::engine::panics::{self, PlainTaskPanic};
use crate::engine::wake_queue::WakeQueue;
use crate::ids::TaskId;
use crate::trace::{LeakKind, LeakReport, PanicReport, Verdict};

use super::{Core, Engine, context};

/// The policy for leaks: things that go on outside the run and that no seed
/// decides.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Leaks {
    /// A leak ends the run, with [`Verdict::Leak`](crate::Verdict::Leak).
    ///
    /// Detected are threads that the run's thread starts (`std::thread::spawn`, plain tokio's
    /// `spawn_blocking` and `fs`, a multi-threaded runtime), sockets of the operating system
    /// that it makes, and tasks of the facade that another thread wakes. Threads and sockets
    /// are detected where [`is_watchful`](rehearsal_hermetic::is_watchful).
    #[default]
    Fail,
    /// Leaks are ignored. For programs that leak on purpose: such a run may differ from the
    /// last one of its seed.
    Allow,
}

impl Leaks {
    /// Watches this thread until the returned guard is dropped.
    pub(crate) fn watch(self) -> Option<Watching> {
        // A task of plain tokio leaks while the engine sleeps.
        let notify = || {
            context::with(|engine| engine.wakes.wake_driver());
        };
        (self == Self::Fail).then(|| rehearsal_hermetic::watch(notify))
    }

    /// Confines the objects of the facade to this thread until the returned guard is dropped, if
    /// no other thread has a part in the run.
    pub(crate) fn confine(self) -> Option<Confining> {
        (self == Self::Fail).then(rehearsal_hermetic::confine)
    }
}

/// The description of a task that tokio polls.
const PLAIN_TASK: &str = "a task of plain tokio";

impl Engine {
    /// Ends the run if something leaked from this thread, or a plain task panicked, since the
    /// last call. Where tokio reports uncaught panics, one that it has not reported was caught.
    pub(super) fn check_leaks(&self) {
        let panic = panics::take_plain_task_panic();
        self.halt_with(panic.filter(|_| !panics::REPORTS_UNCAUGHT));
    }

    /// Does the same when tokio polls no more tasks. Returns `true` if there was a panic.
    pub(crate) fn check_leaks_at_end(&self) -> bool {
        let panic = panics::take_plain_task_panic();
        let panicked = panic.is_some();
        self.halt_with(panic);
        panicked
    }

    fn halt_with(&self, panic: Option<PlainTaskPanic>) {
        let leak = rehearsal_hermetic::take_leak();
        if leak.is_none() && panic.is_none() {
            return;
        }
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        let at = self.now.get();
        let report = leak.map(|leak| LeakReport {
            kind: LeakKind::real(leak.kind, leak.site),
            task: core.describe_running(),
            more: leak.more,
            at,
        });
        let verdict = report.map(Verdict::Leak).or_else(|| {
            panic.map(|panic| {
                Verdict::Panic(PanicReport {
                    task: PLAIN_TASK.to_owned(),
                    message: panic.message,
                    location: panic.location,
                    at,
                })
            })
        });
        core.halted = core.halted.take().or(verdict);
    }
}

impl Core {
    fn describe_running(&self) -> String {
        match self.running {
            Some(id) => deadlock::describe_task(self, id),
            None => PLAIN_TASK.to_owned(),
        }
    }

    /// Ends the run because another thread has woken a task, unless leaks are allowed.
    #[cold]
    #[inline(never)]
    pub(super) fn woken_remotely(&mut self, wakes: &WakeQueue) {
        let Some(wake) = wakes.take_foreign() else {
            return;
        };
        if self.leaks == Leaks::Allow {
            return;
        }
        let report = LeakReport {
            kind: LeakKind::Wake {
                thread: wake.thread,
            },
            task: self.describe_woken(wake.task),
            more: wake.more,
            at: self.last_activity,
        };
        self.halted.get_or_insert(Verdict::Leak(report));
    }

    fn describe_woken(&self, id: TaskId) -> String {
        match self.task(id) {
            Some(_) => deadlock::describe_task(self, id),
            None => "a task that has ended".to_owned(),
        }
    }
}
