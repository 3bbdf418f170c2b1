//! Exactly-once: no client receives an event twice, and no position in a log
//! carries two events. (That none is missing is no-loss's affair.)

use std::collections::BTreeMap;

use super::finding::Report;
use super::view::{Position, View};
use super::{Finding, Oracle};

pub(super) fn judge(view: &View<'_>) -> Finding {
    let mut report = Report::new(Oracle::ExactlyOnce);
    let mut received = BTreeMap::new();
    let mut positions = BTreeMap::new();
    for delivery in &view.evidence.deliveries {
        report.check(1);
        let (client, event) = (delivery.client, &delivery.event);
        if let Some(before) = received.insert((client, event.id), delivery.at) {
            report.broken(delivery.at, || {
                let name = view.wire_name(event);
                let at = delivery.at;
                format!("{name} reached {client} again at {at}; it had come at {before}")
            });
            continue;
        }
        let position = Position::of(delivery);
        let first = *positions.entry((client, position)).or_insert(event);
        if first.id != event.id {
            report.broken(delivery.at, || {
                let (one, other) = (view.wire_name(first), view.wire_name(event));
                format!("{client} received two events at {position}: {one}, and {other}")
            });
        }
    }
    report.finish()
}
