//! Repros: a failing run as a small file that replays byte for byte.

mod find;
pub(crate) mod read;
mod save;
pub(crate) mod write;

use std::fmt;
use std::path::{Path, PathBuf};

use rehearsal_agents::spec::Transport;
use rehearsal_sim::{Fingerprint, Schedule};

use crate::run::{RunOptions, RunReport, RunVerdict, StrategyName};
use crate::scenario::variant::HEALTHY;
use crate::scenario::{Cut, CutError, Edit};
use crate::signature::Signature;
use crate::subject::{self, Subject};
use crate::summary::shell_word;

pub use self::save::{EXTENSION, SUBDIRECTORY, save_failure};

/// The version of the file format that this version of the tool writes and reads.
pub const FORMAT: u32 = 1;

/// Everything that it takes to play a failing run again, and what came of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Repro {
    /// What failed.
    pub origin: Origin,
    /// What is left out of it.
    pub cuts: Vec<Cut>,
    /// The seed that first showed the failure.
    pub seed: u64,
    /// The strategy that played it; never the portfolio, but its member.
    pub strategy: StrategyName,
    /// Every choice of the run that is not boring.
    pub schedule: Schedule,
    /// A few words about each decision, for the reader of the file. Means
    /// nothing to a replay; may be shorter than the schedule.
    pub remarks: Vec<String>,
    /// What comes of it.
    pub expected: Expected,
    /// How it was shrunk, if it was.
    pub shrunk: Option<Shrunk>,
}

/// What a repro plays.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// A scenario.
    Scenario(ScenarioRef),
    /// The program of a test.
    Test(TestRef),
}

impl Origin {
    /// What kind of thing it is, in a word.
    pub fn noun(&self) -> &'static str {
        match self {
            Self::Scenario(_) => "scenario",
            Self::Test(_) => "test",
        }
    }
}

/// Which test's program a repro plays.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TestRef {
    /// The package that it is in.
    pub package: String,
    /// Its path, the crate's name first: `bank::tests::no_money_is_lost`.
    pub name: String,
    /// The source file that it is in, as the compiler names it.
    pub file: PathBuf,
}

/// Which scenario a repro plays.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScenarioRef {
    /// Its name, without the twin's suffix.
    pub name: String,
    /// The file that it was read from.
    pub file: PathBuf,
    /// The hash of that file.
    pub hash: u128,
    /// The system of a user's own that it is played with; none for the reference.
    pub system: Option<String>,
    /// Whether it is the healthy twin.
    pub healthy: bool,
    /// How events reached clients: it may not be what the file says.
    pub transport: Transport,
    /// Other values that were set to others than the file's.
    pub set: Vec<Edit>,
}

/// What a replay must show.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expected {
    /// The verdict.
    pub verdict: RunVerdict,
    /// The failure.
    pub signature: Signature,
    /// The hash over every effect.
    pub fingerprint: Fingerprint,
}

/// What shrinking did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shrunk {
    /// Runs that it took.
    pub runs: u64,
    /// Decisions before.
    pub decisions: usize,
    /// Preemptions before.
    pub preemptions: usize,
}

impl Repro {
    /// The repro of a recorded run of `subject` that failed; none if it passed.
    pub fn of<S: Subject>(subject: &S, report: &RunReport<S::Books>) -> Option<Self> {
        let signature = Signature::of(report)?;
        Some(Self {
            origin: subject.origin(),
            cuts: Vec::new(),
            seed: report.seed,
            strategy: report.strategy,
            schedule: report.tape.schedule(),
            remarks: Vec::new(),
            expected: Expected {
                verdict: report.verdict,
                signature,
                fingerprint: report.fingerprint,
            },
            shrunk: None,
        })
    }

    /// The scenario that it plays; none if it is a test's.
    pub fn scenario(&self) -> Option<&ScenarioRef> {
        match &self.origin {
            Origin::Scenario(scenario) => Some(scenario),
            Origin::Test(_) => None,
        }
    }

    /// The system of a user's own that it is played with; none for the reference, and
    /// for a test.
    pub fn system(&self) -> Option<&str> {
        self.scenario()?.system.as_deref()
    }

    /// The name of what it plays: the scenario's, its healthy twin's, or the test's.
    pub fn played_name(&self) -> String {
        match &self.origin {
            Origin::Scenario(scenario) => scenario.played_name(),
            Origin::Test(test) => test.name.clone(),
        }
    }

    /// The subject as this repro plays it, from what it is now: of a scenario its
    /// twin, transport and cuts; and judged for the expected failure alone.
    ///
    /// # Errors
    ///
    /// If the subject has changed so much that it cannot be played like that.
    pub fn stage<S: Subject>(&self, subject: &S) -> Result<S, Unplayable> {
        let whole = self.stage_whole(subject)?;
        Ok(whole.focused(&self.expected.signature))
    }

    /// As [`Repro::stage`], but judged for everything that the subject expects.
    /// That says little of a scenario with cuts: it may have nothing left for an
    /// oracle to check, or to reach a goal by.
    ///
    /// # Errors
    ///
    /// As [`Repro::stage`].
    pub fn stage_whole<S: Subject>(&self, subject: &S) -> Result<S, Unplayable> {
        let variant = subject.variant(self)?;
        variant.cut(&self.cuts).map_err(Unplayable::Cut)
    }

    /// Plays the repro on a subject that [`Repro::stage`] has made ready, with
    /// everything recorded.
    pub fn play<S: Subject>(&self, staged: &S) -> RunReport<S::Books> {
        let options = RunOptions::new(self.seed, self.strategy).recorded();
        subject::play(staged, options.replaying(self.schedule.clone()))
    }
}

impl TestRef {
    /// The name as `cargo test` knows it: without the crate.
    pub fn short_name(&self) -> &str {
        let name = self.name.as_str();
        name.split_once("::").map_or(name, |(_, name)| name)
    }

    /// Whether both are the same test. Two packages may have tests of one name.
    pub(crate) fn is(&self, other: &Self) -> bool {
        (&self.package, &self.name) == (&other.package, &other.name)
    }

    /// What the names of its files begin with: its path, and before that the package, if
    /// the crate is not called like it.
    pub(crate) fn file_stem(&self) -> String {
        let path = self.name.replace("::", "-");
        let crate_name = self.name.split("::").next();
        if crate_name == Some(&self.package.replace('-', "_")) {
            return path;
        }
        format!("{}-{path}", self.package)
    }

    /// What plays the repro in `file`, as a line for a shell.
    pub fn replay_command(&self, file: &Path) -> String {
        format!(
            "REHEARSAL_REPLAY={} cargo test -p {} {} -- --exact",
            shell_word(&file.to_string_lossy()),
            shell_word(&self.package),
            shell_word(self.short_name()),
        )
    }
}

/// ``the scenario in `file` ``.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scenario(scenario) => write!(f, "the scenario in `{}`", scenario.file.display()),
            Self::Test(test) => write!(f, "the test `{}`", test.name),
        }
    }
}

impl ScenarioRef {
    /// The name of the scenario or of its healthy twin, with its system if that is a
    /// user's own.
    pub fn played_name(&self) -> String {
        let twin = if self.healthy { HEALTHY } else { "" };
        match &self.system {
            Some(system) => format!("{system}/{}{twin}", self.name),
            None => format!("{}{twin}", self.name),
        }
    }
}

/// Why a repro cannot be played on a subject, which may have changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unplayable {
    /// The repro is of something else.
    NotOfThis,
    /// The scenario carries no defect, so it has no healthy twin.
    NoTwin,
    /// The scenario has faults that the repro's transport cannot have.
    NeedsNetwork,
    /// A value that the repro sets has no place in the scenario any more.
    Set(String),
    /// Something that the repro cuts is not there.
    Cut(CutError),
}

impl fmt::Display for Unplayable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOfThis => f.write_str("the repro is of something else"),
            Self::NoTwin => {
                f.write_str("the scenario carries no defect, so it has no healthy twin")
            }
            Self::NeedsNetwork => {
                f.write_str("the scenario has faults that need a network, and the repro has none")
            }
            Self::Set(problem) => {
                write!(
                    f,
                    "the scenario has no place for a value that was set: {problem}"
                )
            }
            Self::Cut(error) => write!(f, "the scenario has no place for the cut {error}"),
        }
    }
}

impl std::error::Error for Unplayable {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_filed_by_its_package_and_path() {
        let test = |package: &str, name: &str| TestRef {
            package: package.to_owned(),
            name: name.to_owned(),
            file: "tests/it.rs".into(),
        };
        let unit = test("my-bank", "my_bank::tests::it_works");
        assert_eq!(unit.file_stem(), "my_bank-tests-it_works");
        assert_eq!(unit.short_name(), "tests::it_works");
        let integration = test("my-bank", "it::works");
        assert_eq!(integration.file_stem(), "my-bank-it-works");
        assert!(!integration.is(&test("other", "it::works")));
    }
}
