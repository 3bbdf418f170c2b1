//! One test for each scenario file: drop a file in, and `cargo test` runs it.

mod kept;
mod systems;
mod trials;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};
use rehearsal_agents::system::AnySystem;

use self::kept::Replayed;
use self::systems::Systems;
use crate::compatibility::Tally;
use crate::console::print_error;
use crate::environment::Environment;
use crate::exit::Exit;
use crate::scenario::{Look, discover, render_all};

/// A test binary over a directory of scenario files.
///
/// ```no_run
/// // tests/scenarios.rs, with `harness = false` in Cargo.toml
/// fn main() -> std::process::ExitCode {
///     rehearsal::Harness::new().scenarios("scenarios").run()
/// }
/// ```
///
/// Each file becomes one test that bears the scenario's name and loops over its
/// seeds. A scenario with a seeded defect must show the violation that it
/// expects in at least one seed; its healthy twin, the same without the defect,
/// is a test of its own. Repros that `rehearsal keep` has put into `regressions/`
/// come first, each as a test of its own. The environment chooses other seeds or another
/// strategy: see [`crate::environment`].
///
/// With [systems](Harness::system) of one's own, those are played instead of the
/// reference: `my-bridge/shared_bridge` is the test of a scenario with one of them,
/// and `my-bridge/lock-order-inversion+healthy` that of a scenario which carries a
/// seeded defect of the reference; its defect is left to the reference.
///
/// ```no_run
/// # use rehearsal::agents::bridge::{BridgeDeps, ReferenceBridge};
/// # struct MyBridge;
/// # impl MyBridge {
/// #     #[allow(clippy::new_ret_no_self)]
/// #     fn new(deps: BridgeDeps) -> ReferenceBridge { ReferenceBridge::new(deps) }
/// # }
/// use std::sync::Arc;
///
/// use rehearsal::{BridgeSystem, Capability, Harness};
///
/// fn main() -> std::process::ExitCode {
///     Harness::new()
///         .system("my-bridge", BridgeSystem::new(|deps| Arc::new(MyBridge::new(deps)))
///             .without(Capability::Recovery) // what it cannot do
///             .without(Capability::RegistryEvents))
///         .scenarios("scenarios")
///         .run()
/// }
/// ```
///
/// `docs/guide/systems.md` says how such a bridge is made.
#[derive(Debug, Default)]
pub struct Harness {
    systems: Systems,
    reference: Reference,
    unsupported: Unsupported,
}

/// The condition under which the reference system is run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Reference {
    /// If there is no other.
    #[default]
    Alone,
    /// Always.
    Beside,
}

/// What becomes of a scenario that a system cannot play as its file says. Either way
/// it is counted, and a line at the end tells the counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Unsupported {
    /// A scenario that cannot be played is a test that is ignored, for the reason
    /// that it gives; one that can be played without some of its checks is.
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

    /// Plays every scenario with that system. Its name is made of letters, digits,
    /// `-` and `_`, and begins the names of its tests.
    #[must_use]
    pub fn system(mut self, name: impl Into<String>, system: impl AnySystem + 'static) -> Self {
        let system: Arc<dyn AnySystem> = Arc::new(system);
        self.systems.registered.push((name.into(), system));
        self
    }

    /// Plays every scenario with the reference system too. Without other systems it
    /// is played anyway.
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
    pub fn run(self) -> ExitCode {
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
        let played_here = replay.is_here();
        let trials = replay.alone_among(trials);
        let first = trials.first().filter(|_| played_here);
        if first.is_some_and(|t| arguments.is_filtered_out(t)) {
            print_error("warning: the test that REHEARSAL_REPLAY replays is not selected\n");
        }
        let closing = String::new();
        Ok(Prepared { trials, closing })
    }

    /// Adds the tests of every scenario with every system, the reference's first.
    /// Returns the counts of the others.
    fn scenario_trials(
        &self,
        environment: &Environment,
        trials: &mut Vec<Trial>,
    ) -> Result<String, String> {
        let drawn = |problems: Vec<_>| render_all(&problems, Look::Plain);
        let registered = &self.systems.registered;
        let mut tallies = vec![Tally::default(); registered.len()];
        for root in self.systems.roots() {
            let files = discover::find(root).map_err(drawn)?;
            if files.is_empty() {
                return Err(format!("no scenario files below {}", root.display()));
            }
            if self.reference == Reference::Beside || registered.is_empty() {
                let of_file = |file: &PathBuf| trials::of_reference(file, environment);
                trials.extend(files.iter().flat_map(of_file));
            }
            for ((name, _), tally) in registered.iter().zip(&mut tallies) {
                for file in &files {
                    let Some(named) = self.systems.find(name, file) else {
                        continue;
                    };
                    let how = self.unsupported;
                    let trial = trials::of_system(file, &named, environment, how, tally);
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

/// The tests to run, and the text after them.
struct Prepared {
    trials: Vec<Trial>,
    closing: String,
}

fn refuse(problem: &str) -> ExitCode {
    print_error(&format!("error: {problem}\n"));
    Exit::Usage.into()
}
