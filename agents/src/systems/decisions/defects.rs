//! The seeded bugs of the decisions, each taken from reports about other systems.

use crate::defect::Defect;

/// See its idea, as for the others below.
pub const TIE_BY_ARRIVAL: Defect = Defect::new(
    "tie-by-arrival",
    "Of the choices with the most votes, the one whose first vote arrived first wins.",
);

/// See [`TIE_BY_ARRIVAL`].
pub const LATE_VETO_IGNORED: Defect = Defect::new(
    "late-veto-ignored",
    "Once a choice has more than half of the votes, later votes are stored and not looked at.",
);

/// See [`TIE_BY_ARRIVAL`].
pub const DECIDED_AT_MAJORITY: Defect = Defect::new(
    "decided-at-majority",
    "A round ends with the vote that gives a choice more than half, before its deadline.",
);

/// See [`TIE_BY_ARRIVAL`].
pub const REPEATED_VOTE: Defect = Defect::new(
    "repeated-vote",
    "A vote that is repeated after a reconnect counts a second time.",
);

/// See [`TIE_BY_ARRIVAL`].
pub const MISSING_APPROVES: Defect = Defect::new(
    "missing-approves",
    "A member that has not voted by the deadline counts as one that approves.",
);

/// See [`TIE_BY_ARRIVAL`].
pub const WEIGHTS_OF_PRESENT: Defect = Defect::new(
    "weights-of-present",
    "Weights are divided by those of the members that voted, not by those of all.",
);

/// See [`TIE_BY_ARRIVAL`].
pub const THRESHOLD_EXCEEDED: Defect = Defect::new(
    "threshold-exceeded",
    "A consensus must exceed the threshold: to reach it exactly is not enough.",
);

/// See [`TIE_BY_ARRIVAL`].
pub const COUNTED_FOR_EACH_VOTER: Defect = Defect::new(
    "counted-for-each-voter",
    "The votes are counted anew for each voter that is told the decision.",
);

/// See [`TIE_BY_ARRIVAL`].
pub const VOTES_WRITTEN_BACK: Defect = Defect::new(
    "votes-written-back",
    "The votes are read, extended and written back, without a lock.",
);

/// See [`TIE_BY_ARRIVAL`].
pub const DEADLINE_LEFT_RUNNING: Defect = Defect::new(
    "deadline-left-running",
    "The timer of a deadline goes on when the last vote came before it.",
);

/// See [`TIE_BY_ARRIVAL`].
pub const LOCKED_WHILE_MEDIATED: Defect = Defect::new(
    "locked-while-mediated",
    "The lock of the votes is held while the mediator is asked, so that answers wait for it.",
);

/// Every defect.
pub const DEFECTS: [Defect; 11] = [
    TIE_BY_ARRIVAL,
    LATE_VETO_IGNORED,
    DECIDED_AT_MAJORITY,
    REPEATED_VOTE,
    MISSING_APPROVES,
    WEIGHTS_OF_PRESENT,
    THRESHOLD_EXCEEDED,
    COUNTED_FOR_EACH_VOTER,
    VOTES_WRITTEN_BACK,
    DEADLINE_LEFT_RUNNING,
    LOCKED_WHILE_MEDIATED,
];
