//! The expectations of users, which a scenario may change: each number with a relation.

use std::cmp::Ordering;
use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::api::ErrorCode;
use super::http;
use crate::units::times::{self, Timeout};

/// A relation between what a user finds and what it expects.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// Both are the same.
    Equal,
    /// They differ.
    NotEqual,
    /// At least as much as expected.
    AtLeast,
    /// At most as much as expected.
    AtMost,
    /// More than expected.
    MoreThan,
    /// Less than expected.
    LessThan,
}

impl Relation {
    /// Returns `true` if the relation holds.
    pub fn holds<T: Ord>(self, found: &T, expected: &T) -> bool {
        let ordering = found.cmp(expected);
        match self {
            Self::Equal => ordering == Ordering::Equal,
            Self::NotEqual => ordering != Ordering::Equal,
            Self::AtLeast => ordering != Ordering::Less,
            Self::AtMost => ordering != Ordering::Greater,
            Self::MoreThan => ordering == Ordering::Greater,
            Self::LessThan => ordering == Ordering::Less,
        }
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "equal to",
            Self::NotEqual => "other than",
            Self::AtLeast => "at least",
            Self::AtMost => "at most",
            Self::MoreThan => "more than",
            Self::LessThan => "less than",
        })
    }
}

/// An expectation of a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// The relation to the number.
    #[schemars(extend("x-example" = "is = \"equal\""))]
    pub is: Relation,
    /// The number.
    #[schemars(extend("x-example" = "number = 200"))]
    pub number: u32,
}

impl Expected {
    /// The expectation of that number and no other.
    pub const fn exactly(number: u32) -> Self {
        let is = Relation::Equal;
        Self { is, number }
    }

    /// The expectation of that number or a greater one.
    pub const fn at_least(number: u32) -> Self {
        let is = Relation::AtLeast;
        Self { is, number }
    }

    /// The expectation of a greater number.
    pub const fn more_than(number: u32) -> Self {
        let is = Relation::MoreThan;
        Self { is, number }
    }

    /// Compares a number with the expectation.
    ///
    /// # Errors
    ///
    /// If it is another number than expected.
    pub fn check(self, found: usize) -> Result<(), String> {
        let number = usize::try_from(self.number).expect("32 bits fit");
        if self.is.holds(&found, &number) {
            return Ok(());
        }
        Err(format!("{found} is not {} {number}", self.is))
    }
}

/// The end of a chat.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChatOutcome {
    /// The agent answered.
    #[default]
    Answered,
    /// The model's `delegate` block is no delegation.
    MalformedDelegation,
    /// The model's output has two `delegate` blocks.
    TwoDelegations,
    /// The model delegates to an agent that is not deployed.
    UnknownAgent,
    /// The model delegates to an agent that is not in the access list.
    AccessDenied,
    /// The sub-agent cannot be reached, or fails.
    DelegationFailed,
    /// The script of the model is used up.
    ModelExhausted,
    /// The model has answered none of the attempts at a request.
    ModelUnavailable,
    /// The model delegates again and again.
    TooManySteps,
    /// Every attempt was refused by the gateway.
    Unavailable,
    /// The user gave up waiting.
    TimedOut,
    /// Anything else.
    Other,
}

/// The ends of a chat with an error, and the error that the agent or the gateway names.
const ERRORS: [(ChatOutcome, ErrorCode); 9] = [
    (
        ChatOutcome::MalformedDelegation,
        ErrorCode::MalformedDelegation,
    ),
    (ChatOutcome::TwoDelegations, ErrorCode::TwoDelegations),
    (ChatOutcome::UnknownAgent, ErrorCode::UnknownAgent),
    (ChatOutcome::AccessDenied, ErrorCode::AccessDenied),
    (ChatOutcome::DelegationFailed, ErrorCode::DelegationFailed),
    (ChatOutcome::ModelExhausted, ErrorCode::ModelExhausted),
    (ChatOutcome::ModelUnavailable, ErrorCode::ModelUnavailable),
    (ChatOutcome::TooManySteps, ErrorCode::TooManySteps),
    (ChatOutcome::Unavailable, ErrorCode::Unavailable),
];

impl ChatOutcome {
    /// Returns the end of a chat with that error.
    pub(super) fn of(code: ErrorCode) -> Self {
        let error = ERRORS.iter().find(|(_, known)| *known == code);
        error.map_or(Self::Other, |(outcome, _)| *outcome)
    }

    /// Returns the status of the answer, if it says how the chat ended: a streamed one has begun
    /// by then.
    fn status(self, is_streamed: bool) -> Option<u32> {
        let error = ERRORS.iter().find(|(known, _)| *known == self);
        match error {
            Some((Self::Unavailable, code)) => Some(http::status(*code).as_u16().into()),
            Some((_, code)) if !is_streamed => Some(http::status(*code).as_u16().into()),
            Some(_) => Some(200),
            None => (self == Self::Answered).then_some(200),
        }
    }
}

/// The expectations of one chat.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ChatExpectations {
    /// The end of the chat.
    pub outcome: ChatOutcome,
    /// The status of the answer, if not the one that the outcome has.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32", range(min = 100, max = 599))]
    pub status: Option<u32>,
    /// The relation to that status.
    pub status_is: Relation,
    /// The alternative that is read.
    #[schemars(range(max = 1_000))]
    pub answer_index: u32,
    /// The number of characters of the answer.
    pub answer_length: Expected,
    /// The key of the agent that remembers the task, if not the one that is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub remembered_by: Option<String>,
}

impl Default for ChatExpectations {
    fn default() -> Self {
        Self {
            outcome: ChatOutcome::Answered,
            status: None,
            status_is: Relation::Equal,
            answer_index: 0,
            answer_length: Expected::more_than(0),
            remembered_by: None,
        }
    }
}

impl ChatExpectations {
    /// Returns the expectation of the status; none for a chat without an answer.
    pub fn status(&self, is_streamed: bool) -> Option<Expected> {
        let number = self.status.or(self.outcome.status(is_streamed))?;
        let is = self.status_is;
        Some(Expected { is, number })
    }
}

/// The expectations of a user, as far as a scenario may change them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Expectations {
    /// The status of `GET /health`.
    pub health_status: Expected,
    /// The status of the card.
    pub card_status: Expected,
    /// The relation of the name on the card to the name of the agent.
    pub card_name: Relation,
    /// The requests that a coordinator remembers.
    pub delegation_requests: Expected,
    /// The responses that a coordinator remembers.
    pub delegation_responses: Expected,
    /// The relation of the type of the events that are counted as tasks to
    /// `task_delegation_received`.
    pub task_type: Relation,
    /// The tasks that a worker remembers.
    pub tasks_received: Expected,
    /// The relation of the size of the worker's memory to its size before.
    pub memory_growth: Relation,
    /// A text that the answer of a worker contains; `{KEY}` stands for the name of an agent.
    /// Empty: any.
    pub task_answer: String,
    /// The keys of the agents that never become ready.
    pub never_ready: Vec<String>,
    /// The time after which an agent that is not ready is given up.
    #[serde(with = "times")]
    #[schemars(with = "Timeout")]
    pub readiness_deadline: Duration,
    /// The time after which a request without an answer is given up.
    #[serde(with = "times")]
    #[schemars(with = "Timeout")]
    pub answer_deadline: Duration,
}

impl Default for Expectations {
    fn default() -> Self {
        Self {
            health_status: Expected::exactly(200),
            card_status: Expected::exactly(200),
            card_name: Relation::Equal,
            delegation_requests: Expected::at_least(1),
            delegation_responses: Expected::at_least(1),
            task_type: Relation::Equal,
            tasks_received: Expected::at_least(1),
            memory_growth: Relation::MoreThan,
            task_answer: String::new(),
            never_ready: Vec::new(),
            readiness_deadline: Duration::from_secs(120),
            answer_deadline: Duration::from_secs(60),
        }
    }
}
