//! The marks of the bus.

use crate::goal::Mark;

/// A message was rejected because a mailbox had no room.
pub const MAILBOX_FULL: Mark = Mark::new("mailbox-full");

/// A requester gave up waiting for its response.
pub const REQUEST_TIMED_OUT: Mark = Mark::new("request-timed-out");

/// A response was rejected because its requester had given up.
pub const RESPONSE_TOO_LATE: Mark = Mark::new("response-too-late");

/// A member repeated an order that it had no answer to after a reconnect.
pub const ORDER_REPEATED: Mark = Mark::new("order-repeated");
