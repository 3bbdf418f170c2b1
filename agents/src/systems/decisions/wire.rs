//! The protocol between voters and the coordinator: one frame in JSON on each line.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::rules::{Decision, Opinion, Recommendation};

pub(super) use crate::lines::{Disconnected, FrameReader, FrameWriter};

/// The port of the coordinator and of the mediator.
pub(super) const PORT: u16 = 7_200;

/// The number of a voter, from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct VoterId(pub(super) u32);

impl fmt::Display for VoterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "voter-{}", self.0)
    }
}

/// The number of a round, from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Round(pub(super) u32);

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "round-{}", self.0)
    }
}

/// A number of announcements: those that a voter has taken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Cursor(pub(super) u32);

/// A statement of the coordinator to all voters.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Announcement {
    /// Votes are taken.
    Opened { round: Round },
    /// No more votes are taken.
    Decided { round: Round, decision: Decision },
}

/// The answer to a vote.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    /// The vote counts.
    Accepted,
    /// The round is not open.
    Closed,
}

/// A frame from a voter.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum VoterFrame {
    /// Asks for the announcements after those that the voter has taken.
    Hello { voter: VoterId, taken: Cursor },
    /// Votes in a round; repeated until it is answered.
    Vote { round: Round, opinion: Opinion },
    /// Asks for a sign of life.
    Ping,
    /// Asks to leave.
    Bye,
}

/// A frame from the coordinator.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum CoordinatorFrame {
    /// The voter is known.
    Welcome { rounds: u32 },
    /// The announcement with that number.
    Announced {
        number: Cursor,
        announcement: Announcement,
    },
    /// Answers a vote.
    Answer { round: Round, answer: Answer },
    /// A sign of life.
    Pong,
    /// The voter may leave.
    Bye,
}

/// A question to the mediator.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct MediationRequest {
    pub(super) recommendations: Vec<(VoterId, Recommendation)>,
}

/// The mediator's answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum MediationAnswer {
    /// The recommendation of that member is taken.
    Picked(VoterId),
    /// The mediator has no answer.
    Failed,
}
