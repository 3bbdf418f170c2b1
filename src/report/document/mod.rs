//! The document of a failure: everything that there is to show of it, made of a replay with
//! everything recorded. Positions are indices into the lists of the same run; times are
//! microseconds of virtual time.

mod build;
mod causes;
mod events;
mod index;
mod limit;
mod silent;
mod spans;
mod unnoted;

use serde::Serialize;

pub(crate) use self::build::document;

/// The version of the document.
pub(crate) const FORMAT: u32 = 1;

/// A failure, its run, and the nearest run that passes.
#[derive(Serialize, Debug)]
pub(crate) struct Document {
    /// [`FORMAT`].
    pub format: u32,
    /// The tool and its version.
    pub tool: &'static str,
    /// The scenario or test.
    pub target: TargetText,
    /// The failure.
    pub failure: FailureText,
    /// Commands that continue from the repro.
    pub commands: Vec<Command>,
    /// A few sentences about the size of the run.
    pub size: Vec<String>,
    /// The deviations of the failing run, in order.
    pub deviations: Vec<DeviationText>,
    /// The run that fails.
    pub failing: Run,
    /// The same run without the decisive deviation; none if no single one decides.
    pub passing: Option<Run>,
    /// The first events in which the two runs differ: of the failing run, of the passing one.
    pub difference: Option<(usize, usize)>,
}

/// The scenario or test of a page.
#[derive(Serialize, Debug)]
pub(crate) struct TargetText {
    /// Its name.
    pub name: String,
    /// `scenario` or `test`.
    pub noun: &'static str,
    /// Its file, as the repro names it.
    pub file: String,
    /// Its claim, in one sentence.
    pub claim: Option<String>,
    /// The seeded defect that it carries.
    pub defect: Option<String>,
    /// The seed that first showed the failure.
    pub seed: String,
    /// The strategy that found it.
    pub strategy: String,
}

/// The failure of a page.
#[derive(Serialize, Debug)]
pub(crate) struct FailureText {
    /// The verdict's word.
    pub verdict: &'static str,
    /// The oracle, or the engine's word.
    pub detector: String,
    /// The claim of that oracle, if it is one.
    pub claim: Option<&'static str>,
    /// The broken rule.
    pub rule: String,
    /// The names of the entities that show it.
    pub witness: Vec<String>,
    /// The text for people.
    pub message: String,
    /// Its event in the failing run.
    pub event: usize,
}

/// A command to copy.
#[derive(Serialize, Debug)]
pub(crate) struct Command {
    /// Its name.
    pub name: &'static str,
    /// Its line.
    pub line: String,
}

/// A deviation of the failing run.
#[derive(Serialize, Debug)]
pub(crate) struct DeviationText {
    /// The site and the alternative.
    pub choice: String,
    /// Its effect, in words.
    pub text: String,
    /// The verdict of the run without it; none if that was not tried.
    pub without: Option<&'static str>,
    /// `true` if the run passes without it, and it is the last such one.
    pub decisive: bool,
    /// Its event in the failing run.
    pub event: usize,
}

/// A recorded run.
#[derive(Serialize, Debug)]
pub(crate) struct Run {
    /// The verdict's word.
    pub verdict: &'static str,
    /// The fingerprint.
    pub fingerprint: String,
    /// The time at which it ended.
    pub end: u64,
    /// The names of its hosts.
    pub hosts: Vec<String>,
    /// Its tasks.
    pub tasks: Vec<Task>,
    /// The entities that its history speaks of.
    pub entities: Vec<Entity>,
    /// Its locks.
    pub locks: Vec<Lock>,
    /// Its faults that last, from the event at which each begins.
    pub faults: Vec<Fault>,
    /// The spans of its history, in order of their ids.
    #[serde(skip)]
    pub spans: Vec<Span>,
    /// Its events, in order.
    pub events: Vec<Event>,
    /// Events that are left out, because there are too many.
    pub left_out: usize,
}

/// A task.
#[derive(Serialize, Debug)]
pub(crate) struct Task {
    /// Its name, or its number and the place of its spawn.
    pub name: String,
    /// Its host.
    pub host: usize,
    /// The place of its spawn.
    pub spawned_at: String,
    /// The time of its spawn.
    #[serde(skip)]
    pub began: u64,
    /// The time of its end; none if it did not end.
    #[serde(skip)]
    pub ended: Option<u64>,
}

/// A span of the history: a run of an agent, a session.
#[derive(Debug)]
pub(crate) struct Span {
    /// Its entity.
    pub entity: usize,
    /// Its name for people, for example the agent's.
    pub label: String,
    /// Its kind.
    pub kind: String,
    /// The span that began it.
    pub parent: Option<usize>,
    /// The name of its owner.
    pub owner: String,
    /// The name of the channel that its messages go to.
    pub channel: Option<String>,
    /// The time of its beginning.
    pub began: u64,
    /// The time of its end; none if it did not end.
    pub ended: Option<u64>,
    /// `true` if it completed.
    pub completed: bool,
    /// The word for its end, or for its not ending.
    pub end: &'static str,
}

/// An entity of the history: an actor, a channel, a span.
#[derive(Serialize, Debug)]
pub(crate) struct Entity {
    /// The word for its kind.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
}

/// A lock.
#[derive(Serialize, Debug)]
pub(crate) struct Lock {
    /// Its kind and number.
    pub name: String,
    /// The place at which it was made.
    pub created_at: String,
}

/// A fault that lasts.
#[derive(Serialize, Debug)]
pub(crate) struct Fault {
    /// Its name in scenario files.
    pub name: String,
    /// The event at which it begins.
    pub from: usize,
    /// The event at which it ends; none if it lasts to the end of the run.
    pub to: Option<usize>,
}

/// An event.
#[derive(Serialize, Clone, Debug)]
pub(crate) struct Event {
    /// Polls and scheduling points before it.
    pub step: u64,
    /// The time.
    pub at: u64,
    /// The kind.
    pub kind: Kind,
    /// The kind in more detail, for example `sent` of a history's entry.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// The task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<usize>,
    /// The host; of a packet the one that sends, of an arrival the one that receives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<usize>,
    /// The text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// The events that caused it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<usize>,
    /// The entities that it speaks of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<usize>,
    /// The lock, and the step of the task towards it or away from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock: Option<(usize, LockWord)>,
    /// `true` if the terminal's report would show it: it leads to the failure.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub matters: bool,
}

/// The kinds of events.
#[derive(Serialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// A task was spawned.
    Spawn,
    /// A task was polled.
    Poll,
    /// A task ended.
    End,
    /// A packet left a host.
    Packet,
    /// A packet reached a host.
    Arrival,
    /// A task took a step towards a lock or away from it.
    Lock,
    /// A fault struck or ended.
    Fault,
    /// The program noted something.
    Note,
    /// An actor recorded something.
    History,
    /// A choice was not the default.
    Deviation,
    /// The failure.
    Failure,
}

/// The steps of a task towards a lock and away from it.
#[derive(Serialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LockWord {
    /// It begins to wait.
    Waits,
    /// It waits no more.
    WaitsNoMore,
    /// It holds the lock.
    Acquires,
    /// It holds the lock no more.
    Releases,
}

impl Kind {
    /// Returns the word for it, as in the document.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Spawn => "spawn",
            Self::Poll => "poll",
            Self::End => "end",
            Self::Packet => "packet",
            Self::Arrival => "arrival",
            Self::Lock => "lock",
            Self::Fault => "fault",
            Self::Note => "note",
            Self::History => "history",
            Self::Deviation => "deviation",
            Self::Failure => "failure",
        }
    }

    /// Returns `true` for the events that are left out first where there are too many.
    pub(super) fn is_minor(self) -> bool {
        matches!(self, Self::Poll | Self::Lock | Self::Packet | Self::Arrival)
    }
}

impl LockWord {
    /// Returns the words for it, before the lock's name.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Waits => "waits for",
            Self::WaitsNoMore => "waits no more for",
            Self::Acquires => "acquires",
            Self::Releases => "releases",
        }
    }
}

#[cfg(test)]
pub(in crate::report) mod tests {
    use std::path::Path;

    use super::*;
    use crate::repro::Repro;
    use crate::shrink::{Limits, shrink};

    /// A repro that is kept in this repository as it was found.
    pub(in crate::report) const KEPT: &str = "scenarios/regressions/sequence-apart-from-send.repro";

    /// Returns the document of that repro, shrunk.
    pub(in crate::report) fn document_of_kept_repro() -> Document {
        let file = Path::new(KEPT);
        let repro = Repro::read(file).expect("a repro");
        let scenario = repro.find_scenario(file, &["scenarios".into()]);
        let scenario = scenario.expect("its scenario");
        let shrunk = shrink(&scenario, &repro, &Limits::runs(1_000)).expect("it fails");
        document(&scenario, &shrunk, file).expect("it fails")
    }

    #[test]
    fn document_has_the_failure_its_deviation_and_the_nearest_passing_run() {
        let document = document_of_kept_repro();
        assert_eq!(document.failure.detector, "fifo");
        assert_eq!(
            document.failing.events[document.failure.event].kind,
            Kind::Failure
        );
        let decisive: Vec<_> = document.deviations.iter().filter(|d| d.decisive).collect();
        let [decisive] = decisive.as_slice() else {
            panic!("{:?}", document.deviations);
        };
        assert_eq!(
            document.failing.events[decisive.event].kind,
            Kind::Deviation
        );
        let passing = document.passing.as_ref().expect("a passing run");
        assert_eq!(passing.verdict, "pass");
        let (here, there) = document.difference.expect("a difference");
        let (here, there) = (&document.failing.events[here], &passing.events[there]);
        assert_ne!((here.task, &here.text), (there.task, &there.text));
    }

    #[test]
    fn words_of_the_script_are_those_of_the_other_forms() {
        let script = include_str!("../page/assets/model.js");
        let steps = [
            LockWord::Waits,
            LockWord::WaitsNoMore,
            LockWord::Acquires,
            LockWord::Releases,
        ];
        for step in steps {
            let name = serde_json::to_value(step).expect("a word");
            let name = name.as_str().expect("a text");
            let words = step.as_str();
            let bare = format!("  {name}: \"{words}\",");
            let quoted = format!("  \"{name}\": \"{words}\",");
            assert!(script.contains(&bare) || script.contains(&quoted), "{name}");
        }
    }

    #[test]
    fn words_for_kinds_are_those_of_the_document() {
        let document = document_of_kept_repro();
        for event in document.failing.events {
            let name = serde_json::to_value(event.kind).expect("a word");
            assert_eq!(name, event.kind.as_str());
        }
    }

    #[test]
    fn causes_come_first_and_lead_from_the_failure_to_the_deviation() {
        let document = document_of_kept_repro();
        let events = &document.failing.events;
        for (number, event) in events.iter().enumerate() {
            assert!(
                event.causes.iter().all(|cause| *cause < number),
                "{event:?}"
            );
        }
        let mut open = vec![document.failure.event];
        let mut reached = vec![false; events.len()];
        while let Some(number) = open.pop() {
            for cause in &events[number].causes {
                if !std::mem::replace(&mut reached[*cause], true) {
                    open.push(*cause);
                }
            }
        }
        for deviation in document.deviations {
            assert!(reached[deviation.event], "{deviation:?}");
        }
        // Every arrival has its packet, and every message that was received its sending.
        let follows = |event: &Event, kind: Kind, label: &str| {
            let causes = event.causes.iter().map(|cause| &events[*cause]);
            causes
                .into_iter()
                .any(|cause| cause.kind == kind && cause.label == label)
        };
        for event in events {
            match (event.kind, event.label.as_str()) {
                (Kind::Arrival, _) => assert!(follows(event, Kind::Packet, ""), "{event:?}"),
                (Kind::History, "received") => {
                    assert!(follows(event, Kind::History, "sent"), "{event:?}");
                }
                _ => {}
            }
        }
    }
}
