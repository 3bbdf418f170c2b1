//! The agent runtime: clients send messages to agents, which are created when they are first
//! needed, and take requests back with everything that was made for them.
//!
//! One part is the system: a runtime that would be much the same outside the simulator
//! (`host/`, `wire`, the library `client/connection`). The other part is what it hosts and
//! who uses it, and records what happens at its edges:
//!
//! | module | contents |
//! |---|---|
//! | `settings` | the content of a scenario |
//! | `file`, `check` | the sections of a scenario file, each a struct, and their contradictions |
//! | `plan` | clients, and everything random about them, drawn before the run starts |
//! | `system` | roles, faults, and what runs on which host |
//! | `host/` | the runtime: requests, agents and their factories, sessions |
//! | `memory/` | the context of a model, and memory that lasts |
//! | `tools/` | a server that runs tools, and the calls of it |
//! | `agents/` | the agents that it hosts, by type |
//! | `client/` | the connection to the runtime, and the scripts of its users |
//! | `model` | what a mailbox, an inbox and a request are in a history |
//! | `faults`, `defects`, `marks` | what may strike, what may be seeded, what a run may have to reach |
//! | `wire` | the protocol |
//!
//! # Promises
//!
//! - A factory is called once for each agent, however many first messages come at once and
//!   whichever of them are cancelled.
//! - A request has one end: an answer with the number of its request, a failure, a refusal,
//!   or its cancellation. A caller that cancels is free at once.
//! - A cancelled request ends with everything that was asked for below it. A cancellation
//!   that comes before its request has begun counts, and one that comes twice counts once.
//! - A connection that breaks cancels the requests that came over it.
//! - An event reaches every subscriber of its topic once and in the order of its publisher,
//!   however others come and go meanwhile. Nothing comes after a subscription has ended.
//! - A publisher does not receive its own events, unless `own_events` says so.
//! - A tool call is repeated until it is answered, and the tool has its effect once: a call
//!   keeps its key, and the tools' host remembers keys across a crash. Code that is stopped at
//!   its limit has no effect.
//! - All workers together call the model at most so often in any minute, in the order of
//!   asking. A shutdown waits for none of them.
//! - A model is shown every tool result once, with its call, however short its context is.
//! - Every output of a task is kept, in whichever batch it is written, and a client leaves
//!   when its outputs are written.
//! - What agents remember of a user, no other user recalls.
//! - A client is the one that it says it is: a fingerprint fits one client of one namespace in
//!   one run.
//! - Clients reach agents of their own namespace only.

mod agents;
mod check;
mod client;
pub mod defects;
pub mod faults;
mod file;
mod host;
pub mod marks;
mod memory;
mod model;
mod plan;
mod settings;
mod system;
mod tools;
mod wire;

pub use file::RuntimeFile;
pub use model::MODEL;
pub use settings::{
    ClientGroup, ClientKind, ContextName, ContextPolicy, ContextSettings, Effort, OwnEvents,
    RuntimeScenario, RuntimeSettings, RuntimeSpec, Timing, ToolName, ToolSettings,
};
pub use system::{AgentRuntime, INFO, SYSTEM};
