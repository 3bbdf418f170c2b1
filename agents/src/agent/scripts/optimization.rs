//! The five critical events, with a tool of 80 ms.

use std::sync::Arc;
use std::time::Duration;

use super::ScriptInfo;
use super::critical::Critical;
use crate::spec::AgentKind;

pub(super) const INFO: ScriptInfo = ScriptInfo {
    name: "optimization",
    summary: "the five critical events, with a tool of 80 ms",
    parameters: &[],
    build: |kind| match kind {
        AgentKind::Optimization => Some(Arc::new(AGENT)),
        _ => None,
    },
};

const AGENT: Critical = Critical {
    name: INFO.name,
    tool: "optimize",
    pauses: [Duration::ZERO, Duration::ZERO, Duration::from_millis(80)],
};
