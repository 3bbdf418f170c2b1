//! Ids of a stream: those that are open, and those that ended recently.
//!
//! Ids are kept as hashes of 128 bits (XXH3), so that the memory of an id does not depend on
//! its length. What an id is in the stream is said by the line that it came with.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value as Json;
use xxhash_rust::xxh3::Xxh3;

use super::Findings;

/// Ids of one kind that may be open at once.
pub const OPEN_MAX: usize = 1 << 16;

/// Ids of one kind that are remembered after they ended.
pub const RECENT_MAX: usize = 1 << 16;

/// An id of a stream: a text or a number, which are never the same, or several of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Id(u128);

impl Id {
    /// The id of something that is there once.
    pub(super) const ONLY: Self = Self(0);

    /// Returns the id that is this text.
    pub(super) fn text(text: &str) -> Self {
        Self::of_parts([b"t".as_slice(), text.as_bytes()])
    }

    /// Returns the id that is this value; none unless it is a text or a number.
    pub(super) fn of(value: &Json) -> Option<Self> {
        match value {
            Json::String(text) => Some(Self::text(text)),
            Json::Number(number) => {
                let text = number.to_string();
                Some(Self::of_parts([b"n".as_slice(), text.as_bytes()]))
            }
            _ => None,
        }
    }

    /// Returns the id of a pair.
    pub(super) fn pair(first: Self, second: Self) -> Self {
        Self::of_parts([
            first.0.to_le_bytes().as_slice(),
            second.0.to_le_bytes().as_slice(),
        ])
    }

    /// Returns half of the hash.
    pub(super) fn short(self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0.to_le_bytes();
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }

    fn of_parts(parts: [&[u8]; 2]) -> Self {
        let mut hash = Xxh3::new();
        for part in parts {
            hash.update(&(part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        Self(hash.digest128())
    }
}

/// The ids of one kind that are open, each with its state.
#[derive(Debug)]
pub(super) struct OpenIds<T> {
    noun: &'static str,
    open: BTreeMap<Id, T>,
}

impl<T> OpenIds<T> {
    /// No open ids; the noun is plural.
    pub(super) fn new(noun: &'static str) -> Self {
        Self {
            noun,
            open: BTreeMap::new(),
        }
    }

    /// Opens an id, and ends the check if too many are open.
    pub(super) fn open(&mut self, id: Id, state: T, findings: &mut Findings) {
        if self.open.len() >= OPEN_MAX && !self.open.contains_key(&id) {
            let noun = self.noun;
            findings.exhausted(format!("more than {OPEN_MAX} {noun} are open at once"));
        } else {
            self.open.insert(id, state);
        }
    }

    pub(super) fn get(&self, id: Id) -> Option<&T> {
        self.open.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: Id) -> Option<&mut T> {
        self.open.get_mut(&id)
    }

    pub(super) fn contains(&self, id: Id) -> bool {
        self.open.contains_key(&id)
    }

    /// Forgets an id, and returns its state if it was open.
    pub(super) fn close(&mut self, id: Id) -> Option<T> {
        self.open.remove(&id)
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.open.values()
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.open.values_mut()
    }

    /// Forgets the ids whose states match, and returns the states.
    pub(super) fn take_if(&mut self, matches: impl Fn(&T) -> bool) -> Vec<T> {
        let matching = self.open.iter().filter(|(_, state)| matches(state));
        let ids: Vec<Id> = matching.map(|(id, _)| *id).collect();
        ids.iter().filter_map(|id| self.open.remove(id)).collect()
    }

    pub(super) fn clear(&mut self) {
        self.open.clear();
    }
}

/// The ids of one kind that ended last, at most [`RECENT_MAX`], each with its state.
#[derive(Debug)]
pub(super) struct Recent<T> {
    /// The ids with the numbers of their insertions. Those that were removed since are passed
    /// over.
    order: VecDeque<(Id, u64)>,
    ids: BTreeMap<Id, (u64, T)>,
    insertions: u64,
    has_forgotten: bool,
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self {
            order: VecDeque::new(),
            ids: BTreeMap::new(),
            insertions: 0,
            has_forgotten: false,
        }
    }
}

impl<T> Recent<T> {
    /// Remembers an id, and forgets the oldest one if there are too many.
    pub(super) fn insert(&mut self, id: Id, state: T) {
        if let Some((_, known)) = self.ids.get_mut(&id) {
            *known = state;
            return;
        }
        self.insertions += 1;
        self.ids.insert(id, (self.insertions, state));
        self.order.push_back((id, self.insertions));
        if self.order.len() > RECENT_MAX
            && let Some((oldest, insertion)) = self.order.pop_front()
            && self
                .ids
                .get(&oldest)
                .is_some_and(|(known, _)| *known == insertion)
        {
            self.ids.remove(&oldest);
            self.has_forgotten = true;
        }
    }

    /// Forgets an id, and returns its state if it was remembered.
    pub(super) fn remove(&mut self, id: Id) -> Option<T> {
        self.ids.remove(&id).map(|(_, state)| state)
    }

    pub(super) fn get(&self, id: Id) -> Option<&T> {
        self.ids.get(&id).map(|(_, state)| state)
    }

    pub(super) fn contains(&self, id: Id) -> bool {
        self.ids.contains_key(&id)
    }

    /// Returns `true` if the id is remembered, or may have been forgotten.
    pub(super) fn may_contain(&self, id: Id) -> bool {
        self.has_forgotten || self.contains(id)
    }

    /// Returns `true` if an id that is not remembered may have been there.
    pub(super) fn has_forgotten(&self) -> bool {
        self.has_forgotten
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(count: usize) -> impl Iterator<Item = Id> {
        (0..count).map(|number| Id::text(&number.to_string()))
    }

    #[test]
    fn ids_that_ended_are_remembered_within_the_window() {
        let mut recent = Recent::default();
        for id in ids(RECENT_MAX) {
            recent.insert(id, ());
        }
        assert!(!recent.has_forgotten());
        assert!(ids(RECENT_MAX).all(|id| recent.contains(id)));
        recent.insert(Id::ONLY, ());
        assert!(recent.has_forgotten());
        assert!(!recent.contains(Id::text("0")) && recent.contains(Id::text("1")));
        for id in ids(4 * RECENT_MAX) {
            recent.insert(id, ());
            recent.remove(id);
            recent.insert(id, ());
            assert!(recent.order.len() <= RECENT_MAX && recent.ids.len() <= RECENT_MAX);
        }
    }

    #[test]
    fn an_id_that_came_back_is_as_recent_as_its_return() {
        let mut recent = Recent::default();
        let mut ids = ids(RECENT_MAX + 1);
        let back = ids.next().expect("there are ids");
        recent.insert(back, ());
        recent.remove(back);
        recent.insert(back, ());
        ids.by_ref()
            .take(RECENT_MAX - 1)
            .for_each(|id| recent.insert(id, ()));
        assert!(recent.contains(back) && !recent.has_forgotten());
        recent.insert(ids.next().expect("there is one more"), ());
        assert!(!recent.contains(back) && recent.has_forgotten());
    }

    #[test]
    fn open_ids_beyond_the_limit_end_the_check() {
        let mut findings = Findings::default();
        let mut open = OpenIds::new("things");
        for id in ids(OPEN_MAX) {
            open.open(id, (), &mut findings);
        }
        open.open(Id::text("0"), (), &mut findings);
        assert!(!findings.has_stopped(), "an id that is open takes no place");
        open.open(Id::ONLY, (), &mut findings);
        assert!(findings.has_stopped());
    }

    #[test]
    fn texts_numbers_and_pairs_are_different_ids() {
        let values = [
            serde_json::json!("1"),
            serde_json::json!(1),
            serde_json::json!("n1"),
            serde_json::json!(""),
            serde_json::json!(0),
        ];
        let mut ids: Vec<Id> = values.iter().filter_map(Id::of).collect();
        let (first, second) = (ids[0], ids[1]);
        ids.extend([Id::pair(first, second), Id::pair(second, first), Id::ONLY]);
        for (place, id) in ids.iter().enumerate() {
            assert!(!ids[..place].contains(id), "{place}");
        }
        assert_eq!(Id::of(&serde_json::Value::Null), None);
    }
}
