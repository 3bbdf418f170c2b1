//! Scenario files: one claim each, as TOML.
//!
//! [`load`] reads one, [`discover`] finds them. Everything that is wrong with a
//! file comes back as [`Diagnostic`]s, all of it in one pass.

mod code;
mod cut;
pub(crate) mod decode;
mod diagnostic;
pub mod discover;
pub mod durations;
pub(crate) mod families;
mod goal;
pub mod names;
mod source;
mod suggest;
pub(crate) mod variant;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rehearsal_agents::record::Mark;
use rehearsal_agents::spec::{BridgeSpec, Transport};

use crate::oracle::OracleRef;
use crate::system::SystemChoice;

pub use self::code::Code;
pub use self::cut::{Cut, CutError};
pub use self::diagnostic::{Diagnostic, Label, Look, Span, render_all};
pub use self::source::{FileKind, MAX_BYTES, Source};
pub use self::variant::{HEALTHY, NeedsNetwork};

/// Reads and checks a scenario file.
///
/// # Errors
///
/// Everything that is wrong with it, in the order of the file; at least one
/// problem.
pub fn load(path: &Path) -> Result<Scenario, Vec<Diagnostic>> {
    decode::decode(&Source::read(FileKind::Scenario, path)?)
}

/// Checks a text as if it stood in `file`, which is not read.
///
/// # Errors
///
/// Everything that is wrong with it, in the order of the text; at least one
/// problem.
pub fn parse(text: &str, file: &Path) -> Result<Scenario, Vec<Diagnostic>> {
    decode::decode(&Source::new(file, text))
}

/// A scenario, read and checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scenario {
    /// Its name: the file's name without `.toml`, after `SYSTEM/` if it is played with
    /// a system of a user's own, before `+healthy` if it is a twin.
    pub name: String,
    /// What it is played with.
    pub system: SystemChoice,
    /// The file that it was read from.
    pub file: PathBuf,
    /// The hash of the file's text, by which a saved failure recognises it.
    pub hash: u128,
    /// What it claims, in one sentence.
    pub claim: String,
    /// The system and everything around it.
    pub spec: BridgeSpec,
    /// How its file lets events reach clients, whatever `spec` says now.
    pub declared_transport: Transport,
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
    pub virtual_time: Duration,
}

impl Default for BudgetSpec {
    fn default() -> Self {
        Self {
            steps: 10_000_000,
            virtual_time: Duration::from_secs(600),
        }
    }
}

/// What must come out of a scenario.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expect {
    /// The oracles that judge, in order; at least one.
    pub oracles: Vec<OracleRef>,
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
    Violation(OracleRef),
}
