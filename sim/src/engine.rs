//! The engine: one future that owns every task, polls one at a time and decides
//! which is next.
//!
//! It runs inside a tokio current-thread runtime whose clock is paused. When no
//! task is ready and no packet is due it returns `Pending`; tokio then jumps to
//! the next timer. So `tokio::time` works unmodified, an idle hour costs
//! nothing, and the order of polls is ours.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::Instant;

use crate::context;
use crate::deadlock;
use crate::fingerprint::Fingerprinter;
use crate::history::{Effect, Entry, History, TaskEnd};
use crate::host::{Host, HostId, HostState};
use crate::net::{NetConfig, Network};
use crate::outcome::{Outcome, PanicReport, Statistics, Verdict};
use crate::panics;
use crate::point::{ResourceId, ResourceKind};
use crate::ready::ReadyQueue;
use crate::strategy::{Candidates, Fifo, Strategy};
use crate::tape::{Draws, Tape};
use crate::task::{self, JoinHandle};
use crate::time::VirtualTime;
use crate::wait::{ResourceInfo, TaskId, Wait};
use crate::wake::{TaskWake, WakeQueue};
use crate::world::World;

/// How a run is made.
pub struct Config {
    /// Seed of every fresh draw and of the strategy.
    pub seed: u64,
    /// Who picks the next task.
    pub strategy: Box<dyn Strategy>,
    /// Choices to replay instead of drawing; past its end everything is boring.
    pub replay: Option<Tape>,
    /// Limits.
    pub budget: Budget,
    /// What is kept.
    pub recording: Recording,
    /// How the network behaves.
    pub net: NetConfig,
}

impl Default for Config {
    /// Seed 0, `fifo`, no replay, fingerprint only.
    fn default() -> Self {
        Self {
            seed: 0,
            strategy: Box::new(Fifo),
            replay: None,
            budget: Budget::default(),
            recording: Recording::Fingerprint,
            net: NetConfig::default(),
        }
    }
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("seed", &self.seed)
            .field("strategy", &self.strategy.name())
            .field("replay", &self.replay.as_ref().map(Tape::len))
            .field("budget", &self.budget)
            .field("recording", &self.recording)
            .field("net", &self.net)
            .finish()
    }
}

/// Limits of a run. Reaching one is never a pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Budget {
    /// Polls of tasks and scheduling points; then the verdict is `unknown`.
    pub steps: u64,
    /// Virtual time; then the verdict is `timeout`, or `deadlock` if nothing
    /// was left that could ever run.
    pub virtual_time: Duration,
    /// Polls of tasks and scheduling points within one instant; then the
    /// verdict is `livelock`.
    pub steps_per_instant: u64,
}

impl Default for Budget {
    /// 100 million steps, 2 hours, 5 million steps an instant.
    fn default() -> Self {
        Self {
            steps: 100_000_000,
            virtual_time: Duration::from_secs(2 * 3600),
            steps_per_instant: 5_000_000,
        }
    }
}

/// What a run keeps. The run itself is the same either way.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Recording {
    /// Nothing; the fingerprint is zero. For measuring what recording costs.
    Off,
    /// The fingerprint: enough to explore, because the seed gives the rest.
    Fingerprint,
    /// The fingerprint, the tape and the history.
    Full,
}

/// Runs `program` to its end, or until it fails, and says what came out.
///
/// The program is the first task, on [`HostId::WORLD`]. When it returns the run
/// is over and what is left of other tasks is dropped. A panic in any task ends
/// the run; it is reported, not propagated.
///
/// # Panics
///
/// If called inside a run, or inside a tokio runtime.
pub fn run<F, Fut, T>(config: Config, program: F) -> Outcome<T>
where
    F: FnOnce(World) -> Fut,
    Fut: Future<Output = T> + 'static,
    T: 'static,
{
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap_or_else(|error| panic!("no runtime for the run: {error}"));
    let _runtime = runtime.enter();
    panics::install_hook();
    let limit = config.budget.virtual_time;
    let engine = Rc::new(Engine::new(config));
    let entered = context::enter(Rc::clone(&engine));
    let main = engine.spawn_main(program(World::new()));
    let driver = Driver {
        network: Box::pin(tokio::time::sleep_until(engine.start)),
        armed: VirtualTime::ZERO,
        limit: Box::pin(tokio::time::sleep_until(engine.start + limit)),
        engine: Rc::clone(&engine),
    };
    runtime.block_on(tokio::task::unconstrained(driver));
    // Tasks are dropped while the run is still entered: their destructors may
    // close sockets and release locks.
    engine.drop_tasks(|_| true, TaskEnd::Aborted, Disposal::Quiet);
    let value = main.take_value();
    drop(entered);
    let outcome = match Rc::try_unwrap(engine) {
        Ok(engine) => engine.finish(value),
        Err(_) => unreachable!("the driver and the context have let go of the engine"),
    };
    drop(runtime);
    outcome
}

static SERIAL: AtomicU32 = AtomicU32::new(1);

/// The state of a run, shared by the driver and, through the thread's context,
/// by everything that tasks call.
pub(crate) struct Engine {
    serial: u32,
    start: Instant,
    now: Cell<VirtualTime>,
    pub(crate) wakes: WakeQueue,
    pub(crate) core: RefCell<Core>,
}

/// What must never be borrowed while user code runs or is dropped.
pub(crate) struct Core {
    pub(crate) tasks: Vec<Option<Box<Task>>>,
    pub(crate) ready: ReadyQueue,
    /// Picked at a scheduling point: runs next, before anything else is picked.
    next: Option<TaskId>,
    pub(crate) running: Option<TaskId>,
    pub(crate) hosts: Vec<Host>,
    pub(crate) resources: Vec<ResourceInfo>,
    pub(crate) network: Option<Network>,
    pub(crate) net_config: NetConfig,
    pub(crate) draws: Draws,
    strategy: Box<dyn Strategy>,
    next_wait: u64,
    /// The step in which the running task does several things at once, if it does.
    undivided: Option<u64>,
    settlers: Vec<Waker>,
    halted: Option<Verdict>,
    record: Record,
    budget: Budget,
    pub(crate) statistics: Statistics,
    instant: (VirtualTime, u64),
    last_activity: VirtualTime,
}

/// A task that has not ended.
pub(crate) struct Task {
    /// None while it is being polled.
    body: Option<Body>,
    pub(crate) wake: Arc<TaskWake>,
    pub(crate) host: HostId,
    pub(crate) name: String,
    pub(crate) spawned_at: &'static Location<'static>,
    pub(crate) waits: Vec<Wait>,
    /// The resource of the scheduling point at which it stands, if it does.
    pub(crate) at_point: Option<ResourceId>,
    aborted: bool,
}

struct Body {
    future: Pin<Box<dyn Future<Output = ()>>>,
    waker: Waker,
}

/// What is written down, and how much of it.
struct Record {
    recording: Recording,
    fingerprint: Fingerprinter,
    stamped: VirtualTime,
    entries: Vec<Entry>,
}

/// Whether dropped tasks leave entries in the record.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disposal {
    Recorded,
    Quiet,
}

// Tags of effects in the fingerprint; part of its specification.
const TAG_TIME: u8 = 1;
const TAG_POLL: u8 = 2;
const TAG_SPAWN: u8 = 3;
const TAG_END: u8 = 4;
const TAG_PACKET: u8 = 5;
const TAG_ARRIVAL: u8 = 6;
const TAG_FAULT: u8 = 7;
const TAG_NOTE: u8 = 8;
const TAG_TOTAL: u8 = 9;

impl Record {
    /// Takes the time of the next effect in, if it is not that of the last.
    fn stamp(&mut self, at: VirtualTime) {
        if at != self.stamped {
            self.stamped = at;
            self.fingerprint.tag(TAG_TIME).u64(at.as_micros());
        }
    }

    fn absorb(&mut self, at: VirtualTime, effect: &Effect) {
        if self.recording == Recording::Off {
            return;
        }
        self.stamp(at);
        let hash = &mut self.fingerprint;
        match effect {
            Effect::Poll { task } => hash.tagged_u32(TAG_POLL, task.0),
            Effect::Spawn { task, parent, host } => hash
                .tag(TAG_SPAWN)
                .u32(task.0)
                .u32(parent.map_or(u32::MAX, |parent| parent.0))
                .u32(host.0),
            Effect::End { task, how } => hash.tag(TAG_END).u32(task.0).u32(*how as u32),
            Effect::Packet {
                from,
                to,
                len,
                arrives,
            } => hash
                .tag(TAG_PACKET)
                .u32(from.0)
                .u32(to.0)
                .u32(*len)
                .u64(arrives.map_or(u64::MAX, VirtualTime::as_micros)),
            Effect::Arrival { from, to, len } => {
                hash.tag(TAG_ARRIVAL).u32(from.0).u32(to.0).u32(*len)
            }
            Effect::Fault { what } => hash.tag(TAG_FAULT).bytes(what.as_bytes()),
            Effect::Note { task, label, text } => hash
                .tag(TAG_NOTE)
                .u32(task.map_or(u32::MAX, |task| task.0))
                .bytes(label.as_bytes())
                .bytes(text.as_bytes()),
        };
    }
}

impl Core {
    /// Takes an effect into the fingerprint and, if asked to, the history.
    pub(crate) fn record(&mut self, at: VirtualTime, effect: Effect) {
        self.record.absorb(at, &effect);
        if self.record.recording == Recording::Full {
            self.record.entries.push(Entry {
                step: self.statistics.steps,
                at,
                effect,
            });
        }
    }

    /// As `record` of a poll, without the detour by an `Effect`: this is done
    /// more often than anything else.
    fn record_poll(&mut self, at: VirtualTime, task: TaskId) {
        match self.record.recording {
            Recording::Off => {}
            Recording::Fingerprint => {
                self.record.stamp(at);
                self.record.fingerprint.tagged_u32(TAG_POLL, task.0);
            }
            Recording::Full => self.record(at, Effect::Poll { task }),
        }
    }

    /// Moves what was woken to the ready queue.
    fn collect(&mut self, wakes: &WakeQueue) {
        wakes.drain(|id| self.enqueue(id));
    }

    /// Makes a live task ready, or parks it if its host stands still.
    fn enqueue(&mut self, id: TaskId) {
        let Some(task) = self.tasks[id.0 as usize].as_ref() else {
            return;
        };
        let host = &mut self.hosts[task.host.0 as usize];
        if host.state == HostState::Paused {
            host.parked.push(id);
        } else {
            self.ready.push_back(id);
        }
    }

    /// Asks the strategy (or the tape) and takes the pick's index.
    fn pick(&mut self, running: Option<(TaskId, Option<ResourceId>)>) -> usize {
        let candidates = Candidates {
            running,
            ready: &self.ready,
            tasks: &self.tasks,
        };
        let len = candidates.len();
        if len < 2 {
            return 0;
        }
        let strategy = &mut self.strategy;
        let bound = u32::try_from(len).unwrap_or(u32::MAX);
        self.draws.pick(bound, || {
            u32::try_from(strategy.pick(&candidates)).unwrap_or(u32::MAX)
        }) as usize
    }

    /// Counts a step against the budget. False: the run is over.
    fn spend(&mut self, now: VirtualTime) -> bool {
        self.statistics.steps += 1;
        self.last_activity = now;
        if self.instant.0 == now {
            self.instant.1 += 1;
        } else {
            self.instant = (now, 1);
        }
        if self.halted.is_some() {
            return false;
        }
        if self.statistics.steps > self.budget.steps {
            self.halted = Some(Verdict::Unknown {
                steps: self.budget.steps,
            });
        } else if self.instant.1 > self.budget.steps_per_instant {
            self.halted = Some(Verdict::Livelock {
                at: now,
                polls: self.instant.1,
            });
        }
        self.halted.is_none()
    }

    pub(crate) fn task(&self, id: TaskId) -> Option<&Task> {
        self.tasks.get(id.0 as usize)?.as_deref()
    }

    fn task_mut(&mut self, id: TaskId) -> Option<&mut Task> {
        self.tasks.get_mut(id.0 as usize)?.as_deref_mut()
    }

    /// Ids of the tasks that have not ended, oldest first.
    pub(crate) fn live(&self) -> impl Iterator<Item = TaskId> + '_ {
        self.tasks
            .iter()
            .zip(0u32..)
            .filter(|(task, _)| task.is_some())
            .map(|(_, index)| TaskId(index))
    }
}

impl Engine {
    fn new(config: Config) -> Self {
        let Config {
            seed,
            mut strategy,
            replay,
            budget,
            recording,
            net,
        } = config;
        strategy.start(seed);
        let keep = recording == Recording::Full;
        let draws = match replay {
            None => Draws::fresh(seed, keep),
            Some(tape) => Draws::replay(tape, keep),
        };
        Self {
            serial: SERIAL.fetch_add(1, Ordering::Relaxed),
            start: Instant::now(),
            now: Cell::new(VirtualTime::ZERO),
            wakes: WakeQueue::default(),
            core: RefCell::new(Core {
                tasks: Vec::new(),
                ready: ReadyQueue::default(),
                next: None,
                running: None,
                hosts: vec![Host::new("world".to_owned())],
                resources: Vec::new(),
                network: None,
                net_config: net,
                draws,
                strategy,
                next_wait: 0,
                undivided: None,
                settlers: Vec::new(),
                halted: None,
                record: Record {
                    recording,
                    fingerprint: Fingerprinter::new(),
                    stamped: VirtualTime::ZERO,
                    entries: Vec::new(),
                },
                budget,
                statistics: Statistics::default(),
                instant: (VirtualTime::ZERO, 0),
                last_activity: VirtualTime::ZERO,
            }),
        }
    }

    fn spawn_main<Fut>(&self, program: Fut) -> JoinHandle<Fut::Output>
    where
        Fut: Future + 'static,
        Fut::Output: 'static,
    {
        let handle = task::start(self, program, HostId::WORLD, Location::caller());
        self.name_task(handle.task(), "program");
        handle
    }

    fn finish<T>(self, value: Option<T>) -> Outcome<T> {
        let now = self.now.get();
        let mut core = self.core.into_inner();
        let (choices, interesting) = core.draws.counts();
        core.statistics.choices = choices;
        core.statistics.interesting = interesting;
        core.statistics.virtual_time = now;
        let (tape, divergence) = core.draws.finish();
        let mut record = core.record;
        let fingerprint = if record.recording == Recording::Off {
            Default::default()
        } else {
            record
                .fingerprint
                .tag(TAG_TOTAL)
                .u64(core.statistics.steps)
                .u64(choices)
                .u64(now.as_micros());
            record.fingerprint.finish()
        };
        Outcome {
            verdict: core.halted.unwrap_or(Verdict::Pass),
            value,
            fingerprint,
            history: History {
                entries: record.entries,
            },
            tape,
            statistics: core.statistics,
            divergence,
        }
    }

    /// Distinguishes this run from others in the process. Never recorded.
    pub(crate) fn serial(&self) -> u32 {
        self.serial
    }

    pub(crate) fn now(&self) -> VirtualTime {
        self.now.get()
    }

    /// The task that is being polled.
    pub(crate) fn running(&self) -> Option<TaskId> {
        self.core.borrow().running
    }

    /// The host of the task that is being polled, else the world.
    pub(crate) fn current_host(&self) -> HostId {
        let core = self.core.borrow();
        core.running
            .and_then(|id| core.task(id))
            .map_or(HostId::WORLD, |task| task.host)
    }

    // Scheduling points -----------------------------------------------------

    /// The running task is about to touch `resource`. False: another task goes
    /// first; the caller returns `Pending` and is polled again without a wake.
    /// With `polled_once` the caller could not do that, and goes on.
    pub(crate) fn point(&self, resource: Option<ResourceId>, polled_once: bool) -> bool {
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        let Some(me) = core.running else {
            return true;
        };
        if let Some(resource) = resource {
            core.strategy.touched(me, resource);
        }
        if polled_once || core.undivided == Some(core.statistics.steps) {
            return true;
        }
        core.collect(&self.wakes);
        if core.ready.is_empty() {
            // Nobody to switch to; the step still counts, so that a loop that
            // never waits runs into its budget.
            return core.spend(self.now.get()) || self.requeue(core, me, resource);
        }
        if core.next.is_some() {
            // A point of another branch of this task has switched away already.
            return self.requeue(core, me, resource);
        }
        let index = core.pick(Some((me, resource)));
        if index == 0 {
            return core.spend(self.now.get()) || self.requeue(core, me, resource);
        }
        core.next = core.ready.remove(index - 1);
        self.requeue(core, me, resource)
    }

    /// Puts the running task at the head of the queue: it is the boring pick
    /// once the other one has to wait. Always false, for `point`.
    fn requeue(&self, core: &mut Core, me: TaskId, resource: Option<ResourceId>) -> bool {
        if let Some(task) = core.task_mut(me) {
            task.at_point = resource;
            if task.wake.claim() {
                core.ready.push_front(me);
            }
        }
        false
    }

    /// Whether a point has switched the running task away since it was polled.
    pub(crate) fn is_switched_away(&self) -> bool {
        let core = self.core.borrow();
        core.running.is_some() && (core.next.is_some() || core.halted.is_some())
    }

    /// No other task comes in between until [`Engine::divide`] or the end of the
    /// task's poll. None if this is so already; else what `divide` wants.
    pub(crate) fn unite(&self) -> Option<u64> {
        let mut core = self.core.borrow_mut();
        // Steps do not count on while there are no points, but each poll is one.
        let step = core.statistics.steps;
        if core.undivided == Some(step) {
            return None;
        }
        core.undivided = Some(step);
        Some(step)
    }

    /// Ends what began with [`Engine::unite`], if it has not ended by itself.
    pub(crate) fn divide(&self, step: u64) {
        let mut core = self.core.borrow_mut();
        if core.undivided == Some(step) {
            core.undivided = None;
        }
    }

    pub(crate) fn touch(&self, resource: ResourceId) {
        let mut core = self.core.borrow_mut();
        if let Some(me) = core.running {
            core.strategy.touched(me, resource);
        }
    }

    pub(crate) fn register(
        &self,
        kind: ResourceKind,
        created_at: &'static Location<'static>,
    ) -> ResourceId {
        let mut core = self.core.borrow_mut();
        let id = ResourceId(u32::try_from(core.resources.len()).unwrap_or(u32::MAX));
        core.resources.push(ResourceInfo {
            kind,
            created_at,
            holders: Vec::new(),
        });
        id
    }

    /// The running task holds `resource` from now on; which task that is.
    pub(crate) fn hold(&self, resource: ResourceId) -> Option<TaskId> {
        let mut core = self.core.borrow_mut();
        let task = core.running?;
        core.resources[resource.0 as usize].holders.push(task);
        Some(task)
    }

    pub(crate) fn release(&self, resource: ResourceId, task: TaskId) {
        let mut core = self.core.borrow_mut();
        let holders = &mut core.resources[resource.0 as usize].holders;
        if let Some(index) = holders.iter().position(|holder| *holder == task) {
            holders.swap_remove(index);
        }
        if let Some(me) = core.running {
            core.strategy.touched(me, resource);
        }
    }

    /// The running task waits for `resource`; which task, and the entry's id.
    pub(crate) fn begin_wait(
        &self,
        resource: ResourceId,
        operation: &'static str,
    ) -> Option<(TaskId, u64)> {
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        let me = core.running?;
        let id = core.next_wait;
        core.next_wait += 1;
        if core.resources[resource.0 as usize].kind.is_lock() {
            core.statistics.lock_waits += 1;
        }
        if let Some(task) = core.task_mut(me) {
            task.waits.push(Wait {
                id,
                resource,
                operation,
            });
        }
        Some((me, id))
    }

    pub(crate) fn end_wait(&self, task: TaskId, id: u64) {
        let mut core = self.core.borrow_mut();
        if let Some(task) = core.task_mut(task) {
            // Mostly there is one, or the last goes first.
            if task.waits.last().is_some_and(|wait| wait.id == id) {
                task.waits.pop();
            } else {
                task.waits.retain(|wait| wait.id != id);
            }
        }
    }

    // Tasks -----------------------------------------------------------------

    pub(crate) fn add_task(
        &self,
        future: impl FnOnce(TaskId) -> Pin<Box<dyn Future<Output = ()>>>,
        host: HostId,
        spawned_at: &'static Location<'static>,
    ) -> TaskId {
        let id = {
            let mut core = self.core.borrow_mut();
            let core = &mut *core;
            let id = TaskId(u32::try_from(core.tasks.len()).unwrap_or(u32::MAX));
            core.tasks.push(None);
            core.statistics.tasks += 1;
            let parent = core.running;
            core.record(
                self.now.get(),
                Effect::Spawn {
                    task: id,
                    parent,
                    host,
                },
            );
            core.strategy.spawned(id, parent);
            id
        };
        let future = future(id);
        let wake = self.wakes.task(id);
        let waker = Waker::from(Arc::clone(&wake));
        let mut core = self.core.borrow_mut();
        core.tasks[id.0 as usize] = Some(Box::new(Task {
            body: Some(Body { future, waker }),
            wake,
            host,
            name: String::new(),
            spawned_at,
            waits: Vec::new(),
            at_point: None,
            aborted: false,
        }));
        core.collect(&self.wakes);
        core.enqueue(id);
        id
    }

    pub(crate) fn name_task(&self, id: TaskId, name: &str) {
        if let Some(task) = self.core.borrow_mut().task_mut(id) {
            name.clone_into(&mut task.name);
        }
    }

    /// Has the task dropped the next time it would be polled, as tokio does.
    pub(crate) fn abort(&self, id: TaskId) {
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        let Some(task) = core.task_mut(id) else {
            return;
        };
        task.aborted = true;
        if task.wake.claim() {
            core.collect(&self.wakes);
            core.enqueue(id);
        }
    }

    pub(crate) fn is_alive(&self, id: TaskId) -> bool {
        self.core.borrow().task(id).is_some()
    }

    /// A task panicked: the run is over.
    pub(crate) fn panicked(&self, id: TaskId, message: String, location: String) {
        let mut core = self.core.borrow_mut();
        let task = deadlock::describe_task(&core, id);
        core.halted.get_or_insert(Verdict::Panic(PanicReport {
            task,
            message,
            location,
            at: self.now.get(),
        }));
    }

    fn poll_task(&self, id: TaskId) {
        let body = {
            let mut core = self.core.borrow_mut();
            let core = &mut *core;
            if !core.spend(self.now.get()) {
                return;
            }
            let Some(task) = core.task_mut(id) else {
                return;
            };
            task.wake.begin_poll();
            task.at_point = None;
            let aborted = task.aborted;
            let body = task.body.take();
            if aborted {
                core.running = None;
                drop_later(core, id, TaskEnd::Aborted, self.now.get());
                Err(body)
            } else {
                core.running = Some(id);
                core.record_poll(self.now.get(), id);
                Ok(body)
            }
        };
        let mut body = match body {
            Ok(Some(body)) => body,
            Ok(None) => return,
            Err(aborted) => return drop(aborted),
        };
        let mut cx = Context::from_waker(&body.waker);
        let poll = body.future.as_mut().poll(&mut cx);
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        core.running = None;
        if poll.is_ready() {
            let panicked = matches!(core.halted, Some(Verdict::Panic(_)));
            let how = if panicked {
                TaskEnd::Panicked
            } else {
                TaskEnd::Returned
            };
            drop_later(core, id, how, self.now.get());
        } else if let Some(task) = core.task_mut(id) {
            task.body = Some(body);
            if core.halted.is_none()
                && let Some(verdict) = deadlock::closed_cycle(core, id, self.now.get())
            {
                core.halted = Some(verdict);
            }
        }
        // Else the task's host crashed while it ran; its future is dropped here,
        // after the borrow, because `body` was declared before `core`.
    }

    /// Takes the chosen tasks out and drops them, oldest first.
    pub(crate) fn drop_tasks(
        &self,
        which: impl Fn(&Task) -> bool,
        how: TaskEnd,
        disposal: Disposal,
    ) {
        let doomed: Vec<Box<Task>> = {
            let mut core = self.core.borrow_mut();
            let core = &mut *core;
            let ids: Vec<TaskId> = core
                .live()
                .filter(|id| core.task(*id).is_some_and(&which))
                .collect();
            let doomed = ids
                .iter()
                .filter_map(|id| {
                    if disposal == Disposal::Recorded {
                        core.record(self.now.get(), Effect::End { task: *id, how });
                        core.strategy.ended(*id);
                    }
                    core.tasks[id.0 as usize].take()
                })
                .collect();
            let tasks = &core.tasks;
            core.ready.retain(|id| tasks[id.0 as usize].is_some());
            if core.next.is_some_and(|id| tasks[id.0 as usize].is_none()) {
                core.next = None;
            }
            doomed
        };
        for task in doomed {
            // A destructor that panics must not take the simulator with it.
            if let Err(caught) = panics::catch(|| drop(task)) {
                self.panicked(TaskId(u32::MAX), caught.message, caught.location);
            }
        }
    }

    // Choices and the record ------------------------------------------------

    pub(crate) fn draws<R>(&self, f: impl FnOnce(&mut Draws) -> R) -> R {
        f(&mut self.core.borrow_mut().draws)
    }

    pub(crate) fn note(&self, label: &'static str, text: String) {
        let mut core = self.core.borrow_mut();
        let task = core.running;
        core.record(self.now.get(), Effect::Note { task, label, text });
    }

    pub(crate) fn add_settler(&self, waker: Waker) {
        self.core.borrow_mut().settlers.push(waker);
    }

    pub(crate) fn is_quiet(&self) -> bool {
        let mut core = self.core.borrow_mut();
        core.collect(&self.wakes);
        core.ready.is_empty()
            && core
                .network
                .as_ref()
                .is_none_or(|network| network.is_quiet())
    }

    /// Has a host stand still: its ready tasks are put aside.
    pub(crate) fn park(&self, id: HostId) {
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        core.collect(&self.wakes);
        core.hosts[id.0 as usize].state = HostState::Paused;
        let tasks = &core.tasks;
        let parked = &mut core.hosts[id.0 as usize].parked;
        core.ready.retain(|task| {
            let here = tasks[task.0 as usize]
                .as_ref()
                .is_some_and(|task| task.host == id);
            if here {
                parked.push(task);
            }
            !here
        });
    }

    /// Unparks the tasks of a host that stood still.
    pub(crate) fn unpark(core: &mut Core, host: HostId) {
        let parked = std::mem::take(&mut core.hosts[host.0 as usize].parked);
        for id in parked {
            core.enqueue(id);
        }
    }
}

/// Strikes a task off the books; the caller drops its future.
fn drop_later(core: &mut Core, id: TaskId, how: TaskEnd, now: VirtualTime) {
    core.record(now, Effect::End { task: id, how });
    core.strategy.ended(id);
    core.tasks[id.0 as usize] = None;
}

/// The future that tokio polls.
struct Driver {
    engine: Rc<Engine>,
    /// Set to the next packet's arrival.
    network: Pin<Box<tokio::time::Sleep>>,
    armed: VirtualTime,
    /// The end of virtual time.
    limit: Pin<Box<tokio::time::Sleep>>,
}

impl Future for Driver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let engine = Rc::clone(&this.engine);
        engine.wakes.enter(cx.waker());
        let elapsed = Instant::now() - engine.start;
        engine.now.set(VirtualTime::ZERO + elapsed);
        loop {
            match engine.next_task() {
                Next::Task(id) => engine.poll_task(id),
                Next::Over => return Poll::Ready(()),
                Next::Idle => {
                    if engine.advance_network() || this.network_due(cx) {
                        continue;
                    }
                    if engine.settle() {
                        continue;
                    }
                    if this.limit.as_mut().poll(cx).is_ready() {
                        engine.out_of_time();
                        return Poll::Ready(());
                    }
                    if engine.wakes.leave() {
                        engine.wakes.enter(cx.waker());
                        continue;
                    }
                    return Poll::Pending;
                }
            }
        }
    }
}

impl Driver {
    /// Arms the timer of the next arrival. True if that is due already.
    fn network_due(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(at) = self.engine.next_arrival() else {
            return false;
        };
        if at <= self.engine.now.get() {
            return true;
        }
        if self.armed != at {
            self.armed = at;
            let deadline = self.engine.start + (at - VirtualTime::ZERO);
            self.network.as_mut().reset(deadline);
        }
        self.network.as_mut().poll(cx).is_ready()
    }
}

enum Next {
    Task(TaskId),
    Idle,
    Over,
}

impl Engine {
    fn next_task(&self) -> Next {
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        core.collect(&self.wakes);
        // The program is task 0; the run is over when it is.
        if core.halted.is_some() || core.tasks.first().is_none_or(Option::is_none) {
            return Next::Over;
        }
        if let Some(id) = core.next.take() {
            return Next::Task(id);
        }
        if core.ready.is_empty() {
            return Next::Idle;
        }
        let index = core.pick(None);
        core.ready.remove(index).map_or(Next::Idle, Next::Task)
    }

    /// Nothing is ready and nothing is in flight: those who wait for that may go.
    fn settle(&self) -> bool {
        if !self.is_quiet() {
            return false;
        }
        let settlers = std::mem::take(&mut self.core.borrow_mut().settlers);
        let any = !settlers.is_empty();
        settlers.into_iter().for_each(Waker::wake);
        any
    }

    /// Virtual time is up. If no timer was pending, nothing could ever have run.
    fn out_of_time(&self) {
        let mut core = self.core.borrow_mut();
        let verdict = deadlock::out_of_time(&core, core.last_activity, core.budget.virtual_time);
        core.halted.get_or_insert(verdict);
    }
}
