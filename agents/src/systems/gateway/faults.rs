//! The faults that the gateway and its agents admit.

use crate::fault::answer;
use crate::fault::{Fault, LinkAction, NodeAction, RoleName};

/// The role of the gateway's host.
pub const GATEWAY: RoleName = "gateway";

/// The role of the hosts of agents with sub-agents.
pub const COORDINATOR: RoleName = "coordinator";

/// The role of the hosts of agents without sub-agents.
pub const WORKER: RoleName = "worker";

/// The role of the users' hosts.
pub const CLIENT: RoleName = "client";

/// Every fault.
pub const FAULTS: [Fault; 31] = [
    NodeAction::Crash.of(WORKER),
    NodeAction::Crash.of(COORDINATOR),
    NodeAction::Crash.of(GATEWAY),
    NodeAction::Pause.of(WORKER),
    LinkAction::Reset.between(CLIENT, GATEWAY),
    LinkAction::Reset.between(WORKER, GATEWAY),
    LinkAction::Partition.between(CLIENT, GATEWAY),
    LinkAction::Partition.between(WORKER, GATEWAY),
    LinkAction::Hold.between(WORKER, GATEWAY),
    LinkAction::HalfOpen.between(GATEWAY, CLIENT),
    LinkAction::HalfOpen.between(WORKER, GATEWAY),
    LinkAction::Refuse.between(CLIENT, GATEWAY),
    LinkAction::Refuse.between(GATEWAY, WORKER),
    LinkAction::Hang.between(GATEWAY, WORKER),
    answer::MODEL_DELAYED.of(WORKER),
    answer::MODEL_DELAYED.of(COORDINATOR),
    answer::MODEL_REPEATED.of(WORKER),
    answer::MODEL_REPEATED.of(COORDINATOR),
    answer::MODEL_TRUNCATED.of(WORKER),
    answer::MODEL_TRUNCATED.of(COORDINATOR),
    answer::MODEL_MALFORMED.of(WORKER),
    answer::MODEL_MALFORMED.of(COORDINATOR),
    answer::MODEL_LIMITED.of(WORKER),
    answer::MODEL_LIMITED.of(COORDINATOR),
    answer::MODEL_LIMITED_SILENT.of(WORKER),
    answer::MODEL_LIMITED_SILENT.of(COORDINATOR),
    answer::MODEL_UNAVAILABLE.of(WORKER),
    answer::MODEL_UNAVAILABLE.of(COORDINATOR),
    answer::TOKEN_EXPIRED.of(WORKER),
    answer::TOKEN_EXPIRED.of(COORDINATOR),
    answer::TOOL_REPEATED.of(COORDINATOR),
];
