//! The fields of lines: ids, bodies, values, resources, the census.

use std::sync::Arc;

use rehearsal_sim::{Census, LivePlainTask, LiveSocket, LiveTask, TaskId};
use serde::de::DeserializeOwned;

use super::{LineReader, TEXT_IDS_FROM};
use crate::body::{Body, Symbol, Value};
use crate::clock::VectorClock;
use crate::entry::{Epoch, Offset, Resource};
use crate::ids::{EntityId, EntityKind};
use crate::jsonl::NESTING_MAX;
use crate::jsonl::decode::{Object, Raw};

/// An id type, by its kind.
pub(super) trait Id: Sized {
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
    pub(super) fn id<I: Id>(&mut self, object: &mut Object<'l>, name: &str) -> Option<I> {
        let raw = self.decoder.required(object, name)?;
        self.id_of(I::KIND, raw).map(I::of)
    }

    pub(super) fn optional_id<I: Id>(&mut self, object: &mut Object<'l>, name: &str) -> Option<I> {
        let raw = object.take(name)?;
        self.id_of(I::KIND, raw).map(I::of)
    }

    pub(super) fn id_or<I: Id>(
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

    pub(super) fn nullable_id<I: Id>(
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

    pub(super) fn id_of(&mut self, kind: EntityKind, raw: Raw<'l>) -> Option<u64> {
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
    pub(super) fn entity(&mut self, raw: Raw<'l>) -> Option<EntityId> {
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

    pub(super) fn clock(&mut self, raw: Raw<'l>) -> Option<VectorClock> {
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

    pub(super) fn body(&mut self, object: &mut Object<'l>, name: &str) -> Option<Body> {
        let raw = self.decoder.required(object, name)?;
        self.body_of(raw)
    }

    pub(super) fn body_of(&mut self, raw: Raw<'l>) -> Option<Body> {
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

    pub(super) fn value(&mut self, raw: Raw<'l>, depth: usize) -> Option<Value> {
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

    pub(super) fn secret_or_entity(&mut self, raw: Raw<'l>) -> Option<Value> {
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

    pub(super) fn symbol(&mut self, object: &mut Object<'l>, name: &str) -> Option<Symbol> {
        let raw = self.decoder.required(object, name)?;
        self.decoder.text(raw).map(Symbol::from)
    }

    pub(super) fn reason(&mut self, object: &mut Object<'l>) -> Option<Arc<str>> {
        let raw = self.decoder.required(object, "reason")?;
        self.decoder.text(raw).map(Arc::from)
    }

    pub(super) fn scalar<T: DeserializeOwned>(
        &mut self,
        object: &mut Object<'l>,
        name: &str,
        noun: &str,
    ) -> Option<T> {
        let raw = self.decoder.required(object, name)?;
        self.decoder.scalar(raw, noun)
    }

    pub(super) fn phase<T: DeserializeOwned>(&mut self, object: &mut Object<'l>) -> Option<T> {
        let noun = "\"ready\", \"quiescent\" or \"shut_down\"";
        self.scalar(object, "phase", noun)
    }

    pub(super) fn epoch(&mut self, object: &mut Object<'l>) -> Option<Epoch> {
        match object.take("epoch") {
            Some(raw) => self.decoder.scalar(raw, "an epoch"),
            None => Some(Epoch(1)),
        }
    }

    pub(super) fn offset(&mut self, object: &mut Object<'l>, name: &str) -> Option<Offset> {
        self.scalar(object, name, "an offset")
    }

    pub(super) fn offset_of(&mut self, raw: Option<Raw<'l>>) -> Option<Offset> {
        self.decoder.scalar(raw?, "an offset")
    }

    pub(super) fn seq(&mut self, object: &mut Object<'l>) -> Option<u64> {
        let raw = object.take("seq")?;
        self.decoder.scalar(raw, "a number in a stream")
    }

    pub(super) fn texts(&mut self, raw: Raw<'l>) -> Vec<String> {
        let elements = self.decoder.list(raw).unwrap_or_default();
        let texts = elements.into_iter();
        texts.filter_map(|raw| self.decoder.text(raw)).collect()
    }

    pub(super) fn elements(&mut self, object: &mut Object<'l>, name: &str) -> Vec<Raw<'l>> {
        let raw = object.take(name);
        raw.and_then(|raw| self.decoder.list(raw))
            .unwrap_or_default()
    }

    pub(super) fn resources(&mut self, object: &mut Object<'l>) -> Option<Vec<Resource>> {
        let raw = self.decoder.required(object, "resources")?;
        let resources = self.decoder.list(raw)?;
        let resources = resources.into_iter().map(|raw| self.resource(raw));
        resources.collect::<Vec<_>>().into_iter().collect()
    }

    pub(super) fn resource(&mut self, raw: Raw<'l>) -> Option<Resource> {
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

    pub(super) fn census(&mut self, object: &mut Object<'l>) -> Census {
        let tasks = self.elements(object, "tasks");
        let tasks = tasks.into_iter().filter_map(|raw| self.task(raw)).collect();
        let plain_tasks = self.plain_tasks(object);
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
            plain_tasks,
            sockets,
            timers: timers.unwrap_or_default(),
            locks: locks.unwrap_or_default(),
        }
    }

    /// Reads the plain tasks, a key that stands there only if there are any.
    fn plain_tasks(&mut self, object: &mut Object<'l>) -> Vec<LivePlainTask> {
        let elements = self.elements(object, "plain_tasks");
        let tasks = elements.into_iter().filter_map(|raw| {
            let mut object = self.decoder.object(raw)?;
            let mut text = |name: &str| {
                let raw = object.take(name)?;
                self.decoder.text(raw)
            };
            let (host, spawned_at) = (text("host"), text("spawned_at"));
            self.decoder.close(object);
            Some(LivePlainTask {
                host: host.unwrap_or_default(),
                spawned_at: spawned_at.unwrap_or_default(),
            })
        });
        tasks.collect()
    }

    pub(super) fn task(&mut self, raw: Raw<'l>) -> Option<LiveTask> {
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

    pub(super) fn socket(&mut self, raw: Raw<'l>) -> Option<LiveSocket> {
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
}
