//! Packets and other events in flight, in order of arrival.

use crate::min_queue::MinQueue;
use crate::time::VirtualTime;

/// A queue by time of arrival; arrivals of one instant keep their order.
pub(crate) struct Arrivals<T> {
    /// Time, order, and place in `slots`: packets are large, and a queue may move what it holds a
    /// dozen times.
    queue: MinQueue<(VirtualTime, u64, usize)>,
    slots: Vec<Option<T>>,
    free: Vec<usize>,
    order: u64,
}

impl<T> Default for Arrivals<T> {
    fn default() -> Self {
        Self {
            queue: MinQueue::default(),
            slots: Vec::new(),
            free: Vec::new(),
            order: 0,
        }
    }
}

impl<T> Arrivals<T> {
    pub(crate) fn push(&mut self, at: VirtualTime, what: T) {
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot] = Some(what);
                slot
            }
            None => {
                self.slots.push(Some(what));
                self.slots.len() - 1
            }
        };
        self.queue.push((at, self.order, slot));
        self.order += 1;
    }

    /// Returns the time of the next arrival.
    pub(crate) fn next(&self) -> Option<VirtualTime> {
        self.queue.peek().map(|(at, ..)| *at)
    }

    /// Takes the next arrival, if it is due by `now`.
    pub(crate) fn take_due(&mut self, now: VirtualTime) -> Option<T> {
        if self.next()? > now {
            return None;
        }
        let (_, _, slot) = self.queue.pop()?;
        self.free.push(slot);
        self.slots[slot].take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_are_in_order_of_time_and_ties_keep_theirs() {
        let at = |micros| VirtualTime::ZERO + std::time::Duration::from_micros(micros);
        let mut arrivals = Arrivals::default();
        arrivals.push(at(5), "c");
        arrivals.push(at(3), "a");
        assert_eq!(arrivals.take_due(at(2)), None);
        assert_eq!(arrivals.take_due(at(3)), Some("a"));
        // It takes the slot that is free again.
        arrivals.push(at(5), "d");
        arrivals.push(at(4), "b");
        assert_eq!(arrivals.next(), Some(at(4)));
        let rest: Vec<_> = std::iter::from_fn(|| arrivals.take_due(at(9))).collect();
        assert_eq!(rest, ["b", "c", "d"]);
        assert_eq!(arrivals.next(), None);
    }
}
