//! A session that is closed on every path.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::super::defects;
use super::super::trace::{Event, EventKind, Totals};
use super::super::wire::{EventId, Refusal, SessionId};
use super::Log;
use crate::defect::Defect;

/// The failure of an agent, with its error.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in super::super) struct AgentFailed(pub(in super::super) String);

/// A handle to an open session, in the name of one agent.
#[derive(Clone)]
pub(in super::super) struct SessionHandle {
    pub(in super::super) id: SessionId,
    source: String,
    log: Arc<dyn Log>,
    /// The number of events of this source.
    sent: Arc<AtomicU32>,
    defect: Option<Defect>,
}

impl SessionHandle {
    /// Opens a session in the name of an agent, usually the one that leads the others.
    pub(in super::super) async fn open(
        id: SessionId,
        source: &str,
        parent: Option<SessionId>,
        log: Arc<dyn Log>,
        defect: Option<Defect>,
    ) -> Result<Self, Refusal> {
        let handle = Self {
            id,
            source: source.to_owned(),
            log,
            sent: Arc::default(),
            defect,
        };
        let event = handle.event(EventKind::SessionStarted);
        handle.log.open(parent, event).await?;
        Ok(handle)
    }

    /// Returns a handle of another agent of the session, with a connection of its own.
    pub(in super::super) fn of(&self, source: &str, log: Arc<dyn Log>) -> Self {
        Self {
            id: self.id,
            source: source.to_owned(),
            log,
            sent: Arc::default(),
            defect: self.defect,
        }
    }

    fn event(&self, kind: EventKind) -> Event {
        let number = self.sent.fetch_add(1, Ordering::Relaxed) + 1;
        Event {
            id: EventId(format!("{}/{}/{number}", self.id, self.source)),
            source: self.source.clone(),
            kind,
        }
    }

    /// Sends an event. Returns the sums of the session after it.
    pub(in super::super) async fn track(&self, kind: EventKind) -> Result<Totals, Refusal> {
        self.log.append(self.event(kind)).await
    }

    /// Brackets the work of an agent.
    pub(in super::super) async fn agent<F>(&self, run: u32, work: F) -> Result<(), AgentFailed>
    where
        F: Future<Output = Result<(), AgentFailed>>,
    {
        self.track(EventKind::AgentStart { run }).await?;
        let result = work.await;
        let end = match &result {
            Ok(()) => EventKind::AgentEnd { run },
            Err(AgentFailed(error)) => EventKind::AgentError {
                run,
                error: error.clone(),
            },
        };
        self.track(end).await?;
        result
    }

    /// Closes the session, whichever way its work ended.
    pub(in super::super) async fn close(
        self,
        result: Result<(), AgentFailed>,
    ) -> Result<(), AgentFailed> {
        // Seeded: an error returns before the session is closed.
        if result.is_err() && self.defect == Some(defects::OPEN_AFTER_ERROR) {
            return result;
        }
        self.conclude().await?;
        let end = match &result {
            Ok(()) => EventKind::SessionEnded,
            Err(AgentFailed(error)) => EventKind::SessionFailed {
                error: error.clone(),
            },
        };
        self.track(end.clone()).await?;
        // Seeded: the guard of the session closes it once more.
        if self.defect == Some(defects::CLOSED_TWICE) {
            self.track(end).await?;
        }
        result
    }

    /// Adds what the service finds in the session as a whole.
    async fn conclude(&self) -> Result<(), Refusal> {
        let (state, regressions) = self.log.read().await?;
        if let Some(bottleneck) = state.bottleneck() {
            self.track(bottleneck).await?;
        }
        for regression in regressions {
            self.track(EventKind::RegressionDetected { regression })
                .await?;
        }
        Ok(())
    }
}

impl From<Refusal> for AgentFailed {
    fn from(refusal: Refusal) -> Self {
        Self(refusal.to_string())
    }
}
