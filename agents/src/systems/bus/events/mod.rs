//! Events beside the mailboxes: members publish events by type, and the handlers of all
//! members of the team that subscribe to the type handle them.
//!
//! | module | contents |
//! |---|---|
//! | `settings` | the sections of a scenario file about events |
//! | `handlers` | the handlers of one member, and the dispatcher that hands them events |
//! | `handler` | one handler: its queue and its task |
//! | `subscriptions` | the subscriptions of a member, before the work or late |
//! | `record` | the history of a handler |
//!
//! The broker's side is `broker/event_log`: an event goes into the mailbox of each member
//! with a handler for its type, under the same promises as a broadcast.
//!
//! # Promises
//!
//! - A publisher waits for the broker's journal and for nothing else: a handler may be as
//!   slow as it likes. An event without a subscriber is refused, unless events are kept.
//! - A handler has a queue and a task of its own. It fails for itself: the policy says
//!   whether it skips the event or handles it again, and every other handler gets it.
//! - A handler may publish. The lock of the member's table is not held meanwhile.
//! - An event leaves the mailbox when every handler of the member has finished it. So a
//!   member that flushes before it exits knows of every event that is not handled yet, and
//!   of those that are published because of it.
//! - A late subscriber gets the events that the bus still keeps, and is told how many there
//!   were before, or it gets those from then on, as the file says. The bus keeps a bounded
//!   number.

mod handler;
mod handlers;
mod record;
mod settings;
mod subscriptions;

pub(super) use handler::Handled;
pub(super) use handlers::Handlers;
pub use settings::{EventSettings, EventType, FailurePolicy, HandlerSettings, LateSubscribers};
pub(super) use settings::{EventTypes, HandlerFile, TypeName};
pub(super) use subscriptions::Subscriptions;
