//! Seeded bugs of agents and their runner. Every system that runs agents has them.

use crate::defect::Defect;

/// The defect of this idea, as for the others below.
pub const REPORT_BEFORE_JOIN: Defect = Defect::new(
    "report-before-join",
    "A supervisor reports a sub-agent as completed without waiting for it.",
);

/// See [`REPORT_BEFORE_JOIN`].
pub const SILENT_DEATH_IS_SUCCESS: Defect = Defect::new(
    "silent-death-is-success",
    "An agent that dies silently is taken for a success, with no terminal event.",
);

/// See [`REPORT_BEFORE_JOIN`].
pub const DOUBLE_TERMINAL: Defect = Defect::new(
    "double-terminal",
    "A run that fails is reported twice: by the agent's guard and by the runner.",
);

/// See [`REPORT_BEFORE_JOIN`].
pub const SIBLINGS_NOT_CANCELLED: Defect = Defect::new(
    "siblings-not-cancelled",
    "A supervisor that fails because of one sub-agent leaves the others running.",
);

/// See [`REPORT_BEFORE_JOIN`].
pub const OPENING_OVERTAKEN: Defect = Defect::new(
    "opening-overtaken",
    "Events that an agent sends at once with agent_started may reach the system before it.",
);

/// See [`REPORT_BEFORE_JOIN`].
pub const UNAWAITED_TOOL_EVENT: Defect = Defect::new(
    "unawaited-tool-event",
    "tool_completed is sent by a task that is not waited for.",
);
