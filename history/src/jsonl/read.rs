//! Reading a history line by line.

use std::collections::BTreeMap;
use std::io::{BufRead, Read};
use std::sync::Arc;

use rehearsal_sim::{Census, LiveSocket, LiveTask, TaskId, VirtualTime};
use serde::de::DeserializeOwned;

use super::decode::{Decoder, Object, Raw};
use super::{JsonlError, JsonlProblem, LINE_BYTES_MAX, NESTING_MAX, PROBLEMS_MAX};
use crate::body::{Body, Symbol, Value};
use crate::clock::VectorClock;
use crate::entry::{
    Accepted, Began, Entry, EntryKind, Envelope, Epoch, Gap, Mark, Offset, Position, Received,
    Resource, Sent,
};
use crate::history::History;
use crate::ids::{ActorId, ChannelId, EntityId, EntityKind, MessageId, SpanId, StreamId, TenantId};
use crate::profile::PROFILES;

/// Ids that are texts get numbers from here on, so that they are never those of ids that
/// are numbers.
const TEXT_IDS_FROM: u64 = 1 << 63;

/// Reads a history. A line is read, decoded and dropped before the next one.
///
/// # Errors
///
/// Fails if the lines cannot be read or are wrong; with every problem of every line, until
/// there are [`PROBLEMS_MAX`].
pub fn read_jsonl(mut reader: impl BufRead) -> Result<History, JsonlError> {
    let mut state = State::default();
    let mut problems = Vec::new();
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        let limit = LINE_BYTES_MAX as u64 + 1;
        if (&mut reader).take(limit).read_until(b'\n', &mut bytes)? == 0 {
            break;
        }
        match line_text(&bytes, line) {
            Ok(text) if text.trim().is_empty() => {}
            Ok(text) => problems.extend(state.read_line(text, line)),
            Err(problem) => {
                let too_long = bytes.len() > LINE_BYTES_MAX;
                problems.push(problem);
                if too_long {
                    // The rest of the line is no line.
                    break;
                }
            }
        }
        if problems.len() >= PROBLEMS_MAX {
            problems.truncate(PROBLEMS_MAX);
            break;
        }
    }
    if problems.is_empty() {
        Ok(state.history)
    } else {
        Err(JsonlError::Problems(problems))
    }
}

/// Returns the text of a line without its end.
fn line_text(bytes: &[u8], line: u64) -> Result<&str, JsonlProblem> {
    let problem = |column, message: String| JsonlProblem {
        line,
        column,
        message,
    };
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    if bytes.len() > LINE_BYTES_MAX {
        let message = format!("the line is longer than {LINE_BYTES_MAX} bytes");
        return Err(problem(LINE_BYTES_MAX + 1, message));
    }
    std::str::from_utf8(bytes)
        .map_err(|error| problem(error.valid_up_to() + 1, "the line is not UTF-8".to_owned()))
}

/// The history so far.
#[derive(Default)]
struct State {
    history: History,
    texts: BTreeMap<EntityKind, BTreeMap<Arc<str>, u64>>,
    /// The messages that were sent, by which receipts are completed.
    sent: BTreeMap<MessageId, usize>,
    /// The names of the spans that began, by which senders are completed.
    labels: BTreeMap<SpanId, Symbol>,
    last: VirtualTime,
}

impl State {
    fn read_line(&mut self, text: &str, line: u64) -> Vec<JsonlProblem> {
        let mut decoder = Decoder::new(text, line);
        if let Some(object) = decoder.line() {
            let mut reading = LineReader {
                state: self,
                decoder: &mut decoder,
            };
            if let Some(entry) = reading.entry(object)
                && reading.decoder.is_clean()
            {
                self.add(entry);
            }
        }
        decoder.finish()
    }

    fn add(&mut self, entry: Entry) {
        if let EntryKind::Sent(sent) = &entry.kind {
            let place = self.history.entries.len();
            self.sent.insert(sent.message, place);
        }
        if let EntryKind::Began(began) = &entry.kind {
            self.labels.insert(began.span, began.label.clone());
        }
        self.last = entry.at;
        self.history.entries.push(entry);
    }

    /// Returns a message as it was sent, if it was.
    fn sent(&self, message: MessageId) -> Option<&Sent> {
        let place = *self.sent.get(&message)?;
        match &self.history.entries.get(place)?.kind {
            EntryKind::Sent(sent) => Some(sent),
            _ => None,
        }
    }

    /// Returns the stream of a key, which is a text even where the id is a number.
    fn stream_of_key(&mut self, key: &str) -> StreamId {
        let texts = self.texts.get(&EntityKind::Stream);
        let known = texts.is_some_and(|texts| texts.contains_key(key));
        match key.parse::<u64>() {
            Ok(number) if !known && number < TEXT_IDS_FROM => StreamId(number),
            _ => StreamId(self.number(EntityKind::Stream, key.to_owned())),
        }
    }

    /// Returns the number of a text.
    fn number(&mut self, kind: EntityKind, text: String) -> u64 {
        let texts = self.texts.entry(kind).or_default();
        if let Some(number) = texts.get(text.as_str()) {
            return *number;
        }
        let number = TEXT_IDS_FROM + texts.len() as u64;
        let text: Arc<str> = text.into();
        texts.insert(Arc::clone(&text), number);
        self.history.names.give(EntityId { kind, number }, text);
        number
    }
}

/// Reads one line into the state.
struct LineReader<'s, 'd, 'l> {
    state: &'s mut State,
    decoder: &'d mut Decoder<'l>,
}

/// An id type, by its kind.
trait Id: Sized {
    const KIND: EntityKind;
    fn of(number: u64) -> Self;
}

macro_rules! id_kinds {
    ($($name:ident),*) => {
        $(impl Id for crate::ids::$name {
            const KIND: EntityKind = id_kinds!(@kind $name);
            fn of(number: u64) -> Self {
                Self(number)
            }
        })*
    };
    (@kind MessageId) => { EntityKind::Message };
    (@kind ChannelId) => { EntityKind::Channel };
    (@kind StreamId) => { EntityKind::Stream };
    (@kind ActorId) => { EntityKind::Actor };
    (@kind SpanId) => { EntityKind::Span };
    (@kind TenantId) => { EntityKind::Tenant };
    (@kind ObjectId) => { EntityKind::Object };
    (@kind OperationId) => { EntityKind::Operation };
}

id_kinds!(
    MessageId,
    ChannelId,
    StreamId,
    ActorId,
    SpanId,
    TenantId,
    ObjectId,
    OperationId
);

impl<'l> LineReader<'_, '_, 'l> {
    // Lines -------------------------------------------------------------------

    fn entry(&mut self, mut object: Object<'l>) -> Option<Entry> {
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
                EntryKind::Subscribed {
                    channel: channel?,
                    tenant: tenant?,
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
        let channel = self.id(object, "channel");
        let epoch = self.epoch(object);
        let (offset, seq) = (self.offset(object, "offset"), self.seq(object));
        Some(Accepted {
            message: message?,
            position: Position {
                channel: channel?,
                epoch: epoch?,
                offset: offset?,
            },
            seq: seq?,
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
        let (offset, seq) = (self.offset(object, "offset"), self.seq(object));
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
            position: Position {
                channel: log?,
                epoch: epoch?,
                offset: offset?,
            },
            seq: seq?,
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

    fn resources(&mut self, object: &mut Object<'l>) -> Option<Vec<Resource>> {
        let raw = self.decoder.required(object, "resources")?;
        let resources = self.decoder.list(raw)?;
        let resources = resources.into_iter().map(|raw| self.resource(raw));
        resources.collect::<Vec<_>>().into_iter().collect()
    }

    fn resource(&mut self, raw: Raw<'l>) -> Option<Resource> {
        let mut object = self.decoder.object(raw)?;
        let kind = self.symbol(&mut object, "kind");
        let holder = self.decoder.required(&mut object, "holder");
        let holder = holder.and_then(|raw| self.entity(raw));
        let target = object.take("target").map(|raw| self.entity(raw));
        self.decoder.close(object);
        Some(Resource {
            kind: kind?,
            holder: holder?,
            target: match target {
                Some(target) => Some(target?),
                None => None,
            },
        })
    }

    fn census(&mut self, object: &mut Object<'l>) -> Census {
        let tasks = self.elements(object, "tasks");
        let tasks = tasks.into_iter().filter_map(|raw| self.task(raw)).collect();
        let sockets = self.elements(object, "sockets");
        let sockets = sockets
            .into_iter()
            .filter_map(|raw| self.socket(raw))
            .collect();
        let timers = object.take("timers");
        let timers = timers.and_then(|raw| self.decoder.scalar(raw, "a count"));
        let locks = object.take("locks").map(|raw| self.texts(raw));
        Census {
            tasks,
            sockets,
            timers: timers.unwrap_or_default(),
            locks: locks.unwrap_or_default(),
        }
    }

    fn task(&mut self, raw: Raw<'l>) -> Option<LiveTask> {
        let mut object = self.decoder.object(raw)?;
        let mut text = |name: &str| {
            let raw = object.take(name)?;
            self.decoder.text(raw)
        };
        let (name, host, spawned_at) = (text("name"), text("host"), text("spawned_at"));
        let waits = object.take("waits").map(|raw| self.texts(raw));
        self.decoder.close(object);
        Some(LiveTask {
            id: TaskId::PROGRAM,
            name: name.unwrap_or_default(),
            host: host.unwrap_or_default(),
            spawned_at: spawned_at.unwrap_or_default(),
            waits: waits.unwrap_or_default(),
        })
    }

    fn socket(&mut self, raw: Raw<'l>) -> Option<LiveSocket> {
        let mut object = self.decoder.object(raw)?;
        let mut text = |name: &str| {
            let raw = object.take(name)?;
            self.decoder.text(raw)
        };
        let (host, description) = (text("host"), text("description"));
        self.decoder.close(object);
        Some(LiveSocket {
            host: host.unwrap_or_default(),
            description: description.unwrap_or_default(),
        })
    }

    // Fields ------------------------------------------------------------------

    fn id<I: Id>(&mut self, object: &mut Object<'l>, name: &str) -> Option<I> {
        let raw = self.decoder.required(object, name)?;
        self.id_of(I::KIND, raw).map(I::of)
    }

    fn optional_id<I: Id>(&mut self, object: &mut Object<'l>, name: &str) -> Option<I> {
        let raw = object.take(name)?;
        self.id_of(I::KIND, raw).map(I::of)
    }

    fn id_or<I: Id>(
        &mut self,
        object: &mut Object<'l>,
        name: &str,
        default: Option<I>,
    ) -> Option<I> {
        match (object.take(name), default) {
            (Some(raw), _) => self.id_of(I::KIND, raw).map(I::of),
            (None, Some(default)) => Some(default),
            (None, None) => {
                self.decoder
                    .problem(object.text, format!("the field `{name}` is missing"));
                None
            }
        }
    }

    fn nullable_id<I: Id>(
        &mut self,
        object: &mut Object<'l>,
        name: &str,
        default: Option<I>,
    ) -> Option<I> {
        match object.take_nullable(name) {
            Some(raw) => self.id_of(I::KIND, raw?).map(I::of),
            None => default,
        }
    }

    fn id_of(&mut self, kind: EntityKind, raw: Raw<'l>) -> Option<u64> {
        let text = raw.get();
        if text.starts_with('"') {
            let text = self.decoder.text(raw)?;
            return Some(self.state.number(kind, text));
        }
        let number = self
            .decoder
            .scalar::<u64>(raw, "a text or a whole number")?;
        if number >= TEXT_IDS_FROM {
            self.decoder
                .problem(text, "ids that are numbers are below 2^63");
            return None;
        }
        Some(number)
    }

    /// Reads `{"message": "m1"}`.
    fn entity(&mut self, raw: Raw<'l>) -> Option<EntityId> {
        let mut object = self.decoder.object(raw)?;
        match object.take_all().as_slice() {
            [(name, id)] => {
                let mut kinds = EntityKind::ALL.iter();
                let Some(kind) = kinds.find(|kind| kind.as_str() == name) else {
                    self.decoder
                        .problem(raw.get(), format!("`{name}` is no kind of id"));
                    return None;
                };
                let number = self.id_of(*kind, id)?;
                Some(EntityId {
                    kind: *kind,
                    number,
                })
            }
            _ => {
                let message = "expected an entity, such as {\"message\": \"m1\"}";
                self.decoder.problem(raw.get(), message);
                None
            }
        }
    }

    fn clock(&mut self, raw: Raw<'l>) -> Option<VectorClock> {
        let mut object = self.decoder.object(raw)?;
        let mut clock = VectorClock::default();
        for (stream, raw) in object.take_all() {
            let Some(count) = self.decoder.number(raw) else {
                continue;
            };
            clock.set(self.state.stream_of_key(&stream), count);
        }
        Some(clock)
    }

    fn body(&mut self, object: &mut Object<'l>, name: &str) -> Option<Body> {
        let raw = self.decoder.required(object, name)?;
        self.body_of(raw)
    }

    fn body_of(&mut self, raw: Raw<'l>) -> Option<Body> {
        let mut object = self.decoder.object(raw)?;
        let kind = self.symbol(&mut object, "kind");
        let fields = object
            .take("fields")
            .and_then(|raw| self.decoder.object(raw));
        let mut body = Body::new(kind.clone().unwrap_or("".into()));
        for (name, raw) in fields
            .map(|mut fields| fields.take_all())
            .into_iter()
            .flatten()
        {
            if let Some(value) = self.value(raw, 0) {
                body.fields.push((name.into_owned().into(), value));
            }
        }
        // One order for all, so that bodies can be compared.
        body.fields.sort();
        self.decoder.close(object);
        kind.map(|_| body)
    }

    fn value(&mut self, raw: Raw<'l>, depth: usize) -> Option<Value> {
        let text = raw.get();
        match text.as_bytes().first()? {
            b'"' => self.decoder.text(raw).map(Value::from),
            b't' | b'f' => self.decoder.scalar(raw, "a boolean").map(Value::Flag),
            b'[' if depth < NESTING_MAX => {
                let values = self.decoder.list(raw)?;
                let values = values.into_iter().map(|raw| self.value(raw, depth + 1));
                let values: Vec<Option<Value>> = values.collect();
                values.into_iter().collect::<Option<_>>().map(Value::List)
            }
            b'[' => {
                let message = format!("lists are nested more than {NESTING_MAX} deep");
                self.decoder.problem(text, message);
                None
            }
            b'{' => self.secret_or_entity(raw),
            _ => self
                .decoder
                .scalar(raw, "a whole number")
                .map(Value::Integer),
        }
    }

    fn secret_or_entity(&mut self, raw: Raw<'l>) -> Option<Value> {
        let mut object = self.decoder.object(raw)?;
        match object.take("secret") {
            Some(secret) => {
                let secret = self.decoder.text(secret)?;
                self.decoder.close(object);
                Some(Value::Secret(secret.into()))
            }
            None => self.entity(raw).map(Value::Entity),
        }
    }

    fn symbol(&mut self, object: &mut Object<'l>, name: &str) -> Option<Symbol> {
        let raw = self.decoder.required(object, name)?;
        self.decoder.text(raw).map(Symbol::from)
    }

    fn reason(&mut self, object: &mut Object<'l>) -> Option<Arc<str>> {
        let raw = self.decoder.required(object, "reason")?;
        self.decoder.text(raw).map(Arc::from)
    }

    fn scalar<T: DeserializeOwned>(
        &mut self,
        object: &mut Object<'l>,
        name: &str,
        noun: &str,
    ) -> Option<T> {
        let raw = self.decoder.required(object, name)?;
        self.decoder.scalar(raw, noun)
    }

    fn phase<T: DeserializeOwned>(&mut self, object: &mut Object<'l>) -> Option<T> {
        let noun = "\"ready\", \"quiescent\" or \"shut_down\"";
        self.scalar(object, "phase", noun)
    }

    fn epoch(&mut self, object: &mut Object<'l>) -> Option<Epoch> {
        match object.take("epoch") {
            Some(raw) => self.decoder.scalar(raw, "an epoch"),
            None => Some(Epoch(1)),
        }
    }

    fn offset(&mut self, object: &mut Object<'l>, name: &str) -> Option<Offset> {
        self.scalar(object, name, "an offset")
    }

    fn seq(&mut self, object: &mut Object<'l>) -> Option<u64> {
        self.scalar(object, "seq", "a number in a stream")
    }

    fn texts(&mut self, raw: Raw<'l>) -> Vec<String> {
        let elements = self.decoder.list(raw).unwrap_or_default();
        let texts = elements.into_iter();
        texts.filter_map(|raw| self.decoder.text(raw)).collect()
    }

    fn elements(&mut self, object: &mut Object<'l>, name: &str) -> Vec<Raw<'l>> {
        let raw = object.take(name);
        raw.and_then(|raw| self.decoder.list(raw))
            .unwrap_or_default()
    }
}

/// Kinds of lines that only an actor can record.
const NEEDS_ACTOR: &[&str] = &[
    "received",
    "gap",
    "subscribed",
    "connected",
    "disconnected",
    "drained",
];
