//! Facets: indices over a history, split by what they speak of, built when first
//! asked for.

mod arrivals;
pub mod gaps;
pub mod marks;
mod message_index;
pub mod messages;
pub mod missed;
pub mod operations;
pub mod resources;
pub mod spans;

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::fmt;

use rehearsal_sim::{Statistics, Verdict};

use self::gaps::GapPolicy;
use self::messages::{Messages, Sending};
use self::operations::Operations;
use self::resources::Resources;
use self::spans::{SpanRecord, Spans};
use crate::body::Symbol;
use crate::entry::{EntryKind, Position, Received};
use crate::history::History;
use crate::ids::{EntityId, EntityKind, Name, SpanId};

/// The aspects of a run that oracles read. A system records some of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Facet {
    /// Messages on channels: sent, accepted, received, gaps.
    Messages,
    /// Operations on shared objects.
    Operations,
    /// Spans and their tree.
    Spans,
    /// The resources that the system says it holds.
    Resources,
    /// Invariants that the system shows.
    Invariants,
    /// The engine's verdict, counters and census.
    Engine,
}

impl Facet {
    /// Every facet.
    pub const ALL: &'static [Self] = &[
        Self::Messages,
        Self::Operations,
        Self::Spans,
        Self::Resources,
        Self::Invariants,
        Self::Engine,
    ];

    /// Returns the facets of which a history records something.
    pub fn recorded(history: &History) -> BTreeSet<Self> {
        let entries = history.entries.iter();
        entries.filter_map(|entry| Self::of(&entry.kind)).collect()
    }

    /// Returns the facet that an entry is a part of, if it is one's.
    fn of(kind: &EntryKind) -> Option<Self> {
        match kind {
            EntryKind::Sent(_)
            | EntryKind::Accepted(_)
            | EntryKind::Rejected { .. }
            | EntryKind::Received(_)
            | EntryKind::Gap(_)
            | EntryKind::Missed { .. }
            | EntryKind::Subscribed { .. }
            | EntryKind::Connected { .. }
            | EntryKind::Disconnected { .. }
            | EntryKind::Drained => Some(Self::Messages),
            EntryKind::Invoked { .. } | EntryKind::Returned { .. } | EntryKind::Failed { .. } => {
                Some(Self::Operations)
            }
            EntryKind::Began(_) | EntryKind::Ended { .. } => Some(Self::Spans),
            EntryKind::Holds { .. } => Some(Self::Resources),
            EntryKind::Census { .. } => Some(Self::Engine),
            EntryKind::Invariant { .. } => Some(Self::Invariants),
            EntryKind::Fault { .. } | EntryKind::Crashed { .. } | EntryKind::Reached(_) => None,
        }
    }

    /// Returns its name, for example `messages`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::Operations => "operations",
            Self::Spans => "spans",
            Self::Resources => "resources",
            Self::Invariants => "invariants",
            Self::Engine => "engine",
        }
    }
}

impl fmt::Display for Facet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One finished run, as oracles read it.
#[derive(Debug)]
pub struct CheckedRun<'a> {
    /// The record of the actors.
    pub history: &'a History,
    /// The engine's verdict.
    pub verdict: &'a Verdict,
    /// The engine's counters.
    pub statistics: &'a Statistics,
    gaps: GapPolicy,
    messages: OnceCell<Messages<'a>>,
    operations: OnceCell<Operations<'a>>,
    spans: OnceCell<Spans<'a>>,
    resources: OnceCell<Resources<'a>>,
}

impl<'a> CheckedRun<'a> {
    /// A run of which nothing has been indexed yet, and which may have no gaps.
    pub fn new(history: &'a History, verdict: &'a Verdict, statistics: &'a Statistics) -> Self {
        Self {
            history,
            verdict,
            statistics,
            gaps: GapPolicy::default(),
            messages: OnceCell::new(),
            operations: OnceCell::new(),
            spans: OnceCell::new(),
            resources: OnceCell::new(),
        }
    }

    /// The same run, which may have the gaps that the policy allows.
    #[must_use]
    pub fn with_gaps(mut self, gaps: GapPolicy) -> Self {
        self.gaps = gaps;
        self.messages = OnceCell::new();
        self
    }

    /// Returns `true` if the run came to its own end, so that nothing is under way.
    pub fn at_rest(&self) -> bool {
        *self.verdict == Verdict::Pass
    }

    /// Returns the index of messages.
    pub fn messages(&self) -> &Messages<'a> {
        self.messages
            .get_or_init(|| Messages::new(self.history, &self.gaps))
    }

    /// Returns the index of operations.
    pub fn operations(&self) -> &Operations<'a> {
        self.operations
            .get_or_init(|| Operations::new(self.history))
    }

    /// Returns the index of spans.
    pub fn spans(&self) -> &Spans<'a> {
        self.spans.get_or_init(|| Spans::new(self.history))
    }

    /// Returns the resources at the end of the run.
    pub fn resources(&self) -> &Resources<'a> {
        self.resources.get_or_init(|| Resources::new(self.history))
    }

    /// Returns the printed name of an entity.
    pub fn name(&self, id: impl Into<EntityId>) -> Name<'_> {
        self.history.names.of(id)
    }

    /// Returns `true` if messages of that kind end their span, by the profile.
    pub fn is_terminal(&self, kind: &Symbol) -> bool {
        let profile = self.history.profile;
        profile.is_some_and(|profile| profile.is_terminal(kind.as_str()))
    }

    /// Returns the full name of a message as it was sent:
    /// `event-5 (progress) of run-2 (data-1) on thread-1`.
    pub fn describe(&self, sending: &Sending<'_>) -> String {
        let (sent, envelope) = (sending.sent, &sending.sent.envelope);
        let owner = match envelope.span {
            Some(span) => self.describe_span(span),
            None => self.name(envelope.stream).to_string(),
        };
        let (message, kind) = (self.name(sent.message), &sent.body.kind);
        format!(
            "{message} ({kind}) of {owner} on {}",
            self.name(envelope.channel)
        )
    }

    /// Returns the full name of a received message: as it was sent, or if it was
    /// not, as it says of itself.
    pub fn describe_received(&self, received: &Received) -> String {
        if let Some(sending) = self.messages().sending(received.message) {
            return self.describe(sending);
        }
        let envelope = &received.envelope;
        let (message, kind) = (self.name(received.message), &received.body.kind);
        let (stream, channel) = (self.name(envelope.stream), self.name(envelope.channel));
        format!(
            "{message} ({kind}) of {stream} ({}) on {channel}",
            envelope.sender
        )
    }

    /// Returns `offset 3 of thread-1, epoch 1`.
    pub fn describe_position(&self, position: &Position) -> String {
        let (offset, epoch) = (position.offset.0, position.epoch.0);
        format!(
            "offset {offset} of {}, epoch {epoch}",
            self.name(position.channel)
        )
    }

    /// Returns the name of an entity; a span's comes with its label.
    pub fn describe_entity(&self, id: EntityId) -> String {
        match id.kind {
            EntityKind::Span => self.describe_span(SpanId(id.number)),
            _ => self.name(id).to_string(),
        }
    }

    /// Returns `run-2 (data-1)`.
    pub fn describe_span(&self, span: SpanId) -> String {
        match self.spans().get(span) {
            Some(record) => format!("{} ({})", self.name(span), record.began.label),
            None => format!("{} (never begun)", self.name(span)),
        }
    }

    /// Returns `run-2 (data-1) on thread-1`.
    pub fn describe_record(&self, record: &SpanRecord<'_>) -> String {
        let (span, label) = (self.name(record.began.span), &record.began.label);
        match record.began.channel {
            Some(channel) => format!("{span} ({label}) on {}", self.name(channel)),
            None => format!("{span} ({label})"),
        }
    }
}
