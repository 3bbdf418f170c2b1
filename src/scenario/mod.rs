//! Scenario files: one claim each, as TOML.
//!
//! [`load`] reads one, [`discover`] finds them. Everything that is wrong with a
//! file comes back as [`Diagnostic`]s, all of it in one pass.

mod code;
pub(crate) mod decode;
mod diagnostic;
pub mod discover;
mod edit;
mod format_1;
mod goal;
pub mod names;
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

use rehearsal_agents::record::Mark;
use rehearsal_agents::sections::times::{self, Timeout};
use rehearsal_agents::spec::{BridgeSpec, Transport};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::oracle::{OracleRef, Settings};
use crate::system::SystemChoice;

pub use self::code::Code;
pub use self::diagnostic::{Diagnostic, Label, Look, Span, render_all};
pub(crate) use self::edit::add;
pub use self::edit::{BadEdit, CutError, Edit, NewValue};
pub(crate) use self::format_1::knows as knows_format_1;
pub use self::reductions::Candidate;
pub use self::source::{FileKind, MAX_BYTES, Source};
pub use self::variant::{HEALTHY, NeedsNetwork};
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
    read(&Source::read(FileKind::Scenario, path)?, set)
}

fn read(source: &Arc<Source>, set: &[Edit]) -> Result<Scenario, Vec<Diagnostic>> {
    let mut scenario = decode::decode(source, set)?;
    let (variant, set) = set
        .iter()
        .cloned()
        .partition(|change| change.path == transport());
    scenario.variant = variant;
    scenario.set = set;
    Ok(scenario)
}

/// The place of the transport, of which repros have a key of their own.
pub(crate) fn transport() -> rehearsal_agents::sections::Path {
    rehearsal_agents::sections::Path::of("system").key("transport")
}

/// Checks a text as if it stood in `file`, which is not read.
///
/// # Errors
///
/// Everything that is wrong with it, in the order of the text; at least one
/// problem.
pub fn parse(text: &str, file: &Path) -> Result<Scenario, Vec<Diagnostic>> {
    read(&Source::new(file, text), &[])
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
    /// The values that were set to others than the file's.
    pub(crate) set: Vec<Edit>,
    /// The text of its file.
    source: Arc<Source>,
    /// The changes that make the variant: its transport, its health.
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

/// What must come out of a scenario.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expect {
    /// The oracles that judge, in order; at least one.
    pub oracles: Vec<OracleRef>,
    /// The settings of the oracles that have some.
    pub settings: BTreeMap<OracleRef, Settings>,
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
