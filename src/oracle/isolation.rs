//! Isolation: an event reaches only clients of its own user that subscribe to
//! its thread, under the user, thread and run that it was emitted for; and no
//! payload shows a secret of anyone else. Nothing is excused.

use rehearsal_agents::event::Event;
use rehearsal_agents::record::{ClientRecord, Delivery, Emission};

use super::finding::Report;
use super::secrets::Secrets;
use super::view::{View, receipt};
use super::{Finding, Oracle};

pub(super) fn judge(view: &View<'_>) -> Finding {
    let mut report = Report::new(Oracle::Isolation);
    let mut secrets = Secrets::of(view.evidence);
    for emission in &view.evidence.emissions {
        judge_routing(view, emission, &mut report);
    }
    for delivery in &view.evidence.deliveries {
        report.check(1);
        let faults = faults(view, delivery, &mut secrets);
        if !faults.is_empty() {
            report.broken(delivery.at, || {
                let name = view.wire_name(&delivery.event);
                format!("{name} reached {}: {}", delivery.client, faults.join("; "))
            });
        }
    }
    report.finish()
}

/// The bridge must file an event under the thread of its run.
fn judge_routing(view: &View<'_>, emission: &Emission, report: &mut Report) {
    if let Some(receipt) = receipt(emission)
        && receipt.thread != emission.thread
    {
        report.broken(emission.at, || {
            let (name, offset) = (view.name(emission), receipt.offset.0);
            format!(
                "{name} was accepted for {}, at offset {offset}",
                receipt.thread
            )
        });
    }
}

fn faults<'a>(view: &View<'a>, delivery: &'a Delivery, secrets: &mut Secrets<'a>) -> Vec<String> {
    let mut faults = Vec::new();
    let event = &delivery.event;
    let emission = view.emission(event.id);
    if let Some(emission) = emission {
        faults.extend(mislabelled(event, emission));
        faults.extend(unregistered(view, emission));
        if event.payload.secret != emission.payload.secret {
            faults.push("its secret is not the one that it was emitted with".to_owned());
        }
    }
    let Some(client) = view.evidence.clients.get(&delivery.client) else {
        faults.push("nobody knows that client".to_owned());
        return faults;
    };
    faults.extend(misdirected(event, emission, client));
    if let Some(owner) = secrets.foreign(&event.payload, client.user) {
        let reader = client.user;
        faults.push(format!("its payload shows a secret of {owner} to {reader}"));
    }
    faults
}

/// The envelope on the wire against the run that emitted.
fn mislabelled(event: &Event, emission: &Emission) -> Option<String> {
    let wire = (event.user, event.thread, event.run);
    let meant = (emission.user, emission.thread, emission.run);
    (wire != meant).then(|| {
        format!(
            "it was emitted by {} for {} of {}, and came as an event of {} for {} of {}",
            meant.2, meant.1, meant.0, wire.2, wire.1, wire.0
        )
    })
}

/// The emission against the table of runs.
fn unregistered(view: &View<'_>, emission: &Emission) -> Option<String> {
    let Some(run) = view.evidence.runs.get(&emission.run) else {
        return Some(format!("{} was never registered", emission.run));
    };
    let registered = (run.user, run.thread);
    (registered != (emission.user, emission.thread)).then(|| {
        let (thread, user) = (run.thread, run.user);
        format!("{} is registered for {thread} of {user}", run.run)
    })
}

/// The event against the client that received it.
fn misdirected(event: &Event, emission: Option<&Emission>, client: &ClientRecord) -> Vec<String> {
    let mut faults = Vec::new();
    let owner = emission.map_or(event.user, |emission| emission.user);
    if owner != client.user {
        faults.push(format!(
            "it belongs to {owner}, and {} to {}",
            client.id, client.user
        ));
    }
    let thread = emission.map_or(event.thread, |emission| emission.thread);
    if !client.threads.contains(&thread) {
        faults.push(format!("{} does not subscribe to {thread}", client.id));
    }
    faults
}
