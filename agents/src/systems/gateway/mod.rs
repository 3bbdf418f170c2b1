//! The gateway: a coordinator and workers, each an HTTP server on a host of its own, behind a
//! gateway by which users and agents reach them.
//!
//! This folder is an example of how a system is put under test. One part is the system: HTTP
//! servers on hyper that would be much the same outside the simulator (`proxy`, `agent/`,
//! `http/`, `api`). The other part drives it and records what happens at its edges:
//!
//! | module | contents |
//! |---|---|
//! | `settings`, `participants`, `expectations`, `check` | the sections of a scenario file, and their contradictions |
//! | `plan` | agents, users, scripts and everything random, drawn before the run starts |
//! | `system` | roles, faults, and what runs on which host |
//! | `user/` | the driver: readiness, discovery, chats, and the promises that users check |
//! | `observer`, `record/` | the tracer of the agents, and the history that it writes |
//! | `model` | what a session, a memory or a turn is in a history |
//! | `faults`, `defects`, `marks` | what may strike, what may be seeded, what a run may have to reach |
//! | `proxy` | the gateway |
//! | `agent/` | the agents: turns, delegations, memory |
//! | `http/`, `api`, `ids` | server, client, event streams, and the bodies of requests and answers |
//!
//! # Promises
//!
//! - An agent is ready when it knows the cards of its sub-agents, which are ready then. Until
//!   then it refuses every request, and the gateway refuses what it cannot forward.
//! - A request has an id. However often it is sent, and whether a worker crashes meanwhile or
//!   not, the agent runs one turn for it, whose answer every attempt gets.
//! - A turn ends with an answer or with an error that its user sees, and so does its stream.
//! - An agent delegates to the agents in its access list only, under ids that no other task
//!   has; the turn of the sub-agent lies between request and response in the memories.
//! - A memory is an append-only log for each agent and session. Nothing is lost, and no
//!   session and no other agent sees it.
//! - The call of a model is repeated after a reply that is late, damaged, old or a refusal, as
//!   often as its budget allows; nothing of such a reply gets into a memory.
//! - A request is sent no more often than its budget allows, and given up at its deadline.

mod agent;
mod api;
mod check;
pub mod defects;
mod expectations;
pub mod faults;
mod http;
mod ids;
pub mod marks;
mod model;
mod observer;
mod participants;
mod plan;
mod proxy;
mod record;
mod settings;
mod system;
mod user;

pub use expectations::{ChatExpectations, ChatOutcome, Expectations, Expected, Relation};
pub use model::MODEL;
pub use participants::{AgentSettings, ChatSettings, Reading};
pub use settings::{
    ClientSettings, DelegationSettings, DeploymentSettings, GatewayFile, GatewayScenario,
    GatewaySettings, GatewaySpec, ModelSettings, StartOrder,
};
pub use system::{Gateway, INFO, SYSTEM};
