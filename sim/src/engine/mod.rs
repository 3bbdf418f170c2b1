//! The engine: one future that owns every task, polls one at a time and decides
//! which is next.
//!
//! It runs inside a tokio current-thread runtime whose clock is paused. When no
//! task is ready and no packet is due it returns `Pending`; tokio then jumps to
//! the next timer. So `tokio::time` works unmodified, an idle hour costs
//! nothing, and the order of polls is ours.

pub(crate) mod cancellations;
pub(crate) mod context;
mod core;
pub(crate) mod deadlock;
mod driver;
mod heartbeat;
pub(crate) mod host;
pub(crate) mod interest;
mod interruptions;
mod leaks;
pub(crate) mod losses;
pub(crate) mod network;
mod observations;
pub(crate) mod panics;
mod plain_locks;
pub(crate) mod plain_tasks;
mod points;
mod postponed;
mod record;
mod spare;
mod spawn_tree;
pub(crate) mod stack_values;
pub(crate) mod stacks;
mod task_choices;
mod tasks;
pub(crate) mod timers;
pub(crate) mod wait;
pub(crate) mod wake_queue;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::ambient::Ambient;
use crate::engine::host::Host;
use crate::extensions::Extensions;
use crate::ids::{HostId, TaskId};
use crate::index_vec::IndexVec;
use crate::net::NetConfig;
use crate::operation::Interleave;
use crate::schedule::strategy::{Fifo, Following, Strategy};
use crate::schedule::{ChoiceSource, Choices, ReadyQueue, ResourceLabels};
use crate::time::VirtualTime;
use crate::trace::{
    Effect, Fingerprinter, HappensBefore, LogLine, Outcome, Statistics, Trace, Verdict,
};

use self::cancellations::Cancellations;
pub(crate) use self::cancellations::OuterPoll;
pub(crate) use self::core::{Core, Disposal, Exemption, Task};
pub(crate) use self::driver::Driver;
pub use self::heartbeat::{Beat, Heartbeat};
pub use self::host::{ClockSkew, HostState};
use self::interruptions::Interruptions;
pub use self::interruptions::{INTERRUPTS_PLAIN_TASKS, PlainTaskPolicy};
pub use self::leaks::Leaks;
use self::losses::Losses;
use self::observations::Observations;
use self::plain_tasks::PlainTasks;
use self::record::{Record, TAG_TOTAL};
use self::spare::Spare;
use self::spawn_tree::SpawnTree;
use self::stacks::Stacks;
use self::task_choices::TaskChoices;
use self::timers::Timers;
use self::wake_queue::WakeQueue;

/// The configuration of a run.
pub struct Config {
    /// Seed of every fresh draw and of the strategy.
    pub seed: u64,
    /// The strategy, which picks the next task.
    pub strategy: Box<dyn Strategy>,
    /// The source of choices.
    pub choices: Choices,
    /// Limits.
    pub budget: Budget,
    /// The parts of the run that are kept.
    pub recording: Recording,
    /// The behaviour of the network.
    pub net: NetConfig,
    /// The source of ambient randomness and time.
    pub ambient: Ambient,
    /// The policy for leaks.
    pub leaks: Leaks,
    /// The most tasks and time-outs that the run may cancel: a spawned task is dropped at one of
    /// its awaits, a time-out fires early. The program and those of hosts are never dropped.
    pub cancellations: u32,
    /// The operations that are scheduling points.
    pub interleave: Interleave,
    /// The size of the stacks on which tasks run if operations are points, in bytes.
    pub stack_size: usize,
    /// The treatment of tasks that libraries spawn on plain tokio.
    pub plain_tasks: PlainTaskPolicy,
    /// The run's progress, for a thread outside it.
    pub heartbeat: Arc<Heartbeat>,
}

/// The size of a stack in bytes, where nothing else is set: that of tokio's worker threads.
pub const STACK_SIZE: usize = 2 << 20;

impl Default for Config {
    /// Returns seed 0, `fifo`, fresh choices, fingerprint only; leaks fail,
    /// nothing is cancelled.
    fn default() -> Self {
        Self {
            seed: 0,
            strategy: Box::new(Fifo),
            choices: Choices::Fresh,
            budget: Budget::default(),
            recording: Recording::Fingerprint,
            net: NetConfig::default(),
            ambient: Ambient::default(),
            leaks: Leaks::default(),
            cancellations: 0,
            interleave: Interleave::default(),
            stack_size: STACK_SIZE,
            plain_tasks: PlainTaskPolicy::default(),
            heartbeat: Arc::default(),
        }
    }
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("seed", &self.seed)
            .field("strategy", &self.strategy.name())
            .field("choices", &self.choices)
            .field("budget", &self.budget)
            .field("recording", &self.recording)
            .field("net", &self.net)
            .field("ambient", &self.ambient)
            .field("leaks", &self.leaks)
            .field("cancellations", &self.cancellations)
            .field("interleave", &self.interleave)
            .field("stack_size", &self.stack_size)
            .field("plain_tasks", &self.plain_tasks)
            .field("heartbeat", &self.heartbeat)
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
    /// Returns 100 million steps, 2 hours, 5 million steps an instant.
    fn default() -> Self {
        Self {
            steps: 100_000_000,
            virtual_time: Duration::from_secs(2 * 3600),
            steps_per_instant: 5_000_000,
        }
    }
}

/// The parts of a run that are kept. The run itself is the same either way.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Recording {
    /// Nothing; the fingerprint is zero. For measuring the cost of recording.
    Off,
    /// The fingerprint: enough to explore, because the seed gives the rest.
    Fingerprint,
    /// The fingerprint, the tape and the trace.
    Full,
    /// As `Full`, with the lines of code at which tasks were passed over, and what others did
    /// meanwhile: for the report of a failure. Takes backtraces, so it is slow.
    Observed,
}

static SERIAL: AtomicU32 = AtomicU32::new(1);

/// The state of a run, shared by the driver and, through the thread's context,
/// by everything that tasks call.
pub(crate) struct Engine {
    pub(super) serial: u32,
    pub(crate) start: Instant,
    pub(super) now: Cell<VirtualTime>,
    /// The same, with what tokio's clock has below a microsecond.
    elapsed: Cell<Duration>,
    pub(crate) wakes: WakeQueue,
    /// Apart from the core, because wakers of user code are dropped and woken.
    timers: RefCell<Timers>,
    /// Apart from the core, because it holds values of user code.
    pub(crate) extensions: Extensions,
    pub(crate) core: RefCell<Core>,
}

impl Engine {
    pub(crate) fn new(config: Config) -> Self {
        let Config {
            seed,
            mut strategy,
            choices,
            budget,
            recording,
            net,
            ambient: _,
            leaks,
            cancellations,
            interleave,
            stack_size,
            plain_tasks,
            heartbeat,
        } = config;
        strategy.start(seed);
        let keep = recording >= Recording::Full;
        let addressed = keep || !matches!(choices, Choices::Fresh);
        let mut draws = ChoiceSource::new(seed, choices, keep);
        let can_postpone = match draws.replays_picks() {
            true => draws.replays_postponements(),
            false => strategy.can_postpone(),
        };
        let following = strategy.follows_ready();
        let receives_steps = strategy.receives_steps();
        let spare = Spare::take();
        let mut ready = ReadyQueue::default();
        ready.follow(following == Following::Always);
        let effects = Rc::default();
        let mut record = Record {
            recording,
            fingerprint: Fingerprinter::within(spare.fingerprinted),
            stamped: VirtualTime::ZERO,
            trace: Trace::default(),
            effects: Rc::clone(&effects),
            switches: Vec::new(),
            postponements: Vec::new(),
            observations: Observations::default(),
            tasks: Vec::new(),
        };
        if keep {
            record.reserve(&mut draws, spare.recorded);
        }
        let mut hosts = IndexVec::default();
        let world = hosts.push(Host::new("world".to_owned()));
        assert_eq!(world, HostId::WORLD);
        Self {
            serial: SERIAL.fetch_add(1, Ordering::Relaxed),
            start: Instant::now(),
            now: Cell::new(VirtualTime::ZERO),
            elapsed: Cell::default(),
            wakes: WakeQueue::new(spare.woken, effects),
            timers: RefCell::default(),
            extensions: Extensions::default(),
            core: RefCell::new(Core {
                tasks: spare.tasks,
                points: spare.points,
                ready,
                next: None,
                postponed: VecDeque::new(),
                can_postpone,
                running: None,
                last: None,
                spawn_tree: SpawnTree::within(spare.nodes, addressed),
                happens_before: HappensBefore::within(spare.task_states, spare.resource_states),
                hosts,
                plain_tasks: PlainTasks::default(),
                resources: spare.resources,
                network: None,
                net_config: net,
                has_skewed_clock: false,
                draws,
                labels: strategy.reads_labels().then(ResourceLabels::default),
                strategy,
                following,
                receives_steps,
                task_choices: TaskChoices::new(seed),
                cancellations: Cancellations::new(seed, cancellations),
                interruptions: Interruptions::new(seed, plain_tasks),
                losses: Losses::new(seed),
                plain_waits: Vec::new(),
                stacks: Stacks::new(stack_size, interleave),
                next_wait: 0,
                atomic_step: None,
                quiescence_waiters: Vec::new(),
                with_wakers_out: 0,
                halted: None,
                record,
                recorded: spare.recorded,
                budget,
                heartbeat,
                leaks,
                statistics: Statistics::default(),
                instant: self::core::Instant::new(VirtualTime::ZERO, 0, &budget),
                last_activity: VirtualTime::ZERO,
            }),
        }
    }

    /// Returns the outcome of the run, which is over.
    pub(crate) fn finish(&self) -> Outcome<()> {
        let now = self.now.get();
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        let (choices, deviations) = core.draws.counts();
        core.statistics.choices = choices;
        core.statistics.deviations = deviations;
        core.statistics.virtual_time = now;
        if core.observes() {
            core.report_meanwhile();
        }
        if core.record.recording >= Recording::Full {
            core.recorded = core.record.lengths(&core.draws);
        }
        let unheard = core.unheard();
        let (tape, divergence) = core.draws.finish();
        let record = &mut core.record;
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
        let mut tasks = std::mem::take(&mut record.tasks);
        tasks.sort_by_key(|task| task.id);
        Outcome {
            verdict: core.halted.take().unwrap_or(Verdict::Pass),
            value: None,
            fingerprint,
            trace: std::mem::take(&mut record.trace),
            tape,
            switches: std::mem::take(&mut record.switches),
            postponements: std::mem::take(&mut record.postponements),
            unheard,
            decisions: std::mem::take(&mut core.task_choices.made),
            interruptions: std::mem::take(&mut core.interruptions.made),
            losses: std::mem::take(&mut core.losses.made),
            tasks,
            interleaving: core.happens_before.interleaving(),
            statistics: std::mem::take(&mut core.statistics),
            locks: wait::contended(&core.resources),
            interleave: core.stacks.interleave(),
            divergence,
        }
    }

    /// Returns the number that distinguishes this run from others in the process. Never
    /// recorded.
    pub(crate) fn serial(&self) -> u32 {
        self.serial
    }

    /// Reads tokio's clock, for the run and for its hermetic scope.
    pub(crate) fn read_clock(&self) {
        self.set_clock(Instant::now() - self.start);
    }

    /// Sets the clock of the run, and of its hermetic scope, to so long after the start: tokio's
    /// clock is there already.
    fn set_clock(&self, elapsed: Duration) {
        let now = VirtualTime::ZERO + elapsed;
        assert!(now >= self.now.get(), "virtual time does not go back");
        self.now.set(now);
        self.elapsed.set(elapsed);
        rehearsal_hermetic::set_elapsed(elapsed);
    }

    pub(crate) fn now(&self) -> VirtualTime {
        self.now.get()
    }

    /// Returns the task that is being polled.
    #[inline]
    pub(crate) fn running(&self) -> Option<TaskId> {
        self.core.borrow().running
    }

    /// Returns the host of the task, or the plain task, that is being polled; else the world.
    pub(crate) fn current_host(&self) -> HostId {
        let core = self.core.borrow();
        match core.running.and_then(|id| core.task(id)) {
            Some(task) => task.host,
            None => core.plain_tasks.current_host(),
        }
    }

    pub(crate) fn draws<R>(&self, f: impl FnOnce(&mut ChoiceSource) -> R) -> R {
        f(&mut self.core.borrow_mut().draws)
    }

    /// Returns `true` unless nothing at all is recorded.
    pub(crate) fn keeps_notes(&self) -> bool {
        self.core.borrow().record.recording != Recording::Off
    }

    pub(crate) fn note(&self, label: &'static str, text: String) {
        let mut core = self.core.borrow_mut();
        let task = core.running;
        core.record(self.now.get(), Effect::Note { task, label, text });
    }

    /// Adds a line of a log, if the recording is full. Code may log wherever it runs, in a drop
    /// within the engine too: such a line is lost.
    pub(crate) fn log(&self, level: &'static str, text: impl FnOnce() -> String) {
        let is_recorded = |core: &Core| core.record.recording >= Recording::Full;
        if !self.core.try_borrow().is_ok_and(|core| is_recorded(&core)) {
            return;
        }
        // Not within a borrow: what is formatted may call the engine.
        let text = text();
        if let Ok(mut core) = self.core.try_borrow_mut() {
            let line = LogLine {
                effects: core.record.trace.entries.len(),
                step: core.statistics.steps,
                at: self.now.get(),
                task: core.running,
                level,
                text,
            };
            core.record.trace.logs.push(line);
        }
    }
}
