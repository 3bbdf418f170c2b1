//! The end of a round: all votes are there, or the deadline has passed.

use std::collections::BTreeMap;
use std::sync::Arc;

use rehearsal_sim::tokio::spawn;
use rehearsal_sim::tokio::time::{self, Instant};

use super::super::defects;
use super::super::rules::{Decision, Outcome, Poll, Reason, Ruling};
use super::super::wire::Round;
use super::ledger::Ballot;
use super::{Coordinator, mediation, seeded};
use crate::network::Network;
use crate::record::recorder::name_task;

impl<N: Network> Coordinator<N> {
    /// Waits until a round is over, and decides it.
    pub(super) async fn close_round(self: &Arc<Self>, round: Round, deadline: Instant) {
        // Seeded: a task of its own ends the round, and stays when the votes came first.
        if self.configuration.carries(defects::DEADLINE_LEFT_RUNNING) {
            self.watch_deadline(deadline);
            while !self.is_complete(round) && Instant::now() < deadline {
                self.voted.notified().await;
            }
        } else {
            // At the deadline the missing votes are missing.
            let _ = time::timeout_at(deadline, self.complete(round)).await;
        }
        {
            let _counting = self.counting.lock().await;
            self.ledger.close(round);
        }
        self.decide(round).await;
    }

    /// Waits for the last vote.
    async fn complete(&self, round: Round) {
        while !self.is_complete(round) {
            self.voted.notified().await;
        }
    }

    fn is_complete(&self, round: Round) -> bool {
        // Seeded: the round ends as soon as one choice has more than half of the votes.
        if self.configuration.carries(defects::DECIDED_AT_MAJORITY)
            && seeded::has_majority(&self.configuration.members, &self.ledger.ballots(round))
        {
            return true;
        }
        self.ledger.voters(round) >= self.configuration.members.len()
    }

    fn watch_deadline(self: &Arc<Self>, deadline: Instant) {
        let coordinator = Arc::clone(self);
        spawn(async move {
            name_task("deadline");
            time::sleep_until(deadline).await;
            coordinator.voted.notify_one();
        });
    }

    async fn decide(&self, round: Round) {
        let arrived = self.ledger.ballots(round);
        let counted = seeded::counted(&self.configuration, &arrived);
        let decision = match self.rule(&counted) {
            Ruling::Decision(decision) => decision,
            Ruling::Mediation(recommendations) => {
                // Seeded: votes are not answered until the mediator has answered.
                let _counting = match self.configuration.carries(defects::LOCKED_WHILE_MEDIATED) {
                    true => Some(self.counting.lock().await),
                    false => None,
                };
                let timeout = self.configuration.mediation_timeout;
                let picked = mediation::ask(&self.network, recommendations, timeout).await;
                picked
                    .unwrap_or(Outcome::Undecided(Reason::NoMediation))
                    .into()
            }
        };
        self.announce(round, decision, &counted);
    }

    /// Applies the rule to the votes.
    pub(super) fn rule(&self, counted: &[Ballot]) -> Ruling {
        let ballots: BTreeMap<_, _> = counted
            .iter()
            .map(|ballot| (ballot.voter, ballot.opinion))
            .collect();
        let poll = Poll {
            members: &self.configuration.members,
            ballots: &ballots,
            terms: self.configuration.terms,
        };
        let ruling = seeded::ruling(&self.configuration, &poll, counted);
        ruling.unwrap_or_else(|| self.configuration.rule.decide(&poll))
    }

    fn announce(&self, round: Round, decision: Decision, counted: &[Ballot]) {
        self.ledger.decide(round, decision);
        self.observer.decided(round, decision, counted);
        self.announced.send_replace(());
    }
}
