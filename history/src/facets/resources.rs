//! Resources that the system and the simulator still held when the work was done.

use std::collections::BTreeMap;

use rehearsal_sim::Census;

use crate::entry::{EntryKind, Phase, Resource};
use crate::history::History;

/// The last count of resources at each moment.
#[derive(Debug, Default)]
pub struct Resources<'a> {
    held: BTreeMap<Phase, &'a [Resource]>,
    census: BTreeMap<Phase, &'a Census>,
}

impl<'a> Resources<'a> {
    pub(super) fn new(history: &'a History) -> Self {
        let mut resources = Self::default();
        for entry in &history.entries {
            match &entry.kind {
                EntryKind::Holds {
                    resources: held,
                    phase,
                } => {
                    resources.held.insert(*phase, held);
                }
                EntryKind::Census { census, phase } => {
                    resources.census.insert(*phase, census);
                }
                _ => {}
            }
        }
        resources
    }

    /// Returns what the system said it held at that moment, if it was asked.
    pub fn held(&self, phase: Phase) -> Option<&'a [Resource]> {
        self.held.get(&phase).copied()
    }

    /// Returns what the simulator saw alive at that moment, if it was counted.
    pub fn census(&self, phase: Phase) -> Option<&'a Census> {
        self.census.get(&phase).copied()
    }
}
