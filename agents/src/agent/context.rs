//! Agents, their planned runs, and an agent's access to the system.
//!
//! The three refer to each other: a planned run has an agent, an agent runs with a
//! context, and a context has the planned run.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use rehearsal_sim::SiteId;
use rehearsal_sim::tokio::sync::{Semaphore, oneshot};
use rehearsal_sim::tokio::task::JoinHandle;
use rehearsal_sim::tokio::{spawn, time};

use super::defects;
use super::environment::AgentEnvironment;
use crate::event::{EventKind, Payload, RunId};
use crate::port::{NewEvent, PortError, RunContext};
use crate::record::recorder::{lock, name_task};
use crate::record::{Clock, RunRecord};

/// An agent: a script that emits events.
///
/// It emits its own events, `agent_completed` included. The runner reports every other end of a
/// run (an error that it returns, its deadline, a silent return).
pub trait Agent: fmt::Debug + Send + Sync {
    /// Returns the name of the kind. Its agents are called `NAME-1`, `NAME-2`, …
    fn name(&self) -> &'static str;

    /// Returns the number of events that one healthy run emits, with its terminal event,
    /// without the events of its sub-agents' runs.
    fn planned_events(&self) -> u64;

    /// Returns `true` if a run must show all five critical events.
    fn shows_all_critical_events(&self) -> bool {
        false
    }

    /// Returns the number of agents of one group that wait for each other at a barrier, if they
    /// do.
    fn barrier_size(&self) -> Option<NonZeroUsize> {
        None
    }

    /// Returns the random delays of a run, if there are any.
    fn random_delays(&self) -> Option<RandomDelays> {
        None
    }

    /// Returns the sub-agents that a run starts, in order.
    fn children(&self) -> Vec<Arc<dyn Agent>> {
        Vec::new()
    }

    /// Runs to the end.
    fn run<'a>(&'a self, context: &'a AgentContext) -> BoxFuture<'a, Result<(), AgentError>>;
}

/// The random delays of one run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RandomDelays {
    /// Number of delays.
    pub count: u32,
    /// Longest delay; each is drawn from 0 to this, in whole milliseconds.
    pub longest: Duration,
}

/// The reason for which an agent failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AgentError(pub String);

impl fmt::Display for AgentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for AgentError {}

impl From<PortError> for AgentError {
    fn from(error: PortError) -> Self {
        Self(error.0)
    }
}

/// The random delays of an agent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Delays {
    /// No delays.
    None,
    /// Delays that are drawn at this site, each when it begins.
    Drawn(SiteId),
    /// These delays, in this order, then none.
    Given(Arc<[Duration]>),
}

/// One run of one agent, as it is planned before anything starts.
#[derive(Clone, Debug)]
pub struct PlannedRun {
    /// The identity that its events carry.
    pub context: RunContext,
    /// The agent's behaviour.
    pub script: Arc<dyn Agent>,
    /// The canary of its user.
    pub secret: Arc<str>,
    /// Time from the start of the work to the start of the run.
    pub start: Duration,
    /// Its own random delays.
    pub delays: Delays,
    /// The barrier group with which it waits.
    pub barrier: Option<usize>,
    /// The runs that it starts, in order.
    pub children: Vec<Arc<PlannedRun>>,
}

impl PlannedRun {
    /// Returns its id.
    pub fn id(&self) -> RunId {
        self.context.run
    }

    /// Returns the levels of supervisors in this run, plus one. A run has a `run_timeout` for
    /// each of them, so that a sub-agent that takes too long is cancelled before its supervisor
    /// is.
    pub fn levels(&self) -> u32 {
        let below = self.children.iter().map(|child| child.levels()).max();
        1 + below.unwrap_or(0)
    }

    /// Returns this run and those below it, supervisors first.
    pub fn family(self: &Arc<Self>) -> Vec<Arc<Self>> {
        let mut family = vec![Arc::clone(self)];
        for child in &self.children {
            family.extend(child.family());
        }
        family
    }

    /// Returns its record, before it begins.
    pub fn record(&self) -> RunRecord {
        RunRecord {
            run: self.context.run,
            agent: Arc::clone(&self.context.agent),
            kind: self.script.name(),
            all_critical: self.script.shows_all_critical_events(),
            events_planned: self.script.planned_events(),
            user: self.context.user,
            thread: self.context.thread,
            parent: self.context.parent,
        }
    }
}

/// An agent's access to the system. Cheap to clone; clones belong to the same agent.
#[derive(Clone)]
pub struct AgentContext(Arc<Inner>);

struct Inner {
    environment: Arc<AgentEnvironment>,
    plan: Arc<PlannedRun>,
    clock: Mutex<Clock>,
    has_ended: AtomicBool,
    /// Number of predrawn delays that are over.
    delayed: AtomicUsize,
    children: Mutex<Vec<Child>>,
}

/// A sub-agent's runner, as the supervisor's runner holds it.
pub(super) struct Child {
    pub(super) run: RunId,
    pub(super) runner: JoinHandle<()>,
    /// Taken by a cancellation.
    pub(super) cancel: Option<oneshot::Sender<Cancellation>>,
}

/// The reason for which a sub-agent is cancelled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Cancellation {
    /// Its supervisor has ended.
    SupervisorEnded,
    /// Other sub-agents have failed.
    SiblingsFailed,
}

/// An event that is about to be emitted.
type Intent = (EventKind, Payload);

impl fmt::Debug for AgentContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AgentContext")
            .field(&self.0.plan.context)
            .finish()
    }
}

impl AgentContext {
    pub(super) fn new(
        environment: Arc<AgentEnvironment>,
        plan: Arc<PlannedRun>,
        clock: Clock,
    ) -> Self {
        Self(Arc::new(Inner {
            environment,
            plan,
            clock: Mutex::new(clock),
            has_ended: AtomicBool::new(false),
            delayed: AtomicUsize::new(0),
            children: Mutex::new(Vec::new()),
        }))
    }

    /// Returns the plan of this run.
    pub fn plan(&self) -> &PlannedRun {
        &self.0.plan
    }

    pub(super) fn environment(&self) -> &Arc<AgentEnvironment> {
        &self.0.environment
    }

    // Emitting ----------------------------------------------------------------

    /// Emits an event and waits for the system's answer. The payload's secret is filled in.
    ///
    /// # Errors
    ///
    /// If the system rejects it.
    pub async fn emit(&self, kind: EventKind, payload: Payload) -> Result<(), AgentError> {
        let clock = self.tick();
        self.emit_at(clock, kind, payload).await
    }

    /// Emits several events at once, each from a task of its own: none happens
    /// before another, and they may reach the system in any order. If `agent_started` is
    /// one of them, the others are handed over once it is accepted.
    ///
    /// # Errors
    ///
    /// If the system rejects one of them.
    pub async fn emit_at_once(
        &self,
        events: impl IntoIterator<Item = (EventKind, Payload)>,
    ) -> Result<(), AgentError> {
        let clock = self.tick();
        let events: Vec<Intent> = events.into_iter().collect();
        let gate = self.gate(&events);
        let emit = |(kind, payload): Intent| {
            let (context, clock, gate) = (self.clone(), clock.clone(), gate.clone());
            spawn(async move {
                let agent = &context.plan().context.agent;
                match &payload.tool {
                    Some(tool) => name_task(&format!("{agent} {kind}#{}", tool.call)),
                    None => name_task(&format!("{agent} {kind}")),
                }
                context.emit_through(gate, clock, kind, payload).await
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

    /// Returns the gate of a burst that opens the run.
    fn gate(&self, events: &[Intent]) -> Option<Arc<Gate>> {
        let opens = events
            .iter()
            .any(|(kind, _)| *kind == EventKind::AgentStarted);
        // Seeded: the events of a burst overtake each other, whatever they are.
        let overtakes = self.environment().carries(defects::OPENING_OVERTAKEN);
        (opens && !overtakes).then(|| Arc::new(Gate::new()))
    }

    /// Emits an event of a burst that may open the run.
    async fn emit_through(
        &self,
        gate: Option<Arc<Gate>>,
        clock: Clock,
        kind: EventKind,
        payload: Payload,
    ) -> Result<(), AgentError> {
        let Some(gate) = gate else {
            return self.emit_at(clock, kind, payload).await;
        };
        if kind == EventKind::AgentStarted {
            let opened = self.emit_at(clock, kind, payload).await;
            gate.settle(&opened);
            return opened;
        }
        gate.pass().await?;
        self.emit_at(clock, kind, payload).await
    }

    /// Records the event, hands it to the system, and records the answer.
    async fn emit_at(
        &self,
        clock: Clock,
        kind: EventKind,
        mut payload: Payload,
    ) -> Result<(), AgentError> {
        let Inner {
            environment, plan, ..
        } = &*self.0;
        plan.secret.as_ref().clone_into(&mut payload.secret);
        let id = environment
            .recorder
            .emitted(&plan.context, kind, clock, &payload);
        let event = NewEvent {
            id,
            kind,
            at_ms: environment.recorder.now().as_millis(),
            payload,
        };
        let answer = environment.port.emit(plan.id(), event).await;
        environment.recorder.answered(id, &answer);
        answer?;
        if kind.is_terminal() {
            self.0.has_ended.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Returns `true` if a terminal event of this run has been accepted.
    pub(super) fn has_ended(&self) -> bool {
        self.0.has_ended.load(Ordering::Relaxed)
    }

    /// Returns the clock after one more event of this run.
    fn tick(&self) -> Clock {
        let mut clock = lock(&self.0.clock);
        clock.tick(self.0.plan.id().stream());
        clock.clone()
    }

    /// Returns the clock of this run.
    pub(super) fn clock(&self) -> Clock {
        lock(&self.0.clock).clone()
    }

    // Time --------------------------------------------------------------------

    /// Sleeps for that time.
    pub async fn pause(&self, time: Duration) {
        if !time.is_zero() {
            time::sleep(time).await;
        }
    }

    /// Sleeps for a random delay of up to `longest`, in whole milliseconds. Outside a run of
    /// the simulator: none, unless it was drawn beforehand.
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

    /// Waits at the barrier of its group, if it has one.
    pub async fn wait_at_barrier(&self) {
        let environment = self.environment();
        let group = self.plan().barrier;
        if let Some(group) = group.and_then(|group| environment.barriers.get(group)) {
            group.wait(&environment.recorder).await;
        }
    }

    // Sub-agents --------------------------------------------------------------

    /// Merges the clock of another run into this one's.
    pub(super) fn merge_clock(&self, clock: &Clock) {
        lock(&self.0.clock).merge(clock);
    }

    pub(super) fn add_child(&self, child: Child) {
        lock(&self.0.children).push(child);
    }

    pub(super) fn cancel_child(&self, run: RunId) {
        let mut children = lock(&self.0.children);
        let child = children.iter_mut().find(|child| child.run == run);
        if let Some(cancel) = child.and_then(|child| child.cancel.take()) {
            // One that has ended needs no cancellation.
            let _ = cancel.send(Cancellation::SiblingsFailed);
        }
    }

    /// Leaves sub-agents running without a supervisor.
    fn abandon(&self, children: Vec<Child>) {
        for Child { runner, cancel, .. } in children {
            spawn(async move {
                let _cancel = cancel;
                // A runner does not fail.
                let _ = runner.await;
            });
        }
    }

    /// Waits until all sub-agents' runners are done; cancels them first if the supervisor was
    /// cancelled.
    pub(super) async fn end_children(&self, children_end: OnSupervisorEnd) {
        let children = std::mem::take(&mut *lock(&self.0.children));
        // Seeded: they are left to themselves.
        if children_end == OnSupervisorEnd::Cancel
            && self.environment().carries(defects::SIBLINGS_NOT_CANCELLED)
        {
            return self.abandon(children);
        }
        let mut runners = Vec::new();
        for Child { runner, cancel, .. } in children {
            match cancel {
                Some(cancel) if children_end == OnSupervisorEnd::Cancel => {
                    // One that has ended needs no cancellation.
                    let _ = cancel.send(Cancellation::SupervisorEnded);
                    runners.push((runner, None));
                }
                cancel => runners.push((runner, cancel)),
            }
        }
        for (runner, _cancel) in runners {
            // A runner does not fail.
            let _ = runner.await;
        }
    }
}

/// A gate behind which the rest of a burst waits until its `agent_started` is accepted.
///
/// The system may see the events of a burst in any order. An agent's run must open with
/// `agent_started` all the same, so that the rest of its burst is handed over afterwards.
#[derive(Debug)]
struct Gate(Semaphore);

impl Gate {
    fn new() -> Self {
        Self(Semaphore::new(0))
    }

    /// Opens the gate if the run has been opened, and closes it for ever if not.
    fn settle(&self, opened: &Result<(), AgentError>) {
        match opened {
            Ok(()) => self.0.add_permits(1),
            Err(_) => self.0.close(),
        }
    }

    /// Waits until the gate is open.
    async fn pass(&self) -> Result<(), AgentError> {
        // The permit goes back, for the next event.
        let passed = self.0.acquire().await;
        passed
            .map(drop)
            .map_err(|_| AgentError("agent_started was rejected".to_owned()))
    }
}

/// The end of sub-agents whose supervisor has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnSupervisorEnd {
    /// They run to their ends.
    Await,
    /// They are cancelled.
    Cancel,
}

/// Tasks that do not outlive the task that waits for them.
struct Together<T>(Vec<JoinHandle<T>>);

impl<T> Drop for Together<T> {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}
