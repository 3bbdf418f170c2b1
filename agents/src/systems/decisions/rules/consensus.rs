//! A choice that must reach a share of all votes, or of all weight.

use super::poll::Tally;
use super::{Decision, Outcome, Poll, Rule, Ruling};

/// Each member counts once.
pub(super) const CONSENSUS: Rule = Rule {
    name: "consensus",
    decide: |poll| decide(poll, &poll.count()),
};

/// Each member counts with its weight.
pub(super) const WEIGHTED_CONSENSUS: Rule = Rule {
    name: "weighted-consensus",
    decide: |poll| decide(poll, &poll.weigh()),
};

fn decide(poll: &Poll<'_>, tally: &Tally) -> Ruling {
    let result = tally.consensus(poll.terms.threshold, poll.terms.ties);
    Ruling::Decision(Decision {
        outcome: Outcome::from(result),
        agreed: result.ok(),
    })
}
