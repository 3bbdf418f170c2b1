//! The events of a recorded run, in one order: the effects of the trace, the steps towards
//! locks, the entries of the history, the deviations, and the failure.

use std::collections::BTreeSet;

use rehearsal_history::{EntityId, Entry as HistoryEntry, EntryKind, FaultPhase};
use rehearsal_sim::{Effect, Entry, LockChange, LockStep, LogLine, TaskEnd, TaskId, Verdict};

use super::causes::Causes;
use super::index::Index;
use super::silent;
use super::unnoted;
use super::{Event, Fault, Kind, LockWord};
use crate::report::causal::Mentions;
use crate::run::RunReport;
use crate::shrink::{Explained, Explanation};

/// The choice of what leads to the failure.
pub(super) struct Focus {
    /// The entities that the failure is about.
    pub witness: BTreeSet<EntityId>,
    /// `true` if the run is so short that every note leads to it.
    pub whole: bool,
    /// `true` if the program notes nothing, so that its tasks are what there is to see.
    pub silent: bool,
}

/// The events of a run.
pub(super) struct Events {
    /// The events.
    pub list: Vec<Event>,
    /// For each effect of the trace its event.
    pub of_effect: Vec<usize>,
    /// For each deviation its event.
    pub of_deviation: Vec<usize>,
    /// The event of the failure, if the run fails.
    pub failure: Option<usize>,
    /// The faults that last.
    pub faults: Vec<Fault>,
}

/// One thing that becomes an event, after that many effects of the trace.
struct Item<'a> {
    effects: usize,
    what: What<'a>,
}

/// The variants are in the order in which they stand between two effects.
enum What<'a> {
    Lock(&'a LockChange),
    Log(&'a LogLine),
    History(&'a HistoryEntry, Option<TaskId>),
    Failure,
    Deviation(usize, &'a Explained),
    Effect(usize, &'a Entry, Option<&'a HistoryEntry>),
}

impl What<'_> {
    fn rank(&self) -> u8 {
        match self {
            Self::Lock(_) | Self::Log(_) | Self::History(..) => 0,
            Self::Failure => 1,
            Self::Deviation(..) => 2,
            Self::Effect(..) => 3,
        }
    }
}

/// Returns the events of a run, its deviations explained.
pub(super) fn events(
    report: &RunReport,
    explanation: &Explanation,
    focus: &Focus,
    index: &mut Index,
) -> Events {
    let mut items = effects(report);
    let locks = report.outcome.trace.locks.iter().map(|change| Item {
        effects: change.effects,
        what: What::Lock(change),
    });
    items.extend(locks);
    let logs = report.outcome.trace.logs.iter().map(|line| Item {
        effects: line.effects,
        what: What::Log(line),
    });
    items.extend(logs);
    items.extend(deviations(explanation));
    items.extend(failure(report));
    items.sort_by_key(|item| (item.effects, item.what.rank()));
    let mut builder = Builder {
        report,
        focus,
        index,
        causes: Causes::new(&report.outcome.trace),
        panicked: None,
        events: Events {
            list: Vec::with_capacity(items.len()),
            of_effect: Vec::new(),
            of_deviation: vec![0; explanation.decisions.len()],
            failure: None,
            faults: Vec::new(),
        },
    };
    for item in &items {
        builder.add(item);
    }
    mark_stuck(report, &mut builder.events.list);
    if focus.silent {
        silent::mark(&mut builder.events.list, builder.events.failure);
    }
    builder.events
}

/// Returns the effects, each with the entry of the history that it was made of, and the
/// entries that made none.
fn effects(report: &RunReport) -> Vec<Item<'_>> {
    let entries = &report.outcome.trace.entries;
    let history = report.judged.as_ref().map(|judged| &judged.history);
    let mut mentions = Mentions::new(history);
    let mut items = Vec::with_capacity(entries.len() * 2);
    let mut noted = Vec::new();
    for (number, entry) in entries.iter().enumerate() {
        let made_of = match &entry.effect {
            Effect::Note { task, label, text } => mentions.next(label, text).inspect(|_| {
                noted.push((number, *task));
            }),
            _ => None,
        };
        items.push(Item {
            effects: number,
            what: What::Effect(number, entry, made_of),
        });
    }
    if let Some(history) = history {
        items.extend(
            unnoted::place(history, entries, &noted)
                .into_iter()
                .map(|placed| Item {
                    effects: placed.effects,
                    what: What::History(placed.entry, placed.task),
                }),
        );
    }
    items
}

/// Returns the deviations, each where its choice was made: a pick of the scheduler stands before
/// the poll that it leads to, any other choice in the poll that makes it.
fn deviations(explanation: &Explanation) -> impl Iterator<Item = Item<'_>> {
    let decisions = explanation.decisions.iter().enumerate();
    decisions.map(|(number, explained)| Item {
        effects: explained.entry,
        what: What::Deviation(number, explained),
    })
}

/// Returns the failure, after everything that happened up to its time.
fn failure(report: &RunReport) -> Option<Item<'_>> {
    let failure = report.failures.first()?;
    let entries = &report.outcome.trace.entries;
    let effects = match failure.at {
        Some(at) => entries.partition_point(|entry| entry.at <= at),
        None => entries.len(),
    };
    Some(Item {
        effects,
        what: What::Failure,
    })
}

/// Makes events of items, in order.
struct Builder<'a, 'b> {
    report: &'a RunReport,
    focus: &'b Focus,
    index: &'b mut Index,
    causes: Causes<'a>,
    /// The end of the task that panicked last.
    panicked: Option<usize>,
    events: Events,
}

impl Builder<'_, '_> {
    fn add(&mut self, item: &Item<'_>) {
        let number = self.events.list.len();
        let mut event = self.begin(item);
        match &item.what {
            What::Lock(change) => self.lock(change, &mut event),
            What::Log(line) => {
                line.level.clone_into(&mut event.label);
                line.text.clone_into(&mut event.text);
                event.task = line.task.map(|task| task.index() as usize);
                event.matters = true;
            }
            What::History(entry, task) => {
                event.task = task.map(|task| task.index() as usize);
                self.history(number, entry, &mut event);
            }
            What::Failure => self.failure(&mut event),
            What::Deviation(position, explained) => {
                self.events.of_deviation[*position] = number;
                event.kind = Kind::Deviation;
                event.text = text_of(explained);
                event.matters = true;
            }
            What::Effect(_, entry, made_of) => {
                self.events.of_effect.push(number);
                self.effect(number, entry, *made_of, &mut event);
            }
        }
        let effect = match &item.what {
            What::Effect(position, entry, _) => Some((*position, &entry.effect)),
            _ => None,
        };
        event.causes = self.causes.of(number, &event, effect);
        if let (None, Some(task)) = (event.host, event.task) {
            event.host = self.index.host_of(task);
        }
        self.events.list.push(event);
    }

    /// Returns an event at the time of an item, which is not filled in.
    fn begin(&self, item: &Item<'_>) -> Event {
        let entries = &self.report.outcome.trace.entries;
        let near = item.effects.checked_sub(usize::from(item.what.rank() < 2));
        let near = near.and_then(|near| entries.get(near)).or(entries.last());
        let (step, at) = match &item.what {
            What::Effect(_, entry, _) => (entry.step, entry.at),
            What::Log(line) => (line.step, line.at),
            What::History(entry, _) => (near.map_or(0, |near| near.step), entry.at),
            _ => near.map_or((0, Default::default()), |near| (near.step, near.at)),
        };
        Event {
            step,
            at: at.as_micros(),
            kind: Kind::Note,
            label: String::new(),
            task: None,
            host: None,
            text: String::new(),
            causes: Vec::new(),
            about: Vec::new(),
            lock: None,
            matters: false,
        }
    }

    fn lock(&mut self, change: &LockChange, event: &mut Event) {
        let lock = self.index.lock(change);
        event.kind = Kind::Lock;
        event.task = Some(change.task.index() as usize);
        let word = match change.step {
            LockStep::WaitBegan => LockWord::Waits,
            LockStep::WaitEnded => LockWord::WaitsNoMore,
            LockStep::Acquired => LockWord::Acquires,
            LockStep::Released => LockWord::Releases,
        };
        event.lock = Some((lock, word));
    }

    /// Fills in what an entry of the history says.
    fn history(&mut self, number: usize, entry: &HistoryEntry, event: &mut Event) {
        let Some(judged) = &self.report.judged else {
            return;
        };
        let names = &judged.history.names;
        event.kind = Kind::History;
        entry.kind.name().clone_into(&mut event.label);
        let text = entry.describe(names);
        // The label says the first word.
        event.text = text.split_once(' ').map_or("", |(_, rest)| rest).to_owned();
        let ids: Vec<EntityId> = entry
            .kind
            .mentions()
            .into_iter()
            .chain(entry.actor.map(EntityId::from))
            .collect();
        event.matters = ids.iter().any(|id| self.focus.witness.contains(id));
        event.about = ids.iter().map(|id| self.index.entity(*id, names)).collect();
        if let EntryKind::Fault { fault, phase } = &entry.kind {
            event.matters = true;
            self.fault(number, fault.as_str(), *phase);
        }
        self.causes.history(number, &entry.kind, &ids, event);
    }

    fn fault(&mut self, number: usize, name: &str, phase: FaultPhase) {
        let faults = &mut self.events.faults;
        match phase {
            FaultPhase::Began => faults.push(Fault {
                name: name.to_owned(),
                from: number,
                to: None,
            }),
            FaultPhase::Ended => {
                let open = |fault: &&mut Fault| fault.name == name && fault.to.is_none();
                if let Some(fault) = faults.iter_mut().find(open) {
                    fault.to = Some(number);
                }
            }
        }
    }

    fn failure(&mut self, event: &mut Event) {
        let Some(failure) = self.report.failures.first() else {
            return;
        };
        self.events.failure = Some(self.events.list.len());
        event.kind = Kind::Failure;
        event.label = format!("{}/{}", failure.judge.name(), failure.rule);
        failure.message.clone_into(&mut event.text);
        event.matters = true;
        if let Some(at) = failure.at {
            event.at = at.as_micros();
        }
        event.causes = self.causes.of_failure(&failure.witness);
        if matches!(self.report.outcome.verdict, Verdict::Panic(_)) {
            event.causes.extend(self.panicked);
        }
        for cause in &event.causes {
            self.events.list[*cause].matters = true;
        }
    }

    fn effect(
        &mut self,
        number: usize,
        entry: &Entry,
        made_of: Option<&HistoryEntry>,
        event: &mut Event,
    ) {
        let position = |task: TaskId| task.index() as usize;
        let silent = self.focus.silent;
        match &entry.effect {
            Effect::Spawn { task, parent, .. } => {
                event.kind = Kind::Spawn;
                event.task = Some(position(parent.unwrap_or(*task)));
                event.text = self.index.task_name(position(*task)).to_owned();
                event.matters = silent && parent.is_some();
            }
            Effect::Poll { task } => {
                event.kind = Kind::Poll;
                event.task = Some(position(*task));
            }
            Effect::End { task, how } => {
                event.kind = Kind::End;
                event.task = Some(position(*task));
                event.text = how.to_string();
                if *how == TaskEnd::Panicked {
                    self.panicked = Some(number);
                }
                event.matters = (silent && *how != TaskEnd::Panicked) || *how == TaskEnd::Crashed;
            }
            Effect::Packet {
                from,
                to,
                len,
                arrives,
            } => {
                event.kind = Kind::Packet;
                event.host = Some(self.index.host(*from));
                let to = self.index.host_name(*to);
                event.text = match arrives {
                    Some(at) => format!("to {to}, {len} bytes, arrives at {at}"),
                    None => format!("to {to}, {len} bytes, does not arrive"),
                };
            }
            Effect::Arrival { from, to, len } => {
                event.kind = Kind::Arrival;
                event.host = Some(self.index.host(*to));
                let from = self.index.host_name(*from);
                event.text = format!("from {from}, {len} bytes");
            }
            Effect::Fault { what } => {
                event.kind = Kind::Fault;
                what.clone_into(&mut event.text);
                event.matters = true;
            }
            Effect::Note { task, label, text } => {
                event.task = task.map(position);
                (*label).clone_into(&mut event.label);
                match made_of {
                    Some(entry) => {
                        self.history(number, entry, event);
                        event.matters |= self.focus.whole;
                    }
                    None => {
                        text.clone_into(&mut event.text);
                        event.matters = self.focus.whole;
                    }
                }
            }
            // Kinds of effects that the page does not show yet are notes without a text.
            _ => {}
        }
    }
}

/// Returns the words for a deviation: its effect on tasks, or its site and value.
pub(super) fn text_of(explained: &Explained) -> String {
    if explained.what.is_empty() {
        choice_of(explained)
    } else {
        format!("{} {}", explained.who, explained.what)
    }
}

/// Returns the site of a deviation and its alternative.
pub(super) fn choice_of(explained: &Explained) -> String {
    let decision = &explained.decision;
    let (site, value, bound) = (&decision.site, decision.value, decision.bound);
    format!("{site}: alternative {value} of 0..{bound}")
}

/// Marks, of tasks that wait for each other for ever, what they hold and wait for.
fn mark_stuck(report: &RunReport, events: &mut [Event]) {
    let Verdict::Deadlock { tasks, .. } = &report.outcome.verdict else {
        return;
    };
    let stuck: BTreeSet<usize> = tasks.iter().map(|task| task.id.index() as usize).collect();
    // From the end: a step counts unless a later one takes it back.
    let mut taken_back: BTreeSet<(usize, usize, bool)> = BTreeSet::new();
    for event in events.iter_mut().rev() {
        let (Some((lock, word)), Some(task)) = (event.lock, event.task) else {
            continue;
        };
        let of_wait = matches!(word, LockWord::Waits | LockWord::WaitsNoMore);
        let first = taken_back.insert((task, lock, of_wait));
        let begins = matches!(word, LockWord::Waits | LockWord::Acquires);
        event.matters |= first && begins && stuck.contains(&task);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rehearsal_sim::{Alternative, PickDeviation};

    use super::*;
    use crate::run::{RunOptions, StrategyName, run_deviating};
    use crate::scenario::load;
    use crate::shrink::described;

    /// Returns the number of effects before each deviation, and the effect after it.
    fn places(report: &RunReport) -> Vec<(usize, Option<Kind>)> {
        let focus = Focus {
            witness: BTreeSet::new(),
            whole: true,
            silent: false,
        };
        let mut index = Index::of(report);
        let events = events(report, &described(report), &focus, &mut index);
        let place = |event: &usize| {
            let before = events.of_effect.partition_point(|effect| effect < event);
            let next = events.of_effect.get(before);
            (before, next.map(|next| events.list[*next].kind))
        };
        events.of_deviation.iter().map(place).collect()
    }

    #[test]
    fn picks_and_postponements_stand_before_the_poll_that_they_lead_to() {
        let file = Path::new("scenarios/programs/programs_lock_circle.toml");
        let scenario = load(file).expect("it is valid");
        let run = |deviations: &[PickDeviation]| {
            let how = RunOptions::new(0, StrategyName::FIFO).recorded();
            run_deviating(&scenario, how, deviations)
        };
        let (_, picks) = run(&[]);
        let mut postponed = 0;
        for (number, pick) in (0..).zip(picks) {
            let postpone = pick.is_postponable.then_some(Alternative::Postpone);
            let take = (pick.candidates > 1).then_some(Alternative::Take(1));
            for instead in take.into_iter().chain(postpone) {
                let (report, _) = run(&[PickDeviation {
                    pick: number,
                    instead,
                }]);
                postponed += report.outcome.postponements.len();
                let explained = described(&report).decisions;
                let entries = explained.iter().map(|explained| explained.entry);
                let polls = entries.map(|entry| (entry, Some(Kind::Poll)));
                assert_eq!(places(&report), polls.collect::<Vec<_>>(), "pick {number}");
            }
        }
        assert!(postponed > 0);
    }
}
