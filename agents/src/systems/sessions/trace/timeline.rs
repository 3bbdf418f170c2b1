//! Checkpoints on the timeline of a session.

use serde::{Deserialize, Serialize};

use super::Totals;

/// A copy of the sums of a session at a named moment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(in super::super) struct Checkpoint {
    pub(in super::super) name: String,
    pub(in super::super) at_us: u64,
    pub(in super::super) totals: Totals,
}

/// The longest gap between two checkpoints.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in super::super) struct Bottleneck {
    /// The checkpoint at its end.
    pub(in super::super) checkpoint: String,
    pub(in super::super) gap_us: u64,
}

/// Returns the longest gap, the first of several; none between fewer than two checkpoints,
/// or if no time passes between them.
pub(in super::super) fn bottleneck(checkpoints: &[Checkpoint]) -> Option<Bottleneck> {
    let gaps = checkpoints.windows(2).filter_map(|pair| match pair {
        [before, after] => Some((after.at_us.checked_sub(before.at_us)?, after)),
        _ => None,
    });
    let mut longest: Option<Bottleneck> = None;
    for (gap_us, after) in gaps {
        if gap_us > longest.as_ref().map_or(0, |longest| longest.gap_us) {
            let checkpoint = after.name.clone();
            longest = Some(Bottleneck { checkpoint, gap_us });
        }
    }
    longest
}
