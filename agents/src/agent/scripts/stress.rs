//! Many progress updates with a random delay before each.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{ScriptInfo, updates};
use crate::agent::context::{Agent, AgentContext, AgentError, RandomDelays};
use crate::spec::AgentKind;

pub(super) const INFO: ScriptInfo = ScriptInfo {
    name: "stress",
    summary: "many progress updates with a random delay before each",
    parameters: &["events", "delay"],
    build: |kind| match kind {
        AgentKind::Stress { events, delay } => Some(Arc::new(Stress {
            events: *events,
            delay: *delay,
        })),
        _ => None,
    },
};

#[derive(Debug)]
struct Stress {
    events: u32,
    delay: Duration,
}

impl Agent for Stress {
    fn name(&self) -> &'static str {
        INFO.name
    }

    fn planned_events(&self) -> u64 {
        updates::events(self.events)
    }

    fn random_delays(&self) -> Option<RandomDelays> {
        Some(RandomDelays {
            count: self.events,
            longest: self.delay,
        })
    }

    fn run<'a>(&'a self, context: &'a AgentContext) -> BoxFuture<'a, Result<(), AgentError>> {
        updates::emit(context, self.events, Some(self.delay)).boxed()
    }
}
