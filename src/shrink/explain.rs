//! The deviations that matter in a shrunk run.

use std::collections::BTreeMap;
use std::panic::Location;

use rehearsal_sim::hermetic::without_registry;
use rehearsal_sim::{
    CodeLine, Deviation, DeviationKind, DiskLoss, Interruption, Link, Observed, Postponement,
    ResourceKind, Resumption, Schedule, Site, Switch, TaskDecision, TaskId, is_in_std,
};

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
    /// The task, host or packet that it concerns; empty for a choice of the world.
    pub who: String,
    /// Its effect, as in "gives way to data-2"; empty for a choice of the
    /// world, whose site says it.
    pub what: String,
    /// Its consequence, if one is known.
    pub later: Option<Later>,
    /// Its step in the run.
    pub step: u64,
    /// Entries of the trace before it.
    pub entry: usize,
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
    let mut explanation = described(&best.report);
    if explanation.decisions.len() <= TRIED {
        for (index, explained) in explanation.decisions.iter_mut().enumerate() {
            explained.without = without(session, best, index);
            explained.any_value = any_value(session, best, index);
        }
    }
    explanation
}

/// Returns the meaning of each deviation of a recorded run, without trying another one.
pub(crate) fn described(report: &RunReport) -> Explanation {
    let records = Records::of(report);
    let choices = report.outcome.tape.choices().iter().enumerate();
    let taken = choices.filter(|(_, choice)| choice.value != 0);
    let schedule = report.outcome.tape.schedule();
    let decisions = schedule.deviations().iter().zip(taken);
    let decisions = decisions.map(|(decision, (number, choice))| {
        let Described { who, what, later } = describe(report, &records, number, decision);
        Explained {
            decision: decision.clone(),
            who,
            what,
            later,
            step: choice.step.into(),
            entry: choice.entry as usize,
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

/// The task that a decision of a recorded run concerns, its effect, and its consequence.
#[derive(Default)]
struct Described {
    who: String,
    what: String,
    later: Option<Later>,
}

/// The records of a run about its choices, by the number of the choice.
struct Records<'r> {
    switches: BTreeMap<usize, &'r Switch>,
    postponements: BTreeMap<usize, &'r Postponement>,
    own: BTreeMap<usize, &'r TaskDecision>,
    interruptions: BTreeMap<usize, &'r Interruption>,
    losses: BTreeMap<usize, &'r DiskLoss>,
}

impl<'r> Records<'r> {
    fn of(report: &'r RunReport) -> Self {
        let outcome = &report.outcome;
        let switches = outcome.switches.iter().map(|one| (one.choice, one));
        let postponements = outcome.postponements.iter().map(|one| (one.choice, one));
        let own = outcome.decisions.iter().map(|one| (one.choice, one));
        let interruptions = outcome.interruptions.iter().map(|one| (one.choice, one));
        let losses = outcome.losses.iter().map(|one| (one.choice, one));
        Self {
            switches: switches.collect(),
            postponements: postponements.collect(),
            own: own.collect(),
            interruptions: interruptions.collect(),
            losses: losses.collect(),
        }
    }
}

/// Describes a decision of a recorded run; empty for a choice of the world other than a latency.
/// `choice` is its number among all choices of the run.
fn describe(
    report: &RunReport,
    records: &Records<'_>,
    choice: usize,
    decision: &Deviation,
) -> Described {
    if let Some(switch) = records.switches.get(&choice) {
        return describe_switch(report, switch, decision);
    }
    if let Some(one) = records.postponements.get(&choice) {
        return describe_postponement(report, one);
    }
    if let Some(made) = records.own.get(&choice) {
        return describe_own(report, made);
    }
    if let Some(made) = records.interruptions.get(&choice) {
        return describe_interruption(made);
    }
    if let Some(loss) = records.losses.get(&choice) {
        return describe_loss(loss);
    }
    match &decision.site {
        Site::Latency(link) => describe_latency(link, decision.value),
        _ => Described::default(),
    }
}

fn describe_switch(report: &RunReport, switch: &Switch, decision: &Deviation) -> Described {
    let first = task_name(report, switch.instead_of);
    let taken = task_name(report, switch.taken);
    let observed = switch.observed.as_deref();
    let (who, what) = match (decision.kind(), switch.operation) {
        (DeviationKind::Preemption, Some(operation)) => {
            let interrupted = interrupted(operation, line(observed), switch.at);
            (first.clone(), format!("{interrupted}; {taken} goes on"))
        }
        (DeviationKind::Preemption, None) => {
            let place = place(observed, switch.at);
            (first.clone(), format!("gives way to {taken}{place}"))
        }
        _ => (
            taken,
            format!("goes before {first}{}", stands(line(observed))),
        ),
    };
    Described {
        who,
        what,
        later: later(report, first, switch.at, observed),
    }
}

fn describe_postponement(report: &RunReport, one: &Postponement) -> Described {
    let who = task_name(report, one.task);
    let until = match one.until {
        Some((step, Resumption::NoOther)) => {
            format!("until no other task can go on, at step {step}")
        }
        Some((step, Resumption::Limit)) => format!("for as long as it can be, to step {step}"),
        Some((step, Resumption::Picked)) => format!("until step {step}"),
        Some((step, Resumption::HostPaused)) => {
            format!("until its host is paused, at step {step}")
        }
        None => "to the end".to_owned(),
    };
    let observed = one.observed.as_deref();
    let place = match one.operation {
        Some(operation) => before(operation, line(observed), one.at),
        None => place(observed, one.at),
    };
    let comma = if one.at.is_some() { "," } else { "" };
    Described {
        what: format!("is postponed{place}{comma} {until}"),
        later: later(report, who.clone(), one.at, observed),
        who,
    }
}

/// Returns the line at which a task stood, if that was observed and is known.
fn line(observed: Option<&Observed>) -> Option<&CodeLine> {
    observed?.line.as_ref()
}

/// Returns the line at which a task that was not running stands.
fn stands(line: Option<&CodeLine>) -> String {
    line.map_or_else(String::new, |line| {
        format!(", which stands{}", at_line(line))
    })
}

/// Returns ` at src/lib.rs:3:9`, with the round if it was there before.
fn at_line(line: &CodeLine) -> String {
    let place = &line.place;
    match line.times {
        0 | 1 => format!(" at {place}"),
        times => format!(" at {place} for the {} time", ordinal(times)),
    }
}

/// Returns the place at which a running task was interrupted: the line, and the operation that
/// was next.
fn place(observed: Option<&Observed>, at: Option<Place>) -> String {
    let line = line(observed).map_or_else(String::new, at_line);
    let Some((kind, made)) = at else {
        return line;
    };
    let uses = match observed.map_or(0, |observed| observed.uses) {
        0 | 1 => format!("it uses {}", resource(kind, made)),
        uses => format!("its {} use of {}", ordinal(uses), resource(kind, made)),
    };
    format!("{line}, before {uses}")
}

/// Returns that a task was interrupted in the middle of a poll, or could have been.
fn interrupted(operation: &str, line: Option<&CodeLine>, at: Option<Place>) -> String {
    format!("is interrupted{}", before(operation, line, at))
}

/// Returns ` before `fetch_add` at src/lib.rs:12:9, of the atomic of src/lib.rs:3:5`.
fn before(operation: &str, line: Option<&CodeLine>, at: Option<Place>) -> String {
    let line = line.map_or_else(String::new, at_line);
    let of = at.map_or_else(String::new, |(kind, made)| {
        format!(", of {}", resource(kind, made))
    });
    format!(" before `{operation}`{line}{of}")
}

/// The kind of a resource, and where it was made.
type Place = (ResourceKind, &'static Location<'static>);

fn resource(kind: ResourceKind, made: &Location<'_>) -> String {
    match is_in_std(made) {
        true => format!("a {kind}"),
        false => format!("the {kind} of {made}"),
    }
}

/// `2nd`, `3rd`, `11th`.
fn ordinal(number: u32) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

/// Something that follows from a decision, and is told where it happens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Later {
    /// The task.
    pub who: String,
    /// The text.
    pub what: String,
    /// Its step in the run.
    pub step: u64,
    /// Entries of the trace before it.
    pub entry: usize,
}

/// Returns that a task uses a resource after others have, because it was passed over; none if
/// no other has.
fn later(
    report: &RunReport,
    who: String,
    at: Option<Place>,
    observed: Option<&Observed>,
) -> Option<Later> {
    let (kind, made) = at?;
    let meanwhile = observed?.meanwhile.as_ref();
    let meanwhile = meanwhile.filter(|meanwhile| !meanwhile.uses.is_empty())?;
    let uses = meanwhile.uses.iter().map(|(task, times)| {
        let times = match times {
            1 => "once".to_owned(),
            2 => "twice".to_owned(),
            times => format!("{times} times"),
        };
        format!("{} has used it {times}", task_name(report, *task))
    });
    Some(Later {
        who,
        what: format!(
            "uses {}; meanwhile {}",
            resource(kind, made),
            uses.collect::<Vec<_>>().join(", ")
        ),
        step: meanwhile.step,
        entry: meanwhile.entry,
    })
}

/// Describes a choice that a task made by itself.
fn describe_own(report: &RunReport, made: &TaskDecision) -> Described {
    Described {
        who: task_name(report, made.task),
        what: made.decision.to_string(),
        later: None,
    }
}

/// Describes an interruption of a plain task.
fn describe_interruption(made: &Interruption) -> Described {
    Described {
        who: made.task(),
        what: made.to_string(),
        later: None,
    }
}

/// Describes a change to a disk that a crash has lost.
fn describe_loss(loss: &DiskLoss) -> Described {
    Described {
        who: loss.host.clone(),
        what: loss.to_string(),
        later: None,
    }
}

/// Describes a packet that is slower than the fastest one.
fn describe_latency(link: &Link, micros: u32) -> Described {
    let Link { from, to } = link;
    let (millis, micros) = (micros / 1_000, micros % 1_000);
    Described {
        who: "packet".to_owned(),
        what: format!("from {from} to {to} takes {millis}.{micros:03}ms more than the least"),
        later: None,
    }
}

/// A task by the name that it gave itself, or its number and where it was
/// spawned.
pub(crate) fn task_name(report: &RunReport, task: TaskId) -> String {
    let member = report.outcome.tasks.iter().find(|member| member.id == task);
    match member {
        Some(member) if member.name.is_empty() => {
            let at = member.spawned_at;
            let file = without_registry(at.file());
            format!("{task} ({file}:{}:{})", at.line(), at.column())
        }
        Some(member) => member.name.clone(),
        None => task.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latency_is_a_time() {
        let link = Link {
            from: "client".to_owned(),
            to: "server".to_owned(),
        };
        let Described { who, what, .. } = describe_latency(&link, 18_001);
        assert_eq!(
            format!("{who} {what}"),
            "packet from client to server takes 18.001ms more than the least"
        );
    }

    #[test]
    fn ordinals_end_as_they_are_spoken() {
        let numbers = [1, 2, 3, 4, 11, 12, 13, 21, 102, 113];
        let ordinals = numbers.map(ordinal).join(" ");
        assert_eq!(ordinals, "1st 2nd 3rd 4th 11th 12th 13th 21st 102nd 113th");
    }
}
