//! Many progress updates without delay.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{ScriptInfo, updates};
use crate::agent::context::{Agent, AgentContext, AgentError};
use crate::spec::AgentKind;

pub(super) const INFO: ScriptInfo = ScriptInfo {
    name: "hammer",
    summary: "many progress updates without delay",
    parameters: &["events"],
    build: |kind| match kind {
        AgentKind::Hammer { events } => Some(Arc::new(Hammer { events: *events })),
        _ => None,
    },
};

#[derive(Debug)]
struct Hammer {
    events: u32,
}

impl Agent for Hammer {
    fn name(&self) -> &'static str {
        INFO.name
    }

    fn planned_events(&self) -> u64 {
        updates::events(self.events)
    }

    fn run<'a>(&'a self, context: &'a AgentContext) -> BoxFuture<'a, Result<(), AgentError>> {
        updates::emit(context, self.events, None).boxed()
    }
}
