//! The seeded bugs of the runtime, each taken from reports about other systems.

use crate::defect::Defect;

/// See its idea, as for the others below.
pub const CANCEL_ENDS_AT_FIRST_LEVEL: Defect = Defect::new(
    "cancel-ends-at-first-level",
    "A cancelled request does not cancel the requests that were made for it.",
);

/// See [`CANCEL_ENDS_AT_FIRST_LEVEL`].
pub const CANCEL_BEFORE_REGISTRATION: Defect = Defect::new(
    "cancel-before-registration",
    "A cancellation that comes before its request is registered is forgotten.",
);

/// See [`CANCEL_ENDS_AT_FIRST_LEVEL`].
pub const DISCONNECT_LEAVES_REQUESTS: Defect = Defect::new(
    "disconnect-leaves-requests",
    "The requests of a client go on when its connection breaks.",
);

/// See [`CANCEL_ENDS_AT_FIRST_LEVEL`].
pub const FACTORY_CALLED_AGAIN: Defect = Defect::new(
    "factory-called-again",
    "An agent is looked up, created and entered, with other messages in between.",
);

/// See [`CANCEL_ENDS_AT_FIRST_LEVEL`].
pub const ANSWERS_BY_ORDER: Defect = Defect::new(
    "answers-by-order",
    "An answer goes to the oldest request that waits, so that one for a cancelled request \
     answers the next.",
);

/// See [`CANCEL_ENDS_AT_FIRST_LEVEL`].
pub const SUBSCRIBERS_BY_PLACE: Defect = Defect::new(
    "subscribers-by-place",
    "An event goes to one subscriber after the other by their places in a list, which change \
     when one leaves.",
);

/// See [`CANCEL_ENDS_AT_FIRST_LEVEL`].
pub const OWN_EVENTS_COME_BACK: Defect = Defect::new(
    "own-events-come-back",
    "A publisher receives its own events, although it should not.",
);

/// Every defect.
pub const DEFECTS: [Defect; 7] = [
    CANCEL_ENDS_AT_FIRST_LEVEL,
    CANCEL_BEFORE_REGISTRATION,
    DISCONNECT_LEAVES_REQUESTS,
    FACTORY_CALLED_AGAIN,
    ANSWERS_BY_ORDER,
    SUBSCRIBERS_BY_PLACE,
    OWN_EVENTS_COME_BACK,
];
