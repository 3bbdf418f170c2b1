//! The score: for each seeded defect and each strategy, the share of runs that show the
//! defect and the runs to the first of them; for each healthy twin, its false alarms.
//!
//! The defects are those of scenario files, the strategies those of the simulator's table.
//! Nothing is written to files, so that seeds may be as many as one likes. The numbers depend
//! on the seeds alone and not on the number of workers.

mod estimate;
mod json;
mod page;
mod table;

use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use rehearsal_agents::spec::Defect;

pub use self::estimate::{Blocks, Rate};
pub(crate) use self::json::ScoreLine;
pub use self::page::page;
pub(crate) use self::table::{head, row, summary};
use crate::explore::{
    Beginning, Executed, Expectedness, Exploration, Keep, Options, Progress, Repeat, Reporter,
    Totals, explore,
};
use crate::run::seeds::Seeds;
use crate::run::signature::Signature;
use crate::run::{RunVerdict, StrategyName};
use crate::scenario::{ExpectedVerdict, Scenario};
use crate::target::Target;

/// The manner of a measurement.
#[derive(Clone, Copy, Debug)]
pub struct Measuring<'a> {
    /// The seeds of each defect and of each twin.
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
    pub system: &'static str,
    /// The name of the defect.
    pub defect: &'static str,
    /// The oracle that is expected to find it.
    pub oracle: Option<&'static str>,
    /// The strategy.
    pub strategy: StrategyName,
    /// Runs in which the expected oracle was the first to find something.
    pub detected: Rate,
    /// The runs to the first such run.
    pub blocks: Blocks,
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
    let mut course = Course::new(show);
    let found = sample(scenario, strategy, measuring, &mut course)?;
    let blocks = course.blocks;
    let healthy = if with_twin && !found.interrupted {
        Some(sample(&twin, strategy, measuring, &mut Course::new(show))?)
    } else {
        None
    };
    if found.interrupted || healthy.as_ref().is_some_and(|healthy| healthy.interrupted) {
        return Ok(None);
    }
    let failures = found.totals.failures.into_values();
    Ok(Some(Score {
        scenario: scenario.name.clone(),
        system: scenario.kind.name(),
        defect: Defect::name(defect),
        oracle: match scenario.expect.verdict {
            ExpectedVerdict::Violation(oracle) => Some(oracle.name()),
            ExpectedVerdict::Pass => None,
        },
        strategy,
        detected: Rate {
            hits: found.totals.detected,
            runs: found.totals.runs,
        },
        blocks,
        failures: failures
            .map(|group| (group.signature, group.count))
            .collect(),
        twin_verdict: worst(healthy.as_ref()),
        false_alarms: healthy.map(|healthy| Rate {
            hits: healthy.totals.failed_runs(),
            runs: healthy.totals.runs,
        }),
    }))
}

/// Returns the verdict of a twin that says most against it.
fn worst(healthy: Option<&Exploration>) -> RunVerdict {
    let verdicts = healthy.map(|healthy| healthy.totals.verdicts.keys());
    let worst = verdicts.into_iter().flatten().max();
    worst.copied().unwrap_or(RunVerdict::Pass)
}

fn sample(
    target: &dyn Target,
    strategy: StrategyName,
    measuring: Measuring<'_>,
    course: &mut Course<'_>,
) -> io::Result<Exploration> {
    let options = Options {
        strategy,
        jobs: measuring.jobs,
        out: Path::new(""),
        keep: Keep::Nothing,
        beginning: Beginning::Seeds,
        repeat: Repeat::Never,
        deadline: None,
        max_runs: None,
        stop: measuring.stop,
        describe: None,
    };
    explore(target, Some(measuring.seeds), &options, course)
}

/// The course of one exploration.
struct Course<'a> {
    blocks: Blocks,
    show: &'a mut dyn FnMut(&Progress) -> io::Result<()>,
}

impl<'a> Course<'a> {
    fn new(show: &'a mut dyn FnMut(&Progress) -> io::Result<()>) -> Self {
        Self {
            blocks: Blocks::default(),
            show,
        }
    }
}

impl Reporter for Course<'_> {
    fn run(&mut self, run: &Executed, _totals: &Totals) -> io::Result<()> {
        self.blocks.add(run.expectedness == Expectedness::Detects);
        Ok(())
    }

    /// Warnings are about files, and none is written.
    fn warning(&mut self, _text: &str) {}

    fn progress(&mut self, progress: &Progress) -> io::Result<()> {
        (self.show)(progress)
    }
}
