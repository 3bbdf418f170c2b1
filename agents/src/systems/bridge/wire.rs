//! The frames between a client and the bridge. As JSON each frame is an
//! object with one key, its name; a frame without content is its name alone.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::event::{ClientId, Event, ThreadId, UserId};
use crate::record::{Epoch, Gap, Offset};

/// A position in a thread's log, up to which a client has seen it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Position {
    /// The bridge's incarnation.
    pub epoch: Epoch,
    /// The last offset seen in it; 0 for none.
    pub offset: Offset,
}

/// From a client to the bridge.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientFrame {
    /// The first frame: the client's identity.
    Hello {
        /// The client.
        client: ClientId,
        /// The user for whom it speaks.
        user: UserId,
        /// The proof that it may.
        token: String,
    },
    /// Asks for the events of a thread.
    Subscribe {
        /// The thread.
        thread: ThreadId,
        /// The last position seen; none to receive everything.
        after: Option<Position>,
    },
    /// Asks for everything that is still owed, then for the end.
    Bye,
}

/// From the bridge to a client.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerFrame {
    /// Answers a hello.
    Welcome {
        /// The bridge's incarnation.
        epoch: Epoch,
    },
    /// Answers a subscription; its events follow.
    Subscribed {
        /// The thread.
        thread: ThreadId,
    },
    /// An event.
    Event {
        /// The bridge's incarnation.
        epoch: Epoch,
        /// The event's place in its thread's log.
        offset: Offset,
        /// The event.
        event: Arc<Event>,
    },
    /// Events that will never come.
    Gap(Gap),
    /// A refusal; nothing follows.
    Rejected {
        /// The reason.
        reason: String,
    },
    /// Answers a goodbye: nothing is owed any more.
    Bye,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_objects_with_one_key() {
        let hello = ClientFrame::Hello {
            client: ClientId(1),
            user: UserId(2),
            token: "t".to_owned(),
        };
        let text = serde_json::to_string(&hello).expect("serialises");
        assert_eq!(text, r#"{"hello":{"client":1,"user":2,"token":"t"}}"#);
        assert_eq!(serde_json::from_str::<ClientFrame>(&text).ok(), Some(hello));
        let bye = serde_json::to_string(&ServerFrame::Bye).expect("serialises");
        assert_eq!(bye, r#""bye""#);
    }

    #[test]
    fn a_resume_position_survives_the_wire() {
        let frame = ClientFrame::Subscribe {
            thread: ThreadId(3),
            after: Some(Position {
                epoch: Epoch(2),
                offset: Offset(0),
            }),
        };
        let text = serde_json::to_string(&frame).expect("serialises");
        assert_eq!(serde_json::from_str::<ClientFrame>(&text).ok(), Some(frame));
    }
}
