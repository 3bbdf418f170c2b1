//! The runs under way, for a thread outside them.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use rehearsal_sim::{Beat, Heartbeat, PickDeviation};

use super::RunOptions;
use super::target::Target;

thread_local! {
    static CURRENT: RefCell<Option<Worker>> = const { RefCell::new(None) };
}

/// All that is watched in this process, for a report on demand.
static WATCHED: Mutex<Vec<Weak<Workers>>> = Mutex::new(Vec::new());

/// The threads whose runs are watched together.
pub(crate) struct Workers {
    /// The name of the target whose runs they are.
    target: String,
    slots: Mutex<Vec<Arc<Slot>>>,
}

/// The run of one thread, if it is in one.
#[derive(Default)]
struct Slot {
    heartbeat: Arc<Heartbeat>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The runs that were begun.
    begun: u64,
    run: Option<UnderWay>,
}

/// A run under way.
#[derive(Clone)]
pub(crate) struct UnderWay {
    target: usize,
    /// The way in which it runs.
    pub(crate) options: RunOptions,
    /// Where it leaves the default schedule, in a search.
    pub(crate) deviations: Vec<PickDeviation>,
}

impl UnderWay {
    /// Returns `true` if it is a run of that very value, and not of a variant.
    pub(crate) fn is_of(&self, target: &dyn Target) -> bool {
        self.target == address(target)
    }
}

/// The place at which a thread's run is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Position {
    /// The number of the run on its thread.
    pub(crate) run: u64,
    /// Its step.
    pub(crate) beat: Beat,
}

impl Workers {
    /// Returns none yet for runs of that target and of its variants.
    pub(crate) fn of(target: &dyn Target) -> Arc<Self> {
        let workers = Arc::new(Self {
            target: target.name().to_owned(),
            slots: Mutex::default(),
        });
        let mut watched = lock(&WATCHED);
        watched.retain(|workers| workers.strong_count() > 0);
        watched.push(Arc::downgrade(&workers));
        workers
    }

    /// Returns the lines of a report on the runs under way.
    #[cfg(feature = "cli")]
    fn lines(&self) -> Vec<String> {
        let slots = lock(&self.slots);
        let line = |slot: &Arc<Slot>| {
            let state = lock(&slot.state);
            let options = &state.run.as_ref()?.options;
            let step = slot.heartbeat.read().map_or(0, |beat| beat.step);
            Some(format!(
                "  {}  seed {}  {}  step {step}, run {} of its thread\n",
                self.target, options.seed, options.strategy, state.begun
            ))
        };
        slots.iter().filter_map(line).collect()
    }

    /// Returns, for each thread, the place at which its run is; none outside a run.
    pub(crate) fn positions(&self) -> Vec<Option<Position>> {
        let slots = lock(&self.slots);
        let position = |slot: &Arc<Slot>| {
            let run = lock(&slot.state).begun;
            let beat = slot.heartbeat.read()?;
            Some(Position { run, beat })
        };
        slots.iter().map(position).collect()
    }

    /// Returns the run of that thread, if it is in one.
    pub(crate) fn under_way(&self, index: usize) -> Option<UnderWay> {
        let slots = lock(&self.slots);
        let state = lock(&slots.get(index)?.state);
        state.run.clone()
    }
}

/// Returns a line for each run under way in this process.
#[cfg(feature = "cli")]
pub(crate) fn report() -> String {
    let watched: Vec<Arc<Workers>> = {
        let watched = lock(&WATCHED);
        watched.iter().filter_map(Weak::upgrade).collect()
    };
    let lines: String = watched.iter().flat_map(|workers| workers.lines()).collect();
    if lines.is_empty() {
        return "no run is under way in this process\n".to_owned();
    }
    format!("under way:\n{lines}")
}

/// A thread whose runs are watched.
struct Worker {
    workers: Arc<Workers>,
    slot: Arc<Slot>,
}

/// Has the runs of this thread be watched until the guard is dropped.
pub(crate) fn enter(workers: &Arc<Workers>) -> Entered {
    let slot = Arc::<Slot>::default();
    lock(&workers.slots).push(Arc::clone(&slot));
    let worker = Worker {
        workers: Arc::clone(workers),
        slot,
    };
    Entered(CURRENT.replace(Some(worker)))
}

/// Returns those that this thread's runs are watched with, if they are.
pub(crate) fn current() -> Option<Arc<Workers>> {
    CURRENT.with_borrow(|worker| worker.as_ref().map(|worker| Arc::clone(&worker.workers)))
}

/// A guard; what was watched before is watched again.
pub(crate) struct Entered(Option<Worker>);

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}

/// Begins a run of this thread, which ends when the guard is dropped. Returns the options with
/// the thread's heartbeat.
pub(super) fn begin(
    target: &dyn Target,
    mut options: RunOptions,
    deviations: &[PickDeviation],
) -> (RunOptions, Option<Running>) {
    let slot = CURRENT.with_borrow(|worker| worker.as_ref().map(|it| Arc::clone(&it.slot)));
    let Some(slot) = slot else {
        return (options, None);
    };
    options.heartbeat = Arc::clone(&slot.heartbeat);
    let mut state = lock(&slot.state);
    state.begun += 1;
    state.run = Some(UnderWay {
        target: address(target),
        options: options.clone(),
        deviations: deviations.to_vec(),
    });
    drop(state);
    (options, Some(Running(slot)))
}

/// A guard; the run has ended.
pub(super) struct Running(Arc<Slot>);

impl Drop for Running {
    fn drop(&mut self) {
        lock(&self.0.state).run = None;
    }
}

fn address(target: &dyn Target) -> usize {
    std::ptr::from_ref(target).addr()
}

/// A lock that is not poisoned: what it holds is replaced as a whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
