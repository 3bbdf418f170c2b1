//! Reduces the scenario: what a person would take out first.

use crate::scenario::{self, Candidate, Cut};

use super::session::ShrinkSession;
use super::{Best, Stopped};

/// Reduces until no further reduction leaves the failure.
pub(super) fn cut(session: &mut ShrinkSession<'_>, best: &mut Best) -> Result<(), Stopped> {
    loop {
        let mut progress = false;
        let mut tried = 0;
        // Each reduction changes what else can be reduced.
        while let Some(family) = best.variant.reductions().into_iter().nth(tried) {
            if reduce(session, best, family)? {
                progress = true;
            } else {
                tried += 1;
            }
        }
        if !progress {
            return Ok(());
        }
    }
}

/// Tries the candidates for one value, the deepest first.
fn reduce(
    session: &mut ShrinkSession<'_>,
    best: &mut Best,
    family: Vec<Candidate>,
) -> Result<bool, Stopped> {
    for candidate in family {
        let mut cuts: Vec<Cut> = best.cuts.clone();
        for change in candidate {
            scenario::add(&mut cuts, change);
        }
        if cuts != best.cuts && session.try_cuts(best, &cuts)? {
            return Ok(true);
        }
    }
    Ok(false)
}
