//! The seeded bugs of the registry, each taken from reports about other systems.

use crate::defect::Defect;

/// See its idea, as for the others below.
pub const TWO_REGISTRIES: Defect = Defect::new(
    "two-registries",
    "Agents emit through a registry of their factory, to which no WebSocket manager was ever \
     given.",
);

/// See [`TWO_REGISTRIES`].
pub const OPENED_WITHOUT_LOCK: Defect = Defect::new(
    "opened-without-lock",
    "The registry is opened by every task that finds none, because no lock guards the opening.",
);

/// See [`TWO_REGISTRIES`].
pub const EMISSION_UNDER_LOCK: Defect = Defect::new(
    "emission-under-lock",
    "A creation holds the lock of the registry until `agent_started` is written to the \
     connection of its user.",
);

/// See [`TWO_REGISTRIES`].
pub const CONTEXT_BEFORE_CLASS: Defect = Defect::new(
    "context-before-class",
    "The context of a user is stored before the class is looked up, and stays when the class \
     is unknown.",
);

/// See [`TWO_REGISTRIES`].
pub const NOTIFIER_TAKEN_EARLY: Defect = Defect::new(
    "notifier-taken-early",
    "An engine that begins before the WebSocket manager is set never reports its tool calls.",
);

/// See [`TWO_REGISTRIES`].
pub const TOOL_ERROR_UNREPORTED: Defect = Defect::new(
    "tool-error-unreported",
    "A tool that fails leaves the engine before its `tool_completed` is emitted.",
);

/// See [`TWO_REGISTRIES`].
pub const SHIM_WITH_OWN_MAP: Defect = Defect::new(
    "shim-with-own-map",
    "The old interface keeps agents of its own, and the flag decides at each event which \
     registry takes it.",
);

/// See [`TWO_REGISTRIES`].
pub const CONNECTION_REMOVED_BY_USER: Defect = Defect::new(
    "connection-removed-by-user",
    "The end of a connection removes whatever connection its user has, also a newer one.",
);

/// See [`TWO_REGISTRIES`].
pub const LEFT_ON_UNREGISTER: Defect = Defect::new(
    "left-on-unregister",
    "Unregistering an agent that still runs takes its context away, and leaves the agent.",
);

/// See [`TWO_REGISTRIES`].
pub const TORN_CREATION: Defect = Defect::new(
    "torn-creation",
    "A creation stores agent and context before the instance is built, and leaves them when \
     its connection is lost.",
);

/// See [`TWO_REGISTRIES`].
pub const LOCKS_REVERSED: Defect = Defect::new(
    "locks-reversed",
    "A creation keeps the classes locked until its agent is stored, and a renewal of the \
     classes locks the agents first.",
);

/// See [`TWO_REGISTRIES`].
pub const CONTEXT_IN_CLASS: Defect = Defect::new(
    "context-in-class",
    "A class keeps the context of the last creation, and an instance takes it from there once \
     it is built.",
);

/// See [`TWO_REGISTRIES`].
pub const TIMESTAMP_OF_CALL: Defect = Defect::new(
    "timestamp-of-call",
    "A `tool_completed` bears the time at which its call began, because the event is made then.",
);

/// Every defect.
pub const DEFECTS: [Defect; 13] = [
    TWO_REGISTRIES,
    OPENED_WITHOUT_LOCK,
    EMISSION_UNDER_LOCK,
    CONTEXT_BEFORE_CLASS,
    NOTIFIER_TAKEN_EARLY,
    TOOL_ERROR_UNREPORTED,
    SHIM_WITH_OWN_MAP,
    CONNECTION_REMOVED_BY_USER,
    LEFT_ON_UNREGISTER,
    TORN_CREATION,
    LOCKS_REVERSED,
    CONTEXT_IN_CLASS,
    TIMESTAMP_OF_CALL,
];
