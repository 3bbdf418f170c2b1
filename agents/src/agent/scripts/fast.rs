//! The five critical events without delay.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{ScriptInfo, critical};
use crate::agent::context::{Agent, AgentContext, AgentError};
use crate::spec::AgentKind;

pub(super) const INFO: ScriptInfo = ScriptInfo {
    name: "fast",
    summary: "the five critical events without delay",
    parameters: &[],
    build: |kind| match kind {
        AgentKind::Fast => Some(Arc::new(Fast)),
        _ => None,
    },
};

#[derive(Debug)]
struct Fast;

impl Agent for Fast {
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
        critical::emit(context, "answer", Duration::ZERO).boxed()
    }
}
