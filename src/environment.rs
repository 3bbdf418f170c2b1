//! Environment variables that `cargo test` obeys.
//!
//! | variable | meaning |
//! |---|---|
//! | `REHEARSAL_SEED` | run this one seed |
//! | `REHEARSAL_SEEDS` | run a count of seeds, or a range `a..b` |
//! | `REHEARSAL_STRATEGY` | run the seeds with this strategy, as `rehearsal run --strategy` names it |
//! | `REHEARSAL_LOG` | show what passes this filter of the code's `tracing` spans and events in reports |
//! | `REHEARSAL_REPLAY` | replay this repro file in the test of its scenario, and run nothing else |
//! | `REHEARSAL_WATCHDOG` | end the process if a run makes no step for so long, as in `30s`; `off` for never |
//!
//! Without these, `CARGO_TARGET_DIR` says where repros of failing runs go. In a workflow of
//! GitHub's (`GITHUB_ACTIONS=true`) the command line annotates scenarios that do not pass.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rehearsal_agents::sections::durations;

use crate::run::seeds::Seeds;
use crate::run::strategy::with_nearest;
use crate::run::{StrategyName, logs};

/// The variable that makes a test take a command of the `rehearsal` binary from standard
/// input. Only that binary sets it.
pub(crate) const COMMAND: &str = "REHEARSAL_COMMAND";

/// The directory of repro files in one for build output.
pub const SUBDIRECTORY: &str = "rehearsal";

/// The only value of [`COMMAND`].
pub(crate) const FROM_STDIN: &str = "stdin";

/// The variable with the command that is typed for `cargo` in lines that a test prints. Only
/// `cargo rehearsal` sets it, and [`TARGET_DIRECTORY`].
const CARGO: &str = "REHEARSAL_CARGO";

/// The variable with the project's directory for build output, where tests are built in another.
const TARGET_DIRECTORY: &str = "REHEARSAL_TARGET_DIR";

/// Directory below which `cargo rehearsal` has the directories of a project and of what is above
/// it, and in which tests then run.
const MIRROR: &str = "REHEARSAL_MIRROR_DIR";

/// The variable with the time after which a run that makes no step ends the process.
const WATCHDOG: &str = "REHEARSAL_WATCHDOG";

/// The value of [`WATCHDOG`] that ends no process.
const OFF: &str = "off";

/// The time after which a run that makes no step ends the process, where none is set.
const DEFAULT_WATCHDOG: Duration = Duration::from_secs(30);

/// The settings of the environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// Seeds instead of each scenario's own.
    pub seeds: Option<Seeds>,
    /// The strategy instead of `portfolio`.
    pub strategy: Option<StrategyName>,
    /// The repro file that is replayed instead of everything else.
    pub replay: Option<PathBuf>,
    /// `true` if standard input carries a command of the `rehearsal` binary.
    pub command: bool,
    /// `REHEARSAL_…` variables that mean nothing: a typo should not go unseen.
    pub unknown: Vec<String>,
}

/// A variable whose value makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentError {
    variable: &'static str,
    problem: String,
}

impl fmt::Display for EnvironmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.variable, self.problem)
    }
}

impl std::error::Error for EnvironmentError {}

impl Environment {
    /// Reads the process's environment.
    ///
    /// # Errors
    ///
    /// If a variable's value makes no sense, or two of them contradict.
    pub fn read() -> Result<Self, EnvironmentError> {
        Self::from_vars(std::env::vars_os().filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            Some((name, value.to_string_lossy().into_owned()))
        }))
    }

    /// The same from given variables.
    ///
    /// # Errors
    ///
    /// As [`Environment::read`].
    pub fn from_vars(
        vars: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, EnvironmentError> {
        let mut found = Self::default();
        let mut single = None;
        for (name, value) in vars {
            if value.is_empty() {
                continue;
            }
            match name.as_str() {
                "REHEARSAL_SEED" => {
                    let seed: u64 = value.parse().map_err(|_| EnvironmentError {
                        variable: "REHEARSAL_SEED",
                        problem: format!("`{value}` is not a seed; seeds are whole numbers from 0"),
                    })?;
                    single = Some(Seeds::one(seed));
                }
                "REHEARSAL_SEEDS" => {
                    let seeds = value.parse().map_err(|problem| EnvironmentError {
                        variable: "REHEARSAL_SEEDS",
                        problem,
                    })?;
                    found.seeds = Some(seeds);
                }
                "REHEARSAL_STRATEGY" => {
                    let strategy = StrategyName::sampling(&value);
                    let strategy = strategy.map_err(|problem| EnvironmentError {
                        variable: "REHEARSAL_STRATEGY",
                        problem: with_nearest(&value, &problem),
                    })?;
                    found.strategy = Some(strategy);
                }
                COMMAND if value == FROM_STDIN => found.command = true,
                CARGO | TARGET_DIRECTORY | MIRROR => {}
                WATCHDOG => drop(parse_watchdog(&value)?),
                logs::VARIABLE => {
                    logs::check(&value).map_err(|problem| EnvironmentError {
                        variable: logs::VARIABLE,
                        problem,
                    })?;
                }
                "REHEARSAL_REPLAY" => found.replay = Some(PathBuf::from(value)),
                name if name.starts_with("REHEARSAL_") => found.unknown.push(name.to_owned()),
                _ => {}
            }
        }
        if single.is_some() && found.seeds.is_some() {
            return Err(EnvironmentError {
                variable: "REHEARSAL_SEED",
                problem: "REHEARSAL_SEEDS is set too; set one of them".to_owned(),
            });
        }
        found.seeds = found.seeds.or(single);
        let other = if found.seeds.is_some() {
            Some("a seed")
        } else {
            found.strategy.map(|_| "a strategy")
        };
        if let (Some(_), Some(other)) = (&found.replay, other) {
            return Err(EnvironmentError {
                variable: "REHEARSAL_REPLAY",
                problem: format!("{other} is set too, and a repro has its own"),
            });
        }
        found.unknown.sort();
        Ok(found)
    }
}

/// Returns the default directory for repros of failing runs: `rehearsal` in
/// the directory for build output.
pub fn out_directory() -> PathBuf {
    if let Some(target) = variable(TARGET_DIRECTORY) {
        let here = std::env::current_dir().ok();
        return near(here.as_deref(), Path::new(&target)).join(SUBDIRECTORY);
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").filter(|target| !target.is_empty());
    let target = target.unwrap_or_else(|| "target".into());
    Path::new(&target).join(SUBDIRECTORY)
}

/// Returns the directory for repros of failing tests: as [`out_directory`], in the one that
/// cargo built this program in. A package of a workspace has none of its own.
pub(crate) fn tests_out_directory() -> PathBuf {
    match std::env::current_exe() {
        Ok(program) => out_directory_of(&program),
        Err(_) => out_directory(),
    }
}

/// Returns the directory for repros of failing tests of a test binary, relative to the
/// current directory if it is below that.
pub(crate) fn out_directory_of(program: &Path) -> PathBuf {
    if variable(TARGET_DIRECTORY).is_some() {
        return out_directory();
    }
    let here = std::env::current_dir().ok();
    // What cargo leaves in each directory that it builds in.
    let mark = ".rustc_info.json";
    let mut above = program.ancestors().skip(1);
    let Some(target) = above.find(|directory| directory.join(mark).is_file()) else {
        return out_directory();
    };
    near(here.as_deref(), target).join(SUBDIRECTORY)
}

/// Returns the path from the root of a path relative to the current directory; in a mirror of
/// `cargo rehearsal`, the path in the project.
///
/// # Errors
///
/// If the current directory is no more.
pub(crate) fn whole_path(path: &Path) -> io::Result<PathBuf> {
    let whole = std::path::absolute(path)?;
    Ok(match variable(MIRROR) {
        Some(mirror) => mirrored_path(&whole, Path::new(&mirror)),
        None => whole,
    })
}

/// Returns the path of a file that a mirror has below its own directory.
fn mirrored_path(whole: &Path, mirror: &Path) -> PathBuf {
    match whole.strip_prefix(mirror) {
        Ok(path) => Path::new("/").join(path),
        Err(_) => whole.to_owned(),
    }
}

/// Returns the path relative to the current directory, if it is below that or a link there of
/// the same name leads to it.
fn near(here: Option<&Path>, target: &Path) -> PathBuf {
    let linked = |here: &Path| {
        let name = target.file_name()?;
        let found = here.join(name).canonicalize().ok()?;
        (found == target.canonicalize().ok()?).then(|| PathBuf::from(name))
    };
    let near = here.and_then(|here| {
        let below = target.strip_prefix(here).map(Path::to_owned).ok();
        below.or_else(|| linked(here))
    });
    near.unwrap_or_else(|| target.to_owned())
}

/// Returns the time after which a run that makes no step ends the process; none for never. A
/// value that makes no sense is an error of [`Environment::read`], and the default here.
pub(crate) fn watchdog() -> Option<Duration> {
    let value = variable(WATCHDOG);
    let set = value.map(|value| parse_watchdog(&value));
    set.and_then(Result::ok).unwrap_or(Some(DEFAULT_WATCHDOG))
}

fn parse_watchdog(value: &str) -> Result<Option<Duration>, EnvironmentError> {
    if value == OFF {
        return Ok(None);
    }
    match durations::parse(value) {
        Ok(time) if !time.is_zero() => Ok(Some(time)),
        _ => Err(EnvironmentError {
            variable: WATCHDOG,
            problem: format!("`{value}` is neither a time, such as 30s, nor `{OFF}`"),
        }),
    }
}

/// Returns `true` in a workflow of GitHub's, which sets this variable.
#[cfg(feature = "cli")]
pub(crate) fn is_github_workflow() -> bool {
    variable("GITHUB_ACTIONS").is_some_and(|value| value == "true")
}

/// Checks the filter of logs, for a command that reads nothing else here.
///
/// # Errors
///
/// If it is no filter.
#[cfg(feature = "cli")]
pub(crate) fn check_log_filter() -> Result<(), EnvironmentError> {
    let Some(value) = variable(logs::VARIABLE) else {
        return Ok(());
    };
    logs::check(&value).map_err(|problem| EnvironmentError {
        variable: logs::VARIABLE,
        problem,
    })
}

/// Returns the command that is typed for `cargo`.
pub(crate) fn cargo() -> String {
    variable(CARGO).unwrap_or_else(|| "cargo".to_owned())
}

/// Returns the value of a variable, if it has one.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Returns what selects this program in `cargo test --test NAME`; none if its file does not
/// say. Where cargo has put `_`, the name may have `-`.
pub(crate) fn test_target() -> Option<String> {
    let program = std::env::current_exe().ok()?;
    target_of(program.file_stem()?.to_str()?).map(str::to_owned)
}

fn target_of(stem: &str) -> Option<&str> {
    let (name, hash) = stem.rsplit_once('-')?;
    let hashed = hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    (hashed && !name.contains('_')).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(vars: &[(&str, &str)]) -> Result<Environment, EnvironmentError> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Environment::from_vars(vars.iter().map(owned))
    }

    #[test]
    fn directory_is_named_by_a_link_to_it() {
        let directory = tempfile::tempdir().expect("a directory");
        let (here, target) = (
            directory.path().join("here"),
            directory.path().join("target"),
        );
        for path in [&here, &target] {
            std::fs::create_dir(path).expect("a directory");
        }
        assert_eq!(near(Some(&here), &target), target);
        assert_eq!(near(Some(directory.path()), &target), Path::new("target"));
        std::os::unix::fs::symlink(&target, here.join("target")).expect("a link");
        assert_eq!(near(Some(&here), &target), Path::new("target"));
    }

    #[test]
    fn path_in_a_mirror_is_that_in_the_project() {
        let mirrored = |path: &str| mirrored_path(Path::new(path), Path::new("/shop/mirror/a"));
        let kept = "/shop/mirror/a/shop/cart/tests/regressions";
        assert_eq!(mirrored(kept), Path::new("/shop/cart/tests/regressions"));
        // A member is a link to its directory, so its tests run there.
        let kept = "/shop/cart/tests/regressions";
        assert_eq!(mirrored(kept), Path::new(kept));
    }

    #[test]
    fn one_seed_a_count_and_a_range() {
        let seeds = |vars| read(vars).expect("valid").seeds;
        assert_eq!(seeds(&[]), None);
        assert_eq!(seeds(&[("REHEARSAL_SEED", "7")]), Some(Seeds::one(7)));
        assert_eq!(seeds(&[("REHEARSAL_SEEDS", "16")]), Seeds::count(16));
        let range = seeds(&[("REHEARSAL_SEEDS", "3..5")]).expect("two seeds");
        assert_eq!(range.into_iter().collect::<Vec<_>>(), [3, 4]);
    }

    /// Without a seed, a pass would mean nothing.
    #[test]
    fn the_last_seed_of_all_is_a_seed() {
        let last = u64::MAX.to_string();
        let seeds = read(&[("REHEARSAL_SEED", &last)]).expect("valid").seeds;
        let seeds = seeds.expect("one seed");
        assert_eq!(seeds.into_iter().collect::<Vec<_>>(), [u64::MAX]);
    }

    #[test]
    fn nonsense_is_an_error_that_names_its_variable() {
        for (name, value) in [
            ("REHEARSAL_SEED", "seven"),
            ("REHEARSAL_SEED", "-1"),
            ("REHEARSAL_SEEDS", "5..3"),
            ("REHEARSAL_SEEDS", "0"),
            ("REHEARSAL_LOG", "my_crate=loud"),
            ("REHEARSAL_STRATEGY", "luck"),
            ("REHEARSAL_STRATEGY", "exhaustive:2"),
            ("REHEARSAL_WATCHDOG", "0s"),
            ("REHEARSAL_WATCHDOG", "never"),
        ] {
            let error = read(&[(name, value)]).expect_err("nonsense");
            assert!(error.to_string().starts_with(name), "{error}");
        }
    }

    #[test]
    fn two_kinds_of_seeds_contradict() {
        assert!(read(&[("REHEARSAL_SEED", "1"), ("REHEARSAL_SEEDS", "2")]).is_err());
    }

    #[test]
    fn a_repro_has_a_seed_and_a_strategy_of_its_own() {
        let replay = ("REHEARSAL_REPLAY", "x.repro");
        let found = read(&[replay]).expect("valid");
        assert_eq!(found.replay, Some(PathBuf::from("x.repro")));
        for other in [
            ("REHEARSAL_SEED", "1"),
            ("REHEARSAL_SEEDS", "2"),
            ("REHEARSAL_STRATEGY", "fifo"),
        ] {
            let error = read(&[other, replay]).expect_err("a contradiction");
            assert!(error.to_string().starts_with("REHEARSAL_REPLAY"), "{error}");
        }
    }

    #[test]
    fn a_program_that_cargo_built_is_known_by_its_target() {
        assert_eq!(target_of("scenarios-0123456789abcdef"), Some("scenarios"));
        assert_eq!(target_of("my_scenarios-0123456789abcdef"), None);
        assert_eq!(target_of("scenarios"), None);
        assert_eq!(target_of("my-scenarios"), None);
    }

    #[test]
    fn a_typo_is_noticed() {
        let found = read(&[("REHEARSAL_SEDE", "1"), ("HOME", "/")]).expect("valid");
        assert_eq!(found.unknown, ["REHEARSAL_SEDE"]);
    }
}
