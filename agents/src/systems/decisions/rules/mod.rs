//! The rules by which votes become a decision.
//!
//! A rule is a function of the members, of their votes by member, and of the terms. It
//! cannot see the order in which the votes arrived, so that a decision cannot depend on it.
//! Shares are compared in whole thousandths, without rounding.
//!
//! | module | contents |
//! |---|---|
//! | `poll` | members, votes and terms; the tally that most rules begin with |
//! | `plurality` | `majority` and `weighted`: the choice with the most votes, or weight |
//! | `consensus` | `consensus` and `weighted-consensus`: a share that must be reached |
//! | `veto` | `veto`, and `review`: a veto and a consensus side by side |
//! | `conflict` | `conflict`: one of several recommendations |
//! | `findings` | the vote that follows from the findings of a review |
//! | `expertise` | the weight of an expert in a domain |

mod conflict;
mod consensus;
mod expertise;
mod findings;
mod plurality;
mod poll;
mod veto;

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::wire::VoterId;
use crate::sections::Named;

pub(super) use conflict::{Domain, Recommendation, Severity};
pub(super) use expertise::{Expert, weight_of};
pub(super) use findings::Findings;
pub(super) use poll::{Member, MissingRule, Opinion, Poll, Share, Terms, TieRule, Weight};

/// A vote, from the mildest to the strictest.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Choice {
    /// The proposal is accepted.
    Approve,
    /// The proposal is accepted once it has been changed.
    RequestChanges,
    /// The proposal is rejected.
    Reject,
}

impl Choice {
    /// Every choice, from the mildest to the strictest.
    pub(super) const ALL: [Self; 3] = [Self::Approve, Self::RequestChanges, Self::Reject];

    /// Returns the name on the wire and in histories.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::RequestChanges => "request_changes",
            Self::Reject => "reject",
        }
    }
}

/// The result of a round.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    /// This choice won.
    Decided(Choice),
    /// The recommendations have one priority, and all of them are taken.
    AllRecommended,
    /// The recommendation of one member is taken.
    Recommended { by: VoterId, ground: Ground },
    /// There is no decision.
    Undecided(Reason),
}

/// The grounds on which a recommendation is preferred to others.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Ground {
    /// It is about security.
    Security,
    /// It is critical.
    Severity,
    /// The mediator picked it.
    Mediation,
}

/// The reasons for which a round ends without a decision.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reason {
    /// There is nothing to count.
    NoVotes,
    /// The votes have no weight.
    NoWeight,
    /// Several choices have the same weight, and the terms do not break ties.
    Tie,
    /// No choice reached the threshold.
    BelowThreshold,
    /// The mediator picked nothing.
    NoMediation,
}

/// A decision: the result, and the choice on which enough members agree, if the rule asks
/// for that.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Decision {
    pub(super) outcome: Outcome,
    pub(super) agreed: Option<Choice>,
}

impl From<Outcome> for Decision {
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            agreed: None,
        }
    }
}

/// The result of a rule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Ruling {
    /// A decision.
    Decision(Decision),
    /// The mediator has to pick one of these, which are in the order of their members.
    Mediation(Vec<(VoterId, Recommendation)>),
}

impl From<Outcome> for Ruling {
    fn from(outcome: Outcome) -> Self {
        Self::Decision(outcome.into())
    }
}

/// A rule, as a row of the table.
pub(super) struct Rule {
    /// The name in scenario files.
    pub(super) name: &'static str,
    /// Decides a poll.
    pub(super) decide: fn(&Poll<'_>) -> Ruling,
}

/// Every rule.
static RULES: &[Rule] = &[
    plurality::MAJORITY,
    plurality::WEIGHTED,
    consensus::CONSENSUS,
    consensus::WEIGHTED_CONSENSUS,
    veto::VETO,
    veto::REVIEW,
    conflict::CONFLICT,
];

/// A reference to a row of the table.
#[derive(Clone, Copy)]
pub(super) struct RuleRef(&'static Rule);

impl RuleRef {
    /// Decides a poll.
    pub(super) fn decide(self, poll: &Poll<'_>) -> Ruling {
        (self.0.decide)(poll)
    }

    /// Returns `true` if members recommend instead of voting.
    pub(super) fn is_of_recommendations(self) -> bool {
        self == Self(&conflict::CONFLICT)
    }
}

impl PartialEq for RuleRef {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for RuleRef {}

impl fmt::Debug for RuleRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

impl Named for RuleRef {
    const NOUN: &'static str = "rule of decision";

    fn names() -> Vec<(Cow<'static, str>, Self)> {
        let rules = RULES.iter();
        rules.map(|rule| (rule.name.into(), Self(rule))).collect()
    }
}

#[cfg(test)]
mod tests;
