//! Memory that lasts, by user: short-term, long-term, of entities, and external.
//!
//! A text goes into the short-term memory, which holds the last so many, and if its quality
//! is high enough, into the long-term memory too. Facts about an entity are kept by its name,
//! and a text in the external memory by its address, wherever that is.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use super::super::defects;
use crate::defect::Defect;
use crate::record::recorder::lock;

/// The texts that the short-term memory of a user holds.
const SHORT_TERM: usize = 100;

/// The quality above which a text goes into the long-term memory.
const QUALITY: u32 = 85;

/// A text that was remembered, and where it was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) enum Remembered<T> {
    ShortTerm(T),
    LongTerm(T),
    Entity(T),
    External(T),
}

impl<T> Remembered<T> {
    /// Returns the text.
    pub(in super::super) fn text(self) -> T {
        match self {
            Self::ShortTerm(text)
            | Self::LongTerm(text)
            | Self::Entity(text)
            | Self::External(text) => text,
        }
    }
}

/// The memory of all users.
#[derive(Debug)]
pub(in super::super) struct Memory {
    users: Mutex<BTreeMap<Arc<str>, OfUser>>,
    defect: Option<Defect>,
}

/// The memory of one user.
#[derive(Debug, Default)]
struct OfUser {
    short_term: VecDeque<(u64, Arc<str>)>,
    long_term: BTreeMap<u64, Arc<str>>,
    entities: BTreeMap<u64, Arc<str>>,
    external: BTreeMap<u64, Arc<str>>,
}

impl Memory {
    pub(in super::super) fn new(defect: Option<Defect>) -> Self {
        Self {
            users: Mutex::default(),
            defect,
        }
    }

    fn of<R>(&self, user: &Arc<str>, f: impl FnOnce(&mut OfUser) -> R) -> R {
        // Seeded: there is one memory for all.
        let user: Arc<str> = match self.defect == Some(defects::MEMORY_WITHOUT_USER) {
            true => "memory".into(),
            false => Arc::clone(user),
        };
        f(lock(&self.users).entry(user).or_default())
    }

    /// Remembers a text about a topic.
    pub(in super::super) fn remember(
        &self,
        user: &Arc<str>,
        topic: u64,
        text: Arc<str>,
        quality: u32,
    ) {
        self.of(user, |memory| {
            memory.short_term.push_back((topic, Arc::clone(&text)));
            if memory.short_term.len() > SHORT_TERM {
                memory.short_term.pop_front();
            }
            if quality > QUALITY {
                memory.long_term.insert(topic, text);
            }
        });
    }

    /// Remembers a fact about an entity.
    pub(in super::super) fn remember_entity(&self, user: &Arc<str>, entity: u64, fact: Arc<str>) {
        self.of(user, |memory| memory.entities.insert(entity, fact));
    }

    /// Keeps a text at an address of the external memory.
    pub(in super::super) fn keep(&self, user: &Arc<str>, address: u64, text: Arc<str>) {
        self.of(user, |memory| memory.external.insert(address, text));
    }

    /// Returns the last text about a topic that is remembered: of the short term, else of the
    /// long term, else a fact, else what is kept outside.
    pub(in super::super) fn recall(
        &self,
        user: &Arc<str>,
        topic: u64,
    ) -> Option<Remembered<Arc<str>>> {
        self.of(user, |memory| {
            let mut recent = memory.short_term.iter().rev();
            let recent = recent.find(|(of, _)| *of == topic);
            let recent = recent.map(|(_, text)| Remembered::ShortTerm(Arc::clone(text)));
            let known = |of: &BTreeMap<u64, Arc<str>>| of.get(&topic).cloned();
            recent
                .or_else(|| known(&memory.long_term).map(Remembered::LongTerm))
                .or_else(|| known(&memory.entities).map(Remembered::Entity))
                .or_else(|| known(&memory.external).map(Remembered::External))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users() -> [Arc<str>; 2] {
        ["user-1".into(), "user-2".into()]
    }

    #[test]
    fn short_term_memory_holds_the_last_hundred() {
        let (memory, [user, _]) = (Memory::new(None), users());
        for topic in 1..=100 {
            memory.remember(&user, topic, "text".into(), 0);
        }
        assert!(memory.recall(&user, 1).is_some());
        memory.remember(&user, 101, "text".into(), 0);
        assert_eq!(memory.recall(&user, 1), None);
        for topic in [2, 101] {
            let found = memory.recall(&user, topic);
            assert_eq!(found, Some(Remembered::ShortTerm("text".into())));
        }
    }

    #[test]
    fn only_a_quality_above_85_lasts() {
        let (memory, [user, _]) = (Memory::new(None), users());
        for quality in [84, 85, 86] {
            memory.remember(&user, quality.into(), "text".into(), quality);
        }
        for topic in 1_000..1_100 {
            memory.remember(&user, topic, "other".into(), 0);
        }
        let found = [84, 85, 86].map(|topic| memory.recall(&user, topic));
        let lasting = Remembered::LongTerm("text".into());
        assert_eq!(found, [None, None, Some(lasting)]);
    }

    #[test]
    fn each_kind_of_memory_belongs_to_one_user() {
        let (memory, [one, other]) = (Memory::new(None), users());
        memory.remember(&one, 1, "short".into(), 0);
        memory.remember(&one, 2, "long".into(), 100);
        memory.remember_entity(&one, 3, "fact".into());
        memory.keep(&one, 4, "kept".into());
        let texts = [1, 2, 3, 4].map(|topic| memory.recall(&one, topic).map(Remembered::text));
        let expected = ["short", "long", "fact", "kept"].map(|text| Some(text.into()));
        assert_eq!(texts, expected);
        assert!((1..=4).all(|topic| memory.recall(&other, topic).is_none()));
    }
}
