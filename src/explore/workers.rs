//! Threads that run seeds, and the thread that receives their results.

use std::cell::RefCell;
use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use crate::run::under_way;

/// The interval at which the receiver is called without a result.
const TICK: Duration = Duration::from_millis(100);

/// Results that may wait for the receiver.
const WAITING_MAX: usize = 4_096;

/// Takes a worker's results. Returns `false` if no further result is wanted.
pub(crate) type Results<'a, T> = dyn Fn(T) -> bool + 'a;

/// Notes that a worker has panicked.
struct Watch<'a>(&'a AtomicBool);

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

/// Calls `work` on `jobs` threads, and `receive` on this one with every result, and with
/// none at intervals. Returns when all threads have ended. A single job runs on this
/// thread, so that it needs none, and its results come one by one.
///
/// # Errors
///
/// The error of `receive`, or that no thread could be started.
///
/// # Panics
///
/// If a worker panics; the others stop before their next result.
pub(crate) fn run_workers<T: Send>(
    jobs: NonZeroUsize,
    work: impl Fn(&Results<'_, T>) + Sync,
    mut receive: impl FnMut(Option<T>) -> io::Result<()>,
) -> io::Result<()> {
    if jobs.get() == 1 {
        return run_here(work, receive);
    }
    let broken = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (sender, receiver) = mpsc::sync_channel(WAITING_MAX);
        let work = &work;
        let watched = under_way::current();
        for started in 0..jobs.get() {
            let (sender, watch) = (sender.clone(), Watch(&broken));
            let watched = watched.clone();
            let work_on = move || {
                let _entered = watched.as_ref().map(under_way::enter);
                let _watch = watch;
                work(&|result| sender.send(result).is_ok());
            };
            let thread = std::thread::Builder::new().name("worker".to_owned());
            match thread.spawn_scoped(scope, work_on) {
                Ok(_) => {}
                // Fewer will do.
                Err(_) if started > 0 => break,
                Err(error) => return Err(error),
            }
        }
        drop(sender);
        while !broken.load(Ordering::Relaxed) {
            match receiver.recv_timeout(TICK) {
                Ok(result) => receive(Some(result))?,
                Err(RecvTimeoutError::Timeout) => receive(None)?,
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        Ok(())
    })
}

fn run_here<T>(
    work: impl Fn(&Results<'_, T>),
    mut receive: impl FnMut(Option<T>) -> io::Result<()>,
) -> io::Result<()> {
    let mut ended = Ok(());
    let receive = RefCell::new(|result| {
        ended = receive(Some(result));
        ended.is_ok()
    });
    work(&|result| receive.borrow_mut()(result));
    ended
}
