//! A test whose program is run under many seeds; what `#[rehearsal::test]` is
//! made of.

pub(crate) mod verify;

use std::future::Future;
use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};
use std::sync::Once;

use rehearsal_history::profile::{PROFILES, Profile};
use rehearsal_sim::hermetic::set_source_root;
use rehearsal_sim::{Ambient, Budget, Interleave, Leaks, PlainTaskPolicy, World};

use self::verify::{TestRun, verify};
use crate::build_limits;
use crate::chosen_oracle::ChosenOracle;
use crate::command::remote;
use crate::console::Shown;
use crate::console::{plain, print_error, visible};
use crate::environment::{self, Environment};
use crate::explore::{Beginning, Repeat};
use crate::regression;
use crate::report::{failure, next_steps};
use crate::repro::Repro;
use crate::run::StrategyName;
use crate::run::seeds::Seeds;
use crate::scenario::{BudgetSpec, ColorChoice, durations, render_all};
use crate::target::{Origin, Program, REGRESSIONS, SEEDS, Target, TestOutcome, TestRef, WorldSpec};

/// The place of a test in the source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TestLocation {
    /// The package that it is in, as `CARGO_PKG_NAME` says.
    pub package: &'static str,
    /// The module that it is in, as `module_path!()` says.
    pub module: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its source file, as `file!()` says.
    pub file: &'static str,
}

/// A test whose program is run under many seeds. [`macro@crate::test`] writes this
/// down:
///
/// ```
/// use rehearsal::{TestLocation, Test, World};
///
/// async fn counts_to_two(_world: World) {
///     assert_eq!(1 + 1, 2);
/// }
///
/// let place = TestLocation { package: "p", module: "p::m", name: "counts_to_two", file: "src/m.rs" };
/// Test::new(place).seeds(16).strategy("random").run(counts_to_two);
/// ```
#[derive(Clone, Debug)]
pub struct Test {
    test: TestRef,
    seeds: Option<Seeds>,
    strategy: Option<StrategyName>,
    cancel: Cancellations,
    world: WorldSpec,
    oracles: Vec<ChosenOracle>,
    profile: Option<&'static Profile>,
    /// The directory of the test's package.
    directory: Option<&'static str>,
    /// The invalid settings.
    problems: Vec<String>,
}

/// A value that selects the seeds of a test: a count, a range, or either as a text.
pub trait IntoSeeds {
    /// The seeds.
    ///
    /// # Errors
    ///
    /// If that is none.
    fn into_seeds(self) -> Result<Seeds, String>;
}

impl IntoSeeds for u64 {
    fn into_seeds(self) -> Result<Seeds, String> {
        Seeds::count(self).ok_or_else(|| "no seed is no test".to_owned())
    }
}

impl IntoSeeds for Range<u64> {
    fn into_seeds(self) -> Result<Seeds, String> {
        let last = self.end.checked_sub(1);
        let seeds = last.and_then(|last| Seeds::between(self.start, last));
        seeds.ok_or_else(|| format!("`{self:?}` has no seed in it"))
    }
}

impl IntoSeeds for RangeInclusive<u64> {
    fn into_seeds(self) -> Result<Seeds, String> {
        let seeds = Seeds::between(*self.start(), *self.end());
        seeds.ok_or_else(|| format!("`{self:?}` has no seed in it"))
    }
}

impl IntoSeeds for &str {
    fn into_seeds(self) -> Result<Seeds, String> {
        self.parse()
    }
}

/// The cancellations of a test's runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cancellations {
    /// Up to so many in a run, where a seed has it so.
    AtMost(u32),
    /// One in each run, at each await in turn.
    Each,
}

impl Cancellations {
    /// Returns the most tasks and time-outs that a run cancels.
    fn most(self) -> u32 {
        match self {
            Self::AtMost(most) => most,
            Self::Each => 1,
        }
    }

    /// Returns the strategy of a test that does not set it.
    fn strategy(self) -> StrategyName {
        match self {
            Self::AtMost(_) => StrategyName::default(),
            Self::Each => StrategyName::CANCEL,
        }
    }
}

/// A value that selects the cancellations of a test: a number, or `"each"`.
pub trait IntoCancellations {
    /// The cancellations.
    ///
    /// # Errors
    ///
    /// If that is neither.
    fn into_cancellations(self) -> Result<Cancellations, String>;
}

impl IntoCancellations for u32 {
    fn into_cancellations(self) -> Result<Cancellations, String> {
        Ok(Cancellations::AtMost(self))
    }
}

impl IntoCancellations for &str {
    fn into_cancellations(self) -> Result<Cancellations, String> {
        match self {
            "each" => Ok(Cancellations::Each),
            _ => Err(format!("`{self}` is neither a number nor `each`")),
        }
    }
}

impl Test {
    /// A test under 256 seeds of the portfolio, before which every schedule with one deviation
    /// is run if there are at most 64 of them, in hermetic runs of at most ten
    /// million steps and ten minutes of virtual time.
    pub fn new(place: TestLocation) -> Self {
        let budget = BudgetSpec::default();
        Self {
            test: TestRef {
                package: place.package.to_owned(),
                name: format!("{}::{}", place.module, place.name),
                file: place.file.into(),
            },
            seeds: None,
            strategy: None,
            cancel: Cancellations::AtMost(0),
            world: WorldSpec {
                budget: Budget {
                    steps: budget.steps,
                    virtual_time: budget.virtual_time,
                    ..Budget::default()
                },
                ..WorldSpec::default()
            },
            oracles: Vec::new(),
            profile: None,
            directory: None,
            problems: Vec::new(),
        }
    }

    /// Sets the directory of the test's package, as `CARGO_MANIFEST_DIR` is when it is compiled.
    /// Reports then name each line of the workspace's code by its path in the workspace, and not
    /// in its package.
    #[must_use]
    pub fn package_directory(mut self, directory: &'static str) -> Self {
        self.directory = Some(directory);
        self
    }

    /// Sets the seeds: `1_000`, `5..10`, `"5..10"`.
    #[must_use]
    pub fn seeds(mut self, seeds: impl IntoSeeds) -> Self {
        let seeds = self.checked("seeds", seeds.into_seeds());
        self.seeds = seeds.or(self.seeds);
        self
    }

    /// Sets the scheduling strategy, such as `random` or `pct:3`; `portfolio`, which takes
    /// several in turn; or `exhaustive:2`, which runs every schedule of seed 0 (or of the seeds
    /// that are set) that leaves the default one at most twice. A pass is then a proof within
    /// that bound.
    #[must_use]
    pub fn strategy(mut self, name: &str) -> Self {
        let strategy = self.checked("strategy", name.parse());
        self.strategy = strategy.or(self.strategy);
        self
    }

    /// Sets the source of randomness and time for the program:
    /// `hermetic`, which is the run, or `real`. The latter is faster by a thread a
    /// run, and right for programs that do not ask.
    #[must_use]
    pub fn ambient(mut self, name: &str) -> Self {
        let ambient = match name {
            "hermetic" => Ok(Ambient::Hermetic),
            "real" => Ok(Ambient::Real),
            _ => Err(format!("`{name}` is neither `hermetic` nor `real`")),
        };
        let ambient = self.checked("ambient", ambient);
        self.world.ambient = ambient.unwrap_or(self.world.ambient);
        self
    }

    /// Sets the effect of a thread or a socket that leaves the run: `fail` or `allow`. With
    /// the latter no promise about seeds holds.
    #[must_use]
    pub fn leaks(mut self, name: &str) -> Self {
        let leaks = match name {
            "fail" => Ok(Leaks::Fail),
            "allow" => Ok(Leaks::Allow),
            _ => Err(format!("`{name}` is neither `fail` nor `allow`")),
        };
        let leaks = self.checked("leaks", leaks);
        self.world.leaks = leaks.unwrap_or(self.world.leaks);
        self
    }

    /// Sets the most tasks and time-outs that a run cancels: a spawned task is dropped at one of
    /// its awaits, a time-out fires early. `"each"` is one run of the first seed for each
    /// await at which something can be cancelled, under the default schedule: the test passes
    /// if all of them do, and prints how many there were. Futures that are marked with
    /// [`cancellable`](crate::cancel::cancellable) are among them; the program is not.
    #[must_use]
    pub fn cancel(mut self, most: impl IntoCancellations) -> Self {
        if let Some(cancel) = self.checked("cancel", most.into_cancellations()) {
            self.cancel = cancel;
        }
        self
    }

    /// Sets the operations before which another task may run: `awaits`, or `operations` for
    /// those that do not wait as well.
    #[must_use]
    pub fn interleave(mut self, name: &str) -> Self {
        let interleave = Interleave::of_name(name).ok_or_else(|| {
            let names = Interleave::ALL.map(Interleave::as_str);
            format!("`{name}` is neither `{}`", names.join("` nor `"))
        });
        let interleave = self.checked("interleave", interleave);
        self.world.interleave = interleave.unwrap_or(self.world.interleave);
        self
    }

    /// Sets the treatment of tasks that libraries spawn on plain tokio: `interrupted`, at any
    /// operation of tokio's, or `whole`, for libraries whose order of operations depends on what
    /// the process did before.
    #[must_use]
    pub fn plain_tasks(mut self, name: &str) -> Self {
        let policy = match name {
            "interrupted" => Ok(PlainTaskPolicy::Interrupted),
            "whole" => Ok(PlainTaskPolicy::Whole),
            _ => Err(format!("`{name}` is neither `interrupted` nor `whole`")),
        };
        let policy = self.checked("plain_tasks", policy);
        self.world.plain_tasks = policy.unwrap_or(self.world.plain_tasks);
        self
    }

    /// Sets the size of the stacks on which tasks run with `interleave = "operations"`, in KiB.
    /// Without this it is that of tokio's threads, 2048.
    #[must_use]
    pub fn stack_kib(mut self, kib: usize) -> Self {
        let size = match kib {
            64..=1_048_576 => Ok(kib * 1024),
            _ => Err(format!("{kib} is not one of 64 to 1048576 KiB")),
        };
        let size = self.checked("stack_kib", size);
        self.world.stack_size = size.unwrap_or(self.world.stack_size);
        self
    }

    /// Sets the latency of packets: `"5ms"`, or `"1ms..50ms"` to have it drawn. Without
    /// this, one millisecond.
    #[must_use]
    pub fn latency(mut self, range: &str) -> Self {
        let range = durations::parse_range(range)
            .map_err(|bad| format!("{}; {}", bad.message, bad.help))
            .and_then(|(least, most)| match least <= most {
                true => Ok((least, most)),
                false => Err(format!("`{range}` goes from more to less")),
            });
        if let Some((least, most)) = self.checked("latency", range) {
            self.world.net.latency_min = least;
            self.world.net.latency_max = most;
        }
        self
    }

    /// Sets the packets in a thousand that are lost, from 0 to 999.
    #[must_use]
    pub fn loss(mut self, per_mille: u32) -> Self {
        let loss = match per_mille {
            0..=999 => Ok(per_mille),
            _ => Err(format!("{per_mille} is not one of 0 to 999 in a thousand")),
        };
        let loss = self.checked("loss", loss);
        self.world.net.loss_per_mille = loss.unwrap_or(self.world.net.loss_per_mille);
        self
    }

    /// The most polls of tasks and scheduling points in a run. One that needs more
    /// fails as `unknown`.
    #[must_use]
    pub fn steps(mut self, steps: u64) -> Self {
        self.world.budget.steps = steps;
        self
    }

    /// The most virtual time that a run may take: `"10m"`, up to `"24h"`. One that
    /// needs more fails as `timeout`, or as `deadlock` if nothing could ever run again.
    #[must_use]
    pub fn virtual_time(mut self, time: &str) -> Self {
        let time = durations::parse(time)
            .map_err(|bad| format!("{}; {}", bad.message, bad.help))
            .and_then(|time| match time <= durations::LONGEST {
                true => Ok(time),
                false => Err(format!("{time:?} is longer than 24 hours")),
            });
        let time = self.checked("virtual_time", time);
        self.world.budget.virtual_time = time.unwrap_or(self.world.budget.virtual_time);
        self
    }

    /// Has oracles judge what the actors of each run recorded, each with its settings:
    /// `["no-loss,gaps=overflow", "fifo"]`. An oracle that finds nothing to check in
    /// any of the runs fails the test.
    ///
    /// ```
    /// use rehearsal::prelude::*;
    /// use rehearsal::{TestLocation, Test};
    ///
    /// async fn greeting(world: World) {
    ///     let (ann, ben) = (world.actor("ann"), world.actor("ben"));
    ///     ben.subscribed("room");
    ///     let sent = ann.send("room", "hello", |id| async move { Ok::<_, String>(id) }).await;
    ///     ben.received("room", sent.expect("accepted"));
    ///     ben.drained();
    /// }
    ///
    /// let place = TestLocation { package: "p", module: "p::m", name: "greeting", file: "src/m.rs" };
    /// Test::new(place).oracles(["no-loss", "fifo"]).run(greeting);
    /// ```
    #[must_use]
    pub fn oracles<O: AsRef<str>>(mut self, oracles: impl IntoIterator<Item = O>) -> Self {
        for text in oracles {
            let chosen = text.as_ref().parse::<ChosenOracle>();
            let Some(chosen) = self.checked("oracles", chosen) else {
                continue;
            };
            let known = self.oracles.iter();
            if known.clone().any(|known| known.oracle == chosen.oracle) {
                let problem = format!("`{}` is there twice", chosen.oracle);
                self.checked::<()>("oracles", Err(problem));
                continue;
            }
            self.oracles.push(chosen);
        }
        self
    }

    /// Sets the rules that the messages of spans follow, for the oracles `protocol`,
    /// `hierarchy` and `terminal-exactly-once`: `"agent-events"`.
    #[must_use]
    pub fn profile(mut self, name: &str) -> Self {
        let found = PROFILES
            .iter()
            .copied()
            .find(|profile| profile.name == name);
        let found = found.ok_or_else(|| {
            let names: Vec<&str> = PROFILES.iter().map(|profile| profile.name).collect();
            format!(
                "there is no profile `{name}`; there are {}",
                names.join(", ")
            )
        });
        self.profile = self.checked("profile", found).or(self.profile);
        self
    }

    fn checked<T>(&mut self, setting: &str, value: Result<T, String>) -> Option<T> {
        match value {
            Ok(value) => Some(value),
            Err(problem) => {
                self.problems.push(format!("{setting}: {problem}"));
                None
            }
        }
    }

    /// Runs the program: first the repros that are kept of it in
    /// `tests/regressions/`, then each seed. The first seed is run twice, to see
    /// that it gives the same run. A failure is written to a repro file, shrunk, and
    /// printed.
    ///
    /// The variables of [`environment`] have their effect here too.
    ///
    /// # Panics
    ///
    /// If a run fails, with its block; or if a setting is invalid.
    pub fn run<F, Fut>(self, program: F)
    where
        F: Fn(World) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: TestOutcome> + 'static,
    {
        if let Err(text) = self.run_once(program) {
            print_captured(&text);
            // Not `panic!`, which would print it again, with a trace of frames that say
            // nothing of the run.
            std::panic::resume_unwind(Box::new(text));
        }
    }

    fn run_once<F, Fut>(self, program: F) -> Result<(), String>
    where
        F: Fn(World) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: TestOutcome> + 'static,
    {
        if !self.problems.is_empty() {
            return Err(self.problems.join("\n"));
        }
        if self.cancel == Cancellations::Each && self.strategy.is_some() {
            return Err(
                "cancel: `each` is a strategy of its own, and goes with no other".to_owned(),
            );
        }
        let environment = Environment::read().map_err(|error| error.to_string())?;
        warn_once(&environment.unknown);
        build_limits::note_target(self.world.ambient);
        if let Some(directory) = self.directory {
            set_source_root(directory, &self.test.file.to_string_lossy());
        }
        let world = WorldSpec {
            cancellations: self.cancel.most(),
            ..self.world
        };
        let program = Program::new(self.test, world, program)
            .judged_by(self.oracles)
            .following(self.profile);
        if environment.command {
            return remote::serve(&program);
        }
        if let Some(file) = &environment.replay {
            return replay(&program, file);
        }
        for file in kept()? {
            verify_kept(&program, &file)?;
        }
        let chosen = environment.seeds.is_some();
        let strategy = environment.strategy.or(self.strategy);
        let strategy = strategy.unwrap_or(self.cancel.strategy());
        let seeds = environment.seeds.or(self.seeds);
        verify(
            &program,
            &TestRun {
                seeds: seeds.or_else(|| default_seeds(strategy)),
                chosen,
                strategy,
                repeat: Repeat::First,
                beginning: Beginning::Search,
                out: &environment::tests_out_directory(),
            },
        )
    }
}

/// Returns the seeds of a test that does not set them: of a search, one.
fn default_seeds(strategy: StrategyName) -> Option<Seeds> {
    match strategy.search() {
        Some(_) => Some(Seeds::one(0)),
        None => Seeds::count(SEEDS),
    }
}

/// Replays the repro that `REHEARSAL_REPLAY` names, if it is of this test, and prints what
/// it shows. If that is a failure, the test fails too.
fn replay(program: &Program, file: &Path) -> Result<(), String> {
    let repro = read(file)?;
    if !is_of(&repro, program) {
        print_error(&format!(
            "{}: skipped, because REHEARSAL_REPLAY replays `{}`\n",
            program.name(),
            repro.target_name()
        ));
        return Ok(());
    }
    let outcome = regression::verify(file, &repro, program);
    let warning = outcome.warning.map(|text| format!("warning: {text}\n"));
    let text = warning.unwrap_or_default() + &outcome.text;
    match outcome.result {
        Ok(()) => {
            print_error(&text);
            Ok(())
        }
        Err(_) => Err(plain(&(text + &failure::explain(program, &repro)))),
    }
}

/// The repros that are kept of the tests of this package.
fn kept() -> Result<Vec<PathBuf>, String> {
    let directory = Path::new(REGRESSIONS);
    regression::files(directory)
        .map_err(|error| format!("cannot read {}: {error}", directory.shown()))
}

fn verify_kept(program: &Program, file: &Path) -> Result<(), String> {
    let repro = read(file)?;
    if !is_of(&repro, program) {
        return Ok(());
    }
    let outcome = regression::verify(file, &repro, program);
    if let Some(warning) = outcome.warning {
        print_error(&format!("warning: {warning}\n"));
    }
    outcome.result.map_err(|problem| {
        let study = failure::explain(program, &repro);
        plain(&format!(
            "{problem}\n{study}\n{}",
            next_steps::next_steps(&program.identity(), file)
        ))
    })
}

fn read(file: &Path) -> Result<Repro, String> {
    Repro::read(file).map_err(|problems| render_all(&problems, ColorChoice::Plain))
}

fn is_of(repro: &Repro, program: &Program) -> bool {
    match &repro.origin {
        Origin::Test(test) => test.is(program.test()),
        Origin::Scenario(_) => false,
    }
}

/// Prints the text that `cargo test` shows of a test that fails.
#[expect(
    clippy::print_stderr,
    reason = "the test harness captures what is printed so, and nothing else"
)]
fn print_captured(text: &str) {
    eprint!("{}", visible(text));
}

/// A test binary has many tests, and one environment.
fn warn_once(unknown: &[String]) {
    static WARNED: Once = Once::new();
    WARNED.call_once(|| {
        for name in unknown {
            print_error(&format!("warning: unknown variable `{name}`\n"));
        }
    });
}
