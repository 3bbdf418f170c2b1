//! What an agent has in hand: its way to emit, and to start sub-agents.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rehearsal_sim::tokio::sync::oneshot;
use rehearsal_sim::tokio::task::JoinHandle;
use rehearsal_sim::tokio::{spawn, time};

use super::runner::{self, Crew};
use super::{AgentError, Delays, PlannedRun};
use crate::bridge::Draft;
use crate::event::{EventKind, Payload, RunId, ToolCall};
use crate::record::Clock;
use crate::recorder::{lock, name_task};
use crate::spec::Defect;

/// An agent's way to the world. Cheap to clone; clones are the same agent.
#[derive(Clone)]
pub struct AgentContext(Arc<Inner>);

struct Inner {
    crew: Arc<Crew>,
    plan: Arc<PlannedRun>,
    clock: Mutex<Clock>,
    has_ended: AtomicBool,
    /// Delays that were given beforehand and are over.
    delayed: AtomicUsize,
    children: Mutex<Vec<Child>>,
}

/// A sub-agent in the eyes of the supervisor's runner.
struct Child {
    runner: JoinHandle<()>,
    leash: oneshot::Sender<()>,
}

/// A sub-agent in the eyes of its supervisor.
#[derive(Debug)]
pub struct Subagent {
    /// Its run.
    pub run: RunId,
    ended: oneshot::Receiver<Clock>,
}

/// An event that is about to be emitted.
pub(super) type Intent = (EventKind, Payload);

impl std::fmt::Debug for AgentContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("AgentContext")
            .field(&self.0.plan.context)
            .finish()
    }
}

impl AgentContext {
    pub(super) fn new(crew: Arc<Crew>, plan: Arc<PlannedRun>, clock: Clock) -> Self {
        Self(Arc::new(Inner {
            crew,
            plan,
            clock: Mutex::new(clock),
            has_ended: AtomicBool::new(false),
            delayed: AtomicUsize::new(0),
            children: Mutex::new(Vec::new()),
        }))
    }

    /// What is planned for this run.
    pub fn plan(&self) -> &PlannedRun {
        &self.0.plan
    }

    pub(super) fn crew(&self) -> &Crew {
        &self.0.crew
    }

    // Emitting ----------------------------------------------------------------

    /// Emits an event and waits until the bridge has it. The payload's secret is
    /// filled in.
    ///
    /// # Errors
    ///
    /// If the bridge refuses it.
    pub async fn emit(&self, kind: EventKind, payload: Payload) -> Result<(), AgentError> {
        let clock = self.tick();
        self.emit_at(clock, kind, payload).await
    }

    /// Emits several events at once, each from a task of its own: none happens
    /// before another, and they may reach the bridge in any order.
    ///
    /// # Errors
    ///
    /// If the bridge refuses one of them.
    pub async fn emit_at_once(
        &self,
        events: impl IntoIterator<Item = (EventKind, Payload)>,
    ) -> Result<(), AgentError> {
        let clock = self.tick();
        let emit = |(kind, payload): Intent| {
            let (context, clock) = (self.clone(), clock.clone());
            spawn(async move {
                let agent = &context.plan().context.agent;
                match &payload.tool {
                    Some(tool) => name_task(&format!("{agent} {kind}#{}", tool.call)),
                    None => name_task(&format!("{agent} {kind}")),
                }
                context.emit_at(clock, kind, payload).await
            })
        };
        let mut tasks = Together(events.into_iter().map(emit).collect());
        let mut outcome = Ok(());
        for task in &mut tasks.0 {
            let result = task
                .await
                .unwrap_or_else(|error| Err(AgentError(error.to_string())));
            outcome = outcome.and(result);
        }
        outcome
    }

    /// Records the event, hands it to the bridge, and records the answer.
    async fn emit_at(
        &self,
        clock: Clock,
        kind: EventKind,
        mut payload: Payload,
    ) -> Result<(), AgentError> {
        let Inner { crew, plan, .. } = &*self.0;
        plan.secret.as_ref().clone_into(&mut payload.secret);
        let id = crew.recorder.emitted(&plan.context, kind, clock, &payload);
        let draft = Draft {
            id,
            kind,
            at_ms: crew.recorder.now().as_millis(),
            payload,
        };
        let answer = crew.bridge.emit(plan.id(), draft).await;
        crew.recorder.answered(id, &answer);
        answer?;
        if kind.is_terminal() {
            self.0.has_ended.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Whether a terminal event of this run has been accepted.
    pub(super) fn has_ended(&self) -> bool {
        self.0.has_ended.load(Ordering::Relaxed)
    }

    /// One more moment in the life of this run.
    fn tick(&self) -> Clock {
        let mut clock = lock(&self.0.clock);
        clock.tick(self.0.plan.id().stream());
        clock.clone()
    }

    /// What this run knows.
    pub(super) fn clock(&self) -> Clock {
        lock(&self.0.clock).clone()
    }

    /// `agent_started`.
    ///
    /// # Errors
    ///
    /// If the bridge refuses it, as for the other events below.
    pub async fn started(&self) -> Result<(), AgentError> {
        self.emit(EventKind::AgentStarted, Payload::default()).await
    }

    /// `agent_thinking`.
    ///
    /// # Errors
    ///
    /// See [`Self::started`].
    pub async fn thinking(&self) -> Result<(), AgentError> {
        self.emit(EventKind::AgentThinking, Payload::default())
            .await
    }

    /// `tool_executing`.
    ///
    /// # Errors
    ///
    /// See [`Self::started`].
    pub async fn tool_executing(&self, tool: ToolCall) -> Result<(), AgentError> {
        self.emit(EventKind::ToolExecuting, with_tool(tool)).await
    }

    /// `tool_completed`.
    ///
    /// # Errors
    ///
    /// See [`Self::started`].
    pub async fn tool_completed(&self, tool: ToolCall) -> Result<(), AgentError> {
        // Seeded: the event is on its way, and nobody waits for it.
        if self.crew().has(Defect::UnawaitedToolEvent) {
            let context = self.clone();
            spawn(async move {
                context
                    .emit(EventKind::ToolCompleted, with_tool(tool))
                    .await
            });
            return Ok(());
        }
        self.emit(EventKind::ToolCompleted, with_tool(tool)).await
    }

    /// `progress`: a percentage, or the number of the update.
    ///
    /// # Errors
    ///
    /// See [`Self::started`].
    pub async fn progress(&self, progress: u32) -> Result<(), AgentError> {
        let payload = Payload {
            progress: Some(progress),
            ..Payload::default()
        };
        self.emit(EventKind::Progress, payload).await
    }

    /// `agent_completed`.
    ///
    /// # Errors
    ///
    /// See [`Self::started`].
    pub async fn completed(&self) -> Result<(), AgentError> {
        self.emit(EventKind::AgentCompleted, Payload::default())
            .await
    }

    pub(super) async fn failed(&self, error: &str) -> Result<(), AgentError> {
        let payload = Payload {
            error: Some(error.to_owned()),
            ..Payload::default()
        };
        self.emit(EventKind::AgentError, payload).await
    }

    pub(super) async fn died(&self) -> Result<(), AgentError> {
        self.emit(EventKind::AgentDeath, Payload::default()).await
    }

    // Time and others ---------------------------------------------------------

    /// Takes its time.
    pub async fn pause(&self, time: Duration) {
        if !time.is_zero() {
            time::sleep(time).await;
        }
    }

    /// A delay of its own choice, in whole milliseconds, up to `longest`. Outside
    /// a run of the simulator: none, unless it was given one beforehand.
    pub fn draw_delay(&self, longest: Duration) -> Duration {
        match (&self.0.plan.delays, rehearsal_sim::current()) {
            (Delays::Drawn(site), Some(world)) => {
                world.draw_duration(*site, Duration::ZERO, longest)
            }
            (Delays::Given(delays), _) => {
                let next = self.0.delayed.fetch_add(1, Ordering::Relaxed);
                let delay = delays.get(next).copied().unwrap_or_default();
                delay.min(longest)
            }
            (Delays::None, _) | (Delays::Drawn(_), None) => Duration::ZERO,
        }
    }

    /// Waits at the barrier of its party, if it has one.
    pub async fn meet(&self) {
        let crew = self.crew();
        if let Some(party) = self.plan().party.and_then(|party| crew.parties.get(party)) {
            party.meet(&crew.recorder).await;
        }
    }

    // Sub-agents --------------------------------------------------------------

    /// Announces a sub-agent and starts it; it knows what its supervisor knows.
    ///
    /// # Errors
    ///
    /// If the bridge refuses the announcement; then it is not started.
    pub async fn start(&self, plan: &Arc<PlannedRun>) -> Result<Subagent, AgentError> {
        let run = plan.id();
        self.crew().recorder.run_began(plan.record());
        self.emit(EventKind::SubagentStarted, about(run)).await?;
        let (tell, ended) = oneshot::channel();
        let (leash, cancelled) = oneshot::channel();
        let (crew, plan, clock) = (Arc::clone(&self.0.crew), Arc::clone(plan), self.clock());
        let runner = spawn(async move {
            let clock = runner::run_announced(crew, plan, clock, Some(cancelled)).await;
            // A supervisor that does not wait is not told.
            let _ = tell.send(clock);
        });
        lock(&self.0.children).push(Child { runner, leash });
        Ok(Subagent { run, ended })
    }

    /// Waits for a sub-agent's end, and knows from then on what it knew.
    pub async fn join(&self, subagent: &mut Subagent) {
        // A runner that is gone without a word has died with its host, and so
        // has this agent.
        if let Ok(clock) = (&mut subagent.ended).await {
            lock(&self.0.clock).merge(&clock);
        }
    }

    /// Reports that a sub-agent has ended, well or not.
    ///
    /// # Errors
    ///
    /// See [`Self::started`].
    pub async fn report(&self, subagent: &Subagent) -> Result<(), AgentError> {
        self.emit(EventKind::SubagentCompleted, about(subagent.run))
            .await
    }

    /// Waits until all sub-agents' runners are done; cancels them first if the
    /// supervisor was cut short.
    pub(super) async fn dismiss_children(&self, dismissal: Dismissal) {
        let children = std::mem::take(&mut *lock(&self.0.children));
        let mut runners = Vec::new();
        for Child { runner, leash } in children {
            if dismissal == Dismissal::Cancel {
                // One that has ended needs no cancelling.
                let _ = leash.send(());
                runners.push((runner, None));
            } else {
                runners.push((runner, Some(leash)));
            }
        }
        for (runner, _leash) in runners {
            // A runner does not fail.
            let _ = runner.await;
        }
    }
}

/// What becomes of sub-agents when their supervisor has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Dismissal {
    /// They may finish.
    Await,
    /// They are cancelled.
    Cancel,
}

/// Tasks that do not outlive the one that waits for them.
struct Together<T>(Vec<JoinHandle<T>>);

impl<T> Drop for Together<T> {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

pub(super) fn with_tool(tool: ToolCall) -> Payload {
    Payload {
        tool: Some(tool),
        ..Payload::default()
    }
}

fn about(run: RunId) -> Payload {
    Payload {
        subagent: Some(run),
        ..Payload::default()
    }
}
