//! Protocol profiles: the rules that the messages of one span follow, as data.

mod agent_calls;
mod agent_events;
mod machine;
mod request_response;

use crate::entry::SpanEnd;

pub use agent_calls::AGENT_CALLS;
pub use agent_events::AGENT_EVENTS;
pub use machine::{Fault, Machine, Terms};
pub use request_response::REQUEST_RESPONSE;

/// The rules of one protocol. Each kind of message has one role in its span.
#[derive(PartialEq, Eq, Debug)]
pub struct Profile {
    /// The name, for example `agent-events`.
    pub name: &'static str,
    /// Every kind of message with its role.
    pub kinds: &'static [KindRule],
}

/// The role of one kind of message.
#[derive(PartialEq, Eq, Debug)]
pub struct KindRule {
    /// The kind, as in [`crate::Body::kind`].
    pub kind: &'static str,
    /// Its role.
    pub role: Role,
}

/// The role of a message in its span.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// The first message of every span, and only that.
    Opening,
    /// Allowed between opening and terminal, without further rules.
    Plain,
    /// Begins a part of the span: once for each value of the field.
    BeginsPart(Part),
    /// Ends a part of the span that has begun, once.
    EndsPart(Part),
    /// Announces the span, named in the field, that this one is about to begin.
    BeginsChild {
        /// The field with the child's span.
        field: &'static str,
    },
    /// Reports the end of the span named in the field.
    EndsChild {
        /// The field with the child's span.
        field: &'static str,
    },
    /// Carries a number that strictly increases within the span.
    Increases {
        /// The field with the number.
        field: &'static str,
    },
    /// Ends the span. A span has exactly one such message, and nothing follows it.
    Terminal {
        /// The ends of a span that call for it.
        ends: &'static [SpanEnd],
        /// A field with a text that must not be empty.
        explained_by: Option<&'static str>,
    },
}

/// A part of a span that begins and ends, for example a tool call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Part {
    /// The word for it, for example `tool call`.
    pub name: &'static str,
    /// The field with its number.
    pub field: &'static str,
}

impl Profile {
    /// Returns the role of a kind of message, if the profile knows the kind.
    pub fn role(&self, kind: &str) -> Option<Role> {
        let mut kinds = self.kinds.iter();
        kinds.find_map(|rule| (rule.kind == kind).then_some(rule.role))
    }

    /// Returns `true` if messages of that kind end their span.
    pub fn is_terminal(&self, kind: &str) -> bool {
        matches!(self.role(kind), Some(Role::Terminal { .. }))
    }

    /// Returns the kind that the end of a span calls for; `None` if a span that ends so
    /// needs no terminal message.
    pub fn terminal_of(&self, end: SpanEnd) -> Option<&'static str> {
        let mut kinds = self.kinds.iter();
        kinds.find_map(|rule| match rule.role {
            Role::Terminal { ends, .. } if ends.contains(&end) => Some(rule.kind),
            _ => None,
        })
    }

    /// Returns the kind that announces children, if there is one.
    pub fn announcement(&self) -> Option<&'static str> {
        let mut kinds = self.kinds.iter();
        kinds.find_map(|rule| matches!(rule.role, Role::BeginsChild { .. }).then_some(rule.kind))
    }

    /// Returns the kind that reports the end of children, if there is one.
    pub fn report(&self) -> Option<&'static str> {
        let mut kinds = self.kinds.iter();
        kinds.find_map(|rule| matches!(rule.role, Role::EndsChild { .. }).then_some(rule.kind))
    }

    /// Returns the kind that opens a span, if there is one.
    pub fn opening(&self) -> Option<&'static str> {
        let mut kinds = self.kinds.iter();
        kinds.find_map(|rule| (rule.role == Role::Opening).then_some(rule.kind))
    }
}

/// The protocol profiles.
pub static PROFILES: &[&Profile] = &[&AGENT_EVENTS, &AGENT_CALLS, &REQUEST_RESPONSE];
