//! The store in the terms of a history.
//!
//! A key of a team is an object, and so are the parts of its workspace and each of its
//! tasks. The script of an agent is a span, and so
//! is the comparison at the end. The tasks of a team are messages of its
//! submitter, and their results are the receipts.

use rehearsal_history::{Model, Vocabulary};

/// The words and the rules of histories of the store.
pub const MODEL: Model = Model {
    vocabulary: Vocabulary {
        message: "task",
        channel: "board",
        stream: "submission",
        actor: "agent",
        span: "script",
        tenant: "team",
        object: "object",
        operation: "operation",
    },
    profile: None,
};
