//! Makes the document of a page from a failing run and the nearest run that passes.

use std::path::Path;

use rehearsal_sim::Effect;

use super::events::{self, Events, Focus, choice_of, text_of};
use super::index::Index;
use super::limit;
use super::spans;
use super::{Command, DeviationText, Document, FORMAT, FailureText, Run, TargetText};
use crate::report::{block, causal, next_steps};
use crate::repro::Repro;
use crate::run::{Detector, Failure, RunReport, RunVerdict};
use crate::shrink::{self, Explanation, ShrinkResult};
use crate::target::{Origin, Target};

/// Lines of a program's own up to which each leads to the failure, as in the terminal.
const WHOLE: usize = causal::WHOLE;

/// Returns the document of a failure whose repro is in `file`. `whole` is what failed, without
/// cuts. None if the run does not fail.
pub(crate) fn document(
    whole: &dyn Target,
    studied: &ShrinkResult,
    file: &Path,
) -> Option<Document> {
    let report = &studied.report;
    let failure = report.failures.first()?;
    let focus = focus(report, failure);
    let (mut failing, events) = run(report, &studied.explanation, &focus);
    let mut deviations = deviations(&studied.explanation, &events);
    let mut passing = passing(studied, &failing, &events, &focus);
    let here = limit::limit(&mut failing);
    for deviation in &mut deviations {
        deviation.event = here.of(deviation.event);
    }
    let event = here.of(events.failure.unwrap_or_default());
    let difference = passing.as_mut().map(|(run, (ours, theirs))| {
        let there = limit::limit(run);
        (here.of(*ours), there.of(*theirs))
    });
    Some(Document {
        format: FORMAT,
        tool: concat!("rehearsal ", env!("CARGO_PKG_VERSION")),
        target: target(whole, &studied.repro),
        failure: failure_text(report, failure, event),
        commands: commands(whole, file),
        size: block::size(whole, studied, None),
        deviations,
        failing,
        passing: passing.map(|(run, _)| run),
        difference,
    })
}

/// Returns the run without the decisive deviation, and the first events in which the two runs
/// differ. None if no single deviation decides.
fn passing(
    studied: &ShrinkResult,
    failing: &Run,
    events: &Events,
    focus: &Focus,
) -> Option<(Run, (usize, usize))> {
    let other = replay_passing(studied)?;
    let (mut passing, others) = run(&other, &shrink::described(&other), focus);
    let same = same_effects(&studied.report, &other);
    copy_focus(failing, events, &mut passing, &others, same);
    let first = |events: &Events, run: &Run| {
        let last = run.events.len().saturating_sub(1);
        events.of_effect.get(same).copied().unwrap_or(last)
    };
    let difference = (first(events, failing), first(&others, &passing));
    Some((passing, difference))
}

/// Replays the run without its decisive deviation.
fn replay_passing(studied: &ShrinkResult) -> Option<RunReport> {
    let decisive = studied.explanation.decisive()?;
    let repro = Repro {
        schedule: studied.schedule().with_value(decisive, 0),
        drawn: None,
        ..studied.repro.clone()
    };
    let report = repro.run_once(&*studied.variant);
    (report.verdict == RunVerdict::Pass).then_some(report)
}

fn focus(report: &RunReport, failure: &Failure) -> Focus {
    let entries = &report.outcome.trace.entries;
    let is_note = |entry: &&rehearsal_sim::Entry| matches!(entry.effect, Effect::Note { .. });
    let notes = entries.iter().filter(is_note).count();
    Focus {
        witness: causal::witness(failure),
        whole: notes <= WHOLE,
        silent: notes == 0,
    }
}

fn run(report: &RunReport, explanation: &Explanation, focus: &Focus) -> (Run, Events) {
    let mut index = Index::of(report);
    let mut events = events::events(report, explanation, focus, &mut index);
    let spans = spans::spans(report, &mut index);
    let outcome = &report.outcome;
    let run = Run {
        verdict: report.verdict.word(),
        fingerprint: outcome.fingerprint.to_string(),
        end: outcome.statistics.virtual_time.as_micros(),
        hosts: index.hosts,
        tasks: index.tasks,
        entities: index.entities,
        locks: index.locks,
        faults: std::mem::take(&mut events.faults),
        spans,
        events: std::mem::take(&mut events.list),
        left_out: 0,
    };
    (run, events)
}

fn deviations(explanation: &Explanation, events: &Events) -> Vec<DeviationText> {
    let decisive = explanation.decisive();
    let explained = explanation.decisions.iter().enumerate();
    explained
        .map(|(number, explained)| DeviationText {
            choice: choice_of(explained),
            text: text_of(explained),
            without: explained.without.map(RunVerdict::word),
            decisive: decisive == Some(number),
            event: events.of_deviation[number],
        })
        .collect()
}

/// Returns how many effects two runs have in common, from the start.
fn same_effects(one: &RunReport, other: &RunReport) -> usize {
    let one = one.outcome.trace.entries.iter();
    let pairs = one.zip(&other.outcome.trace.entries);
    pairs.take_while(|(one, other)| one == other).count()
}

/// Marks in the passing run what the failing one marks in the part that both have.
fn copy_focus(failing: &Run, events: &Events, passing: &mut Run, others: &Events, same: usize) {
    let pairs = events.of_effect.iter().zip(&others.of_effect);
    for (here, there) in pairs.take(same) {
        passing.events[*there].matters = failing.events[*here].matters;
    }
}

fn target(whole: &dyn Target, repro: &Repro) -> TargetText {
    let file = match &repro.origin {
        Origin::Scenario(scenario) => scenario.file.display(),
        Origin::Test(test) => test.file.display(),
    };
    let about = whole.about();
    TargetText {
        name: whole.name().to_owned(),
        noun: repro.origin.noun(),
        file: file.to_string(),
        claim: about.claim.map(str::to_owned),
        defect: about.defect.map(str::to_owned),
        seed: repro.seed.to_string(),
        strategy: repro.strategy.to_string(),
    }
}

fn failure_text(report: &RunReport, failure: &Failure, event: usize) -> FailureText {
    let names = report.judged.as_ref().map(|judged| &judged.history.names);
    let witness = failure.witness.iter();
    FailureText {
        verdict: report.verdict.word(),
        detector: failure.judge.name().to_owned(),
        claim: match failure.judge {
            Detector::Oracle(oracle) => Some(oracle.claim()),
            _ => None,
        },
        rule: failure.rule.to_string(),
        witness: witness
            .filter_map(|id| Some(names?.of(*id).to_string()))
            .collect(),
        message: failure.message.clone(),
        event,
    }
}

fn commands(whole: &dyn Target, file: &Path) -> Vec<Command> {
    let steps = next_steps::commands(&whole.identity(), file).into_iter();
    steps.map(|(name, line)| Command { name, line }).collect()
}
