//! The bridge's terms of what is recorded while a scenario runs.
//!
//! Events are recorded where an agent emits them and where a *client* receives
//! them, never inside the system under test. The system is only believed where
//! it answers: an accepted event comes with a [`Receipt`].

pub mod marks;
pub(crate) mod recorder;

use std::collections::BTreeMap;

use rehearsal_history::{self as history, EntityId, Position, Resource};

use crate::event::{AgentName, ClientId, RunId, ThreadId, UserId};

pub use recorder::{MODEL, Recorder};
pub use rehearsal_history::{Epoch, Offset, SpanEnd as RunEnd, VectorClock as Clock};

/// The bridge's answer to an event that it accepted: it will be delivered to
/// every subscriber of its thread, or be covered by a gap marker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Receipt {
    /// The thread in whose log it stands.
    pub thread: ThreadId,
    /// The bridge's life in which it was accepted.
    pub epoch: Epoch,
    /// Its place in that log.
    pub offset: Offset,
    /// The sequence number that it got in its run.
    pub seq: u64,
}

impl Receipt {
    /// Returns the place in the thread's log.
    pub(crate) fn position(&self) -> Position {
        Position {
            channel: self.thread.channel(),
            epoch: self.epoch,
            offset: self.offset,
        }
    }
}

/// A gap marker as a client receives it: events that it will never see.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Gap {
    /// The thread.
    pub thread: ThreadId,
    /// The bridge's life in which the events were accepted.
    pub epoch: Epoch,
    /// First missing position.
    pub from: Offset,
    /// Last missing position; none: everything from `from` to the end of the
    /// epoch, whose log died with the bridge's host.
    pub to: Option<Offset>,
}

impl Gap {
    /// Returns the marker as a history records it.
    pub(crate) fn entry(&self) -> history::Gap {
        history::Gap {
            channel: self.thread.channel(),
            epoch: self.epoch,
            from: self.from,
            to: self.to,
        }
    }
}

/// A run of an agent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RunRecord {
    /// The run's id.
    pub run: RunId,
    /// Its agent.
    pub agent: AgentName,
    /// The agent's kind, as in [`crate::spec::AgentKind::name`].
    pub kind: &'static str,
    /// True if a healthy run of this kind shows all five critical events.
    pub all_critical: bool,
    /// Events that a healthy run of this kind emits; see
    /// [`crate::spec::AgentKind::events`].
    pub events_planned: u64,
    /// Its user.
    pub user: UserId,
    /// Its thread.
    pub thread: ThreadId,
    /// The run that started it.
    pub parent: Option<RunId>,
}

/// The bridge's registry as it describes itself.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RegistrySnapshot {
    /// run → thread.
    pub forward: BTreeMap<RunId, ThreadId>,
    /// thread → runs, as pairs.
    pub reverse: BTreeMap<ThreadId, Vec<RunId>>,
    /// Open connections.
    pub connections: Vec<ClientId>,
    /// Live subscriptions.
    pub subscriptions: Vec<(ThreadId, ClientId)>,
}

impl RegistrySnapshot {
    /// Returns the snapshot as resources that are held.
    pub(crate) fn resources(&self) -> Vec<Resource> {
        let resource = |kind: &'static str, holder: EntityId, target: Option<EntityId>| Resource {
            kind: kind.into(),
            holder,
            target,
        };
        let forward = self.forward.iter().map(|(run, thread)| {
            resource(
                "registration",
                run.span().into(),
                Some(thread.channel().into()),
            )
        });
        let reverse = self.reverse.iter().flat_map(|(thread, runs)| {
            let of_run = move |run: &RunId| {
                let holder = thread.channel().into();
                resource("reverse registration", holder, Some(run.span().into()))
            };
            // A thread that is mapped to no run is held all the same.
            let empty = runs.is_empty();
            let empty =
                empty.then(|| resource("reverse registration", thread.channel().into(), None));
            runs.iter().map(of_run).chain(empty)
        });
        let connections = self.connections.iter();
        let connections =
            connections.map(|client| resource("connection", client.actor().into(), None));
        let subscriptions = self.subscriptions.iter().map(|(thread, client)| {
            resource(
                "subscription",
                client.actor().into(),
                Some(thread.channel().into()),
            )
        });
        forward
            .chain(reverse)
            .chain(connections)
            .chain(subscriptions)
            .collect()
    }
}
