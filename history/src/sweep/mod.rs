//! Checks over many runs: promises that no single run can show.
//!
//! A check is started once, sees every run, and reports at the end. Its report does not
//! depend on the order of the runs. To add one, write its file and add it to
//! [`SWEEP_CHECKS`].

mod interference;
mod rate;
mod same_result;
mod sometimes;
#[cfg(test)]
mod tests;

use crate::body::Symbol;
use crate::history::History;
use crate::oracle::{Rule, Setting, Settings};

pub use interference::interference;
pub use rate::{Interval, Rate};
pub use same_result::SameResult;
pub use sometimes::Sometimes;

/// One finished run of a sweep.
#[derive(Clone, Copy, Debug)]
pub struct SweepRun<'a> {
    /// The seed.
    pub seed: u64,
    /// A number that two runs share if they were given the same work.
    pub plan: u64,
    /// The record of the actors.
    pub history: &'a History,
}

/// A check over many runs.
pub trait SweepCheck: Sync {
    /// Returns its name in scenario files.
    fn name(&self) -> &'static str;

    /// Returns the promise, in one sentence without a full stop.
    fn claim(&self) -> &'static str;

    /// Returns every rule that it can find broken, with an explanation of each.
    fn rules(&self) -> &'static [Rule];

    /// Returns the settings that a scenario may give it.
    fn settings(&self) -> &'static [Setting];

    /// Starts the check of one sweep.
    fn start(&self, settings: &Settings) -> Box<dyn SweepState>;
}

/// A check in progress.
pub trait SweepState: Send {
    /// Takes one finished run.
    fn add(&mut self, run: &SweepRun<'_>);

    /// Returns what was found so far.
    fn finding(&self) -> SweepFinding;
}

/// The finding of one check over the runs that it has seen.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SweepFinding {
    /// Opportunities to be wrong. Zero means that the sweep gave it nothing to check.
    pub checked: u64,
    /// Broken promises.
    pub violations: Vec<SweepViolation>,
    /// Measurements for people, for example `answered: 0.9981 of 1000 runs`.
    pub measured: Vec<String>,
}

impl SweepFinding {
    /// Returns `true` if it had something to check, and found it in order.
    pub fn is_pass(&self) -> bool {
        self.checked > 0 && self.violations.is_empty()
    }
}

/// A promise that a sweep breaks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SweepViolation {
    /// The broken rule.
    pub rule: Symbol,
    /// Seeds that show it, the lowest first; none where the absence of runs does.
    pub seeds: Vec<u64>,
    /// A sentence for people.
    pub message: String,
}

/// The checks over many runs.
pub static SWEEP_CHECKS: &[&dyn SweepCheck] = &[&Sometimes, &Rate, &SameResult];

/// Returns the check with that name.
pub fn sweep_check(name: &str) -> Option<&'static dyn SweepCheck> {
    let mut checks = SWEEP_CHECKS.iter().copied();
    checks.find(|check| check.name() == name)
}

/// Returns `true` if a run reached the mark of that name.
fn reached(history: &History, mark: &str) -> bool {
    history.marks().any(|reached| reached.0 == *mark)
}
