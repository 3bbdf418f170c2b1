//! The five critical events, with delays of 200, 200 and 300 ms.

use std::sync::Arc;
use std::time::Duration;

use super::ScriptInfo;
use super::critical::Critical;
use crate::spec::AgentKind;

pub(super) const INFO: ScriptInfo = ScriptInfo {
    name: "slow",
    summary: "the five critical events, with delays of 200, 200 and 300 ms",
    parameters: &[],
    build: |kind| match kind {
        AgentKind::Slow => Some(Arc::new(AGENT)),
        _ => None,
    },
};

const AGENT: Critical = Critical {
    name: INFO.name,
    tool: "search",
    pauses: [
        Duration::from_millis(200),
        Duration::from_millis(200),
        Duration::from_millis(300),
    ],
};
