//! The score: for each seeded defect and each strategy, the share of runs that show the
//! defect and the runs to the first of them; for each healthy twin, its false alarms.
//!
//! The defects are those of scenario files, the strategies those of the simulator's table.
//! Nothing is written to files, so that seeds may be as many as one likes. The numbers depend
//! on the seeds alone and not on the number of workers.

mod estimate;
mod json;
mod mix;
mod page;
mod sample;
mod seeds;
mod table;

use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;

use rehearsal_agents::spec::Defect;

pub use self::estimate::{Blocks, Rate};
pub(crate) use self::json::{ScoreLine, read_scores};
pub use self::page::page;
use self::sample::sample;
pub use self::seeds::{PlannedSeeds, SeedPlan};
pub(crate) use self::table::{head, row, summary};
use crate::explore::Progress;
use crate::run::seeds::Seeds;
use crate::run::signature::Signature;
use crate::run::{RunVerdict, StrategyName};
use crate::scenario::{ExpectedVerdict, Scenario};

/// The manner of a measurement.
#[derive(Clone, Copy, Debug)]
pub struct Measuring<'a> {
    /// The seeds of each defect and of each twin. A defect that enough runs have shown is run
    /// no more.
    pub seeds: &'a Seeds,
    /// Worker threads.
    pub jobs: NonZeroUsize,
    /// Once it is true, no run is begun.
    pub stop: &'a AtomicBool,
}

/// The score of one strategy on one defect and on its twin.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Score {
    /// The name of the scenario with the defect.
    pub scenario: String,
    /// The kind of its system.
    pub system: String,
    /// The name of the defect.
    pub defect: String,
    /// The oracle that is expected to find it.
    pub oracle: Option<String>,
    /// The strategy.
    pub strategy: StrategyName,
    /// Runs in which the expected oracle was the first to find something.
    pub detected: Rate,
    /// The median of runs to the first such run; none if no run showed it.
    pub runs_to_first: Option<u64>,
    /// Every failure, by its signature.
    pub failures: BTreeMap<Signature, u64>,
    /// Runs of the twin that failed; none if the twin was not run.
    pub false_alarms: Option<Rate>,
    /// The worst verdict of the twin.
    pub twin_verdict: RunVerdict,
}

impl Score {
    /// Returns the number of runs that failed otherwise than expected.
    pub fn other_failures(&self) -> u64 {
        let failed: u64 = self.failures.values().sum();
        failed - self.detected.hits
    }
}

/// Measures a strategy on the defect of a scenario and, if `with_twin`, on its twin.
/// None if the scenario has no defect, or the measurement was stopped.
///
/// # Errors
///
/// If the reporter cannot show something, or no thread can be started.
pub fn measure(
    scenario: &Scenario,
    strategy: StrategyName,
    measuring: Measuring<'_>,
    with_twin: bool,
    show: &mut dyn FnMut(&Progress) -> io::Result<()>,
) -> io::Result<Option<Score>> {
    let (Some(defect), Some(twin)) = (scenario.spec.defect, scenario.twin()) else {
        return Ok(None);
    };
    let Some(found) = sample(scenario, strategy, measuring, show)? else {
        return Ok(None);
    };
    let healthy = match with_twin {
        true => match sample(&twin, strategy, measuring, show)? {
            Some(healthy) => Some(healthy),
            None => return Ok(None),
        },
        false => None,
    };
    Ok(Some(Score {
        scenario: scenario.name.clone(),
        system: scenario.kind.name().to_owned(),
        defect: Defect::name(defect).to_owned(),
        oracle: match scenario.expect.verdict {
            ExpectedVerdict::Violation(oracle) => Some(oracle.name().to_owned()),
            ExpectedVerdict::Pass => None,
        },
        strategy,
        detected: found.detected,
        runs_to_first: found.blocks.median(),
        failures: found.failures,
        twin_verdict: healthy
            .as_ref()
            .map_or(RunVerdict::Pass, |healthy| healthy.worst),
        false_alarms: healthy.map(|healthy| Rate {
            hits: healthy.failures.values().sum(),
            runs: healthy.detected.runs,
        }),
    }))
}
