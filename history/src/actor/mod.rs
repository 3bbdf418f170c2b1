//! Actors: the parties of a test, which record at the edge of the system under test.
//!
//! ```
//! use rehearsal_history::{RecordsHistory, SpanEnd};
//! use rehearsal_sim::{Config, run};
//!
//! let outcome = run(Config::default(), |world| async move {
//!     let (ann, ben) = (world.actor("ann"), world.actor("ben"));
//!     ben.subscribed("room");
//!     // The closure hands the message to the service: `Ok` says that it was accepted, `Err`
//!     // that it certainly was not. A dropped future says neither.
//!     let sent = ann.send("room", "hello", |id| async move { Ok::<_, String>(id) }).await;
//!     // The receiver names the message by the id that it found in it.
//!     ben.received("room", sent.expect("accepted"));
//!     ben.drained();
//!     world.history().entries.len()
//! });
//! assert_eq!(outcome.value, Some(5));
//! ```
//!
//! Channels, objects, tenants and messages go by name. What the oracles need beyond that
//! (ids, clocks, the order of sending) the actors keep themselves; what only the system can
//! know (numbers, positions) is recorded if it says so, and demanded nowhere.

mod draft;
mod registry;
mod reply;

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::sync::Arc;

use rehearsal_sim::World;

use crate::body::{Body, Symbol};
use crate::entry::{
    Accepted, Began, EntryKind, Envelope, Epoch, Gap, Mark, Offset, Phase, Received, Resource,
    Sent, Since, SpanEnd,
};
use crate::history::History;
use crate::ids::{ActorId, ChannelId, EntityId, MessageId, OperationId, SpanId, TenantId};

pub use draft::{Draft, LogPlace, Receipt, SpanContext, SpanDraft};
pub use registry::Actors;
pub use reply::Reply;
pub(crate) use reply::VALUE;

/// The recording side of a [`World`]: the actors and the history of its run.
pub trait RecordsHistory {
    /// Returns the actors of the run.
    fn actors(self) -> Actors;

    /// Returns the actor of that name. Two of one name are one actor.
    fn actor(self, name: &str) -> Actor;

    /// Records every task, socket, timer and lock that is alive now, but for the running
    /// task: `cleanup` reads that. Most wait for [`World::settled`] before.
    fn record_census(self, phase: Phase);

    /// Records that an incarnation of the service died without a word, the first one being
    /// 1. It explains the gaps of `no-loss,gaps=crash`.
    fn record_crash(self, epoch: u32);

    /// Returns everything that was recorded so far.
    fn history(self) -> History;
}

impl RecordsHistory for World {
    fn actors(self) -> Actors {
        if let Some(actors) = self.extension::<Actors>() {
            return Actors::clone(&actors);
        }
        let actors = Actors::default();
        self.insert_extension(actors.clone());
        actors
    }

    fn actor(self, name: &str) -> Actor {
        self.actors().actor(name)
    }

    fn record_census(self, phase: Phase) {
        let census = self.census();
        let entry = EntryKind::Census { census, phase };
        self.actors().recorder().record(None, entry);
    }

    fn record_crash(self, epoch: u32) {
        let epoch = Epoch(epoch);
        self.actors()
            .recorder()
            .record(None, EntryKind::Crashed { epoch });
    }

    fn history(self) -> History {
        self.actors().recorder().with(|history| history.clone())
    }
}

/// A party of a run: it records what it hands to the system, what the system answers, and
/// what it receives. Cheap to clone; clones are the same actor.
#[derive(Clone, Debug)]
pub struct Actor {
    actors: Actors,
    id: ActorId,
    name: Symbol,
    tenant: TenantId,
}

impl Actor {
    /// Returns its id, as witnesses name it.
    pub fn id(&self) -> ActorId {
        self.id
    }

    /// Returns its name.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// The same actor in the name of that tenant. Without this all actors have one tenant.
    #[must_use]
    pub fn of(&self, tenant: &str) -> Self {
        Self {
            tenant: self.actors.intern(tenant),
            ..self.clone()
        }
    }

    fn record(&self, kind: EntryKind) {
        self.actors.recorder().record(Some(self.id), kind);
    }

    // Messages ------------------------------------------------------------------

    /// Sends a message: records it, hands it over, and records the answer. `hand_over` gets
    /// the message's id, which has to travel with it, so that receivers can name it.
    ///
    /// `Ok` is recorded as accepted: every subscriber of the channel is owed the message.
    /// `Err` is recorded as refused: no subscriber may ever receive it. Where an error
    /// leaves that open, as a time-out does, use [`Actor::sending`]. If this future is
    /// dropped, the message stays without an answer: it may arrive or not.
    ///
    /// A retry is part of the same message, and belongs into `hand_over`.
    ///
    /// # Errors
    ///
    /// That of `hand_over`.
    ///
    /// # Panics
    ///
    /// If a message of that name was sent already.
    pub async fn send<T, E: Display, F>(
        &self,
        channel: &str,
        message: impl Into<Draft>,
        hand_over: impl FnOnce(Arc<str>) -> F,
    ) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        let sending = self.sending(channel, message);
        let answer = hand_over(Arc::clone(&sending.name)).await;
        match &answer {
            Ok(_) => sending.accepted(),
            Err(error) => sending.rejected(error),
        }
        answer
    }

    /// Records a message that is about to be handed to the system. The answer is recorded
    /// through the result; dropped, the message stays without one.
    ///
    /// # Panics
    ///
    /// If a message of that name was sent already.
    pub fn sending(&self, channel: &str, message: impl Into<Draft>) -> Sending {
        let draft: Draft = message.into();
        let channel: ChannelId = self.actors.intern(channel);
        let (message, name) = self.actors.new_message(&self.name, draft.name);
        let stream = match &draft.stream {
            Some(stream) => self.actors.intern(stream),
            None => {
                let channel = self.actors.name_of(channel);
                self.actors.intern(&format!("{}/{channel}", self.name))
            }
        };
        let clock = self.actors.tick(self.id, stream);
        let sent = Sent {
            message,
            envelope: Envelope {
                tenant: self.tenant,
                channel,
                stream,
                span: draft.span.map(|context| context.span),
                parent: draft.span.and_then(|context| context.parent),
                sender: self.name.clone(),
                sent_ms: None,
            },
            body: draft.body,
        };
        self.actors.remember(&sent, &clock);
        let recorder = self.actors.recorder();
        recorder.record_with(Some(self.id), Some(clock), EntryKind::Sent(sent));
        Sending {
            actor: self.clone(),
            channel,
            message,
            name,
        }
    }

    /// Records the subscription to a channel: the actor is owed what is sent from now on.
    /// Messages that were sent before may arrive.
    pub fn subscribed(&self, channel: &str) {
        self.subscribe(channel, Since::Now);
    }

    /// Records the subscription to a channel, all of whose messages the actor is owed,
    /// whenever they are sent.
    pub fn subscribed_from_start(&self, channel: &str) {
        self.subscribe(channel, Since::Start);
    }

    fn subscribe(&self, channel: &str, since: Since) {
        let channel = self.actors.intern(channel);
        self.record(EntryKind::Subscribed {
            channel,
            tenant: self.tenant,
            since,
        });
    }

    /// Records a message that reached the actor, by its id. What a [`Receipt`] does not say
    /// of it counts as it was sent.
    pub fn received(&self, channel: &str, receipt: impl Into<Receipt>) {
        let receipt: Receipt = receipt.into();
        let channel = self.actors.intern(channel);
        let message: MessageId = self.actors.intern(&receipt.message);
        let sent = self.actors.learn(self.id, message);
        let (envelope, body) = match sent {
            Some(sent) => (sent.envelope, Some(sent.body)),
            None => (self.unknown_sender(channel), None),
        };
        self.record(EntryKind::Received(Received {
            message,
            envelope: Envelope {
                channel,
                ..envelope
            },
            position: receipt.place.position(channel),
            seq: receipt.place.seq,
            body: receipt.body.or(body).unwrap_or("unknown".into()),
        }));
    }

    /// The envelope of a message that was never sent.
    fn unknown_sender(&self, channel: ChannelId) -> Envelope {
        Envelope {
            tenant: self.tenant,
            channel,
            stream: self.actors.intern("unknown"),
            span: None,
            parent: None,
            sender: "unknown".into(),
            sent_ms: None,
        }
    }

    /// Records that the actor was told that it will never receive the messages at those
    /// offsets of a channel's log, in its first incarnation. They count as lost unless the
    /// oracle's settings name the cause: `no-loss,gaps=overflow`.
    pub fn gap(&self, channel: &str, offsets: RangeInclusive<u64>) {
        let channel = self.actors.intern(channel);
        self.record(EntryKind::Gap(Gap {
            channel,
            epoch: LogPlace::default().epoch,
            from: Offset(*offsets.start()),
            to: Some(Offset(*offsets.end())),
        }));
    }

    /// Records that the actor was told how many messages of a channel it will never receive,
    /// but not which. They count as lost unless there are exactly that many and the oracle's
    /// settings name the cause: `no-loss,gaps=overflow`.
    pub fn missed(&self, channel: &str, count: u64) {
        let channel = self.actors.intern(channel);
        self.record(EntryKind::Missed { channel, count });
    }

    /// Records that the actor has waited for everything that it is owed: what it has not
    /// received by now is lost. Each subscriber records this.
    pub fn drained(&self) {
        self.record(EntryKind::Drained);
    }

    /// Records that the actor knows what `other` knows by now, as if by a message: its next
    /// messages happen after those of `other`.
    pub fn follows(&self, other: &Actor) {
        self.actors.merge(self.id, other.id);
    }

    // Operations ----------------------------------------------------------------

    /// Calls an operation of an object: records the call, makes it, and records the result.
    ///
    /// `Err` says that the operation certainly had no effect. Where an error leaves that
    /// open, use [`Actor::invoke`]. If this future is dropped, the operation may take effect
    /// at any later time, or never.
    ///
    /// # Errors
    ///
    /// That of `invoke`.
    pub async fn call<T: Reply, E: Display, F>(
        &self,
        object: &str,
        call: impl Into<Body>,
        invoke: impl FnOnce() -> F,
    ) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        let invocation = self.invoke(object, call);
        let result = invoke().await;
        match &result {
            Ok(value) => invocation.returned(value),
            Err(error) => invocation.failed(error),
        }
        result
    }

    /// Records an operation that is about to be invoked. Its result is recorded through the
    /// result; dropped, the operation may take effect at any later time, or never.
    pub fn invoke(&self, object: &str, call: impl Into<Body>) -> Invocation {
        let operation = self.actors.new_operation();
        self.record(EntryKind::Invoked {
            operation,
            object: self.actors.intern(object),
            call: call.into(),
        });
        Invocation {
            actor: self.clone(),
            operation,
        }
    }

    // Spans, resources, invariants ----------------------------------------------------

    /// Records the beginning of a span. It ends through [`Span::end`]; dropped, it never
    /// ends.
    pub fn begin(&self, span: impl Into<SpanDraft>) -> Span {
        let draft: SpanDraft = span.into();
        let span = self.actors.new_span();
        let channel = draft.channel.map(|channel| self.actors.intern(&channel));
        self.record(EntryKind::Began(Began {
            span,
            kind: draft.kind,
            label: draft.label.unwrap_or_else(|| self.name.clone()),
            parent: draft.parent,
            owner: self.tenant,
            channel,
            planned: draft.planned,
            required: draft.required,
        }));
        Span {
            actor: self.clone(),
            id: span,
            parent: draft.parent,
        }
    }

    /// Records everything that the actor holds at that moment, each by its kind. `cleanup`
    /// demands that it is nothing once the work is done.
    pub fn holds<K: Into<Symbol>>(&self, phase: Phase, kinds: impl IntoIterator<Item = K>) {
        let resource = |kind: K| Resource {
            kind: kind.into(),
            holder: self.id.into(),
            target: None,
        };
        let resources = kinds.into_iter().map(resource).collect();
        self.record(EntryKind::Holds { resources, phase });
    }

    /// Records the check of an invariant, and the contradiction if there is one.
    pub fn invariant(&self, name: impl Into<Symbol>, checked: Result<(), String>) {
        self.record(EntryKind::Invariant {
            name: name.into(),
            broken: checked.err().map(Arc::from),
        });
    }

    /// Records that the run came to something that is worth counting.
    pub fn reached(&self, mark: &'static str) {
        self.record(EntryKind::Reached(Mark::new(mark)));
    }
}

/// A message that waits for the system's answer.
#[derive(Debug)]
#[must_use = "dropped, the message stays without an answer"]
pub struct Sending {
    actor: Actor,
    channel: ChannelId,
    message: MessageId,
    name: Arc<str>,
}

impl Sending {
    /// Returns the id of the message, which has to travel with it.
    pub fn id(&self) -> &Arc<str> {
        &self.name
    }

    /// Records that the system accepted the message.
    pub fn accepted(self) {
        self.accepted_at(LogPlace::default());
    }

    /// Records that the system accepted the message, and the numbers that it gave it.
    pub fn accepted_at(self, place: LogPlace) {
        self.actor.record(EntryKind::Accepted(Accepted {
            message: self.message,
            position: place.position(self.channel),
            seq: place.seq,
        }));
    }

    /// Records that the system certainly has not accepted the message, and never will.
    pub fn rejected(self, reason: impl Display) {
        self.actor.record(EntryKind::Rejected {
            message: self.message,
            reason: reason.to_string().into(),
        });
    }

    /// Leaves the message without an answer: it may arrive or not. The same as dropping it.
    pub fn unanswered(self) {}
}

/// An operation that waits for its result.
#[derive(Debug)]
#[must_use = "dropped, the operation may take effect at any later time, or never"]
pub struct Invocation {
    actor: Actor,
    operation: OperationId,
}

impl Invocation {
    /// Records that the operation returned.
    pub fn returned(self, value: &impl Reply) {
        let (operation, value) = (self.operation, reply::body_of(value));
        self.actor.record(EntryKind::Returned { operation, value });
    }

    /// Records that the operation certainly has had no effect, and never will.
    pub fn failed(self, reason: impl Display) {
        self.actor.record(EntryKind::Failed {
            operation: self.operation,
            reason: reason.to_string().into(),
        });
    }

    /// Leaves the operation without a result: it may take effect at any later time, or
    /// never. The same as dropping it.
    pub fn unanswered(self) {}
}

/// A span that has begun.
#[derive(Debug)]
#[must_use = "dropped, the span never ends"]
pub struct Span {
    actor: Actor,
    id: SpanId,
    parent: Option<SpanId>,
}

impl Span {
    /// Returns its id, as witnesses name it.
    pub fn id(&self) -> SpanId {
        self.id
    }

    /// Records its end.
    pub fn end(self, end: SpanEnd) {
        let span = self.id;
        self.actor.record(EntryKind::Ended { span, end });
    }
}

impl From<&Span> for EntityId {
    fn from(span: &Span) -> Self {
        span.id.into()
    }
}

#[cfg(test)]
mod tests;
