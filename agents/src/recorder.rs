//! Writing into the notebook. Every entry that says what happened to an event,
//! a run or a client also goes into the simulator's history, as the text that
//! people read in timelines.

use std::sync::Arc;

use rehearsal_sim::{VirtualTime, World};

use crate::event::{ClientId, Event, EventId, EventKind, Payload, RunId, ThreadId, UserId};
use crate::port::{PortError, RunContext};
use crate::record::{
    ClientRecord, Clock, Delivery, Emission, Epoch, Fate, Gap, Mark, Offset, Receipt, Recorder,
    RunEnd, RunRecord,
};

/// Notes something in the history. The text is only made inside a run.
fn note(label: &'static str, text: impl FnOnce() -> String) {
    if let Some(world) = rehearsal_sim::current() {
        world.note(label, text());
    }
}

impl Recorder {
    /// Virtual time since the start of the run. Outside a run of the simulator:
    /// what the clock says that this notebook was given, or the start itself.
    pub fn now(&self) -> VirtualTime {
        rehearsal_sim::current().map_or_else(|| self.time_outside(), World::now)
    }

    /// A moment worth a goal.
    pub fn mark(&self, mark: Mark) {
        self.with(|evidence| *evidence.marks.entry(mark).or_default() += 1);
    }

    // Runs --------------------------------------------------------------------

    /// A runner takes up a run; it has not ended.
    pub fn run_began(&self, record: RunRecord) {
        note("run", || {
            format!("{} {} {} begins", record.run, record.agent, record.thread)
        });
        self.with(|evidence| evidence.runs.insert(record.run, record));
    }

    /// The run is over.
    pub fn run_ended(&self, run: RunId, end: RunEnd) {
        note("run", || format!("{run} ends: {end:?}"));
        self.with(|evidence| {
            if let Some(record) = evidence.runs.get_mut(&run) {
                record.end = Some(end);
            }
        });
    }

    /// Whether at least one run has begun and not ended.
    pub fn any_run_alive(&self) -> bool {
        self.with(|evidence| evidence.runs.values().any(|run| run.end.is_none()))
    }

    // Events ------------------------------------------------------------------

    /// An agent is about to hand an event to the bridge.
    pub fn emitted(
        &self,
        context: &RunContext,
        kind: EventKind,
        clock: Clock,
        payload: &Payload,
    ) -> EventId {
        let at = self.now();
        let id = self.with(|evidence| {
            let id = EventId(evidence.emissions.len() as u64);
            evidence.emissions.push(Emission {
                id,
                kind,
                user: context.user,
                thread: context.thread,
                run: context.run,
                at,
                clock,
                payload: payload.clone(),
                fate: Fate::Unanswered,
            });
            id
        });
        note("emit", || {
            let (run, thread) = (context.run, context.thread);
            format!("{id} {kind} {run} {thread}")
        });
        id
    }

    /// The bridge has answered for an event.
    pub fn answered(&self, id: EventId, answer: &Result<Receipt, PortError>) {
        let fate = match answer {
            Ok(receipt) => Fate::Accepted(*receipt),
            Err(error) => {
                note("reject", || format!("{id}: {error}"));
                Fate::Rejected(error.to_string())
            }
        };
        self.with(|evidence| {
            let index = usize::try_from(id.0).unwrap_or(usize::MAX);
            if let Some(emission) = evidence.emissions.get_mut(index) {
                emission.fate = fate;
            }
        });
    }

    /// The terminal event of a run that the bridge accepted, if there is one.
    pub fn accepted_terminal(&self, run: RunId) -> Option<EventKind> {
        self.with(|evidence| {
            evidence
                .emissions
                .iter()
                .filter(|emission| emission.run == run && emission.kind.is_terminal())
                .find(|emission| matches!(emission.fate, Fate::Accepted(_)))
                .map(|emission| emission.kind)
        })
    }

    /// What a run knew when it last emitted; nothing if it never did.
    pub fn last_clock(&self, run: RunId) -> Clock {
        self.with(|evidence| {
            evidence
                .emissions
                .iter()
                .rfind(|emission| emission.run == run)
                .map(|emission| emission.clock.clone())
                .unwrap_or_default()
        })
    }

    // Clients -----------------------------------------------------------------

    /// A client is on its way; it has not connected yet.
    pub fn client_began(&self, id: ClientId, user: UserId, threads: Vec<ThreadId>) {
        self.with(|evidence| {
            evidence.clients.insert(
                id,
                ClientRecord {
                    id,
                    user,
                    threads,
                    connects: 0,
                    finished: false,
                },
            )
        });
    }

    /// A client's connection stands. How often it has connected by now.
    pub fn connected(&self, client: ClientId, epoch: Epoch) -> u32 {
        let connects = self.with(|evidence| {
            let Some(record) = evidence.clients.get_mut(&client) else {
                return 0;
            };
            record.connects += 1;
            record.connects
        });
        note("connect", || {
            format!("{client} to epoch {}, time {connects}", epoch.0)
        });
        if connects > 1 {
            self.mark(Mark::Reconnected);
        }
        connects
    }

    /// A client's connection is gone.
    pub fn disconnected(&self, client: ClientId, why: &str) {
        note("disconnect", || format!("{client}: {why}"));
    }

    /// A client said goodbye and was answered.
    pub fn finished(&self, client: ClientId) {
        note("goodbye", || client.to_string());
        self.with(|evidence| {
            if let Some(record) = evidence.clients.get_mut(&client) {
                record.finished = true;
            }
        });
    }

    /// An event reached a client. `resumed_at` is when the client came back, if
    /// it had been away: what was emitted before that has been replayed.
    pub fn delivered(
        &self,
        client: ClientId,
        (epoch, offset): (Epoch, Offset),
        event: &Event,
        resumed_at: Option<VirtualTime>,
    ) {
        let at = self.now();
        note("deliver", || {
            let (id, kind, run, thread) = (event.id, event.kind, event.run, event.thread);
            format!("{id} {kind} {run} {thread} to {client}")
        });
        let replayed = self.with(|evidence| {
            evidence.deliveries.push(Delivery {
                client,
                event: event.clone(),
                epoch,
                offset,
                at,
            });
            let index = usize::try_from(event.id.0).unwrap_or(usize::MAX);
            let emission = evidence.emissions.get(index);
            emission.is_some_and(|emission| resumed_at.is_some_and(|back| emission.at < back))
        });
        if replayed {
            self.mark(Mark::Replayed);
        }
    }

    /// A gap marker reached a client.
    pub fn gap(&self, client: ClientId, gap: Gap) {
        let at = self.now();
        note("gap", || {
            let to = gap.to.map_or("the end".to_owned(), |to| to.0.to_string());
            let (thread, epoch, from) = (gap.thread, gap.epoch.0, gap.from.0);
            format!("{thread} epoch {epoch}, {from} to {to}, to {client}")
        });
        self.with(|evidence| evidence.gaps.push((client, gap, at)));
        self.mark(Mark::GapMarked);
    }

    // The bridge --------------------------------------------------------------

    /// The registry was looked at; what is wrong with it, if anything.
    pub fn registry_checked(&self, verdict: Result<(), String>) {
        let at = self.now();
        self.with(|evidence| {
            evidence.registry_checks += 1;
            if let Err(what) = verdict {
                evidence.broken_registry.push((at, what));
            }
        });
    }

    /// The bridge's host died in that life of the bridge.
    pub fn epoch_crashed(&self, epoch: Epoch) {
        self.with(|evidence| {
            if !evidence.crashed_epochs.contains(&epoch) {
                evidence.crashed_epochs.push(epoch);
            }
        });
    }
}

/// A lock that is only ever held within one step. Poisoned by a panic, which
/// fails the run anyway, it still opens.
pub(crate) fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Names the running task, for reports.
pub(crate) fn name_task(name: &str) {
    if let Some(world) = rehearsal_sim::current() {
        world.name_task(name);
    }
}

/// The text of an id, shared.
pub(crate) fn shared(text: String) -> Arc<str> {
    Arc::from(text)
}
