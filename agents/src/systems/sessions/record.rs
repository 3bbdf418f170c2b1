//! The record of a run: the events that agents hand to the service, and the traces that it
//! returns.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rehearsal_history::{Actor, Body, Draft, Receipt, Sending, Span, SpanDraft, SpanEnd, SpanId};

use super::marks;
use super::model::body;
use super::sdk::{Log, Probe};
use super::trace::{
    Event, EventKind, Export, Metrics, Regression, SessionEnd, SessionState, Totals, export,
};
use super::wire::{Refusal, Serial, SessionId};
use crate::record::recorder::lock;

/// The state that the records of all sessions of a run share.
#[derive(Default)]
pub(super) struct Shared {
    spans: Mutex<BTreeMap<SessionId, SpanId>>,
    open: Mutex<u32>,
    /// The traces that were read when their sessions were closed.
    traces: Mutex<Vec<SessionState>>,
}

impl Shared {
    fn span_of(&self, session: SessionId) -> Option<SpanId> {
        lock(&self.spans).get(&session).copied()
    }

    /// Returns the totals over the traces.
    pub(super) fn metrics(&self) -> Metrics {
        Metrics::of(lock(&self.traces).iter())
    }
}

/// The actors of one session.
#[derive(Clone)]
pub(super) struct SessionActors {
    /// Sends the events.
    actor: Actor,
    /// Reads the trace.
    reader: Actor,
}

impl SessionActors {
    pub(super) fn new(id: SessionId, actor_of: impl Fn(&str) -> Actor) -> Self {
        let name = id.to_string();
        Self {
            actor: actor_of(&name).of(&name),
            reader: actor_of(&format!("reader of {name}")).of(&name),
        }
    }
}

/// The record of one session.
pub(super) struct SessionRecord {
    id: SessionId,
    actor: Actor,
    reader: Actor,
    /// The actor of the session that began this one.
    parent: Option<Actor>,
    shared: Arc<Shared>,
    state: Mutex<State>,
}

struct State {
    span: Option<Span>,
    /// The end that the service has accepted.
    end: Option<SessionEnd>,
    /// The sums at each checkpoint, as they were answered.
    checkpoints: BTreeMap<String, Totals>,
}

impl SessionRecord {
    /// Begins the record of a session, with a reader that is owed all of its events.
    pub(super) fn begin(
        id: SessionId,
        actors: SessionActors,
        shared: Arc<Shared>,
        parent: Option<&Self>,
    ) -> Self {
        let SessionActors { actor, reader } = actors;
        let name = id.to_string();
        reader.subscribed_from_start(&name);
        let mut draft = SpanDraft::new("session").on(&name);
        if let Some(parent) = parent {
            if let Some(span) = lock(&parent.state).span.as_ref() {
                draft = draft.within(span);
            }
            actor.reached(marks::DELEGATED.name());
        }
        let span = actor.begin(draft);
        lock(&shared.spans).insert(id, span.id());
        Self {
            id,
            actor,
            reader,
            shared,
            parent: parent.map(|parent| parent.actor.clone()),
            state: Mutex::new(State {
                span: Some(span),
                end: None,
                checkpoints: BTreeMap::new(),
            }),
        }
    }

    /// Records that the session knows of its announcement.
    pub(super) fn follows_announcement(&self) {
        if let Some(parent) = &self.parent {
            self.actor.follows(parent);
        }
    }

    /// Records that the session knows what a session below it did.
    pub(super) fn joined(&self, child: &Self) {
        self.actor.follows(&child.actor);
    }

    fn body(&self, kind: &EventKind) -> Body {
        body(kind, |session| self.shared.span_of(session))
    }

    fn sending(&self, event: &Event) -> Sending {
        let draft = Draft::from(self.body(&event.kind));
        let stream = format!("{} of {}", event.source, self.id);
        let draft = draft.named(event.id.0.as_str()).in_stream(stream);
        let state = lock(&self.state);
        let draft = match state.span.as_ref() {
            Some(span) => draft.in_span(span),
            None => draft,
        };
        self.actor.sending(&self.id.to_string(), draft)
    }

    fn answered(&self, sending: Sending, event: &Event, answer: Result<Totals, Refusal>) {
        let totals = match answer {
            Ok(totals) => totals,
            Err(refusal) => return sending.rejected(refusal),
        };
        sending.accepted();
        self.mark(&event.kind);
        let mut state = lock(&self.state);
        if let EventKind::Checkpoint { name } = &event.kind {
            state.checkpoints.insert(name.clone(), totals);
        }
        if let Some(end) = event.kind.ends() {
            state.end = Some(end);
        }
    }

    fn mark(&self, kind: &EventKind) {
        let mark = match kind {
            EventKind::SessionStarted => {
                let mut open = lock(&self.shared.open);
                *open += 1;
                if *open < 2 {
                    return;
                }
                marks::SESSIONS_OVERLAPPED
            }
            EventKind::SessionFailed { .. } => marks::SESSION_FAILED,
            EventKind::TestHealingTriggered { .. } => marks::HEALED,
            EventKind::BottleneckDetected { .. } => marks::BOTTLENECK_DETECTED,
            EventKind::RegressionDetected { regression } => match regression {
                Regression::GenerationTime => marks::TIME_REGRESSION,
                Regression::TestQuality => marks::QUALITY_REGRESSION,
            },
            _ => return,
        };
        self.actor.reached(mark.name());
    }

    /// Records the end of the session, if the service knows of it. Returns `true` if it
    /// does.
    pub(super) fn ended(&self) -> bool {
        let mut state = lock(&self.state);
        let Some(end) = state.end else {
            return false;
        };
        *lock(&self.shared.open) -= 1;
        if let Some(span) = state.span.take() {
            span.end(match end {
                SessionEnd::Completed => SpanEnd::Completed,
                SessionEnd::Failed => SpanEnd::Failed,
            });
        }
        true
    }

    /// Records the trace of the session, as it was read after its end.
    pub(super) fn read(&self, trace: SessionState) {
        let channel = self.id.to_string();
        for logged in &trace.events {
            let receipt = Receipt::of(logged.event.id.0.as_str());
            let receipt = receipt.with_body(self.body(&logged.event.kind));
            self.reader.received(&channel, receipt);
        }
        self.reader.drained();
        self.check(&trace);
        lock(&self.shared.traces).push(trace);
    }

    fn check(&self, trace: &SessionState) {
        let kinds = trace.events.iter().map(|logged| &logged.event.kind);
        let sums = kinds.fold(Totals::default(), Totals::with);
        self.invariant("the sums are those of the events", &sums, &trace.totals);
        let replayed = SessionState::replay(trace.id, trace.parent, trace.opened_us, &trace.events);
        self.invariant("the trace replays to the same state", &replayed, trace);
        let answered = lock(&self.state).checkpoints.clone();
        let kept = trace.checkpoints.iter();
        let kept: BTreeMap<String, Totals> = kept
            .map(|checkpoint| (checkpoint.name.clone(), checkpoint.totals))
            .collect();
        self.invariant("a checkpoint keeps the sums of its time", &answered, &kept);
        let file = export(trace);
        let text = serde_json::to_string(&file);
        let read: Option<Export> = text.ok().and_then(|text| serde_json::from_str(&text).ok());
        self.invariant("an export reads back as it was", &Some(file), &read);
    }

    fn invariant<T: PartialEq + std::fmt::Debug>(
        &self,
        name: &'static str,
        expected: &T,
        found: &T,
    ) {
        let contradiction = || format!("{}: {found:?}, and not {expected:?}", self.id);
        let checked = (expected == found).then_some(()).ok_or_else(contradiction);
        self.actor.invariant(name, checked);
    }
}

/// A log whose events are recorded.
pub(super) struct Recorded<L> {
    pub(super) inner: L,
    pub(super) record: Arc<SessionRecord>,
}

impl<L: Log> Log for Recorded<L> {
    fn open(
        &self,
        parent: Option<SessionId>,
        event: Event,
    ) -> BoxFuture<'_, Result<Totals, Refusal>> {
        async move {
            let sending = self.record.sending(&event);
            let answer = self.inner.open(parent, event.clone()).await;
            self.record.answered(sending, &event, answer);
            answer
        }
        .boxed()
    }

    fn append(&self, event: Event) -> BoxFuture<'_, Result<Totals, Refusal>> {
        async move {
            let sending = self.record.sending(&event);
            let answer = self.inner.append(event.clone()).await;
            self.record.answered(sending, &event, answer);
            answer
        }
        .boxed()
    }

    fn read(&self) -> BoxFuture<'_, Result<(SessionState, Vec<Regression>), Refusal>> {
        self.inner.read()
    }
}

/// The record of what the clients of one host do by themselves.
pub(super) struct HostRecord {
    actor: Actor,
    /// The number of callers that asked for the token after each.
    refreshes: Mutex<BTreeMap<Serial, u32>>,
}

impl HostRecord {
    pub(super) fn new(actor: Actor) -> Self {
        Self {
            actor,
            refreshes: Mutex::default(),
        }
    }
}

impl Probe for HostRecord {
    fn refreshing(&self, after: Serial) {
        let callers = {
            let mut refreshes = lock(&self.refreshes);
            let callers = refreshes.entry(after).or_default();
            *callers += 1;
            *callers
        };
        let contradiction = || {
            let after = after.0;
            format!("caller {callers} asks for the token after {after}")
        };
        let checked = (callers == 1).then_some(()).ok_or_else(contradiction);
        self.actor
            .invariant("one caller refreshes a token", checked);
        if after > Serial::default() {
            self.actor.reached(marks::TOKEN_REFRESHED.name());
        }
    }

    fn repeated(&self) {
        self.actor.reached(marks::REQUEST_REPEATED.name());
    }

    fn unauthorized(&self, again: bool) {
        if again {
            let contradiction = "a request has been sent with it, and was refused";
            self.actor.invariant(
                "no refused token is used again",
                Err(contradiction.to_owned()),
            );
        }
        self.actor.reached(marks::TOKEN_REFUSED.name());
    }
}
