//! Messages, receipts and spans as a test describes them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Span;
use crate::body::{Body, Symbol, Value};
use crate::entry::{Epoch, Offset, Position};
use crate::ids::{ChannelId, SpanId};

/// A message that is not sent yet.
#[derive(Clone, Debug)]
pub struct Draft {
    pub(super) body: Body,
    pub(super) name: Option<Arc<str>>,
    pub(super) stream: Option<String>,
    pub(super) span: Option<SpanContext>,
}

impl Draft {
    /// A message of that kind, without content.
    pub fn new(kind: impl Into<Symbol>) -> Self {
        Body::new(kind).into()
    }

    /// The same with one more field.
    #[must_use]
    pub fn with(mut self, field: impl Into<Symbol>, value: impl Into<Value>) -> Self {
        self.body = self.body.with(field, value);
        self
    }

    /// The same with that id, in the place of `ann-1`, `ann-2`, … of the actor `ann`.
    #[must_use]
    pub fn named(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The same in that stream. Messages of one stream keep the order in which they are
    /// sent. Without this, what one actor sends to one channel is a stream.
    #[must_use]
    pub fn in_stream(mut self, stream: impl Into<String>) -> Self {
        self.stream = Some(stream.into());
        self
    }

    /// The same as a part of that span.
    #[must_use]
    pub fn in_span(mut self, span: impl Into<SpanContext>) -> Self {
        self.span = Some(span.into());
        self
    }
}

impl From<Body> for Draft {
    fn from(body: Body) -> Self {
        Self {
            body,
            name: None,
            stream: None,
            span: None,
        }
    }
}

impl From<&'static str> for Draft {
    fn from(kind: &'static str) -> Self {
        Self::new(kind)
    }
}

/// The place that a system gave a message, as far as it says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LogPlace {
    pub(super) epoch: Epoch,
    pub(super) offset: Option<Offset>,
    pub(super) seq: Option<u64>,
}

impl Default for LogPlace {
    /// No numbers, in the first incarnation.
    fn default() -> Self {
        Self {
            epoch: Epoch(1),
            offset: None,
            seq: None,
        }
    }
}

impl LogPlace {
    /// The position in its channel's log, from 1, without holes.
    pub fn offset(offset: u64) -> Self {
        Self {
            offset: Some(Offset(offset)),
            ..Self::default()
        }
    }

    /// The number in its stream, from 1, without holes.
    pub fn seq(seq: u64) -> Self {
        Self::default().with_seq(seq)
    }

    /// The same with a number in its stream.
    #[must_use]
    pub fn with_seq(self, seq: u64) -> Self {
        Self {
            seq: Some(seq),
            ..self
        }
    }

    /// The same in that incarnation of the server: 1 from the start, one more after each
    /// crash.
    #[must_use]
    pub fn in_epoch(self, epoch: u32) -> Self {
        Self {
            epoch: Epoch(epoch),
            ..self
        }
    }

    pub(super) fn position(&self, channel: ChannelId) -> Option<Position> {
        Some(Position {
            channel,
            epoch: self.epoch,
            offset: self.offset?,
        })
    }
}

/// A message as it reached an actor.
#[derive(Clone, Debug)]
pub struct Receipt {
    pub(super) message: Arc<str>,
    pub(super) body: Option<Body>,
    pub(super) place: LogPlace,
}

impl Receipt {
    /// A receipt of the message with that id.
    pub fn of(message: impl Into<Arc<str>>) -> Self {
        Self {
            message: message.into(),
            body: None,
            place: LogPlace::default(),
        }
    }

    /// The same with its content as received, which `no-loss` compares with what was sent.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Body>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// The same at the place that the system names.
    #[must_use]
    pub fn at(mut self, place: LogPlace) -> Self {
        self.place = place;
        self
    }
}

impl From<&str> for Receipt {
    fn from(message: &str) -> Self {
        Self::of(message)
    }
}

impl From<&String> for Receipt {
    fn from(message: &String) -> Self {
        Self::of(message.as_str())
    }
}

impl From<String> for Receipt {
    fn from(message: String) -> Self {
        Self::of(message)
    }
}

impl From<Arc<str>> for Receipt {
    fn from(message: Arc<str>) -> Self {
        Self::of(message)
    }
}

impl From<&Arc<str>> for Receipt {
    fn from(message: &Arc<str>) -> Self {
        Self::of(Arc::clone(message))
    }
}

/// The place of a span in its tree. It can travel with a request, so that the process that
/// serves the request records its part of the span, and the spans below it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SpanContext {
    /// The span.
    pub span: SpanId,
    /// The span that began it.
    pub parent: Option<SpanId>,
}

impl From<&Span> for SpanContext {
    fn from(span: &Span) -> Self {
        let (span, parent) = (span.id, span.parent);
        Self { span, parent }
    }
}

/// A span that has not begun yet.
#[derive(Clone, Debug)]
pub struct SpanDraft {
    pub(super) kind: Symbol,
    pub(super) label: Option<Symbol>,
    pub(super) parent: Option<SpanId>,
    pub(super) channel: Option<String>,
    pub(super) planned: Option<u64>,
    pub(super) required: Vec<Symbol>,
}

impl SpanDraft {
    /// A span of that kind, for example a session or a tool call.
    pub fn new(kind: impl Into<Symbol>) -> Self {
        Self {
            kind: kind.into(),
            label: None,
            parent: None,
            channel: None,
            planned: None,
            required: Vec::new(),
        }
    }

    /// The same with a name for people, in the place of the actor's.
    #[must_use]
    pub fn labelled(mut self, label: impl Into<Symbol>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// The same as begun by another span.
    #[must_use]
    pub fn within(mut self, parent: impl Into<SpanContext>) -> Self {
        self.parent = Some(parent.into().span);
        self
    }

    /// The same with a channel to which its messages go.
    #[must_use]
    pub fn on(mut self, channel: impl Into<String>) -> Self {
        self.channel = Some(channel.into());
        self
    }

    /// The same with the number of messages that it sends if it completes, its terminal
    /// included.
    #[must_use]
    pub fn planning(mut self, messages: u64) -> Self {
        self.planned = Some(messages);
        self
    }

    /// The same with a kind of message that it must have sent when it completes.
    #[must_use]
    pub fn requiring(mut self, kind: impl Into<Symbol>) -> Self {
        self.required.push(kind.into());
        self
    }
}

impl From<&'static str> for SpanDraft {
    fn from(kind: &'static str) -> Self {
        Self::new(kind)
    }
}
