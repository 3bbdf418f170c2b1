//! The registry: a service in which users let agents work for them, and are told of every
//! step over a WebSocket connection.
//!
//! This folder is an example of how a system is put under test. One part is the system: a
//! master registry that would be much the same outside the simulator (`service/`, `wire`).
//! The other part drives it and records what happens at its edges:
//!
//! | module | contents |
//! |---|---|
//! | `settings`, `check` | the sections of a scenario file, each a struct, and their contradictions |
//! | `plan` | users, and everything random about them, drawn before the run starts |
//! | `system` | roles, faults, and what runs on which host |
//! | `user/` | the driver: the script of a user, and its connection |
//! | `record` | the audit of the service and the receipts of users, as a history |
//! | `faults`, `defects`, `marks` | what may strike, what may be seeded, what a run may have to reach |
//! | `service/` | the registry, its agents and tools, connections and sessions |
//! | `wire` | the protocol |
//!
//! # Promises
//!
//! - A process has one registry, however many tasks ask for it first. Every event of every
//!   agent goes through it, and no event of a user bears an earlier time than the one before.
//! - The creation of an agent takes less than 10 ms, also while a client is slow: no lock is
//!   held while an instance is built or a connection is written to.
//! - A creation is one change: an observer finds the agent with its context and announced, or
//!   nothing. One that is refused, or dropped with its connection, leaves nothing.
//! - A user is told the five events of each agent (`agent_started`, `agent_thinking`,
//!   `tool_executing`, `tool_completed`, `agent_completed`) in order and once, whenever the
//!   WebSocket manager is set, whatever its tools do, and across reconnects.
//! - An agent stays with the registry that created it, so that the old interface and the new
//!   one serve side by side, and the flag between them may be switched at any time.
//! - The first context of a user serves all its agents of one registry until the last of them
//!   is gone, unless the settings say that each has that of its own request.
//! - What a user leaves behind is unregistered: at its goodbye, or when it was away for too
//!   long.

mod check;
pub mod defects;
pub mod faults;
pub mod marks;
mod plan;
mod record;
mod service;
mod settings;
mod system;
mod user;
mod wire;

pub use record::{CREATION_LIMIT, MODEL};
pub use settings::{
    ClassName, ConnectionSettings, ContextPolicy, Handover, Interface, MigrationSettings,
    OldRegistry, RegistryFile, RegistryScenario, RegistrySettings, RegistrySpec, UserGroup,
};
pub use system::{INFO, Registry, SYSTEM};
