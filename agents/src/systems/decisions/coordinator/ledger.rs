//! The ledger: rounds, votes and announcements on the coordinator's disk, which survives a
//! crash of its host.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use rehearsal_history::Epoch;
use rehearsal_sim::tokio::time::Instant;

use super::super::rules::{Decision, Opinion};
use super::super::wire::{Announcement, Answer, Cursor, Round, VoterId};
use crate::record::recorder::lock;

/// A vote, as it was counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) struct Ballot {
    pub(in super::super) voter: VoterId,
    pub(in super::super) opinion: Opinion,
}

/// A handle to the disk.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Ledger(Arc<Mutex<Disk>>);

#[derive(Debug, Default)]
struct Disk {
    epoch: u32,
    rounds: BTreeMap<Round, RoundRecord>,
    announcements: Vec<Announcement>,
}

/// A round on the disk.
#[derive(Clone, Debug)]
struct RoundRecord {
    deadline: Instant,
    /// The votes in the order in which they arrived.
    ballots: Vec<Ballot>,
    /// No more votes are taken.
    closed: bool,
    decided: bool,
}

/// The check of a vote against the ledger.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Admission {
    /// The vote is new.
    New,
    /// The vote is there already.
    Repeated,
    /// The round is not open.
    Closed,
}

impl From<Admission> for Answer {
    fn from(admission: Admission) -> Self {
        match admission {
            Admission::New | Admission::Repeated => Self::Accepted,
            Admission::Closed => Self::Closed,
        }
    }
}

impl Ledger {
    /// Begins a new incarnation of the coordinator.
    pub(super) fn begin_epoch(&self) {
        lock(&self.0).epoch += 1;
    }

    /// Returns the latest incarnation; `None` before the first.
    pub(in super::super) fn epoch(&self) -> Option<Epoch> {
        let epoch = lock(&self.0).epoch;
        (epoch > 0).then_some(Epoch(epoch))
    }

    /// Returns the deadline of a round, if it was opened.
    pub(super) fn deadline(&self, round: Round) -> Option<Instant> {
        let disk = lock(&self.0);
        disk.rounds.get(&round).map(|record| record.deadline)
    }

    /// Returns `true` if the round is over.
    pub(super) fn is_decided(&self, round: Round) -> bool {
        let disk = lock(&self.0);
        disk.rounds.get(&round).is_some_and(|record| record.decided)
    }

    /// Returns the votes of a round in the order in which they arrived.
    pub(super) fn ballots(&self, round: Round) -> Vec<Ballot> {
        let disk = lock(&self.0);
        let record = disk.rounds.get(&round);
        record.map_or_else(Vec::new, |record| record.ballots.clone())
    }

    /// Returns the number of voters that have voted in a round.
    pub(super) fn voters(&self, round: Round) -> usize {
        let ballots = self.ballots(round);
        let voters: BTreeSet<VoterId> = ballots.iter().map(|ballot| ballot.voter).collect();
        voters.len()
    }

    /// Opens a round.
    pub(super) fn open(&self, round: Round, deadline: Instant) {
        let mut disk = lock(&self.0);
        let record = RoundRecord {
            deadline,
            ballots: Vec::new(),
            closed: false,
            decided: false,
        };
        disk.rounds.insert(round, record);
        disk.announcements.push(Announcement::Opened { round });
    }

    /// Compares a vote with what is on the disk.
    pub(super) fn admit(&self, round: Round, voter: VoterId) -> Admission {
        let disk = lock(&self.0);
        let Some(record) = disk.rounds.get(&round) else {
            return Admission::Closed;
        };
        let mut ballots = record.ballots.iter();
        if ballots.any(|ballot| ballot.voter == voter) {
            Admission::Repeated
        } else if record.closed {
            Admission::Closed
        } else {
            Admission::New
        }
    }

    /// Adds a vote.
    pub(super) fn add(&self, round: Round, ballot: Ballot) {
        if let Some(record) = lock(&self.0).rounds.get_mut(&round) {
            record.ballots.push(ballot);
        }
    }

    /// Replaces all votes of a round.
    pub(super) fn replace(&self, round: Round, ballots: Vec<Ballot>) {
        if let Some(record) = lock(&self.0).rounds.get_mut(&round) {
            record.ballots = ballots;
        }
    }

    /// Takes no more votes.
    pub(super) fn close(&self, round: Round) {
        if let Some(record) = lock(&self.0).rounds.get_mut(&round) {
            record.closed = true;
        }
    }

    /// Ends a round.
    pub(super) fn decide(&self, round: Round, decision: Decision) {
        let mut disk = lock(&self.0);
        if let Some(record) = disk.rounds.get_mut(&round) {
            record.decided = true;
        }
        let announcement = Announcement::Decided { round, decision };
        disk.announcements.push(announcement);
    }

    /// Returns the announcements after those that a voter has taken, with their numbers.
    pub(super) fn after(&self, taken: Cursor) -> Vec<(Cursor, Announcement)> {
        let disk = lock(&self.0);
        let numbered = (1..).map(Cursor).zip(disk.announcements.iter().copied());
        numbered.filter(|(number, _)| *number > taken).collect()
    }
}
