//! A mailbox: messages in the order of their acceptance, until their member has taken
//! them.

use std::collections::{BTreeMap, VecDeque};

use rehearsal_history::{MessageId, Offset};

use super::super::wire::{Content, Cursor, MemberId, Message, Place};

/// A message in a mailbox, with its position.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Stored {
    pub(super) place: Place,
    pub(super) message: Message,
}

/// A bounded mailbox.
///
/// A request of its member reserves room for the response, so that a response is never
/// rejected for want of room: two members that ask each other cannot block each other.
#[derive(Debug)]
pub(super) struct Mailbox {
    capacity: usize,
    /// The last message that the member has taken.
    taken: Cursor,
    /// The messages after that one.
    waiting: VecDeque<Stored>,
    /// The messages to this member alone.
    direct: u64,
    /// Requests of this member that have no response yet, with the member that was asked.
    awaited: BTreeMap<MessageId, MemberId>,
    state: MailboxState,
}

/// The state of a mailbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum MailboxState {
    /// It takes messages.
    Open,
    /// Its member was stopped.
    Closed,
}

impl Mailbox {
    /// An empty mailbox.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            taken: Cursor::default(),
            waiting: VecDeque::new(),
            direct: 0,
            awaited: BTreeMap::new(),
            state: MailboxState::Open,
        }
    }

    /// Takes no more messages.
    pub(super) fn close(&mut self) {
        self.state = MailboxState::Closed;
    }

    /// Returns `true` if the member was stopped.
    pub(super) fn is_closed(&self) -> bool {
        self.state == MailboxState::Closed
    }

    /// Returns the place of the last message.
    pub(super) fn last(&self) -> Cursor {
        Cursor(self.taken.0 + self.waiting.len() as u64)
    }

    /// Drops every message.
    pub(super) fn clear(&mut self) {
        self.taken = self.last();
        self.waiting.clear();
    }

    /// Returns `true` if there is room for one more message, or for one more response.
    pub(super) fn has_room(&self) -> bool {
        self.room() > 0
    }

    /// Returns the number of messages for which there is room.
    pub(super) fn room(&self) -> usize {
        let used = self.waiting.len() + self.awaited.len();
        self.capacity.saturating_sub(used)
    }

    /// Returns the position that the next message to this member alone will have.
    pub(super) fn next_offset(&self) -> Offset {
        Offset(self.direct + 1)
    }

    /// Appends a message.
    pub(super) fn put(&mut self, stored: Stored) {
        match stored.message.content {
            Content::Broadcast { .. } | Content::Event { .. } => {}
            Content::Response { request, .. } => {
                self.direct += 1;
                self.awaited.remove(&request);
            }
            Content::Request { .. } | Content::Notification { .. } => self.direct += 1,
        }
        self.waiting.push_back(stored);
    }

    /// Inserts a message before the broadcasts that cannot have been sent yet.
    pub(super) fn put_ahead(&mut self, stored: Stored, prefetch: usize) {
        self.put(stored);
        let is_broadcast =
            |stored: &Stored| matches!(stored.message.content, Content::Broadcast { .. });
        let unsent = self.waiting.iter().enumerate().skip(prefetch);
        let overtaken = unsent
            .filter(|(_, stored)| is_broadcast(stored))
            .map(|(index, _)| index)
            .next();
        if let Some(index) = overtaken
            && let Some(stored) = self.waiting.pop_back()
        {
            self.waiting.insert(index, stored);
        }
    }

    /// Drops the oldest message.
    pub(super) fn drop_oldest(&mut self) {
        if self.waiting.pop_front().is_some() {
            self.taken.0 += 1;
        }
    }

    /// Frees the room of every message up to that one.
    pub(super) fn take(&mut self, cursor: Cursor) {
        while self.taken < cursor && self.waiting.pop_front().is_some() {
            self.taken.0 += 1;
        }
    }

    /// Returns the last message that the member is known to have taken.
    pub(super) fn taken(&self) -> Cursor {
        self.taken
    }

    /// Returns the first message after that one.
    pub(super) fn after(&self, cursor: Cursor) -> Option<(Cursor, &Stored)> {
        let next = Cursor(cursor.max(self.taken).0 + 1);
        let index = usize::try_from(next.0 - self.taken.0 - 1).expect("it is in memory");
        Some((next, self.waiting.get(index)?))
    }

    /// Returns the number of events that have not been taken.
    pub(super) fn events(&self) -> usize {
        let is_event = |stored: &&Stored| matches!(stored.message.content, Content::Event { .. });
        self.waiting.iter().filter(is_event).count()
    }

    /// Returns `true` if every message has been taken.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    // Requests ----------------------------------------------------------------

    /// Reserves room for the response to a request of this member.
    pub(super) fn expect_response(&mut self, request: MessageId, responder: MemberId) {
        self.awaited.insert(request, responder);
    }

    /// Gives up the room for the response to a request.
    pub(super) fn withdraw(&mut self, request: MessageId) {
        self.awaited.remove(&request);
    }

    /// Returns `true` if the request waits for a response of that member.
    pub(super) fn awaits(&self, request: MessageId, responder: MemberId) -> bool {
        self.awaited.get(&request) == Some(&responder)
    }

    /// Returns the requests that have no response yet, oldest first.
    pub(super) fn awaited(&self) -> impl Iterator<Item = MessageId> + '_ {
        self.awaited.keys().copied()
    }
}

#[cfg(test)]
mod tests {
    use rehearsal_history::Epoch;

    use super::super::super::wire::{Channel, TeamId};
    use super::*;

    const ONE: MemberId = MemberId(1);
    const OTHER: MemberId = MemberId(2);

    fn stored(id: u64, content: Content) -> Stored {
        let message = Message {
            id: MessageId(id),
            from: OTHER,
            team: TeamId(1),
            sent_ms: 0,
            secret: String::new(),
            content,
        };
        let place = Place {
            channel: Channel::Mailbox(ONE),
            epoch: Epoch(1),
            offset: Offset(id),
            seq: id,
        };
        Stored { place, message }
    }

    fn notification(id: u64) -> Stored {
        let (to, number) = (ONE, 0);
        stored(id, Content::Notification { to, number })
    }

    fn response(id: u64, request: u64) -> Stored {
        let (to, request, number) = (ONE, MessageId(request), 0);
        let content = Content::Response {
            to,
            request,
            number,
        };
        stored(id, content)
    }

    fn ids(mailbox: &Mailbox, mut cursor: Cursor) -> Vec<u64> {
        let mut found = Vec::new();
        while let Some((next, stored)) = mailbox.after(cursor) {
            found.push(stored.message.id.0);
            cursor = next;
        }
        found
    }

    #[test]
    fn messages_wait_until_they_are_taken() {
        let mut mailbox = Mailbox::new(2);
        mailbox.put(notification(11));
        assert!(mailbox.has_room());
        mailbox.put(notification(12));
        assert!(!mailbox.has_room());
        assert_eq!(ids(&mailbox, Cursor(0)), [11, 12]);
        assert_eq!(ids(&mailbox, Cursor(1)), [12]);
        mailbox.take(Cursor(1));
        assert!(mailbox.has_room());
        // A resume from before what was taken begins after it.
        assert_eq!(ids(&mailbox, Cursor(0)), [12]);
        mailbox.take(Cursor(9));
        assert!(mailbox.is_empty());
        assert_eq!(mailbox.taken(), Cursor(2));
    }

    #[test]
    fn request_reserves_room_for_its_response() {
        let mut mailbox = Mailbox::new(2);
        mailbox.expect_response(MessageId(7), OTHER);
        mailbox.put(notification(11));
        assert!(!mailbox.has_room());
        assert!(mailbox.awaits(MessageId(7), OTHER));
        assert!(!mailbox.awaits(MessageId(7), ONE) && !mailbox.awaits(MessageId(8), OTHER));
        mailbox.put(response(12, 7));
        assert_eq!(mailbox.awaited().count(), 0);
        mailbox.take(Cursor(2));
        mailbox.expect_response(MessageId(9), OTHER);
        mailbox.withdraw(MessageId(9));
        assert!(!mailbox.awaits(MessageId(9), OTHER));
        assert_eq!(mailbox.next_offset(), Offset(3));
    }
}
