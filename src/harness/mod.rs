//! One test for each scenario file: drop a file in, and `cargo test` runs it.

mod kept;
mod systems;
mod trials;

use std::panic::Location;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};
use rehearsal_agents::system::AnySystem;
use rehearsal_sim::hermetic::set_source_root;

use self::kept::Replayed;
use self::systems::Systems;
use crate::compatibility::Tally;
use crate::console::Shown;
use crate::console::print_error;
use crate::environment::Environment;
use crate::exit::Exit;
use crate::scenario::{ColorChoice, Scenario, discover, load_of, render_all};

/// A test binary over a directory of scenario files.
///
/// ```no_run
/// // tests/scenarios.rs, with `harness = false` in Cargo.toml
/// fn main() -> std::process::ExitCode {
///     rehearsal::Harness::new().scenarios("scenarios").run()
/// }
/// ```
///
/// Each file becomes one test, `SYSTEM/NAME`, that loops over its
/// seeds. A scenario with a seeded defect must show the violation that it
/// expects in at least one seed; its healthy twin, the same without the defect,
/// is a test of its own. Repros that `rehearsal keep` has put into `regressions/`
/// come first, each as a test of its own. The environment chooses other seeds or another
/// strategy: see [`crate::environment`].
///
/// Scenario files say which kind of system they are of. [`Harness::define`] adds a kind
/// to those that ship with this crate: a system that implements [`System`] then has
/// scenario files, oracles, faults, defects with healthy twins, shrinking and repros as
/// they have.
///
/// ```no_run
/// # use rehearsal::agents::system::AnySystem;
/// # fn main() {}
/// /// `system = { kind = "echo" }` in a scenario file is this system.
/// fn tests(echo: impl AnySystem + 'static) -> std::process::ExitCode {
///     rehearsal::Harness::new().define(echo).scenarios("scenarios").run()
/// }
/// ```
///
/// A custom *implementation* of a kind is [registered](Harness::system) under a name, and
/// runs the kind's scenarios in the place of the kind's own: `mine/collision` is the test
/// of a scenario with it, and `mine/lock-order-inversion+healthy` that of a scenario which
/// carries a seeded defect of the kind's own system, without the defect.
///
/// `docs/guide/systems.md` shows both.
///
/// [`System`]: crate::System
#[derive(Debug, Default)]
pub struct Harness {
    systems: Systems,
    reference: Reference,
    unsupported: Unsupported,
}

/// The condition under which a kind's own system is run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Reference {
    /// If there is no custom implementation.
    #[default]
    Alone,
    /// Always.
    Beside,
}

/// The treatment of a scenario that an implementation cannot run as its file says. Either way
/// it is counted, and a line at the end tells the counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Unsupported {
    /// A scenario that cannot be run is a test that is ignored, for the reason
    /// that it gives; one that can be run without some of its checks is.
    #[default]
    Ignored,
    /// Both are tests that fail.
    Fails,
}

impl Harness {
    /// A harness without scenarios.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds every scenario file below a directory.
    #[must_use]
    pub fn scenarios(mut self, root: impl Into<PathBuf>) -> Self {
        self.systems.roots.push(root.into());
        self
    }

    /// Adds a kind of system, under its own name, that scenario files can be of.
    #[must_use]
    pub fn define(mut self, system: impl AnySystem + 'static) -> Self {
        let system: Arc<dyn AnySystem> = Arc::new(system);
        let name = system.info().name;
        if !self.systems.kinds.define(system) {
            self.systems.taken.push(name);
        }
        self
    }

    /// Adds a custom implementation of a kind of system, which runs every scenario of that
    /// kind. Its name is made of letters, digits, `-` and `_`, and begins the names of its
    /// tests.
    #[must_use]
    pub fn system(mut self, name: impl Into<String>, system: impl AnySystem + 'static) -> Self {
        let system: Arc<dyn AnySystem> = Arc::new(system);
        self.systems.registered.push((name.into(), system));
        self
    }

    /// Runs every scenario with its kind's own system too, as without custom
    /// implementations.
    #[must_use]
    pub fn reference(mut self) -> Self {
        self.reference = Reference::Beside;
        self
    }

    /// Says what becomes of what a system cannot do.
    #[must_use]
    pub fn unsupported(mut self, unsupported: Unsupported) -> Self {
        self.unsupported = unsupported;
        self
    }

    /// Runs the tests that the command line selects.
    #[track_caller]
    pub fn run(self) -> ExitCode {
        // Of the program, not of this library: cargo sets it for the tests that it starts.
        if let Ok(package) = std::env::var("CARGO_MANIFEST_DIR") {
            set_source_root(&package, Location::caller().file());
        }
        let arguments = Arguments::from_args();
        match self.prepare(&arguments) {
            Ok(prepared) => {
                let exit = libtest_mimic::run(&arguments, prepared.trials).exit_code();
                if !arguments.list {
                    print_error(&prepared.closing);
                }
                exit
            }
            Err(problem) => refuse(&problem),
        }
    }

    fn prepare(&self, arguments: &Arguments) -> Result<Prepared, String> {
        let environment = Environment::read().map_err(|error| error.to_string())?;
        self.systems.check()?;
        for name in &environment.unknown {
            print_error(&format!("warning: unknown variable `{name}`\n"));
        }
        let replay = environment.replay.as_deref();
        let replay = replay.map(|file| Replayed::read(file, &self.systems));
        let replay = replay.transpose();
        let replay = replay.map_err(|problem| format!("REHEARSAL_REPLAY: {problem}"))?;
        let mut trials = kept::trials(&self.systems);
        let closing = self.scenario_trials(&environment, &mut trials)?;
        let Some(replay) = replay else {
            return Ok(Prepared { trials, closing });
        };
        let replayed_here = replay.is_here();
        let trials = replay.alone_among(trials);
        let first = trials.first().filter(|_| replayed_here);
        if first.is_some_and(|t| arguments.is_filtered_out(t)) {
            print_error("warning: the test that REHEARSAL_REPLAY replays is not selected\n");
        }
        let closing = String::new();
        Ok(Prepared { trials, closing })
    }

    /// Adds the tests of every scenario with every system, its kind's own first.
    /// Returns the counts of the others.
    fn scenario_trials(
        &self,
        environment: &Environment,
        trials: &mut Vec<Trial>,
    ) -> Result<String, String> {
        let drawn = |problems: Vec<_>| render_all(&problems, ColorChoice::Plain);
        let registered = &self.systems.registered;
        let mut tallies = vec![Tally::default(); registered.len()];
        for root in self.systems.roots() {
            let files = discover::find(root).map_err(drawn)?;
            if files.is_empty() {
                return Err(format!("no scenario files below {}", root.shown()));
            }
            let mut scenarios = Vec::new();
            for file in &files {
                match load_of(&self.systems.kinds, file, &[]) {
                    Ok(scenario) => scenarios.push(self.systems.kept_with(scenario)),
                    Err(problems) => trials.push(trials::unreadable(file, &problems)),
                }
            }
            for scenario in &scenarios {
                let is_own = |(_, system): &(String, Arc<dyn AnySystem>)| is_of(system, scenario);
                let alone = !registered.iter().any(is_own);
                if alone || self.reference == Reference::Beside {
                    trials.extend(trials::of_kind(scenario.clone(), environment));
                }
            }
            for ((name, system), tally) in registered.iter().zip(&mut tallies) {
                for scenario in scenarios.iter().filter(|s| is_of(system, s)) {
                    let Some(named) = self.systems.find(name, &scenario.file) else {
                        continue;
                    };
                    let how = self.unsupported;
                    let trial = trials::of_system(scenario, &named, environment, how, tally);
                    trials.push(trial);
                }
            }
        }
        let told = registered.iter().zip(&tallies);
        Ok(told
            .map(|((name, _), tally)| format!("{name}: {tally}\n"))
            .collect())
    }
}

/// Returns `true` if the system implements the kind that the scenario is of.
fn is_of(system: &Arc<dyn AnySystem>, scenario: &Scenario) -> bool {
    system.info().name == scenario.kind.name()
}

/// The tests to run, and the text after them.
struct Prepared {
    trials: Vec<Trial>,
    closing: String,
}

fn refuse(problem: &str) -> ExitCode {
    print_error(&format!("error: {problem}\n"));
    Exit::Usage.into()
}
