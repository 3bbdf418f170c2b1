//! The faults that the runtime admits.

use crate::fault::{Fault, LinkAction, NodeAction, RoleName};

/// The role of the runtime's host.
pub const RUNTIME: RoleName = "runtime";

/// The role of the clients' hosts.
pub const CLIENT: RoleName = "client";

/// Every fault.
pub const FAULTS: [Fault; 3] = [
    LinkAction::Reset.between(CLIENT, RUNTIME),
    LinkAction::Hold.between(CLIENT, RUNTIME),
    NodeAction::Pause.of(RUNTIME),
];
