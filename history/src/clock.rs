//! Vector clocks: "before" as a matter of cause, not of time.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::StreamId;

/// A vector clock: for each stream, how many of its messages happened before (or
/// are) this moment. Actors carry it, and merge it where they start and join each
/// other.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VectorClock(BTreeMap<StreamId, u64>);

impl VectorClock {
    /// Counts one more message of `stream`.
    pub fn tick(&mut self, stream: StreamId) {
        *self.0.entry(stream).or_default() += 1;
    }

    /// Sets the count of `stream`.
    pub fn set(&mut self, stream: StreamId, count: u64) {
        self.0.insert(stream, count);
    }

    /// Adds everything that `other` has counted.
    pub fn merge(&mut self, other: &VectorClock) {
        for (stream, count) in &other.0 {
            let own = self.0.entry(*stream).or_default();
            *own = (*own).max(*count);
        }
    }

    /// Returns how many messages of `stream` happened before (or are) this moment.
    pub fn of(&self, stream: StreamId) -> u64 {
        self.0.get(&stream).copied().unwrap_or_default()
    }

    /// Returns every stream of which something is counted here, with its count.
    pub fn iter(&self) -> impl Iterator<Item = (StreamId, u64)> + '_ {
        self.0.iter().map(|(stream, count)| (*stream, *count))
    }

    /// Returns `true` if this moment happened before `other`, and is not the same.
    pub fn before(&self, other: &VectorClock) -> bool {
        self.at_or_before(other) && !other.at_or_before(self)
    }

    /// Returns `true` if this moment happened before `other`, or is the same.
    pub fn at_or_before(&self, other: &VectorClock) -> bool {
        let known = |stream, count| other.0.get(stream).is_some_and(|theirs| count <= theirs);
        self.0.iter().all(|(stream, count)| known(stream, count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn concurrent_moments_are_not_ordered() {
        let (mut one, mut other) = (VectorClock::default(), VectorClock::default());
        one.tick(StreamId(1));
        other.tick(StreamId(2));
        assert!(!one.before(&other) && !other.before(&one));
        other.merge(&one);
        assert!(one.before(&other) && !other.before(&one));
        assert!(other.at_or_before(&other) && !other.before(&other));
        assert_eq!(other.of(StreamId(1)), 1);
    }
}
