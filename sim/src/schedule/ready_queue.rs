//! The ready queue of a run.

use std::collections::VecDeque;

use crate::ids::TaskId;

/// A queue longer than this is kept in pieces. Taking a task out of the middle
/// moves those behind it, which costs little up to here.
const PIECE: usize = 2048;

/// A queue from whose middle tasks are taken, in a time that hardly grows with
/// its length. Its order is that of one long queue.
pub(crate) struct ReadyQueue {
    /// At least one; none but the only one is empty.
    pieces: Vec<VecDeque<TaskId>>,
    len: usize,
}

impl Default for ReadyQueue {
    fn default() -> Self {
        Self {
            pieces: vec![VecDeque::new()],
            len: 0,
        }
    }
}

impl ReadyQueue {
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    #[inline]
    pub(crate) fn push_back(&mut self, task: TaskId) {
        self.len += 1;
        match self.pieces.last_mut() {
            Some(last) if last.len() < PIECE => last.push_back(task),
            _ => self.pieces.push(VecDeque::from([task])),
        }
    }

    #[inline]
    pub(crate) fn push_front(&mut self, task: TaskId) {
        self.len += 1;
        match self.pieces.first_mut() {
            Some(first) if first.len() < PIECE => first.push_front(task),
            _ => self.pieces.insert(0, VecDeque::from([task])),
        }
    }

    /// Returns the piece with the task at `index`, and the index within it.
    fn find(&self, index: usize) -> Option<(usize, usize)> {
        let mut within = index;
        for (number, piece) in self.pieces.iter().enumerate() {
            if within < piece.len() {
                return Some((number, within));
            }
            within -= piece.len();
        }
        None
    }

    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<TaskId> {
        let (piece, within) = self.find(index)?;
        self.pieces[piece].get(within).copied()
    }

    /// Returns the tasks in order.
    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = TaskId> + Clone + '_ {
        self.pieces.iter().flatten().copied()
    }

    /// Calls `f` with the tasks in order.
    #[inline]
    pub(crate) fn for_each(&self, mut f: impl FnMut(TaskId)) {
        for piece in &self.pieces {
            piece.iter().for_each(|task| f(*task));
        }
    }

    #[inline]
    pub(crate) fn remove(&mut self, index: usize) -> Option<TaskId> {
        let [only] = self.pieces.as_mut_slice() else {
            return self.remove_from_piece(index);
        };
        let task = match index {
            0 => only.pop_front()?,
            index => only.remove(index)?,
        };
        self.len -= 1;
        Some(task)
    }

    fn remove_from_piece(&mut self, index: usize) -> Option<TaskId> {
        let (number, within) = self.find(index)?;
        let piece = &mut self.pieces[number];
        let task = match within {
            0 => piece.pop_front()?,
            within => piece.remove(within)?,
        };
        self.len -= 1;
        if piece.len() < PIECE / 4 && self.pieces.len() > 1 {
            self.merge(number);
        }
        Some(task)
    }

    /// Joins a piece that got short with a neighbour, if that is short as well:
    /// the number of pieces stays in proportion to the length.
    #[cold]
    fn merge(&mut self, number: usize) {
        let pairs = [Some(number), number.checked_sub(1)];
        let short = pairs.into_iter().flatten().find(|&left| {
            self.pieces.get(left + 1).is_some_and(|right| {
                let len = self.pieces[left].len() + right.len();
                self.pieces[number].is_empty() || len <= PIECE / 2
            })
        });
        if let Some(left) = short {
            let mut right = self.pieces.remove(left + 1);
            self.pieces[left].append(&mut right);
        }
    }

    pub(crate) fn retain(&mut self, mut keep: impl FnMut(TaskId) -> bool) {
        for piece in &mut self.pieces {
            piece.retain(|task| keep(*task));
        }
        self.pieces.retain(|piece| !piece.is_empty());
        if self.pieces.is_empty() {
            self.pieces.push(VecDeque::new());
        }
        self.len = self.pieces.iter().map(VecDeque::len).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares the queue with one long queue over random operations.
    #[test]
    fn pieces_behave_as_one_queue_at_any_length() {
        let (mut queue, mut plain) = (ReadyQueue::default(), VecDeque::new());
        let mut state = 1u64;
        let mut below = |bound: usize| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1);
            (state >> 33) as usize % bound.max(1)
        };
        for round in 0..60_000u32 {
            // Grows to some 15,000 tasks and shrinks to nothing again.
            let growing = round < 30_000;
            match below(4) {
                0 if growing => {
                    queue.push_front(TaskId(round));
                    plain.push_front(TaskId(round));
                }
                1 | 2 if growing => {
                    queue.push_back(TaskId(round));
                    plain.push_back(TaskId(round));
                }
                _ => {
                    let index = below(plain.len() + 1);
                    assert_eq!(queue.get(index), plain.get(index).copied());
                    assert_eq!(queue.remove(index), plain.remove(index));
                }
            }
            if round % 20_000 == 19_999 {
                queue.retain(|task| task.0 % 7 != 0);
                plain.retain(|task| task.0 % 7 != 0);
            }
            if round % 1_000 == 999 {
                assert!(queue.iter().eq(plain.iter().copied()), "round {round}");
            }
            assert_eq!(queue.len(), plain.len());
            assert!(queue.pieces.len() <= 2 + plain.len() / (PIECE / 8));
        }
        let rest: Vec<_> = (0..queue.len())
            .filter_map(|index| queue.get(index))
            .collect();
        assert_eq!(rest, Vec::from(plain));
    }
}
