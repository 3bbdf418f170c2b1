//! A wait at the group's barrier, then the five critical events.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{ScriptInfo, critical};
use crate::agent::context::{Agent, AgentContext, AgentError};
use crate::spec::AgentKind;

pub(super) const INFO: ScriptInfo = ScriptInfo {
    name: "collision",
    summary: "waits at its group's barrier, then emits the five critical events",
    parameters: &["party"],
    build: |kind| match kind {
        AgentKind::Collision { party } => Some(Arc::new(Collision {
            size: usize::try_from(*party)
                .ok()
                .and_then(NonZeroUsize::new)
                .unwrap_or(NonZeroUsize::MIN),
        })),
        _ => None,
    },
};

#[derive(Debug)]
struct Collision {
    size: NonZeroUsize,
}

impl Collision {
    async fn script(&self, context: &AgentContext) -> Result<(), AgentError> {
        context.wait_at_barrier().await;
        critical::emit(context, "collide", [Duration::ZERO; 3]).await
    }
}

impl Agent for Collision {
    fn name(&self) -> &'static str {
        INFO.name
    }

    fn planned_events(&self) -> u64 {
        critical::EVENTS
    }

    fn shows_all_critical_events(&self) -> bool {
        true
    }

    fn barrier_size(&self) -> Option<NonZeroUsize> {
        Some(self.size)
    }

    fn run<'a>(&'a self, context: &'a AgentContext) -> BoxFuture<'a, Result<(), AgentError>> {
        self.script(context).boxed()
    }
}
