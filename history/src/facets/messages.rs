//! The index of messages: what was sent on one side, what each actor received on
//! the other.

use std::collections::BTreeMap;

use rehearsal_sim::VirtualTime;

use super::arrivals::Arrivals;
use super::gaps::{self, GapFault, GapPolicy};
use super::message_index::MessageIndex;
use super::missed::{Missed, ReceivedCount};
use crate::body::Symbol;
use crate::clock::VectorClock;
use crate::entry::{Accepted, Entry, EntryKind, Epoch, Gap, Position, Received, Sent, Since};
use crate::history::History;
use crate::ids::{ActorId, ChannelId, MessageId, SpanId, StreamId, TenantId};

/// A message from its sender's side.
#[derive(Clone, Copy, Debug)]
pub struct Sending<'a> {
    /// The message as it was meant.
    pub sent: &'a Sent,
    /// Virtual time of the sending.
    pub at: VirtualTime,
    /// The sender's knowledge, the message included, where it carries a clock.
    pub clock: Option<&'a VectorClock>,
    /// The system's answer.
    pub outcome: SendOutcome<'a>,
    /// The place of the answer among all entries, if there was one.
    pub answered: Option<usize>,
    /// Its place among all sendings, from 0.
    pub index: usize,
    /// Its place among all entries, from 0.
    pub order: usize,
}

/// The system's answer to a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SendOutcome<'a> {
    /// The sender never got an answer: it may have been accepted or not.
    Indeterminate,
    /// Accepted.
    Accepted(&'a Accepted),
    /// Refused, for a reason that the sender was given.
    Rejected(&'a str),
}

impl<'a> Sending<'a> {
    /// Returns the message's id.
    pub fn id(&self) -> MessageId {
        self.sent.message
    }

    /// Returns its kind.
    pub fn kind(&self) -> &'a Symbol {
        &self.sent.body.kind
    }

    /// Returns the stream whose order it keeps.
    pub fn stream(&self) -> StreamId {
        self.sent.envelope.stream
    }

    /// Returns the system's answer, if it accepted the message.
    pub fn accepted(&self) -> Option<&'a Accepted> {
        match self.outcome {
            SendOutcome::Accepted(accepted) => Some(accepted),
            SendOutcome::Indeterminate | SendOutcome::Rejected(_) => None,
        }
    }

    /// Returns `true` if the system refused the message.
    pub fn is_rejected(&self) -> bool {
        matches!(self.outcome, SendOutcome::Rejected(_))
    }

    /// Returns `true` if this message was sent before `other` by the senders' clocks.
    pub fn before(&self, other: &Sending<'_>) -> bool {
        match (self.clock, other.clock) {
            (Some(own), Some(other)) => own.before(other),
            _ => false,
        }
    }
}

/// A message at the moment at which an actor received it.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// The actor.
    pub actor: ActorId,
    /// The message as received.
    pub received: &'a Received,
    /// Virtual time of the receipt.
    pub at: VirtualTime,
    /// Its place among all entries, from 0.
    pub order: usize,
}

/// A message as an actor received it for the first time. Repeats are left out:
/// `exactly-once` checks them, and they would only blur what others see.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// The receipt.
    pub delivery: Delivery<'a>,
    /// The index of its sending; none for a message that was never sent.
    sending: Option<usize>,
}

/// A gap marker and its receipt.
#[derive(Clone, Copy, Debug)]
pub struct ReceivedGap {
    /// The actor that was told.
    pub actor: ActorId,
    /// The marker.
    pub gap: Gap,
    /// Virtual time of the receipt.
    pub at: VirtualTime,
    /// Its place among all entries, from 0.
    pub order: usize,
    /// Its fault, if it has one; a faulty marker covers nothing.
    pub fault: Option<GapFault>,
}

/// An actor that subscribed to channels.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subscriber {
    /// The actor.
    pub actor: ActorId,
    /// The tenant in whose name it subscribed.
    pub tenant: TenantId,
    /// The channels.
    pub channels: Vec<ChannelId>,
    /// For each channel, the place among all entries from which on messages are owed.
    pub owed_from: BTreeMap<ChannelId, usize>,
    /// Connections that it made.
    pub connects: u32,
    /// It has received everything that it was owed.
    pub drained: bool,
}

/// The messages of one run with their indices.
#[derive(Debug, Default)]
pub struct Messages<'a> {
    sendings: Vec<Sending<'a>>,
    by_id: MessageIndex,
    by_stream: BTreeMap<StreamId, Vec<usize>>,
    by_span: BTreeMap<SpanId, Vec<usize>>,
    deliveries: Vec<Delivery<'a>>,
    inboxes: BTreeMap<ActorId, Vec<Arrival<'a>>>,
    arrivals: Arrivals,
    span_inboxes: BTreeMap<(ActorId, SpanId), Vec<Arrival<'a>>>,
    subscribers: BTreeMap<ActorId, Subscriber>,
    by_channel: BTreeMap<ChannelId, ChannelSubscribers>,
    gaps: Vec<ReceivedGap>,
    missed: Missed,
    covering: BTreeMap<ActorId, Vec<ReceivedGap>>,
    crashed: BTreeMap<Epoch, VirtualTime>,
    // By sending; of messages that arrived somewhere, so that they were accepted.
    proven: Vec<Option<Proof>>,
}

/// The receipts of a message, which prove that it was accepted.
#[derive(Clone, Copy, Debug)]
struct Proof {
    /// The place that the first receipt with a place names.
    position: Option<Position>,
}

/// The subscribers of a channel.
#[derive(Debug, Default)]
struct ChannelSubscribers {
    actors: Vec<ActorId>,
    /// For each, the place among all entries from which on messages are owed.
    owed_from: Vec<usize>,
}

impl<'a> Messages<'a> {
    pub(super) fn new(history: &'a History, policy: &GapPolicy) -> Self {
        let mut messages = Self {
            by_id: MessageIndex::for_entries(history.entries.len()),
            ..Self::default()
        };
        for (order, entry) in history.entries.iter().enumerate() {
            messages.add(order, entry);
        }
        messages.index_deliveries();
        messages.index_gaps(policy);
        messages
    }

    fn add(&mut self, order: usize, entry: &'a Entry) {
        match &entry.kind {
            EntryKind::Sent(sent) => self.add_sending(order, entry, sent),
            EntryKind::Accepted(accepted) => {
                self.answer(accepted.message, SendOutcome::Accepted(accepted), order);
            }
            EntryKind::Rejected { message, reason } => {
                self.answer(*message, SendOutcome::Rejected(reason), order);
            }
            kind => {
                if let Some(actor) = entry.actor {
                    self.add_of_actor(order, actor, entry.at, kind);
                }
            }
        }
        if let EntryKind::Crashed { epoch } = entry.kind {
            self.crashed.entry(epoch).or_insert(entry.at);
        }
    }

    fn add_sending(&mut self, order: usize, entry: &'a Entry, sent: &'a Sent) {
        let index = self.sendings.len();
        self.sendings.push(Sending {
            sent,
            at: entry.at,
            clock: entry.clock.as_deref(),
            outcome: SendOutcome::Indeterminate,
            answered: None,
            index,
            order,
        });
        self.by_id.insert(sent.message, index);
        let stream = self.by_stream.entry(sent.envelope.stream).or_default();
        stream.push(index);
        if let Some(span) = sent.envelope.span {
            self.by_span.entry(span).or_default().push(index);
        }
    }

    fn answer(&mut self, message: MessageId, outcome: SendOutcome<'a>, order: usize) {
        if let Some(index) = self.by_id.get(message) {
            let sending = &mut self.sendings[index];
            sending.outcome = outcome;
            sending.answered = Some(order);
        }
    }

    fn add_of_actor(&mut self, order: usize, actor: ActorId, at: VirtualTime, kind: &'a EntryKind) {
        match kind {
            EntryKind::Received(received) => self.deliveries.push(Delivery {
                actor,
                received,
                at,
                order,
            }),
            EntryKind::Gap(gap) => {
                self.gaps.push(ReceivedGap {
                    actor,
                    gap: *gap,
                    at,
                    order,
                    fault: None,
                });
            }
            EntryKind::Missed { channel, count } => self.missed.markers.push(ReceivedCount {
                actor,
                channel: *channel,
                count: *count,
                at,
                order,
                fault: None,
            }),
            EntryKind::Subscribed {
                channel,
                tenant,
                since,
            } => {
                let subscriber = self.subscribers.entry(actor).or_insert(Subscriber {
                    actor,
                    tenant: *tenant,
                    channels: Vec::new(),
                    owed_from: BTreeMap::new(),
                    connects: 0,
                    drained: false,
                });
                if !subscriber.channels.contains(channel) {
                    subscriber.channels.push(*channel);
                    let owed_from = match since {
                        Since::Start => 0,
                        Since::Now => order,
                    };
                    subscriber.owed_from.insert(*channel, owed_from);
                    let of_channel = self.by_channel.entry(*channel).or_default();
                    of_channel.actors.push(actor);
                    of_channel.owed_from.push(owed_from);
                }
            }
            EntryKind::Connected { times, .. } => {
                if let Some(subscriber) = self.subscribers.get_mut(&actor) {
                    subscriber.connects = *times;
                }
            }
            EntryKind::Drained => {
                if let Some(subscriber) = self.subscribers.get_mut(&actor) {
                    subscriber.drained = true;
                }
            }
            _ => {}
        }
    }

    fn index_deliveries(&mut self) {
        self.proven = vec![None; self.sendings.len()];
        let deliveries = self.deliveries.iter();
        let sent = deliveries.map(|delivery| {
            let message = delivery.received.message;
            (delivery.actor, message, self.by_id.get(message))
        });
        let mut firsts = Arrivals::first_of(sent);
        for (number, delivery) in self.deliveries.iter().enumerate() {
            if !firsts.is_first(number) {
                continue;
            }
            let sending = firsts.sending(number);
            let sent = sending.map(|index| &self.sendings[index]);
            if let (Some(index), Some(false)) = (sending, sent.map(Sending::is_rejected)) {
                let position = delivery.received.position;
                let proven = self.proven[index].get_or_insert(Proof { position });
                proven.position = proven.position.or(position);
            }
            let envelope = sent.map_or(&delivery.received.envelope, |sent| &sent.sent.envelope);
            let span = envelope.span;
            let inbox = self.inboxes.entry(delivery.actor).or_default();
            firsts.put(number, inbox.len());
            let arrival = Arrival {
                delivery: *delivery,
                sending,
            };
            inbox.push(arrival);
            if let Some(span) = span {
                let key = (delivery.actor, span);
                self.span_inboxes.entry(key).or_default().push(arrival);
            }
        }
        self.arrivals = firsts.finish();
    }

    fn index_gaps(&mut self, policy: &GapPolicy) {
        let mut gaps = std::mem::take(&mut self.gaps);
        for marker in &mut gaps {
            marker.fault = gaps::fault(self, marker, policy);
            if marker.fault.is_none() {
                let covering = self.covering.entry(marker.actor).or_default();
                covering.push(*marker);
            }
        }
        self.gaps = gaps;
        let markers = std::mem::take(&mut self.missed.markers);
        self.missed = Missed::of(self, markers, policy);
    }

    // Sending side ------------------------------------------------------------

    /// Returns every message that was sent, in order.
    pub fn sendings(&self) -> &[Sending<'a>] {
        &self.sendings
    }

    /// Returns a message as it was sent, if it was.
    pub fn sending(&self, message: MessageId) -> Option<&Sending<'a>> {
        self.sendings.get(self.by_id.get(message)?)
    }

    /// Returns the messages of a stream, in the order of sending.
    pub fn of_stream(&self, stream: StreamId) -> impl Iterator<Item = &Sending<'a>> + '_ {
        self.at(self.by_stream.get(&stream))
    }

    /// Returns the messages of a span, in the order of sending.
    pub fn of_span(&self, span: SpanId) -> impl DoubleEndedIterator<Item = &Sending<'a>> + '_ {
        self.at(self.by_span.get(&span))
    }

    fn at<'s>(
        &'s self,
        indices: Option<&'s Vec<usize>>,
    ) -> impl DoubleEndedIterator<Item = &'s Sending<'a>> + 's {
        let indices = indices.map_or(&[] as &[usize], Vec::as_slice);
        indices.iter().map(|index| &self.sendings[*index])
    }

    /// Returns the accepted messages of a span with the system's answers.
    pub fn accepted_of_span(
        &self,
        span: SpanId,
    ) -> impl Iterator<Item = (&Sending<'a>, &'a Accepted)> + '_ {
        self.of_span(span)
            .filter_map(|sending| Some((sending, sending.accepted()?)))
    }

    /// Returns the accepted messages of a span in the order in which the system put them:
    /// by their numbers if all have one, else in the order of sending.
    pub fn accepted_in_order(&self, span: SpanId) -> Vec<(&Sending<'a>, &'a Accepted)> {
        let mut accepted: Vec<_> = self.accepted_of_span(span).collect();
        if accepted.iter().all(|(_, accepted)| accepted.seq.is_some()) {
            accepted.sort_by_key(|(_, accepted)| (accepted.epoch(), accepted.seq));
        }
        accepted
    }

    /// Returns `true` if the system accepted the message: it said so, or the message
    /// arrived somewhere without an answer.
    pub fn is_accepted(&self, sending: &Sending<'_>) -> bool {
        match sending.outcome {
            SendOutcome::Accepted(_) => true,
            SendOutcome::Indeterminate => self.proof(sending).is_some(),
            SendOutcome::Rejected(_) => false,
        }
    }

    fn proof(&self, sending: &Sending<'_>) -> Option<Proof> {
        self.proven[self.by_id.get(sending.id())?]
    }

    /// Returns the place that the system gave a message, if it is known: from the answer,
    /// or else from the first receipt that names one.
    pub fn position(&self, sending: &Sending<'_>) -> Option<Position> {
        let received = || self.proof(sending)?.position;
        match sending.outcome {
            SendOutcome::Accepted(accepted) => accepted.position.or_else(received),
            SendOutcome::Indeterminate => received(),
            SendOutcome::Rejected(_) => None,
        }
    }

    /// Returns `true` if that incarnation died without a word.
    pub fn has_crashed(&self, epoch: Epoch) -> bool {
        self.crashed.contains_key(&epoch)
    }

    /// Returns the last time until then at which an incarnation died.
    pub fn last_crash(&self, until: VirtualTime) -> Option<VirtualTime> {
        let crashed = self.crashed.values().copied();
        crashed.filter(|crashed| *crashed <= until).max()
    }

    /// Returns the virtual time at which that incarnation died, if it did.
    pub fn crashed_at(&self, epoch: Epoch) -> Option<VirtualTime> {
        self.crashed.get(&epoch).copied()
    }

    // Receiving side ----------------------------------------------------------

    /// Returns every receipt, repeats included, in order.
    pub fn deliveries(&self) -> &[Delivery<'a>] {
        &self.deliveries
    }

    /// Returns every actor that subscribed.
    pub fn subscribers(&self) -> impl ExactSizeIterator<Item = &Subscriber> + '_ {
        self.subscribers.values()
    }

    /// Returns an actor's subscriptions.
    pub fn subscriber(&self, actor: ActorId) -> Option<&Subscriber> {
        self.subscribers.get(&actor)
    }

    /// Returns the actors that subscribe to a channel.
    pub fn subscribers_of(&self, channel: ChannelId) -> &[ActorId] {
        self.by_channel.get(&channel).map_or(&[], |all| &all.actors)
    }

    /// Returns the actors that are owed a message if it is accepted.
    pub fn owed_to<'s>(&'s self, sending: &Sending<'_>) -> impl Iterator<Item = ActorId> + 's {
        let (channel, order) = (sending.sent.envelope.channel, sending.order);
        let subscribers = self.by_channel.get(&channel).into_iter();
        let subscribers = subscribers.flat_map(|all| all.actors.iter().zip(&all.owed_from));
        subscribers.filter_map(move |(actor, owed_from)| (*owed_from <= order).then_some(*actor))
    }

    /// Returns `true` if the actor is owed the message if it is accepted.
    pub fn is_owed(&self, actor: ActorId, sending: &Sending<'_>) -> bool {
        self.is_owed_from(actor, sending.sent.envelope.channel, sending.order)
    }

    fn is_owed_from(&self, actor: ActorId, channel: ChannelId, order: usize) -> bool {
        let subscriber = self.subscribers.get(&actor);
        let from = subscriber.and_then(|subscriber| subscriber.owed_from.get(&channel));
        from.is_some_and(|from| *from <= order)
    }

    /// Returns every actor that received something, with what it received in order.
    pub fn inboxes(&self) -> impl Iterator<Item = (ActorId, &[Arrival<'a>])> + '_ {
        let inboxes = self.inboxes.iter();
        inboxes.map(|(actor, inbox)| (*actor, inbox.as_slice()))
    }

    /// Returns what an actor received, in order.
    pub fn inbox(&self, actor: ActorId) -> &[Arrival<'a>] {
        self.inboxes.get(&actor).map_or(&[], Vec::as_slice)
    }

    /// Returns what an actor received of one span, in order.
    pub fn span_inbox(&self, actor: ActorId, span: SpanId) -> &[Arrival<'a>] {
        let inbox = self.span_inboxes.get(&(actor, span));
        inbox.map_or(&[], Vec::as_slice)
    }

    /// Returns the message of an arrival as it was sent, if it was.
    pub fn sending_of(&self, arrival: &Arrival<'a>) -> Option<&Sending<'a>> {
        arrival.sending.and_then(|index| self.sendings.get(index))
    }

    /// Returns the place in an actor's inbox at which a message first came.
    pub fn place(&self, actor: ActorId, message: MessageId) -> Option<usize> {
        self.arrivals.place(actor, message, self.by_id.get(message))
    }

    // Gaps --------------------------------------------------------------------

    /// Returns every gap marker, in the order of receipt.
    pub fn gaps(&self) -> &[ReceivedGap] {
        &self.gaps
    }

    /// Returns every marker that gives a number of missed messages, in the order of receipt.
    pub fn missed(&self) -> &[ReceivedCount] {
        &self.missed.markers
    }

    /// Returns the gap markers that an actor received and that a cause explains.
    pub fn covering_gaps(&self, actor: ActorId) -> &[ReceivedGap] {
        self.covering.get(&actor).map_or(&[], Vec::as_slice)
    }

    /// Returns `true` if a marker that a cause explains told the actor that it will not
    /// receive this message. A marker speaks of the past: it covers nothing that is sent
    /// after it came.
    pub fn is_covered(&self, actor: ActorId, sending: &Sending<'_>) -> bool {
        self.missed.excuses(actor, sending.id()) || self.is_in_gap(actor, sending)
    }

    fn is_in_gap(&self, actor: ActorId, sending: &Sending<'_>) -> bool {
        self.position(sending).is_some_and(|position| {
            let mut gaps = self.covering_gaps(actor).iter();
            gaps.any(|received| received.gap.covers(&position) && sending.order < received.order)
        })
    }
}
