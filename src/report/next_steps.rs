//! Commands that continue from a failure, as lines to copy.

use std::path::{Path, PathBuf};

use crate::environment;
use crate::repro::{replay_in_test, shell_path, shell_word};
use crate::run::StrategyName;
use crate::target::{Identity, Origin, Target};

/// The program that continues from a failure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NextSteps {
    /// The `rehearsal` binary: it is what has found the failure.
    Binary,
    /// The one that `cargo test` starts, where only that has the target.
    Tests,
}

impl NextSteps {
    /// Returns the commands for a failure whose repro is in `file`.
    pub(crate) fn of(self, target: &dyn Target, file: &Path) -> String {
        match self {
            Self::Binary => with_command(file),
            Self::Tests => next_steps(&target.identity(), file),
        }
    }
}

/// Returns the commands for a failure whose repro is in `file`, a line each.
pub(crate) fn next_steps(identity: &Identity, file: &Path) -> String {
    lines(&commands(identity, file))
}

/// Returns the commands for a failure whose repro is in `file`, by name.
pub(crate) fn commands(identity: &Identity, file: &Path) -> Vec<(&'static str, String)> {
    match (&identity.origin, &identity.regressions) {
        (Origin::Scenario(_), Some(regressions)) => {
            replay_and_copy(replay_in_harness(file), file, regressions)
        }
        (Origin::Test(test), Some(regressions)) => {
            replay_and_copy(replay_in_test(test, file), file, regressions)
        }
        (_, None) => commands_of_binary(file),
    }
}

fn lines(commands: &[(&str, String)]) -> String {
    let lines = commands.iter();
    lines
        .map(|(name, line)| format!("  {name:<7} {line}\n"))
        .collect()
}

/// Returns the commands of the `rehearsal` binary for the repro in `file`.
pub(crate) fn with_command(file: &Path) -> String {
    lines(&commands_of_binary(file))
}

fn commands_of_binary(file: &Path) -> Vec<(&'static str, String)> {
    let file = shell_path(file);
    let line = |name| (name, format!("rehearsal {name} {file}"));
    ["replay", "report", "keep"].map(line).to_vec()
}

/// Only the binary that has the program can replay it, and keeping it is a copy.
fn replay_and_copy(replay: String, file: &Path, regressions: &Path) -> Vec<(&'static str, String)> {
    let mut commands = vec![("replay", replay)];
    if file.parent() != Some(regressions) {
        let (file, kept) = (shell_path(file), shell_path(&beside(file, regressions)));
        commands.push(("keep", format!("mkdir -p {kept} && cp {file} {kept}/")));
    }
    commands
}

/// Returns a directory of the package in a form that can be used where `file` can. Tests run in
/// their package's directory, and their commands are typed in the workspace's: a file that is not
/// below the package has a whole path, which both understand.
fn beside(file: &Path, directory: &Path) -> PathBuf {
    let whole = file
        .is_absolute()
        .then(|| environment::whole_path(directory));
    match whole {
        Some(Ok(whole)) => whole,
        // A current directory that is no more is no place to keep anything in.
        Some(Err(_)) | None => directory.to_owned(),
    }
}

/// Returns the command that replays the repro in `file` with the user's own system.
fn replay_in_harness(file: &Path) -> String {
    format!("REHEARSAL_REPLAY={} {}", shell_path(file), cargo_test())
}

/// Returns the command that runs one seed of a scenario again; none for a test, which has
/// its repro.
pub(crate) fn run_again(target: &dyn Target, seed: u64, strategy: StrategyName) -> Option<String> {
    let Origin::Scenario(scenario) = target.identity().origin else {
        return None;
    };
    Some(match scenario.custom_system() {
        None => {
            let name = shell_word(target.name());
            format!("rehearsal run {name} --seed {seed} --strategy {strategy}")
        }
        Some(custom) => format!(
            "REHEARSAL_SEED={seed} REHEARSAL_STRATEGY={strategy} {} -- --exact {}",
            cargo_test(),
            shell_word(&scenario.test_name(custom)),
        ),
    })
}

/// Returns the command that runs this test binary.
fn cargo_test() -> String {
    let cargo = environment::cargo();
    match environment::test_target() {
        Some(name) => format!("{cargo} test --test {}", shell_word(&name)),
        None => format!("{cargo} test"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repro_is_kept_in_the_package_wherever_the_command_is_typed() {
        let keep = |file: &str| {
            let commands = replay_and_copy(String::new(), Path::new(file), Path::new("tests/kept"));
            commands.into_iter().find(|(name, _)| *name == "keep")
        };
        let line = |file: &str| keep(file).expect("it is not kept yet").1;
        assert_eq!(
            line("target/rehearsal/a.repro"),
            "mkdir -p tests/kept && cp target/rehearsal/a.repro tests/kept/"
        );
        let here = std::env::current_dir().expect("a directory");
        let kept = shell_path(&here.join("tests/kept"));
        assert_eq!(
            line("/shop/target/rehearsal/a.repro"),
            format!("mkdir -p {kept} && cp /shop/target/rehearsal/a.repro {kept}/")
        );
        assert_eq!(keep("tests/kept/a.repro"), None);
    }
}
