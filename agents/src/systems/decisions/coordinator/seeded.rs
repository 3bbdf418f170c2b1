//! The behaviour of seeded bugs in the place of the rules.

use std::collections::BTreeMap;

use super::super::defects;
use super::super::rules::{Choice, Member, Opinion, Outcome, Poll, Reason, Ruling, Share, Terms};
use super::super::wire::VoterId;
use super::Configuration;
use super::ledger::Ballot;

/// Returns the votes that count: those that arrived.
pub(super) fn counted(configuration: &Configuration, arrived: &[Ballot]) -> Vec<Ballot> {
    let mut counted = arrived.to_vec();
    // Seeded: a missing member is taken for one that approves.
    if configuration.carries(defects::MISSING_APPROVES) {
        let missing = configuration.members.iter().filter(|member| {
            let mut ballots = arrived.iter();
            !ballots.any(|ballot| ballot.voter == member.id)
        });
        counted.extend(missing.map(|member| Ballot {
            voter: member.id,
            opinion: Opinion::Vote(Choice::Approve),
        }));
    }
    counted
}

/// Returns the ruling of a seeded bug, if there is one that changes it.
pub(super) fn ruling(
    configuration: &Configuration,
    poll: &Poll<'_>,
    arrived: &[Ballot],
) -> Option<Ruling> {
    let seeded = configuration.defect?;
    if seeded == defects::TIE_BY_ARRIVAL {
        Some(tie_by_arrival(arrived))
    } else if seeded == defects::LATE_VETO_IGNORED {
        let early = until_majority(poll.members, arrived)?;
        let poll = Poll {
            ballots: &early,
            ..*poll
        };
        Some(configuration.rule.decide(&poll))
    } else if seeded == defects::WEIGHTS_OF_PRESENT {
        let present = poll.members.iter().copied();
        let present: Vec<Member> = present
            .filter(|member| poll.ballots.contains_key(&member.id))
            .collect();
        let poll = Poll {
            members: &present,
            ..*poll
        };
        Some(configuration.rule.decide(&poll))
    } else if seeded == defects::THRESHOLD_EXCEEDED {
        let terms = Terms {
            threshold: Share(poll.terms.threshold.0 + 1),
            ..poll.terms
        };
        Some(configuration.rule.decide(&Poll { terms, ..*poll }))
    } else {
        None
    }
}

/// Of the choices with the most votes, the one that came first wins.
fn tie_by_arrival(arrived: &[Ballot]) -> Ruling {
    let choices = || arrived.iter().filter_map(|ballot| choice(ballot.opinion));
    let count = |wanted: Choice| choices().filter(|choice| *choice == wanted).count();
    let mut leader: Option<Choice> = None;
    for choice in choices() {
        if leader.is_none_or(|leader| count(choice) > count(leader)) {
            leader = Some(choice);
        }
    }
    let outcome = leader.map_or(Outcome::Undecided(Reason::NoVotes), Outcome::Decided);
    outcome.into()
}

/// Returns the votes up to the one with which a choice had more than half of all.
fn until_majority(members: &[Member], arrived: &[Ballot]) -> Option<BTreeMap<VoterId, Opinion>> {
    let mut ends = 1..=arrived.len();
    let end = ends.find(|end| has_majority(members, &arrived[..*end]))?;
    let early = arrived[..end].iter();
    Some(early.map(|ballot| (ballot.voter, ballot.opinion)).collect())
}

/// Returns `true` if one choice has more than half of the votes of all members.
pub(super) fn has_majority(members: &[Member], arrived: &[Ballot]) -> bool {
    let votes = |wanted: Choice| {
        let choices = arrived.iter().filter_map(|ballot| choice(ballot.opinion));
        choices.filter(|choice| *choice == wanted).count()
    };
    Choice::ALL
        .into_iter()
        .any(|choice| votes(choice) * 2 > members.len())
}

fn choice(opinion: Opinion) -> Option<Choice> {
    match opinion {
        Opinion::Vote(choice) => Some(choice),
        Opinion::Recommendation(_) => None,
    }
}
