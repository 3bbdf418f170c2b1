//! A builder of histories: of a system that is always healthy, until a test corrupts
//! the record.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use rehearsal_sim::{Census, LiveSocket, LiveTask, Statistics, TaskId, Verdict, VirtualTime};

use crate::entry::FaultPhase;
use crate::profile::AGENT_EVENTS;
use crate::{
    Accepted, ActorId, Amount, Began, Body, ChannelId, CheckedRun, Entry, EntryKind, Envelope,
    Epoch, Gap, GapCause, GapPolicy, History, Ledger, MessageId, Model, ObjectId, Offset,
    OperationId, Phase, Position, Received, Resource, Sent, Since, SpanEnd, SpanId, StreamId,
    Symbol, TenantId, Value, VectorClock, Vocabulary,
};

use super::super::{Finding, OracleRef, SettingValue, Settings};

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

/// The fields of a body.
pub(super) type Fields = Vec<(Symbol, Value)>;

/// Channel `n` belongs to tenant `n`.
pub(super) fn owner(channel: ChannelId) -> TenantId {
    TenantId(channel.0)
}

/// The secret of `user-1` is part of that of `user-10`, as in a careless scenario.
pub(super) fn secret(tenant: TenantId) -> String {
    format!("canary of user-{}", tenant.0)
}

pub(super) fn tool(call: u32) -> Fields {
    vec![
        ("call".into(), call.into()),
        ("tool".into(), "search".into()),
    ]
}

pub(super) fn progress(progress: u32) -> Fields {
    vec![("progress".into(), progress.into())]
}

pub(super) fn about(span: SpanId) -> Fields {
    vec![("subagent".into(), Value::Entity(span.into()))]
}

pub(super) fn error(error: &str) -> Fields {
    vec![("error".into(), error.to_owned().into())]
}

/// Sets a field of a body, in the place of an older value.
pub(super) fn set(body: &mut Body, field: &'static str, value: impl Into<Value>) {
    unset(body, field);
    body.fields.push((field.into(), value.into()));
}

pub(super) fn unset(body: &mut Body, field: &str) {
    body.fields.retain(|(name, _)| *name != field);
}

/// The system's answer to a message of the builder.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    None,
    Accepted(Accepted),
    Rejected(&'static str),
}

#[derive(Clone, Debug)]
pub(super) struct SendingDraft {
    pub(super) at: VirtualTime,
    pub(super) clock: VectorClock,
    pub(super) sent: Sent,
    pub(super) answer: Answer,
}

impl SendingDraft {
    pub(super) fn id(&self) -> MessageId {
        self.sent.message
    }

    pub(super) fn span(&self) -> SpanId {
        self.sent.envelope.span.expect("every message has a span")
    }

    pub(super) fn kind(&self) -> &str {
        self.sent.body.kind.as_str()
    }
}

#[derive(Clone, Debug)]
pub(super) struct DeliveryDraft {
    pub(super) actor: ActorId,
    pub(super) at: VirtualTime,
    pub(super) received: Received,
}

#[derive(Clone, Debug)]
pub(super) struct SpanDraft {
    pub(super) began: Began,
    pub(super) began_at: VirtualTime,
    pub(super) end: Option<SpanEnd>,
    /// The time of its end, if that is not the end of the run.
    pub(super) ended_at: Option<VirtualTime>,
    /// Further ends at the end of the run.
    pub(super) repeated: Vec<SpanEnd>,
}

#[derive(Clone, Debug)]
pub(super) struct SubscriberDraft {
    pub(super) actor: ActorId,
    pub(super) tenant: TenantId,
    pub(super) channels: Vec<ChannelId>,
    pub(super) drained: bool,
}

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

    /// Returns the history: its entries in the order of their times.
    pub(super) fn history(&self) -> History {
        let mut history = History::new(&MODEL);
        let entries = &mut history.entries;
        self.add_beginnings(entries);
        self.add_sendings(entries);
        self.add_receipts(entries);
        for (at, broken) in &self.invariant {
            let kind = EntryKind::Invariant {
                name: "mirror".into(),
                broken: broken.map(Arc::from),
            };
            entries.push(entry(*at, None, kind));
        }
        self.add_operations(entries);
        self.add_early_ends(entries);
        entries.sort_by_key(|entry| entry.at);
        self.add_ends(entries);
        history
    }

    fn add_beginnings(&self, entries: &mut Vec<Entry>) {
        for phase in [FaultPhase::Began, FaultPhase::Ended] {
            let fault = "reset".into();
            let kind = EntryKind::Fault { fault, phase };
            entries.push(entry(VirtualTime::ZERO, None, kind));
        }
        for subscriber in self.subscribers.values() {
            for channel in &subscriber.channels {
                let kind = EntryKind::Subscribed {
                    channel: *channel,
                    tenant: subscriber.tenant,
                    since: Since::Start,
                };
                entries.push(entry(VirtualTime::ZERO, Some(subscriber.actor), kind));
            }
        }
        for span in self.spans.values() {
            let kind = EntryKind::Began(span.began.clone());
            entries.push(entry(span.began_at, None, kind));
        }
    }

    /// Adds the ends of spans that are over before the run is.
    fn add_early_ends(&self, entries: &mut Vec<Entry>) {
        for (span, draft) in &self.spans {
            if let (Some(end), Some(at)) = (draft.end, draft.ended_at) {
                let kind = EntryKind::Ended { span: *span, end };
                entries.push(entry(at, None, kind));
            }
        }
    }

    fn add_sendings(&self, entries: &mut Vec<Entry>) {
        for sending in &self.sendings {
            let mut sent = entry(sending.at, None, EntryKind::Sent(sending.sent.clone()));
            sent.clock = Some(Arc::new(sending.clock.clone()));
            entries.push(sent);
            let answer = match &sending.answer {
                Answer::None => continue,
                Answer::Accepted(accepted) => EntryKind::Accepted(Accepted {
                    message: sending.id(),
                    ..accepted.clone()
                }),
                Answer::Rejected(reason) => EntryKind::Rejected {
                    message: sending.id(),
                    reason: (*reason).into(),
                },
            };
            entries.push(entry(sending.at, None, answer));
        }
    }

    fn add_receipts(&self, entries: &mut Vec<Entry>) {
        for delivery in &self.deliveries {
            let kind = EntryKind::Received(delivery.received.clone());
            entries.push(entry(delivery.at, Some(delivery.actor), kind));
        }
        for (epoch, at) in &self.crashed {
            entries.push(entry(*at, None, EntryKind::Crashed { epoch: *epoch }));
        }
        for (actor, gap, at) in &self.gaps {
            entries.push(entry(*at, Some(*actor), EntryKind::Gap(*gap)));
        }
    }

    fn add_operations(&self, entries: &mut Vec<Entry>) {
        for (number, draft) in self.operations.iter().enumerate() {
            let operation = OperationId(number as u64 + 1);
            let actor = Some(ActorId(number as u64 % 3 + 1));
            let invoked = EntryKind::Invoked {
                operation,
                object: draft.object,
                call: draft.call.clone(),
            };
            entries.push(entry(
                VirtualTime::from_micros(draft.invoked),
                actor,
                invoked,
            ));
            let (at, end) = match &draft.end {
                OperationDraftEnd::Open => continue,
                OperationDraftEnd::Returned(at, value) => {
                    let value = value.clone();
                    (*at, EntryKind::Returned { operation, value })
                }
                OperationDraftEnd::Failed(at) => {
                    let reason = "full".into();
                    (*at, EntryKind::Failed { operation, reason })
                }
            };
            entries.push(entry(VirtualTime::from_micros(at), actor, end));
        }
    }

    fn add_ends(&self, entries: &mut Vec<Entry>) {
        for (span, draft) in &self.spans {
            let last = draft.end.filter(|_| draft.ended_at.is_none());
            for end in last.into_iter().chain(draft.repeated.iter().copied()) {
                let kind = EntryKind::Ended { span: *span, end };
                entries.push(entry(self.now, None, kind));
            }
        }
        for subscriber in self.subscribers.values() {
            if subscriber.drained {
                entries.push(entry(self.now, Some(subscriber.actor), EntryKind::Drained));
            }
        }
        for (phase, resources) in &self.holds {
            let kind = EntryKind::Holds {
                resources: resources.clone(),
                phase: *phase,
            };
            entries.push(entry(self.now, None, kind));
        }
        for (phase, census) in &self.census {
            let kind = EntryKind::Census {
                census: census.clone(),
                phase: *phase,
            };
            entries.push(entry(self.now, None, kind));
        }
    }

    // Judging -----------------------------------------------------------------

    /// Calls the closure with the finished run.
    pub(super) fn with_run<R>(&self, f: impl FnOnce(&CheckedRun<'_>) -> R) -> R {
        let history = self.history();
        let run = CheckedRun::new(&history, &self.verdict, &self.statistics);
        f(&run.with_gaps(GapPolicy::of(&self.allowed)))
    }

    pub(super) fn judge(&self, oracle: &str) -> Finding {
        let oracle = OracleRef::parse(oracle).expect("such an oracle");
        self.with_run(|run| oracle.judge(run, &self.settings_of(oracle)))
    }

    fn settings_of(&self, oracle: OracleRef) -> Settings {
        if oracle.needs_settings() {
            self.limits.clone()
        } else {
            Settings::default()
        }
    }

    /// Sets the limit of one metric, in the place of all others.
    pub(super) fn limit(&mut self, relation: &str, selector: &str, amount: Amount) {
        self.limits = Settings::default();
        let amounts = BTreeMap::from([(selector.to_owned(), amount)]);
        self.limits.set(relation, SettingValue::Amounts(amounts));
    }

    /// Returns the rules that an oracle finds broken, sorted, each once.
    pub(super) fn rules_broken(&self, oracle: &str) -> Vec<Symbol> {
        let violations = self.judge(oracle).violations.into_iter();
        let rules: BTreeSet<Symbol> = violations.map(|violation| violation.rule).collect();
        rules.into_iter().collect()
    }

    pub(super) fn ledger(&self) -> Ledger {
        self.with_run(Ledger::of)
    }

    /// Returns the oracles that find something wrong, or nothing to check.
    pub(super) fn unhappy(&self) -> Vec<(&'static str, Finding)> {
        self.with_run(|run| {
            OracleRef::all()
                .filter(|oracle| !oracle.needs_settings() || !self.limits.is_empty())
                .map(|oracle| (oracle.name(), oracle.judge(run, &self.settings_of(oracle))))
                .filter(|(name, finding)| !finding.is_pass() && !self.excuses(name, finding))
                .collect()
        })
    }

    /// Returns `true` if the oracle has nothing to check because no span was cancelled.
    fn excuses(&self, oracle: &str, finding: &Finding) -> bool {
        let mut spans = self.spans.values();
        let cancelled = spans.any(|draft| draft.end == Some(SpanEnd::Cancelled));
        oracle == "cancel-tree" && finding.is_vacuous() && !cancelled
    }

    /// Returns the names of those oracles.
    pub(super) fn broken_by(&self) -> Vec<&'static str> {
        let unhappy = self.unhappy().into_iter();
        unhappy.map(|(oracle, _)| oracle).collect()
    }
}

/// An operation on an object; times are in microseconds.
#[derive(Clone, Debug)]
pub(super) struct OperationDraft {
    pub(super) object: ObjectId,
    pub(super) call: Body,
    pub(super) invoked: u64,
    pub(super) end: OperationDraftEnd,
}

#[derive(Clone, Debug)]
pub(super) enum OperationDraftEnd {
    Open,
    Returned(u64, Body),
    Failed(u64),
}

/// An operation that returned a value, or nothing.
pub(super) fn returned(
    object: u64,
    call: Body,
    times: (u64, u64),
    value: Option<i64>,
) -> OperationDraft {
    let result = Body::new("ok");
    let result = match value {
        Some(value) => result.with("value", value),
        None => result,
    };
    OperationDraft {
        object: ObjectId(object),
        call,
        invoked: times.0,
        end: OperationDraftEnd::Returned(times.1, result),
    }
}

/// A look at a snapshot of the object.
pub(super) fn look(object: u64, snapshot: i64, times: (u64, u64), content: i64) -> OperationDraft {
    let call = Body::new("look").with("snapshot", snapshot);
    returned(object, call, times, Some(content))
}

/// A register that is written and read, a counter with two increments at a time, and
/// snapshots, one of which is looked at twice.
fn healthy_operations() -> Vec<OperationDraft> {
    let write = |value: i64| Body::new("write").with("value", value);
    let mut operations = vec![
        returned(1, write(1), (10, 20), None),
        returned(1, "read".into(), (15, 25), Some(1)),
        returned(1, write(2), (30, 50), None),
        returned(1, "read".into(), (35, 40), Some(2)),
        returned(1, "read".into(), (60, 70), Some(2)),
        returned(2, "increment".into(), (10, 40), Some(2)),
        returned(2, "increment".into(), (20, 30), Some(1)),
        returned(2, "count".into(), (50, 60), Some(2)),
    ];
    operations.push(OperationDraft {
        end: OperationDraftEnd::Failed(90),
        ..returned(2, "increment".into(), (80, 90), None)
    });
    operations.extend([
        look(4, 1, (10, 20), 5),
        look(4, 2, (25, 35), 6),
        look(4, 1, (30, 40), 5),
    ]);
    operations.extend(healthy_turns());
    operations
}

/// A document that is written from what it replaces, the statement that it uses and that is
/// retracted later, a tool that is used while it is on offer, and the effects of a turn.
fn healthy_turns() -> [OperationDraft; 6] {
    let value = |kind: &'static str, value: i64| Body::new(kind).with("value", value);
    // Operations go to three actors in turn: both effects are one actor's.
    [
        returned(7, planned("use", 3, 1), (30, 40), None),
        returned(5, document(1, None), (10, 20), None),
        returned(5, document(2, Some(1)), (30, 40), None),
        returned(8, planned("append", 4, 2), (50, 60), None),
        returned(6, value("retract", 77), (50, 60), None),
        returned(7, value("add", 3), (10, 20), None),
    ]
}

/// A write of a document that was produced from a version, and derived from the statement 77.
pub(super) fn document(value: i64, from: Option<i64>) -> Body {
    let from = from.map_or(Value::List(Vec::new()), Value::from);
    let uses = Value::List(vec![77_i64.into()]);
    let write = Body::new("write").with("value", value);
    write.with("from", from).with("uses", uses)
}

/// An effect at that place of turn 1.
pub(super) fn planned(kind: &'static str, value: i64, place: i64) -> Body {
    let effect = Body::new(kind).with("value", value);
    effect.with("turn", 1_i64).with("place", place)
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

fn entry(at: VirtualTime, actor: Option<ActorId>, kind: EntryKind) -> Entry {
    Entry {
        at,
        actor,
        clock: None,
        kind,
    }
}
