//! Runs: from a configuration and a program to an outcome.

use std::cell::Cell;
use std::future::Future;
use std::panic::{self, AssertUnwindSafe, Location};
use std::rc::Rc;

use ::tokio::runtime::{Builder, Runtime};

use crate::ambient::Ambient;
use crate::engine::{Config, Disposal, Driver, Engine, context, panics, plain_tasks, stacks};
use crate::ids::{HostId, TaskId};
use crate::task;
use crate::trace::{Outcome, TaskEnd};
use crate::world::World;

/// Runs `program` to its end, or until it fails, and returns the outcome.
///
/// The program is the first task, on [`HostId::WORLD`]. When it returns the run is over and the
/// remaining tasks are dropped. A panic in any task ends the run; it is reported, not
/// propagated. So does a leak ([`Leaks`](crate::Leaks)).
///
/// Tasks of plain tokio, as libraries spawn them, belong to the run as well, but tokio polls
/// them, in its own order, and no strategy picks them. A panic in one of them ends the run too.
/// If the library catches it, it does so only where tokio is compiled without
/// `cfg(tokio_unstable)`: such a tokio does not report that it is caught.
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
    let mut value = None;
    let start = |engine: &Engine| -> TakeValue<'_> {
        let program = program(World::new());
        let program = task::start(engine, program, HostId::WORLD, Location::caller());
        let value = &mut value;
        Box::new(move || *value = program.take_value())
    };
    let outcome = execute(config, Box::new(start));
    outcome.with_value(value)
}

/// Starts the program as the first task.
type Start<'a> = Box<dyn FnOnce(&Engine) -> TakeValue<'a> + 'a>;

/// Takes the value of the program, after the end of every task.
type TakeValue<'a> = Box<dyn FnOnce() + 'a>;

/// Executes a run. Not generic, so that this and everything below it is compiled once and not
/// again for each program.
fn execute<'a>(config: Config, start: Start<'a>) -> Outcome<()> {
    let _ambient = config.ambient.enter(config.seed);
    let runtime = build_runtime(config.seed);
    let in_runtime = runtime.enter();
    panics::install_hook();
    drop(panics::take_plain_task_panic());
    let limit = config.budget.virtual_time;
    let leaks = config.leaks;
    let beating = config.heartbeat.begin();
    let engine = Rc::new(Engine::new(config));
    let entered = context::enter(Rc::clone(&engine));
    let watching = leaks.watch();
    let confining = leaks.confine();
    let handling_locks = stacks::handle_plain_locks();
    let take_value = start(&engine);
    engine.name_task(TaskId::PROGRAM, "program");
    let driver = Driver::new(Rc::clone(&engine), limit);
    let ended = panic::catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(tokio::task::unconstrained(driver));
    }));
    if let Err(payload) = ended
        && !engine.check_leaks_at_end()
    {
        panic::resume_unwind(payload);
    }
    engine.end_suspended_polls();
    // Tasks are dropped while the run is still entered: their destructors may close sockets and
    // release locks.
    engine.drop_tasks(&|_| true, TaskEnd::Aborted, Disposal::Quiet);
    drop(engine.extensions.take());
    take_value();
    // So are plain tasks, which the runtime owns.
    engine.wakes.leave();
    drop(in_runtime);
    drop(runtime);
    // Destructors may have spawned, and inserted.
    engine.drop_tasks(&|_| true, TaskEnd::Aborted, Disposal::Quiet);
    drop(engine.extensions.take());
    engine.check_leaks_at_end();
    drop(handling_locks);
    drop(confining);
    drop(watching);
    drop(entered);
    drop(beating);
    assert_eq!(
        Rc::strong_count(&engine),
        1,
        "the driver and the context have dropped the engine"
    );
    let outcome = engine.finish();
    engine.keep_containers();
    outcome
}

thread_local! {
    /// The builder of the runtimes of this thread's runs. It keeps only settings, which are the
    /// same for all of them, but for the seed.
    static BUILDER: Cell<Option<Box<Builder>>> = const { Cell::new(None) };
}

/// Builds the runtime of a run. A runtime itself cannot serve two: the generator of tokio's own
/// `select!` is seeded where it is built, and who still has a handle to it cannot be seen.
fn build_runtime(seed: u64) -> Runtime {
    // At the end of the thread, where a run may be in a destructor, there is no builder.
    let kept = BUILDER.try_with(Cell::take).ok().flatten();
    let mut builder = kept.unwrap_or_else(new_builder);
    // The generator can be seeded only in such a build.
    #[cfg(tokio_unstable)]
    builder.rng_seed(tokio::runtime::RngSeed::from_bytes(&seed.to_le_bytes()));
    #[cfg(not(tokio_unstable))]
    let _ = seed;
    let runtime = builder
        .build()
        .unwrap_or_else(|error| panic!("no runtime for the run: {error}"));
    // Else it is dropped.
    let _ = BUILDER.try_with(|slot| slot.set(Some(builder)));
    runtime
}

fn new_builder() -> Box<Builder> {
    let mut builder = Box::new(Builder::new_current_thread());
    builder.enable_time().start_paused(true);
    // Time advances while nothing runs, and the first to run may be a task of plain tokio.
    builder.on_thread_unpark(|| {
        context::with(Engine::read_clock);
    });
    plain_tasks::watch(&mut builder);
    builder
}

/// As [`run`], on a thread of its own and with [`Ambient::Hermetic`], whatever `config`
/// returns. A `Config` cannot leave its thread, therefore `config` makes it there.
///
/// # Panics
///
/// If no thread can be started, or if this program is linked in such a way that a run cannot be
/// hermetic ([`rehearsal_hermetic::is_effective`] is false).
pub fn run_hermetic<F, Fut, T>(config: impl FnOnce() -> Config + Send, program: F) -> Outcome<T>
where
    F: FnOnce(World) -> Fut + Send,
    Fut: Future<Output = T> + 'static,
    T: Send + 'static,
{
    rehearsal_hermetic::call_on_fresh_thread(move || {
        let config = Config {
            ambient: Ambient::Hermetic,
            ..config()
        };
        run(config, program)
    })
}
