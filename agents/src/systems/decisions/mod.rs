//! The decisions: members vote over TCP, and a coordinator decides by rule and announces.
//!
//! This folder is an example of how a system is put under test. One part is the system: a
//! coordinator, its rules and a mediator that would be much the same outside the simulator
//! (`coordinator/`, `rules/`, `mediator`, `wire`), and the client in `voter/`. The other
//! part drives it and records what happens at its edges:
//!
//! | module | contents |
//! |---|---|
//! | `settings`, `check` | the sections of a scenario file, each a struct, and their contradictions |
//! | `plan` | voters and their votes, drawn before the run starts |
//! | `system` | roles, faults, and what runs on which host |
//! | `portable` | the decisions on another runtime than the simulator |
//! | `record` | the history: votes, announcements, and the check of each decision |
//! | `model` | what a vote, an announcement or a round is in a history |
//! | `faults`, `defects`, `marks` | what may strike, what may be seeded, what a run may have to reach |
//! | `coordinator/` | rounds, the disk, the connections of voters |
//! | `rules/` | majority, weights, consensus, veto, conflicts: a table, and a file for each |
//! | `voter/` | the client: votes until it is answered, and takes announcements |
//! | `mediator` | the scripted mediator of conflicts |
//! | `wire` | the protocol |
//!
//! # Promises
//!
//! - A decision follows from the votes by the rule, in whatever order they arrived. A veto
//!   that comes last weighs as much as one that comes first.
//! - A round ends with the vote of its last member, or at its deadline, and not before. A
//!   vote that arrives later is told so.
//! - An accepted vote counts, once, across reconnects and crashes of either side.
//! - Missing members and ties are treated as the terms of the round say.
//! - Every member is told of each round and of its decision, once, in order, and all of
//!   them are told the same.

mod check;
mod coordinator;
pub mod defects;
pub mod faults;
pub mod marks;
mod mediator;
mod model;
mod plan;
#[doc(hidden)]
pub mod portable;
mod record;
mod rules;
mod settings;
mod system;
mod voter;
mod wire;

pub use model::MODEL;
pub use settings::{DecisionsFile, DecisionsScenario, DecisionsSpec};
pub use system::{Decisions, INFO, SYSTEM};
