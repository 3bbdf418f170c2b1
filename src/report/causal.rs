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

/// One line of a timeline.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Line {
    /// Its kind.
    pub kind: LineKind,
    /// Polls and scheduling points before it. Of the failure: those up to its time.
    pub step: u64,
    /// The virtual time.
    pub at: VirtualTime,
    /// The task, if it is one's doing.
    pub who: String,
    /// Its text.
    pub what: String,
    /// The entities that it speaks of, where they are known.
    pub mentions: Vec<EntityId>,
}

/// The kind of a line.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum LineKind {
    /// The program noted it.
    Note,
    /// A fault struck or ended.
    Fault,
    /// A deviation.
    Decision,
    /// The choice without which the run passes.
    Decisive,
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
    lines.extend(decisions(report, explanation));
    // At one step, first what was decided, then what came of it.
    lines.sort_by_key(|line| (line.step, line.kind < LineKind::Decision));
    let all = lines.len();
    if all > WHOLE {
        let witness = failure.map_or_else(BTreeSet::new, witness);
        let speaks = |line: &Line| line.mentions.iter().any(|id| witness.contains(id));
        lines.retain(|line| line.kind != LineKind::Note || speaks(line));
    }
    if let Some(failure) = failure {
        insert_failure(&mut lines, failure, report);
    }
    drop_far(&mut lines);
    let shown = lines.iter().filter(|line| line.kind != LineKind::Failure);
    let shown = shown.count();
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
    let line = |entry: &rehearsal_sim::Entry| {
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
            at: entry.at,
            who,
            what,
            mentions,
        })
    };
    entries.filter_map(line).collect()
}

fn decisions(report: &RunReport, explanation: &Explanation) -> Vec<Line> {
    let decisive = explanation.decisive();
    let entries = &report.outcome.trace.entries;
    let line = |(index, explained): (usize, &crate::shrink::Explained)| {
        let next = entries.partition_point(|entry| entry.step < explained.step);
        let near = entries.get(next).or_else(|| entries.last());
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
            at: near.map_or(VirtualTime::ZERO, |entry| entry.at),
            who: explained.who.clone(),
            what,
            mentions: Vec::new(),
        }
    };
    let decisions = explanation.decisions.iter().enumerate();
    decisions.map(line).collect()
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
        at,
        who: failure.judge.name().to_owned(),
        what: what.to_owned(),
        mentions: failure.witness.clone(),
    };
    lines.insert(place, line);
}

/// Of a long timeline, keeps what is not a note, and the notes next to the
/// failure.
fn drop_far(lines: &mut Vec<Line>) {
    let Some(surplus @ 1..) = lines.len().checked_sub(MOST) else {
        return;
    };
    let failure = lines.iter().position(|line| line.kind == LineKind::Failure);
    let failure = failure.unwrap_or(lines.len());
    let notes = lines.iter().enumerate();
    let mut notes: Vec<usize> = notes
        .filter(|(_, line)| line.kind == LineKind::Note)
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
