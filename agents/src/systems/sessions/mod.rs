//! The sessions: agents report what they do to a service, which keeps traces, costs and
//! checkpoints.
//!
//! This folder is an example of how a system is put under test. One part is the system: a
//! session service, an identity provider and a client library that would be much the same
//! outside the simulator (`service/`, `trace/`, `identity`, `sdk/`, `wire`). The other part
//! drives it and records what happens at its edges:
//!
//! | module | contents |
//! |---|---|
//! | `settings`, `check` | the sections of a scenario file, each a struct, and their contradictions |
//! | `plan` | hosts, sessions and agents, drawn before the run starts |
//! | `system` | roles, faults, and what runs on which host |
//! | `agent/` | the programs whose sessions are tracked |
//! | `record` | the history: events, traces, and the check of each trace |
//! | `model` | what a session or an event is in a history |
//! | `faults`, `defects`, `marks` | what may strike, what may be seeded, what a run may have to reach |
//! | `service/` | sessions, their logs, the recording |
//! | `trace/` | events, and what is computed from them: sums, checkpoints, metrics, exports |
//! | `identity` | the issuer of access tokens |
//! | `sdk/` | the client library: tokens, requests, sessions, instrumented models |
//! | `clock`, `wire` | the time of a host; the protocols |
//!
//! # Promises
//!
//! - Every session that is opened is closed, once, whichever way its work ended. It
//!   encloses the sessions that it began.
//! - An event is in the trace of its own session, once, and in no other. The events of one
//!   agent are in their order.
//! - Tokens and costs add up to the sums of the session, however many agents report at one
//!   time. A checkpoint is a copy of the sums at its time.
//! - The recording replays to the state of the service, and survives a crash of its host.
//! - Of all callers of a host that find the access token expired, one refreshes it, and
//!   each gets the new one.

mod agent;
mod check;
mod clock;
pub mod defects;
pub mod faults;
mod identity;
pub mod marks;
mod model;
mod plan;
mod record;
mod sdk;
mod service;
mod settings;
mod system;
mod trace;
mod wire;

pub use model::MODEL;
pub use settings::{SessionsFile, SessionsScenario, SessionsSpec};
pub use system::{INFO, SYSTEM, Sessions};
