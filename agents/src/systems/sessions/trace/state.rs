//! The state of a session: a fold over its events, and over nothing else, so that a
//! recording of the events replays to the same state.

use serde::{Deserialize, Serialize};

use super::super::wire::SessionId;
use super::timeline::{Checkpoint, bottleneck};
use super::{Event, EventKind, Logged, SessionEnd};

/// The sums of a session.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub(in super::super) struct Totals {
    pub(in super::super) llm_calls: u64,
    pub(in super::super) tokens: u64,
    pub(in super::super) cost_micros: u64,
    pub(in super::super) modules_processed: u64,
    pub(in super::super) tests_generated: u64,
    pub(in super::super) healing_iterations: u64,
    /// The sum of the scores of all tests.
    pub(in super::super) quality: u64,
}

impl Totals {
    /// Returns the sums after one more event.
    #[must_use]
    pub(in super::super) fn with(self, kind: &EventKind) -> Self {
        let mut next = self;
        match kind {
            EventKind::LlmCall {
                tokens,
                cost_micros,
                ..
            } => {
                next.llm_calls += 1;
                next.tokens += u64::from(*tokens);
                next.cost_micros += cost_micros;
            }
            EventKind::TestGenerationCompleted { tests, quality, .. } => {
                next.modules_processed += 1;
                next.tests_generated += u64::from(*tests);
                next.quality += u64::from(*quality);
            }
            EventKind::TestHealingTriggered { .. } => next.healing_iterations += 1,
            _ => {}
        }
        next
    }
}

/// The end of a session that is closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(in super::super) struct Closed {
    pub(in super::super) end: SessionEnd,
    pub(in super::super) at_us: u64,
}

/// The state of one session.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(in super::super) struct SessionState {
    pub(in super::super) id: SessionId,
    pub(in super::super) parent: Option<SessionId>,
    pub(in super::super) opened_us: u64,
    pub(in super::super) closed: Option<Closed>,
    pub(in super::super) totals: Totals,
    pub(in super::super) checkpoints: Vec<Checkpoint>,
    pub(in super::super) events: Vec<Logged>,
}

impl SessionState {
    /// A session that has just been opened.
    pub(in super::super) fn open(id: SessionId, parent: Option<SessionId>, at_us: u64) -> Self {
        Self {
            id,
            parent,
            opened_us: at_us,
            closed: None,
            totals: Totals::default(),
            checkpoints: Vec::new(),
            events: Vec::new(),
        }
    }

    /// Applies an event.
    pub(in super::super) fn apply(&mut self, at_us: u64, event: Event) {
        self.totals = self.totals.with(&event.kind);
        if let EventKind::Checkpoint { name } = &event.kind {
            self.checkpoints.push(Checkpoint {
                name: name.clone(),
                at_us,
                totals: self.totals,
            });
        }
        if let Some(end) = event.kind.ends() {
            self.closed = Some(Closed { end, at_us });
        }
        self.events.push(Logged { at_us, event });
    }

    /// Replays a recording: the state after all of its events.
    pub(in super::super) fn replay(
        id: SessionId,
        parent: Option<SessionId>,
        opened_us: u64,
        events: &[Logged],
    ) -> Self {
        let mut state = Self::open(id, parent, opened_us);
        for Logged { at_us, event } in events {
            state.apply(*at_us, event.clone());
        }
        state
    }

    /// Returns the time from the opening to the last event.
    pub(in super::super) fn duration_us(&self) -> u64 {
        let last = self.events.last().map_or(self.opened_us, |last| last.at_us);
        last.checked_sub(self.opened_us)
            .expect("events come after the opening")
    }

    /// Returns the event that names the bottleneck of the session, if it has one.
    pub(in super::super) fn bottleneck(&self) -> Option<EventKind> {
        let found = bottleneck(&self.checkpoints)?;
        Some(EventKind::BottleneckDetected {
            checkpoint: found.checkpoint,
            gap_us: found.gap_us,
        })
    }
}
