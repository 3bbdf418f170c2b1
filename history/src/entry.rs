//! Entries of a history: a closed set of kinds for an open set of systems.

use std::fmt;
use std::sync::Arc;

use rehearsal_sim::{Census, VirtualTime};
use serde::{Deserialize, Serialize};

use crate::body::{Body, Symbol};
use crate::clock::VectorClock;
use crate::ids::{
    ActorId, ChannelId, EntityId, MessageId, Names, ObjectId, OperationId, SpanId, StreamId,
    TenantId,
};

/// One thing that happened at the edge of the system under test.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Virtual time since the start of the run.
    pub at: VirtualTime,
    /// The actor that recorded it; none for the driver of the run.
    pub actor: Option<ActorId>,
    /// The sender's knowledge, where the actor carries a clock.
    pub clock: Option<Arc<VectorClock>>,
    /// The thing itself.
    pub kind: EntryKind,
}

/// The kinds of entries.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EntryKind {
    /// A message is about to be handed to the system.
    Sent(Sent),
    /// The system has accepted a message: every subscriber of its channel is owed it.
    Accepted(Accepted),
    /// The system has refused a message.
    Rejected {
        /// The message.
        message: MessageId,
        /// The reason that the sender was given.
        reason: Arc<str>,
    },
    /// A message has reached the recording actor.
    Received(Received),
    /// The recording actor was told of messages that it will never receive.
    Gap(Gap),
    /// The recording actor was told how many messages of a channel it will never receive,
    /// but not which.
    Missed {
        /// The channel.
        channel: ChannelId,
        /// The number of messages.
        count: u64,
    },
    /// The recording actor subscribes to a channel, in the name of a tenant.
    Subscribed {
        /// The channel.
        channel: ChannelId,
        /// The tenant.
        tenant: TenantId,
        /// The messages of the channel that it is owed.
        since: Since,
    },
    /// The recording actor's connection stands.
    Connected {
        /// The incarnation of the server that it is connected to.
        epoch: Epoch,
        /// Connections that the actor has made by now, this one included.
        times: u32,
    },
    /// The recording actor's connection is gone.
    Disconnected {
        /// The reason.
        reason: Arc<str>,
    },
    /// The recording actor has received everything that it was owed.
    Drained,

    /// An operation is about to be invoked on an object.
    Invoked {
        /// The operation.
        operation: OperationId,
        /// The object.
        object: ObjectId,
        /// The call with its arguments.
        call: Body,
    },
    /// An operation has returned.
    Returned {
        /// The operation.
        operation: OperationId,
        /// The result.
        value: Body,
    },
    /// An operation has certainly not been applied.
    Failed {
        /// The operation.
        operation: OperationId,
        /// The reason.
        reason: Arc<str>,
    },

    /// A span begins.
    Began(Began),
    /// A span is over.
    Ended {
        /// The span.
        span: SpanId,
        /// The way it ended.
        end: SpanEnd,
    },

    /// Everything that the system says it holds.
    Holds {
        /// The resources.
        resources: Vec<Resource>,
        /// The moment.
        phase: Phase,
    },
    /// Everything that the simulator sees alive.
    Census {
        /// The tasks, sockets, timers and locks.
        census: Census,
        /// The moment.
        phase: Phase,
    },
    /// An invariant of the system was checked.
    Invariant {
        /// Its name.
        name: Symbol,
        /// The contradiction that was found, if one was.
        broken: Option<Arc<str>>,
    },

    /// A fault began or ended.
    Fault {
        /// Its name in scenario files.
        fault: Symbol,
        /// Begin or end.
        phase: FaultPhase,
    },
    /// An incarnation of a server died without a word.
    Crashed {
        /// The incarnation.
        epoch: Epoch,
    },
    /// Something worth a goal was reached.
    Reached(Mark),
}

/// One message as its sender meant it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sent {
    /// The message.
    pub message: MessageId,
    /// Sender and address.
    pub envelope: Envelope,
    /// The content.
    pub body: Body,
}

/// Sender and address of a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Envelope {
    /// The tenant to which it belongs.
    pub tenant: TenantId,
    /// The channel.
    pub channel: ChannelId,
    /// The stream whose order it keeps.
    pub stream: StreamId,
    /// The span in which it was sent.
    pub span: Option<SpanId>,
    /// The span that began that one.
    pub parent: Option<SpanId>,
    /// The sender's name, for example `data-1`.
    pub sender: Symbol,
    /// Virtual milliseconds at which the message says that it was sent.
    pub sent_ms: Option<u64>,
}

/// The system's answer to a message that it accepted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Accepted {
    /// The message.
    pub message: MessageId,
    /// Its place in the channel's log, if the system says.
    pub position: Option<Position>,
    /// Its number in its stream, from 1, without holes in one epoch, if the system says.
    pub seq: Option<u64>,
}

impl Accepted {
    /// Returns the incarnation that accepted it, if the system says.
    pub fn epoch(&self) -> Option<Epoch> {
        self.position.map(|position| position.epoch)
    }
}

/// One message as an actor received it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Received {
    /// The message that it claims to be.
    pub message: MessageId,
    /// Sender and address as received.
    pub envelope: Envelope,
    /// Its place in the channel's log, if the system says.
    pub position: Option<Position>,
    /// Its number in its stream, if the system says.
    pub seq: Option<u64>,
    /// The content as received.
    pub body: Body,
}

/// The messages of a channel that a subscriber is owed.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Since {
    /// All messages of the channel, also those that were sent before.
    #[default]
    Start,
    /// The messages that are sent after the subscription. An earlier one may arrive.
    Now,
}

/// Messages that an actor was told it will never receive.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Gap {
    /// The channel.
    pub channel: ChannelId,
    /// The incarnation that accepted them.
    pub epoch: Epoch,
    /// First missing offset.
    pub from: Offset,
    /// Last missing offset; none: everything to the end of the epoch.
    pub to: Option<Offset>,
}

impl Gap {
    /// Returns `true` if the gap covers that position.
    pub fn covers(&self, position: &Position) -> bool {
        self.channel == position.channel
            && self.epoch == position.epoch
            && self.from <= position.offset
            && self.to.is_none_or(|to| position.offset <= to)
    }
}

/// An incarnation of a server: 1 from the start, one more after each crash.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Epoch(pub u32);

/// A position in a channel's log in one epoch, from 1, without holes.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Offset(pub u64);

/// A place in a channel's log.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Position {
    /// The channel.
    pub channel: ChannelId,
    /// The incarnation that wrote it.
    pub epoch: Epoch,
    /// The place in that incarnation's log.
    pub offset: Offset,
}

/// The beginning of a span.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Began {
    /// The span.
    pub span: SpanId,
    /// Its kind, for example the kind of the agent that runs.
    pub kind: Symbol,
    /// Its name for people, for example the agent's.
    pub label: Symbol,
    /// The span that began it.
    pub parent: Option<SpanId>,
    /// Its owner.
    pub owner: TenantId,
    /// The channel that its messages go to, if it has one.
    pub channel: Option<ChannelId>,
    /// Messages that it sends if it completes, its terminal included.
    pub planned: Option<u64>,
    /// Kinds of messages that it must have sent when it completes.
    pub required: Vec<Symbol>,
}

/// The ways in which a span ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpanEnd {
    /// It did what it was begun for.
    Completed,
    /// It ended with an error.
    Failed,
    /// It took longer than it may.
    TimedOut,
    /// It was cancelled from outside.
    Cancelled,
    /// It returned without saying that it ends.
    DiedSilently,
    /// The host on which it ran died.
    HostDied,
}

impl SpanEnd {
    /// Every way.
    pub const ALL: [Self; 6] = [
        Self::Completed,
        Self::Failed,
        Self::TimedOut,
        Self::Cancelled,
        Self::DiedSilently,
        Self::HostDied,
    ];
}

/// Something that the system says it holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resource {
    /// The kind, for example `registration` or `connection`.
    pub kind: Symbol,
    /// The entity that holds it.
    pub holder: EntityId,
    /// The entity that it leads to, if it leads to one.
    pub target: Option<EntityId>,
}

/// The moments at which resources are counted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The system serves, and no work has begun.
    Ready,
    /// All work is done, and the system still serves.
    Quiescent,
    /// The system is shut down.
    ShutDown,
}

/// Begin and end of a fault.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultPhase {
    /// It strikes.
    Began,
    /// It is over.
    Ended,
}

/// The name of something worth a goal, for example `reconnected`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mark(pub Symbol);

impl Mark {
    /// The mark of the time from which on the core of the system is whole.
    pub const CORE_HEALED: Self = Self::new("core-healed");

    /// The mark of that name.
    pub const fn new(name: &'static str) -> Self {
        Self(Symbol::Static(name))
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Bytes of the buffer of a note's text.
const NOTE_LENGTH: usize = 80;

/// The text of an entry in the simulator's trace, and so in its fingerprint: a
/// label and what follows it. Entries that only answer others have none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    /// The label.
    pub label: &'static str,
    /// The text.
    pub text: String,
}

impl Entry {
    /// Returns a short text for people: the entry's note, or if it has none, its kind and
    /// the entities that it speaks of.
    pub fn describe(&self, names: &Names) -> String {
        if let Some(note) = self.kind.note(self.actor, names) {
            return format!("{} {}", note.label, note.text);
        }
        let mut text = self.kind.name().to_owned();
        for entity in self.kind.mentions() {
            text += &format!(" {}", names.of(entity));
        }
        text + &self.kind.detail()
    }
}

impl EntryKind {
    /// Returns the name of the kind, as in a line of JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sent(_) => "sent",
            Self::Accepted(_) => "accepted",
            Self::Rejected { .. } => "rejected",
            Self::Received(_) => "received",
            Self::Gap(_) => "gap",
            Self::Missed { .. } => "missed",
            Self::Subscribed { .. } => "subscribed",
            Self::Connected { .. } => "connected",
            Self::Disconnected { .. } => "disconnected",
            Self::Drained => "drained",
            Self::Invoked { .. } => "invoked",
            Self::Returned { .. } => "returned",
            Self::Failed { .. } => "failed",
            Self::Began(_) => "began",
            Self::Ended { .. } => "ended",
            Self::Holds { .. } => "holds",
            Self::Census { .. } => "census",
            Self::Invariant { .. } => "invariant",
            Self::Fault { .. } => "fault",
            Self::Crashed { .. } => "crashed",
            Self::Reached(_) => "reached",
        }
    }

    /// Returns the rest of the description of an entry without a note.
    fn detail(&self) -> String {
        match self {
            Self::Accepted(accepted) => {
                let position = accepted.position.map(|position| {
                    format!("epoch {}, offset {}", position.epoch.0, position.offset.0)
                });
                let seq = accepted.seq.map(|seq| format!("seq {seq}"));
                let parts: Vec<String> = position.into_iter().chain(seq).collect();
                match parts.as_slice() {
                    [] => String::new(),
                    parts => format!(" {}", parts.join(", ")),
                }
            }
            Self::Holds { resources, phase } => {
                format!(" {} resources, {phase:?}", resources.len())
            }
            Self::Census { census, phase } => {
                let (tasks, sockets) = (census.tasks.len(), census.sockets.len());
                format!(" {tasks} tasks, {sockets} sockets, {phase:?}")
            }
            Self::Invariant { name, broken } => match broken {
                Some(contradiction) => format!(" {name}: {contradiction}"),
                None => format!(" {name}"),
            },
            Self::Fault { fault, phase } => format!(" {fault} {phase:?}"),
            Self::Crashed { epoch } => format!(" epoch {}", epoch.0),
            Self::Reached(mark) => format!(" {mark}"),
            _ => String::new(),
        }
    }

    /// Returns the entities that the entry speaks of, its actor excepted.
    pub fn mentions(&self) -> Vec<EntityId> {
        let of_envelope = |envelope: &Envelope| {
            let span = envelope.span.map(EntityId::from);
            let ids = [envelope.channel.into(), envelope.stream.into()];
            ids.into_iter().chain(span).collect::<Vec<EntityId>>()
        };
        match self {
            Self::Sent(sent) => {
                let mut ids = of_envelope(&sent.envelope);
                ids.push(sent.message.into());
                ids
            }
            Self::Received(received) => {
                let mut ids = of_envelope(&received.envelope);
                ids.push(received.message.into());
                ids
            }
            Self::Accepted(accepted) => vec![accepted.message.into()],
            Self::Rejected { message, .. } => vec![(*message).into()],
            Self::Gap(gap) => vec![gap.channel.into()],
            Self::Missed { channel, .. } => vec![(*channel).into()],
            Self::Subscribed {
                channel, tenant, ..
            } => vec![(*channel).into(), (*tenant).into()],
            Self::Invoked {
                operation, object, ..
            } => vec![(*operation).into(), (*object).into()],
            Self::Returned { operation, .. } | Self::Failed { operation, .. } => {
                vec![(*operation).into()]
            }
            Self::Began(began) => {
                let channel = began.channel.map(EntityId::from);
                let parent = began.parent.map(EntityId::from);
                let span = EntityId::from(began.span);
                [Some(span), channel, parent]
                    .into_iter()
                    .flatten()
                    .collect()
            }
            Self::Ended { span, .. } => vec![(*span).into()],
            Self::Holds { .. }
            | Self::Census { .. }
            | Self::Invariant { .. }
            | Self::Connected { .. }
            | Self::Disconnected { .. }
            | Self::Drained
            | Self::Fault { .. }
            | Self::Crashed { .. }
            | Self::Reached(_) => Vec::new(),
        }
    }

    /// Returns the entry's note, for a trace that is being recorded.
    pub fn note(&self, actor: Option<ActorId>, names: &Names) -> Option<Note> {
        let note = |label, text| Some(Note { label, text });
        match self {
            Self::Sent(sent) => {
                let (stream, channel) = (sent.envelope.stream, sent.envelope.channel);
                let (stream, channel) = (names.of(stream), names.of(channel));
                let (message, kind) = (names.of(sent.message), &sent.body.kind);
                note(
                    "emit",
                    text(format_args!("{message} {kind} {stream} {channel}")),
                )
            }
            Self::Rejected { message, reason } => {
                note("reject", format!("{}: {reason}", names.of(*message)))
            }
            Self::Received(received) => {
                let envelope = &received.envelope;
                let (stream, channel) = (names.of(envelope.stream), names.of(envelope.channel));
                let (message, kind) = (names.of(received.message), &received.body.kind);
                let actor = names.of(actor?);
                note(
                    "deliver",
                    text(format_args!(
                        "{message} {kind} {stream} {channel} to {actor}"
                    )),
                )
            }
            Self::Gap(gap) => {
                let to = gap.to.map_or("the end".to_owned(), |to| to.0.to_string());
                let (channel, epoch, from) = (names.of(gap.channel), gap.epoch.0, gap.from.0);
                let actor = names.of(actor?);
                note(
                    "gap",
                    format!("{channel} epoch {epoch}, {from} to {to}, to {actor}"),
                )
            }
            Self::Missed { channel, count } => {
                let (channel, actor) = (names.of(*channel), names.of(actor?));
                note("gap", format!("{channel} {count} messages, to {actor}"))
            }
            Self::Connected { epoch, times } => {
                let actor = names.of(actor?);
                note(
                    "connect",
                    format!("{actor} to epoch {}, time {times}", epoch.0),
                )
            }
            Self::Disconnected { reason } => {
                note("disconnect", format!("{}: {reason}", names.of(actor?)))
            }
            Self::Drained => note("goodbye", names.of(actor?).to_string()),
            Self::Invoked {
                operation,
                object,
                call,
            } => {
                let (operation, object) = (names.of(*operation), names.of(*object));
                note("invoke", format!("{operation} {object} {call}"))
            }
            Self::Returned { operation, value } => {
                note("return", format!("{} {value}", names.of(*operation)))
            }
            Self::Failed { operation, reason } => {
                note("fail", format!("{}: {reason}", names.of(*operation)))
            }
            Self::Began(began) => {
                let (span, label) = (names.of(began.span), &began.label);
                let channel = began
                    .channel
                    .map(|channel| format!(" {}", names.of(channel)));
                let channel = channel.unwrap_or_default();
                note(
                    names.word_of_spans(),
                    format!("{span} {label}{channel} begins"),
                )
            }
            Self::Ended { span, end } => note(
                names.word_of_spans(),
                format!("{} ends: {end:?}", names.of(*span)),
            ),
            Self::Accepted(_)
            | Self::Subscribed { .. }
            | Self::Holds { .. }
            | Self::Census { .. }
            | Self::Invariant { .. }
            | Self::Fault { .. }
            | Self::Crashed { .. }
            | Self::Reached(_) => None,
        }
    }
}

/// Returns a formatted text in a buffer that most notes fit into.
fn text(arguments: fmt::Arguments<'_>) -> String {
    let mut text = String::with_capacity(NOTE_LENGTH);
    // Writing to a string cannot fail.
    let _ = fmt::write(&mut text, arguments);
    text
}
