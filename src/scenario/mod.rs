//! Scenario files: one claim each, as TOML.

use std::path::PathBuf;

use rehearsal_agents::record::Mark;
use rehearsal_agents::spec::BridgeSpec;

use crate::oracle::Oracle;

/// A scenario, read and checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scenario {
    /// Its name; the file's name without `.toml`.
    pub name: String,
    /// The file that it was read from.
    pub file: PathBuf,
    /// What it claims, in one sentence.
    pub claim: String,
    /// The system and everything around it.
    pub spec: BridgeSpec,
    /// Seeds that `cargo test` runs, from 0.
    pub seeds: u32,
    /// Limits of one run.
    pub budget: BudgetSpec,
    /// What must come out.
    pub expect: Expect,
}

/// Limits of one run. Reaching one is never a pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BudgetSpec {
    /// Polls of tasks.
    pub steps: u64,
    /// Virtual time.
    pub virtual_time: std::time::Duration,
}

/// What must come out of a scenario.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expect {
    /// The oracles that judge, in order; at least one.
    pub oracles: Vec<Oracle>,
    /// What every run must have reached.
    pub reached: Vec<Goal>,
    /// What at least one seed in a sweep must have reached.
    pub sometimes: Vec<Goal>,
    /// The verdict.
    pub verdict: ExpectedVerdict,
}

/// A goal: something that must have happened.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Goal {
    /// Something that the evidence marks.
    Mark(Mark),
    /// A task had to wait for a lock.
    LockContended,
}

/// The verdict that a scenario expects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExpectedVerdict {
    /// Every run passes.
    Pass,
    /// This oracle, and no other first, finds the seeded defect in at least one
    /// seed; the other seeds pass.
    Violation(Oracle),
}
