//! The bridge's terms of what is recorded while a scenario runs.
//!
//! Events are recorded where an agent emits them and where a *client* receives
//! them, never inside the system under test. The system is only believed where
//! it answers: an accepted event comes with a [`Receipt`].

pub(crate) mod recorder;

use std::collections::BTreeMap;

use rehearsal_history::{self as history, EntityId, Position, Resource};

use crate::event::{AgentName, ClientId, RunId, ThreadId, UserId};
use crate::fault::Fault;

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

/// Something worth a `sometimes` goal or a line in the timeline.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Mark {
    /// A fault of this kind struck while at least one run was alive.
    Fault(Fault),
    /// A client came back after it had lost its connection.
    Reconnected,
    /// A resume replayed at least one event that the client had missed.
    Replayed,
    /// A gap marker reached a client.
    GapMarked,
    /// Events of two runs reached one client interleaved.
    Interleaved,
    /// `ensure_integration` was called while another call was under way.
    ConcurrentStartup,
    /// All agents of a party left their barrier in the same instant.
    BarrierReleased,
    /// A run was cancelled at its deadline.
    DeadlineFired,
    /// The watchdog spoke for an agent that died silently.
    DeathNoticed,
    /// The registry's sweep found an entry past its time to live.
    Swept,
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

impl Mark {
    /// Returns its name in scenario files, for example `gap-marked`.
    pub fn name(self) -> String {
        match self {
            Self::Fault(kind) => format!("fault:{}", kind.name()),
            Self::Reconnected => "reconnected".to_owned(),
            Self::Replayed => "replayed".to_owned(),
            Self::GapMarked => "gap-marked".to_owned(),
            Self::Interleaved => "interleaved".to_owned(),
            Self::ConcurrentStartup => "concurrent-startup".to_owned(),
            Self::BarrierReleased => "barrier-released".to_owned(),
            Self::DeadlineFired => "deadline-fired".to_owned(),
            Self::DeathNoticed => "death-noticed".to_owned(),
            Self::Swept => "swept".to_owned(),
        }
    }
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
