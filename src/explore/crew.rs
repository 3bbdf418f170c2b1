//! Threads that play, and the one that listens to them.

use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::time::Duration;

/// How often the listener is called when nothing is said.
const TICK: Duration = Duration::from_millis(100);

/// Messages that may wait for the listener.
const WAITING: usize = 4_096;

/// A worker's line to the listener.
pub(super) struct Line<'a, T> {
    sender: SyncSender<T>,
    broken: &'a AtomicBool,
}

impl<T> Line<'_, T> {
    /// Says something. False: nobody listens any more.
    pub(super) fn say(&self, message: T) -> bool {
        self.sender.send(message).is_ok()
    }
}

impl<T> Drop for Line<'_, T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.broken.store(true, Ordering::Relaxed);
        }
    }
}

/// Has `jobs` threads do `work`, and calls `listen` on this one with everything
/// that they say, and with none now and then. Returns once all are done.
///
/// # Errors
///
/// What `listen` returns, or that not one thread could be started.
///
/// # Panics
///
/// If a worker panics; the others stop before their next message.
pub(super) fn perform<T: Send>(
    jobs: NonZeroUsize,
    work: impl Fn(&Line<'_, T>) + Sync,
    mut listen: impl FnMut(Option<T>) -> io::Result<()>,
) -> io::Result<()> {
    let broken = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (sender, receiver) = mpsc::sync_channel(WAITING);
        let work = &work;
        for started in 0..jobs.get() {
            let line = Line {
                sender: sender.clone(),
                broken: &broken,
            };
            let thread = std::thread::Builder::new().name("player".to_owned());
            match thread.spawn_scoped(scope, move || work(&line)) {
                Ok(_) => {}
                // Fewer will do.
                Err(_) if started > 0 => break,
                Err(error) => return Err(error),
            }
        }
        drop(sender);
        while !broken.load(Ordering::Relaxed) {
            match receiver.recv_timeout(TICK) {
                Ok(message) => listen(Some(message))?,
                Err(RecvTimeoutError::Timeout) => listen(None)?,
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        Ok(())
    })
}
