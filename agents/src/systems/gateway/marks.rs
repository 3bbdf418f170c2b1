//! The marks of the gateway.

use crate::goal::Mark;

/// An agent asked for the card of a sub-agent that was not ready.
pub const CARD_RETRIED: Mark = Mark::new("card-retried");

/// A user's request needed more than one attempt.
pub const REQUEST_RETRIED: Mark = Mark::new("request-retried");

/// A request came again, and got the answer of the turn that it had begun before.
pub const REQUEST_REPEATED: Mark = Mark::new("request-repeated");

/// A turn went on that a crash had interrupted.
pub const TURN_RESUMED: Mark = Mark::new("turn-resumed");

/// A task was delegated, and its result came back.
pub const DELEGATED: Mark = Mark::new("delegated");

/// A turn ended with an error that its user saw.
pub const TURN_FAILED: Mark = Mark::new("turn-failed");

/// A streamed answer was read to its end.
pub const STREAMED: Mark = Mark::new("streamed");

/// A user gave up waiting for an agent to be ready.
pub const NEVER_READY: Mark = Mark::new("never-ready");

/// A user gave up waiting for an answer.
pub const ANSWER_TIMED_OUT: Mark = Mark::new("answer-timed-out");

/// A request was refused at each of its attempts.
pub const BUDGET_EXHAUSTED: Mark = Mark::new("budget-exhausted");

/// Every mark of the gateway's own.
pub const MARKS: [Mark; 10] = [
    CARD_RETRIED,
    REQUEST_RETRIED,
    REQUEST_REPEATED,
    TURN_RESUMED,
    DELEGATED,
    TURN_FAILED,
    STREAMED,
    NEVER_READY,
    ANSWER_TIMED_OUT,
    BUDGET_EXHAUSTED,
];
