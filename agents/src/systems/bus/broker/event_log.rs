//! The events of one type in one team: their subscribers, and those that are kept.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex as StdMutex};

use rehearsal_history::Offset;
use rehearsal_sim::tokio::sync::Mutex;

use super::super::events::EventType;
use super::super::wire::{MemberId, TeamId};
use super::mailbox::Stored;
use crate::record::recorder::lock;

/// The events of one type in one team.
#[derive(Debug)]
pub(super) struct EventLog {
    /// The number of events that are kept for late subscribers.
    bound: usize,
    subscribers: BTreeSet<MemberId>,
    /// The number of events so far.
    count: u64,
    /// The newest of them, oldest first.
    kept: VecDeque<Stored>,
}

/// The number of events of one type that a broker keeps, and its bound.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) struct Kept {
    pub(in super::super) events: usize,
    pub(in super::super) bound: usize,
}

impl EventLog {
    fn new(bound: usize) -> Self {
        Self {
            bound,
            subscribers: BTreeSet::new(),
            count: 0,
            kept: VecDeque::new(),
        }
    }

    /// Returns `true` if the member subscribes.
    pub(super) fn has(&self, member: MemberId) -> bool {
        self.subscribers.contains(&member)
    }

    /// Returns the subscribers.
    pub(super) fn subscribers(&self) -> impl Iterator<Item = MemberId> + '_ {
        self.subscribers.iter().copied()
    }

    /// Adds a subscriber.
    pub(super) fn subscribe(&mut self, member: MemberId) {
        self.subscribers.insert(member);
    }

    /// Returns the number of events so far.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Returns the newest events, oldest first, up to that number.
    pub(super) fn newest(&self, count: usize) -> impl Iterator<Item = &Stored> {
        self.kept.iter().skip(self.kept.len().saturating_sub(count))
    }

    /// Returns the position that the next event gets.
    pub(super) fn next_offset(&self) -> Offset {
        Offset(self.count + 1)
    }

    /// Adds an event, and forgets what is beyond the bound.
    pub(super) fn keep(&mut self, stored: Stored) {
        self.keep_everything(stored);
        while self.kept.len() > self.bound {
            self.kept.pop_front();
        }
    }

    /// Adds an event.
    pub(super) fn keep_everything(&mut self, stored: Stored) {
        self.count += 1;
        self.kept.push_back(stored);
    }
}

/// The events of a broker, by team and type.
#[derive(Default, Debug)]
pub(super) struct EventLogs(StdMutex<BTreeMap<(TeamId, EventType), SharedLog>>);

/// The events of one type, for the tasks that lock them.
type SharedLog = Arc<Mutex<EventLog>>;

impl EventLogs {
    /// Returns the events of a type.
    pub(super) fn of(&self, team: TeamId, event: EventType, bound: usize) -> SharedLog {
        let mut logs = lock(&self.0);
        let log = logs.entry((team, event));
        Arc::clone(log.or_insert_with(|| Arc::new(Mutex::new(EventLog::new(bound)))))
    }

    /// Changes the events of a type that no task knows yet.
    pub(super) fn restore(
        &mut self,
        team: TeamId,
        event: EventType,
        bound: usize,
        change: impl FnOnce(&mut EventLog),
    ) {
        let logs = self.0.get_mut().expect("no task has panicked");
        let log = logs.entry((team, event));
        let log = log.or_insert_with(|| Arc::new(Mutex::new(EventLog::new(bound))));
        change(Arc::get_mut(log).expect("no task has it").get_mut());
    }

    /// Returns the numbers of events that are kept.
    pub(super) async fn kept(&self) -> Vec<Kept> {
        let logs: Vec<_> = lock(&self.0).values().cloned().collect();
        let mut kept = Vec::new();
        for log in logs {
            let log = log.lock().await;
            kept.push(Kept {
                events: log.kept.len(),
                bound: log.bound,
            });
        }
        kept
    }
}
