//! The plan of a run: the votes of every member in every round. All randomness is drawn
//! here.

use std::time::Duration;

use rehearsal_sim::World;

use super::rules::{Choice, Findings, Member, Opinion, Recommendation, Weight, weight_of};
use super::settings::{DecisionsScenario, VoteSource, VoterGroup};
use super::wire::{Round, VoterId};
use crate::driver::Planner;

/// One voter.
#[derive(Clone, Debug)]
pub(super) struct PlannedVoter {
    pub(super) id: VoterId,
    /// Its vote in each round, if it votes.
    votes: Vec<Option<PlannedVote>>,
}

/// One vote.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct PlannedVote {
    /// The time from the announcement of the round to the vote.
    pub(super) delay: Duration,
    pub(super) opinion: Opinion,
}

impl PlannedVoter {
    /// Returns the vote in a round, if there is one.
    pub(super) fn vote(&self, round: Round) -> Option<&PlannedVote> {
        let place = usize::try_from(round.0).ok()?.checked_sub(1)?;
        self.votes.get(place)?.as_ref()
    }
}

/// Every voter of a run, in order of declaration, and what the coordinator knows of it.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) voters: Vec<PlannedVoter>,
    pub(super) members: Vec<Member>,
}

impl Plan {
    /// Draws delays, and the votes that are not given.
    pub(super) fn draw(scenario: &DecisionsScenario, planner: &Planner) -> Self {
        let groups = scenario.voters.iter();
        let groups = groups.flat_map(|group| (0..group.count).map(move |_| group));
        let numbered: Vec<(VoterId, &VoterGroup)> = (1..).map(VoterId).zip(groups).collect();
        let voters = numbered.iter().map(|(id, group)| {
            let draft = Draft {
                world: planner.world(),
                id: *id,
                group,
            };
            let rounds = 1..=scenario.decision.rounds;
            PlannedVoter {
                id: *id,
                votes: rounds.map(|_| draft.vote()).collect(),
            }
        });
        let members = numbered.iter().map(|(id, group)| Member {
            id: *id,
            weight: weight(scenario, group),
            veto: group.veto,
        });
        Self {
            voters: voters.collect(),
            members: members.collect(),
        }
    }
}

/// Returns the weight of a member: that of its expertise, if the decision has a domain.
fn weight(scenario: &DecisionsScenario, group: &VoterGroup) -> Weight {
    match (scenario.decision.domain, group.expert) {
        (Some(domain), Some(expert)) => weight_of(domain, expert),
        _ => Weight(group.weight),
    }
}

/// The votes of one voter, as they are drawn.
struct Draft<'a> {
    world: World,
    id: VoterId,
    group: &'a VoterGroup,
}

impl Draft<'_> {
    fn vote(&self) -> Option<PlannedVote> {
        let opinion = self.opinion()?;
        let site = self.world.site(&format!("delay of {}", self.id));
        let (from, to) = (self.group.delay.from, self.group.delay.to);
        let delay = self.world.draw_duration(site, from, to);
        Some(PlannedVote { delay, opinion })
    }

    fn opinion(&self) -> Option<Opinion> {
        let choice = match self.group.vote {
            VoteSource::None => return None,
            VoteSource::Fixed(choice) => choice,
            VoteSource::Drawn => Choice::ALL[self.number("vote", 3) as usize],
            VoteSource::Findings => {
                let critical = self.number("critical findings", 2);
                let high = self.number("high findings", 2);
                Findings { critical, high }.vote()
            }
            VoteSource::Recommendation(recommendation) => {
                let drawn = |what, of: Option<u32>| of.unwrap_or_else(|| 1 + self.number(what, 2));
                return Some(Opinion::Recommendation(Recommendation {
                    priority: drawn("priority", recommendation.priority),
                    domain: recommendation.domain,
                    severity: recommendation.severity,
                }));
            }
        };
        Some(Opinion::Vote(choice))
    }

    fn number(&self, what: &str, count: u32) -> u32 {
        let site = self.world.site(&format!("{what} of {}", self.id));
        self.world.draw(site, count)
    }
}
