//! The actors of one history: names and their ids, clocks, messages that were sent.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Actor;
use crate::body::Symbol;
use crate::clock::VectorClock;
use crate::entry::Sent;
use crate::history::Model;
use crate::ids::{
    ActorId, ChannelId, EntityId, EntityKind, MessageId, ObjectId, OperationId, SpanId, StreamId,
    TenantId,
};
use crate::recorder::Recorder;

/// The tenant of actors that name none.
const TENANT: &str = "default";

/// The actors of one history, by name. Cheap to clone.
#[derive(Clone)]
pub struct Actors(Arc<Shared>);

struct Shared {
    recorder: Recorder,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The last number of each kind of id.
    last: BTreeMap<EntityKind, u64>,
    numbers: BTreeMap<(EntityKind, Arc<str>), u64>,
    /// The messages that each actor has sent.
    counts: BTreeMap<Symbol, u64>,
    clocks: BTreeMap<ActorId, VectorClock>,
    sent: BTreeMap<MessageId, (Sent, Arc<VectorClock>)>,
}

impl Default for Actors {
    /// Actors of an empty history.
    fn default() -> Self {
        Self::new(Recorder::new(&Model::default()))
    }
}

impl fmt::Debug for Actors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Actors").field(self.recorder()).finish()
    }
}

impl Actors {
    /// Actors that write to that recorder.
    pub fn new(recorder: Recorder) -> Self {
        Self(Arc::new(Shared {
            recorder,
            state: Mutex::default(),
        }))
    }

    /// Returns the recorder.
    pub fn recorder(&self) -> &Recorder {
        &self.0.recorder
    }

    /// Returns the actor of that name.
    pub fn actor(&self, name: &str) -> Actor {
        Actor {
            actors: self.clone(),
            id: self.intern(name),
            name: name.to_owned().into(),
            tenant: self.intern(TENANT),
        }
    }

    /// Returns the id of a name.
    pub(super) fn intern<I: Interned>(&self, name: &str) -> I {
        let name: Arc<str> = name.into();
        let key = (I::KIND, Arc::clone(&name));
        let number = {
            let mut state = self.state();
            if let Some(number) = state.numbers.get(&key) {
                return I::of(*number);
            }
            let number = state.next(I::KIND);
            state.numbers.insert(key, number);
            number
        };
        let id = EntityId {
            kind: I::KIND,
            number,
        };
        self.recorder().with(|history| history.names.give(id, name));
        I::of(number)
    }

    /// Returns the name of a channel.
    pub(super) fn name_of(&self, channel: ChannelId) -> String {
        self.recorder()
            .with(|history| history.names.of(channel).to_string())
    }

    /// Returns a message that was not sent before: of that name, or of the next one of the
    /// actor.
    pub(super) fn new_message(
        &self,
        actor: &Symbol,
        name: Option<Arc<str>>,
    ) -> (MessageId, Arc<str>) {
        let count = {
            let mut state = self.state();
            let count = state.counts.entry(actor.clone()).or_default();
            *count += 1;
            *count
        };
        let name = name.unwrap_or_else(|| format!("{actor}-{count}").into());
        let message: MessageId = self.intern(&name);
        let sent = self.state().sent.contains_key(&message);
        assert!(
            !sent,
            "a message `{name}` was sent already; a retry is part of the same message"
        );
        (message, name)
    }

    pub(super) fn new_operation(&self) -> OperationId {
        OperationId(self.state().next(EntityKind::Operation))
    }

    pub(super) fn new_span(&self) -> SpanId {
        SpanId(self.state().next(EntityKind::Span))
    }

    /// Counts one more message of a stream, and returns the sender's knowledge with it.
    pub(super) fn tick(&self, actor: ActorId, stream: StreamId) -> Arc<VectorClock> {
        let mut state = self.state();
        let clock = state.clocks.entry(actor).or_default();
        clock.tick(stream);
        Arc::new(clock.clone())
    }

    /// Keeps a message, by which receipts are completed.
    pub(super) fn remember(&self, sent: &Sent, clock: &Arc<VectorClock>) {
        let entry = (sent.clone(), Arc::clone(clock));
        self.state().sent.insert(sent.message, entry);
    }

    /// Adds a sender's knowledge to that of an actor which received the message. Returns the
    /// message as it was sent, if it was.
    pub(super) fn learn(&self, actor: ActorId, message: MessageId) -> Option<Sent> {
        let mut state = self.state();
        let (sent, clock) = state.sent.get(&message)?.clone();
        state.clocks.entry(actor).or_default().merge(&clock);
        Some(sent)
    }

    /// Adds the knowledge of `other` to that of `actor`.
    pub(super) fn merge(&self, actor: ActorId, other: ActorId) {
        let mut state = self.state();
        let known = state.clocks.get(&other).cloned().unwrap_or_default();
        state.clocks.entry(actor).or_default().merge(&known);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while the lock is held fails the run anyway.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn next(&mut self, kind: EntityKind) -> u64 {
        let last = self.last.entry(kind).or_default();
        *last += 1;
        *last
    }
}

/// A kind of id that goes by name.
pub(super) trait Interned {
    const KIND: EntityKind;
    fn of(number: u64) -> Self;
}

macro_rules! interned {
    ($($id:ident => $kind:ident,)*) => {
        $(impl Interned for $id {
            const KIND: EntityKind = EntityKind::$kind;
            fn of(number: u64) -> Self {
                Self(number)
            }
        })*
    };
}

interned! {
    MessageId => Message,
    ChannelId => Channel,
    StreamId => Stream,
    ActorId => Actor,
    TenantId => Tenant,
    ObjectId => Object,
}
