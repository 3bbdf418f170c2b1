//! Voters: each is on a host of its own, waits for a round to open, and votes after a while.
//!
//! A vote is on the voter's disk before it is sent, and is repeated after each reconnect
//! until it is answered. The disk also has the number of announcements that the voter has
//! taken, so that it asks for those after them.

mod link;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;

use rehearsal_history::Sending;
use rehearsal_sim::tokio::time;

use self::link::{End, Link};
use super::plan::{PlannedVote, PlannedVoter};
use super::record::VoterRecord;
use super::rules::Opinion;
use super::settings::ConnectionSettings;
use super::wire::{Cursor, Round};
use crate::driver::{Node, WorkId};
use crate::network::Network;
use crate::record::recorder::{lock, name_task};

/// A voter across the incarnations of its process.
pub(super) struct Voter<N: Network> {
    network: N,
    pub(super) plan: PlannedVoter,
    pub(super) connections: ConnectionSettings,
    /// The piece of work that all rounds are for this voter.
    pub(super) work: WorkId,
    disk: Mutex<Disk>,
}

/// The state of a voter that survives a crash of its host.
#[derive(Debug, Default)]
struct Disk {
    taken: Cursor,
    /// The round that is open.
    open: Option<Round>,
    /// The rounds in which the voter has voted.
    voted: BTreeSet<Round>,
    /// The votes without an answer.
    outbox: BTreeMap<Round, Pending>,
    decided: u32,
}

/// A vote without an answer.
#[derive(Debug)]
struct Pending {
    opinion: Opinion,
    sending: Sending,
}

impl<N: Network> Voter<N> {
    /// A voter that has not voted.
    pub(super) fn new(
        network: N,
        plan: PlannedVoter,
        connections: ConnectionSettings,
        work: WorkId,
    ) -> Self {
        Self {
            network,
            plan,
            connections,
            work,
            disk: Mutex::default(),
        }
    }

    /// Runs one incarnation, until every round is decided and every vote is answered.
    pub(super) async fn run(&self, node: Node, record: &VoterRecord) {
        name_task(&self.plan.id.to_string());
        if !node.work().remains(self.work) {
            return;
        }
        let mut link = Link::new(self, &node, record);
        while link.connect_and_serve().await == End::Lost {
            time::sleep(self.connections.reconnect_after).await;
        }
        record.drained();
        node.work().done(self.work);
    }

    /// Returns the vote that is still to be sent in the open round, and its round.
    fn vote_to_send(&self) -> Option<(Round, &PlannedVote)> {
        let disk = lock(&self.disk);
        let round = disk.open.filter(|round| !disk.voted.contains(round))?;
        Some((round, self.plan.vote(round)?))
    }

    /// Returns `true` if nothing more will happen to this voter.
    fn has_finished(&self, rounds: u32) -> bool {
        let disk = lock(&self.disk);
        disk.decided == rounds && disk.outbox.is_empty()
    }
}

/// Returns the interval at which a voter asks for a sign of life.
fn heartbeat(idle_timeout: Duration) -> Duration {
    idle_timeout / 3
}
