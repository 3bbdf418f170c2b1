//! The targets: scenarios, and the programs of tests.

mod scenario;
mod test_program;

pub use self::test_program::TestOutcome;
pub(crate) use self::test_program::{Program, REGRESSIONS, WorldSpec};
pub use crate::run::identity::{Identity, Origin, ScenarioRef, Selection, TestRef, VariantError};
pub use crate::run::target::{About, Expectation, Extent, Target, run_deviating, run_once};
