//! A poll: the members, their votes, and the terms on which both are counted.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::wire::VoterId;
use super::{Choice, Outcome, Reason, Recommendation};

/// A weight, in thousandths.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(in super::super) struct Weight(pub(in super::super) u32);

impl Weight {
    /// The weight of a vote that is not weighted.
    pub(in super::super) const ONE: Self = Self(1_000);
}

/// A share of all votes, in thousandths.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(in super::super) struct Share(pub(in super::super) u32);

impl Share {
    /// Returns the share that so many percent are.
    pub(in super::super) fn percent(percent: u32) -> Self {
        Self(percent * 10)
    }
}

/// A member of the electorate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) struct Member {
    pub(in super::super) id: VoterId,
    pub(in super::super) weight: Weight,
    /// Its rejection decides by itself, under the rules with a veto.
    pub(in super::super) veto: bool,
}

/// The content of a ballot.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum Opinion {
    /// A vote.
    Vote(Choice),
    /// A recommendation.
    Recommendation(Recommendation),
}

/// The treatment of a tie.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in super::super) enum TieRule {
    /// The strictest of the choices wins.
    Strictest,
    /// The mildest of the choices wins.
    Mildest,
    /// There is no decision.
    Undecided,
}

/// The treatment of members that have not voted by the deadline.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in super::super) enum MissingRule {
    /// Their weight belongs to the total, and to no choice.
    Against,
    /// They are left out.
    Abstains,
    /// They count as rejections, with their veto if they have one.
    Rejects,
}

/// The terms of a poll.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) struct Terms {
    /// The share at which there is a consensus; exactly that much is enough.
    pub(in super::super) threshold: Share,
    pub(in super::super) ties: TieRule,
    pub(in super::super) missing: MissingRule,
}

/// The members and their votes at the end of a round.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Poll<'a> {
    pub(in super::super) members: &'a [Member],
    pub(in super::super) ballots: &'a BTreeMap<VoterId, Opinion>,
    pub(in super::super) terms: Terms,
}

impl Poll<'_> {
    /// Returns the choice of a member, as the terms have it.
    pub(super) fn choice_of(&self, member: &Member) -> Option<Choice> {
        match self.ballots.get(&member.id) {
            Some(Opinion::Vote(choice)) => Some(*choice),
            Some(Opinion::Recommendation(_)) => None,
            None => (self.terms.missing == MissingRule::Rejects).then_some(Choice::Reject),
        }
    }

    /// Counts each member once.
    pub(super) fn count(&self) -> Tally {
        self.tally(|_| Weight::ONE)
    }

    /// Counts each member with its weight.
    pub(super) fn weigh(&self) -> Tally {
        self.tally(|member| member.weight)
    }

    fn tally(&self, weight: impl Fn(&Member) -> Weight) -> Tally {
        let mut tally = Tally::default();
        for member in self.members {
            let weight = u64::from(weight(member).0);
            match self.choice_of(member) {
                Some(choice) => {
                    *tally.of.entry(choice).or_default() += weight;
                    tally.total += weight;
                }
                None if self.terms.missing == MissingRule::Against => tally.total += weight,
                None => {}
            }
        }
        tally
    }
}

/// The weight of each choice, and of all members that count, in thousandths.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Tally {
    of: BTreeMap<Choice, u64>,
    total: u64,
}

impl Tally {
    /// Returns the choice with the greatest weight.
    pub(super) fn leader(&self, ties: TieRule) -> Result<Choice, Reason> {
        let greatest = self.of.values().max().copied().ok_or(Reason::NoVotes)?;
        if greatest == 0 {
            return Err(Reason::NoWeight);
        }
        // From the mildest to the strictest, as the map is sorted.
        let leaders = self.of.iter().filter(|(_, weight)| **weight == greatest);
        let leaders: Vec<Choice> = leaders.map(|(choice, _)| *choice).collect();
        match (leaders.as_slice(), ties) {
            ([], _) => Err(Reason::NoVotes),
            ([only], _) => Ok(*only),
            ([.., strictest], TieRule::Strictest) => Ok(*strictest),
            ([mildest, ..], TieRule::Mildest) => Ok(*mildest),
            (_, TieRule::Undecided) => Err(Reason::Tie),
        }
    }

    /// Returns the choice with the greatest weight, if that is at least the share.
    pub(super) fn consensus(&self, share: Share, ties: TieRule) -> Result<Choice, Reason> {
        let leader = self.leader(ties)?;
        let weight = self.of.get(&leader).copied().unwrap_or_default();
        let reached = weight * 1_000 >= self.total * u64::from(share.0);
        reached.then_some(leader).ok_or(Reason::BelowThreshold)
    }
}

impl From<Result<Choice, Reason>> for Outcome {
    fn from(result: Result<Choice, Reason>) -> Self {
        match result {
            Ok(choice) => Self::Decided(choice),
            Err(reason) => Self::Undecided(reason),
        }
    }
}
