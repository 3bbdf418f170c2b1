//! The five critical events without delay.

use std::sync::Arc;
use std::time::Duration;

use super::ScriptInfo;
use super::critical::Critical;
use crate::spec::AgentKind;

pub(super) const INFO: ScriptInfo = ScriptInfo {
    name: "fast",
    summary: "the five critical events without delay",
    parameters: &[],
    build: |kind| match kind {
        AgentKind::Fast => Some(Arc::new(AGENT)),
        _ => None,
    },
};

const AGENT: Critical = Critical {
    name: INFO.name,
    tool: "answer",
    pauses: [Duration::ZERO; 3],
};
