//! The entries of the lines, by their kinds.

use std::sync::Arc;

use rehearsal_sim::VirtualTime;

use super::LineReader;
use crate::body::Symbol;
use crate::entry::{
    Accepted, Began, Entry, EntryKind, Envelope, Epoch, Gap, Mark, Offset, Position, Received,
    Sent, Since,
};
use crate::ids::{ActorId, ChannelId, MessageId, SpanId, StreamId, TenantId};
use crate::jsonl::decode::{Object, Raw};
use crate::profile::PROFILES;

impl<'l> LineReader<'_, '_, 'l> {
    pub(super) fn entry(&mut self, mut object: Object<'l>) -> Option<Entry> {
        let kind_raw = self.decoder.required(&mut object, "kind")?;
        let kind = self.decoder.text(kind_raw)?;
        if kind == "profile" {
            self.profile(&mut object);
            self.decoder.close(object);
            return None;
        }
        let at = self.at(&mut object);
        let actor = self.optional_id::<ActorId>(&mut object, "actor");
        let clock = object.take("clock").and_then(|raw| self.clock(raw));
        if NEEDS_ACTOR.contains(&kind.as_str()) && actor.is_none() {
            let text = object.text;
            self.decoder
                .problem(text, format!("`{kind}` needs an `actor`"));
        }
        let kind = self.kind(&kind, kind_raw, &mut object);
        self.decoder.close(object);
        Some(Entry {
            at: at?,
            actor,
            clock: clock.map(Arc::new),
            kind: kind?,
        })
    }

    fn profile(&mut self, object: &mut Object<'l>) {
        let Some(raw) = self.decoder.required(object, "name") else {
            return;
        };
        let Some(name) = self.decoder.text(raw) else {
            return;
        };
        match PROFILES.iter().find(|profile| profile.name == name) {
            Some(profile) => self.state.history.profile = Some(profile),
            None => self
                .decoder
                .problem(raw.get(), format!("unknown profile `{name}`")),
        }
    }

    fn at(&mut self, object: &mut Object<'l>) -> Option<VirtualTime> {
        let raw = self.decoder.required(object, "at")?;
        let at = VirtualTime::from_micros(self.decoder.number(raw)?);
        if at < self.state.last {
            let last = self.state.last.as_micros();
            self.decoder
                .problem(raw.get(), format!("time goes back: it was {last} already"));
        }
        Some(at)
    }

    fn kind(&mut self, kind: &str, raw: Raw<'l>, object: &mut Object<'l>) -> Option<EntryKind> {
        Some(match kind {
            "sent" => EntryKind::Sent(self.sent(object)?),
            "accepted" => EntryKind::Accepted(self.accepted(object)?),
            "rejected" => {
                let (message, reason) = (self.id(object, "message"), self.reason(object));
                EntryKind::Rejected {
                    message: message?,
                    reason: reason?,
                }
            }
            "received" => EntryKind::Received(self.received(object)?),
            "gap" => EntryKind::Gap(self.gap(object)?),
            "subscribed" => {
                let (channel, tenant) = (self.id(object, "channel"), self.id(object, "tenant"));
                let since = object.take("since");
                let since = since
                    .map(|raw| self.decoder.scalar(raw, "\"start\" or \"now\""))
                    .unwrap_or(Some(Since::Start));
                EntryKind::Subscribed {
                    channel: channel?,
                    tenant: tenant?,
                    since: since?,
                }
            }
            "missed" => {
                let channel = self.id(object, "channel");
                let count = self.scalar(object, "count", "a count");
                EntryKind::Missed {
                    channel: channel?,
                    count: count?,
                }
            }
            "connected" => {
                let (epoch, times) = (self.epoch(object), self.scalar(object, "times", "a count"));
                EntryKind::Connected {
                    epoch: epoch?,
                    times: times?,
                }
            }
            "disconnected" => EntryKind::Disconnected {
                reason: self.reason(object)?,
            },
            "drained" => EntryKind::Drained,
            "invoked" => {
                let (operation, target) = (self.id(object, "operation"), self.id(object, "object"));
                let call = self.body(object, "call");
                EntryKind::Invoked {
                    operation: operation?,
                    object: target?,
                    call: call?,
                }
            }
            "returned" => {
                let (operation, value) = (self.id(object, "operation"), self.body(object, "value"));
                EntryKind::Returned {
                    operation: operation?,
                    value: value?,
                }
            }
            "failed" => {
                let (operation, reason) = (self.id(object, "operation"), self.reason(object));
                EntryKind::Failed {
                    operation: operation?,
                    reason: reason?,
                }
            }
            "began" => EntryKind::Began(self.began(object)?),
            "ended" => {
                let span = self.id(object, "span");
                let end = self.scalar(object, "end", "the end of a span, such as \"completed\"");
                EntryKind::Ended {
                    span: span?,
                    end: end?,
                }
            }
            "holds" => {
                let (phase, resources) = (self.phase(object), self.resources(object));
                EntryKind::Holds {
                    resources: resources?,
                    phase: phase?,
                }
            }
            "census" => {
                let (phase, census) = (self.phase(object), self.census(object));
                EntryKind::Census {
                    census,
                    phase: phase?,
                }
            }
            "invariant" => {
                let name = self.symbol(object, "name");
                let broken = object.take("broken").and_then(|raw| self.decoder.text(raw));
                EntryKind::Invariant {
                    name: name?,
                    broken: broken.map(Arc::from),
                }
            }
            "fault" => {
                let fault = self.symbol(object, "fault");
                let phase = self.scalar(object, "phase", "\"began\" or \"ended\"");
                EntryKind::Fault {
                    fault: fault?,
                    phase: phase?,
                }
            }
            "crashed" => EntryKind::Crashed {
                epoch: self.epoch(object)?,
            },
            "reached" => EntryKind::Reached(Mark(self.symbol(object, "mark")?)),
            other => {
                self.decoder
                    .problem(raw.get(), format!("unknown kind `{other}`"));
                // Its fields say nothing.
                object.take_all();
                return None;
            }
        })
    }

    fn sent(&mut self, object: &mut Object<'l>) -> Option<Sent> {
        let message = self.id::<MessageId>(object, "message");
        let (tenant, channel) = (self.id(object, "tenant"), self.id(object, "channel"));
        let stream = self.id(object, "stream");
        let span = self.optional_id::<SpanId>(object, "span");
        let parent = self.optional_id(object, "parent");
        let sender = object.take("sender").and_then(|raw| self.decoder.text(raw));
        let label = span.and_then(|span| self.state.labels.get(&span).cloned());
        let sender = sender.map(Symbol::from).or(label);
        let sent_ms = object
            .take("sent_ms")
            .and_then(|raw| self.decoder.number(raw));
        let body = self.body(object, "body");
        let message = message?;
        if self.state.sent.contains_key(&message) {
            self.decoder
                .problem(object.text, "this message was sent already");
        }
        Some(Sent {
            message,
            envelope: Envelope {
                tenant: tenant?,
                channel: channel?,
                stream: stream?,
                span,
                parent,
                sender: sender.unwrap_or("".into()),
                sent_ms,
            },
            body: body?,
        })
    }

    fn accepted(&mut self, object: &mut Object<'l>) -> Option<Accepted> {
        let message = self.id(object, "message");
        let offset = object.take("offset");
        // Only an offset needs a log.
        let channel = match offset {
            Some(_) => self.id(object, "channel"),
            None => self.optional_id(object, "channel"),
        };
        let epoch = self.epoch(object);
        let (offset, seq) = (self.offset_of(offset), self.seq(object));
        let position = position(channel, epoch, offset);
        Some(Accepted {
            message: message?,
            position,
            seq,
        })
    }

    /// Reads a receipt. Parts of the envelope that are left out are as sent.
    fn received(&mut self, object: &mut Object<'l>) -> Option<Received> {
        let message = self.id::<MessageId>(object, "message");
        let sent = message.and_then(|message| self.state.sent(message).cloned());
        let envelope = sent.as_ref().map(|sent| &sent.envelope);
        let tenant = self.id_or::<TenantId>(object, "tenant", envelope.map(|sent| sent.tenant));
        let channel = self.id_or::<ChannelId>(object, "channel", envelope.map(|sent| sent.channel));
        let stream = self.id_or::<StreamId>(object, "stream", envelope.map(|sent| sent.stream));
        let as_sent = envelope.and_then(|sent| sent.span);
        let span = self.nullable_id::<SpanId>(object, "span", as_sent);
        let as_sent = envelope.and_then(|sent| sent.parent);
        let parent = self.nullable_id::<SpanId>(object, "parent", as_sent);
        let sender = object.take("sender").and_then(|raw| self.decoder.text(raw));
        let as_sent = envelope.map(|sent| sent.sender.clone());
        let sender = sender.map(Symbol::from).or(as_sent).unwrap_or("".into());
        let sent_ms = match object.take_nullable("sent_ms") {
            Some(raw) => raw.and_then(|raw| self.decoder.number(raw)),
            None => envelope.and_then(|sent| sent.sent_ms),
        };
        let log = self.optional_id::<ChannelId>(object, "log").or(channel);
        let epoch = self.epoch(object);
        let offset = object.take("offset");
        let (offset, seq) = (self.offset_of(offset), self.seq(object));
        let body = match (object.take("body"), sent.as_ref()) {
            (Some(raw), _) => self.body_of(raw),
            (None, Some(sent)) => Some(sent.body.clone()),
            (None, None) => {
                self.decoder
                    .problem(object.text, "the field `body` is missing");
                None
            }
        };
        Some(Received {
            message: message?,
            envelope: Envelope {
                tenant: tenant?,
                channel: channel?,
                stream: stream?,
                span,
                parent,
                sender,
                sent_ms,
            },
            position: position(log, epoch, offset),
            seq,
            body: body?,
        })
    }

    fn gap(&mut self, object: &mut Object<'l>) -> Option<Gap> {
        let (channel, epoch) = (self.id(object, "channel"), self.epoch(object));
        let from = self.offset(object, "from");
        let to = object.take("to").and_then(|raw| self.decoder.number(raw));
        Some(Gap {
            channel: channel?,
            epoch: epoch?,
            from: from?,
            to: to.map(Offset),
        })
    }

    fn began(&mut self, object: &mut Object<'l>) -> Option<Began> {
        let (span, owner) = (self.id(object, "span"), self.id(object, "owner"));
        let label = object.take("label").and_then(|raw| self.decoder.text(raw));
        let kind = object.take("of").and_then(|raw| self.decoder.text(raw));
        let parent = self.optional_id(object, "parent");
        let channel = self.optional_id(object, "channel");
        let planned = object
            .take("planned")
            .and_then(|raw| self.decoder.number(raw));
        let required = object.take("required").map(|raw| self.texts(raw));
        Some(Began {
            span: span?,
            kind: kind.unwrap_or_default().into(),
            label: label.unwrap_or_default().into(),
            parent,
            owner: owner?,
            channel,
            planned,
            required: required.into_iter().flatten().map(Symbol::from).collect(),
        })
    }
}

/// Returns the place that a line gives a message; none without an offset.
fn position(
    channel: Option<ChannelId>,
    epoch: Option<Epoch>,
    offset: Option<Offset>,
) -> Option<Position> {
    Some(Position {
        channel: channel?,
        epoch: epoch?,
        offset: offset?,
    })
}

/// Kinds of lines that only an actor can record.
const NEEDS_ACTOR: &[&str] = &[
    "received",
    "gap",
    "missed",
    "subscribed",
    "connected",
    "disconnected",
    "drained",
];
