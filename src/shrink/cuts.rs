//! Takes out of the scenario what a person would take out.

use std::collections::BTreeMap;

use crate::scenario::Cut;

use super::session::ShrinkSession;
use super::{Best, Stopped};

/// Cuts until no further cut leaves the failure.
pub(super) fn cut(lab: &mut ShrinkSession<'_>, best: &mut Best) -> Result<(), Stopped> {
    loop {
        let mut progress = false;
        for family in lab.whole().reductions() {
            progress |= cut_family(lab, best, &family)?;
        }
        if !progress {
            return Ok(());
        }
    }
}

/// Tries cuts of one thing, the deepest first.
fn cut_family(
    lab: &mut ShrinkSession<'_>,
    best: &mut Best,
    family: &[Cut],
) -> Result<bool, Stopped> {
    for cut in family {
        let now = best.cuts.iter().find(|have| have.place() == cut.place());
        // Of kinds of faults one is as good as another.
        let is_less = match (now, cut) {
            (None, _) => true,
            (Some(_), Cut::FaultKinds { .. }) => false,
            (Some(have), _) => cut.left() < have.left(),
        };
        if !is_less {
            continue;
        }
        let mut cuts: BTreeMap<_, Cut> = best.cuts.iter().map(|c| (c.place(), *c)).collect();
        cuts.insert(cut.place(), *cut);
        let cuts: Vec<Cut> = without_moot(cuts.into_values().collect());
        if cuts != best.cuts && lab.try_cuts(best, &cuts)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A group that is not there has nothing else to cut.
fn without_moot(cuts: Vec<Cut>) -> Vec<Cut> {
    let gone: Vec<usize> = cuts
        .iter()
        .filter_map(|cut| match cut {
            Cut::Agents { group, count: 0 } => Some(*group),
            _ => None,
        })
        .collect();
    let no_faults = cuts
        .iter()
        .any(|cut| matches!(cut, Cut::Faults { count: 0 }));
    let moot = |cut: &Cut| match cut {
        Cut::Agents { .. } | Cut::Clients { .. } | Cut::Faults { .. } => false,
        Cut::Events { group, .. } | Cut::Children { group, .. } | Cut::Party { group, .. } => {
            gone.contains(group)
        }
        Cut::FaultKinds { .. } | Cut::FaultsFrom { .. } => no_faults,
    };
    cuts.into_iter().filter(|cut| !moot(cut)).collect()
}
