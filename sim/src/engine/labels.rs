//! Labels of resources: the same in every run, where their numbers follow the order of first
//! use.

use std::collections::BTreeMap;
use std::panic::Location;

use xxhash_rust::xxh3::xxh3_64;

/// The identity of a resource across runs: the place of its creation, the spawn path of the
/// task that created it, and its number among those that this task created there. One made
/// outside a run, as a static is, has the label of its place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(crate) struct ResourceLabel(pub(crate) u64);

/// The labels given out in one run.
#[derive(Default)]
pub(crate) struct ResourceLabels {
    /// By place and creator, the number of resources so far.
    counts: BTreeMap<(u64, u64), u32>,
}

impl ResourceLabels {
    /// Returns the label of the next resource made at that place by the task with that path of
    /// spawns.
    pub(super) fn next(
        &mut self,
        created_at: &Location<'_>,
        creator: Option<u64>,
    ) -> ResourceLabel {
        let (place, creator) = (place_hash(created_at), creator.unwrap_or_default());
        let count = self.counts.entry((place, creator)).or_default();
        *count += 1;
        let mut identity = [0; 20];
        identity[..8].copy_from_slice(&place.to_le_bytes());
        identity[8..16].copy_from_slice(&creator.to_le_bytes());
        identity[16..].copy_from_slice(&count.to_le_bytes());
        ResourceLabel(xxh3_64(&identity))
    }
}

/// Returns the hash of a place in the source text.
pub(crate) fn place_hash(place: &Location<'_>) -> u64 {
    let mut identity = [0; 16];
    identity[..8].copy_from_slice(&xxh3_64(place.file().as_bytes()).to_le_bytes());
    identity[8..12].copy_from_slice(&place.line().to_le_bytes());
    identity[12..].copy_from_slice(&place.column().to_le_bytes());
    xxh3_64(&identity)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const CREATORS: [Option<u64>; 3] = [None, Some(1), Some(2)];

    /// Returns the labels of three resources of each creator at each place, made in rounds.
    fn labels(creators: &[Option<u64>]) -> BTreeSet<(Option<u64>, u32, ResourceLabel)> {
        let places = [Location::caller(), other_place()];
        assert_ne!(places[0], places[1]);
        let mut labels = ResourceLabels::default();
        let mut made = BTreeSet::new();
        for _ in 0..3 {
            for creator in creators {
                for place in places {
                    made.insert((*creator, place.line(), labels.next(place, *creator)));
                }
            }
        }
        made
    }

    fn other_place() -> &'static Location<'static> {
        Location::caller()
    }

    #[test]
    fn labels_do_not_depend_on_the_order_in_which_tasks_make_resources() {
        let forwards = labels(&CREATORS);
        let mut reversed = CREATORS;
        reversed.reverse();
        assert_eq!(forwards, labels(&reversed));
    }

    #[test]
    fn resources_of_one_run_have_distinct_labels() {
        let labels: BTreeSet<ResourceLabel> = labels(&CREATORS)
            .into_iter()
            .map(|(.., label)| label)
            .collect();
        assert_eq!(labels.len(), 3 * 2 * 3);
    }
}
