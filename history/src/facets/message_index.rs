//! The index of sendings by message.

use std::collections::BTreeMap;

use crate::ids::MessageId;

/// Numbers up to this many times the entries of a history have a slot in the table.
const SLOTS_AN_ENTRY: u64 = 4;

/// The sending of each message. Systems number their messages one by one, so a table has nearly
/// all; a history that was read from a file may have any numbers, and those beyond the table
/// are in a map.
#[derive(Debug, Default)]
pub(super) struct MessageIndex {
    /// The number of slots that the table may have.
    most: u64,
    table: Vec<Option<usize>>,
    others: BTreeMap<MessageId, usize>,
}

impl MessageIndex {
    /// An empty index for a history of so many entries.
    pub(super) fn for_entries(entries: usize) -> Self {
        Self {
            most: SLOTS_AN_ENTRY * entries as u64,
            ..Self::default()
        }
    }

    /// Sets the sending of a message.
    pub(super) fn insert(&mut self, message: MessageId, sending: usize) {
        if message.0 >= self.most {
            self.others.insert(message, sending);
            return;
        }
        let slot = slot(message);
        if self.table.len() <= slot {
            self.table.resize(slot + 1, None);
        }
        self.table[slot] = Some(sending);
    }

    /// Returns the sending that was set last for that message.
    pub(super) fn get(&self, message: MessageId) -> Option<usize> {
        if message.0 >= self.most {
            return self.others.get(&message).copied();
        }
        self.table.get(slot(message)).copied().flatten()
    }
}

/// Returns the slot of a message whose number is below that of the slots.
fn slot(message: MessageId) -> usize {
    usize::try_from(message.0).expect("a history's entries are in memory, and the table is")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_is_found_and_large_ones_take_no_table() {
        let mut index = MessageIndex::for_entries(3);
        let numbers = [0, 11, 12, 5, u64::MAX];
        for (sending, number) in numbers.into_iter().enumerate() {
            index.insert(MessageId(number), sending);
        }
        for (sending, number) in numbers.into_iter().enumerate() {
            assert_eq!(index.get(MessageId(number)), Some(sending), "{number}");
        }
        assert_eq!(index.get(MessageId(1)), None);
        assert_eq!(index.get(MessageId(13)), None);
        assert_eq!((index.table.len(), index.others.len()), (12, 2));
    }

    #[test]
    fn the_last_sending_of_a_message_counts() {
        let mut index = MessageIndex::for_entries(1);
        for (number, sending) in [(2, 0), (9, 1), (2, 2), (9, 3)] {
            index.insert(MessageId(number), sending);
        }
        assert_eq!(index.get(MessageId(2)), Some(2));
        assert_eq!(index.get(MessageId(9)), Some(3));
    }
}
