//! The marks of the runtime.

use crate::goal::Mark;

/// A request was cancelled before its agent had answered.
pub const CANCELLED_UNDER_WAY: Mark = Mark::new("cancelled-under-way");

/// A caller gave up waiting for its answer.
pub const REQUEST_TIMED_OUT: Mark = Mark::new("request-timed-out");

/// An answer came to a request that had been cancelled.
pub const ANSWER_AFTER_CANCEL: Mark = Mark::new("answer-after-cancel");

/// Several first messages waited for one agent to be created.
pub const FIRST_MESSAGES_MET: Mark = Mark::new("first-messages-met");

/// An event was published and answered during a visit, so that it was owed to the visitor.
pub const EVENT_DURING_VISIT: Mark = Mark::new("event-during-visit");

/// A client's connection broke while requests were under way.
pub const DISCONNECTED_UNDER_WAY: Mark = Mark::new("disconnected-under-way");

/// A tool call was repeated.
pub const TOOL_CALL_REPEATED: Mark = Mark::new("tool-call-repeated");

/// An executor died while it ran code.
pub const EXECUTOR_DIED: Mark = Mark::new("executor-died");

/// An executor reached its limit and was stopped.
pub const EXECUTOR_STOPPED: Mark = Mark::new("executor-stopped");

/// A model call had to wait for the limit.
pub const MODEL_LIMITED: Mark = Mark::new("model-limited");

/// A text was recalled.
pub const RECALLED: Mark = Mark::new("recalled");

/// A client tried to connect under the name of another.
pub const IDENTITY_FORGED: Mark = Mark::new("identity-forged");
