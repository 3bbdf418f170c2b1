//! A thread outside the runs that notices one that makes no step.
//!
//! A task that never comes to an await keeps the thread of its run, and no code of the run can
//! end it. So this thread reads the [`Heartbeat`](rehearsal_sim::Heartbeat) of each run at
//! intervals. If one has stood still for too long, it reports the task, writes a repro and ends
//! the process. It finds the task's name by the same seed: the run up to that step, on another
//! thread. Runs read nothing of this, so their fingerprints are the same with and without it.
//!
//! There is no backtrace of the task: to take one in a signal handler is safe only where no
//! allocation is under way. A debugger shows it.

mod report;
mod stalls;

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::environment;
use crate::run::under_way::{self, Workers};
use crate::target::Target;

use self::stalls::{STILL_MAX, Stalls};

/// Calls `body`, whose runs are watched, also those on threads that enter the same
/// [`Workers`]. A run that hangs ends the process, after its repro was written into `out`.
pub(crate) fn watch<R>(target: &dyn Target, out: Option<&Path>, body: impl FnOnce() -> R) -> R {
    let Some(limit) = environment::watchdog() else {
        return body();
    };
    let workers = Workers::of(target);
    std::thread::scope(|scope| {
        // Dropped when the body ends, also by a panic: then the thread ends too.
        let (_open, ended) = mpsc::channel();
        let watched = Arc::clone(&workers);
        let thread = std::thread::Builder::new().name("watchdog".to_owned());
        // Without one more thread the runs are the same.
        let _ = thread.spawn_scoped(scope, move || {
            observe(target, out, limit, &watched, &ended);
        });
        let _entered = under_way::enter(&workers);
        body()
    })
}

/// Looks at the runs until the other end of `ended` is dropped.
fn observe(
    target: &dyn Target,
    out: Option<&Path>,
    limit: Duration,
    workers: &Workers,
    ended: &Receiver<()>,
) {
    let mut stalls = Stalls::default();
    let interval = limit / STILL_MAX;
    while ended.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
        let positions = workers.positions();
        let Some((index, position)) = stalls.update(&positions) else {
            continue;
        };
        // It may have ended this moment.
        if let Some(run) = workers.under_way(index) {
            report::report_and_exit(target, out, limit, &run, position);
        }
    }
}
