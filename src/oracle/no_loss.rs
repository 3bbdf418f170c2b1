//! No-loss: every event that the bridge accepted reaches every subscriber of
//! its thread, or a gap marker covers it there.
//!
//! Excused, because the emitter knows that the event has no future: an event
//! without an answer whose run timed out or died with its host, and an event
//! that was refused because its run had already ended. A marker over an event
//! that came as well, or over nothing, does no harm and is not reported; a
//! marker without an end is, unless its epoch really died, for it would hush up
//! everything to come.
//!
//! Events that come from nowhere, or arrive altered, are reported here too: the
//! ledger would not balance with them. An altered secret is isolation's affair.

use rehearsal_agents::event::{Event, EventId, Payload};
use rehearsal_agents::record::{Delivery, Emission, Fate, RunEnd};

use super::finding::Report;
use super::ledger::{Settlement, is_phantom, settle};
use super::view::{Position, View, receipt};
use super::{Finding, Oracle};

pub(super) fn judge(view: &View<'_>) -> Finding {
    if !view.at_rest() {
        return Finding::not_applicable();
    }
    let mut report = Report::new(Oracle::NoLoss);
    for emission in &view.evidence.emissions {
        judge_answer(view, emission, &mut report);
        judge_settlements(view, emission, &mut report);
    }
    for delivery in &view.evidence.deliveries {
        judge_delivery(view, delivery, &mut report);
    }
    judge_gaps(view, &mut report);
    judge_clients(view, &mut report);
    report.finish()
}

fn judge_answer(view: &View<'_>, emission: &Emission, report: &mut Report) {
    match &emission.fate {
        Fate::Accepted(_) => {}
        Fate::Rejected(reason) => {
            report.check(1);
            if !ended_before(view, emission) {
                report.broken(emission.at, || {
                    let name = view.name(emission);
                    format!("{name} was refused (`{reason}`) although its run had not ended")
                });
            }
        }
        Fate::Unanswered => {
            report.check(1);
            let end = view
                .evidence
                .runs
                .get(&emission.run)
                .and_then(|run| run.end);
            if !matches!(end, Some(RunEnd::HostDied | RunEnd::TimedOut)) {
                report.broken(emission.at, || {
                    let name = view.name(emission);
                    format!(
                        "{name} never got an answer from the bridge, and its run was not cut off"
                    )
                });
            }
        }
    }
}

/// Whether the run had its terminal accepted before it emitted this event.
fn ended_before(view: &View<'_>, emission: &Emission) -> bool {
    view.accepted_of(emission.run)
        .any(|(earlier, _)| earlier.kind.is_terminal() && earlier.id < emission.id)
}

fn judge_settlements(view: &View<'_>, emission: &Emission, report: &mut Report) {
    let Some(position) = view.position(emission) else {
        return;
    };
    let subscribers = view.subscribers(emission.thread);
    report.check(subscribers.len());
    if subscribers.is_empty() {
        report.broken(emission.at, || {
            let seen = last_seen(view, emission, position);
            format!(
                "{} was {seen}; nobody subscribes to its thread",
                view.name(emission)
            )
        });
    }
    for client in subscribers {
        if settle(view, emission, client) == Settlement::Lost {
            report.broken(emission.at, || {
                let seen = last_seen(view, emission, position);
                let (name, client) = (view.name(emission), client.id);
                format!(
                    "{name} was {seen}; never delivered to {client}, and no gap marker covers it"
                )
            });
        }
    }
}

/// `accepted by the bridge at offset 3 of thread-1, epoch 1, and delivered to client-2`.
fn last_seen(view: &View<'_>, emission: &Emission, position: Position) -> String {
    let accepted = match receipt(emission) {
        Some(_) => format!("accepted by the bridge at {position}"),
        None => format!("accepted by the bridge without an answer, at {position}"),
    };
    let elsewhere: Vec<String> = view
        .streams()
        .filter(|(client, _)| view.place(*client, emission.id).is_some())
        .map(|(client, _)| client.to_string())
        .collect();
    if elsewhere.is_empty() {
        accepted
    } else {
        format!("{accepted}, and delivered to {}", elsewhere.join(", "))
    }
}

fn judge_delivery(view: &View<'_>, delivery: &Delivery, report: &mut Report) {
    let emission = view.emission(delivery.event.id);
    if is_phantom(emission) {
        report.check(1);
        report.broken(delivery.at, || phantom(view, delivery, emission));
    } else if let Some(emission) = emission
        && let Some(change) = altered(emission, &delivery.event)
    {
        report.broken(delivery.at, || {
            let name = view.name(emission);
            format!("{name} reached {} altered: {change}", delivery.client)
        });
    }
}

fn phantom(view: &View<'_>, delivery: &Delivery, emission: Option<&Emission>) -> String {
    let name = view.wire_name(&delivery.event);
    let client = delivery.client;
    match emission.map(|emission| &emission.fate) {
        Some(Fate::Rejected(reason)) => {
            format!("{name} was refused (`{reason}`) and reached {client} all the same")
        }
        _ => format!("{name} reached {client}, but nobody emitted it"),
    }
}

/// What differs between an event as meant and as received, if anything does.
fn altered(emission: &Emission, event: &Event) -> Option<String> {
    if emission.kind != event.kind {
        return Some(format!("it came as {}", event.kind));
    }
    // Everything but the secret, even when the payload grows.
    let received = Payload {
        secret: emission.payload.secret.clone(),
        ..event.payload.clone()
    };
    (emission.payload != received).then(|| {
        let meant = Payload {
            secret: String::new(),
            ..emission.payload.clone()
        };
        let came = Payload {
            secret: String::new(),
            ..received
        };
        format!("it was meant as {meant:?} and came as {came:?}")
    })
}

fn judge_gaps(view: &View<'_>, report: &mut Report) {
    for (client, gap, at) in &view.evidence.gaps {
        let endless = gap.to.is_none() && !view.evidence.crashed_epochs.contains(&gap.epoch);
        if endless {
            report.broken(*at, || {
                let (thread, epoch, from) = (gap.thread, gap.epoch.0, gap.from.0);
                format!(
                    "{client} was told that {thread} is lost from offset {from} to the end of \
                     epoch {epoch}, but that epoch did not end in a crash"
                )
            });
        }
    }
}

fn judge_clients(view: &View<'_>, report: &mut Report) {
    for client in view.evidence.clients.values() {
        if client.finished {
            continue;
        }
        report.broken(None, || {
            let last: Option<EventId> = view
                .stream(client.id)
                .last()
                .map(|arrival| arrival.delivery.event.id);
            let last = last.map_or("nothing came".to_owned(), |id| format!("{id} came last"));
            let (id, user) = (client.id, client.user);
            format!("{id} of {user} never finished: its goodbye was not answered ({last})")
        });
    }
}
