//! Decisions in the terms of a history.
//!
//! Votes are messages on one channel, which the coordinator receives as it counts them. So
//! a vote that is accepted and not counted is lost, one that is counted twice arrives twice,
//! and one that was never sent is a phantom. Announcements are messages on another channel,
//! which every voter is owed. A round is a span, from the announcement that opens it to the
//! one that decides it; votes stand outside, because a round may be over when they arrive.

use rehearsal_history::profile::{KindRule, Profile, Role};
use rehearsal_history::{Body, Model, SpanEnd, Vocabulary};

use super::rules::{Ground, Opinion, Outcome, Reason};
use super::wire::{Announcement, Round, VoterId};

/// The channel of votes.
pub(super) const VOTES: &str = "votes";

/// The channel of announcements.
pub(super) const ANNOUNCEMENTS: &str = "announcements";

/// The rules of a round.
static ROUND: Profile = Profile {
    name: "voting-round",
    kinds: &[
        KindRule {
            kind: "opened",
            role: Role::Opening,
        },
        KindRule {
            kind: "decided",
            role: Role::Terminal {
                ends: &[SpanEnd::Completed],
                explained_by: None,
            },
        },
    ],
};

/// The words and the rules of histories of decisions.
pub const MODEL: Model = Model {
    vocabulary: Vocabulary {
        message: "message",
        channel: "channel",
        stream: "stream",
        actor: "party",
        span: "round",
        tenant: "electorate",
        object: "object",
        operation: "operation",
    },
    profile: Some(&ROUND),
};

/// Returns the id of a vote.
pub(super) fn vote_id(round: Round, voter: VoterId) -> String {
    format!("vote-{}-of-{voter}", round.0)
}

/// Returns kind and fields of a vote.
pub(super) fn vote_body(round: Round, opinion: Opinion) -> Body {
    match opinion {
        Opinion::Vote(choice) => Body::new("vote")
            .with("round", round.0)
            .with("choice", choice.as_str()),
        Opinion::Recommendation(it) => Body::new("recommendation")
            .with("round", round.0)
            .with("priority", it.priority)
            .with("domain", format!("{:?}", it.domain))
            .with("severity", format!("{:?}", it.severity)),
    }
}

impl Announcement {
    /// Returns the id in histories.
    pub(super) fn id(self) -> String {
        match self {
            Self::Opened { round } => format!("opened-{}", round.0),
            Self::Decided { round, .. } => format!("decided-{}", round.0),
        }
    }

    /// Returns kind and fields.
    pub(super) fn body(self) -> Body {
        match self {
            Self::Opened { round } => Body::new("opened").with("round", round.0),
            Self::Decided { round, decision } => {
                let body = Body::new("decided").with("round", round.0);
                let body = with_outcome(body, decision.outcome);
                match decision.agreed {
                    Some(choice) => body.with("agreed", choice.as_str()),
                    None => body,
                }
            }
        }
    }
}

fn with_outcome(body: Body, outcome: Outcome) -> Body {
    match outcome {
        Outcome::Decided(choice) => body.with("choice", choice.as_str()),
        Outcome::AllRecommended => body.with("taken", "all recommendations"),
        Outcome::Recommended { by, ground } => {
            let ground = match ground {
                Ground::Security => "security",
                Ground::Severity => "severity",
                Ground::Mediation => "mediation",
            };
            body.with("taken", by.to_string()).with("ground", ground)
        }
        Outcome::Undecided(reason) => {
            let reason = match reason {
                Reason::NoVotes => "no votes",
                Reason::NoWeight => "no weight",
                Reason::Tie => "tie",
                Reason::BelowThreshold => "below the threshold",
                Reason::NoMediation => "no mediation",
            };
            body.with("undecided", reason)
        }
    }
}
