//! Repros: a failing run as a small file that replays byte for byte.

mod directory;
mod draft;
mod drawn;
mod find;
pub(crate) mod read;
pub mod replay;
mod save;
mod shell;
mod site;
mod size;
mod write;

use std::sync::Arc;

use rehearsal_sim::{Fingerprint, Interleave, PickDeviation, Schedule};

use crate::run::identity::{Identity, Selection};
pub use crate::run::identity::{Origin, ScenarioRef, TestRef, VariantError};
use crate::run::signature::Signature;
use crate::run::target::{self, Target};
use crate::run::{RunOptions, RunReport, RunVerdict, StrategyName};
use crate::scenario::Cut;

pub(crate) use self::directory::{RESULTS_EXTENSION, link_latest, remove_surplus};
pub(crate) use self::draft::Draft;
pub use self::drawn::Drawn;
pub use self::save::{EXTENSION, save_failure};
pub(crate) use self::save::{is_of_same, place, save_recorded};
pub(crate) use self::shell::{replay_in_test, shell_path, shell_word};
pub use crate::environment::SUBDIRECTORY;

/// The newest version of the file format that this version of the tool reads. It writes the
/// oldest one, from 2 on, that has all that the repro holds.
pub const FORMAT: u32 = 6;

/// The oldest version of the file format that this version of the tool reads.
pub const OLDEST_FORMAT: u32 = 1;

/// Everything that a replay of a failing run needs, and the failure that it must show.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Repro {
    /// The target.
    pub origin: Origin,
    /// The parts that are left out of it.
    pub cuts: Vec<Cut>,
    /// The seed that first showed the failure.
    pub seed: u64,
    /// The strategy of the run; never the portfolio, but its member.
    pub strategy: StrategyName,
    /// The operations that were scheduling points.
    pub interleave: Interleave,
    /// The deviations of the run from the default schedule; empty if they are drawn again.
    pub schedule: Schedule,
    /// The choices, if they are not listed but drawn again from the seed.
    pub drawn: Option<Drawn>,
    /// A few words about each decision, for the reader of the file. Means
    /// nothing to a replay; may be shorter than the schedule.
    pub remarks: Vec<String>,
    /// The failure.
    pub expected: Expected,
    /// The statistics of shrinking, if it was shrunk.
    pub shrunk: Option<Shrunk>,
}

/// The failure that a replay must show.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expected {
    /// The verdict.
    pub verdict: RunVerdict,
    /// The failure.
    pub signature: Signature,
    /// The hash over every effect.
    pub fingerprint: Fingerprint,
}

/// The statistics of shrinking.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shrunk {
    /// Runs that it took to get this small.
    pub runs: u64,
    /// Decisions before.
    pub decisions: usize,
    /// Preemptions before.
    pub preemptions: usize,
}

impl Repro {
    /// Returns the repro of a recorded run of `target` that failed; none if it passed.
    pub fn of(target: &dyn Target, report: &RunReport) -> Option<Self> {
        let signature = Signature::of(report)?;
        Some(Self {
            origin: target.identity().origin,
            cuts: Vec::new(),
            seed: report.seed,
            strategy: report.strategy,
            interleave: report.outcome.interleave,
            schedule: report.outcome.tape.schedule(),
            drawn: None,
            remarks: Vec::new(),
            expected: Expected {
                verdict: report.verdict,
                signature,
                fingerprint: report.outcome.fingerprint,
            },
            shrunk: None,
        })
    }

    /// As [`Repro::of`], of a run whose choices its strategy drew from the seed, except for
    /// `picks` of a search. If it has too many deviations to list, it says only that.
    pub fn of_fresh(
        target: &dyn Target,
        report: &RunReport,
        picks: &[PickDeviation],
    ) -> Option<Self> {
        let mut repro = Self::of(target, report)?;
        if repro.is_too_long() {
            repro.schedule = Schedule::default();
            repro.drawn = Some(Drawn {
                picks: picks.to_vec(),
            });
        }
        Some(repro)
    }

    /// Returns `true` if it lists more deviations than a file should have.
    pub(crate) fn is_too_long(&self) -> bool {
        self.schedule.len() > drawn::LISTED_MAX || self.to_toml().len() > drawn::LISTED_BYTES_MAX
    }

    /// Returns the scenario; none if it is a test's.
    pub fn scenario(&self) -> Option<&ScenarioRef> {
        match &self.origin {
            Origin::Scenario(scenario) => Some(scenario),
            Origin::Test(_) => None,
        }
    }

    /// As [`ScenarioRef::custom_system`]; none for a test.
    pub fn custom_system(&self) -> Option<&str> {
        self.scenario()?.custom_system()
    }

    /// The custom implementation that it is run with; none for the kind's own, and
    /// for a test.
    pub fn system(&self) -> Option<&str> {
        self.scenario()?.system.as_deref()
    }

    /// Returns the name of its target: the scenario's, its healthy twin's, or the test's.
    pub fn target_name(&self) -> String {
        match &self.origin {
            Origin::Scenario(scenario) => scenario.target_name(),
            Origin::Test(test) => test.name.clone(),
        }
    }

    /// Returns the variant of `target` that this repro runs: of a scenario its twin,
    /// transport and cuts; judged for the expected failure alone.
    ///
    /// # Errors
    ///
    /// If the target has changed so much that there is no such variant.
    pub fn variant_of(&self, target: &dyn Target) -> Result<Arc<dyn Target>, VariantError> {
        target.reduced(&Selection {
            failure: Some(&self.expected.signature),
            ..self.selection()
        })
    }

    /// Returns the same variant as [`Repro::variant_of`], judged for everything that the
    /// target expects. That says little of a scenario with cuts: it may have nothing
    /// left for an oracle to check, or to reach a goal by.
    ///
    /// # Errors
    ///
    /// As [`Repro::variant_of`].
    pub fn whole_variant_of(&self, target: &dyn Target) -> Result<Arc<dyn Target>, VariantError> {
        target.reduced(&self.selection())
    }

    fn selection(&self) -> Selection<'_> {
        Selection {
            origin: &self.origin,
            cuts: &self.cuts,
            failure: None,
        }
    }

    /// Runs the repro on a target that [`Repro::variant_of`] returned, with everything
    /// recorded.
    pub fn run_once(&self, variant: &dyn Target) -> RunReport {
        let options = RunOptions::new(self.seed, self.strategy)
            .interleaving(self.interleave)
            .recorded();
        match &self.drawn {
            None => target::run_once(variant, options.replaying(self.schedule.clone())),
            Some(drawn) if self.strategy.search().is_some() => {
                target::run_deviating(variant, options, &drawn.picks).0
            }
            Some(_) => target::run_once(variant, options),
        }
    }

    /// Returns `true` if the target's file is another than the repro was made from. A
    /// test's program has no hash: its runs show where it has changed.
    pub fn is_outdated(&self, identity: &Identity) -> bool {
        match (&self.origin, &identity.origin) {
            (Origin::Scenario(recorded), Origin::Scenario(now)) => recorded.hash != now.hash,
            (Origin::Test(_), Origin::Test(_)) => false,
            _ => true,
        }
    }
}
