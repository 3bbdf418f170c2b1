//! The index of first receipts: the place in an actor's inbox at which a message first came.

use std::collections::BTreeMap;

use crate::ids::{ActorId, MessageId};

/// Places of first receipts. The receipts of each message that was sent lie next to each other,
/// in the order of actors.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    /// By sending, where its receipts begin in `receipts`; one more for the end of the last.
    begins: Vec<usize>,
    receipts: Vec<(ActorId, usize)>,
    /// Of messages that were never sent.
    others: BTreeMap<(ActorId, MessageId), usize>,
}

/// First receipts whose places are not known yet.
#[derive(Debug)]
pub(super) struct FirstReceipts {
    receipts: Vec<Receipt>,
    /// The first receipts of messages that were sent, as sending, actor and number of the
    /// receipt, in order.
    firsts: Vec<(usize, ActorId, usize)>,
}

#[derive(Clone, Copy, Debug)]
struct Receipt {
    actor: ActorId,
    message: MessageId,
    sending: Option<usize>,
    is_first: bool,
    place: usize,
}

impl Arrivals {
    /// Finds the first receipts among all, which are in the order of time: each has its actor,
    /// its message and, if it was sent, the sending.
    pub(super) fn first_of(
        receipts: impl Iterator<Item = (ActorId, MessageId, Option<usize>)>,
    ) -> FirstReceipts {
        let receipt = |(actor, message, sending)| Receipt {
            actor,
            message,
            sending,
            is_first: false,
            place: 0,
        };
        let mut receipts: Vec<Receipt> = receipts.map(receipt).collect();
        let mut firsts = Vec::with_capacity(receipts.len());
        let mut others = BTreeMap::new();
        for (number, receipt) in receipts.iter().enumerate() {
            match receipt.sending {
                Some(sending) => firsts.push((sending, receipt.actor, number)),
                None => {
                    let key = (receipt.actor, receipt.message);
                    others.entry(key).or_insert(number);
                }
            }
        }
        firsts.sort_unstable();
        firsts.dedup_by_key(|(sending, actor, _)| (*sending, *actor));
        for (_, _, number) in &firsts {
            receipts[*number].is_first = true;
        }
        for number in others.into_values() {
            receipts[number].is_first = true;
        }
        FirstReceipts { receipts, firsts }
    }

    /// Returns the place at which a message, of that sending if it was sent, first came.
    pub(super) fn place(
        &self,
        actor: ActorId,
        message: MessageId,
        sending: Option<usize>,
    ) -> Option<usize> {
        let Some(sending) = sending else {
            return self.others.get(&(actor, message)).copied();
        };
        // No message of a later sending came to anybody.
        let end = *self.begins.get(sending + 1)?;
        let of_message = &self.receipts[self.begins[sending]..end];
        let found = of_message.binary_search_by_key(&actor, |(actor, _)| *actor);
        found.ok().map(|found| of_message[found].1)
    }
}

impl FirstReceipts {
    /// Returns `true` for the first receipt of a message by an actor.
    pub(super) fn is_first(&self, number: usize) -> bool {
        self.receipts[number].is_first
    }

    /// Returns the sending of the message of that receipt, if it was sent.
    pub(super) fn sending(&self, number: usize) -> Option<usize> {
        self.receipts[number].sending
    }

    /// Sets the place of a receipt in its actor's inbox.
    pub(super) fn put(&mut self, number: usize, place: usize) {
        self.receipts[number].place = place;
    }

    /// Returns the index, once every first receipt has its place.
    pub(super) fn finish(self) -> Arrivals {
        let mut arrivals = Arrivals::default();
        for (sending, actor, number) in self.firsts {
            let begin = arrivals.receipts.len();
            if arrivals.begins.len() <= sending {
                arrivals.begins.resize(sending + 1, begin);
            }
            arrivals.receipts.push((actor, self.receipts[number].place));
        }
        arrivals.begins.push(arrivals.receipts.len());
        for receipt in self.receipts {
            if receipt.is_first && receipt.sending.is_none() {
                let key = (receipt.actor, receipt.message);
                arrivals.others.insert(key, receipt.place);
            }
        }
        arrivals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The index agrees with a map of all first receipts, whatever comes in which order.
    #[test]
    fn first_receipts_are_found_and_repeats_left_out() {
        // Actor, message, sending: message 9 was never sent, sending 1 never came, 4 is the last.
        let receipts = [
            (2, 7, Some(2)),
            (1, 9, None),
            (2, 5, Some(0)),
            (1, 5, Some(0)),
            (2, 7, Some(2)),
            (1, 7, Some(2)),
            (1, 9, None),
            (2, 9, None),
        ];
        let receipts =
            receipts.map(|(actor, message, sent)| (ActorId(actor), MessageId(message), sent));
        let mut firsts = Arrivals::first_of(receipts.into_iter());
        let mut inboxes: BTreeMap<ActorId, usize> = BTreeMap::new();
        let mut expected = BTreeMap::new();
        for (number, (actor, message, sent)) in receipts.into_iter().enumerate() {
            let is_new = !expected.contains_key(&(actor, message));
            assert_eq!(firsts.is_first(number), is_new, "receipt {number}");
            assert_eq!(firsts.sending(number), sent);
            if is_new {
                let inbox = inboxes.entry(actor).or_default();
                firsts.put(number, *inbox);
                expected.insert((actor, message), *inbox);
                *inbox += 1;
            }
        }
        let arrivals = firsts.finish();
        for actor in [1, 2, 3].map(ActorId) {
            for (message, sent) in [
                (5, Some(0)),
                (6, Some(1)),
                (7, Some(2)),
                (8, Some(4)),
                (9, None),
            ] {
                let message = MessageId(message);
                let expected = expected.get(&(actor, message)).copied();
                assert_eq!(
                    arrivals.place(actor, message, sent),
                    expected,
                    "{actor:?} {message:?}"
                );
            }
        }
    }
}
