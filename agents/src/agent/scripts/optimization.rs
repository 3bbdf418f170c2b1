//! The five critical events, with a tool of 80 ms.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{ScriptInfo, critical};
use crate::agent::context::{Agent, AgentContext, AgentError};
use crate::spec::AgentKind;

pub(super) const INFO: ScriptInfo = ScriptInfo {
    name: "optimization",
    summary: "the five critical events, with a tool of 80 ms",
    parameters: &[],
    build: |kind| match kind {
        AgentKind::Optimization => Some(Arc::new(Optimization)),
        _ => None,
    },
};

#[derive(Debug)]
struct Optimization;

impl Agent for Optimization {
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
        critical::emit(context, "optimize", Duration::from_millis(80)).boxed()
    }
}
