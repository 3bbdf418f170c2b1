//! The deviations that matter in a shrunk run.

use std::panic::Location;

use rehearsal_sim::{Deviation, DeviationKind, Schedule, TaskId};

use crate::run::{RunReport, RunVerdict};

use super::Best;

use super::session::ShrinkSession;

/// The meaning of each deviation of a shrunk run, and the verdict of the run without
/// it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Explanation {
    /// In the order of the schedule.
    pub decisions: Vec<Explained>,
}

/// One decision, explained.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Explained {
    /// The decision.
    pub decision: Deviation,
    /// The task that it concerns; empty for a choice of the world.
    pub who: String,
    /// Its effect, as in "gives way to data-2"; empty for a choice of the
    /// world, whose site says it.
    pub what: String,
    /// Its step in the run.
    pub step: u64,
    /// The verdict of the run without it; none if there was no time to try.
    pub without: Option<RunVerdict>,
    /// `true` if other values of it make the run fail as well; none if there are
    /// no others, or there was no time to try.
    pub any_value: Option<bool>,
}

impl Explanation {
    /// The decision that flips the run: without it, and with all others, the run
    /// passes. If that is true of several, the last of them.
    pub fn decisive(&self) -> Option<usize> {
        let passes = |explained: &Explained| explained.without == Some(RunVerdict::Pass);
        self.decisions.iter().rposition(passes)
    }

    /// Returns `true` if the run was tried without each deviation.
    pub fn is_tried(&self) -> bool {
        self.decisions.iter().all(|d| d.without.is_some())
    }

    /// A few words for each decision, for the repro file.
    pub fn remarks(&self) -> Vec<String> {
        let decisive = self.decisive();
        let remark = |(index, explained): (usize, &Explained)| {
            let words = format!("{} {}", explained.who, explained.what);
            let words = words.trim().to_owned();
            let any_value = explained.any_value == Some(true);
            let parts = [
                Some(words.as_str()),
                any_value.then_some("any other alternative would do"),
                (decisive == Some(index)).then_some("without this the run passes"),
            ];
            let parts = parts.into_iter().flatten().filter(|part| !part.is_empty());
            parts.collect::<Vec<_>>().join("; ")
        };
        self.decisions.iter().enumerate().map(remark).collect()
    }
}

/// Decisions up to which each is tried: of a run that was not shrunk there is
/// little to say.
const TRIED: usize = 32;

/// Tries what becomes of the run without each decision, and with other values.
pub(super) fn explain(session: &mut ShrinkSession<'_>, best: &Best) -> Explanation {
    let steps = steps(&best.report);
    let tried = best.schedule.len() <= TRIED;
    let decisions = best.schedule.deviations().iter().enumerate();
    let decisions = decisions
        .map(|(index, decision)| {
            let (who, what) = describe(&best.report, index, decision);
            Explained {
                decision: decision.clone(),
                who,
                what,
                step: steps.get(index).copied().unwrap_or(0),
                without: tried.then(|| without(session, best, index)).flatten(),
                any_value: tried.then(|| any_value(session, best, index)).flatten(),
            }
        })
        .collect();
    Explanation { decisions }
}

/// Returns the meaning of each deviation of a recorded run, without trying another one.
pub(crate) fn described(report: &RunReport) -> Explanation {
    let schedule = report.outcome.tape.schedule();
    let steps = steps(report);
    let decisions = schedule.deviations().iter().enumerate();
    let decisions = decisions.map(|(index, decision)| {
        let (who, what) = describe(report, index, decision);
        Explained {
            decision: decision.clone(),
            who,
            what,
            step: steps.get(index).copied().unwrap_or(0),
            without: None,
            any_value: None,
        }
    });
    Explanation {
        decisions: decisions.collect(),
    }
}

fn without(session: &mut ShrinkSession<'_>, best: &Best, index: usize) -> Option<RunVerdict> {
    let rest = best.schedule.with_value(index, 0);
    let report = session.replay(&*best.variant, &rest).ok()?;
    Some(report.verdict)
}

/// Tries up to three other values.
fn any_value(session: &mut ShrinkSession<'_>, best: &Best, index: usize) -> Option<bool> {
    let decision = best.schedule.deviations().get(index)?;
    let bound = decision.bound;
    let mut others = vec![1, bound / 2, bound - 1];
    others.retain(|value| *value != 0 && *value != decision.value);
    others.dedup();
    if others.is_empty() {
        return None;
    }
    for value in others {
        let other: Schedule = best.schedule.with_value(index, value);
        let report = session.replay(&*best.variant, &other).ok()?;
        if !session.is_it(&report) {
            return Some(false);
        }
    }
    Some(true)
}

/// The step of each decision of a recorded run.
fn steps(report: &RunReport) -> Vec<u64> {
    let choices = report.outcome.tape.choices().iter();
    let decisions = choices.filter(|choice| choice.value != 0);
    decisions.map(|choice| choice.step.into()).collect()
}

/// Whom a decision of a recorded run concerns, and what it does. `index`: among
/// the run's decisions.
fn describe(report: &RunReport, index: usize, decision: &Deviation) -> (String, String) {
    let choices = report.outcome.tape.choices().iter().enumerate();
    let choice = choices
        .filter(|(_, choice)| choice.value != 0)
        .nth(index)
        .map(|(number, _)| number);
    let switch = report
        .outcome
        .switches
        .iter()
        .find(|s| Some(s.choice) == choice);
    let Some(switch) = switch else {
        return described_by_task(report, choice);
    };
    let first = task_name(report, switch.instead_of);
    let taken = task_name(report, switch.taken);
    match decision.kind() {
        DeviationKind::Preemption => {
            let place = match switch.at {
                Some((kind, made)) if is_in_std(made) => format!(" before it uses a {kind}"),
                Some((kind, made)) => format!(" before it uses the {kind} of {made}"),
                None => String::new(),
            };
            (first, format!("gives way to {taken}{place}"))
        }
        _ => (taken, format!("goes before {first}")),
    }
}

/// Whom a choice that a task made by itself concerns, and what it does; empty for another
/// choice.
fn described_by_task(report: &RunReport, choice: Option<usize>) -> (String, String) {
    let mut decisions = report.outcome.decisions.iter();
    let made = decisions.find(|made| Some(made.choice) == choice);
    made.map_or_else(Default::default, |made| {
        (task_name(report, made.task), made.decision.to_string())
    })
}

/// The standard library calls `Mutex::new` where it is handed to `map` and the like,
/// and says no more about the place than that.
fn is_in_std(place: &Location<'_>) -> bool {
    place.file().starts_with("/rustc/")
}

/// A task by the name that it gave itself, or its number and where it was
/// spawned.
pub(crate) fn task_name(report: &RunReport, task: TaskId) -> String {
    let member = report.outcome.tasks.iter().find(|member| member.id == task);
    match member {
        Some(member) if member.name.is_empty() => {
            format!("{task} ({})", member.spawned_at)
        }
        Some(member) => member.name.clone(),
        None => task.to_string(),
    }
}
