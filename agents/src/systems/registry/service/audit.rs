//! The audit of the service: what registries and agents report of themselves. In production
//! a log; under test the history of the run.

use std::sync::Arc;
use std::time::Duration;

use super::super::wire::{AgentId, Answer, Content, Refusal};
use super::agent::Agent;
use super::state::View;
use crate::event::{EventKind, UserId};

/// The id of an event, given to it where it is emitted.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(in super::super) struct EventId(pub(in super::super) Arc<str>);

/// The number of a creation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(in super::super) struct CreationId(pub(in super::super) u32);

/// The ways in which an agent ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) enum AgentEnd {
    /// It did its work.
    Completed,
    /// It was stopped.
    Stopped,
}

/// A moment worth counting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) enum Milestone {
    /// An event was emitted before there was a WebSocket manager.
    EmittedEarly,
    /// A task waited while another one opened the registry.
    OpenedOnce,
    /// The flag was switched on while the old interface had agents.
    FlagSwitched,
    /// The classes were registered again.
    ClassesRenewed,
    /// A creation was given up because its connection was lost.
    CreationDropped,
    /// The agents of a user that was away were unregistered.
    SessionExpired,
    /// A tool failed.
    ToolFailed,
    /// An event waited because a user was slow to acknowledge those before it.
    WindowFull,
}

/// A reader of what the service does.
pub(in super::super) trait Audit: Send + Sync {
    /// A registry has been opened.
    fn opened(&self);

    /// A creation begins.
    fn creating(&self, user: UserId, class: &str) -> CreationId;

    /// A creation is over.
    fn created(&self, creation: CreationId, answer: &Answer, took: Duration);

    /// An agent has been registered.
    fn registered(&self, agent: &Agent);

    /// An event is about to be handed to a registry.
    fn emitting(&self, agent: &Agent, kind: EventKind, content: &Content) -> EventId;

    /// A registry has answered for an event.
    fn answered(&self, event: &EventId, answer: &Result<(), Refusal>);

    /// An agent is over.
    fn ended(&self, agent: &AgentId, end: AgentEnd);

    /// A registry was looked at.
    fn viewed(&self, view: &View);

    /// A moment was reached.
    fn reached(&self, milestone: Milestone);
}
