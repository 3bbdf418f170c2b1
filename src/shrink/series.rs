//! Replaces a series of decisions against one task by one postponement of it.
//!
//! A task that yields goes to the end of the queue, so that a run in which another one did
//! twenty steps has a decision against the first at each of them. Postponed once, it has no
//! turn to lose.

use std::collections::BTreeMap;

use rehearsal_sim::{Deviation, DeviationKind, Schedule, Site, SpawnPath, TaskId};

use super::session::ShrinkSession;
use super::{Best, Stopped};
use crate::run::RunReport;

/// Runs that are tried at most with places of the failing run alone.
const RUNS: usize = 400;

/// Postpones tasks where the failing run passed them over: first one place alone, then two
/// of them, then one in the place of each part of the decisions.
pub(super) fn postpone(session: &mut ShrinkSession<'_>, best: &mut Best) -> Result<(), Stopped> {
    if best.schedule.len() - best.schedule.count(DeviationKind::World) < 2 {
        return Ok(());
    }
    if alone(session, best)? {
        return Ok(());
    }
    while in_the_place_of_a_part(session, best)? {}
    Ok(())
}

/// A decision of the scheduler in a recorded run, and the postponement that has its task
/// passed over from there on.
struct Passed {
    /// The index of the decision in the schedule.
    index: usize,
    postponement: Deviation,
}

impl Passed {
    /// Returns the site of the postponement: the task.
    fn task(&self) -> &Site {
        &self.postponement.site
    }
}

/// Returns the decisions of a recorded run at which a task was passed over.
fn passed_over(report: &RunReport) -> Vec<Passed> {
    let outcome = &report.outcome;
    let paths: BTreeMap<TaskId, &SpawnPath> = outcome
        .tasks
        .iter()
        .map(|task| (task.id, &task.path))
        .collect();
    let switches = outcome.switches.iter();
    let mut places: BTreeMap<usize, (TaskId, u32)> = switches
        .map(|switch| (switch.choice, (switch.instead_of, switch.turn)))
        .collect();
    let postponements = outcome.postponements.iter();
    places.extend(postponements.map(|one| (one.choice, (one.task, one.turn))));
    let choices = outcome.tape.choices().iter().enumerate();
    let decisions = choices.filter(|(_, choice)| choice.value != 0).enumerate();
    let passed = |(index, (choice, _)): (usize, (usize, &_))| {
        let (task, turn) = places.get(&choice)?;
        let path = paths.get(task)?;
        Some(Passed {
            index,
            postponement: Deviation::postponement((*path).clone(), *turn),
        })
    };
    decisions.filter_map(passed).collect()
}

/// Tries each place alone, then two of them, near ones first. Returns `true` if that was
/// enough.
fn alone(session: &mut ShrinkSession<'_>, best: &mut Best) -> Result<bool, Stopped> {
    let places: Vec<Deviation> = passed_over(&best.report)
        .into_iter()
        .map(|passed| passed.postponement)
        .collect();
    let world = best.schedule.filtered(|d| d.kind() == DeviationKind::World);
    let singles = places.iter().map(|place| vec![place.clone()]);
    let pairs = (1..places.len()).flat_map(|distance| {
        let apart = places.iter().zip(&places[distance..]);
        apart.map(|(one, other)| vec![one.clone(), other.clone()])
    });
    for postponed in singles.chain(pairs).take(RUNS) {
        let mut deviations = world.deviations().to_vec();
        deviations.extend(postponed);
        let report = session.replay(&*best.variant, &Schedule::new(deviations))?;
        if session.accept(best, report) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Puts one postponement in the place of a part of the decisions. Returns `true` if one could
/// be replaced.
fn in_the_place_of_a_part(
    session: &mut ShrinkSession<'_>,
    best: &mut Best,
) -> Result<bool, Stopped> {
    let passed = passed_over(&best.report);
    for (postponement, replaced) in parts(&passed) {
        let decisions = best.schedule.deviations().iter().enumerate();
        let rest = decisions.filter(|(index, _)| !replaced.contains(index));
        let mut deviations: Vec<Deviation> = rest.map(|(_, one)| one.clone()).collect();
        deviations.push(postponement.clone());
        let report = session.replay(&*best.variant, &Schedule::new(deviations))?;
        if session.accept(best, report) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Returns what may be replaced by a postponement, for each row of decisions against one task:
/// all decisions from there on, those of them against the task, and the row; at least two.
fn parts(passed: &[Passed]) -> Vec<(&Deviation, Vec<usize>)> {
    let begins_row = |at: &usize| match at.checked_sub(1) {
        Some(before) => passed[before].task() != passed[*at].task(),
        None => true,
    };
    let mut parts = Vec::new();
    for first in (0..passed.len()).filter(begins_row) {
        let rest = &passed[first..];
        let task = rest[0].task();
        let indexes = |part: &mut dyn Iterator<Item = &Passed>| -> Vec<usize> {
            part.map(|one| one.index).collect()
        };
        let mut of_first = vec![
            indexes(&mut rest.iter()),
            indexes(&mut rest.iter().filter(|one| one.task() == task)),
            indexes(&mut rest.iter().take_while(|one| one.task() == task)),
        ];
        of_first.dedup();
        of_first.retain(|part| part.len() > 1);
        let postponement = &rest[0].postponement;
        parts.extend(of_first.into_iter().map(|part| (postponement, part)));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_begin_where_a_row_of_decisions_does() {
        let passed = |(index, path): (usize, &str)| {
            let path: SpawnPath = path.parse().expect("a path");
            Passed {
                index,
                postponement: Deviation::postponement(path, 0),
            }
        };
        let paths = ["0.1", "0.1", "0.2", "0.1"];
        let passed: Vec<Passed> = paths.into_iter().enumerate().map(passed).collect();
        let parts: Vec<Vec<usize>> = parts(&passed).into_iter().map(|(_, part)| part).collect();
        assert_eq!(
            parts,
            [vec![0, 1, 2, 3], vec![0, 1, 3], vec![0, 1], vec![2, 3]]
        );
    }
}
