//! Servers: the store, and replicas that follow it.
//!
//! | module | contents |
//! |---|---|
//! | `primary` | the store: the state of each team behind a lock, and the journal |
//! | `space` | the state of one team, with what a crash may lose: snapshots and leases |
//! | `journal` | the disk |
//! | `replica` | a copy that follows the journal and answers reads |

mod journal;
mod primary;
mod replica;
mod space;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use rehearsal_sim::tokio::{select, time};
use rehearsal_sim::tokio_util::sync::CancellationToken;
use rehearsal_sim::tokio_util::task::TaskTracker;

use super::wire::{Disconnected, Frames, Request, Response};

pub(super) use self::journal::Journal;
pub(super) use self::primary::Primary;
pub(super) use self::replica::Replica;
use crate::network::{ByteStream, Listener};

/// Pause after a connection could not be accepted.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(10);

/// A server's answers to requests.
pub(super) trait Service: Send + Sync + 'static {
    /// Answers a request.
    fn answer(&self, request: Request) -> impl Future<Output = Response> + Send;
}

/// The sessions of a server, to end them.
#[derive(Clone)]
pub(super) struct Sessions {
    /// The time without a request after which a session ends.
    idle_timeout: Duration,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Sessions {
    /// No sessions yet.
    fn new(idle_timeout: Duration) -> Self {
        Self {
            idle_timeout,
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        }
    }

    /// Serves connections until the sessions are ended.
    pub(super) async fn serve<L: Listener>(&self, mut listener: L, service: Arc<impl Service>) {
        loop {
            let accepted = select! {
                biased;
                () = self.stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok(stream) => {
                    let (service, idle_timeout) = (Arc::clone(&service), self.idle_timeout);
                    self.spawn(async move {
                        // A connection that breaks is the client's to open again.
                        let _ = session(stream, &*service, idle_timeout).await;
                    });
                }
                Err(_) => time::sleep(ACCEPT_BACKOFF).await,
            }
        }
    }

    /// Runs a task until it ends or the sessions are ended.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            stop.run_until_cancelled(task).await;
        });
    }

    /// Ends every session. Returns once their tasks have ended.
    pub(super) async fn end(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Answers one request after the other, until the connection ends or is idle.
async fn session(
    stream: impl ByteStream,
    service: &impl Service,
    idle_timeout: Duration,
) -> Result<(), Disconnected> {
    let mut frames = Frames::new(stream);
    loop {
        let next = time::timeout(idle_timeout, frames.next());
        let request = next.await.map_err(|_| Disconnected)??;
        let response = service.answer(request).await;
        frames.send(&response).await?;
    }
}
