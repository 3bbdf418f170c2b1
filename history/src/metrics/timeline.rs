//! The longest time in which nothing is recorded.

use super::messages::ENTRIES;
use super::{Better, Fold, Metric, Sample, Unit};
use crate::entry::{Entry, EntryKind};
use crate::validation::Validation;

pub(super) const BOTTLENECK: Metric = Metric {
    name: "bottleneck",
    meaning: "the longest time between two neighbouring entries of actors, from their first to their last",
    unit: Unit::Time,
    fold: Fold::Each,
    groups: None,
    better: Better::Lower,
    validates: Validation::Performance,
    shown: true,
    samples: |run| {
        let entries = run.history.entries.iter();
        let work: Vec<&Entry> = entries.filter(|entry| is_work(entry)).collect();
        let gaps = work.windows(2).map(|pair| {
            let (before, after) = (pair[0], pair[1]);
            let mut witness = after.kind.mentions();
            witness.extend(before.kind.mentions());
            Sample::between(None, before.at, after.at, witness)
        });
        // Of gaps of one length, the first.
        let longest = gaps.rev().max_by_key(|gap| gap.part);
        longest.into_iter().collect()
    },
    ..ENTRIES
};

/// Returns `true` for what actors do, and not for what is counted around them.
fn is_work(entry: &Entry) -> bool {
    match entry.kind {
        EntryKind::Sent(_)
        | EntryKind::Accepted(_)
        | EntryKind::Rejected { .. }
        | EntryKind::Received(_)
        | EntryKind::Gap(_)
        | EntryKind::Missed { .. }
        | EntryKind::Invoked { .. }
        | EntryKind::Returned { .. }
        | EntryKind::Failed { .. }
        | EntryKind::Began(_)
        | EntryKind::Ended { .. } => true,
        EntryKind::Subscribed { .. }
        | EntryKind::Connected { .. }
        | EntryKind::Disconnected { .. }
        | EntryKind::Drained
        | EntryKind::Holds { .. }
        | EntryKind::Census { .. }
        | EntryKind::Invariant { .. }
        | EntryKind::Fault { .. }
        | EntryKind::Crashed { .. }
        | EntryKind::Reached(_) => false,
    }
}
