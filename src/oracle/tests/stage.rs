//! Builds evidence by hand: a bridge that is always healthy, until a test
//! corrupts what it wrote.

use std::collections::BTreeMap;
use std::time::Duration;

use rehearsal_agents::event::{
    ClientId, Event, EventId, EventKind, Payload, RunId, ThreadId, ToolCall, UserId,
};
use rehearsal_agents::record::{
    ClientRecord, Clock, Delivery, Emission, Epoch, Evidence, Fate, Gap, Offset, Receipt,
    RegistrySnapshot, RunEnd, RunRecord,
};
use rehearsal_sim::{Census, Statistics, Verdict, VirtualTime};

use crate::oracle::{Finding, Oracle, Subject, judge_all};

/// Thread `n` belongs to user `n`.
pub(super) fn owner(thread: ThreadId) -> UserId {
    UserId(thread.0)
}

/// `user-1`'s secret is part of `user-10`'s, as in a careless scenario.
pub(super) fn secret(user: UserId) -> String {
    format!("canary of {user}")
}

pub(super) fn tool(call: u32) -> Payload {
    Payload {
        tool: Some(ToolCall {
            call,
            name: "search".to_owned(),
        }),
        ..Payload::default()
    }
}

pub(super) fn progress(progress: u32) -> Payload {
    Payload {
        progress: Some(progress),
        ..Payload::default()
    }
}

pub(super) fn about(run: RunId) -> Payload {
    Payload {
        subagent: Some(run),
        ..Payload::default()
    }
}

pub(super) fn error(error: &str) -> Payload {
    Payload {
        error: Some(error.to_owned()),
        ..Payload::default()
    }
}

/// The evidence as it comes about.
#[derive(Clone)]
pub(super) struct Stage {
    pub(super) evidence: Evidence,
    pub(super) verdict: Verdict,
    pub(super) statistics: Statistics,
    pub(super) epoch: Epoch,
    pub(super) now: VirtualTime,
    clocks: BTreeMap<RunId, Clock>,
    logs: BTreeMap<(ThreadId, Epoch), Vec<EventId>>,
    seqs: BTreeMap<RunId, u64>,
}

impl Stage {
    pub(super) fn new() -> Self {
        Self {
            evidence: Evidence {
                registry_checks: 7,
                ..Evidence::default()
            },
            verdict: Verdict::Pass,
            statistics: Statistics {
                tasks: 9,
                ..Statistics::default()
            },
            epoch: Epoch(1),
            now: VirtualTime::ZERO,
            clocks: BTreeMap::new(),
            logs: BTreeMap::new(),
            seqs: BTreeMap::new(),
        }
    }

    pub(super) fn client(&mut self, thread: ThreadId) -> ClientId {
        let id = ClientId(self.evidence.clients.len() as u32 + 1);
        let record = ClientRecord {
            id,
            user: owner(thread),
            threads: vec![thread],
            connects: 1,
            finished: true,
        };
        self.evidence.clients.insert(id, record);
        id
    }

    pub(super) fn run(&mut self, kind: &'static str, thread: ThreadId) -> RunId {
        self.register(kind, thread, None)
    }

    /// A run that starts with its parent's knowledge.
    pub(super) fn child(&mut self, kind: &'static str, parent: RunId) -> RunId {
        let thread = self.evidence.runs[&parent].thread;
        let child = self.register(kind, thread, Some(parent));
        let known = self.clocks.get(&parent).cloned().unwrap_or_default();
        self.clocks.insert(child, known);
        child
    }

    fn register(&mut self, kind: &'static str, thread: ThreadId, parent: Option<RunId>) -> RunId {
        let run = RunId(self.evidence.runs.len() as u32 + 1);
        let record = RunRecord {
            run,
            agent: format!("{kind}-{}", run.0).into(),
            kind,
            all_critical: kind == "data",
            events_planned: 0,
            user: owner(thread),
            thread,
            parent,
            end: None,
        };
        self.evidence.runs.insert(run, record);
        run
    }

    pub(super) fn emit(&mut self, run: RunId, kind: EventKind) -> EventId {
        self.emit_with(run, kind, Payload::default())
    }

    pub(super) fn emit_with(&mut self, run: RunId, kind: EventKind, payload: Payload) -> EventId {
        let id = self.attempt(run, kind, payload);
        let receipt = self.accept(id);
        self.evidence.emissions[id.0 as usize].fate = Fate::Accepted(receipt);
        id
    }

    /// An emission without an answer.
    pub(super) fn attempt(&mut self, run: RunId, kind: EventKind, payload: Payload) -> EventId {
        self.now = self.now + Duration::from_millis(1);
        let id = EventId(self.evidence.emissions.len() as u64);
        let record = &self.evidence.runs[&run];
        let clock = self.clocks.entry(run).or_default();
        clock.tick(run);
        self.evidence.emissions.push(Emission {
            id,
            kind,
            user: record.user,
            thread: record.thread,
            run,
            at: self.now,
            clock: clock.clone(),
            payload: Payload {
                secret: secret(record.user),
                ..payload
            },
            fate: Fate::Unanswered,
        });
        id
    }

    /// Puts an emission into its thread's log.
    pub(super) fn accept(&mut self, id: EventId) -> Receipt {
        let emission = &self.evidence.emissions[id.0 as usize];
        let log = self.logs.entry((emission.thread, self.epoch)).or_default();
        log.push(id);
        let seq = self.seqs.entry(emission.run).or_default();
        *seq += 1;
        Receipt {
            thread: emission.thread,
            epoch: self.epoch,
            offset: Offset(log.len() as u64),
            seq: *seq,
        }
    }

    /// The parent learns what its child knew at its end.
    pub(super) fn join(&mut self, parent: RunId, child: RunId) {
        let known = self.clocks.get(&child).cloned().unwrap_or_default();
        self.clocks.entry(parent).or_default().merge(&known);
    }

    pub(super) fn end(&mut self, run: RunId, end: RunEnd) {
        let emitted = self.evidence.emissions.iter();
        let planned = emitted.filter(|emission| emission.run == run).count();
        let record = self.evidence.runs.get_mut(&run).expect("registered");
        record.events_planned = planned as u64;
        record.end = Some(end);
    }

    /// The events of a thread's log in one epoch.
    pub(super) fn log(&self, thread: ThreadId, epoch: Epoch) -> Vec<EventId> {
        self.logs.get(&(thread, epoch)).cloned().unwrap_or_default()
    }

    /// The event on the wire, at its true place.
    pub(super) fn wire(&self, client: ClientId, id: EventId) -> Delivery {
        let emission = self.emission(id);
        let record = &self.evidence.runs[&emission.run];
        let (epoch, offset) = self.place(id);
        let seq = match &emission.fate {
            Fate::Accepted(receipt) => receipt.seq,
            _ => self.seqs.get(&emission.run).copied().unwrap_or_default(),
        };
        Delivery {
            client,
            event: Event {
                id,
                kind: emission.kind,
                user: emission.user,
                thread: emission.thread,
                run: emission.run,
                parent_run: record.parent,
                agent: record.agent.clone(),
                seq,
                at_ms: emission.at.as_millis(),
                payload: emission.payload.clone(),
            },
            epoch,
            offset,
            at: self.now,
        }
    }

    fn place(&self, id: EventId) -> (Epoch, Offset) {
        let mut places = self.logs.iter().filter_map(|((_, epoch), log)| {
            let index = log.iter().position(|logged| *logged == id)?;
            Some((*epoch, Offset(index as u64 + 1)))
        });
        places.next_back().unwrap_or((self.epoch, Offset(1)))
    }

    pub(super) fn deliver(&mut self, client: ClientId, id: EventId) {
        self.now = self.now + Duration::from_millis(1);
        let delivery = self.wire(client, id);
        self.evidence.deliveries.push(delivery);
    }

    /// Every client gets what the current epoch's logs of its threads hold.
    pub(super) fn deliver_all(&mut self) {
        let clients: Vec<ClientRecord> = self.evidence.clients.values().cloned().collect();
        for client in clients {
            for thread in &client.threads {
                for id in self.log(*thread, self.epoch) {
                    self.deliver(client.id, id);
                }
            }
        }
    }

    pub(super) fn gap(&mut self, client: ClientId, thread: ThreadId, from: u64, to: Option<u64>) {
        let gap = Gap {
            thread,
            epoch: self.epoch,
            from: Offset(from),
            to: to.map(Offset),
        };
        self.evidence.gaps.push((client, gap, self.now));
    }

    /// All is quiet and nothing is left.
    pub(super) fn rest(&mut self) {
        self.evidence.final_registry = Some(RegistrySnapshot::default());
        self.evidence.final_census = Some(Census::default());
    }

    pub(super) fn subject(&self) -> Subject<'_> {
        Subject {
            evidence: &self.evidence,
            verdict: &self.verdict,
            statistics: &self.statistics,
        }
    }

    pub(super) fn judge(&self, oracle: Oracle) -> Finding {
        oracle.judge(&self.subject())
    }

    /// Oracles that find something wrong, or nothing to check.
    pub(super) fn unhappy(&self) -> Vec<(Oracle, Finding)> {
        judge_all(&Oracle::ALL.map(|(_, oracle)| oracle), &self.subject())
            .into_iter()
            .filter(|(_, finding)| !finding.is_pass())
            .collect()
    }

    /// The names of those oracles.
    pub(super) fn broken_by(&self) -> Vec<Oracle> {
        let unhappy = self.unhappy().into_iter();
        unhappy.map(|(oracle, _)| oracle).collect()
    }

    pub(super) fn emission(&self, id: EventId) -> &Emission {
        &self.evidence.emissions[id.0 as usize]
    }

    pub(super) fn emission_mut(&mut self, id: EventId) -> &mut Emission {
        &mut self.evidence.emissions[id.0 as usize]
    }

    /// A run's only event of that kind.
    pub(super) fn find(&self, run: RunId, kind: EventKind) -> EventId {
        self.find_nth(run, kind, 0)
    }

    pub(super) fn find_nth(&self, run: RunId, kind: EventKind, nth: usize) -> EventId {
        let mut found = self.evidence.emissions.iter();
        found
            .by_ref()
            .filter(|emission| emission.run == run && emission.kind == kind)
            .nth(nth)
            .expect("such an event")
            .id
    }

    pub(super) fn delivered(&self, client: ClientId, id: EventId) -> usize {
        let mut deliveries = self.evidence.deliveries.iter();
        deliveries
            .position(|delivery| delivery.client == client && delivery.event.id == id)
            .expect("such a delivery")
    }

    /// What a client received, in order.
    pub(super) fn stream_of(&self, client: ClientId) -> Vec<EventId> {
        let deliveries = self.evidence.deliveries.iter();
        deliveries
            .filter(|delivery| delivery.client == client)
            .map(|delivery| delivery.event.id)
            .collect()
    }

    pub(super) fn delivery_mut(&mut self, client: ClientId, id: EventId) -> &mut Delivery {
        let index = self.delivered(client, id);
        &mut self.evidence.deliveries[index]
    }

    pub(super) fn withhold(&mut self, client: ClientId, id: EventId) {
        let index = self.delivered(client, id);
        self.evidence.deliveries.remove(index);
    }

    /// Exchanges two deliveries; each comes at the other's time.
    pub(super) fn swap(&mut self, client: ClientId, one: EventId, other: EventId) {
        let (one, other) = (self.delivered(client, one), self.delivered(client, other));
        self.swap_at(one, other);
    }

    pub(super) fn swap_at(&mut self, one: usize, other: usize) {
        let deliveries = &mut self.evidence.deliveries;
        let times = (deliveries[one].at, deliveries[other].at);
        deliveries.swap(one, other);
        deliveries[one].at = times.0;
        deliveries[other].at = times.1;
    }
}
