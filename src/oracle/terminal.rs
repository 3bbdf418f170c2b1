//! Terminal-exactly-once: each run has exactly one accepted terminal event, of
//! the kind that its end calls for, with nothing after it; and each subscriber
//! hears of it exactly once. So every run that failed is reported, once.
//!
//! Excused, because nobody can know better: a run whose host died just after
//! its terminal was accepted may have any terminal of that epoch; and if the
//! host died before it could even answer for one that got through, that one is
//! not held against the run.

use rehearsal_agents::event::{ClientId, EventKind};
use rehearsal_agents::record::{Emission, Epoch, Fate, Receipt, RunEnd, RunRecord};

use super::finding::Report;
use super::view::{Arrival, View};
use super::{Finding, Oracle};

pub(super) fn judge(view: &View<'_>) -> Finding {
    if !view.at_rest() {
        return Finding::not_applicable();
    }
    let mut report = Report::new(Oracle::Terminal);
    for run in view.evidence.runs.values() {
        report.check(1);
        judge_run(view, run, &mut report);
    }
    report.finish()
}

fn judge_run(view: &View<'_>, run: &RunRecord, report: &mut Report) {
    let mut accepted: Vec<(&Emission, &Receipt)> = view.accepted_of(run.run).collect();
    accepted.sort_by_key(|(_, receipt)| (receipt.epoch, receipt.seq));
    let terminals: Vec<(&Emission, &Receipt)> = accepted
        .iter()
        .copied()
        .filter(|(emission, _)| emission.kind.is_terminal())
        .collect();
    judge_end(view, run, report);
    match terminals.as_slice() {
        [] => report.broken(None, || {
            let name = view.record_name(run);
            match view.emissions_of(run.run).last() {
                Some(last) => format!(
                    "{name} has no terminal event; its last event is {}",
                    view.name(last)
                ),
                None => format!("{name} has no terminal event, nor any other"),
            }
        }),
        [(only, receipt)] => judge_kind(view, run, only, receipt, report),
        [_, (second, _), ..] => report.broken(second.at, || {
            let names: Vec<String> = terminals
                .iter()
                .map(|(emission, _)| view.name(emission))
                .collect();
            let (name, count) = (view.record_name(run), names.len());
            format!("{name} has {count} terminal events: {}", names.join(", "))
        }),
    }
    if let Some((terminal, receipt)) = terminals.first() {
        judge_rest(view, &accepted, (terminal, receipt), report);
        let terminal = *terminal;
        for client in view.subscribers(run.thread) {
            judge_client(view, run, terminal, client.id, report);
        }
    }
}

fn judge_end(view: &View<'_>, run: &RunRecord, report: &mut Report) {
    if run.end.is_none() {
        report.broken(None, || format!("{} never ended", view.record_name(run)));
    }
}

fn judge_kind(
    view: &View<'_>,
    run: &RunRecord,
    terminal: &Emission,
    receipt: &Receipt,
    report: &mut Report,
) {
    let Some(end) = run.end else {
        return;
    };
    let due = match end {
        RunEnd::Completed => EventKind::AgentCompleted,
        RunEnd::Failed | RunEnd::TimedOut => EventKind::AgentError,
        RunEnd::DiedSilently | RunEnd::HostDied => EventKind::AgentDeath,
    };
    let cut_off = end == RunEnd::HostDied && died(view, receipt.epoch);
    if terminal.kind != due && !cut_off {
        report.broken(terminal.at, || {
            let name = view.name(terminal);
            format!("{name} ends a run that ended as {end:?}, which calls for {due}")
        });
    }
}

fn died(view: &View<'_>, epoch: Epoch) -> bool {
    view.evidence.crashed_epochs.contains(&epoch)
}

/// Nothing may be accepted after the first terminal. More terminals are
/// reported by themselves.
fn judge_rest(
    view: &View<'_>,
    accepted: &[(&Emission, &Receipt)],
    (terminal, end): (&Emission, &Receipt),
    report: &mut Report,
) {
    for (emission, receipt) in accepted {
        let later_in_run = (receipt.epoch, receipt.seq) > (end.epoch, end.seq);
        let later_in_log = receipt.thread == end.thread
            && (receipt.epoch, receipt.offset) > (end.epoch, end.offset);
        if (later_in_run || later_in_log) && !emission.kind.is_terminal() {
            report.broken(emission.at, || {
                let (late, terminal) = (view.name(emission), view.name(terminal));
                format!("{late} was accepted after its run had ended with {terminal}")
            });
        }
    }
}

fn judge_client(
    view: &View<'_>,
    run: &RunRecord,
    terminal: &Emission,
    client: ClientId,
    report: &mut Report,
) {
    let mut arrivals = view.run_stream(client, run.run).iter();
    let ended_by = arrivals.find(|arrival| {
        arrival.delivery.event.kind.is_terminal() && !is_excused(view, run, arrival)
    });
    let Some(ended_by) = ended_by else {
        if !view.gap_marked(client, terminal) {
            report.broken(terminal.at, || {
                let name = view.name(terminal);
                format!("{client} was never told how the run ended: {name} did not come")
            });
        }
        return;
    };
    for arrival in arrivals {
        let delivery = arrival.delivery;
        report.broken(delivery.at, || {
            let late = view.wire_name(&delivery.event);
            let ended_by = view.wire_name(&ended_by.delivery.event);
            format!("{late} reached {client} after {ended_by}, which ends the run")
        });
    }
}

/// A terminal that got through although its host died before answering for it.
fn is_excused(view: &View<'_>, run: &RunRecord, arrival: &Arrival<'_>) -> bool {
    let unanswered = arrival
        .emission
        .is_some_and(|emission| emission.fate == Fate::Unanswered);
    unanswered && run.end == Some(RunEnd::HostDied) && died(view, arrival.delivery.epoch)
}
