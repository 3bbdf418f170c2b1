//! The record of one run.

use crate::entry::{Entry, EntryKind, Mark};
use crate::ids::{Names, Vocabulary};
use crate::profile::Profile;

/// A system's description of its histories: the words for its ids, and the rules
/// that its messages follow.
#[derive(Clone, Copy, Debug, Default)]
pub struct Model {
    /// The words for its ids.
    pub vocabulary: Vocabulary,
    /// The rules that the messages of a span follow, if there are any.
    pub profile: Option<&'static Profile>,
}

/// Everything that the actors of one run recorded, in the order in which it happened.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct History {
    /// The entries.
    pub entries: Vec<Entry>,
    /// The names of the entities.
    pub names: Names,
    /// The rules that the messages of a span follow, if there are any.
    pub profile: Option<&'static Profile>,
}

impl History {
    /// An empty history of such a system.
    pub fn new(model: &Model) -> Self {
        Self {
            entries: Vec::new(),
            names: Names::new(model.vocabulary),
            profile: model.profile,
        }
    }

    /// Returns every mark that was reached, in order, repeats included.
    pub fn marks(&self) -> impl Iterator<Item = &Mark> {
        self.entries.iter().filter_map(|entry| match &entry.kind {
            EntryKind::Reached(mark) => Some(mark),
            _ => None,
        })
    }
}
