//! The bus with exact times: every packet takes one millisecond, and so does a write to the
//! journal.

use std::time::Duration;

use rehearsal_agents::spec::ScenarioSpec;
use rehearsal_agents::systems::bus::{
    Bus, BusScenario, BusSettings, BusSpec, ConnectionSettings, EventSettings, EventType,
    FailurePolicy, HandlerSettings, ListenerSettings, MemberGroup, MemberKind,
};
use rehearsal_history::{ActorId, EntityId, EntryKind, History, Value};
use rehearsal_sim::{Config, Verdict};

use crate::common::{ms, run_system};

const GENERATED: EventType = EventType(0);
const EXECUTED: EventType = EventType(1);

fn bus(members: Vec<MemberGroup>) -> BusSpec {
    ScenarioSpec::new(BusScenario {
        bus: BusSettings::default(),
        events: EventSettings::default(),
        event_types: vec!["test_generated".into(), "test_executed".into()],
        connections: ConnectionSettings::default(),
        members,
    })
}

fn members(kind: MemberKind, handlers: Vec<HandlerSettings>) -> MemberGroup {
    MemberGroup {
        kind,
        count: 1,
        rest: Duration::ZERO,
        handlers,
        subscribe_after: Duration::ZERO,
    }
}

fn publisher(messages: u32) -> MemberGroup {
    let (event, delay) = (GENERATED, Duration::ZERO);
    let kind = MemberKind::Publisher {
        event,
        messages,
        delay,
    };
    members(kind, Vec::new())
}

fn handler(on: EventType, work: Duration) -> HandlerSettings {
    HandlerSettings {
        on: vec![on],
        publishes: None,
        work,
        fails_every: None,
        failure: None,
        on_failure: FailurePolicy::Skip,
    }
}

/// Runs a scenario with the network of [`Config::default`], in which every packet takes one
/// millisecond.
fn run(spec: BusSpec) -> History {
    let run = run_system(Config::default(), Bus, spec);
    assert_eq!(run.outcome.verdict, Verdict::Pass);
    run.history
}

/// Returns the milliseconds from the first message to each entry that is one of these.
fn times(history: &History, is_one: impl Fn(Option<ActorId>, &EntryKind) -> bool) -> Vec<u64> {
    let sent = |entry: &&rehearsal_history::Entry| matches!(entry.kind, EntryKind::Sent(_));
    let start = history.entries.iter().find(sent).expect("a message").at;
    let found = history.entries.iter();
    let found = found.filter(|entry| is_one(entry.actor, &entry.kind));
    found
        .map(|entry| u64::try_from(entry.at.since(start).as_millis()).expect("a short run"))
        .collect()
}

fn accepted(history: &History) -> Vec<u64> {
    times(history, |_, kind| matches!(kind, EntryKind::Accepted(_)))
}

/// Returns the times at which a handler of the second member was handed its events.
fn received(history: &History, handler: u64) -> Vec<u64> {
    let actor = ActorId((2 << 32) + handler);
    times(history, |by, kind| {
        by == Some(actor) && matches!(kind, EntryKind::Received(_))
    })
}

/// A publisher waits for the journal and for two packets, whatever its handlers do; each
/// handler goes at its own pace, and the publisher leaves when the slow one has finished.
#[test]
fn slow_handler_holds_up_neither_publisher_nor_other_handlers() {
    let handlers = vec![handler(GENERATED, ms(500)), handler(GENERATED, ms(0))];
    let history = run(bus(vec![
        publisher(10),
        members(MemberKind::Subscriber, handlers),
    ]));
    let each = |from: u64, every: u64| -> Vec<u64> {
        (0..10).map(|number| from + number * every).collect()
    };
    assert_eq!(accepted(&history), each(3, 3));
    assert_eq!(received(&history, 1), each(3, 500));
    assert_eq!(received(&history, 2), each(3, 3));
    let left = times(&history, |_, kind| matches!(kind, EntryKind::Drained));
    assert!(left.iter().all(|at| *at > 3 + 10 * 500), "{left:?}");
}

/// Each event of the chain is published when the one that caused it is handled: work of
/// 50 ms, then the two packets and the write of the publication.
#[test]
fn chain_of_events_takes_the_sum_of_its_handlers() {
    let executor = HandlerSettings {
        publishes: Some(EXECUTED),
        ..handler(GENERATED, ms(50))
    };
    let history = run(bus(vec![
        publisher(1),
        members(MemberKind::Subscriber, vec![executor]),
        members(MemberKind::Subscriber, vec![handler(EXECUTED, ms(20))]),
    ]));
    let coverage = ActorId((3 << 32) + 1);
    let reached = times(&history, |by, kind| {
        by == Some(coverage) && matches!(kind, EntryKind::Received(_))
    });
    assert_eq!(reached, [3 + 50 + 3]);
}

/// Each event that a start sets off is one completion, which names it.
#[test]
fn every_start_has_one_completion_that_names_it() {
    let generator = HandlerSettings {
        publishes: Some(EXECUTED),
        ..handler(GENERATED, ms(5))
    };
    let monitor = HandlerSettings {
        on: vec![GENERATED, EXECUTED],
        ..handler(GENERATED, ms(0))
    };
    let history = run(bus(vec![
        publisher(6),
        members(MemberKind::Subscriber, vec![generator]),
        members(MemberKind::Subscriber, vec![monitor]),
    ]));
    let monitor = ActorId((3 << 32) + 1);
    let mut starts = Vec::new();
    let mut completed = Vec::new();
    for entry in history
        .entries
        .iter()
        .filter(|entry| entry.actor == Some(monitor))
    {
        let EntryKind::Received(received) = &entry.kind else {
            continue;
        };
        match received.body.field("cause").and_then(Value::entity) {
            None => starts.push(EntityId::from(received.message)),
            Some(cause) => {
                assert!(starts.contains(&cause), "a completion before its start");
                completed.push(cause);
            }
        }
    }
    assert_eq!(starts.len(), 6);
    assert_eq!(completed, starts);
}

/// A unit of work of one second is answered after it, two packets and a write each way.
#[test]
fn request_for_a_second_of_work_takes_that_and_the_way() {
    let requester = MemberKind::Requester {
        messages: 1,
        delay: Duration::ZERO,
        effort: Duration::ZERO,
        at_once: 1,
    };
    let listener = MemberKind::Listener {
        listener: ListenerSettings {
            poll: ms(1_000),
            handling: ms(1_000),
        },
        stop_after: Duration::ZERO,
    };
    let history = run(bus(vec![
        members(requester, Vec::new()),
        members(listener, Vec::new()),
    ]));
    let ended = times(&history, |_, kind| matches!(kind, EntryKind::Ended { .. }));
    // The listener writes the receipt down before it handles a message.
    assert_eq!(ended, [3 + 2 + 1_000 + 3]);
}
