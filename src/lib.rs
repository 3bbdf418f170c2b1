//! Deterministic simulation testing for the coordination layer of multi-agent
//! systems.
//!
//! A scenario file states a claim and describes a system, its agents, its
//! clients, the network and the faults that may strike. [`run::run_once`] runs one
//! seed of it inside the simulator and lets the [oracles](oracle) judge what was
//! written down. Same scenario, same seed: same run, byte for byte.
//!
//! `tests/scenarios.rs` of a project needs one line to turn a directory of
//! scenario files into tests; see [`Harness`]. A service of one's own, which imports
//! [`rehearsal::tokio`](tokio) in the place of tokio, is put under test by
//! [`#[rehearsal::test]`](macro@test).

// A build with all features checks that nothing is dead; without them a user would be told of what
// only the command line uses.
#![cfg_attr(not(feature = "cli"), allow(dead_code))]

#[cfg(feature = "cli")]
pub mod baseline;
#[doc(hidden)]
pub mod build_limits;
mod chosen_oracle;
#[cfg(feature = "cli")]
pub mod cli;
mod clock;
mod command;
#[cfg(feature = "scenarios")]
#[doc(hidden)]
pub mod compatibility;
mod console;
pub mod environment;
pub mod exit;
pub mod explore;
#[cfg(feature = "scenarios")]
mod harness;
pub mod oracle;
pub mod prelude;
pub mod regression;
pub mod report;
pub mod repro;
mod results;
pub mod run;
pub mod scenario;
#[cfg(feature = "cli")]
pub mod score;
pub mod shrink;
pub mod system;
pub mod target;
mod test;
mod watchdog;

pub use chosen_oracle::ChosenOracle;
pub use explore::determinism;
#[cfg(feature = "scenarios")]
pub use harness::{Harness, Unsupported};
pub use rehearsal_agents as agents;
pub use rehearsal_agents::capability::Capability;
pub use rehearsal_agents::system::System;
pub use rehearsal_history as history;
/// # Example
///
/// ```
/// use rehearsal::tokio::time::{Duration, sleep};
///
/// #[rehearsal::test(seeds = 1_000, strategy = "pct:3")]
/// async fn five_minutes_pass_at_once(world: rehearsal::World) {
///     sleep(Duration::from_secs(300)).await;
///     assert_eq!(world.now().as_millis(), 300_000);
/// }
/// ```
pub use rehearsal_macros::test;
pub use rehearsal_sim as sim;
pub use rehearsal_sim::World;
pub use rehearsal_sim::{cancel, std, sync, tokio, tokio_util};
pub use repro::replay;
pub use run::seeds;
pub use run::signature;
pub use target::{Target, TestOutcome};
pub use test::{Cancellations, IntoCancellations, IntoSeeds, Test, TestLocation};

/// The programs of the guide's page on oracles are tests.
#[cfg(doctest)]
#[doc = include_str!("../docs/guide/oracles.md")]
struct OraclesGuide;

/// The programs of the guide's page on interleaving are tests.
#[cfg(doctest)]
#[doc = include_str!("../docs/guide/interleaving.md")]
struct InterleavingGuide;

/// The README's program is a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
