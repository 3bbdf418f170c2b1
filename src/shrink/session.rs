//! The runs of a shrink session: counted, and compared with the failure.

use rehearsal_sim::{Choices, DeviationKind, Interleave, Pick, PickDeviation, Schedule};

use crate::repro::Repro;
use crate::run::signature::Signature;
use crate::run::{RunOptions, RunReport, StrategyName};
use crate::scenario::Cut;
use crate::target::{self, Origin, Selection, Target};

use super::{Best, Limits, Size, Stopped};

/// Seeds that are tried on a scenario that got smaller.
const FRESH_SEEDS: u64 = 24;

/// Tries runs.
pub(super) struct ShrinkSession<'a> {
    target: &'a dyn Target,
    /// The scenario or test, with its twin.
    origin: &'a Origin,
    signature: &'a Signature,
    seed: u64,
    interleave: Interleave,
    limits: &'a Limits<'a>,
    runs: u64,
}

impl<'a> ShrinkSession<'a> {
    pub(super) fn new(target: &'a dyn Target, repro: &'a Repro, limits: &'a Limits<'a>) -> Self {
        Self {
            target,
            origin: &repro.origin,
            signature: &repro.expected.signature,
            seed: repro.seed,
            interleave: repro.interleave,
            limits,
            runs: 0,
        }
    }

    /// Runs so far.
    pub(super) fn runs(&self) -> u64 {
        self.runs
    }

    /// Returns `true` for the failure that is shrunk.
    pub(super) fn is_it(&self, report: &RunReport) -> bool {
        Signature::of(report).is_some_and(|found| self.signature.matches(&found))
    }

    fn count(&mut self) -> Result<(), Stopped> {
        if self.runs >= self.limits.runs || (self.limits.stop)() {
            return Err(Stopped);
        }
        self.runs += 1;
        Ok(())
    }

    fn options(&self, choices: Choices) -> RunOptions {
        let mut options = RunOptions::new(self.seed, StrategyName::FIFO)
            .interleaving(self.interleave)
            .recorded();
        options.choices = choices;
        options
    }

    /// Runs a schedule.
    pub(super) fn replay(
        &mut self,
        variant: &dyn Target,
        schedule: &Schedule,
    ) -> Result<RunReport, Stopped> {
        self.count()?;
        let choices = Choices::Replay(schedule.clone());
        Ok(target::run_once(variant, self.options(choices)))
    }

    /// Runs the best schedule once more, and observes what is to be told of it. Not counted: it
    /// looks for nothing. None if the run is another one.
    pub(super) fn observe(&self, best: &Best) -> Option<RunReport> {
        let choices = Choices::Replay(best.schedule.clone());
        let report = target::run_once(&*best.variant, self.options(choices).observed());
        let same = report.outcome.fingerprint == best.report.outcome.fingerprint;
        same.then_some(report)
    }

    /// Runs the world's decisions with the default schedule except for
    /// `deviations`. Also returns the picks.
    pub(super) fn deviate(
        &mut self,
        variant: &dyn Target,
        world: &Schedule,
        deviations: &[PickDeviation],
    ) -> Result<(RunReport, Vec<Pick>), Stopped> {
        self.count()?;
        let options = self.options(Choices::World(world.clone()));
        Ok(target::run_deviating(variant, options, deviations))
    }

    /// Takes the run for the best if it fails as it should, and with less.
    pub(super) fn accept(&self, best: &mut Best, report: RunReport) -> bool {
        if !self.is_it(&report) {
            return false;
        }
        let schedule = report.outcome.tape.schedule();
        if Size::of(&schedule) >= best.size() {
            return false;
        }
        best.schedule = schedule;
        best.report = report;
        true
    }

    /// Tries the schedule in which nothing is chosen.
    pub(super) fn default_schedule(&mut self, best: &mut Best) -> Result<(), Stopped> {
        if !best.schedule.is_empty() {
            let report = self.replay(&*best.variant, &Schedule::default())?;
            self.accept(best, report);
        }
        Ok(())
    }

    /// Tries whether the scenario with those cuts fails as well: under the default schedule, as far as
    /// the schedule is known, or under one of a few seeds. Then that is the best.
    pub(super) fn try_cuts(&mut self, best: &mut Best, cuts: &[Cut]) -> Result<bool, Stopped> {
        let selection = Selection {
            origin: self.origin,
            cuts,
            failure: Some(self.signature),
        };
        let Ok(variant) = self.target.reduced(&selection) else {
            return Ok(false);
        };
        let Some(report) = self.find(&*variant, &best.schedule)? else {
            return Ok(false);
        };
        *best = Best {
            cuts: cuts.to_vec(),
            schedule: report.outcome.tape.schedule(),
            variant,
            report,
        };
        Ok(true)
    }

    fn find(
        &mut self,
        variant: &dyn Target,
        known: &Schedule,
    ) -> Result<Option<RunReport>, Stopped> {
        let world = known.filtered(|d| d.kind() == DeviationKind::World);
        let mut tried: Vec<&Schedule> = Vec::new();
        let default = Schedule::default();
        for schedule in [&default, &world, known] {
            if tried.contains(&schedule) {
                continue;
            }
            let report = self.replay(variant, schedule)?;
            if self.is_it(&report) {
                return Ok(Some(report));
            }
            tried.push(schedule);
        }
        for seed in 0..FRESH_SEEDS {
            self.count()?;
            let mut options =
                RunOptions::new(seed, StrategyName::PORTFOLIO).interleaving(self.interleave);
            let report = target::run_once(variant, options.clone());
            if self.is_it(&report) {
                options = options.recorded();
                self.count()?;
                return Ok(Some(target::run_once(variant, options)));
            }
        }
        Ok(None)
    }
}
