//! The five critical events, with delays of 200, 200 and 300 ms.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{ScriptInfo, critical};
use crate::agent::context::{Agent, AgentContext, AgentError};
use crate::spec::AgentKind;

pub(super) const INFO: ScriptInfo = ScriptInfo {
    name: "slow",
    summary: "the five critical events, with delays of 200, 200 and 300 ms",
    parameters: &[],
    build: |kind| match kind {
        AgentKind::Slow => Some(Arc::new(Slow)),
        _ => None,
    },
};

/// Delays after the first three events.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(200),
    Duration::from_millis(200),
    Duration::from_millis(300),
];

#[derive(Debug)]
struct Slow;

impl Agent for Slow {
    fn name(&self) -> &'static str {
        INFO.name
    }

    fn planned_events(&self) -> u64 {
        critical::EVENTS
    }

    fn shows_all_critical_events(&self) -> bool {
        true
    }

    fn run<'a>(&'a self, context: &'a AgentContext) -> BoxFuture<'a, Result<(), AgentError>> {
        critical::emit_with_pauses(context, "search", PAUSES).boxed()
    }
}
