//! The recorder of agents and their clients: what they do, as entries of a history.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex};

use rehearsal_history::profile::AGENT_EVENTS;
use rehearsal_history::{
    Accepted, Began, Body, EntryKind, Envelope, History, Model, Phase, Received, Sent, Value,
    Vocabulary,
};
use rehearsal_sim::{Census, VirtualTime};

use crate::event::{
    ClientId, Event, EventId, EventKind, Payload, RunContext, RunId, ThreadId, UserId,
};
use crate::goal::Goal;
use crate::record::marks::{GAP_MARKED, RECONNECTED, REPLAYED};
use crate::record::{Clock, Epoch, Gap, Offset, Receipt, RegistrySnapshot, RunEnd, RunRecord};

/// The words and the rules of histories of agents' events.
pub const MODEL: Model = Model {
    vocabulary: Vocabulary {
        message: "event",
        channel: "thread",
        stream: "run",
        actor: "client",
        span: "run",
        tenant: "user",
        object: "object",
        operation: "operation",
    },
    profile: Some(&AGENT_EVENTS),
};

/// Events that a run with a tool call must have shown before it completes.
const CRITICAL: &[&str] = &[
    "agent_started",
    "agent_thinking",
    "tool_executing",
    "tool_completed",
];

/// The recorder that agents, clients and the driver share. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Recorder {
    history: rehearsal_history::Recorder,
    progress: Arc<Mutex<Progress>>,
}

/// The state of a history being written, as the driver and the agents read it.
#[derive(Default, Debug)]
struct Progress {
    emitted: Vec<Emitted>,
    open: BTreeSet<RunId>,
    begun: BTreeSet<RunId>,
    terminals: BTreeMap<RunId, EventKind>,
    clocks: BTreeMap<RunId, Arc<Clock>>,
    connects: BTreeMap<ClientId, u32>,
}

#[derive(Clone, Copy, Debug)]
struct Emitted {
    run: RunId,
    kind: EventKind,
    at: VirtualTime,
}

impl Default for Recorder {
    fn default() -> Self {
        Self::new()
    }
}

impl Recorder {
    /// A recorder of an empty history of agents' events.
    pub fn new() -> Self {
        Self::with_model(&MODEL)
    }

    /// A recorder of an empty history in the terms of a system.
    pub fn with_model(model: &Model) -> Self {
        Self::of(rehearsal_history::Recorder::new(model))
    }

    /// A recorder for use outside the simulator, whose entries happen when `clock`
    /// says; see [`rehearsal_history::Recorder::with_clock`].
    pub fn with_clock(clock: impl Fn() -> VirtualTime + Send + Sync + 'static) -> Self {
        Self::with_model_and_clock(&MODEL, clock)
    }

    /// The same in the terms of a system.
    pub fn with_model_and_clock(
        model: &Model,
        clock: impl Fn() -> VirtualTime + Send + Sync + 'static,
    ) -> Self {
        Self::of(rehearsal_history::Recorder::with_clock(model, clock))
    }

    fn of(history: rehearsal_history::Recorder) -> Self {
        Self {
            history,
            progress: Arc::default(),
        }
    }

    /// The history itself, for what is not an agent's event.
    pub fn history(&self) -> &rehearsal_history::Recorder {
        &self.history
    }

    /// Returns everything so far.
    pub fn into_history(self) -> History {
        self.history.into_history()
    }

    /// Returns the virtual time; see [`rehearsal_history::Recorder::now`].
    pub fn now(&self) -> VirtualTime {
        self.history.now()
    }

    /// Records a moment worth a goal.
    pub fn mark(&self, reached: impl Into<Goal>) {
        let name = reached.into().name();
        self.history.mark(rehearsal_history::Mark(name.into()));
    }

    // Runs --------------------------------------------------------------------

    /// Records that a runner takes up a run.
    pub fn run_began(&self, record: RunRecord) {
        let run = record.run;
        {
            let mut progress = lock(&self.progress);
            progress.open.insert(run);
            progress.begun.insert(run);
        }
        let began = Began {
            span: run.span(),
            kind: record.kind.into(),
            label: record.agent.into(),
            parent: record.parent.map(RunId::span),
            owner: record.user.tenant(),
            channel: Some(record.thread.channel()),
            planned: Some(record.events_planned),
            required: if record.all_critical {
                CRITICAL.iter().map(|kind| (*kind).into()).collect()
            } else {
                Vec::new()
            },
        };
        self.history.record(None, EntryKind::Began(began));
    }

    /// Records that the run is over.
    pub fn run_ended(&self, run: RunId, end: RunEnd) {
        lock(&self.progress).open.remove(&run);
        let span = run.span();
        self.history.record(None, EntryKind::Ended { span, end });
    }

    /// Returns `true` if at least one run has begun and not ended.
    pub fn any_run_alive(&self) -> bool {
        !lock(&self.progress).open.is_empty()
    }

    /// Returns the runs that have begun and not ended, in the order of their ids.
    pub fn open_runs(&self) -> Vec<RunId> {
        lock(&self.progress).open.iter().copied().collect()
    }

    /// Returns `true` if the run has begun, be it over or not.
    pub fn has_begun(&self, run: RunId) -> bool {
        lock(&self.progress).begun.contains(&run)
    }

    // Events ------------------------------------------------------------------

    /// Records that an agent is about to hand an event to the bridge.
    pub fn emitted(
        &self,
        context: &RunContext,
        kind: EventKind,
        clock: Clock,
        payload: &Payload,
    ) -> EventId {
        let (at, run) = (self.now(), context.run);
        let clock = Arc::new(clock);
        let id = {
            let mut progress = lock(&self.progress);
            let id = EventId(progress.emitted.len() as u64);
            progress.emitted.push(Emitted { run, kind, at });
            progress.clocks.insert(run, Arc::clone(&clock));
            id
        };
        let sent = Sent {
            message: id.message(),
            envelope: Envelope {
                tenant: context.user.tenant(),
                channel: context.thread.channel(),
                stream: run.stream(),
                span: Some(run.span()),
                parent: context.parent.map(RunId::span),
                sender: Arc::clone(&context.agent).into(),
                sent_ms: Some(at.as_millis()),
            },
            body: body(kind, payload),
        };
        let entry = EntryKind::Sent(sent);
        self.history.record_with(None, Some(clock), entry);
        id
    }

    /// Records the bridge's answer for an event.
    pub fn answered<E: fmt::Display>(&self, id: EventId, answer: &Result<Receipt, E>) {
        let message = id.message();
        let entry = match answer {
            Ok(receipt) => {
                self.note_terminal(id);
                EntryKind::Accepted(Accepted {
                    message,
                    position: Some(receipt.position()),
                    seq: Some(receipt.seq),
                })
            }
            Err(error) => EntryKind::Rejected {
                message,
                reason: error.to_string().into(),
            },
        };
        self.history.record(None, entry);
    }

    fn note_terminal(&self, id: EventId) {
        let mut progress = lock(&self.progress);
        let emitted = usize::try_from(id.0).ok();
        let emitted = emitted.and_then(|index| progress.emitted.get(index).copied());
        if let Some(emitted) = emitted.filter(|emitted| emitted.kind.is_terminal()) {
            progress
                .terminals
                .entry(emitted.run)
                .or_insert(emitted.kind);
        }
    }

    /// Returns the terminal event of a run that the bridge accepted, if there is one.
    pub fn accepted_terminal(&self, run: RunId) -> Option<EventKind> {
        lock(&self.progress).terminals.get(&run).copied()
    }

    /// Returns the run's clock when it last emitted; an empty one if it never did.
    pub fn last_clock(&self, run: RunId) -> Clock {
        let progress = lock(&self.progress);
        let clock = progress.clocks.get(&run);
        clock.map(|clock| Clock::clone(clock)).unwrap_or_default()
    }

    // Clients -----------------------------------------------------------------

    /// Records a client that has not connected yet.
    pub fn client_began(&self, id: ClientId, user: UserId, threads: Vec<ThreadId>) {
        lock(&self.progress).connects.insert(id, 0);
        for thread in threads {
            let subscribed = EntryKind::Subscribed {
                channel: thread.channel(),
                tenant: user.tenant(),
                since: rehearsal_history::Since::Start,
            };
            self.history.record(Some(id.actor()), subscribed);
        }
    }

    /// Records that a client's connection stands. Returns how often it has connected
    /// by now.
    pub fn connected(&self, client: ClientId, epoch: Epoch) -> u32 {
        let times = {
            let mut progress = lock(&self.progress);
            let times = progress.connects.entry(client).or_default();
            *times += 1;
            *times
        };
        let connected = EntryKind::Connected { epoch, times };
        self.history.record(Some(client.actor()), connected);
        if times > 1 {
            self.mark(RECONNECTED);
        }
        times
    }

    /// Records that a client's connection is gone.
    pub fn disconnected(&self, client: ClientId, why: &str) {
        let reason = why.into();
        let disconnected = EntryKind::Disconnected { reason };
        self.history.record(Some(client.actor()), disconnected);
    }

    /// Records that a client said goodbye and was answered.
    pub fn finished(&self, client: ClientId) {
        self.history
            .record(Some(client.actor()), EntryKind::Drained);
    }

    /// Records an event that reached a client. `resumed_at` is the time at which the
    /// client came back, if it had been away: what was emitted before is replayed.
    pub fn delivered(
        &self,
        client: ClientId,
        (epoch, offset): (Epoch, Offset),
        event: &Event,
        resumed_at: Option<VirtualTime>,
    ) {
        let received = Received {
            message: event.id.message(),
            envelope: envelope(event),
            position: Some(rehearsal_history::Position {
                channel: event.thread.channel(),
                epoch,
                offset,
            }),
            seq: Some(event.seq),
            body: body(event.kind, &event.payload),
        };
        let entry = EntryKind::Received(received);
        self.history.record(Some(client.actor()), entry);
        let replayed = {
            let progress = lock(&self.progress);
            let index = usize::try_from(event.id.0).ok();
            let emitted = index.and_then(|index| progress.emitted.get(index));
            emitted.is_some_and(|emitted| resumed_at.is_some_and(|back| emitted.at < back))
        };
        if replayed {
            self.mark(REPLAYED);
        }
    }

    /// Records a gap marker that reached a client.
    pub fn gap(&self, client: ClientId, gap: Gap) {
        self.history
            .record(Some(client.actor()), EntryKind::Gap(gap.entry()));
        self.mark(GAP_MARKED);
    }

    // The bridge --------------------------------------------------------------

    /// Records that the registry was looked at, and what is wrong with it.
    pub fn registry_checked(&self, verdict: Result<(), String>) {
        let checked = EntryKind::Invariant {
            name: "registry-mirrored".into(),
            broken: verdict.err().map(Into::into),
        };
        self.history.record(None, checked);
    }

    /// Records that the bridge's host died in that incarnation of the bridge.
    pub fn epoch_crashed(&self, epoch: Epoch) {
        self.history.record(None, EntryKind::Crashed { epoch });
    }

    /// Records the bridge's last description of itself, before it is shut down.
    pub fn registry_left(&self, registry: &RegistrySnapshot) {
        let holds = EntryKind::Holds {
            resources: registry.resources(),
            phase: Phase::Quiescent,
        };
        self.history.record(None, holds);
    }

    /// Records the tasks and sockets that are alive, besides the driver's own.
    pub fn counted(&self, census: Census, phase: Phase) {
        self.history
            .record(None, EntryKind::Census { census, phase });
    }
}

fn envelope(event: &Event) -> Envelope {
    Envelope {
        tenant: event.user.tenant(),
        channel: event.thread.channel(),
        stream: event.run.stream(),
        span: Some(event.run.span()),
        parent: event.parent_run.map(RunId::span),
        sender: Arc::clone(&event.agent).into(),
        sent_ms: Some(event.at_ms),
    }
}

fn body(kind: EventKind, payload: &Payload) -> Body {
    let mut body = Body::new(kind.name());
    if !payload.secret.is_empty() {
        body = body.with("secret", Value::Secret(payload.secret.clone().into()));
    }
    if let Some(tool) = &payload.tool {
        body = body.with("call", tool.call).with("tool", tool.name.clone());
    }
    if let Some(progress) = payload.progress {
        body = body.with("progress", progress);
    }
    if let Some(subagent) = payload.subagent {
        body = body.with("subagent", Value::Entity(subagent.span().into()));
    }
    if let Some(error) = &payload.error {
        body = body.with("error", error.clone());
    }
    body
}

/// A lock that is only ever held within one step. Poisoned by a panic, which
/// fails the run anyway, it still opens.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Names the running task, for reports.
pub(crate) fn name_task(name: &str) {
    if let Some(world) = rehearsal_sim::current() {
        world.name_task(name);
    }
}

/// The text of an id, shared.
pub(crate) fn shared(text: String) -> Arc<str> {
    Arc::from(text)
}
