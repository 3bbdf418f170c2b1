//! The content of a scenario of the bus, and the sections of its file.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check;
use super::events::{EventSettings, EventType, EventTypes, HandlerFile, HandlerSettings, TypeName};
use super::plan::Presence;
use crate::sections::{Contradiction, Name, Named, Part, Settings, Shared};
use crate::spec::{Extent, ScenarioSpec};
use crate::units::times::{self, Delay, Timeout};

/// A whole scenario of the bus.
pub type BusSpec = ScenarioSpec<BusScenario>;

/// The sections of a scenario that only the bus has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BusScenario {
    /// Settings of the bus itself.
    pub bus: BusSettings,
    /// Settings of the events.
    pub events: EventSettings,
    /// The names of the types of events, by number.
    pub event_types: Vec<Arc<str>>,
    /// Settings of the members' connections.
    pub connections: ConnectionSettings,
    /// The members of each team, in order of declaration.
    pub members: Vec<MemberGroup>,
}

/// Settings of the bus.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BusSettings {
    /// The number of teams. Each has all members of the file, and its members can send to
    /// each other only.
    #[schemars(range(min = 1, max = 100), extend("x-reduce" = 1))]
    pub teams: u32,
    /// The messages that a mailbox holds before it rejects, responses that are still to
    /// come counted.
    #[schemars(range(min = 1, max = 65_536))]
    pub mailbox: u32,
    /// The messages that a member is sent before it has taken the first of them.
    #[schemars(range(min = 1, max = 65_536))]
    pub prefetch: u32,
    /// The time that a write to the journal takes.
    #[serde(with = "times")]
    #[schemars(with = "Delay")]
    pub write: Duration,
    /// The time that a requester waits for its response once the request is accepted.
    #[serde(with = "times")]
    #[schemars(with = "Timeout")]
    pub request_timeout: Duration,
}

impl Default for BusSettings {
    fn default() -> Self {
        Self {
            teams: 1,
            mailbox: 256,
            prefetch: 16,
            write: Duration::from_millis(1),
            request_timeout: Duration::from_secs(2),
        }
    }
}

/// Settings of the members' connections.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ConnectionSettings {
    /// The time that a member waits before it connects again.
    #[serde(with = "times")]
    #[schemars(with = "Timeout")]
    pub reconnect_after: Duration,
    /// Silence after which a member takes its connection for dead.
    #[serde(with = "times")]
    #[schemars(with = "Timeout")]
    pub idle_timeout: Duration,
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        Self {
            reconnect_after: Duration::from_millis(50),
            idle_timeout: Duration::from_secs(5),
        }
    }
}

/// Members of one kind that are set up alike.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MemberGroup {
    /// Their kind, with its parameters.
    pub kind: MemberKind,
    /// Their number in each team; at least 1.
    pub count: u32,
    /// Rest after each message that one of them takes.
    pub rest: Duration,
    /// The handlers of each.
    pub handlers: Vec<HandlerSettings>,
    /// The time after which the handlers subscribe; zero: before the work starts.
    pub subscribe_after: Duration,
}

impl MemberGroup {
    /// Returns `true` if the handlers subscribe while others publish.
    pub fn subscribes_late(&self) -> bool {
        !self.handlers.is_empty() && !self.subscribe_after.is_zero()
    }
}

/// The kinds of members. Every member takes messages, answers requests, and has the handlers
/// of its group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MemberKind {
    /// Sends requests to responders, or if there is none, to any other member.
    Requester {
        /// Requests.
        messages: u32,
        /// Longest time before each; drawn.
        delay: Duration,
        /// Longest time that the work for a response takes; drawn for each request.
        effort: Duration,
        /// Requests that it may wait for at once.
        at_once: u32,
    },
    /// Answers requests, and does nothing else.
    Responder,
    /// Sends broadcasts.
    Broadcaster {
        /// Broadcasts.
        messages: u32,
        /// Longest time before each; drawn.
        delay: Duration,
    },
    /// Publishes events of one type.
    Publisher {
        /// The type.
        event: EventType,
        /// Events.
        messages: u32,
        /// Longest time before each; drawn.
        delay: Duration,
    },
    /// Sends nothing of its own accord.
    Subscriber,
    /// Takes its messages from a mailbox on its own host, one after the other.
    Listener {
        /// The way in which it takes them.
        listener: ListenerSettings,
        /// Time after which it is stopped; never with zero.
        stop_after: Duration,
    },
    /// Is known to the others, and never registers.
    Absent,
    /// Sends notifications, each to one other member.
    Notifier {
        /// Notifications.
        messages: u32,
        /// Longest time before each; drawn.
        delay: Duration,
    },
}

/// The way in which a listener takes messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ListenerSettings {
    /// Longest time that it waits for a message before it looks whether it has to stop.
    pub poll: Duration,
    /// Time that it takes for a message.
    pub handling: Duration,
}

impl MemberKind {
    /// Returns the presence of a member of this kind.
    pub(super) fn presence(self) -> Presence {
        match self {
            Self::Absent => Presence::Absent,
            _ => Presence::Present,
        }
    }

    /// Returns the listener of a member of this kind, if it has one.
    pub(super) fn listener(self) -> Option<ListenerSettings> {
        match self {
            Self::Listener { listener, .. } => Some(listener),
            _ => None,
        }
    }

    /// Returns the number of messages that a member of this kind begins to send.
    pub fn messages(self) -> u32 {
        match self {
            Self::Requester { messages, .. }
            | Self::Broadcaster { messages, .. }
            | Self::Publisher { messages, .. }
            | Self::Notifier { messages, .. } => messages,
            Self::Responder | Self::Subscriber | Self::Listener { .. } | Self::Absent => 0,
        }
    }

    /// Returns the number of steps that a member of this kind takes at once.
    pub fn at_once(self) -> usize {
        match self {
            Self::Requester { at_once, .. } => at_once as usize,
            Self::Broadcaster { .. }
            | Self::Notifier { .. }
            | Self::Publisher { .. }
            | Self::Subscriber
            | Self::Listener { .. } => 1,
            Self::Responder | Self::Absent => 0,
        }
    }
}

// The file --------------------------------------------------------------------

/// The sections beside the shared ones.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BusFile {
    /// Settings of the bus itself.
    #[serde(default)]
    pub(super) bus: Part<BusSettings>,
    /// Settings of the events.
    #[serde(default)]
    pub(super) events: Part<EventSettings>,
    /// Settings of the members' connections.
    #[serde(default)]
    pub(super) connections: Part<ConnectionSettings>,
    /// Groups of members.
    #[schemars(
        length(min = 1),
        extend("x-reduce" = 1, "x-example" = "[[members]]\nkind = \"broadcaster\"\nmessages = 5")
    )]
    pub(super) members: Part<Vec<Group>>,
}

/// Members of one kind that are set up alike.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    /// The kind of member.
    #[schemars(extend("x-example" = "kind = \"notifier\""))]
    pub(super) kind: Name<KindName>,
    /// The number of members in each team.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 1_000), extend("x-reduce" = 1))]
    pub(super) count: u32,
    /// Rest after each message that a member takes: a slow consumer.
    #[serde(default, with = "times")]
    #[schemars(with = "Delay")]
    rest: Duration,
    /// The number of messages that a member sends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "u32",
        range(min = 1, max = 100_000),
        extend(
            "x-of" = { "kind": ["requester", "broadcaster", "notifier", "publisher"] },
            "x-reduce" = 1,
            "x-example" = "messages = 20",
        )
    )]
    messages: Option<u32>,
    /// The longest time before each message; drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "Delay",
        extend(
            "x-of" = { "kind": ["requester", "broadcaster", "notifier", "publisher"] },
            "x-optional" = true,
        )
    )]
    delay: Option<Delay>,
    /// The longest time that the work for a response takes; drawn for each request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "Delay",
        extend("x-of" = { "kind": ["requester"] }, "x-optional" = true)
    )]
    effort: Option<Delay>,
    /// The requests that a member may wait for at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "u32",
        range(min = 1, max = 100),
        extend("x-of" = { "kind": ["requester"] }, "x-optional" = true, "x-reduce" = 1)
    )]
    at_once: Option<u32>,
    /// The type of the events that a member publishes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "TypeName",
        extend(
            "x-of" = { "kind": ["publisher"] },
            "x-example" = "event = \"test_generated\"",
        )
    )]
    event: Option<TypeName>,
    /// The longest time that a listener waits for a message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "Timeout",
        extend("x-of" = { "kind": ["listener"] }, "x-example" = "poll = \"1s\"")
    )]
    poll: Option<Timeout>,
    /// The time that a listener takes for a message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "Delay",
        extend("x-of" = { "kind": ["listener"] }, "x-optional" = true)
    )]
    handling: Option<Delay>,
    /// The time after which a listener is stopped; with zero or without, it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "Delay",
        extend("x-of" = { "kind": ["listener"] }, "x-optional" = true)
    )]
    stop_after: Option<Delay>,
    /// The handlers of a member.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-reduce" = 0))]
    handlers: Vec<HandlerFile>,
    /// The time after which the handlers subscribe; with zero, before the work starts.
    #[serde(default, with = "times")]
    #[schemars(with = "Delay")]
    subscribe_after: Duration,
}

fn one() -> u32 {
    1
}

/// The kinds of members by name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum KindName {
    Requester,
    Responder,
    Broadcaster,
    Notifier,
    Publisher,
    Subscriber,
    Listener,
    Absent,
}

impl Named for KindName {
    const NOUN: &'static str = "kind of member";

    fn names() -> Vec<(Cow<'static, str>, Self)> {
        vec![
            ("requester".into(), Self::Requester),
            ("responder".into(), Self::Responder),
            ("broadcaster".into(), Self::Broadcaster),
            ("notifier".into(), Self::Notifier),
            ("publisher".into(), Self::Publisher),
            ("subscriber".into(), Self::Subscriber),
            ("listener".into(), Self::Listener),
            ("absent".into(), Self::Absent),
        ]
    }
}

impl Group {
    /// Returns the members as they are run; `None` if a parameter of the kind is missing.
    fn spec(&self, types: &mut EventTypes) -> Option<MemberGroup> {
        let handlers = self.handlers.iter();
        Some(MemberGroup {
            kind: self.kind(types)?,
            count: self.count,
            rest: self.rest,
            handlers: handlers.map(|handler| handler.settings(types)).collect(),
            subscribe_after: self.subscribe_after,
        })
    }

    fn kind(&self, types: &mut EventTypes) -> Option<MemberKind> {
        let or_zero = |time: Option<Delay>| time.map_or(Duration::ZERO, |Delay(time)| time);
        let delay = or_zero(self.delay);
        Some(match self.kind.0 {
            KindName::Requester => MemberKind::Requester {
                messages: self.messages?,
                delay,
                effort: or_zero(self.effort),
                at_once: self.at_once.unwrap_or(1),
            },
            KindName::Responder => MemberKind::Responder,
            KindName::Broadcaster => MemberKind::Broadcaster {
                messages: self.messages?,
                delay,
            },
            KindName::Notifier => MemberKind::Notifier {
                messages: self.messages?,
                delay,
            },
            KindName::Publisher => MemberKind::Publisher {
                event: types.number(self.event.as_ref()?),
                messages: self.messages?,
                delay,
            },
            KindName::Subscriber => MemberKind::Subscriber,
            KindName::Listener => MemberKind::Listener {
                listener: ListenerSettings {
                    poll: self.poll?.0,
                    handling: or_zero(self.handling),
                },
                stop_after: or_zero(self.stop_after),
            },
            KindName::Absent => MemberKind::Absent,
        })
    }

    /// Returns the number of handlers in each team.
    pub(super) fn handlers(&self) -> u64 {
        u64::from(self.count) * self.handlers.len() as u64
    }

    /// Returns the number of messages that one of the members sends.
    pub(super) fn messages(&self) -> u32 {
        self.messages.unwrap_or_default()
    }
}

impl Settings for BusScenario {
    type File = BusFile;

    const TEMPLATE: &'static str = include_str!("template.toml");

    fn from_file(file: BusFile) -> Option<Self> {
        let groups = file.members.into_sound()?;
        let mut types = EventTypes::default();
        let members = groups.iter().map(|group| group.spec(&mut types));
        let members = members.collect::<Option<_>>()?;
        Some(Self {
            bus: file.bus.into_sound()?,
            events: file.events.into_sound()?,
            event_types: types.into_names(),
            connections: file.connections.into_sound()?,
            members,
        })
    }

    fn contradictions(file: &BusFile, shared: &Shared<'_>) -> Vec<Contradiction> {
        check::contradictions(file, shared)
    }

    fn actors(&self) -> Extent {
        let in_team: u64 = self
            .members
            .iter()
            .map(|group| u64::from(group.count))
            .sum();
        Extent {
            noun: "member",
            count: u64::from(self.bus.teams) * in_team,
        }
    }

    fn planned(&self) -> Option<Extent> {
        let of_group =
            |group: &MemberGroup| u64::from(group.count) * u64::from(group.kind.messages());
        let in_team: u64 = self.members.iter().map(of_group).sum();
        Some(Extent {
            noun: "planned message",
            count: u64::from(self.bus.teams) * in_team,
        })
    }
}
