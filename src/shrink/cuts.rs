//! Reduces the scenario: what a person would take out first.

use crate::scenario::{self, Candidate, Cut};
use crate::subject::Subject;

use super::lab::Lab;
use super::{Best, Stopped};

/// Reduces until no further reduction leaves the failure.
pub(super) fn cut<S: Subject>(lab: &mut Lab<'_, S>, best: &mut Best<S>) -> Result<(), Stopped> {
    loop {
        let mut progress = false;
        let mut tried = 0;
        // Each reduction changes what else can be reduced.
        while let Some(family) = best.staged.families().into_iter().nth(tried) {
            if reduce(lab, best, family)? {
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
fn reduce<S: Subject>(
    lab: &mut Lab<'_, S>,
    best: &mut Best<S>,
    family: Vec<Candidate>,
) -> Result<bool, Stopped> {
    for candidate in family {
        let mut cuts: Vec<Cut> = best.cuts.clone();
        for change in candidate {
            scenario::add(&mut cuts, change);
        }
        if cuts != best.cuts && lab.try_cuts(best, &cuts)? {
            return Ok(true);
        }
    }
    Ok(false)
}
