//! The messages that a member has taken from its mailbox at the bus.

use std::collections::BTreeSet;

use super::super::wire::Cursor;

/// The messages that a member has taken.
#[derive(Default, Debug)]
pub(super) struct Window {
    /// The last one.
    pub(super) taken: Cursor,
    /// Messages among them that some handler or the listener has not finished.
    pub(super) unfinished: BTreeSet<Cursor>,
}

impl Window {
    /// Takes a message that is not done with at once. Returns `false` if it was taken
    /// before: after a reconnect the bus sends all again that is not done with.
    pub(super) fn hold(&mut self, cursor: Cursor) -> bool {
        let is_new = cursor > self.taken;
        if is_new {
            self.taken = cursor;
            self.unfinished.insert(cursor);
        }
        is_new
    }

    /// Returns the last message up to which all are done with.
    pub(super) fn done(&self) -> Cursor {
        let first = self.unfinished.first();
        first.map_or(self.taken, |first| Cursor(first.0 - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_done_with_in_their_order() {
        let mut window = Window {
            taken: Cursor(1),
            ..Window::default()
        };
        assert!(window.hold(Cursor(2)) && window.hold(Cursor(3)));
        // Sent again after a reconnect.
        assert!(!window.hold(Cursor(2)));
        assert_eq!(window.done(), Cursor(1));
        window.unfinished.remove(&Cursor(3));
        assert_eq!(window.done(), Cursor(1));
        window.unfinished.remove(&Cursor(2));
        assert_eq!(window.done(), Cursor(3));
    }
}
