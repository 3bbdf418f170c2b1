//! The five critical events, with a tool of 60 ms.

use std::sync::Arc;
use std::time::Duration;

use super::ScriptInfo;
use super::critical::Critical;
use crate::spec::AgentKind;

pub(super) const INFO: ScriptInfo = ScriptInfo {
    name: "reporting",
    summary: "the five critical events, with a tool of 60 ms",
    parameters: &[],
    build: |kind| match kind {
        AgentKind::Reporting => Some(Arc::new(AGENT)),
        _ => None,
    },
};

const AGENT: Critical = Critical {
    name: INFO.name,
    tool: "render",
    pauses: [Duration::ZERO, Duration::ZERO, Duration::from_millis(60)],
};
