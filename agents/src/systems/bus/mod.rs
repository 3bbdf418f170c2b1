//! The bus: members send each other requests, responses, notifications and broadcasts
//! through bounded mailboxes, and publish events that handlers subscribe to.
//!
//! This folder is an example of how a system is put under test. One part is the system: a
//! broker that would be much the same outside the simulator (`broker/`, `wire`). The other
//! part drives it and records what happens at its edges:
//!
//! | module | contents |
//! |---|---|
//! | `settings`, `check` | the sections of a scenario file, each a struct, and their contradictions |
//! | `plan` | members, and everything random about them, drawn before the run starts |
//! | `system` | roles, faults, and what runs on which host |
//! | `portable` | the bus on another runtime than the simulator |
//! | `member/` | the driver: scripts, the connection, and the record of both |
//! | `model` | what a mailbox, a team or a request is in a history |
//! | `faults`, `defects`, `marks` | what may strike, what may be seeded, what a run may have to reach |
//! | `events/` | events by type, and the handlers of members |
//! | `broker/` | the broker, with mailboxes, journal and sessions |
//! | `wire` | the protocol |
//!
//! # Promises
//!
//! - An accepted message is in the journal and in the mailbox of every recipient, and
//!   survives a crash of the broker's host. A broadcast is accepted by all mailboxes or by
//!   none.
//! - A full mailbox rejects, and the sender is told. A request reserves room for its
//!   response.
//! - Each member's messages to one mailbox arrive in order and once, across reconnects on
//!   either side of the bus. What a sender knew of when it sent a message arrives before it.
//! - A requester that gives up withdraws its request. A response that comes later is
//!   rejected.
//! - An event is handled by every handler of its type, whatever happens to the others, and
//!   before its publisher exits; the promises in detail are in `events`.
//! - Members of one team never see messages of another.

mod broker;
mod check;
pub mod defects;
mod events;
pub mod faults;
pub mod marks;
mod member;
mod model;
mod plan;
#[doc(hidden)]
pub mod portable;
mod settings;
mod system;
mod wire;

pub use events::{EventSettings, EventType, FailurePolicy, HandlerSettings, LateSubscribers};
pub use model::MODEL;
pub use settings::{
    BusFile, BusScenario, BusSettings, BusSpec, ConnectionSettings, ListenerSettings, MemberGroup,
    MemberKind,
};
pub use system::{Bus, INFO, SYSTEM};
