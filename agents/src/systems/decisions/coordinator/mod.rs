//! The coordinator: opens rounds, takes votes, decides and announces.
//!
//! | module | contents |
//! |---|---|
//! | `ledger` | the disk |
//! | `session` | the connection of one voter |
//! | `deciding` | the end of a round |
//! | `mediation` | the question to the mediator |
//! | `seeded` | the behaviour of seeded bugs in the place of the rules |
//!
//! One lock guards the step from "the round is open" to "the vote is on the disk", and the
//! end of the round. So a vote either counts or is told that it came too late. The lock is
//! not held while the mediator is asked.

mod deciding;
mod ledger;
mod mediation;
mod seeded;
mod session;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex as SyncMutex};
use std::time::Duration;

use rehearsal_sim::tokio::select;
use rehearsal_sim::tokio::sync::{Mutex, Notify, watch};
use rehearsal_sim::tokio::time::{self, Instant};
use rehearsal_sim::tokio_util::sync::CancellationToken;
use rehearsal_sim::tokio_util::task::TaskTracker;

use self::ledger::Admission;
use super::defects;
use super::rules::{Decision, Member, Opinion, RuleRef, Terms};
use super::wire::{Answer, Round, VoterId};
use crate::defect::Defect;
use crate::effect::{self, Effect};
use crate::network::{Listener, Network};
use crate::record::recorder::lock;

pub(super) use self::ledger::{Ballot, Ledger};

/// Pause after a connection could not be accepted.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(10);

/// The configuration of a coordinator.
#[derive(Clone, Debug)]
pub(super) struct Configuration {
    pub(super) rule: RuleRef,
    pub(super) terms: Terms,
    pub(super) members: Vec<Member>,
    pub(super) rounds: u32,
    /// The time after which a round ends without the missing votes.
    pub(super) deadline: Duration,
    /// The time that a write of a vote to the disk takes.
    pub(super) write: Duration,
    /// The time after which the coordinator asks the mediator no longer.
    pub(super) mediation_timeout: Duration,
    pub(super) defect: Option<Defect>,
}

impl Configuration {
    /// Returns `true` if the coordinator has this seeded bug.
    fn carries(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }
}

/// A listener to what the coordinator announces.
pub(super) trait Observer: Send + Sync {
    /// A round has opened.
    fn opened(&self, round: Round);

    /// A round was decided by these votes.
    fn decided(&self, round: Round, decision: Decision, counted: &[Ballot]);
}

/// One incarnation of the coordinator.
pub(super) struct Coordinator<N: Network> {
    network: N,
    configuration: Configuration,
    ledger: Ledger,
    observer: Arc<dyn Observer>,
    /// Held while a vote is admitted and written, and while a round is closed.
    counting: Mutex<()>,
    voted: Notify,
    /// Changes with each announcement.
    announced: watch::Sender<()>,
    /// The connection of each voter.
    connections: SyncMutex<BTreeMap<VoterId, CancellationToken>>,
    sessions: TaskTracker,
    stop: CancellationToken,
}

impl<N: Network> Coordinator<N> {
    /// A coordinator that goes on where the ledger ends.
    pub(super) fn open(
        network: N,
        configuration: Configuration,
        ledger: Ledger,
        observer: Arc<dyn Observer>,
    ) -> Self {
        ledger.begin_epoch();
        Self {
            network,
            configuration,
            ledger,
            observer,
            counting: Mutex::new(()),
            voted: Notify::new(),
            announced: watch::channel(()).0,
            connections: SyncMutex::default(),
            sessions: TaskTracker::new(),
            stop: CancellationToken::new(),
        }
    }

    /// Serves connections until the coordinator is shut down.
    pub(super) async fn serve(self: &Arc<Self>, mut listener: N::Listener) {
        loop {
            let accepted = select! {
                biased;
                () = self.stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok(stream) => {
                    let session = session::serve(Arc::clone(self), stream);
                    self.sessions.spawn(session);
                }
                Err(_) => time::sleep(ACCEPT_BACKOFF).await,
            }
        }
    }

    /// Runs the rounds that are not decided yet, one after the other.
    pub(super) async fn run_rounds(self: &Arc<Self>) {
        for round in (1..=self.configuration.rounds).map(Round) {
            if !self.ledger.is_decided(round) {
                let deadline = self.open_round(round);
                self.close_round(round, deadline).await;
            }
        }
    }

    /// Opens a round, unless an earlier incarnation has. Returns its deadline.
    fn open_round(&self, round: Round) -> Instant {
        if let Some(deadline) = self.ledger.deadline(round) {
            return deadline;
        }
        let deadline = Instant::now() + self.configuration.deadline;
        self.ledger.open(round, deadline);
        self.observer.opened(round);
        self.announced.send_replace(());
        deadline
    }

    /// Ends every session. Returns once their tasks have ended.
    pub(super) async fn shut_down(&self) {
        self.stop.cancel();
        self.sessions.close();
        self.sessions.wait().await;
    }

    /// Returns the voters that have a connection.
    pub(super) fn connected(&self) -> Vec<VoterId> {
        lock(&self.connections).keys().copied().collect()
    }

    /// Takes a vote, once, however often it is repeated.
    async fn take_vote(&self, voter: VoterId, round: Round, opinion: Opinion) -> Answer {
        if !self.is_member(voter) {
            return Answer::Closed;
        }
        let ballot = Ballot { voter, opinion };
        // Seeded: the votes are read, and written back later, without the lock.
        if self.configuration.carries(defects::VOTES_WRITTEN_BACK) {
            return self.write_back(round, ballot).await;
        }
        let _counting = self.counting.lock().await;
        let mut admission = self.ledger.admit(round, voter);
        // Seeded: a repeated vote is taken for a new one.
        if admission == Admission::Repeated
            && self.configuration.carries(defects::REPEATED_VOTE)
            && !self.ledger.is_decided(round)
        {
            admission = Admission::New;
        }
        // Seeded: a vote that came too late is kept with the others.
        let kept = admission == Admission::Closed
            && self.configuration.carries(defects::COUNTED_FOR_EACH_VOTER);
        if admission == Admission::New || kept {
            self.write().await;
            let effect = effect::begin(Effect::Write).await;
            self.ledger.add(round, ballot);
            effect.end().await;
            self.voted.notify_one();
        }
        admission.into()
    }

    fn is_member(&self, voter: VoterId) -> bool {
        let mut members = self.configuration.members.iter();
        members.any(|member| member.id == voter)
    }

    async fn write_back(&self, round: Round, ballot: Ballot) -> Answer {
        let admission = self.ledger.admit(round, ballot.voter);
        if admission == Admission::New {
            let mut ballots = self.ledger.ballots(round);
            self.write().await;
            ballots.push(ballot);
            self.ledger.replace(round, ballots);
            self.voted.notify_one();
        }
        admission.into()
    }

    /// Waits as long as a write to the disk takes.
    async fn write(&self) {
        if !self.configuration.write.is_zero() {
            time::sleep(self.configuration.write).await;
        }
    }
}
