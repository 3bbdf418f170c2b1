//! The identity of a program whose runs are counted.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::EXTENSION;
use crate::oracle::OracleRef;
use crate::run::StrategyName;
use crate::run::seeds::Seeds;
use crate::scenario::ExpectedVerdict;
use crate::target::{Origin, Target};

/// A program with everything on which its runs depend, beside the seed.
///
/// The executable file stands for the toolchain, the features, the `cfg`s and the versions of all
/// libraries in the lock file: who changes one of them builds another file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProgramId {
    /// The target's name.
    pub(crate) target: String,
    /// The strategy.
    pub(crate) strategy: String,
    /// The values that are set to others than the file's.
    set: Vec<String>,
    /// The hash of the scenario's file; none for a test.
    scenario_hash: Option<String>,
    /// The version of the tool.
    tool: String,
    /// The hash of the executable file.
    executable_hash: String,
    /// The goals that some run must reach, and the number of runs after which one that is not
    /// reached is a failure.
    sometimes: Vec<String>,
    goals_after: u64,
    /// The oracles, each of which must have something to check in one of as many runs.
    oracles: Vec<String>,
}

impl ProgramId {
    /// Returns the identity of a target under that strategy, in this process.
    ///
    /// # Errors
    ///
    /// If the executable file cannot be read: without it nothing is known of the program.
    pub(crate) fn of(target: &dyn Target, strategy: StrategyName) -> Result<Self, String> {
        let (scenario, set) = match target.identity().origin {
            Origin::Scenario(scenario) => {
                let set = scenario.set.iter().map(ToString::to_string).collect();
                (Some(format!("{:032x}", scenario.hash)), set)
            }
            Origin::Test(_) => (None, Vec::new()),
        };
        let expected = target.expected();
        let goals = match expected.verdict {
            ExpectedVerdict::Pass => expected.sometimes,
            _ => &[],
        };
        Ok(Self {
            target: target.name().to_owned(),
            strategy: strategy.to_string(),
            set,
            scenario_hash: scenario,
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            executable_hash: executable()?.to_owned(),
            sometimes: goals.iter().map(|goal| goal.name()).collect(),
            goals_after: expected.seeds,
            oracles: names(expected.oracles),
        })
    }

    /// Returns `true` if both explore the same target in the same manner, so that their results
    /// belong together if the programs are the same.
    pub(crate) fn has_subject_of(&self, other: &Self) -> bool {
        (&self.target, &self.strategy, &self.set) == (&other.target, &other.strategy, &other.set)
    }

    /// Returns in what the programs differ, in words.
    pub(crate) fn difference(&self, other: &Self) -> Vec<&'static str> {
        [
            (self.tool != other.tool, "the version of rehearsal"),
            (
                self.scenario_hash != other.scenario_hash,
                "the scenario file",
            ),
            (
                self.executable_hash != other.executable_hash,
                "the executable file",
            ),
            (
                (&self.sometimes, self.goals_after) != (&other.sometimes, other.goals_after),
                "the goals",
            ),
            (self.oracles != other.oracles, "the oracles"),
        ]
        .into_iter()
        .filter_map(|(differs, what)| differs.then_some(what))
        .collect()
    }

    /// Returns the name of a file with the results of those seeds, which begins with `stem`.
    pub(crate) fn file_name(&self, stem: &str, seeds: &Seeds) -> String {
        let is_plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let strategy: String = self.strategy.chars().map(is_plain).collect();
        // The program's first digits tell builds apart at a glance.
        let digits = xxh3_64(format!("{self:?}").as_bytes()) >> 32;
        let first = seeds.first();
        format!("{stem}-{strategy}-{digits:08x}-{first}.{EXTENSION}")
    }

    /// Returns the goals that are to be reached after so many runs.
    pub(super) fn goals_after(&self, runs: u64) -> &[String] {
        if runs >= self.goals_after {
            &self.sometimes
        } else {
            &[]
        }
    }

    /// Returns the oracles that are to have had something to check after so many runs.
    pub(super) fn oracles_after(&self, runs: u64) -> &[String] {
        if runs >= self.goals_after {
            &self.oracles
        } else {
            &[]
        }
    }

    #[cfg(test)]
    pub(super) fn named(target: &str) -> Self {
        Self {
            target: target.to_owned(),
            strategy: StrategyName::RANDOM.to_string(),
            set: Vec::new(),
            scenario_hash: None,
            tool: String::new(),
            executable_hash: String::new(),
            sometimes: vec!["reached".to_owned()],
            goals_after: 10,
            oracles: vec!["judge".to_owned()],
        }
    }

    #[cfg(test)]
    pub(super) fn built_as(self, executable: &str) -> Self {
        Self {
            executable_hash: executable.to_owned(),
            ..self
        }
    }
}

fn names(oracles: &[OracleRef]) -> Vec<String> {
    oracles
        .iter()
        .map(|oracle| oracle.name().to_owned())
        .collect()
}

/// The file that this process runs, even if another has its name by now.
const RUNNING: &str = "/proc/self/exe";

/// Returns the hash of this process's executable file.
fn executable() -> Result<&'static str, String> {
    static HASH: OnceLock<Result<String, String>> = OnceLock::new();
    let hash = HASH.get_or_init(|| {
        let file = File::open(RUNNING).or_else(|_| File::open(std::env::current_exe()?));
        let hash = file.and_then(|file| hash(BufReader::new(file)));
        hash.map_err(|error| format!("cannot read the executable file: {error}"))
    });
    hash.as_deref().map_err(Clone::clone)
}

fn hash(mut file: impl BufRead) -> io::Result<String> {
    let mut hash = Xxh3::new();
    loop {
        let bytes = file.fill_buf()?;
        if bytes.is_empty() {
            return Ok(format!("{:032x}", hash.digest128()));
        }
        hash.update(bytes);
        let read = bytes.len();
        file.consume(read);
    }
}
