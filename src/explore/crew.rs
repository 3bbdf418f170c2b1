//! Threads that play, and the one that listens to them.

use std::io;
use std::num::NonZeroUsize;
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::time::Duration;

/// How often the listener is called when nothing is said.
const TICK: Duration = Duration::from_millis(100);

/// Messages that may wait for the listener.
const WAITING: usize = 4_096;

/// A worker's line to the listener.
pub(super) struct Line<T>(SyncSender<T>);

impl<T> Line<T> {
    /// Says something. False: nobody listens any more.
    pub(super) fn say(&self, message: T) -> bool {
        self.0.send(message).is_ok()
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
/// If a worker panics.
pub(super) fn perform<T: Send>(
    jobs: NonZeroUsize,
    work: impl Fn(&Line<T>) + Sync,
    mut listen: impl FnMut(Option<T>) -> io::Result<()>,
) -> io::Result<()> {
    std::thread::scope(|scope| {
        let (sender, receiver) = mpsc::sync_channel(WAITING);
        let work = &work;
        for started in 0..jobs.get() {
            let line = Line(sender.clone());
            let thread = std::thread::Builder::new().name("player".to_owned());
            match thread.spawn_scoped(scope, move || work(&line)) {
                Ok(_) => {}
                // Fewer will do.
                Err(_) if started > 0 => break,
                Err(error) => return Err(error),
            }
        }
        drop(sender);
        loop {
            match receiver.recv_timeout(TICK) {
                Ok(message) => listen(Some(message))?,
                Err(RecvTimeoutError::Timeout) => listen(None)?,
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
    })
}
