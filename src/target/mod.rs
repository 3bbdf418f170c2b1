//! The targets: scenarios, and the programs of tests.

mod scenario;
mod test_program;

pub use self::test_program::TestOutcome;
pub(crate) use self::test_program::{Program, REGRESSIONS, SEEDS, WorldSpec};
pub use crate::run::identity::{Identity, Origin, ScenarioRef, Selection, TestRef, VariantError};
pub(crate) use crate::run::profiles::Profiles;
pub(crate) use crate::run::target::run_with;
pub use crate::run::target::{About, Expectation, Extent, Target, run_deviating, run_once};
