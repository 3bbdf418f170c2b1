//! What is written down while a scenario runs: the evidence that oracles judge.
//!
//! Events are recorded where an agent emits them and where a *client* receives
//! them, never inside the system under test. The system is only believed where
//! it answers: an accepted event comes with a [`Receipt`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use rehearsal_sim::{Census, VirtualTime};

use crate::event::{
    AgentName, ClientId, Event, EventId, EventKind, Payload, RunId, ThreadId, UserId,
};
use crate::fault::Fault;

/// Which life of the bridge: 1 from the start, one more after each crash.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct Epoch(pub u32);

/// Position in a thread's log in one epoch, from 1, without holes.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct Offset(pub u64);

/// The bridge's answer to an event that it accepted: it will be delivered to
/// every subscriber of its thread, or be covered by a gap marker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Receipt {
    /// The thread in whose log it stands.
    pub thread: ThreadId,
    /// The bridge's life in which it was accepted.
    pub epoch: Epoch,
    /// Where it stands.
    pub offset: Offset,
    /// The sequence number that it got in its run.
    pub seq: u64,
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
    /// Whether the gap covers that position of its thread.
    pub fn covers(&self, epoch: Epoch, offset: Offset) -> bool {
        self.epoch == epoch && self.from <= offset && self.to.is_none_or(|to| offset <= to)
    }
}

/// A vector clock: for each run, how many of its events happened before (or
/// are) this one. Carried by agents, merged where they start and join each
/// other, so that "before" is a matter of cause and not of time.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Clock(BTreeMap<RunId, u32>);

impl Clock {
    /// Counts one more event of `run`.
    pub fn tick(&mut self, run: RunId) {
        *self.0.entry(run).or_default() += 1;
    }

    /// Learns everything that `other` knows.
    pub fn merge(&mut self, other: &Clock) {
        for (run, count) in &other.0 {
            let mine = self.0.entry(*run).or_default();
            *mine = (*mine).max(*count);
        }
    }

    /// How many events of `run` happened before (or are) this moment.
    pub fn of(&self, run: RunId) -> u32 {
        self.0.get(&run).copied().unwrap_or_default()
    }

    /// Every run of which something is known here, with that count.
    pub fn iter(&self) -> impl Iterator<Item = (RunId, u32)> + '_ {
        self.0.iter().map(|(run, count)| (*run, *count))
    }

    /// Whether this moment happened before `other`, and is not the same.
    pub fn before(&self, other: &Clock) -> bool {
        self.at_or_before(other) && !other.at_or_before(self)
    }

    /// Whether this moment happened before `other` (or is the same).
    pub fn at_or_before(&self, other: &Clock) -> bool {
        self.0
            .iter()
            .all(|(run, count)| other.0.get(run).is_some_and(|theirs| count <= theirs))
    }
}

/// What became of an event at the bridge's door.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fate {
    /// The emitter never got an answer: it died, or was cancelled, in between.
    Unanswered,
    /// Accepted.
    Accepted(Receipt),
    /// Refused with a reason that the emitter saw.
    Rejected(String),
}

/// One event as its agent meant it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Emission {
    /// Unique.
    pub id: EventId,
    /// What happened.
    pub kind: EventKind,
    /// The user of the run that emits.
    pub user: UserId,
    /// The thread of the run that emits.
    pub thread: ThreadId,
    /// The run that emits.
    pub run: RunId,
    /// When, in virtual time.
    pub at: VirtualTime,
    /// After what, by cause.
    pub clock: Clock,
    /// Details as meant.
    pub payload: Payload,
    /// The bridge's answer.
    pub fate: Fate,
}

/// One event as a client received it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Delivery {
    /// Who received it.
    pub client: ClientId,
    /// The event on the wire.
    pub event: Event,
    /// The bridge's life.
    pub epoch: Epoch,
    /// Its position in the thread's log, as the bridge says.
    pub offset: Offset,
    /// When, in virtual time.
    pub at: VirtualTime,
}

/// A client that subscribed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClientRecord {
    /// Which.
    pub id: ClientId,
    /// Its user.
    pub user: UserId,
    /// The threads that it subscribes to.
    pub threads: Vec<ThreadId>,
    /// Times that it connected; more than 1 means that it reconnected.
    pub connects: u32,
    /// Whether it said goodbye and was answered: all that it was owed has come.
    pub finished: bool,
}

/// How the runner saw a run end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RunEnd {
    /// The agent returned and had emitted agent_completed.
    Completed,
    /// The agent returned an error.
    Failed,
    /// The agent took longer than it may.
    TimedOut,
    /// The agent returned without a terminal event.
    DiedSilently,
    /// The host on which it ran died.
    HostDied,
}

/// A run of an agent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RunRecord {
    /// Which.
    pub run: RunId,
    /// Its agent.
    pub agent: AgentName,
    /// The agent's kind, as in [`crate::spec::AgentKind::name`].
    pub kind: &'static str,
    /// Whether a healthy run of this kind shows all five critical events.
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
    /// How it ended, if it did.
    pub end: Option<RunEnd>,
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

/// Everything that was written down in one run of the simulator.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Evidence {
    /// Runs, by id.
    pub runs: BTreeMap<RunId, RunRecord>,
    /// Clients, by id.
    pub clients: BTreeMap<ClientId, ClientRecord>,
    /// Emissions in the order of emission; `EventId(n)` is at index `n`.
    pub emissions: Vec<Emission>,
    /// Deliveries in the order of receipt.
    pub deliveries: Vec<Delivery>,
    /// Gap markers in the order of receipt, each with its receiver and the time.
    pub gaps: Vec<(ClientId, Gap, VirtualTime)>,
    /// Moments worth a goal.
    pub marks: BTreeMap<Mark, u32>,
    /// Registry snapshots whose invariant did not hold, with the time.
    pub broken_registry: Vec<(VirtualTime, String)>,
    /// Registry snapshots whose invariant was checked.
    pub registry_checks: u64,
    /// The registry at quiescence, after all runs and clients have ended and
    /// before shutdown.
    pub final_registry: Option<RegistrySnapshot>,
    /// Tasks and sockets alive at quiescence after shutdown, besides the
    /// scenario's own.
    pub final_census: Option<Census>,
    /// Epochs that ended in a crash of the bridge's host.
    pub crashed_epochs: Vec<Epoch>,
}

/// The notebook that agents, clients and the scenario write into. Cheap to
/// clone; every entry also goes into the simulator's fingerprint.
#[derive(Clone, Default, Debug)]
pub struct Recorder(Arc<Notebook>);

#[derive(Default)]
struct Notebook {
    evidence: Mutex<Evidence>,
    /// Tells the time outside a run of the simulator.
    clock: Option<Box<Timepiece>>,
}

type Timepiece = dyn Fn() -> VirtualTime + Send + Sync;

impl std::fmt::Debug for Notebook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Notebook")
            .field("evidence", &self.evidence)
            .finish_non_exhaustive()
    }
}

impl Recorder {
    /// An empty notebook.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty notebook for use outside the simulator: what is written down
    /// there happened when `clock` says. All hosts must agree on that time, and
    /// it must never go back. Inside a run of the simulator its time is the time.
    pub fn with_clock(clock: impl Fn() -> VirtualTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(Notebook {
            evidence: Mutex::default(),
            clock: Some(Box::new(clock)),
        }))
    }

    pub(crate) fn time_outside(&self) -> VirtualTime {
        let clock = self.0.clock.as_ref();
        clock.map_or(VirtualTime::ZERO, |clock| clock())
    }

    /// Everything so far.
    pub fn into_evidence(self) -> Evidence {
        match Arc::try_unwrap(self.0) {
            Ok(notebook) => notebook
                .evidence
                .into_inner()
                .unwrap_or_else(|poisoned| poisoned.into_inner()),
            Err(shared) => lock(&shared.evidence).clone(),
        }
    }

    /// Reads or writes under the notebook's lock. Must not be held across an
    /// await; the closure makes sure of that.
    pub fn with<R>(&self, f: impl FnOnce(&mut Evidence) -> R) -> R {
        f(&mut lock(&self.0.evidence))
    }
}

fn lock(evidence: &Mutex<Evidence>) -> MutexGuard<'_, Evidence> {
    // A panic while the lock is held fails the run anyway; what was written
    // until then is still evidence.
    evidence
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}
