//! The five critical events, with a tool of 50 ms.

use std::sync::Arc;
use std::time::Duration;

use super::ScriptInfo;
use super::critical::Critical;
use crate::spec::AgentKind;

pub(super) const INFO: ScriptInfo = ScriptInfo {
    name: "data",
    summary: "the five critical events, with a tool of 50 ms",
    parameters: &[],
    build: |kind| match kind {
        AgentKind::Data => Some(Arc::new(AGENT)),
        _ => None,
    },
};

const AGENT: Critical = Critical {
    name: INFO.name,
    tool: "query",
    pauses: [Duration::ZERO, Duration::ZERO, Duration::from_millis(50)],
};
