//! Where runs are tried: counts them, and knows the failure when it sees it.

use rehearsal_sim::{Choices, DecisionKind, Deviation, Schedule};

use crate::run::{RunOptions, RunReport, StrategyName};
use crate::scenario::Cut;
use crate::signature::Signature;
use crate::subject::{self, Subject};

use super::{Best, Limits, Stopped, measure};

/// Seeds that are tried on a scenario that got smaller.
const FRESH_SEEDS: u64 = 24;

/// Tries runs.
pub(super) struct Lab<'a, S> {
    /// The subject without cuts.
    whole: S,
    signature: Signature,
    seed: u64,
    limits: &'a Limits<'a>,
    runs: u64,
}

impl<'a, S: Subject> Lab<'a, S> {
    pub(super) fn new(whole: S, signature: Signature, seed: u64, limits: &'a Limits<'a>) -> Self {
        Self {
            whole,
            signature,
            seed,
            limits,
            runs: 0,
        }
    }

    /// Runs so far.
    pub(super) fn runs(&self) -> u64 {
        self.runs
    }

    /// Whether this is the failure.
    pub(super) fn is_it(&self, report: &RunReport<S::Books>) -> bool {
        Signature::of(report).as_ref() == Some(&self.signature)
    }

    fn count(&mut self) -> Result<(), Stopped> {
        if self.runs >= self.limits.runs || (self.limits.stop)() {
            return Err(Stopped);
        }
        self.runs += 1;
        Ok(())
    }

    fn options(&self, choices: Choices) -> RunOptions {
        let mut options = RunOptions::new(self.seed, StrategyName::Fifo).recorded();
        options.choices = choices;
        options
    }

    /// Plays a schedule.
    pub(super) fn replay(
        &mut self,
        staged: &S,
        schedule: &Schedule,
    ) -> Result<RunReport<S::Books>, Stopped> {
        self.count()?;
        let choices = Choices::Replay(schedule.clone());
        Ok(subject::play(staged, self.options(choices)))
    }

    /// Plays the world's decisions, the scheduler being boring but for
    /// `deviations`. Also says how many candidates each pick had.
    pub(super) fn deviate(
        &mut self,
        staged: &S,
        world: &Schedule,
        deviations: &[Deviation],
    ) -> Result<(RunReport<S::Books>, Vec<u32>), Stopped> {
        self.count()?;
        let options = self.options(Choices::World(world.clone()));
        Ok(subject::play_deviating(staged, options, deviations))
    }

    /// Takes the run for the best if it fails as it should, and with less.
    pub(super) fn accept(&self, best: &mut Best<S>, report: RunReport<S::Books>) -> bool {
        if !self.is_it(&report) {
            return false;
        }
        let schedule = report.tape.schedule();
        if measure(&schedule) >= best.measure() {
            return false;
        }
        best.schedule = schedule;
        best.report = report;
        true
    }

    /// Tries the schedule in which nothing is chosen.
    pub(super) fn boring(&mut self, best: &mut Best<S>) -> Result<(), Stopped> {
        if !best.schedule.is_empty() {
            let report = self.replay(&best.staged, &Schedule::default())?;
            self.accept(best, report);
        }
        Ok(())
    }

    /// Whether the scenario with those cuts fails as well: boringly, as far as
    /// the schedule is known, or under one of a few seeds. Then that is the best.
    pub(super) fn try_cuts(&mut self, best: &mut Best<S>, cuts: &[Cut]) -> Result<bool, Stopped> {
        let Ok(staged) = self.whole.cut(cuts) else {
            return Ok(false);
        };
        let Some(report) = self.find(&staged, &best.schedule)? else {
            return Ok(false);
        };
        *best = Best {
            cuts: cuts.to_vec(),
            schedule: report.tape.schedule(),
            staged,
            report,
        };
        Ok(true)
    }

    fn find(
        &mut self,
        staged: &S,
        known: &Schedule,
    ) -> Result<Option<RunReport<S::Books>>, Stopped> {
        let world = known.filtered(|d| d.kind() == DecisionKind::World);
        let mut tried: Vec<&Schedule> = Vec::new();
        let boring = Schedule::default();
        for schedule in [&boring, &world, known] {
            if tried.contains(&schedule) {
                continue;
            }
            let report = self.replay(staged, schedule)?;
            if self.is_it(&report) {
                return Ok(Some(report));
            }
            tried.push(schedule);
        }
        for seed in 0..FRESH_SEEDS {
            self.count()?;
            let mut options = RunOptions::new(seed, StrategyName::Portfolio);
            let report = subject::play(staged, options.clone());
            if self.is_it(&report) {
                options = options.recorded();
                self.count()?;
                return Ok(Some(subject::play(staged, options)));
            }
        }
        Ok(None)
    }
}
