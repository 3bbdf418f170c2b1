//! Members whose rejection decides by itself.

use super::plurality::plurality;
use super::{Choice, Decision, Outcome, Poll, Rule, Ruling};

/// A veto, or else the choice with the most votes.
pub(super) const VETO: Rule = Rule {
    name: "veto",
    decide: |poll| vetoed(poll).into(),
};

/// The same, and beside it the choice on which enough members agree.
pub(super) const REVIEW: Rule = Rule {
    name: "review",
    decide: review,
};

fn vetoed(poll: &Poll<'_>) -> Outcome {
    let mut members = poll.members.iter();
    let vetoes = |member| poll.choice_of(member) == Some(Choice::Reject);
    if members.any(|member| member.veto && vetoes(member)) {
        return Outcome::Decided(Choice::Reject);
    }
    plurality(poll)
}

fn review(poll: &Poll<'_>) -> Ruling {
    let agreed = poll
        .count()
        .consensus(poll.terms.threshold, poll.terms.ties);
    Ruling::Decision(Decision {
        outcome: vetoed(poll),
        agreed: agreed.ok(),
    })
}
