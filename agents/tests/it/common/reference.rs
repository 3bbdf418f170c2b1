//! Promises of the reference bridge beyond those that the oracles judge every system by:
//! it refuses no event of its agents, describes itself before the shutdown, delivers each
//! thread in the order of its log, numbers each agent run without holes across its
//! incarnations, and ends it with the terminal that its end calls for, crash or not.

use std::collections::BTreeMap;

use rehearsal_history::facets::spans::SpanRecord;
use rehearsal_history::{CheckedRun, Ledger, Phase};

/// Returns the broken promises of a run that came to its own end.
pub(super) fn flaws(run: &CheckedRun<'_>) -> Vec<String> {
    let mut flaws = Vec::new();
    let rejected = Ledger::of(run).rejected;
    if rejected > 0 {
        flaws.push(format!("{rejected} events were refused"));
    }
    if run.resources().held(Phase::Quiescent).is_none() {
        flaws.push("the bridge never described itself".to_owned());
    }
    check_order(run, &mut flaws);
    for record in run.spans().iter() {
        check_run(run, record, &mut flaws);
    }
    flaws
}

fn check_order(run: &CheckedRun<'_>, flaws: &mut Vec<String>) {
    let (mut positions, mut numbers) = (BTreeMap::new(), BTreeMap::new());
    for delivery in run.messages().deliveries() {
        let (actor, received) = (delivery.actor, delivery.received);
        let (position, seq) = (received.position, received.seq);
        let (channel, stream) = (received.envelope.channel, received.envelope.stream);
        if positions.insert((actor, channel), position) >= Some(position) {
            let (name, actor) = (run.describe_received(received), run.name(actor));
            flaws.push(format!(
                "{name} reached {actor} out of the order of the log"
            ));
        }
        if numbers.insert((actor, stream), seq) >= Some(seq) {
            let (name, actor) = (run.describe_received(received), run.name(actor));
            flaws.push(format!("{name} reached {actor} out of order"));
        }
    }
}

fn check_run(run: &CheckedRun<'_>, record: &SpanRecord<'_>, flaws: &mut Vec<String>) {
    let accepted = run.messages().accepted_of_span(record.began.span);
    let mut accepted: Vec<_> = accepted
        .map(|(sending, accepted)| (accepted.seq, sending.kind()))
        .collect();
    accepted.sort_by_key(|(seq, _)| *seq);
    let numbers = accepted.iter().map(|(seq, _)| *seq);
    if !numbers.eq((1..=accepted.len() as u64).map(Some)) {
        let name = run.describe_record(record);
        flaws.push(format!("{name} is not numbered without holes"));
    }
    let end = record.end();
    let due = end.and_then(|end| run.history.profile?.terminal_of(end));
    let last = accepted.last().map(|(_, kind)| kind.as_str());
    if due.is_none() || last != due {
        let name = run.describe_record(record);
        flaws.push(format!("{name} ended as {end:?} with {last:?}"));
    }
}
