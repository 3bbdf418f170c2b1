//! What each kind of mock agent does.

use std::future::pending;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::context::{AgentContext, with_tool};
use super::supervisor::Supervisor;
use super::{Agent, AgentError};
use crate::event::{EventKind, Payload, ToolCall};
use crate::spec::{AgentKind, FailureMode};

/// The mock agent of that kind.
pub(super) fn mock(kind: &AgentKind) -> Box<dyn Agent> {
    match kind {
        AgentKind::Data => Box::new(Critical::with_tool("query", 50)),
        AgentKind::Optimization => Box::new(Critical::with_tool("optimize", 80)),
        AgentKind::Reporting => Box::new(Critical::with_tool("render", 60)),
        AgentKind::Supervisor { .. } => Box::new(Supervisor),
        AgentKind::Fast | AgentKind::Success => Box::new(Critical::with_tool("answer", 0)),
        AgentKind::Slow => Box::new(Critical {
            tool: "search",
            pauses: [200, 200, 300].map(Duration::from_millis),
        }),
        AgentKind::Burst => Box::new(Burst),
        AgentKind::Streaming => Box::new(Streaming),
        AgentKind::Hammer { events } => Box::new(Updates {
            events: *events,
            delay: None,
        }),
        AgentKind::Failure { mode } => Box::new(Failure(*mode)),
        AgentKind::Collision { .. } => Box::new(Collision),
        AgentKind::Stress { events, delay } => Box::new(Updates {
            events: *events,
            delay: Some(*delay),
        }),
    }
}

fn call(call: u32, name: &str) -> ToolCall {
    ToolCall {
        call,
        name: name.to_owned(),
    }
}

/// The five critical events, with pauses after the first three.
struct Critical {
    tool: &'static str,
    pauses: [Duration; 3],
}

impl Critical {
    /// Pauses only while its tool works.
    fn with_tool(tool: &'static str, millis: u64) -> Self {
        let work = Duration::from_millis(millis);
        Self {
            tool,
            pauses: [Duration::ZERO, Duration::ZERO, work],
        }
    }

    async fn play(&self, context: &AgentContext) -> Result<(), AgentError> {
        let [start, thought, work] = self.pauses;
        context.started().await?;
        context.pause(start).await;
        context.thinking().await?;
        context.pause(thought).await;
        context.tool_executing(call(0, self.tool)).await?;
        context.pause(work).await;
        context.tool_completed(call(0, self.tool)).await?;
        context.completed().await
    }
}

impl Agent for Critical {
    fn run<'a>(&'a self, context: &'a AgentContext) -> BoxFuture<'a, Result<(), AgentError>> {
        self.play(context).boxed()
    }
}

/// Many events at once.
struct Burst;

impl Burst {
    async fn play(&self, context: &AgentContext) -> Result<(), AgentError> {
        let tools = |kind| (0..3).map(move |number| (kind, with_tool(call(number, "lookup"))));
        let thinking = (EventKind::AgentThinking, Payload::default());
        context.started().await?;
        context
            .emit_at_once(std::iter::once(thinking).chain(tools(EventKind::ToolExecuting)))
            .await?;
        context
            .emit_at_once(tools(EventKind::ToolCompleted))
            .await?;
        context.completed().await
    }
}

impl Agent for Burst {
    fn run<'a>(&'a self, context: &'a AgentContext) -> BoxFuture<'a, Result<(), AgentError>> {
        self.play(context).boxed()
    }
}

/// Five updates, 20 ms apart.
struct Streaming;

impl Streaming {
    async fn play(&self, context: &AgentContext) -> Result<(), AgentError> {
        context.started().await?;
        for fifth in 1..=5 {
            if fifth > 1 {
                context.pause(Duration::from_millis(20)).await;
            }
            context.progress(fifth * 20).await?;
        }
        context.completed().await
    }
}

impl Agent for Streaming {
    fn run<'a>(&'a self, context: &'a AgentContext) -> BoxFuture<'a, Result<(), AgentError>> {
        self.play(context).boxed()
    }
}

/// As many updates as it is told; with a delay before each, if there is one.
struct Updates {
    events: u32,
    delay: Option<Duration>,
}

impl Updates {
    async fn play(&self, context: &AgentContext) -> Result<(), AgentError> {
        context.started().await?;
        for number in 1..=self.events {
            if let Some(longest) = self.delay {
                context.pause(context.draw_delay(longest)).await;
            }
            context.progress(number).await?;
        }
        context.completed().await
    }
}

impl Agent for Updates {
    fn run<'a>(&'a self, context: &'a AgentContext) -> BoxFuture<'a, Result<(), AgentError>> {
        self.play(context).boxed()
    }
}

/// Fails once it has thought.
struct Failure(FailureMode);

impl Failure {
    async fn play(&self, context: &AgentContext) -> Result<(), AgentError> {
        context.started().await?;
        context.thinking().await?;
        match self.0 {
            FailureMode::Exception => Err(AgentError("the tool raised an exception".to_owned())),
            FailureMode::Timeout => pending().await,
            FailureMode::SilentDeath => Ok(()),
        }
    }
}

impl Agent for Failure {
    fn run<'a>(&'a self, context: &'a AgentContext) -> BoxFuture<'a, Result<(), AgentError>> {
        self.play(context).boxed()
    }
}

/// Meets its party, then emits the five critical events.
struct Collision;

impl Collision {
    async fn play(&self, context: &AgentContext) -> Result<(), AgentError> {
        context.meet().await;
        Critical::with_tool("collide", 0).play(context).await
    }
}

impl Agent for Collision {
    fn run<'a>(&'a self, context: &'a AgentContext) -> BoxFuture<'a, Result<(), AgentError>> {
        self.play(context).boxed()
    }
}
