//! The engine: one future that owns every task, polls one at a time and decides
//! which is next.
//!
//! It runs inside a tokio current-thread runtime whose clock is paused. When no
//! task is ready and no packet is due it returns `Pending`; tokio then jumps to
//! the next timer. So `tokio::time` works unmodified, an idle hour costs
//! nothing, and the order of polls is ours.

mod causality;
mod core;
mod driver;
mod lineage;
mod points;
mod record;
mod tasks;

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::panic::Location;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::ambient::Ambient;
use crate::context;
use crate::fingerprint::Fingerprinter;
use crate::history::{Effect, History, TaskEnd};
use crate::host::{Host, HostId};
use crate::net::NetConfig;
use crate::outcome::{Outcome, Statistics, Verdict};
use crate::panics;
use crate::ready::ReadyQueue;
use crate::strategy::{Fifo, Strategy};
use crate::tape::{Choices, Draws};
use crate::task::{self, JoinHandle};
use crate::time::VirtualTime;
use crate::wait::TaskId;
use crate::wake::WakeQueue;
use crate::world::World;

use self::causality::Causality;
pub use self::causality::Interleaving;
pub(crate) use self::core::{Core, Disposal, Task};
use self::driver::Driver;
use self::lineage::Lineage;
use self::record::{Record, TAG_TOTAL};

/// How a run is made.
pub struct Config {
    /// Seed of every fresh draw and of the strategy.
    pub seed: u64,
    /// Who picks the next task.
    pub strategy: Box<dyn Strategy>,
    /// Where choices come from.
    pub choices: Choices,
    /// Limits.
    pub budget: Budget,
    /// What is kept.
    pub recording: Recording,
    /// How the network behaves.
    pub net: NetConfig,
    /// Who answers when code asks the machine for randomness or the time.
    pub ambient: Ambient,
}

impl Default for Config {
    /// Seed 0, `fifo`, fresh choices, fingerprint only.
    fn default() -> Self {
        Self {
            seed: 0,
            strategy: Box::new(Fifo),
            choices: Choices::Fresh,
            budget: Budget::default(),
            recording: Recording::Fingerprint,
            net: NetConfig::default(),
            ambient: Ambient::default(),
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
/// If called inside a run, or inside a tokio runtime; or if the run is to be
/// [hermetic](Ambient::Hermetic) and the thread is not fresh.
pub fn run<F, Fut, T>(config: Config, program: F) -> Outcome<T>
where
    F: FnOnce(World) -> Fut,
    Fut: Future<Output = T> + 'static,
    T: 'static,
{
    let _ambient = config.ambient.enter(config.seed);
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().start_paused(true);
    // A timer may have woken a task of tokio's own and not the driver: it, too, gets
    // the time from the run.
    builder.on_thread_unpark(|| {
        context::with(Engine::read_clock);
    });
    // What tokio's own `select!` draws. It can be seeded only in such a build.
    #[cfg(tokio_unstable)]
    builder.rng_seed(tokio::runtime::RngSeed::from_bytes(
        &config.seed.to_le_bytes(),
    ));
    let runtime = builder
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
    pub(super) serial: u32,
    pub(super) start: Instant,
    pub(super) now: Cell<VirtualTime>,
    pub(crate) wakes: WakeQueue,
    pub(crate) core: RefCell<Core>,
}

impl Engine {
    fn new(config: Config) -> Self {
        let Config {
            seed,
            mut strategy,
            choices,
            budget,
            recording,
            net,
            ambient: _,
        } = config;
        strategy.start(seed);
        let keep = recording == Recording::Full;
        let addressed = keep || matches!(choices, Choices::Replay(_));
        let draws = Draws::new(seed, choices, keep);
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
                last: None,
                lineage: Lineage::new(addressed),
                causality: Causality::default(),
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
                    switches: Vec::new(),
                    cast: Vec::new(),
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
        let switches = core.switches();
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
        record.cast.sort_by_key(|member| member.id);
        Outcome {
            verdict: core.halted.unwrap_or(Verdict::Pass),
            value,
            fingerprint,
            history: History {
                entries: record.entries,
            },
            tape,
            switches,
            cast: record.cast,
            interleaving: core.causality.interleaving(),
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

    pub(crate) fn draws<R>(&self, f: impl FnOnce(&mut Draws) -> R) -> R {
        f(&mut self.core.borrow_mut().draws)
    }

    pub(crate) fn note(&self, label: &'static str, text: String) {
        let mut core = self.core.borrow_mut();
        let task = core.running;
        core.record(self.now.get(), Effect::Note { task, label, text });
    }
}
