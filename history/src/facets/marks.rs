//! Marks that follow from the messages of a run, so that nothing empty can meet them.

use super::CheckedRun;
use crate::entry::Mark;
use crate::facets::messages::Arrival;

/// A mark that is derived from a history, and not recorded.
#[derive(Debug)]
pub struct DerivedMark {
    /// Its name in scenario files.
    pub name: &'static str,
    /// The condition, in one sentence.
    pub meaning: &'static str,
    /// Returns `true` if the run reached it.
    pub is_reached: fn(&CheckedRun<'_>) -> bool,
}

/// The derived marks.
pub static DERIVED_MARKS: &[DerivedMark] = &[
    DerivedMark {
        name: "gap-marked",
        meaning: "A gap marker that covers at least one owed message reached an actor.",
        is_reached: is_gap_marked,
    },
    DerivedMark {
        name: "interleaved",
        meaning: "An actor received messages of two streams, one between two of the other.",
        is_reached: is_interleaved,
    },
];

/// Returns the derived marks that a run reached, in the order of the table.
pub fn derived_marks(run: &CheckedRun<'_>) -> impl Iterator<Item = Mark> {
    let reached = DERIVED_MARKS
        .iter()
        .filter(|mark| (mark.is_reached)(run))
        .map(|mark| Mark::new(mark.name));
    reached.collect::<Vec<Mark>>().into_iter()
}

fn is_gap_marked(run: &CheckedRun<'_>) -> bool {
    let messages = run.messages();
    if messages.gaps().is_empty() && messages.missed().is_empty() {
        return false;
    }
    messages.sendings().iter().any(|sending| {
        let mut owed_to = messages.owed_to(sending);
        owed_to.any(|actor| {
            let missing = messages.place(actor, sending.id()).is_none();
            missing && messages.is_covered(actor, sending)
        })
    })
}

fn is_interleaved(run: &CheckedRun<'_>) -> bool {
    let mut inboxes = run.messages().inboxes();
    inboxes.any(|(_, inbox)| has_interleaving(inbox))
}

/// Returns `true` if some stream comes back after another one.
fn has_interleaving(inbox: &[Arrival<'_>]) -> bool {
    let stream = |arrival: &Arrival<'_>| arrival.delivery.received.envelope.stream;
    let mut left = std::collections::BTreeSet::new();
    inbox.windows(2).any(|pair| {
        let (one, other) = (stream(&pair[0]), stream(&pair[1]));
        one != other && {
            left.insert(one);
            left.contains(&other)
        }
    })
}
