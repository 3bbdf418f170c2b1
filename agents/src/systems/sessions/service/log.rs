//! The way of an event into the log of its session.

use std::sync::Arc;

use rehearsal_sim::tokio::sync::{Mutex, MutexGuard};
use rehearsal_sim::tokio::time;

use super::super::defects;
use super::super::trace::{Event, SessionState, Totals, regressions};
use super::super::wire::{EventId, Refusal, Reply, SessionId};
use super::recording::Change;
use super::{Service, Slot};
use crate::effect::{self, Effect};

impl Service {
    /// Opens a session, unless it is open.
    pub(super) async fn open_session(
        &self,
        session: SessionId,
        parent: Option<SessionId>,
        event: Event,
    ) -> Result<Reply, Refusal> {
        {
            let mut sessions = self.sessions.lock().await;
            sessions.entry(session).or_insert_with(|| {
                let at_us = self.clock.now_us();
                self.recording.add(Change::Opened {
                    session,
                    parent,
                    at_us,
                });
                let state = SessionState::open(session, parent, at_us);
                Arc::new(Mutex::new(state))
            });
        }
        *self.current.lock().await = Some(session);
        self.append(session, event).await
    }

    /// Adds an event to the log of its session, once, however often it is repeated.
    pub(super) async fn append(&self, session: SessionId, event: Event) -> Result<Reply, Refusal> {
        let session = self.addressed(session).await;
        let slot = self.slot(session).await?;
        let state = slot.lock().await;
        // Seeded: an event that is repeated is added again.
        if let Some(totals) = totals_at(&state, &event.id)
            && !self.carries(defects::REPEATED_EVENT)
        {
            return Ok(Reply::Appended(totals));
        }
        // Seeded: a closed session takes its end once more.
        if state.closed.is_some() && !self.carries(defects::CLOSED_TWICE) {
            return Err(Refusal::Closed);
        }
        // Seeded: the sums are read now, and written later.
        if self.carries(defects::SUMS_WRITTEN_BACK) {
            return Ok(self.write_back(&slot, state, session, event).await);
        }
        self.write(state, session, event).await
    }

    /// Returns the session that an event belongs to.
    async fn addressed(&self, session: SessionId) -> SessionId {
        // Seeded: that is the one that was opened last.
        if self.carries(defects::CURRENT_SESSION) {
            return self.current.lock().await.unwrap_or(session);
        }
        session
    }

    async fn slot(&self, session: SessionId) -> Result<Slot, Refusal> {
        let sessions = self.sessions.lock().await;
        sessions.get(&session).cloned().ok_or(Refusal::Unknown)
    }

    /// Records and applies an event.
    async fn write(
        &self,
        mut state: MutexGuard<'_, SessionState>,
        session: SessionId,
        event: Event,
    ) -> Result<Reply, Refusal> {
        let at_us = self.clock.now_us();
        let change = Change::Appended {
            session,
            at_us,
            event: event.clone(),
        };
        // Seeded: the write goes on behind the answer.
        if self.carries(defects::ANSWERED_BEFORE_WRITE) {
            let (recording, wait) = (self.recording.clone(), self.configuration.write);
            self.connections.spawn(async move {
                time::sleep(wait).await;
                recording.add(change);
            });
        } else {
            self.wait().await;
            let effect = effect::begin(Effect::Write).await;
            self.recording.add(change);
            effect.end().await;
        }
        state.apply(at_us, event);
        // Seeded: checkpoints show the sums of the session, and not a copy.
        if self.carries(defects::CHECKPOINT_ALIASES_STATE) {
            let totals = state.totals;
            for checkpoint in &mut state.checkpoints {
                checkpoint.totals = totals;
            }
        }
        Ok(Reply::Appended(state.totals))
    }

    async fn write_back(
        &self,
        slot: &Slot,
        state: MutexGuard<'_, SessionState>,
        session: SessionId,
        event: Event,
    ) -> Reply {
        let totals = state.totals.with(&event.kind);
        drop(state);
        self.wait().await;
        let mut state = slot.lock().await;
        let at_us = self.clock.now_us();
        self.recording.add(Change::Appended {
            session,
            at_us,
            event: event.clone(),
        });
        state.apply(at_us, event);
        state.totals = totals;
        Reply::Appended(totals)
    }

    /// Waits as long as a write to the disk takes.
    async fn wait(&self) {
        if !self.configuration.write.is_zero() {
            time::sleep(self.configuration.write).await;
        }
    }

    /// Reads a session, and compares it with the baseline.
    pub(super) async fn read(&self, session: SessionId) -> Result<Reply, Refusal> {
        let slot = self.slot(session).await?;
        let state = slot.lock().await.clone();
        let baseline = self.configuration.baseline.as_ref();
        let regressions = baseline.map_or_else(Vec::new, |baseline| {
            regressions(state.duration_us(), &state.totals, baseline)
        });
        Ok(Reply::Session {
            state: Box::new(state),
            regressions,
        })
    }
}

/// Returns the sums after that event, if it is in the log.
fn totals_at(state: &SessionState, id: &EventId) -> Option<Totals> {
    let mut totals = Totals::default();
    for logged in &state.events {
        totals = totals.with(&logged.event.kind);
        if logged.event.id == *id {
            return Some(totals);
        }
    }
    None
}
