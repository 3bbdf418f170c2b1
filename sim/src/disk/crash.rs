//! The crash of a host, as its disk sees it: the changes that are not durable survive, or not,
//! by choices of the run.
//!
//! The changes of directories come first. They are in a journal, of which a crash may lose the
//! end: one choice, of how many changes. Then each change of a file that is left is a choice of
//! its own, and a write may survive in part.

use super::contents::{Change, ChangeKind, Survival};
use super::settings::DiskConfig;
use super::tree::{NodeId, NodeKind};
use super::volume::Disk;
use crate::engine::Engine;
use crate::engine::losses::{Alternatives, Severity};
use crate::ids::HostId;
use crate::trace::LostChange;

/// The longest part of a write that survives at each of its bytes: long enough for the header of
/// a record. Longer parts are a half, and all but one byte.
const TORN_PREFIX_MAX: usize = 16;

impl Disk {
    /// Leaves what a crash of the host leaves, and makes it durable.
    pub(super) fn crash(&mut self, engine: &Engine, host: HostId) {
        let has_files = self.files_at_risk().next().is_some();
        if has_files || !self.tree.unsynced().is_empty() {
            let severity = engine.draw_severity();
            self.lose_entries(engine, host, severity);
            for node in self.files_at_risk().collect::<Vec<_>>() {
                self.lose_changes(engine, host, severity, node);
            }
        }
        self.tree.sync_directories();
        self.crashes += 1;
        self.faults.clear();
        self.tree.close_all();
    }

    fn files_at_risk(&self) -> impl Iterator<Item = NodeId> {
        self.tree.nodes().filter_map(|(id, node)| match &node.kind {
            NodeKind::File(contents) if !contents.unsynced().is_empty() => Some(id),
            _ => None,
        })
    }

    fn lose_entries(&mut self, engine: &Engine, host: HostId, severity: Severity) {
        let changes = self.tree.unsynced();
        if changes.is_empty() || !self.config.lost_entries {
            return;
        }
        let worst = u32::try_from(changes.len()).expect("fewer than 2^32 changes");
        let bound = worst.checked_add(1).expect("fewer than 2^32 changes");
        let value = engine.choose_loss(host, severity, Alternatives { bound, worst });
        let count = value as usize;
        let Some(first) = self.tree.unsynced().iter().rev().take(count).next_back() else {
            return;
        };
        let place = first.after.as_ref().or(first.before.as_ref());
        let path = place.and_then(|(parent, name)| Some(self.tree.path(*parent)?.join(name)));
        let line = first.line.clone();
        let change = LostChange::Entries { count, first: path };
        engine.record_loss(host, change, line);
        self.tree.undo(count);
    }

    fn lose_changes(&mut self, engine: &Engine, host: HostId, severity: Severity, node: NodeId) {
        let file = self.tree.path(node);
        let contents = self.tree.contents(node).expect("a file is at risk");
        let survivals: Vec<_> = contents
            .unsynced()
            .iter()
            .map(|change| {
                let survivals = survivals(change, self.config);
                let bound = u32::try_from(survivals.len()).expect("few alternatives");
                if bound < 2 {
                    return Survival::Whole;
                }
                let worst = 1;
                let value = engine.choose_loss(host, severity, Alternatives { bound, worst });
                let survival = survivals[value as usize];
                let lost = match (&change.kind, survival) {
                    (_, Survival::Whole) => return survival,
                    (ChangeKind::Write { bytes, .. }, survival) => LostChange::Write {
                        file: file.clone(),
                        len: bytes.len(),
                        kept: match survival {
                            Survival::Torn(first) => first,
                            Survival::Whole | Survival::None => 0,
                        },
                    },
                    (ChangeKind::Resize { len }, _) => LostChange::Resize {
                        file: file.clone(),
                        len: *len,
                    },
                };
                engine.record_loss(host, lost, change.line.clone());
                survival
            })
            .collect();
        let contents = self.tree.contents_mut(node).expect("a file is at risk");
        contents.crash(&survivals);
    }
}

/// Returns what may survive of a change: all of it first, then nothing, then parts.
fn survivals(change: &Change, config: DiskConfig) -> Vec<Survival> {
    let mut survivals = vec![Survival::Whole];
    if config.lost_writes {
        survivals.push(Survival::None);
    }
    if let ChangeKind::Write { bytes, .. } = &change.kind
        && config.torn_writes
    {
        let len = bytes.len();
        let mut parts: Vec<_> = (1..len.min(TORN_PREFIX_MAX + 1)).collect();
        parts.extend([len / 2, len - 1]);
        parts.retain(|part| (1..len).contains(part));
        parts.sort_unstable();
        parts.dedup();
        survivals.extend(parts.into_iter().map(Survival::Torn));
    }
    survivals
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(len: usize, config: DiskConfig) -> Vec<Survival> {
        let bytes = vec![0; len];
        let kind = ChangeKind::Write { at: 0, bytes };
        survivals(&Change { kind, line: None }, config)
    }

    #[test]
    fn parts_of_a_write_are_its_first_bytes_its_half_and_all_but_one() {
        let config = DiskConfig::default();
        assert_eq!(parts(1, config), [Survival::Whole, Survival::None]);
        assert_eq!(
            parts(3, config)[2..],
            [Survival::Torn(1), Survival::Torn(2)]
        );
        let long = parts(100, config);
        assert_eq!(long.len(), 2 + TORN_PREFIX_MAX + 2);
        assert_eq!(long[18..], [Survival::Torn(50), Survival::Torn(99)]);
        assert_eq!(parts(100, DiskConfig::DURABLE), [Survival::Whole]);
    }
}
