//! One corruption at a time: its oracle finds it, and says what it saw.

mod ends;
mod engine;
mod hierarchy;
mod isolation;
mod ledger;
mod order;
mod protocol;

use super::healthy::theatre;
use super::stage::{Stage, error};
use crate::oracle::Oracle;
use rehearsal_agents::event::{ClientId, EventId, EventKind, RunId};
use rehearsal_agents::record::{Fate, Receipt};
use rehearsal_sim::{LiveTask, TaskId};

/// A corruption, the oracle that must find it, and what its message must say.
struct Case(
    &'static str,
    Oracle,
    fn(&mut Stage),
    &'static [&'static str],
);

fn receipt_mut(stage: &mut Stage, id: EventId) -> &mut Receipt {
    match &mut stage.emission_mut(id).fate {
        Fate::Accepted(receipt) => receipt,
        other => panic!("{id} was not accepted: {other:?}"),
    }
}

fn refuse(stage: &mut Stage, id: EventId) {
    stage.emission_mut(id).fate = Fate::Rejected("registry full".to_owned());
}

fn withhold_everywhere(stage: &mut Stage, id: EventId) {
    stage
        .evidence
        .deliveries
        .retain(|delivery| delivery.event.id != id);
}

/// One more event of a run, accepted and delivered to one client.
fn append(stage: &mut Stage, client: ClientId, run: RunId, kind: EventKind) -> EventId {
    let id = stage.emit_with(run, kind, error("again"));
    stage.deliver(client, id);
    id
}

fn task(name: &str) -> LiveTask {
    LiveTask {
        id: TaskId::PROGRAM,
        name: name.to_owned(),
        host: "bridge".to_owned(),
        spawned_at: "agents/src/serve.rs:41:9".to_owned(),
        waits: vec!["channel#4".to_owned()],
    }
}

fn check(cases: &[Case]) {
    for Case(name, oracle, corrupt, says) in cases {
        let mut stage = theatre();
        assert!(stage.judge(*oracle).is_pass(), "{name}: healthy first");
        corrupt(&mut stage);
        let finding = stage.judge(*oracle);
        let Some(violation) = finding.violations.first() else {
            panic!("{name}: {oracle} found nothing");
        };
        assert_eq!(violation.oracle, *oracle, "{name}");
        for words in *says {
            let message = &violation.message;
            assert!(
                message.contains(words),
                "{name}: `{words}` not in: {message}"
            );
        }
        assert!(!finding.is_pass(), "{name}");
        assert_eq!(finding.vacuity(*oracle), None, "{name}");
    }
}
