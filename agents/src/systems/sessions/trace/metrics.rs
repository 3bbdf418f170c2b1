//! Totals over all sessions that are closed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{EventKind, SessionState};

/// Totals over all sessions that are closed.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub(in super::super) struct Metrics {
    pub(in super::super) total_sessions: u64,
    pub(in super::super) total_events: u64,
    /// The number of starts of each agent.
    pub(in super::super) agent_usage: BTreeMap<String, u64>,
    pub(in super::super) total_llm_tokens: u64,
    pub(in super::super) total_errors: u64,
    /// The errors in a million events, rounded down; none without any event.
    pub(in super::super) error_rate_ppm: u64,
}

impl Metrics {
    /// Returns the totals over these sessions.
    pub(in super::super) fn of<'a>(sessions: impl Iterator<Item = &'a SessionState>) -> Self {
        let mut metrics = Self::default();
        for session in sessions.filter(|session| session.closed.is_some()) {
            metrics.add(session);
        }
        let errors = metrics.total_errors * 1_000_000;
        metrics.error_rate_ppm = errors.checked_div(metrics.total_events).unwrap_or(0);
        metrics
    }

    fn add(&mut self, session: &SessionState) {
        self.total_sessions += 1;
        for logged in &session.events {
            self.total_events += 1;
            match &logged.event.kind {
                EventKind::AgentStart { .. } => {
                    let source = logged.event.source.clone();
                    *self.agent_usage.entry(source).or_default() += 1;
                }
                EventKind::LlmCall { tokens, .. } => self.total_llm_tokens += u64::from(*tokens),
                EventKind::AgentError { .. } => self.total_errors += 1,
                _ => {}
            }
        }
    }
}
