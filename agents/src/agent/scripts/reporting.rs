//! The five critical events, with a tool of 60 ms.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{ScriptInfo, critical};
use crate::agent::context::{Agent, AgentContext, AgentError};
use crate::spec::AgentKind;

pub(super) const INFO: ScriptInfo = ScriptInfo {
    name: "reporting",
    summary: "the five critical events, with a tool of 60 ms",
    parameters: &[],
    build: |kind| match kind {
        AgentKind::Reporting => Some(Arc::new(Reporting)),
        _ => None,
    },
};

#[derive(Debug)]
struct Reporting;

impl Agent for Reporting {
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
        critical::emit(context, "render", Duration::from_millis(60)).boxed()
    }
}
