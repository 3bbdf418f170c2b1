//! The bridge vocabulary as a state machine over one run's events.

use std::collections::{BTreeMap, BTreeSet};

use rehearsal_agents::event::{EventKind, Payload, RunId};

/// Whether some of the run's events may be hidden from the observer. What may
/// be hidden cannot be called missing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Holes {
    /// The observer sees everything.
    None,
    /// Gap markers, or events without an answer, may hide some.
    Possible,
}

/// How a run may begin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Opening {
    /// With `agent_started`.
    Started,
    /// Also with its end: it may have been cut off before it started.
    StartedOrCutOff,
}

/// Which events a run must have shown when it completes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Duty {
    /// Only those that the rules of order imply.
    None,
    /// All five critical ones.
    AllCritical,
}

/// What an observer may demand of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) holes: Holes,
    pub(super) opening: Opening,
    pub(super) duty: Duty,
}

/// Something that begins and ends: a tool call or a sub-agent's run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Span {
    Tool(u32),
    Subagent(RunId),
}

impl Span {
    fn name(self) -> String {
        match self {
            Self::Tool(call) => format!("tool call {call}"),
            Self::Subagent(run) => format!("sub-agent {run}"),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum SpanState {
    Open,
    Closed,
}

/// One run in the eyes of one observer.
#[derive(Debug)]
pub(super) struct Machine {
    terms: Terms,
    seen: BTreeSet<EventKind>,
    ended_by: Option<EventKind>,
    spans: BTreeMap<Span, SpanState>,
    progress: Option<u32>,
}

/// The critical events besides `agent_completed`, which asks for them.
const CRITICAL: [EventKind; 4] = [
    EventKind::AgentStarted,
    EventKind::AgentThinking,
    EventKind::ToolExecuting,
    EventKind::ToolCompleted,
];

impl Machine {
    pub(super) fn new(terms: Terms) -> Self {
        Self {
            terms,
            seen: BTreeSet::new(),
            ended_by: None,
            spans: BTreeMap::new(),
            progress: None,
        }
    }

    /// Takes the run's next event; says which rules it breaks.
    pub(super) fn step(&mut self, kind: EventKind, payload: &Payload) -> Vec<String> {
        let mut faults = Vec::new();
        faults.extend(self.order(kind));
        faults.extend(match kind {
            EventKind::ToolExecuting => self.tool(payload, Self::open),
            EventKind::ToolCompleted => self.tool(payload, Self::close),
            EventKind::SubagentStarted => self.subagent(payload, Self::open),
            EventKind::SubagentCompleted => self.subagent(payload, Self::close),
            EventKind::Progress => self.advance(payload),
            EventKind::AgentError => unexplained(payload),
            EventKind::AgentStarted | EventKind::AgentThinking => None,
            EventKind::AgentCompleted | EventKind::AgentDeath => None,
        });
        if kind == EventKind::AgentCompleted {
            self.complete(&mut faults);
        }
        self.seen.insert(kind);
        if kind.is_terminal() {
            self.ended_by = self.ended_by.or(Some(kind));
        }
        faults
    }

    fn may_miss(&self) -> bool {
        self.terms.holes == Holes::Possible
    }

    fn order(&self, kind: EventKind) -> Option<String> {
        if let Some(end) = self.ended_by {
            return Some(format!("the run had already ended with {end}"));
        }
        let first = self.seen.is_empty();
        if kind == EventKind::AgentStarted {
            return (!first).then(|| "agent_started is not the first event of its run".to_owned());
        }
        let cut_off = kind.is_terminal() && self.terms.opening == Opening::StartedOrCutOff;
        (first && !cut_off && !self.may_miss())
            .then(|| "the run does not begin with agent_started".to_owned())
    }

    fn tool(
        &mut self,
        payload: &Payload,
        enter: fn(&mut Self, Span) -> Option<String>,
    ) -> Option<String> {
        match &payload.tool {
            Some(tool) => enter(self, Span::Tool(tool.call)),
            None => Some("it names no tool call".to_owned()),
        }
    }

    fn subagent(
        &mut self,
        payload: &Payload,
        enter: fn(&mut Self, Span) -> Option<String>,
    ) -> Option<String> {
        match payload.subagent {
            Some(run) => enter(self, Span::Subagent(run)),
            None => Some("it names no sub-agent".to_owned()),
        }
    }

    fn open(&mut self, span: Span) -> Option<String> {
        match self.spans.get(&span) {
            None => {
                self.spans.insert(span, SpanState::Open);
                None
            }
            Some(SpanState::Open) => Some(format!("{} begins twice", span.name())),
            Some(SpanState::Closed) => Some(format!("{} begins after it has ended", span.name())),
        }
    }

    fn close(&mut self, span: Span) -> Option<String> {
        match self.spans.insert(span, SpanState::Closed) {
            Some(SpanState::Open) => None,
            Some(SpanState::Closed) => Some(format!("{} ends twice", span.name())),
            None if self.may_miss() => None,
            None => Some(format!("{} ends before it began", span.name())),
        }
    }

    fn advance(&mut self, payload: &Payload) -> Option<String> {
        let Some(now) = payload.progress else {
            return Some("it does not say how far the work is".to_owned());
        };
        let before = self.progress;
        self.progress = Some(before.map_or(now, |before| before.max(now)));
        before
            .filter(|before| now <= *before)
            .map(|before| format!("progress goes from {before} to {now}"))
    }

    fn complete(&self, faults: &mut Vec<String>) {
        if self.may_miss() {
            return;
        }
        for (span, state) in &self.spans {
            if *state == SpanState::Open {
                faults.push(format!("{} has not ended", span.name()));
            }
        }
        if self.terms.duty == Duty::AllCritical {
            for kind in CRITICAL {
                if !self.seen.contains(&kind) {
                    faults.push(format!("{kind} is missing before it"));
                }
            }
        }
    }
}

fn unexplained(payload: &Payload) -> Option<String> {
    let silent = payload.error.as_ref().is_none_or(String::is_empty);
    silent.then(|| "it does not say what went wrong".to_owned())
}
