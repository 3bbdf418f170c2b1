//! The causal timeline of a recorded run: what led to the failure, not the log.
//!
//! A line is kept if it is a decision, a fault, the failure itself, or if it
//! speaks of something that the witness speaks of. A short run is shown whole.

use std::collections::BTreeSet;

use rehearsal_history::{EntityId, EntityKind, Entry as HistoryEntry, History, Note};
use rehearsal_sim::{Effect, TaskEnd, VirtualTime};

use crate::run::{Failure, RunReport};
use crate::shrink::{Explanation, task_name};

/// Lines up to which a run is shown whole.
pub(super) const WHOLE: usize = 24;

/// Lines that are shown at most; of more, the last ones before the failure.
const MOST: usize = 40;

/// Deviations and their consequences that are shown at most; of more, the last ones before the
/// failure. A run that was not shrunk may have some hundred thousand.
const DECISIONS_MAX: usize = 200;

/// One line of a timeline.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Line {
    /// Its kind.
    pub kind: LineKind,
    /// Polls and scheduling points before it. Of the failure: those up to its time.
    pub step: u64,
    /// Entries of the trace before it.
    pub entry: usize,
    /// The virtual time.
    pub at: VirtualTime,
    /// The task, if it is one's doing.
    pub who: String,
    /// Its text.
    pub what: String,
    /// The entities that it speaks of, where they are known.
    pub mentions: Vec<EntityId>,
    /// The number of lines that it stands for, which are all the same.
    pub times: usize,
}

/// The kind of a line.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum LineKind {
    /// The program noted it.
    Note,
    /// The program logged it, and the user wants to see it.
    Log,
    /// A fault struck or ended.
    Fault,
    /// A deviation.
    Decision,
    /// The choice without which the run passes.
    Decisive,
    /// A consequence of a deviation, or a notification without a waiter.
    Consequence,
    /// The failure.
    Failure,
}

/// A timeline, and how much of the run it leaves out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Timeline {
    /// In order of time.
    pub lines: Vec<Line>,
    /// Notes that are left out.
    pub left_out: usize,
}

/// The timeline of a run that was recorded.
pub(crate) fn timeline(report: &RunReport, explanation: &Explanation) -> Timeline {
    let failure = report.failures.first();
    let mut lines = events(report);
    lines.extend(logs(report));
    lines.extend(decisions(report, explanation));
    lines.extend(consequences(report, explanation));
    // What was decided stands before what came of it, and after what a task did until then.
    lines.sort_by_key(|line| (line.entry, line.kind < LineKind::Decision, line.step));
    let all = lines.len();
    let logged = lines.iter().filter(|line| line.kind == LineKind::Log);
    if all - logged.count() > WHOLE {
        let witness = failure.map_or_else(BTreeSet::new, witness);
        let speaks = |line: &Line| line.mentions.iter().any(|id| witness.contains(id));
        lines.retain(|line| line.kind != LineKind::Note || speaks(line));
    }
    if let Some(failure) = failure {
        insert_failure(&mut lines, failure, report);
    }
    fold(&mut lines);
    drop_far(&mut lines);
    drop_early_decisions(&mut lines);
    let shown = lines.iter().filter(|line| line.kind != LineKind::Failure);
    let shown: usize = shown.map(|line| line.times).sum();
    Timeline {
        left_out: all - shown,
        lines,
    }
}

/// The notes of the program, and the faults. Of a program that notes nothing, also
/// which tasks there were.
fn events(report: &RunReport) -> Vec<Line> {
    let entries = report.outcome.trace.entries.iter();
    let is_silent = !entries
        .clone()
        .any(|entry| matches!(entry.effect, Effect::Note { .. }));
    let mut mentioned = Mentions::new(report.judged.as_ref().map(|judged| &judged.history));
    let line = |(number, entry): (usize, &rehearsal_sim::Entry)| {
        let mut mentions = Vec::new();
        let (kind, who, what) = match &entry.effect {
            Effect::Note { task, label, text } => {
                let who = task.map_or_else(String::new, |task| task_name(report, task));
                mentions = mentioned.of(label, text);
                (LineKind::Note, who, format!("{label} {text}"))
            }
            Effect::Fault { what } => (LineKind::Fault, String::new(), what.clone()),
            Effect::Spawn { task, parent, .. } if is_silent && parent.is_some() => {
                let who = parent.map_or_else(String::new, |task| task_name(report, task));
                (
                    LineKind::Note,
                    who,
                    format!("spawns {}", task_name(report, *task)),
                )
            }
            // A panic is the failure, or is told by it.
            Effect::End { task, how } if is_silent && *how != TaskEnd::Panicked => {
                (LineKind::Note, task_name(report, *task), how.to_string())
            }
            _ => return None,
        };
        Some(Line {
            kind,
            step: entry.step,
            entry: number,
            at: entry.at,
            who,
            what,
            mentions,
            times: 1,
        })
    };
    entries.enumerate().filter_map(line).collect()
}

/// The lines that the program logged, each after the effect before it.
fn logs(report: &RunReport) -> impl Iterator<Item = Line> {
    report.outcome.trace.logs.iter().map(|log| Line {
        kind: LineKind::Log,
        step: log.step,
        entry: log.effects.saturating_sub(1),
        at: log.at,
        who: log
            .task
            .map_or_else(String::new, |task| task_name(report, task)),
        what: format!("{} {}", log.level, log.text),
        mentions: Vec::new(),
        times: 1,
    })
}

fn decisions(report: &RunReport, explanation: &Explanation) -> Vec<Line> {
    let decisive = explanation.decisive();
    let entries = &report.outcome.trace.entries;
    let line = |(index, explained): (usize, &crate::shrink::Explained)| {
        let decision = &explained.decision;
        let what = if explained.what.is_empty() {
            let (site, value, bound) = (&decision.site, decision.value, decision.bound);
            format!("{site}: alternative {value} of 0..{bound}")
        } else {
            explained.what.clone()
        };
        Line {
            kind: if decisive == Some(index) {
                LineKind::Decisive
            } else {
                LineKind::Decision
            },
            step: explained.step,
            entry: explained.entry,
            at: time_of(entries, explained.entry),
            who: explained.who.clone(),
            what,
            mentions: Vec::new(),
            times: 1,
        }
    };
    let decisions = explanation.decisions.iter().enumerate();
    decisions.map(line).collect()
}

/// The consequences of decisions: the uses of a resource that were put off, and notifications
/// for which no task waited.
fn consequences(report: &RunReport, explanation: &Explanation) -> Vec<Line> {
    let entries = &report.outcome.trace.entries;
    let later = explanation
        .decisions
        .iter()
        .filter_map(|one| one.later.as_ref());
    let later = later.map(|later| Line {
        kind: LineKind::Consequence,
        step: later.step,
        entry: later.entry,
        at: time_of(entries, later.entry),
        who: later.who.clone(),
        what: later.what.clone(),
        mentions: Vec::new(),
        times: 1,
    });
    let unheard = report.outcome.unheard.iter().map(|one| Line {
        kind: LineKind::Consequence,
        step: one.step,
        entry: one.entry,
        at: one.at,
        who: one
            .task
            .map_or_else(String::new, |task| task_name(report, task)),
        what: format!(
            "notifies the waiters of the Notify of {}: there are none",
            one.made_at
        ),
        mentions: Vec::new(),
        times: 1,
    });
    later.chain(unheard).collect()
}

/// Returns the time of the entry with that index, or of the last before it.
fn time_of(entries: &[rehearsal_sim::Entry], index: usize) -> VirtualTime {
    let near = entries.get(index).or_else(|| entries.last());
    near.map_or(VirtualTime::ZERO, |entry| entry.at)
}

/// Puts one line in the place of several that follow each other and say the same.
fn fold(lines: &mut Vec<Line>) {
    lines.dedup_by(|next, first| {
        let is_same = first.kind == LineKind::Note
            && next.kind == first.kind
            && next.who == first.who
            && next.what == first.what;
        if is_same {
            first.times += next.times;
        }
        is_same
    });
}

/// The failure goes after everything that happened up to its time.
fn insert_failure(lines: &mut Vec<Line>, failure: &Failure, report: &RunReport) {
    let at = failure.at.unwrap_or(report.outcome.statistics.virtual_time);
    let place = lines.partition_point(|line| line.at <= at);
    let entries = &report.outcome.trace.entries;
    let until = entries.partition_point(|entry| entry.at <= at);
    let last = until.checked_sub(1).and_then(|last| entries.get(last));
    let what = failure.message.lines().next().unwrap_or_default();
    let line = Line {
        kind: LineKind::Failure,
        step: last.map_or(0, |entry| entry.step),
        entry: until,
        at,
        who: failure.judge.name().to_owned(),
        what: what.to_owned(),
        mentions: failure.witness.clone(),
        times: 1,
    };
    lines.insert(place, line);
}

/// Drops all but the last deviations and consequences. A decisive one is among few.
fn drop_early_decisions(lines: &mut Vec<Line>) {
    let is_early = |line: &Line| matches!(line.kind, LineKind::Decision | LineKind::Consequence);
    let all = lines.iter().filter(|line| is_early(line)).count();
    let mut surplus = all.saturating_sub(DECISIONS_MAX);
    lines.retain(|line| {
        let drops = surplus > 0 && is_early(line);
        surplus -= usize::from(drops);
        !drops
    });
}

/// Of a long timeline, keeps what is no note and not logged, and of these the ones next to
/// the failure.
fn drop_far(lines: &mut Vec<Line>) {
    let Some(surplus @ 1..) = lines.len().checked_sub(MOST) else {
        return;
    };
    let failure = lines.iter().position(|line| line.kind == LineKind::Failure);
    let failure = failure.unwrap_or(lines.len());
    let notes = lines.iter().enumerate();
    let mut notes: Vec<usize> = notes
        .filter(|(_, line)| matches!(line.kind, LineKind::Note | LineKind::Log))
        .map(|(index, _)| index)
        .collect();
    notes.sort_by_key(|index| std::cmp::Reverse(index.abs_diff(failure)));
    let dropped: BTreeSet<usize> = notes.into_iter().take(surplus).collect();
    let mut index = 0;
    lines.retain(|_| {
        index += 1;
        !dropped.contains(&(index - 1))
    });
}

/// The entities that a timeline of that failure is about. If there are messages
/// among them, the streams and channels, which are everywhere, say no more.
pub(super) fn witness(failure: &Failure) -> BTreeSet<EntityId> {
    let all: BTreeSet<EntityId> = failure.witness.iter().copied().collect();
    let is_message = |id: &&EntityId| id.kind == EntityKind::Message;
    let messages: BTreeSet<EntityId> = all.iter().filter(is_message).copied().collect();
    if messages.is_empty() { all } else { messages }
}

/// Pairs the notes of a trace with the entries of the history that they were made of.
/// The recorder makes both, in one order; other notes are the program's own.
pub(super) struct Mentions<'a> {
    entries: std::iter::Peekable<std::vec::IntoIter<(Note, &'a HistoryEntry)>>,
}

impl<'a> Mentions<'a> {
    /// Prepares the pairing of a history.
    pub(super) fn new(history: Option<&'a History>) -> Self {
        let entries = history.into_iter().flat_map(|history| {
            let entries = history.entries.iter();
            entries.filter_map(|entry| {
                let note = entry.kind.note(entry.actor, &history.names)?;
                Some((note, entry))
            })
        });
        let entries: Vec<_> = entries.collect();
        Self {
            entries: entries.into_iter().peekable(),
        }
    }

    /// Returns the entities that the next note of the trace speaks of.
    fn of(&mut self, label: &str, text: &str) -> Vec<EntityId> {
        let Some(entry) = self.next(label, text) else {
            return Vec::new();
        };
        let actor = entry.actor.map(EntityId::from);
        entry.kind.mentions().into_iter().chain(actor).collect()
    }

    /// Returns the entry that the next note of the trace was made of; none if it is the
    /// program's own.
    pub(super) fn next(&mut self, label: &str, text: &str) -> Option<&'a HistoryEntry> {
        let made = |(note, _): &(Note, &HistoryEntry)| note.label == label && note.text == text;
        self.entries.next_if(made).map(|(_, entry)| entry)
    }
}
