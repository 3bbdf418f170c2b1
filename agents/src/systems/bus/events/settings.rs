//! The sections of a scenario file about events.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::sections::{Name, Named};
use crate::units::times::{self, Delay};

/// The number of a type of events: the place of its first mention in the file, from 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventType(pub u32);

/// Settings of the events of a bus.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EventSettings {
    /// The events of one type that the bus keeps for late subscribers.
    #[schemars(range(min = 0, max = 65_536))]
    pub history: u32,
    /// The events that a late subscriber gets: those that are `kept`, or those `from-now`.
    #[schemars(with = "Name<LateSubscribers>")]
    pub late: Name<LateSubscribers>,
}

impl Default for EventSettings {
    fn default() -> Self {
        Self {
            history: 64,
            late: Name(LateSubscribers::FromNow),
        }
    }
}

/// The events that a late subscriber gets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LateSubscribers {
    /// Those that the bus has kept, and all later ones.
    Kept,
    /// All later ones.
    FromNow,
}

impl Named for LateSubscribers {
    const NOUN: &'static str = "policy for late subscribers";

    fn names() -> Vec<(Cow<'static, str>, Self)> {
        vec![
            ("kept".into(), Self::Kept),
            ("from-now".into(), Self::FromNow),
        ]
    }
}

/// The reaction to the failure of a handler.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FailurePolicy {
    /// The event counts as handled.
    Skip,
    /// The event is handled once more.
    Retry,
}

impl Named for FailurePolicy {
    const NOUN: &'static str = "failure policy";

    fn names() -> Vec<(Cow<'static, str>, Self)> {
        vec![("skip".into(), Self::Skip), ("retry".into(), Self::Retry)]
    }
}

/// A handler of a member.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HandlerSettings {
    /// The types of events that it handles.
    pub on: Vec<EventType>,
    /// The type of the event that it publishes for each that it has handled.
    pub publishes: Option<EventType>,
    /// The time that it takes for an event.
    pub work: Duration,
    /// Every so many events, it fails; never with none.
    pub fails_every: Option<u32>,
    /// The type of the event that it publishes when it fails.
    pub failure: Option<EventType>,
    /// The reaction to that.
    pub on_failure: FailurePolicy,
}

// The file --------------------------------------------------------------------

/// The name of a type of events.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(in super::super) struct TypeName(String);

impl JsonSchema for TypeName {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "type of events".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[a-z][a-z0-9_]{0,63}$" })
    }
}

/// A handler of a member.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-noun" = "a handler"))]
pub(in super::super) struct HandlerFile {
    /// The types of events that it handles.
    #[schemars(length(min = 1), extend("x-example" = "on = [\"test_generated\"]"))]
    on: Vec<TypeName>,
    /// The type of the event that it publishes for each that it has handled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "TypeName")]
    publishes: Option<TypeName>,
    /// The time that it takes for an event.
    #[serde(default, with = "times")]
    #[schemars(with = "Delay")]
    work: Duration,
    /// The number of events of which it fails with one; without it, it never fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32", range(min = 1, max = 100_000))]
    fails_every: Option<u32>,
    /// The type of the event that it publishes when it fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "TypeName")]
    failure: Option<TypeName>,
    /// The reaction to a failure: `skip` the event, or `retry` once.
    #[serde(default = "skip")]
    on_failure: Name<FailurePolicy>,
}

fn skip() -> Name<FailurePolicy> {
    Name(FailurePolicy::Skip)
}

/// The types of events of a file, in the order of their first mention.
#[derive(Default, Debug)]
pub(in super::super) struct EventTypes(Vec<Arc<str>>);

impl EventTypes {
    /// Returns the number of a type.
    pub(in super::super) fn number(&mut self, name: &TypeName) -> EventType {
        let known = self.0.iter().position(|known| **known == *name.0);
        let place = known.unwrap_or_else(|| {
            self.0.push(name.0.as_str().into());
            self.0.len() - 1
        });
        EventType(u32::try_from(place).expect("fewer than 2^32 types"))
    }

    /// Returns the names in the order of their numbers.
    pub(in super::super) fn into_names(self) -> Vec<Arc<str>> {
        self.0
    }
}

impl HandlerFile {
    /// Returns the handler as it is run.
    pub(in super::super) fn settings(&self, types: &mut EventTypes) -> HandlerSettings {
        let mut number = |name: &TypeName| types.number(name);
        HandlerSettings {
            on: self.on.iter().map(&mut number).collect(),
            publishes: self.publishes.as_ref().map(&mut number),
            failure: self.failure.as_ref().map(&mut number),
            work: self.work,
            fails_every: self.fails_every,
            on_failure: self.on_failure.0,
        }
    }
}
