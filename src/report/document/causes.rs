//! The causes of events: the poll in which an event happens, the wake of a poll, the departure
//! of a packet, the sending of a message, the release of a lock, a deviation.

use std::collections::BTreeMap;

use rehearsal_history::{EntityId, EntityKind, EntryKind};
use rehearsal_sim::{Effect, HostId, TaskId, Trace, VirtualTime};

use super::{Event, Kind, LockWord};

/// A packet in flight, by what its arrival has in common with it.
type PacketKey = (HostId, HostId, u32, VirtualTime);

/// The events that may yet be the cause of another one.
pub(super) struct Causes<'a> {
    trace: &'a Trace,
    /// For each effect its event, and the poll in which it happened.
    effects: Vec<(usize, Option<usize>)>,
    /// The next wake, by position, of those that no poll has followed yet.
    next_wake: usize,
    /// Of each task the effects before its last wake.
    woken: BTreeMap<TaskId, usize>,
    /// Of each task its last poll.
    polls: BTreeMap<usize, usize>,
    in_flight: BTreeMap<PacketKey, Vec<usize>>,
    /// Of each lock its last release.
    releases: BTreeMap<usize, usize>,
    /// Of each entity the last event that spoke of it, and the one that began it.
    entities: BTreeMap<EntityId, (usize, usize)>,
    fault: Option<usize>,
    /// A deviation, until the next effect.
    deviation: Option<usize>,
    last_deviation: Option<usize>,
}

impl<'a> Causes<'a> {
    /// No event yet.
    pub(super) fn new(trace: &'a Trace) -> Self {
        Self {
            trace,
            effects: Vec::with_capacity(trace.entries.len()),
            next_wake: 0,
            woken: BTreeMap::new(),
            polls: BTreeMap::new(),
            in_flight: BTreeMap::new(),
            releases: BTreeMap::new(),
            entities: BTreeMap::new(),
            fault: None,
            deviation: None,
            last_deviation: None,
        }
    }

    /// Returns the causes of the event with that number, those that it has already first, and
    /// notes what it may cause. `effect` is its position in the trace, if it has one.
    pub(super) fn of(
        &mut self,
        number: usize,
        event: &Event,
        effect: Option<(usize, &Effect)>,
    ) -> Vec<usize> {
        let mut causes = event.causes.clone();
        let in_poll = event.task.and_then(|task| self.polls.get(&task).copied());
        match event.kind {
            Kind::Deviation => {
                self.deviation = Some(number);
                self.last_deviation = Some(number);
            }
            Kind::Poll => {}
            Kind::Failure => {}
            Kind::Fault => self.fault = Some(number),
            _ => causes.extend(in_poll),
        }
        if let Some((lock, word)) = event.lock {
            match word {
                LockWord::Acquires => causes.extend(self.releases.get(&lock)),
                LockWord::Releases => {
                    self.releases.insert(lock, number);
                }
                LockWord::Waits | LockWord::WaitsNoMore => {}
            }
        }
        if let Some((position, effect)) = effect {
            causes.extend(self.deviation.take());
            self.effect(number, position, effect, &mut causes);
            self.effects.push((number, in_poll));
        }
        causes.sort_unstable();
        causes.dedup();
        causes
    }

    fn effect(&mut self, number: usize, position: usize, effect: &Effect, causes: &mut Vec<usize>) {
        let at = self.trace.entries[position].at;
        match effect {
            Effect::Poll { task } => {
                causes.extend(self.wake(*task, position, at));
                let before = self.polls.insert(task.index() as usize, number);
                if causes.is_empty() {
                    causes.extend(before);
                }
            }
            Effect::Packet {
                from,
                to,
                len,
                arrives: Some(arrives),
            } => {
                causes.extend(self.polling(position));
                let key = (*from, *to, *len, *arrives);
                self.in_flight.entry(key).or_default().push(number);
            }
            Effect::Packet { .. } => causes.extend(self.polling(position)),
            Effect::Arrival { from, to, len } => {
                let key = (*from, *to, *len, at);
                let sent = self.in_flight.get_mut(&key);
                causes.extend(
                    sent.filter(|sent| !sent.is_empty())
                        .map(|sent| sent.remove(0)),
                );
            }
            Effect::End {
                how: rehearsal_sim::TaskEnd::Crashed,
                ..
            } => causes.extend(self.fault),
            _ => {}
        }
    }

    /// Returns the poll that goes on at an effect: the last one, at the same time.
    fn polling(&self, position: usize) -> Option<usize> {
        let at = self.trace.entries[position].at;
        let before = self.trace.entries[..position].iter().rposition(|entry| {
            entry.at != at || matches!(entry.effect, Effect::Poll { .. } | Effect::Arrival { .. })
        })?;
        let entry = &self.trace.entries[before];
        (entry.at == at).then(|| self.effects[before].0)
    }

    /// Returns the event that woke a task for a poll; none if a timer did.
    fn wake(&mut self, task: TaskId, position: usize, at: VirtualTime) -> Option<usize> {
        while let Some(wake) = self.trace.wakes.get(self.next_wake)
            && wake.effects <= position
        {
            self.woken.insert(wake.task, wake.effects);
            self.next_wake += 1;
        }
        let waker = self.woken.remove(&task)?.checked_sub(1)?;
        let entry = self.trace.entries.get(waker)?;
        let (event, in_poll) = *self.effects.get(waker)?;
        match &entry.effect {
            _ if entry.at != at => None,
            Effect::Spawn { task: spawned, .. } if *spawned == task => Some(event),
            Effect::Poll { .. } | Effect::Arrival { .. } | Effect::Fault { .. } => Some(event),
            _ => in_poll.or(Some(event)),
        }
    }

    /// Adds the causes of an entry of the history, and notes what it may cause.
    pub(super) fn history(
        &mut self,
        number: usize,
        kind: &EntryKind,
        ids: &[EntityId],
        event: &mut Event,
    ) {
        let parts = ids.iter().filter(|id| is_begun(id.kind));
        let continues = match kind {
            EntryKind::Sent(_) | EntryKind::Invoked { .. } => None,
            EntryKind::Began(began) => began.parent.map(EntityId::from),
            _ => parts.clone().max_by_key(|id| rank(id.kind)).copied(),
        };
        let begun = continues.and_then(|id| self.entities.get(&id));
        event.causes.extend(begun.map(|(begun, _)| *begun));
        for id in ids {
            let known = self.entities.entry(*id).or_insert((number, number));
            known.1 = number;
        }
    }

    /// Returns what a failure follows from: the last events that spoke of its witness, and the
    /// last deviation.
    pub(super) fn of_failure(&self, witness: &[EntityId]) -> Vec<usize> {
        let spoke = witness.iter().filter_map(|id| {
            let (first, last) = self.entities.get(id)?;
            // The beginning of a run or of a message explains it; that of a channel does not.
            Some([is_begun(id.kind).then_some(*first), Some(*last)])
        });
        let spoke = spoke.flatten().flatten();
        spoke.chain(self.last_deviation).collect()
    }
}

/// Returns `true` for what one entry begins and others go on with.
fn is_begun(kind: EntityKind) -> bool {
    rank(kind) > 0
}

/// Returns how closely two entries are bound that speak of one entity of that kind.
pub(super) fn rank(kind: EntityKind) -> u8 {
    match kind {
        EntityKind::Message => 3,
        EntityKind::Operation => 2,
        EntityKind::Span => 1,
        EntityKind::Channel
        | EntityKind::Stream
        | EntityKind::Actor
        | EntityKind::Tenant
        | EntityKind::Object => 0,
    }
}
