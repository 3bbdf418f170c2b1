//! The journal: the changes to directories that a crash may undo.

use std::ffi::OsString;
use std::ops::Range;
use std::time::SystemTime;

use super::tree::{NodeId, Tree};

/// A change to directories.
#[derive(Clone, Debug)]
pub(super) struct EntryChange {
    /// The node, and its place before and after the change.
    pub(super) node: NodeId,
    pub(super) before: Option<(NodeId, OsString)>,
    pub(super) after: Option<(NodeId, OsString)>,
    /// The node whose name it has taken.
    replaced: Option<NodeId>,
    /// The line of user code, if it is recorded.
    pub(super) line: Option<String>,
}

impl EntryChange {
    fn concerns(&self, directory: NodeId) -> bool {
        let places = [&self.before, &self.after];
        places
            .into_iter()
            .flatten()
            .any(|(parent, _)| *parent == directory)
    }
}

impl Tree {
    /// Moves a node to another place, or removes it.
    pub(super) fn change(
        &mut self,
        node: NodeId,
        after: Option<(NodeId, OsString)>,
        now: SystemTime,
        line: Option<String>,
    ) {
        let before = self.node(node).place.clone();
        let replaced = after.as_ref().and_then(|(parent, name)| {
            let entries = self.entries(*parent).expect("a place is in a directory");
            entries.get(name).copied()
        });
        let change = EntryChange {
            node,
            before,
            after,
            replaced,
            line,
        };
        for place in [&change.before, &change.after].into_iter().flatten() {
            self.node_mut(place.0).modified = now;
        }
        if let Some(replaced) = change.replaced {
            self.place(replaced, None);
            self.node_mut(replaced).recorded += 1;
        }
        self.place(node, change.after.clone());
        self.node_mut(node).recorded += 1;
        self.unsynced.push(change);
    }

    /// Returns the changes to directories that a crash may undo.
    pub(super) fn unsynced(&self) -> &[EntryChange] {
        &self.unsynced
    }

    /// Makes the changes to a directory durable, and those before the last of them: a journal is
    /// written in order.
    pub(super) fn sync_directory(&mut self, directory: NodeId) {
        let last = self
            .unsynced
            .iter()
            .rposition(|change| change.concerns(directory));
        if let Some(last) = last {
            self.forget(0..last + 1);
        }
    }

    /// Makes all changes to directories durable.
    pub(super) fn sync_directories(&mut self) {
        self.forget(0..self.unsynced.len());
    }

    fn forget(&mut self, changes: Range<usize>) {
        let forgotten: Vec<_> = self.unsynced.drain(changes).collect();
        for change in forgotten {
            for node in [Some(change.node), change.replaced].into_iter().flatten() {
                self.node_mut(node).recorded -= 1;
                self.collect(node);
            }
        }
    }

    /// Undoes the last changes to directories.
    pub(super) fn undo(&mut self, changes: usize) {
        for _ in 0..changes {
            let change = self.unsynced.pop().expect("as many changes as are undone");
            self.place(change.node, change.before);
            if let Some(replaced) = change.replaced {
                self.place(replaced, change.after);
            }
            for node in [Some(change.node), change.replaced].into_iter().flatten() {
                self.node_mut(node).recorded -= 1;
                self.collect(node);
            }
        }
    }
}
