//! A queue of many tasks from whose middle tasks are taken.

use std::cell::Cell;

use super::sum_tree::SumTree;
use crate::ids::TaskId;

/// Slots of a word, one for each of its bits.
const WORD: usize = u64::BITS as usize;

/// The words of an empty queue.
const FEWEST_WORDS: usize = 4;

/// Up to so many words are counted one by one.
const COUNTED_WORDS: usize = 8;

/// A queue from whose middle tasks are taken, in a time that hardly grows with its length.
///
/// Tasks stand in slots, in order, with gaps where one has left. A task is in it at most once.
pub(super) struct Slots {
    /// The tasks. What is in the slot of a gap means nothing.
    slots: Vec<TaskId>,
    /// A bit for each slot: 0 for a gap.
    taken: Vec<u64>,
    /// The tasks in each word, if there are more than [`COUNTED_WORDS`]; else empty.
    counts: SumTree,
    /// The slots before it are gaps.
    start: usize,
    /// This slot and those after it are gaps.
    end: usize,
    len: usize,
    /// The slot in which each task stood last, by task number; none if that is not looked up.
    places: Option<Vec<u32>>,
    /// The index that was looked up last, and its slot, until the queue changes: what is picked
    /// is looked up again when it leaves.
    found: Cell<Option<(usize, usize)>>,
}

impl Default for Slots {
    fn default() -> Self {
        let mut queue = Self {
            slots: Vec::new(),
            taken: Vec::new(),
            counts: SumTree::default(),
            start: 0,
            end: 0,
            len: 0,
            places: None,
            found: Cell::new(None),
        };
        queue.spread(&[]);
        queue
    }
}

impl Slots {
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(super) fn push_back(&mut self, task: TaskId) {
        if self.end == self.slots.len() {
            self.make_room();
        }
        self.put(self.end, task);
        self.end += 1;
    }

    #[inline]
    pub(super) fn push_front(&mut self, task: TaskId) {
        if self.start == 0 {
            self.make_room();
        }
        self.start -= 1;
        self.put(self.start, task);
    }

    #[inline(always)]
    fn put(&mut self, slot: usize, task: TaskId) {
        self.found.set(None);
        self.len += 1;
        self.slots[slot] = task;
        self.taken[slot / WORD] |= 1 << (slot % WORD);
        if self.is_indexed() {
            self.counts.add(slot / WORD, 1);
        }
        if let Some(places) = &mut self.places {
            note_place(places, slot, task);
        }
    }

    /// Notes in which slots the tasks stand from now on, or no longer: without that, the index
    /// of no task is found.
    pub(super) fn note_places(&mut self, note: bool) {
        self.places = note.then(|| {
            let mut places = Vec::new();
            for slot in taken_slots(&self.taken) {
                note_place(&mut places, slot, self.slots[slot]);
            }
            places
        });
    }

    /// Returns `true` if the tasks in the words are in the table of counts.
    #[inline]
    fn is_indexed(&self) -> bool {
        self.taken.len() > COUNTED_WORDS
    }

    /// Returns the task at `index`.
    #[inline]
    pub(super) fn get(&self, index: usize) -> Option<TaskId> {
        self.slot(index).map(|slot| self.slots[slot])
    }

    /// Returns the slot of the task at `index`.
    #[inline]
    fn slot(&self, index: usize) -> Option<usize> {
        if index >= self.len {
            return None;
        }
        if index == 0 {
            return self.first();
        }
        if let Some((found, slot)) = self.found.get()
            && found == index
        {
            return Some(slot);
        }
        let (word, rank) = match self.is_indexed() {
            true => {
                let (word, rank) = self.counts.find(index as u64)?;
                (word, rank as u32)
            }
            false => self.count_to(index as u32),
        };
        let mut bits = self.taken[word];
        for _ in 0..rank {
            bits &= bits - 1;
        }
        let slot = word * WORD + bits.trailing_zeros() as usize;
        self.found.set(Some((index, slot)));
        Some(slot)
    }

    /// Returns the word of the task at that rank, which exists, and its rank within the word.
    #[inline]
    fn count_to(&self, mut rank: u32) -> (usize, u32) {
        let mut word = self.start / WORD;
        loop {
            let count = self.taken[word].count_ones();
            if rank < count {
                return (word, rank);
            }
            rank -= count;
            word += 1;
        }
    }

    /// Returns the slot of the first task.
    #[inline]
    fn first(&self) -> Option<usize> {
        let mut word = self.start / WORD;
        loop {
            let bits = *self.taken.get(word)?;
            if bits != 0 {
                return Some(word * WORD + bits.trailing_zeros() as usize);
            }
            word += 1;
        }
    }

    /// Returns the index of a task; none if it is not in the queue, or places are not noted.
    #[inline]
    pub(super) fn index_of(&self, task: TaskId) -> Option<usize> {
        let slot = self.place(task)?;
        let (word, bit) = (slot / WORD, slot % WORD);
        let before = match self.is_indexed() {
            true => self.counts.before(word) as usize,
            false => {
                let words = self.taken[..word].iter();
                words.map(|word| word.count_ones() as usize).sum()
            }
        };
        let within = self.taken[word] & !(!0 << bit);
        let index = before + within.count_ones() as usize;
        self.found.set(Some((index, slot)));
        Some(index)
    }

    /// Returns `true` if the task is in the queue.
    #[inline]
    pub(super) fn contains(&self, task: TaskId) -> bool {
        self.place(task).is_some()
    }

    #[inline]
    fn place(&self, task: TaskId) -> Option<usize> {
        let slot = *self.places.as_ref()?.get(task.index() as usize)? as usize;
        let is_taken = self.taken.get(slot / WORD)? >> (slot % WORD) & 1 == 1;
        (is_taken && self.slots[slot] == task).then_some(slot)
    }

    /// Returns the tasks in order.
    #[inline]
    pub(super) fn iter(&self) -> impl Iterator<Item = TaskId> + Clone + '_ {
        taken_slots(&self.taken).map(|slot| self.slots[slot])
    }

    /// Calls `f` with the tasks in order.
    #[inline]
    pub(super) fn for_each(&self, mut f: impl FnMut(TaskId)) {
        let words = self.start / WORD..self.end.div_ceil(WORD);
        for (word, bits) in words.clone().zip(&self.taken[words]) {
            Bits(*bits).for_each(|bit| f(self.slots[word * WORD + bit]));
        }
    }

    /// Takes out the task at `index`.
    #[inline]
    pub(super) fn remove(&mut self, index: usize) -> Option<TaskId> {
        let slot = self.slot(index)?;
        if index == 0 {
            self.start = slot + 1;
        }
        self.clear(slot);
        Some(self.slots[slot])
    }

    #[inline]
    fn clear(&mut self, slot: usize) {
        self.found.set(None);
        self.len -= 1;
        self.taken[slot / WORD] &= !(1 << (slot % WORD));
        if self.is_indexed() {
            self.counts.subtract(slot / WORD, 1);
        }
    }

    /// Takes out the tasks for which `keep` returns `false`.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(TaskId) -> bool) {
        for word in 0..self.taken.len() {
            for bit in Bits(self.taken[word]) {
                let slot = word * WORD + bit;
                let task = self.slots[slot];
                if !keep(task) {
                    self.clear(slot);
                }
            }
        }
    }

    /// Makes room at both ends.
    #[cold]
    fn make_room(&mut self) {
        let mut tasks = Vec::with_capacity(self.len);
        self.for_each(|task| tasks.push(task));
        self.spread(&tasks);
    }

    /// Puts the tasks into the middle of slots that are at least twice as many. So each task
    /// moves once for a number of pushes in proportion to the length.
    fn spread(&mut self, tasks: &[TaskId]) {
        let words = (2 * tasks.len()).div_ceil(WORD).next_power_of_two();
        let words = words.max(FEWEST_WORDS);
        self.slots.resize(words * WORD, TaskId::PROGRAM);
        self.len = tasks.len();
        self.start = words / 4 * WORD;
        self.end = self.start + self.len;
        self.slots[self.start..self.end].copy_from_slice(tasks);
        self.taken.clear();
        self.taken.resize(self.start / WORD, 0);
        self.taken.resize(self.end / WORD, !0);
        self.taken.push(!(!0 << (self.end % WORD)));
        self.taken.resize(words, 0);
        self.found.set(None);
        self.counts = match self.is_indexed() {
            true => {
                let counts = self.taken.iter().map(|word| u64::from(word.count_ones()));
                SumTree::of(counts.collect())
            }
            false => SumTree::default(),
        };
        if let Some(places) = &mut self.places {
            for (slot, task) in (self.start..).zip(tasks) {
                note_place(places, slot, *task);
            }
        }
    }
}

#[inline(never)]
fn note_place(places: &mut Vec<u32>, slot: usize, task: TaskId) {
    let number = task.index() as usize;
    if places.len() <= number {
        places.resize(number + 1, 0);
    }
    places[number] = u32::try_from(slot).expect("slots are in proportion to tasks");
}

/// Returns the slots whose bits are 1, in order.
fn taken_slots(taken: &[u64]) -> impl Iterator<Item = usize> + Clone + '_ {
    let words = taken.iter().enumerate();
    words.flat_map(|(word, bits)| Bits(*bits).map(move |bit| word * WORD + bit))
}

/// The indices of the bits that are 1, lowest first.
#[derive(Clone)]
struct Bits(u64);

impl Iterator for Bits {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        let bit = (self.0 != 0).then(|| self.0.trailing_zeros() as usize)?;
        self.0 &= self.0 - 1;
        Some(bit)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    /// Compares the queue with a plain one over random operations.
    #[test]
    fn queue_behaves_as_a_plain_one_at_any_length() {
        let (mut queue, mut plain) = (Slots::default(), VecDeque::new());
        queue.note_places(true);
        let mut state = 1u64;
        let mut below = |bound: usize| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1);
            (state >> 33) as usize % bound.max(1)
        };
        // Tasks that were in it come back.
        let mut out: Vec<TaskId> = Vec::new();
        for round in 0..60_000u32 {
            // Grows to some 12,000 tasks and shrinks to nothing again.
            let growing = round < 30_000;
            let task = match below(2) {
                0 => out.pop().unwrap_or(TaskId(round)),
                _ => TaskId(round),
            };
            match below(4) {
                0 if growing => {
                    queue.push_front(task);
                    plain.push_front(task);
                }
                1 | 2 if growing => {
                    queue.push_back(task);
                    plain.push_back(task);
                }
                _ => {
                    let index = below(plain.len() + 1);
                    assert_eq!(queue.get(index), plain.get(index).copied());
                    let removed = plain.remove(index);
                    let expected = removed.map(|task| (Some(index), Some(task), false));
                    let found = removed.map(|task| {
                        let index = queue.index_of(task);
                        let removed = queue.remove(index.unwrap_or(usize::MAX));
                        (index, removed, queue.contains(task))
                    });
                    assert_eq!(found, expected);
                    out.extend(removed);
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
        }
        let rest: Vec<_> = (0..queue.len())
            .filter_map(|index| queue.get(index))
            .collect();
        assert_eq!(rest, Vec::from(plain));
    }

    /// The index of a task is found from when places are noted.
    #[test]
    fn places_may_be_noted_later_and_no_longer() {
        let mut queue = Slots::default();
        (0..700).for_each(|task| queue.push_back(TaskId(task)));
        queue.remove(3);
        assert_eq!(queue.index_of(TaskId(4)), None);
        queue.note_places(true);
        queue.push_front(TaskId(3));
        assert_eq!(queue.index_of(TaskId(3)), Some(0));
        assert_eq!(queue.index_of(TaskId(4)), Some(4));
        assert_eq!(queue.index_of(TaskId(699)), Some(699));
        queue.note_places(false);
        assert!(!queue.contains(TaskId(4)));
        assert_eq!(queue.get(4), Some(TaskId(4)));
    }

    /// A queue through which many tasks pass stays small.
    #[test]
    fn slots_are_in_proportion_to_the_tasks() {
        let mut queue = Slots::default();
        for round in 0..100_000 {
            queue.push_back(TaskId(round % 50));
            if queue.len() > 40 {
                queue.remove(round as usize % 40);
            }
        }
        assert!(queue.slots.len() <= 4 * 64, "{}", queue.slots.len());
    }
}
