//! The contents of a file, and the changes to them that a crash may lose.

use super::error::DiskError;

/// A change to the contents of a file.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) kind: ChangeKind,
    /// The line of user code, if it is recorded.
    pub(super) line: Option<String>,
}

/// The kinds of changes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum ChangeKind {
    /// Bytes are written at that offset.
    Write { at: usize, bytes: Vec<u8> },
    /// The file gets another length.
    Resize { len: usize },
}

/// The part of a change that a crash leaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Survival {
    Whole,
    /// The first bytes of a write.
    Torn(usize),
    None,
}

/// The contents of a file.
#[derive(Clone, Debug, Default)]
pub(super) struct Contents {
    bytes: Vec<u8>,
    /// The changes that a crash may lose, in order.
    unsynced: Vec<Change>,
    /// For each of these, what it has replaced.
    replaced: Vec<Replaced>,
}

/// The bytes that a change has replaced, and the length before it.
#[derive(Clone, Debug)]
struct Replaced {
    at: usize,
    bytes: Vec<u8>,
    len: usize,
}

impl Contents {
    /// Creates contents that no crash loses.
    pub(super) fn durable(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            ..Self::default()
        }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns up to `most` bytes from an offset on.
    pub(super) fn read(&self, at: u64, most: usize) -> &[u8] {
        let from = usize::try_from(at).map_or(self.len(), |at| at.min(self.len()));
        let to = from.saturating_add(most).min(self.len());
        &self.bytes[from..to]
    }

    /// Returns the changes that a crash may lose.
    pub(super) fn unsynced(&self) -> &[Change] {
        &self.unsynced
    }

    /// Makes a change.
    pub(super) fn change(&mut self, change: Change) {
        self.replaced.push(self.replaced_by(&change.kind));
        apply(&mut self.bytes, &change.kind, Survival::Whole);
        self.unsynced.push(change);
    }

    fn replaced_by(&self, change: &ChangeKind) -> Replaced {
        let len = self.len();
        let (at, end) = match change {
            ChangeKind::Write { at, bytes } => (*at, at + bytes.len()),
            ChangeKind::Resize { len: resized } => (*resized, len),
        };
        let at = at.min(len);
        Replaced {
            at,
            bytes: self.bytes[at..end.clamp(at, len)].to_vec(),
            len,
        }
    }

    /// Makes all changes durable.
    pub(super) fn sync(&mut self) {
        self.unsynced.clear();
        self.replaced.clear();
    }

    /// Leaves what survives of each change that is not durable.
    pub(super) fn crash(&mut self, survivals: &[Survival]) {
        let changes = std::mem::take(&mut self.unsynced);
        assert_eq!(changes.len(), survivals.len(), "one for each change");
        for replaced in self.replaced.drain(..).rev() {
            self.bytes.resize(replaced.len, 0);
            let end = replaced.at + replaced.bytes.len();
            self.bytes[replaced.at..end].copy_from_slice(&replaced.bytes);
        }
        for (change, survival) in changes.iter().zip(survivals) {
            apply(&mut self.bytes, &change.kind, *survival);
        }
    }
}

/// Applies the part of a change that survives. What is skipped reads as zeros.
fn apply(contents: &mut Vec<u8>, kind: &ChangeKind, survival: Survival) {
    match (kind, survival) {
        (_, Survival::None) => {}
        (ChangeKind::Resize { len }, _) => contents.resize(*len, 0),
        (ChangeKind::Write { at, bytes }, survival) => {
            let bytes = match survival {
                Survival::Torn(first) => &bytes[..first],
                Survival::Whole | Survival::None => bytes,
            };
            let end = at + bytes.len();
            if contents.len() < end {
                contents.resize(end, 0);
            }
            contents[*at..end].copy_from_slice(bytes);
        }
    }
}

/// Returns the end of a write as an index.
///
/// # Errors
///
/// If no disk is large enough.
pub(super) fn end(at: u64, len: usize) -> Result<(usize, usize), DiskError> {
    let at = usize::try_from(at).map_err(|_| DiskError::Full)?;
    Ok((at, at.checked_add(len).ok_or(DiskError::Full)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(at: usize, bytes: &[u8]) -> Change {
        Change {
            kind: ChangeKind::Write {
                at,
                bytes: bytes.to_vec(),
            },
            line: None,
        }
    }

    #[test]
    fn crash_leaves_what_survives_and_zeros_in_between() {
        let mut contents = Contents::durable(b"ab".to_vec());
        contents.change(write(2, b"cd"));
        contents.change(write(4, b"efgh"));
        assert_eq!(contents.bytes(), b"abcdefgh");
        contents.crash(&[Survival::None, Survival::Torn(3)]);
        assert_eq!(contents.bytes(), b"ab\0\0efg");
        assert!(contents.unsynced().is_empty());
    }

    #[test]
    fn synced_changes_survive_each_crash() {
        let mut contents = Contents::default();
        contents.change(write(0, b"one"));
        contents.sync();
        contents.change(Change {
            kind: ChangeKind::Resize { len: 0 },
            line: None,
        });
        contents.change(write(0, b"longer"));
        contents.crash(&[Survival::None, Survival::None]);
        assert_eq!(contents.bytes(), b"one");
    }
}
