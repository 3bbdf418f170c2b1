//! The runs of one target, in portions: a defect that was seen often enough is run no more.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::{Blocks, Measuring, Rate};
use crate::explore::{
    Beginning, Executed, Expectedness, Keep, Options, Progress, Repeat, Reporter, Totals, explore,
};
use crate::run::seeds::Seeds;
use crate::run::signature::Signature;
use crate::run::{RunVerdict, StrategyName};
use crate::target::Target;

/// The seeds of a portion. Only between two portions is a measurement ended, so that its result
/// does not depend on the number of workers.
const PORTION: u64 = 100;

/// The runs that show a defect after which it is run no more. Their share of all runs is then
/// known within a seventh of itself, with 95 per cent confidence.
const ENOUGH: u64 = 200;

/// The results of a measurement, in the order of the seeds.
#[derive(Debug)]
pub(super) struct Sample {
    /// Runs that showed what the target expects.
    pub(super) detected: Rate,
    pub(super) blocks: Blocks,
    /// Every failure, by its signature.
    pub(super) failures: BTreeMap<Signature, u64>,
    /// The verdict that says most against the target.
    pub(super) worst: RunVerdict,
}

/// Runs the seeds of a target, of a defect only as many as are needed. None if it was stopped.
///
/// # Errors
///
/// If the reporter cannot show something, or no thread can be started.
pub(super) fn sample(
    target: &dyn Target,
    strategy: StrategyName,
    measuring: Measuring<'_>,
    show: &mut dyn FnMut(&Progress) -> io::Result<()>,
) -> io::Result<Option<Sample>> {
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
    let mut course = Course {
        sample: Sample::new(),
        show,
    };
    for portion in portions(measuring.seeds) {
        if explore(target, Some(&portion), &options, &mut course)?.interrupted {
            return Ok(None);
        }
        if course.sample.detected.hits >= ENOUGH {
            break;
        }
    }
    Ok(Some(course.sample))
}

/// Returns the seeds in portions.
fn portions(seeds: &Seeds) -> impl Iterator<Item = Seeds> {
    let last = seeds.last();
    let mut next = Some(seeds.first());
    std::iter::from_fn(move || {
        let first = next?;
        let end = first.saturating_add(PORTION - 1).min(last);
        next = end.checked_add(1).filter(|next| *next <= last);
        Seeds::between(first, end)
    })
}

impl Sample {
    fn new() -> Self {
        Self {
            detected: Rate::default(),
            blocks: Blocks::default(),
            failures: BTreeMap::new(),
            worst: RunVerdict::Pass,
        }
    }

    fn add(&mut self, run: &Executed) {
        let is_hit = run.expectedness == Expectedness::Detects;
        self.detected.runs += 1;
        self.detected.hits += u64::from(is_hit);
        self.blocks.add(is_hit);
        self.worst = self.worst.max(run.verdict);
        if let Some(failure) = &run.failure {
            *self.failures.entry(failure.clone()).or_default() += 1;
        }
    }
}

/// The course of one measurement.
struct Course<'a> {
    sample: Sample,
    show: &'a mut dyn FnMut(&Progress) -> io::Result<()>,
}

impl Reporter for Course<'_> {
    fn run(&mut self, run: &Executed, _totals: &Totals) -> io::Result<()> {
        self.sample.add(run);
        Ok(())
    }

    /// Warnings are about files, and none is written.
    fn warning(&mut self, _text: &str) {}

    fn progress(&mut self, progress: &Progress) -> io::Result<()> {
        (self.show)(progress)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(seeds: &str) -> Vec<String> {
        let seeds = seeds.parse().expect(seeds);
        portions(&seeds)
            .map(|portion| portion.to_string())
            .collect()
    }

    #[test]
    fn portions_are_all_seeds_once() {
        assert_eq!(bounds("1"), ["0..1"]);
        assert_eq!(bounds("100"), ["0..100"]);
        assert_eq!(bounds("7..208"), ["7..107", "107..207", "207..208"]);
        let last = u64::MAX - 1;
        let seeds = Seeds::between(last, u64::MAX).expect("two seeds");
        assert_eq!(portions(&seeds).collect::<Vec<_>>(), [seeds]);
    }
}
