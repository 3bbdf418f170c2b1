//! Faults of answers: the answer to a call of a model or of a tool comes late, twice, damaged
//! or not at all, and a write to a disk ends halfway.
//!
//! Each kind is a file with its entry, and a line of the table [`ANSWER_FAULTS`]. A system
//! admits a kind for a role (`MODEL_TRUNCATED.of("worker")`) if the hosts of that role make such
//! calls.

mod completion;
mod delayed;
mod expired;
mod limited;
mod malformed;
mod repeated;
mod torn;
mod truncated;
mod unavailable;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::time::Duration;

pub use self::completion::{Completion, FinishReason};
pub use self::delayed::MODEL_DELAYED;
pub use self::expired::TOKEN_EXPIRED;
pub use self::limited::{MODEL_LIMITED, MODEL_LIMITED_SILENT};
pub use self::malformed::MODEL_MALFORMED;
pub use self::repeated::{MODEL_REPEATED, TOOL_REPEATED};
pub use self::torn::TORN_WRITE;
pub use self::truncated::MODEL_TRUNCATED;
pub use self::unavailable::MODEL_UNAVAILABLE;

/// Every kind of fault of answers.
pub static ANSWER_FAULTS: &[AnswerKind] = &[
    MODEL_DELAYED,
    MODEL_REPEATED,
    MODEL_TRUNCATED,
    MODEL_MALFORMED,
    MODEL_LIMITED,
    MODEL_LIMITED_SILENT,
    MODEL_UNAVAILABLE,
    TOKEN_EXPIRED,
    TOOL_REPEATED,
    TORN_WRITE,
];

/// A kind of fault of answers.
pub trait AnswerFault: Sync {
    /// Returns the name in scenario files, without the role.
    fn name(&self) -> &'static str;

    /// Returns what it does, in one line.
    fn summary(&self) -> &'static str;

    /// Returns the calls whose answers it strikes.
    fn call(&self) -> Call;

    /// Returns what goes wrong, in a scenario whose faults last that long.
    fn strike(&self, lasting: Duration) -> Wrong;
}

/// A kind of call.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Call {
    /// A call of a model.
    Model,
    /// A call of a tool, a delegated task included.
    Tool,
    /// A write of a record to a disk.
    Write,
}

/// A draw from the choices of the run: a number below the bound, 0 by default.
pub type Draw<'a> = &'a mut dyn FnMut(u32) -> u32;

/// A defect of an answer.
#[derive(Clone, Copy, Debug)]
pub enum Wrong {
    /// The answer comes that much later.
    Late(Duration),
    /// The answer comes, and comes again: of a tool at once, of a model to the next request.
    Repeated,
    /// The call is refused, and so is every further one by the caller until the time is over.
    Refused(Refusal),
    /// The caller's token is valid no more.
    Expired,
    /// A part of the record is on the disk, and then the host crashes: there is no answer.
    Torn,
    /// The body of the answer is what this makes of it.
    Altered(fn(&Completion, Draw<'_>) -> String),
}

/// An answer without a result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The time during which calls are refused.
    pub lasting: Duration,
    /// The answer names the time after which another call may succeed.
    pub names_pause: bool,
}

impl Wrong {
    /// Returns the time after which it is over.
    pub const fn lasting(self) -> Duration {
        match self {
            Self::Late(time) => time,
            Self::Refused(refusal) => refusal.lasting,
            Self::Repeated | Self::Expired | Self::Torn | Self::Altered(_) => Duration::ZERO,
        }
    }
}

/// A member of the table. Two are equal if they have one name.
#[derive(Clone, Copy)]
pub struct AnswerKind(&'static dyn AnswerFault);

impl AnswerKind {
    const fn new(fault: &'static dyn AnswerFault) -> Self {
        Self(fault)
    }

    /// Returns the name in scenario files, without the role.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// Returns what it does, in one line.
    pub fn summary(self) -> &'static str {
        self.0.summary()
    }

    /// Returns the calls whose answers it strikes.
    pub fn call(self) -> Call {
        self.0.call()
    }

    /// Returns what goes wrong, in a scenario whose faults last that long.
    pub fn strike(self, lasting: Duration) -> Wrong {
        self.0.strike(lasting)
    }
}

impl fmt::Debug for AnswerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AnswerKind").field(&self.name()).finish()
    }
}

impl PartialEq for AnswerKind {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for AnswerKind {}

impl PartialOrd for AnswerKind {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for AnswerKind {
    fn cmp(&self, other: &Self) -> Ordering {
        self.name().cmp(other.name())
    }
}

impl Hash for AnswerKind {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn entries_of_the_table_are_complete() {
        let names: BTreeSet<_> = ANSWER_FAULTS.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), ANSWER_FAULTS.len());
        for kind in ANSWER_FAULTS {
            let start = match kind.call() {
                Call::Model => ["model-", "token-"],
                Call::Tool => ["tool-", "tool-"],
                Call::Write => ["torn-", "torn-"],
            };
            assert!(
                start.iter().any(|it| kind.name().starts_with(it)),
                "{kind:?}"
            );
            assert!(kind.summary().ends_with('.'), "{kind:?}");
        }
    }

    #[test]
    fn altered_replies_are_cut_or_unreadable() {
        let whole = Completion::whole("reply-1", "a long text");
        let mut third = |bound: u32| {
            assert_eq!(bound, 11);
            3
        };
        let alter = |kind: AnswerKind, draw: Draw<'_>| match kind.strike(Duration::ZERO) {
            Wrong::Altered(alter) => alter(&whole, draw),
            wrong => panic!("{wrong:?}"),
        };
        let cut = Completion::read(&alter(MODEL_TRUNCATED, &mut third)).expect("it is readable");
        assert_eq!((&*cut.content, cut.is_whole()), ("a l", false));
        assert_eq!(Completion::read(&alter(MODEL_MALFORMED, &mut third)), None);
    }
}
