//! Protocol: each run's events follow the rules of the bridge vocabulary, both
//! as the bridge accepted them and as each client received them.
//!
//! `agent_started` first; each tool call and each sub-agent begins once, then
//! ends once, and none is left open when the run completes; progress strictly
//! increases; a terminal event last. A run that completes has shown the critical
//! events that its kind shows, and has emitted as many events as planned.
//!
//! Where gap markers, or events without an answer, may hide some of a run's
//! events from an observer, nothing is called missing there; no-loss and fifo
//! see to it that holes are marked. A run that was cut off by its deadline or by
//! the death of its host may end before it started.

use rehearsal_agents::event::ClientId;
use rehearsal_agents::record::{Emission, Fate, Receipt, RunEnd, RunRecord};

use super::finding::Report;
use super::machine::{Duty, Holes, Machine, Opening, Terms};
use super::view::View;
use super::{Finding, Oracle};

pub(super) fn judge(view: &View<'_>) -> Finding {
    let mut report = Report::new(Oracle::Protocol);
    for run in view.evidence.runs.values() {
        report.check(1);
        judge_accepted(view, run, &mut report);
        judge_count(view, run, &mut report);
        for client in view.subscribers(run.thread) {
            judge_received(view, run, client.id, &mut report);
        }
    }
    report.finish()
}

fn terms(run: &RunRecord, holes: Holes) -> Terms {
    let opening = match run.end {
        Some(RunEnd::HostDied | RunEnd::TimedOut) => Opening::StartedOrCutOff,
        _ => Opening::Started,
    };
    let duty = if run.all_critical {
        Duty::AllCritical
    } else {
        Duty::None
    };
    Terms {
        holes,
        opening,
        duty,
    }
}

/// The run as it stands in the bridge's log.
fn judge_accepted(view: &View<'_>, run: &RunRecord, report: &mut Report) {
    let mut accepted: Vec<(&Emission, &Receipt)> = view.accepted_of(run.run).collect();
    accepted.sort_by_key(|(_, receipt)| (receipt.epoch, receipt.seq));
    let unanswered = view
        .emissions_of(run.run)
        .iter()
        .any(|emission| emission.fate == Fate::Unanswered);
    let holes = if unanswered {
        Holes::Possible
    } else {
        Holes::None
    };
    let mut machine = Machine::new(terms(run, holes));
    for (emission, _) in accepted {
        for fault in machine.step(emission.kind, &emission.payload) {
            report.broken(emission.at, || {
                format!("{} as the bridge accepted it: {fault}", view.name(emission))
            });
        }
    }
}

/// Events that an agent never even emitted are missed by nobody else.
fn judge_count(view: &View<'_>, run: &RunRecord, report: &mut Report) {
    if run.end != Some(RunEnd::Completed) || !view.at_rest() {
        return;
    }
    let accepted = view.accepted_of(run.run).count() as u64;
    if accepted != run.events_planned {
        report.broken(None, || {
            let (name, planned) = (view.record_name(run), run.events_planned);
            format!("{name} completed with {accepted} accepted events of the {planned} it planned")
        });
    }
}

/// The run as a client sees it.
fn judge_received(view: &View<'_>, run: &RunRecord, client: ClientId, report: &mut Report) {
    let mut machine = Machine::new(terms(run, holes(view, run, client)));
    for arrival in view.run_stream(client, run.run) {
        let event = &arrival.delivery.event;
        for fault in machine.step(event.kind, &event.payload) {
            report.broken(arrival.delivery.at, || {
                format!("{} as {client} received it: {fault}", view.wire_name(event))
            });
        }
    }
}

fn holes(view: &View<'_>, run: &RunRecord, client: ClientId) -> Holes {
    let marked = view
        .gaps(client)
        .iter()
        .any(|received| received.gap.thread == run.thread);
    let hidden = |emission: &&Emission| match emission.fate {
        Fate::Accepted(_) => view.gap_marked(client, emission),
        // Where it stands is unknown, and so is whether a marker covers it.
        Fate::Unanswered => true,
        Fate::Rejected(_) => false,
    };
    let missing = |emission: &&&Emission| view.place(client, emission.id).is_none();
    let possible = marked
        && view
            .emissions_of(run.run)
            .iter()
            .filter(missing)
            .any(hidden);
    if possible {
        Holes::Possible
    } else {
        Holes::None
    }
}
