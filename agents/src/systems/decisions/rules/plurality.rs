//! The choice with the most votes, or with the most weight.

use super::{Outcome, Poll, Rule, Ruling};

/// Each member counts once.
pub(super) const MAJORITY: Rule = Rule {
    name: "majority",
    decide: majority,
};

/// Each member counts with its weight. Dividing all weights by their sum changes no
/// comparison between them, so that a sum of zero needs no division: it decides nothing.
pub(super) const WEIGHTED: Rule = Rule {
    name: "weighted",
    decide: weighted,
};

fn majority(poll: &Poll<'_>) -> Ruling {
    plurality(poll).into()
}

/// Returns the choice with the most votes.
pub(super) fn plurality(poll: &Poll<'_>) -> Outcome {
    poll.count().leader(poll.terms.ties).into()
}

fn weighted(poll: &Poll<'_>) -> Ruling {
    Outcome::from(poll.weigh().leader(poll.terms.ties)).into()
}
