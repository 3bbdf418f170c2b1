//! Shared parts of the integration tests: scenarios, runs with readers of their
//! histories, and the judgement of a run by every oracle.

mod judgement;
mod reference;
mod run;
mod scenarios;

pub use judgement::{assert_flawless, crash, flaws, flaws_with, overflow, violations};
pub use run::{
    ORDERS, Order, TestRun, crashed_epochs, invariant_checks, kinds_of, run_seeds, run_spec,
    run_system,
};
pub use scenarios::{
    TRANSPORTS, failure, group, ms, populations, shared, spec, stress, supervisor, together,
    with_defect, with_fault,
};
