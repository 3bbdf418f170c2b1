//! The memory of an agent: an append-only log for each session, on a volume that outlives the
//! process.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rehearsal_sim::tokio::sync::Mutex;
use rehearsal_sim::tokio::time::{Instant, sleep};

use super::super::api::{ErrorCode, Event, MemoryEvent, MemoryEvents, Problem};
use super::super::defects::{LOG_TRUNCATED, MEMORY_IGNORES_SESSION};
use super::super::ids::{AgentName, SessionId, TurnId};
use super::super::observer::Observer;
use super::Outcome;
use crate::defect::Defect;

/// The number of events that a log keeps under the defect [`LOG_TRUNCATED`].
const TRUNCATED_TO: usize = 3;

/// The storage of an agent's logs.
#[derive(Clone, Default, Debug)]
pub(in super::super) struct Volume(Arc<Mutex<Logs>>);

#[derive(Default, Debug)]
struct Logs {
    sessions: BTreeMap<SessionId, Vec<MemoryEvent>>,
    /// The number of events so far.
    count: u64,
}

/// The memory of an agent.
pub(in super::super) struct Memory {
    pub(in super::super) agent: AgentName,
    pub(in super::super) volume: Volume,
    /// The time that a write takes.
    pub(in super::super) write: Duration,
    /// The time from which events are counted.
    pub(in super::super) epoch: Instant,
    pub(in super::super) observer: Arc<dyn Observer>,
    pub(in super::super) defect: Option<Defect>,
}

/// The progress of a turn, as its log shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Progress {
    NotBegun,
    Begun,
    Finished(Outcome),
}

impl Memory {
    /// Appends an event to the log of the session. When this returns, it is on the volume.
    pub(super) async fn append(&self, session: &SessionId, turn: &TurnId, event: Event) {
        let mut logs = self.volume.0.lock().await;
        if !self.write.is_zero() {
            sleep(self.write).await;
        }
        logs.count += 1;
        let at = self.epoch.elapsed().as_micros();
        let event = MemoryEvent {
            id: format!("{}-{}", self.agent, logs.count).into(),
            session: session.clone(),
            turn: turn.clone(),
            at_us: u64::try_from(at).expect("a run is shorter than 2^64 microseconds"),
            event,
        };
        self.observer.remembered(&self.agent, &event);
        let log = logs.sessions.entry(session.clone()).or_default();
        log.push(event);
        if self.defect == Some(LOG_TRUNCATED) && log.len() > TRUNCATED_TO {
            log.remove(0);
        }
    }

    /// Returns the events of a session, or of all, those of one kind only if `kind` names it.
    pub(super) async fn events(
        &self,
        session: Option<&SessionId>,
        kind: Option<&str>,
    ) -> MemoryEvents {
        let session = session.filter(|_| self.defect != Some(MEMORY_IGNORES_SESSION));
        let logs = self.volume.0.lock().await;
        let mut events: Vec<MemoryEvent> = logs
            .sessions
            .iter()
            .filter(|(owner, _)| session.is_none_or(|session| session == *owner))
            .flat_map(|(_, log)| log)
            .filter(|event| kind.is_none_or(|kind| event.event.kind() == kind))
            .cloned()
            .collect();
        events.sort_by_key(|event| event.at_us);
        MemoryEvents {
            agent: self.agent.clone(),
            total: events.len(),
            events,
        }
    }

    /// Returns how far a turn has come.
    pub(super) async fn progress(&self, session: &SessionId, turn: &TurnId) -> Progress {
        let logs = self.volume.0.lock().await;
        let log = logs.sessions.get(session).into_iter().flatten();
        let mut of_turn = log.filter(|event| event.turn == *turn).peekable();
        if of_turn.peek().is_none() {
            return Progress::NotBegun;
        }
        let end = of_turn.find_map(|event| end(&event.event));
        end.map_or(Progress::Begun, Progress::Finished)
    }
}

/// Returns the outcome of a turn that ends with that event.
fn end(event: &Event) -> Option<Outcome> {
    match event {
        Event::AgentResponse { content } => Some(Ok(content.clone())),
        Event::Error { code, content } => Some(Err(problem(*code, content))),
        _ => None,
    }
}

fn problem(code: ErrorCode, content: &str) -> Problem {
    Problem::new(code, content)
}
