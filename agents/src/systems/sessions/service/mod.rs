//! The session service: keeps the sessions of all agents, and their events.
//!
//! | module | contents |
//! |---|---|
//! | `recording` | the disk |
//! | `log` | the way of an event into the log of its session |
//! | `access` | tokens |
//! | `connection` | one connection of a client |
//!
//! Each session has a lock of its own, held while an event is written to the recording and
//! applied. So the order of the recording is that of the log, and a sum cannot lose an
//! addend.

mod access;
mod connection;
mod log;
mod recording;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rehearsal_sim::tokio::net::TcpListener;
use rehearsal_sim::tokio::sync::Mutex;
use rehearsal_sim::tokio::{select, time};
use rehearsal_sim::tokio_util::sync::CancellationToken;
use rehearsal_sim::tokio_util::task::TaskTracker;

use self::access::Access;
use super::clock::Clock;
use super::trace::{Baseline, Metrics, SessionState};
use super::wire::SessionId;
use crate::defect::Defect;

pub(super) use self::recording::Recording;

/// Pause after a connection could not be accepted.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(10);

/// The settings of a service.
#[derive(Clone, Copy, Debug)]
pub(super) struct Configuration {
    /// The time that a write to the recording takes.
    pub(super) write: Duration,
    /// The averages that sessions are compared with.
    pub(super) baseline: Option<Baseline>,
    pub(super) defect: Option<Defect>,
}

/// A session with its lock.
type Slot = Arc<Mutex<SessionState>>;

/// One incarnation of the service.
pub(super) struct Service {
    configuration: Configuration,
    clock: Clock,
    recording: Recording,
    access: Access,
    sessions: Mutex<BTreeMap<SessionId, Slot>>,
    /// The session that was opened last.
    current: Mutex<Option<SessionId>>,
    connections: TaskTracker,
    stop: CancellationToken,
}

impl Service {
    /// A service with everything that the recording has.
    pub(super) fn open(configuration: Configuration, clock: Clock, recording: Recording) -> Self {
        recording.begin_epoch();
        let sessions = recording.replay().into_iter();
        let slot = |(id, state)| (id, Arc::new(Mutex::new(state)));
        Self {
            configuration,
            clock,
            recording,
            access: Access::default(),
            sessions: Mutex::new(sessions.map(slot).collect()),
            current: Mutex::new(None),
            connections: TaskTracker::new(),
            stop: CancellationToken::new(),
        }
    }

    /// Returns `true` if the service has this seeded bug.
    fn carries(&self, defect: Defect) -> bool {
        self.configuration.defect == Some(defect)
    }

    /// Serves connections until the service is shut down.
    pub(super) async fn serve(self: &Arc<Self>, listener: TcpListener) {
        loop {
            let accepted = select! {
                biased;
                () = self.stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    let connection = connection::serve(Arc::clone(self), stream);
                    self.connections.spawn(connection);
                }
                Err(_) => time::sleep(ACCEPT_BACKOFF).await,
            }
        }
    }

    /// Ends every connection. Returns once their tasks have ended.
    pub(super) async fn shut_down(&self) {
        self.stop.cancel();
        self.connections.close();
        self.connections.wait().await;
    }

    /// Returns every session as it is.
    pub(super) async fn sessions(&self) -> BTreeMap<SessionId, SessionState> {
        let slots = self.sessions.lock().await.clone();
        let mut sessions = BTreeMap::new();
        for (id, slot) in slots {
            let state = slot.lock().await.clone();
            sessions.insert(id, state);
        }
        sessions
    }

    /// Returns the totals over all closed sessions.
    pub(super) async fn metrics(&self) -> Metrics {
        Metrics::of(self.sessions().await.values())
    }
}
