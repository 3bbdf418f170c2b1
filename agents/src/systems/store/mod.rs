//! The store: teams of agents share keys, a workspace and tasks, over TCP.
//!
//! This folder is an example of how a system is put under test. One part is the system: a
//! store with a journal and replicas, and its client library, which would be much the same
//! outside the simulator (`server/`, `state/`, `client/`, `wire`). The other part
//! uses it and records what happens at its edges:
//!
//! | module | contents |
//! |---|---|
//! | `settings`, `check` | the sections of a scenario file, each a struct, and their contradictions |
//! | `plan` | agents, tasks and workers, and everything random about them, drawn before the run starts |
//! | `system` | roles, faults, and what runs on which host |
//! | `process` | the processes of servers across their incarnations |
//! | `portable` | the store on another runtime than the simulator |
//! | `agents/` | the driver: scripts, and their record |
//! | `model` | the words of its histories |
//! | `faults`, `defects`, `marks` | what may strike, what may be seeded, what a run may have to reach |
//! | `state/` | the state of a team: commands, queries, changes |
//! | `server/` | the store with its journal, and replicas |
//! | `client/` | requests that are repeated, and sessions of reads at replicas |
//! | `wire` | the protocol |
//!
//! # Promises
//!
//! - Operations on one key, on one part of a workspace and on one task are linearizable at
//!   the store.
//! - A command that is answered is in the journal, and survives a crash of the store's host.
//!   A command that is repeated takes effect once.
//! - A snapshot of a workspace is of one instant, and never changes.
//! - Of the workers that claim a task, one gets it. A worker that is given up loses it to
//!   another, and its late result is refused: each task has one result. Results come in the
//!   order of the tasks.
//! - Two operations are not one. A tester that counts a test and appends its result may die
//!   in between; counter and list agree once it has started again and all work is done.
//! - A replica may be behind. An agent that reads there sees its own writes, or newer ones;
//!   and when no writes come any more, every replica comes to the state of the store.
//! - A document is revised from the version that it has, with statements that were not
//!   retracted; a tool is used while it is on offer. The effects of a turn come in the order of
//!   its plan.
//! - Teams never see each other's keys.

mod agents;
mod check;
mod client;
pub mod defects;
pub mod faults;
pub mod marks;
mod model;
mod plan;
#[doc(hidden)]
pub mod portable;
mod process;
mod server;
mod settings;
mod state;
mod system;
mod wire;

pub use model::MODEL;
pub use settings::{
    AgentGroup, AgentKind, ConnectionSettings, StoreFile, StoreScenario, StoreSettings, StoreSpec,
    TaskSettings,
};
pub use system::{INFO, SYSTEM, Store};
pub use wire::PORT;
