//! Writing a history, one entry a line.

use std::io::{self, Write};

use rehearsal_sim::Census;
use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};

use crate::body::{Body, Value};
use crate::entry::{Entry, EntryKind, Envelope, Received, Resource, Since};
use crate::history::History;
use crate::ids::{EntityId, Names};

/// Writes a history. Ids are written as texts, by the names of the history.
///
/// # Errors
///
/// Fails if the writer does.
pub fn write_jsonl(history: &History, mut writer: impl Write) -> io::Result<()> {
    if let Some(profile) = history.profile {
        let mut line = Line::default();
        line.field("kind", "profile");
        line.field("name", profile.name);
        line.finish(&mut writer)?;
    }
    for entry in &history.entries {
        line_of(entry, &history.names).finish(&mut writer)?;
    }
    Ok(())
}

/// A line in the making: an object whose fields keep their order.
#[derive(Default)]
struct Line(Vec<u8>);

impl Line {
    fn field(&mut self, name: &str, value: impl Serialize) {
        let separator = if self.0.is_empty() { b'{' } else { b',' };
        self.0.push(separator);
        self.json(name);
        self.0.push(b':');
        self.json(value);
    }

    fn json(&mut self, value: impl Serialize) {
        serde_json::to_writer(&mut self.0, &value)
            .expect("texts, numbers, lists and maps with texts as keys are written to memory");
    }

    fn optional(&mut self, name: &str, value: Option<impl Serialize>) {
        if let Some(value) = value {
            self.field(name, value);
        }
    }

    fn finish(mut self, writer: &mut impl Write) -> io::Result<()> {
        self.0.extend_from_slice(b"}\n");
        writer.write_all(&self.0)
    }
}

fn line_of(entry: &Entry, names: &Names) -> Line {
    let mut line = Line::default();
    line.field("at", entry.at.as_micros());
    line.optional("actor", entry.actor.map(|actor| id(names, actor)));
    if let Some(clock) = &entry.clock {
        let counts: Vec<(String, u64)> = clock
            .iter()
            .map(|(stream, count)| (id(names, stream), count))
            .collect();
        line.field("clock", Pairs(&counts));
    }
    line.field("kind", entry.kind.name());
    add_kind(&mut line, &entry.kind, names);
    line
}

fn id(names: &Names, id: impl Into<EntityId>) -> String {
    names.of(id).to_string()
}

fn add_kind(line: &mut Line, kind: &EntryKind, names: &Names) {
    match kind {
        EntryKind::Sent(sent) => {
            line.field("message", id(names, sent.message));
            add_envelope(line, &sent.envelope, names);
            line.field("body", JsonBody(&sent.body, names));
        }
        EntryKind::Accepted(accepted) => {
            line.field("message", id(names, accepted.message));
            if let Some(position) = accepted.position {
                line.field("channel", id(names, position.channel));
                line.field("epoch", position.epoch);
                line.field("offset", position.offset);
            }
            line.optional("seq", accepted.seq);
        }
        EntryKind::Rejected { message, reason } => {
            line.field("message", id(names, *message));
            line.field("reason", reason);
        }
        EntryKind::Received(received) => add_received(line, received, names),
        EntryKind::Gap(gap) => {
            line.field("channel", id(names, gap.channel));
            line.field("epoch", gap.epoch);
            line.field("from", gap.from);
            line.optional("to", gap.to);
        }
        EntryKind::Missed { channel, count } => {
            line.field("channel", id(names, *channel));
            line.field("count", count);
        }
        EntryKind::Subscribed {
            channel,
            tenant,
            since,
        } => {
            line.field("channel", id(names, *channel));
            line.field("tenant", id(names, *tenant));
            if *since != Since::default() {
                line.field("since", since);
            }
        }
        EntryKind::Connected { epoch, times } => {
            line.field("epoch", epoch);
            line.field("times", times);
        }
        EntryKind::Disconnected { reason } => line.field("reason", reason),
        EntryKind::Drained => {}
        EntryKind::Invoked {
            operation,
            object,
            call,
        } => {
            line.field("operation", id(names, *operation));
            line.field("object", id(names, *object));
            line.field("call", JsonBody(call, names));
        }
        EntryKind::Returned { operation, value } => {
            line.field("operation", id(names, *operation));
            line.field("value", JsonBody(value, names));
        }
        EntryKind::Failed { operation, reason } => {
            line.field("operation", id(names, *operation));
            line.field("reason", reason);
        }
        EntryKind::Began(began) => {
            line.field("span", id(names, began.span));
            if !began.kind.as_str().is_empty() {
                line.field("of", &began.kind);
            }
            line.field("label", &began.label);
            line.optional("parent", began.parent.map(|parent| id(names, parent)));
            line.field("owner", id(names, began.owner));
            line.optional("channel", began.channel.map(|channel| id(names, channel)));
            line.optional("planned", began.planned);
            if !began.required.is_empty() {
                line.field("required", &began.required);
            }
        }
        EntryKind::Ended { span, end } => {
            line.field("span", id(names, *span));
            line.field("end", end);
        }
        EntryKind::Holds { resources, phase } => {
            line.field("phase", phase);
            let resources: Vec<JsonResource<'_>> = resources
                .iter()
                .map(|resource| JsonResource(resource, names))
                .collect();
            line.field("resources", resources);
        }
        EntryKind::Census { census, phase } => {
            line.field("phase", phase);
            add_census(line, census);
        }
        EntryKind::Invariant { name, broken } => {
            line.field("name", name);
            line.optional("broken", broken.as_ref());
        }
        EntryKind::Fault { fault, phase } => {
            line.field("fault", fault);
            line.field("phase", phase);
        }
        EntryKind::Crashed { epoch } => line.field("epoch", epoch),
        EntryKind::Reached(mark) => line.field("mark", mark),
    }
}

fn add_envelope(line: &mut Line, envelope: &Envelope, names: &Names) {
    line.field("tenant", id(names, envelope.tenant));
    line.field("channel", id(names, envelope.channel));
    line.field("stream", id(names, envelope.stream));
    line.optional("span", envelope.span.map(|span| id(names, span)));
    line.optional("parent", envelope.parent.map(|parent| id(names, parent)));
    line.field("sender", &envelope.sender);
    line.optional("sent_ms", envelope.sent_ms);
}

/// An envelope as received may differ from that as sent: it is written in full, with
/// `null` for what is not there.
fn add_received(line: &mut Line, received: &Received, names: &Names) {
    let envelope = &received.envelope;
    line.field("message", id(names, received.message));
    line.field("tenant", id(names, envelope.tenant));
    line.field("channel", id(names, envelope.channel));
    line.field("stream", id(names, envelope.stream));
    line.field("span", envelope.span.map(|span| id(names, span)));
    line.field("parent", envelope.parent.map(|parent| id(names, parent)));
    line.field("sender", &envelope.sender);
    line.field("sent_ms", envelope.sent_ms);
    if let Some(position) = received.position {
        if position.channel != envelope.channel {
            line.field("log", id(names, position.channel));
        }
        line.field("epoch", position.epoch);
        line.field("offset", position.offset);
    }
    line.optional("seq", received.seq);
    line.field("body", JsonBody(&received.body, names));
}

fn add_census(line: &mut Line, census: &Census) {
    let tasks: Vec<Task<'_>> = census
        .tasks
        .iter()
        .map(|task| Task {
            name: &task.name,
            host: &task.host,
            spawned_at: &task.spawned_at,
            waits: &task.waits,
        })
        .collect();
    let sockets: Vec<Socket<'_>> = census
        .sockets
        .iter()
        .map(|socket| Socket {
            host: &socket.host,
            description: &socket.description,
        })
        .collect();
    line.field("tasks", tasks);
    if !census.plain_tasks.is_empty() {
        let plain_tasks = census.plain_tasks.iter();
        let plain_tasks = plain_tasks.map(|task| PlainTask {
            host: &task.host,
            spawned_at: &task.spawned_at,
        });
        line.field("plain_tasks", plain_tasks.collect::<Vec<_>>());
    }
    line.field("sockets", sockets);
    line.field("timers", census.timers);
    line.field("locks", &census.locks);
}

#[derive(Serialize)]
struct Task<'a> {
    name: &'a str,
    host: &'a str,
    spawned_at: &'a str,
    waits: &'a [String],
}

#[derive(Serialize)]
struct PlainTask<'a> {
    host: &'a str,
    spawned_at: &'a str,
}

#[derive(Serialize)]
struct Socket<'a> {
    host: &'a str,
    description: &'a str,
}

/// A map that keeps its order.
struct Pairs<'a, V>(&'a [(String, V)]);

impl<V: Serialize> Serialize for Pairs<'_, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

struct JsonResource<'a>(&'a Resource, &'a Names);

impl Serialize for JsonResource<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(resource, names) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", &resource.kind)?;
        map.serialize_entry("holder", &JsonEntity(resource.holder, names))?;
        if let Some(target) = resource.target {
            map.serialize_entry("target", &JsonEntity(target, names))?;
        }
        map.end()
    }
}

/// `{"message": "m1"}`.
struct JsonEntity<'a>(EntityId, &'a Names);

impl Serialize for JsonEntity<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(self.0.kind.as_str(), &id(self.1, self.0))?;
        map.end()
    }
}

struct JsonBody<'a>(&'a Body, &'a Names);

impl Serialize for JsonBody<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(body, names) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", &body.kind)?;
        if !body.fields.is_empty() {
            map.serialize_entry("fields", &JsonFields(body, names))?;
        }
        map.end()
    }
}

struct JsonFields<'a>(&'a Body, &'a Names);

impl Serialize for JsonFields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = self.0.fields.iter();
        serializer.collect_map(fields.map(|(name, value)| (name, JsonValue(value, self.1))))
    }
}

struct JsonValue<'a>(&'a Value, &'a Names);

impl Serialize for JsonValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Integer(number) => serializer.serialize_i64(*number),
            Value::Flag(flag) => serializer.serialize_bool(*flag),
            Value::Text(text) => text.serialize(serializer),
            Value::Secret(text) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("secret", text)?;
                map.end()
            }
            Value::Entity(entity) => JsonEntity(*entity, self.1).serialize(serializer),
            Value::List(values) => {
                let mut list = serializer.serialize_seq(Some(values.len()))?;
                for value in values {
                    list.serialize_element(&JsonValue(value, self.1))?;
                }
                list.end()
            }
        }
    }
}
