//! Every metric of a small history, by hand.

use std::collections::BTreeSet;

use rehearsal_sim::{Statistics, Verdict, VirtualTime};

use super::*;
use crate::entry::{
    Accepted, Began, Entry, EntryKind, Envelope, Epoch, Offset, Position, Received, Sent, Since,
    SpanEnd,
};
use crate::{
    ActorId, Body, ChannelId, History, MessageId, ObjectId, OperationId, SpanId, StreamId, TenantId,
};

const CHANNEL: ChannelId = ChannelId(1);
const READER: ActorId = ActorId(9);

/// The entries of a history, with their times in milliseconds.
struct Script(Vec<Entry>);

impl Script {
    fn at(mut self, ms: u64, kind: EntryKind) -> Self {
        self.0.push(Entry {
            at: VirtualTime::from_micros(ms * 1_000),
            actor: Some(READER),
            clock: None,
            kind,
        });
        self
    }
}

fn began(span: u64, kind: &'static str) -> EntryKind {
    EntryKind::Began(Began {
        span: SpanId(span),
        kind: kind.into(),
        label: kind.into(),
        parent: None,
        owner: TenantId(1),
        channel: Some(CHANNEL),
        planned: None,
        required: Vec::new(),
    })
}

fn ended(span: u64, end: SpanEnd) -> EntryKind {
    let span = SpanId(span);
    EntryKind::Ended { span, end }
}

fn envelope(span: u64) -> Envelope {
    Envelope {
        tenant: TenantId(1),
        channel: CHANNEL,
        stream: StreamId(span),
        span: Some(SpanId(span)),
        parent: None,
        sender: "sender".into(),
        sent_ms: None,
    }
}

fn sent(message: u64, span: u64, kind: &'static str) -> EntryKind {
    EntryKind::Sent(Sent {
        message: MessageId(message),
        envelope: envelope(span),
        body: Body::new(kind),
    })
}

fn accepted(message: u64) -> EntryKind {
    EntryKind::Accepted(Accepted {
        message: MessageId(message),
        position: Some(Position {
            channel: CHANNEL,
            epoch: Epoch(1),
            offset: Offset(message),
        }),
        seq: None,
    })
}

fn received(message: u64, span: u64, kind: &'static str) -> EntryKind {
    EntryKind::Received(Received {
        message: MessageId(message),
        envelope: envelope(span),
        position: None,
        seq: None,
        body: Body::new(kind),
    })
}

fn invoked(operation: u64, object: u64, call: &'static str) -> EntryKind {
    EntryKind::Invoked {
        operation: OperationId(operation),
        object: ObjectId(object),
        call: Body::new(call),
    }
}

fn returned(operation: u64) -> EntryKind {
    EntryKind::Returned {
        operation: OperationId(operation),
        value: Body::new("ok"),
    }
}

/// Two spans with four messages, and three calls on two objects.
fn script() -> Script {
    let reason = "the channel is closed";
    Script(Vec::new())
        .at(
            0,
            EntryKind::Subscribed {
                channel: CHANNEL,
                tenant: TenantId(1),
                since: Since::Start,
            },
        )
        .at(10, began(1, "fast"))
        .at(10, sent(1, 1, "step"))
        .at(12, accepted(1))
        .at(12, sent(2, 1, "step"))
        .at(13, accepted(2))
        .at(15, received(1, 1, "step"))
        .at(15, received(2, 1, "step"))
        .at(20, ended(1, SpanEnd::Completed))
        .at(20, began(2, "slow"))
        .at(30, sent(3, 2, "last"))
        .at(60, received(3, 2, "last"))
        .at(70, accepted(3))
        .at(70, sent(4, 2, "step"))
        .at(
            70,
            EntryKind::Rejected {
                message: MessageId(4),
                reason: reason.into(),
            },
        )
        .at(80, ended(2, SpanEnd::Failed))
        .at(80, invoked(1, 1, "get"))
        .at(84, returned(1))
        .at(84, invoked(2, 1, "put"))
        .at(90, returned(2))
        .at(90, invoked(3, 2, "get"))
        .at(110, returned(3))
}

fn with_run<R>(f: impl FnOnce(&CheckedRun<'_>) -> R) -> R {
    let history = History {
        entries: script().0,
        ..History::default()
    };
    let statistics = Statistics {
        steps: 1,
        lock_waits: 3,
        virtual_time: VirtualTime::from_micros(2_000_000),
        ..Statistics::default()
    };
    f(&CheckedRun::new(&history, &Verdict::Pass, &statistics))
}

/// Returns what a selector reads: the number, or the samples in order.
fn read(selector: &str) -> String {
    let selector = Selector::parse(selector).unwrap_or_else(|error| panic!("{error}"));
    let unit = selector.metric.unit;
    with_run(|run| {
        let reading = Reading::of(run, &selector);
        if selector.metric.fold != Fold::Each {
            let amount = reading.amount();
            return amount.map_or_else(|| "nothing".to_owned(), |amount| unit.show(amount));
        }
        let samples: Vec<String> = match selector.percentile {
            Some(percentile) => {
                let sample = reading.percentile(percentile).into_iter();
                sample.map(|sample| unit.show(sample.amount())).collect()
            }
            None => {
                let samples = reading.samples().iter();
                samples.map(|sample| unit.show(sample.amount())).collect()
            }
        };
        samples.join(" ")
    })
}

/// What each metric reads in the script.
const READ: &[(&str, &str)] = &[
    ("virtual-time", "2000ms"),
    ("lock-waits", "3"),
    ("makespan", "70ms"),
    ("duration", "10ms 60ms"),
    ("duration:slow", "60ms"),
    ("spans", "2"),
    ("spans:fast", "1"),
    ("success", "50%"),
    ("success:fast", "100%"),
    ("failures", "1"),
    ("messages-per-span", "2 2"),
    ("latency", "4ms 6ms 20ms"),
    ("latency:get", "4ms 20ms"),
    ("operations", "3"),
    ("operations:put", "1"),
    ("objects", "2"),
    ("objects:put", "1"),
    ("sent", "4"),
    ("sent:step", "3"),
    ("accepted", "3"),
    ("refused", "1"),
    ("received:step", "2"),
    ("delivered", "100%"),
    // Three receipts in the 50 milliseconds from the first sending.
    ("throughput", "60/s"),
    ("throughput:last", "33.333/s"),
    ("batch", "2 1"),
    ("entries:invoked", "3"),
    ("acceptance", "2ms 1ms 40ms"),
    // The answer for the third came after its receipt.
    ("transit", "3ms 2ms 0ms"),
    ("delivery", "5ms 3ms 30ms"),
    ("delivery:last", "30ms"),
    ("queue-depth", "2"),
    ("bottleneck", "30ms"),
];

#[test]
fn every_metric_follows_from_the_history() {
    for (selector, expected) in READ {
        assert_eq!(read(selector), *expected, "{selector}");
    }
    let tested: BTreeSet<&str> = READ.iter().map(|(selector, _)| *selector).collect();
    for metric in METRICS {
        let group = |selector: &&str| selector.split(':').next() == Some(metric.name);
        assert!(tested.iter().any(group), "{} has no test", metric.name);
    }
}

#[test]
fn percentiles_are_those_of_the_nearest_rank() {
    assert_eq!(read("latency/p50"), "6ms");
    assert_eq!(read("latency/p90"), "20ms");
    assert_eq!(read("latency:get/p50"), "4ms");
    assert_eq!(read("latency:get/p100"), "20ms");
    assert_eq!(read("latency:none/p50"), "");
    let ranks = |samples| Percentile::ALL.map(|percentile| percentile.rank(samples));
    assert_eq!(ranks(0), [None; 4]);
    assert_eq!(ranks(1), [Some(0); 4]);
    assert_eq!(ranks(100), [Some(49), Some(89), Some(98), Some(99)]);
    assert_eq!(ranks(101), [Some(50), Some(90), Some(99), Some(100)]);
}

#[test]
fn a_message_that_never_arrives_stays_in_the_queue_and_lowers_the_share() {
    let mut entries = script().0;
    entries.retain(
        |entry| !matches!(&entry.kind, EntryKind::Received(received) if received.message.0 <= 2),
    );
    let history = History {
        entries,
        ..History::default()
    };
    let statistics = Statistics::default();
    let run = CheckedRun::new(&history, &Verdict::Pass, &statistics);
    let amount = |selector: &str| {
        let selector = Selector::parse(selector).expect("a metric");
        Reading::of(&run, &selector).amount()
    };
    assert_eq!(amount("delivered"), Amount::ratio(1, 3));
    assert_eq!(amount("delivered:step"), Amount::ratio(0, 2));
    // No engine has run this history.
    let waits = Selector::parse("lock-waits").expect("a metric");
    assert_eq!(Reading::of(&run, &waits).samples(), []);
    let depth = Selector::parse("queue-depth").expect("a metric");
    assert_eq!(Reading::of(&run, &depth).samples()[0].part, 2);
}

#[test]
fn nothing_is_read_of_an_empty_history() {
    let (history, statistics) = (History::default(), Statistics::default());
    let run = CheckedRun::new(&history, &Verdict::Pass, &statistics);
    assert_eq!(Readings::of(&run).iter().len(), 0);
    for metric in METRICS.iter().copied() {
        let reading = Reading::of(&run, &Selector::all_of(metric));
        let zero = matches!(metric.fold, Fold::Sum | Fold::Distinct);
        let expected = zero.then_some(Amount::whole(0));
        assert_eq!(reading.amount(), expected, "{}", metric.name);
    }
}

#[test]
fn readings_are_of_all_samples_and_of_each_group() {
    with_run(|run| {
        let readings = Readings::of(run);
        let of_duration: Vec<String> = readings
            .iter()
            .filter(|(selector, _)| selector.metric.name == "duration")
            .map(|(selector, reading)| format!("{selector} {}", reading.samples().len()))
            .collect();
        assert_eq!(
            of_duration,
            ["duration 2", "duration:fast 1", "duration:slow 1"]
        );
        let mean = readings.all_of("duration").and_then(Reading::mean);
        assert_eq!(mean, Some(Amount::whole(35_000)));
        assert!(readings.all_of("no-such-metric").is_none());
    });
}

#[test]
fn names_are_unique_and_explained() {
    let mut names = BTreeSet::new();
    for metric in METRICS {
        assert!(names.insert(metric.name), "{} is taken", metric.name);
        assert!(!metric.meaning.ends_with('.'), "{}", metric.meaning);
        let selector = Selector::parse(metric.name).expect("its own name");
        assert_eq!(selector.to_string(), metric.name);
    }
}

#[test]
fn selectors_are_read_and_written_alike() {
    for text in [
        "duration",
        "duration:data",
        "latency:get/p99",
        "queue-depth/p100",
    ] {
        let selector = Selector::parse(text).expect("a selector");
        assert_eq!(selector.to_string(), text);
    }
    for (text, problem) in [
        ("speed", "there is no metric `speed`"),
        ("makespan:data", "the samples of `makespan` have no groups"),
        ("duration:", "the group of `duration` has no name"),
        ("duration/p95", "there is no percentile `p95`"),
        (
            "success/p50",
            "`success` is one number, without percentiles",
        ),
    ] {
        let error = Selector::parse(text).expect_err(text);
        assert_eq!(error.to_string(), problem);
        assert!(!error.help().is_empty());
    }
}
