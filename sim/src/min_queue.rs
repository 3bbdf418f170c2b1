//! A queue that gives back its least item first.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// A queue that gives back its least item first.
///
/// Items that are added in their order, as events are whose delays are all the same, take no heap.
pub(crate) struct MinQueue<T> {
    /// Items of which each is no less than the one before.
    in_order: VecDeque<T>,
    /// The others.
    heap: BinaryHeap<Reverse<T>>,
}

impl<T: Ord> Default for MinQueue<T> {
    fn default() -> Self {
        Self {
            in_order: VecDeque::new(),
            heap: BinaryHeap::new(),
        }
    }
}

impl<T: Ord> MinQueue<T> {
    #[inline]
    pub(crate) fn push(&mut self, item: T) {
        if self.in_order.back().is_none_or(|last| *last <= item) {
            self.in_order.push_back(item);
        } else {
            self.heap.push(Reverse(item));
        }
    }

    /// Returns the least item.
    #[inline]
    pub(crate) fn peek(&self) -> Option<&T> {
        let heap = self.heap.peek().map(|Reverse(first)| first);
        match (self.in_order.front(), heap) {
            (Some(in_order), Some(heap)) => Some(in_order.min(heap)),
            (in_order, heap) => in_order.or(heap),
        }
    }

    /// Takes the least item out.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<T> {
        let heap = self.heap.peek().map(|Reverse(first)| first);
        let is_in_order = match (self.in_order.front(), heap) {
            (Some(in_order), Some(heap)) => in_order <= heap,
            (in_order, _) => in_order.is_some(),
        };
        match is_in_order {
            true => self.in_order.pop_front(),
            false => self.heap.pop().map(|Reverse(first)| first),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.in_order.len() + self.heap.len()
    }

    /// Takes out the items for which `keep` returns `false`.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        self.in_order.retain(&mut keep);
        self.heap.retain(|Reverse(item)| keep(item));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares the queue with a list that is sorted, over random items.
    #[test]
    fn queue_behaves_as_a_sorted_list() {
        let (mut queue, mut sorted) = (MinQueue::default(), Vec::new());
        let mut state = 1u64;
        let mut below = |bound: u64| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1);
            (state >> 33) % bound
        };
        for round in 0..20_000 {
            // Items without order, and for a while nearly in order.
            let item = round / 10 + below(if round % 1_000 < 500 { 40 } else { 2 });
            // Grows and shrinks.
            if below(4) < 1 + round / 200 % 3 {
                queue.push(item);
                sorted.push(item);
                sorted.sort_unstable();
            } else {
                let least = (!sorted.is_empty()).then(|| sorted.remove(0));
                assert_eq!(queue.pop(), least);
            }
            if round % 3_000 == 0 {
                queue.retain(|item| item % 3 != 0);
                sorted.retain(|item| item % 3 != 0);
            }
            assert_eq!(queue.peek(), sorted.first());
            assert_eq!(queue.len(), sorted.len());
        }
    }
}
