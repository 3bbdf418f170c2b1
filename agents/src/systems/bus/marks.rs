//! The marks of the bus.

use crate::goal::Mark;

/// A message was rejected because a mailbox had no room.
pub const MAILBOX_FULL: Mark = Mark::new("mailbox-full");

/// A requester gave up waiting for its response.
pub const REQUEST_TIMED_OUT: Mark = Mark::new("request-timed-out");

/// A response was rejected because its requester had given up.
pub const RESPONSE_TOO_LATE: Mark = Mark::new("response-too-late");

/// An event was refused because no member of the team subscribes to it.
pub const NO_SUBSCRIBER: Mark = Mark::new("no-subscriber");

/// A message was refused because its recipient never registered.
pub const UNKNOWN_MEMBER: Mark = Mark::new("unknown-member");

/// A message was refused because its recipient was stopped.
pub const MEMBER_STOPPED: Mark = Mark::new("member-stopped");

/// A listener was stopped, and has ended.
pub const LISTENER_STOPPED: Mark = Mark::new("listener-stopped");

/// A receive ended without a message.
pub const RECEIVE_TIMED_OUT: Mark = Mark::new("receive-timed-out");

/// A handler failed to handle an event.
pub const HANDLER_FAILED: Mark = Mark::new("handler-failed");

/// A handler handled an event once more after a failure.
pub const HANDLER_RETRIED: Mark = Mark::new("handler-retried");

/// A member repeated an order that it had no answer to after a reconnect.
pub const ORDER_REPEATED: Mark = Mark::new("order-repeated");
