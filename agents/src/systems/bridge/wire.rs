//! What a client and the bridge say to each other. As JSON each frame is an
//! object with one key, its name; a frame without content is its name alone.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::event::{ClientId, Event, ThreadId, UserId};
use crate::record::{Epoch, Gap, Offset};

/// A place in a thread's log: what a client has seen up to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Position {
    /// The life of the bridge.
    pub epoch: Epoch,
    /// The last offset seen in it; 0 for none.
    pub offset: Offset,
}

/// From a client to the bridge.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientFrame {
    /// First of all: who I am.
    Hello {
        /// The client.
        client: ClientId,
        /// The user for whom it speaks.
        user: UserId,
        /// What shows that it may.
        token: String,
    },
    /// Send me the events of a thread.
    Subscribe {
        /// The thread.
        thread: ThreadId,
        /// What I have seen; none for everything there is.
        after: Option<Position>,
    },
    /// Send me what you still owe me, then let me go.
    Bye,
}

/// From the bridge to a client.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerFrame {
    /// Answers a hello.
    Welcome {
        /// The bridge's life.
        epoch: Epoch,
    },
    /// Answers a subscription; its events follow.
    Subscribed {
        /// The thread.
        thread: ThreadId,
    },
    /// An event.
    Event {
        /// The bridge's life.
        epoch: Epoch,
        /// The event's place in its thread's log.
        offset: Offset,
        /// The event.
        event: Arc<Event>,
    },
    /// Events that will never come.
    Gap(Gap),
    /// No; nothing follows.
    Rejected {
        /// Why.
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
