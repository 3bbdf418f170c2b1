//! Scenario files: one claim each, as TOML.
//!
//! [`load`] reads one, [`discover`] finds them. Everything that is wrong with a
//! file comes back as [`Diagnostic`]s, all of it in one pass.

pub(crate) mod amounts;
mod code;
pub(crate) mod decode;
mod diagnostic;
pub mod discover;
mod edit;
mod effect_counts;
mod format_1;
mod kind;
pub mod new;
mod reductions;
pub mod schema;
mod sections;
mod source;
pub(crate) mod suggest;
pub(crate) mod variant;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rehearsal_agents::sections::times::{self, Timeout};
use rehearsal_agents::spec::AnySpec;
use rehearsal_sim::Interleave;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use self::effect_counts::EffectCounts;
use crate::oracle::{OracleRef, Settings};
use crate::system::SystemRef;

pub use self::code::Code;
pub use self::diagnostic::{ColorChoice, Diagnostic, Label, Span, render_all};
pub(crate) use self::edit::add;
pub use self::edit::{BadEdit, CutError, Edit, NewValue};
pub(crate) use self::format_1::knows as knows_format_1;
pub use self::kind::{Kind, Kinds};
pub use self::reductions::Candidate;
pub use self::source::{FileKind, MAX_BYTES, Source};
pub use self::variant::HEALTHY;
pub use rehearsal_agents::goal::Goal;
pub use rehearsal_agents::sections::durations;

/// A change that makes a scenario smaller.
pub type Cut = Edit;

/// Reads and checks a scenario file.
///
/// # Errors
///
/// Everything that is wrong with it, in the order of the file; at least one
/// problem.
pub fn load(path: &Path) -> Result<Scenario, Vec<Diagnostic>> {
    load_with(path, &[])
}

/// Reads and checks a scenario file, with some values set to others.
///
/// # Errors
///
/// As [`load`]; problems of a value that was set are shown where it was.
pub fn load_with(path: &Path, set: &[Edit]) -> Result<Scenario, Vec<Diagnostic>> {
    load_of(Kinds::shipped(), path, set)
}

/// Reads and checks a scenario file of one of these kinds of systems, with some values
/// set to others.
///
/// # Errors
///
/// As [`load_with`].
pub fn load_of(kinds: &Kinds, path: &Path, set: &[Edit]) -> Result<Scenario, Vec<Diagnostic>> {
    decode::decode(&Source::read(FileKind::Scenario, path)?, set, kinds)
}

/// Checks a text as if it stood in `file`, which is not read.
///
/// # Errors
///
/// Everything that is wrong with it, in the order of the text; at least one
/// problem.
pub fn parse(text: &str, file: &Path) -> Result<Scenario, Vec<Diagnostic>> {
    parse_of(Kinds::shipped(), &Source::new(file, text))
}

/// Checks the text of a scenario of one of these kinds of systems.
///
/// # Errors
///
/// As [`parse`].
pub fn parse_of(kinds: &Kinds, source: &Arc<Source>) -> Result<Scenario, Vec<Diagnostic>> {
    decode::decode(source, &[], kinds)
}

/// A scenario, read and checked.
#[derive(Clone, PartialEq, Debug)]
pub struct Scenario {
    /// Its name: the file's name without `.toml`, after `SYSTEM/` if it is run with
    /// a system of a user's own, before `+healthy` if it is a twin.
    pub name: String,
    /// The kind of system that its file names.
    pub kind: &'static Kind,
    /// The implementation that it is run with.
    pub system: SystemRef,
    /// The file that it was read from.
    pub file: PathBuf,
    /// The hash of the file's text, by which a saved failure recognises it.
    pub hash: u128,
    /// Its claim, in one sentence.
    pub claim: String,
    /// The system and everything around it.
    pub spec: AnySpec,
    /// The values of the keys of `system` that only this kind has, defaults included.
    pub options: BTreeMap<String, String>,
    /// Seeds that `cargo test` runs, from 0.
    pub seeds: u32,
    /// Limits of one run.
    pub budget: BudgetSpec,
    /// The operations that are scheduling points.
    pub interleave: Interleave,
    /// The expected result.
    pub expect: Expect,
    /// The directory of its kept repros, where only a test binary has its kind.
    pub(crate) regressions: Option<PathBuf>,
    /// The values that were set to others than the file's.
    pub(crate) set: Vec<Edit>,
    /// The effects at which faults may strike, once they are counted.
    pub(crate) effects: EffectCounts,
    /// The text of its file.
    source: Arc<Source>,
    /// The change that makes the healthy twin.
    variant: Vec<Edit>,
    /// The changes that made it smaller.
    reductions: Vec<Edit>,
}

/// The limits of a run. A run that reaches one never passes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BudgetSpec {
    /// The most polls of tasks.
    #[schemars(range(min = 1, max = 10_000_000_000u64))]
    pub steps: u64,
    /// The virtual time after which a run ends.
    #[serde(with = "times")]
    #[schemars(with = "Timeout")]
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

/// The expected result of a scenario.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expect {
    /// The oracles that judge, in order; at least one.
    pub oracles: Vec<OracleRef>,
    /// The settings of the oracles that have some.
    pub settings: BTreeMap<OracleRef, Settings>,
    /// The goals that every run must reach.
    pub reached: Vec<Goal>,
    /// The goals that at least one seed of a sweep must reach.
    pub sometimes: Vec<Goal>,
    /// The verdict.
    pub verdict: ExpectedVerdict,
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
