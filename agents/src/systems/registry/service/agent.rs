//! An agent: an instance of a class for one user.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use rehearsal_sim::tokio::{select, time};
use rehearsal_sim::tokio_util::sync::CancellationToken;

use super::super::wire::{AgentId, Content, CreatedAgent, RequestNumber, UserContext};
use super::audit::{AgentEnd, Audit};
use super::classes::AgentClass;
use super::migration::EventRoute;
use super::tools::ExecutionEngine;
use crate::event::{EventKind, UserId};

/// The number of agents that are in memory, be they registered or not.
#[derive(Clone, Debug, Default)]
pub(super) struct LiveAgents(Arc<AtomicU32>);

impl LiveAgents {
    pub(super) fn count(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    fn enter(&self) -> Live {
        self.0.fetch_add(1, Ordering::Relaxed);
        Live(self.clone())
    }
}

/// One agent in memory.
#[derive(Debug)]
struct Live(LiveAgents);

impl Drop for Live {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An agent of one user.
#[derive(Debug)]
pub(in super::super) struct Agent {
    pub(in super::super) id: AgentId,
    pub(in super::super) user: UserId,
    /// The request that created it.
    pub(in super::super) request: RequestNumber,
    pub(in super::super) class: Arc<AgentClass>,
    pub(in super::super) context: UserContext,
    begun: AtomicBool,
    /// The timestamp of the last `tool_executing`. Read by a seeded bug alone.
    pub(super) call_began: AtomicU64,
    /// Cancelled when the agent is to stop.
    pub(super) stop: CancellationToken,
    /// Cancelled when the agent is over.
    pub(super) ended: CancellationToken,
    _live: Live,
}

impl Agent {
    /// An agent that has not begun, with an id that no other one has.
    pub(super) fn new(
        user: UserId,
        request: RequestNumber,
        class: Arc<AgentClass>,
        context: UserContext,
        live: &LiveAgents,
    ) -> Self {
        let id = format!("{user}:{}:{}", class.spec.name, uuid::Uuid::new_v4());
        Self {
            id: AgentId(id.into()),
            user,
            request,
            class,
            context,
            begun: AtomicBool::new(false),
            call_began: AtomicU64::new(0),
            stop: CancellationToken::new(),
            ended: CancellationToken::new(),
            _live: live.enter(),
        }
    }

    /// Returns its name for people: its id is unique, and long.
    pub(in super::super) fn name(&self) -> String {
        let Self { user, request, .. } = self;
        format!("{user}/{}-{}", self.class.spec.name, request.0)
    }

    /// Returns the agent as its user is told of it.
    pub(super) fn description(&self) -> CreatedAgent {
        CreatedAgent {
            agent: self.id.clone(),
            conversation: self.context.conversation,
            version: self.class.version,
        }
    }

    /// Returns `true` for the first caller: an agent runs once.
    pub(super) fn begin(&self) -> bool {
        !self.begun.swap(true, Ordering::Relaxed)
    }

    /// Runs the agent until it is done or is stopped.
    pub(super) async fn run(
        &self,
        route: &EventRoute,
        engine: &ExecutionEngine,
        audit: &dyn Audit,
    ) {
        let end = select! {
            biased;
            () = self.stop.cancelled() => AgentEnd::Stopped,
            () = self.work(route, engine) => AgentEnd::Completed,
        };
        self.conclude(end, route, audit).await;
    }

    async fn work(&self, route: &EventRoute, engine: &ExecutionEngine) {
        let spec = self.class.spec;
        route
            .emit(self, EventKind::AgentThinking, Content::default())
            .await;
        time::sleep(spec.thinking).await;
        for (call, tool) in (1..).zip(spec.tools) {
            // A tool that fails is reported, and the agent goes on without its result.
            let _ = engine.execute(self, call, tool).await;
        }
    }

    /// Emits the terminal event, and marks the agent as over.
    pub(super) async fn conclude(&self, end: AgentEnd, route: &EventRoute, audit: &dyn Audit) {
        match end {
            AgentEnd::Completed => {
                route
                    .emit(self, EventKind::AgentCompleted, Content::default())
                    .await;
            }
            AgentEnd::Stopped => {
                let stopped = Content::error("stopped before its end");
                route.emit(self, EventKind::AgentError, stopped).await;
            }
        }
        audit.ended(&self.id, end);
        self.ended.cancel();
    }
}
