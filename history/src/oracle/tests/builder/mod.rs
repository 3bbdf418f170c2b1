//! A builder of histories: of a system that is always healthy, until a test corrupts
//! the record.

mod drafts;
mod entries;
mod findings;
mod operations;

use std::collections::BTreeMap;
use std::time::Duration;

use rehearsal_sim::{Census, LiveSocket, LiveTask, Statistics, TaskId, Verdict, VirtualTime};

use crate::profile::AGENT_EVENTS;
use crate::{
    Accepted, ActorId, Began, Body, ChannelId, Envelope, Epoch, Gap, GapCause, GapPolicy,
    MessageId, Model, Offset, Phase, Position, Received, Resource, Sent, SpanEnd, SpanId, StreamId,
    Symbol, Value, VectorClock, Vocabulary,
};

use super::super::Settings;

pub(super) use drafts::*;
pub(super) use operations::*;

/// The kinds of messages that the tests send.
pub(super) mod kind {
    pub(crate) const STARTED: &str = "agent_started";
    pub(crate) const THINKING: &str = "agent_thinking";
    pub(crate) const TOOL_EXECUTING: &str = "tool_executing";
    pub(crate) const TOOL_COMPLETED: &str = "tool_completed";
    pub(crate) const PROGRESS: &str = "progress";
    pub(crate) const CHILD_STARTED: &str = "subagent_started";
    pub(crate) const CHILD_COMPLETED: &str = "subagent_completed";
    pub(crate) const COMPLETED: &str = "agent_completed";
    pub(crate) const ERROR: &str = "agent_error";
    pub(crate) const DEATH: &str = "agent_death";
}

/// Kinds that a span with the label `data` must have sent when it completes.
const DATA_REQUIRES: &[&str] = &[
    kind::STARTED,
    kind::THINKING,
    kind::TOOL_EXECUTING,
    kind::TOOL_COMPLETED,
];

/// The system of the tests.
const MODEL: Model = Model {
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

/// A history in the making, sorted by what its entries speak of.
#[derive(Clone)]
pub(super) struct HistoryBuilder {
    pub(super) sendings: Vec<SendingDraft>,
    pub(super) deliveries: Vec<DeliveryDraft>,
    pub(super) gaps: Vec<(ActorId, Gap, VirtualTime)>,
    pub(super) spans: BTreeMap<SpanId, SpanDraft>,
    pub(super) subscribers: BTreeMap<ActorId, SubscriberDraft>,
    pub(super) crashed: Vec<(Epoch, VirtualTime)>,
    pub(super) holds: BTreeMap<Phase, Vec<Resource>>,
    pub(super) census: BTreeMap<Phase, Census>,
    /// Checks of the one invariant, with the contradictions that they found.
    pub(super) invariant: Vec<(VirtualTime, Option<&'static str>)>,
    /// Operations on objects: the object, the call, the places of invocation and return
    /// among all, and the result.
    pub(super) operations: Vec<OperationDraft>,
    pub(super) verdict: Verdict,
    pub(super) statistics: Statistics,
    /// Settings of `no-loss`: the gaps that the scenario allows.
    pub(super) allowed: Settings,
    /// Settings of the oracles that have nothing to check without any.
    pub(super) limits: Settings,
    pub(super) epoch: Epoch,
    pub(super) now: VirtualTime,
    clocks: BTreeMap<SpanId, VectorClock>,
    logs: BTreeMap<(ChannelId, Epoch), Vec<MessageId>>,
    seqs: BTreeMap<SpanId, u64>,
}

impl HistoryBuilder {
    pub(super) fn new() -> Self {
        Self {
            sendings: Vec::new(),
            deliveries: Vec::new(),
            gaps: Vec::new(),
            spans: BTreeMap::new(),
            subscribers: BTreeMap::new(),
            crashed: Vec::new(),
            holds: BTreeMap::new(),
            census: BTreeMap::new(),
            invariant: vec![(VirtualTime::ZERO, None); 7],
            operations: healthy_operations(),
            verdict: Verdict::Pass,
            statistics: Statistics {
                waits: 9,
                ..Statistics::default()
            },
            allowed: Settings::default(),
            limits: Settings::default(),
            epoch: Epoch(1),
            now: VirtualTime::ZERO,
            clocks: BTreeMap::new(),
            logs: BTreeMap::new(),
            seqs: BTreeMap::new(),
        }
    }

    // Parties -----------------------------------------------------------------

    pub(super) fn client(&mut self, channel: ChannelId) -> ActorId {
        let actor = ActorId(self.subscribers.len() as u64 + 1);
        let draft = SubscriberDraft {
            actor,
            tenant: owner(channel),
            channels: vec![channel],
            drained: true,
        };
        self.subscribers.insert(actor, draft);
        actor
    }

    pub(super) fn run(&mut self, label: &'static str, channel: ChannelId) -> SpanId {
        self.begin(label, channel, None)
    }

    /// A span that starts with its parent's knowledge.
    pub(super) fn child(&mut self, label: &'static str, parent: SpanId) -> SpanId {
        let channel = self.channel_of(parent);
        let child = self.begin(label, channel, Some(parent));
        let known = self.clocks.get(&parent).cloned().unwrap_or_default();
        self.clocks.insert(child, known);
        child
    }

    pub(super) fn channel_of(&self, span: SpanId) -> ChannelId {
        self.spans[&span]
            .began
            .channel
            .expect("spans have channels")
    }

    fn begin(&mut self, label: &'static str, channel: ChannelId, parent: Option<SpanId>) -> SpanId {
        let span = SpanId(self.spans.len() as u64 + 1);
        let began = Began {
            span,
            kind: label.into(),
            label: format!("{label}-{}", span.0).into(),
            parent,
            owner: owner(channel),
            channel: Some(channel),
            planned: Some(0),
            required: required_of(label),
        };
        let draft = SpanDraft {
            began,
            began_at: VirtualTime::ZERO,
            end: None,
            ended_at: None,
            repeated: Vec::new(),
        };
        self.spans.insert(span, draft);
        span
    }

    pub(super) fn span_mut(&mut self, span: SpanId) -> &mut SpanDraft {
        self.spans.get_mut(&span).expect("such a span")
    }

    /// The parent learns what its child knew at its end.
    pub(super) fn join(&mut self, parent: SpanId, child: SpanId) {
        let known = self.clocks.get(&child).cloned().unwrap_or_default();
        self.clocks.entry(parent).or_default().merge(&known);
    }

    pub(super) fn end(&mut self, span: SpanId, end: SpanEnd) {
        let sent = self.sendings.iter();
        let planned = sent.filter(|sending| sending.span() == span).count();
        let draft = self.span_mut(span);
        draft.began.planned = Some(planned as u64);
        draft.end = Some(end);
    }

    /// The span is cancelled, now.
    pub(super) fn cancel(&mut self, span: SpanId) {
        self.end(span, SpanEnd::Cancelled);
        self.span_mut(span).ended_at = Some(self.now);
    }

    // Sending -----------------------------------------------------------------

    pub(super) fn emit(&mut self, span: SpanId, kind: &'static str) -> MessageId {
        self.emit_with(span, kind, Vec::new())
    }

    pub(super) fn emit_with(
        &mut self,
        span: SpanId,
        kind: &'static str,
        fields: Fields,
    ) -> MessageId {
        let message = self.attempt(span, kind, fields);
        let accepted = self.accept(message);
        self.sending_mut(message).answer = Answer::Accepted(accepted);
        message
    }

    /// Sends a message that gets no answer.
    pub(super) fn attempt(
        &mut self,
        span: SpanId,
        kind: &'static str,
        mut fields: Fields,
    ) -> MessageId {
        self.now = self.now + Duration::from_millis(1);
        let message = MessageId(self.sendings.len() as u64);
        let began = &self.spans[&span].began;
        let clock = self.clocks.entry(span).or_default();
        clock.tick(StreamId(span.0));
        fields.push(("secret".into(), Value::Secret(secret(began.owner).into())));
        let sent = Sent {
            message,
            envelope: Envelope {
                tenant: began.owner,
                channel: began.channel.expect("spans have channels"),
                stream: StreamId(span.0),
                span: Some(span),
                parent: began.parent,
                sender: began.label.clone(),
                sent_ms: Some(self.now.as_millis()),
            },
            body: Body {
                kind: kind.into(),
                fields,
            },
        };
        self.sendings.push(SendingDraft {
            at: self.now,
            clock: clock.clone(),
            sent,
            answer: Answer::None,
        });
        message
    }

    /// Puts a message into its channel's log.
    pub(super) fn accept(&mut self, message: MessageId) -> Accepted {
        let epoch = self.epoch;
        let (channel, span) = {
            let sending = self.sending(message);
            (sending.sent.envelope.channel, sending.span())
        };
        let log = self.logs.entry((channel, epoch)).or_default();
        log.push(message);
        let offset = Offset(log.len() as u64);
        let seq = self.seqs.entry(span).or_default();
        *seq += 1;
        Accepted {
            message,
            position: Some(Position {
                channel,
                epoch,
                offset,
            }),
            seq: Some(*seq),
        }
    }

    pub(super) fn refuse(&mut self, message: MessageId) {
        self.sending_mut(message).answer = Answer::Rejected("registry full");
    }

    pub(super) fn accepted_mut(&mut self, message: MessageId) -> &mut Accepted {
        match &mut self.sending_mut(message).answer {
            Answer::Accepted(accepted) => accepted,
            other => panic!("{message:?} was not accepted: {other:?}"),
        }
    }

    /// Returns the position that a receipt names.
    pub(super) fn position_mut(&mut self, actor: ActorId, message: MessageId) -> &mut Position {
        let received = self.received_mut(actor, message);
        received.position.as_mut().expect("the builder names one")
    }

    /// Returns the messages of a channel's log in one epoch.
    pub(super) fn log(&self, channel: ChannelId, epoch: Epoch) -> Vec<MessageId> {
        let log = self.logs.get(&(channel, epoch));
        log.cloned().unwrap_or_default()
    }

    pub(super) fn sending(&self, message: MessageId) -> &SendingDraft {
        &self.sendings[usize::try_from(message.0).expect("a small number")]
    }

    pub(super) fn sending_mut(&mut self, message: MessageId) -> &mut SendingDraft {
        &mut self.sendings[usize::try_from(message.0).expect("a small number")]
    }

    /// Returns a span's only message of that kind.
    pub(super) fn find(&self, span: SpanId, kind: &str) -> MessageId {
        self.find_nth(span, kind, 0)
    }

    pub(super) fn find_nth(&self, span: SpanId, kind: &str, nth: usize) -> MessageId {
        let fits = |sending: &&SendingDraft| sending.span() == span && sending.kind() == kind;
        let mut found = self.sendings.iter().filter(fits);
        found.nth(nth).expect("such a message").id()
    }

    // Receiving ---------------------------------------------------------------

    /// Returns a message as received, at its true position.
    pub(super) fn wire(&self, actor: ActorId, message: MessageId) -> DeliveryDraft {
        let sending = self.sending(message);
        let seq = match &sending.answer {
            Answer::Accepted(accepted) => accepted.seq,
            _ => Some(self.seqs.get(&sending.span()).copied().unwrap_or_default()),
        };
        let (epoch, offset) = self.place(message);
        DeliveryDraft {
            actor,
            at: self.now,
            received: Received {
                message,
                envelope: sending.sent.envelope.clone(),
                position: Some(Position {
                    channel: sending.sent.envelope.channel,
                    epoch,
                    offset,
                }),
                seq,
                body: sending.sent.body.clone(),
            },
        }
    }

    fn place(&self, message: MessageId) -> (Epoch, Offset) {
        let mut places = self.logs.iter().filter_map(|((_, epoch), log)| {
            let index = log.iter().position(|logged| *logged == message)?;
            Some((*epoch, Offset(index as u64 + 1)))
        });
        places.next_back().unwrap_or((self.epoch, Offset(1)))
    }

    pub(super) fn deliver(&mut self, actor: ActorId, message: MessageId) {
        self.now = self.now + Duration::from_millis(1);
        let delivery = self.wire(actor, message);
        self.deliveries.push(delivery);
    }

    /// Every subscriber receives what the current epoch's logs of its channels hold.
    pub(super) fn deliver_all(&mut self) {
        let subscribers: Vec<SubscriberDraft> = self.subscribers.values().cloned().collect();
        for subscriber in subscribers {
            for channel in &subscriber.channels {
                for message in self.log(*channel, self.epoch) {
                    self.deliver(subscriber.actor, message);
                }
            }
        }
    }

    pub(super) fn gap(&mut self, actor: ActorId, channel: ChannelId, from: u64, to: Option<u64>) {
        let gap = Gap {
            channel,
            epoch: self.epoch,
            from: Offset(from),
            to: to.map(Offset),
        };
        self.gaps.push((actor, gap, self.now));
    }

    /// Allows gaps from that cause.
    pub(super) fn allow(&mut self, cause: GapCause) {
        self.allowed = GapPolicy::settings([cause]);
    }

    /// A gap marker that comes just before a message.
    pub(super) fn gap_before(
        &mut self,
        next: MessageId,
        actor: ActorId,
        channel: ChannelId,
        range: (u64, u64),
    ) {
        let now = self.now;
        let next = self.deliveries[self.delivered(actor, next)].at;
        self.now = VirtualTime::from_micros(next.as_micros() - 1);
        self.gap(actor, channel, range.0, Some(range.1));
        self.now = now;
    }

    /// The incarnation of that epoch dies, now.
    pub(super) fn crash(&mut self, epoch: Epoch) {
        self.crashed.push((epoch, self.now));
    }

    pub(super) fn delivered(&self, actor: ActorId, message: MessageId) -> usize {
        let fits = |delivery: &DeliveryDraft| {
            delivery.actor == actor && delivery.received.message == message
        };
        let mut deliveries = self.deliveries.iter();
        deliveries.position(fits).expect("such a delivery")
    }

    /// Returns what an actor received, in order.
    pub(super) fn inbox(&self, actor: ActorId) -> Vec<MessageId> {
        let deliveries = self.deliveries.iter();
        deliveries
            .filter(|delivery| delivery.actor == actor)
            .map(|delivery| delivery.received.message)
            .collect()
    }

    pub(super) fn received_mut(&mut self, actor: ActorId, message: MessageId) -> &mut Received {
        let index = self.delivered(actor, message);
        &mut self.deliveries[index].received
    }

    pub(super) fn withhold(&mut self, actor: ActorId, message: MessageId) {
        let index = self.delivered(actor, message);
        self.deliveries.remove(index);
    }

    pub(super) fn withhold_everywhere(&mut self, message: MessageId) {
        let keep = |delivery: &DeliveryDraft| delivery.received.message != message;
        self.deliveries.retain(keep);
    }

    /// Exchanges two deliveries; each comes at the other's time.
    pub(super) fn swap(&mut self, actor: ActorId, one: MessageId, other: MessageId) {
        let (one, other) = (self.delivered(actor, one), self.delivered(actor, other));
        self.swap_at(one, other);
    }

    pub(super) fn swap_at(&mut self, one: usize, other: usize) {
        let times = (self.deliveries[one].at, self.deliveries[other].at);
        self.deliveries.swap(one, other);
        self.deliveries[one].at = times.0;
        self.deliveries[other].at = times.1;
    }

    // The end -----------------------------------------------------------------

    /// The system comes to rest, and nothing is left.
    pub(super) fn rest(&mut self) {
        for phase in [Phase::Quiescent, Phase::ShutDown] {
            self.holds.insert(phase, Vec::new());
        }
        // One server task and one listening socket, until the shutdown.
        for phase in [Phase::Ready, Phase::Quiescent] {
            let mut census = Census::default();
            census.tasks.push(server_task());
            census.sockets.push(listening_socket());
            self.census.insert(phase, census);
        }
        self.census.insert(Phase::ShutDown, Census::default());
    }

    pub(super) fn held_mut(&mut self) -> &mut Vec<Resource> {
        self.holds.get_mut(&Phase::Quiescent).expect("a snapshot")
    }

    pub(super) fn census_mut(&mut self, phase: Phase) -> &mut Census {
        self.census.get_mut(&phase).expect("a census")
    }
}

fn required_of(label: &str) -> Vec<Symbol> {
    let data = (label == "data").then_some(DATA_REQUIRES);
    let kinds = data.into_iter().flatten();
    kinds.map(|kind| (*kind).into()).collect()
}

fn server_task() -> LiveTask {
    LiveTask {
        id: TaskId::PROGRAM,
        name: "accept".to_owned(),
        host: "server".to_owned(),
        spawned_at: "src/server.rs:7:9".to_owned(),
        waits: vec!["accept of socket#1".to_owned()],
    }
}

fn listening_socket() -> LiveSocket {
    LiveSocket {
        host: "server".to_owned(),
        description: "tcp 10.0.0.1:80 LISTEN".to_owned(),
    }
}
