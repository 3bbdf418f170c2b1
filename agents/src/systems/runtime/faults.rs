//! The faults that the runtime admits.

use crate::fault::{Fault, LinkAction, NodeAction, RoleName};

/// The role of the runtime's host.
pub const RUNTIME: RoleName = "runtime";

/// The role of the tools' host.
pub const TOOLS: RoleName = "tools";

/// The role of the clients' hosts.
pub const CLIENT: RoleName = "client";

/// Every fault.
pub const FAULTS: [Fault; 7] = [
    LinkAction::Reset.between(CLIENT, RUNTIME),
    LinkAction::Hold.between(CLIENT, RUNTIME),
    NodeAction::Pause.of(RUNTIME),
    LinkAction::Reset.between(RUNTIME, TOOLS),
    LinkAction::Partition.between(RUNTIME, TOOLS),
    LinkAction::Hold.between(RUNTIME, TOOLS),
    NodeAction::Crash.of(TOOLS),
];
