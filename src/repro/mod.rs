//! Repros: a failing run as a small file that replays byte for byte.

mod find;
pub(crate) mod read;
mod save;
pub(crate) mod write;

use std::path::PathBuf;

use rehearsal_agents::spec::Transport;
use rehearsal_sim::{Fingerprint, Schedule};

use crate::run::{self, RunOptions, RunReport, RunVerdict, StrategyName};
use crate::scenario::variant::HEALTHY;
use crate::scenario::{Cut, CutError, Scenario};
use crate::signature::Signature;

pub use self::save::{EXTENSION, SUBDIRECTORY, save_failure};

/// The version of the file format that this version of the tool writes and reads.
pub const FORMAT: u32 = 1;

/// Everything that it takes to play a failing run again, and what came of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Repro {
    /// The scenario that failed.
    pub scenario: ScenarioRef,
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

/// Which scenario a repro plays.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScenarioRef {
    /// Its name, without the twin's suffix.
    pub name: String,
    /// The file that it was read from.
    pub file: PathBuf,
    /// The hash of that file.
    pub hash: u128,
    /// Whether it is the healthy twin.
    pub healthy: bool,
    /// How events reached clients: it may not be what the file says.
    pub transport: Transport,
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
    /// The repro of a recorded run of `scenario` that failed; none if it passed, or if
    /// no seed decides what comes of it.
    pub fn of(scenario: &Scenario, report: &RunReport) -> Option<Self> {
        if report.verdict == RunVerdict::Nondeterminism {
            return None;
        }
        let signature = Signature::of(report)?;
        Some(Self {
            scenario: ScenarioRef {
                name: scenario.file_name().to_owned(),
                file: scenario.file.clone(),
                hash: scenario.hash,
                healthy: scenario.is_twin(),
                transport: scenario.spec.transport,
            },
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

    /// The name of what it plays: the scenario's, or its healthy twin's.
    pub fn played_name(&self) -> String {
        let twin = if self.scenario.healthy { HEALTHY } else { "" };
        format!("{}{twin}", self.scenario.name)
    }

    /// The scenario as this repro plays it, from the scenario as its file is now:
    /// twin, transport, cuts, and judged for the expected failure alone.
    ///
    /// # Errors
    ///
    /// If the scenario has changed so much that it cannot be played like that.
    pub fn stage(&self, scenario: &Scenario) -> Result<Scenario, Unplayable> {
        let whole = self.stage_whole(scenario)?;
        Ok(whole.focused(&self.expected.signature))
    }

    /// As [`Repro::stage`], but judged for everything that the scenario expects.
    /// That says little of a scenario with cuts: it may have nothing left for an
    /// oracle to check, or to reach a goal by.
    ///
    /// # Errors
    ///
    /// As [`Repro::stage`].
    pub fn stage_whole(&self, scenario: &Scenario) -> Result<Scenario, Unplayable> {
        let twin = if self.scenario.healthy {
            scenario.twin().ok_or(Unplayable::NoTwin)?
        } else {
            scenario.clone()
        };
        let staged = twin
            .with_transport(self.scenario.transport)
            .map_err(|_| Unplayable::NeedsNetwork)?;
        staged.cut(&self.cuts).map_err(Unplayable::Cut)
    }

    /// Plays the repro on a scenario that [`Repro::stage`] has made ready, with
    /// everything recorded.
    pub fn play(&self, staged: &Scenario) -> RunReport {
        let options = RunOptions::new(self.seed, self.strategy).recorded();
        run::play(staged, options.replaying(self.schedule.clone()))
    }
}

/// Why a repro cannot be played on a scenario that has changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unplayable {
    /// The scenario carries no defect, so it has no healthy twin.
    NoTwin,
    /// The scenario has faults that the repro's transport cannot have.
    NeedsNetwork,
    /// Something that the repro cuts is not there.
    Cut(CutError),
}

impl std::fmt::Display for Unplayable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoTwin => {
                f.write_str("the scenario carries no defect, so it has no healthy twin")
            }
            Self::NeedsNetwork => {
                f.write_str("the scenario has faults that need a network, and the repro has none")
            }
            Self::Cut(error) => write!(f, "the scenario has no place for the cut {error}"),
        }
    }
}

impl std::error::Error for Unplayable {}
