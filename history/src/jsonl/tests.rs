//! Reading and writing of histories: round trips, every problem in one pass, hostile input.

use proptest::prelude::*;
use rehearsal_sim::{Census, LivePlainTask, LiveSocket, VirtualTime};

use super::*;
use crate::oracle::SettingValue;
use crate::profile::AGENT_EVENTS;
use crate::{
    Accepted, ActorId, Began, Body, ChannelId, Entry, EntryKind, Envelope, Epoch, FaultPhase, Gap,
    Mark, MessageId, Offset, OperationId, Phase, Position, Received, Resource, Sent, Since,
    SpanEnd, SpanId, StreamId, TenantId, Value,
};

/// The example of the module's documentation.
const EXAMPLE: &str = r#"{"kind":"profile","name":"agent-events"}
{"at":0,"actor":"alice","kind":"subscribed","channel":"orders","tenant":"acme"}
{"at":10,"kind":"began","span":"run-1","label":"data-1","owner":"acme","channel":"orders"}
{"at":20,"actor":"data-1","kind":"sent","message":"m1","tenant":"acme","channel":"orders","stream":"run-1","span":"run-1","body":{"kind":"agent_started","fields":{"secret":{"secret":"c4n4ry"}}}}
{"at":30,"kind":"accepted","message":"m1","channel":"orders","offset":1,"seq":1}
{"at":40,"actor":"alice","kind":"received","message":"m1","offset":1,"seq":1}
{"at":50,"actor":"data-1","kind":"invoked","operation":1,"object":"total","call":{"kind":"add","fields":{"amount":3,"of":{"message":"m1"}}}}
{"at":60,"actor":"data-1","kind":"returned","operation":1,"value":{"kind":"ok"}}
{"at":70,"kind":"ended","span":"run-1","end":"failed"}
{"at":80,"actor":"alice","kind":"drained"}
"#;

fn written(history: &History) -> String {
    let mut bytes = Vec::new();
    write_jsonl(history, &mut bytes).expect("memory takes every byte");
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

fn problems(text: impl AsRef<[u8]>) -> Vec<JsonlProblem> {
    match read_jsonl(text.as_ref()) {
        Err(JsonlError::Problems(problems)) => problems,
        other => panic!("expected problems: {other:?}"),
    }
}

fn judged(text: &str, oracle: &str) -> Finding {
    let oracle = OracleRef::parse(oracle).expect("such an oracle");
    let oracles = [(oracle, Settings::default())];
    let findings = judge_jsonl(text.as_bytes(), &oracles).expect("a history");
    findings[0].1.clone()
}

#[test]
fn the_documented_example_is_the_tested_one() {
    let documentation = include_str!("mod.rs");
    for line in EXAMPLE.lines() {
        assert!(documentation.contains(&format!("//! {line}")), "{line}");
    }
}

#[test]
fn the_example_is_read_and_judged() {
    let history = read_jsonl(EXAMPLE.as_bytes()).expect("a history");
    assert_eq!(history.profile, Some(&AGENT_EVENTS));
    assert_eq!(history.entries.len(), 9);
    assert_eq!(history.entries[2].at, VirtualTime::from_micros(20));
    for oracle in ["no-loss", "exactly-once", "fifo", "isolation"] {
        let finding = judged(EXAMPLE, oracle);
        assert!(finding.is_pass(), "{oracle}: {finding:?}");
    }
    let finding = judged(EXAMPLE, "terminal-exactly-once");
    assert_eq!(finding.violations[0].rule, "no-terminal");
    assert!(
        finding.violations[0]
            .message
            .contains("run-1 (data-1) on orders")
    );
}

#[test]
fn a_lost_message_is_found_in_lines() {
    let lost: String = EXAMPLE
        .lines()
        .filter(|line| !line.contains("received"))
        .flat_map(|line| [line, "\n"])
        .collect();
    let finding = judged(&lost, "no-loss");
    assert_eq!(finding.violations[0].rule, "lost");
    let message = &finding.violations[0].message;
    assert!(
        message.starts_with("m1 (agent_started) of run-1 (data-1) on orders"),
        "{message}"
    );
}

#[test]
fn settings_of_no_loss_allow_gaps() {
    let gap = r#"{"at":40,"actor":"alice","kind":"gap","channel":"orders","from":1,"to":1}"#;
    let lines = EXAMPLE.lines().map(|line| match line.contains("received") {
        true => gap,
        false => line,
    });
    let text: String = lines.flat_map(|line| [line, "\n"]).collect();
    assert_eq!(judged(&text, "no-loss").broken(), 2);
    let mut settings = Settings::default();
    settings.set("gaps", SettingValue::Words(vec!["overflow".to_owned()]));
    let oracle = OracleRef::parse("no-loss").expect("such an oracle");
    let findings = judge_jsonl(text.as_bytes(), &[(oracle, settings)]).expect("a history");
    assert!(findings[0].1.is_pass(), "{findings:?}");
}

#[test]
fn every_problem_of_a_line_is_reported_at_its_column() {
    let line = r#"{"at":-1,"kind":"accepted","message":true,"offset":1.5,"seq":1,"size":7}"#;
    let found = problems(format!("\n{line}\n"));
    let column = |part: &str| line.find(part).expect("a part of the line") + 1;
    let places: Vec<(u64, usize)> = found
        .iter()
        .map(|found| (found.line, found.column))
        .collect();
    let expected = [column("-1"), column("true"), 1, column("1.5"), column("7}")];
    assert_eq!(places, expected.map(|column| (2, column)), "{found:?}");
    assert!(found[2].message.contains("`channel` is missing"));
    assert!(found[4].message.contains("unknown field `size`"));
}

#[test]
fn problems_of_several_lines_are_reported_together() {
    let text = "{\"at\":5,\"kind\":\"reached\",\"mark\":\"a\"}\n\
                {\"at\":4,\"kind\":\"reached\",\"mark\":\"b\"}\n\
                {\"at\":6,\"kind\":\"exploded\"}\n\
                {\"at\":7,\"kind\":\n\
                {\"at\":8,\"kind\":\"drained\"}\n\
                [1]\n";
    let found = problems(text);
    let texts: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 5, "{texts:?}");
    assert!(
        texts[0].starts_with("line 2, column 7: time goes back"),
        "{texts:?}"
    );
    assert!(texts[1].contains("unknown kind `exploded`"), "{texts:?}");
    assert!(texts[2].starts_with("line 4, column "), "{texts:?}");
    assert!(texts[3].contains("`drained` needs an `actor`"), "{texts:?}");
    assert!(texts[4].starts_with("line 6, column "), "{texts:?}");
}

#[test]
fn ids_that_are_texts_and_numbers_stay_apart() {
    let text = "{\"at\":0,\"actor\":1,\"kind\":\"subscribed\",\"channel\":\"1\",\"tenant\":1}\n\
                {\"at\":0,\"actor\":\"1\",\"kind\":\"subscribed\",\"channel\":1,\"tenant\":1}\n";
    let history = read_jsonl(text.as_bytes()).expect("a history");
    let actors: Vec<Option<ActorId>> = history.entries.iter().map(|entry| entry.actor).collect();
    assert_ne!(actors[0], actors[1]);
    let too_great = format!(
        "{{\"at\":0,\"kind\":\"ended\",\"span\":{},\"end\":\"failed\"}}",
        u64::MAX
    );
    assert!(problems(too_great)[0].message.contains("below 2^63"));
}

#[test]
fn repeated_fields_are_reported() {
    let found = problems(r#"{"at":0,"at":1,"kind":"reached","mark":"a"}"#);
    assert!(
        found[0].message.contains("`at` is there twice"),
        "{found:?}"
    );
}

#[test]
fn lines_that_are_too_long_are_refused() {
    let mut long = vec![b' '; LINE_BYTES_MAX];
    assert!(read_jsonl(long.as_slice()).is_ok());
    long.push(b' ');
    let found = problems(&long);
    assert!(found[0].message.contains("longer than"), "{found:?}");
}

#[test]
fn the_number_of_problems_is_capped() {
    let found = problems("nothing\n".repeat(3 * PROBLEMS_MAX));
    assert_eq!(found.len(), PROBLEMS_MAX);
    let fields: String = (0..3 * PROBLEMS_MAX)
        .map(|n| format!(",\"f{n}\":0"))
        .collect();
    let found = problems(format!(
        "{{\"at\":0,\"kind\":\"drained\",\"actor\":1{fields}}}"
    ));
    assert_eq!(found.len(), PROBLEMS_MAX);
}

#[test]
fn deep_nesting_is_refused_without_recursion() {
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        let body = format!("{{\"kind\":\"a\",\"fields\":{{\"list\":{open}{close}}}}}");
        format!("{{\"at\":0,\"kind\":\"returned\",\"operation\":1,\"value\":{body}}}")
    };
    assert!(read_jsonl(nested(NESTING_MAX).as_bytes()).is_ok());
    for depth in [NESTING_MAX + 1, 100_000] {
        let found = problems(nested(depth));
        assert!(found[0].message.contains("nested more than"), "{depth}");
    }
}

#[test]
fn bytes_that_are_not_utf8_are_refused() {
    let found = problems(b"{\"at\":\xff}".as_slice());
    assert_eq!((found[0].line, found[0].column), (1, 7));
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{1,4}", "\\PC{0,6}", Just("\"\\\n{}".to_owned())]
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(Value::Integer),
        any::<bool>().prop_map(Value::Flag),
        texts().prop_map(Value::from),
        texts().prop_map(|text| Value::Secret(text.into())),
        (0..9_u64).prop_map(|number| Value::Entity(MessageId(number).into())),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        proptest::collection::vec(inner, 0..3).prop_map(Value::List)
    })
}

fn bodies() -> impl Strategy<Value = Body> {
    let fields = proptest::collection::btree_map(texts(), values(), 0..4);
    (texts(), fields).prop_map(|(kind, fields)| {
        let mut body = Body::new(kind);
        for (name, value) in fields {
            body = body.with(name, value);
        }
        body
    })
}

fn envelopes() -> impl Strategy<Value = Envelope> {
    let ids = (0..3_u64, 0..3_u64, 0..3_u64);
    let spans = (
        proptest::option::of(0..3_u64),
        proptest::option::of(0..3_u64),
    );
    let sent_ms = proptest::option::of(any::<u64>());
    (ids, spans, texts(), sent_ms).prop_map(|(ids, spans, sender, sent_ms)| Envelope {
        tenant: TenantId(ids.0),
        channel: ChannelId(ids.1),
        stream: StreamId(ids.2),
        span: spans.0.map(SpanId),
        parent: spans.1.map(SpanId),
        sender: sender.into(),
        sent_ms,
    })
}

fn positions() -> impl Strategy<Value = Position> {
    (0..3_u64, any::<u32>(), any::<u64>()).prop_map(|(channel, epoch, offset)| Position {
        channel: ChannelId(channel),
        epoch: Epoch(epoch),
        offset: Offset(offset),
    })
}

/// Every kind but `Sent`, whose messages must be unique.
fn kinds() -> impl Strategy<Value = EntryKind> {
    let messages = || (0..9_u64).prop_map(MessageId);
    let reasons = || texts().prop_map(|text| text.into());
    prop_oneof![
        (
            messages(),
            proptest::option::of(positions()),
            proptest::option::of(any::<u64>())
        )
            .prop_map(|(message, position, seq)| {
                EntryKind::Accepted(Accepted {
                    message,
                    position,
                    seq,
                })
            }),
        (messages(), reasons())
            .prop_map(|(message, reason)| EntryKind::Rejected { message, reason }),
        (
            messages(),
            envelopes(),
            proptest::option::of(positions()),
            bodies()
        )
            .prop_map(|(message, envelope, position, body)| {
                EntryKind::Received(Received {
                    message,
                    envelope,
                    position,
                    seq: position.map(|_| 7),
                    body,
                })
            }),
        (positions(), proptest::option::of(any::<u64>())).prop_map(|(from, to)| {
            EntryKind::Gap(Gap {
                channel: from.channel,
                epoch: from.epoch,
                from: from.offset,
                to: to.map(Offset),
            })
        }),
        (0..3_u64, 0..3_u64, any::<bool>()).prop_map(|(channel, tenant, late)| {
            EntryKind::Subscribed {
                channel: ChannelId(channel),
                tenant: TenantId(tenant),
                since: if late { Since::Now } else { Since::Start },
            }
        }),
        (0..3_u64, any::<u64>()).prop_map(|(channel, count)| EntryKind::Missed {
            channel: ChannelId(channel),
            count,
        }),
        any::<u32>().prop_map(|times| EntryKind::Connected {
            epoch: Epoch(2),
            times,
        }),
        reasons().prop_map(|reason| EntryKind::Disconnected { reason }),
        Just(EntryKind::Drained),
        (0..9_u64, bodies()).prop_map(|(operation, call)| EntryKind::Invoked {
            operation: OperationId(operation),
            object: crate::ObjectId(1),
            call,
        }),
        (0..9_u64, bodies()).prop_map(|(operation, value)| EntryKind::Returned {
            operation: OperationId(operation),
            value,
        }),
        (0..9_u64, reasons()).prop_map(|(operation, reason)| EntryKind::Failed {
            operation: OperationId(operation),
            reason,
        }),
        (envelopes(), proptest::collection::vec(texts(), 0..3)).prop_map(|(envelope, required)| {
            EntryKind::Began(Began {
                span: SpanId(envelope.stream.0),
                kind: "agent".into(),
                label: envelope.sender,
                parent: envelope.parent,
                owner: envelope.tenant,
                channel: envelope.span.map(|span| ChannelId(span.0)),
                planned: envelope.sent_ms,
                required: required.into_iter().map(Into::into).collect(),
            })
        }),
        Just(EntryKind::Ended {
            span: SpanId(1),
            end: SpanEnd::DiedSilently,
        }),
        (texts(), proptest::option::of(0..9_u64)).prop_map(|(kind, target)| EntryKind::Holds {
            resources: vec![Resource {
                kind: kind.into(),
                holder: SpanId(1).into(),
                target: target.map(|channel| ChannelId(channel).into()),
            }],
            phase: Phase::Ready,
        }),
        (texts(), any::<u8>()).prop_map(|(host, timers)| EntryKind::Census {
            census: Census {
                plain_tasks: (0..timers % 3)
                    .map(|_| LivePlainTask {
                        host: host.clone(),
                        spawned_at: "src/lib.rs:3:9".to_owned(),
                    })
                    .collect(),
                sockets: vec![LiveSocket {
                    host: host.clone(),
                    description: "tcp".to_owned(),
                }],
                timers: timers.into(),
                locks: vec![host],
                ..Census::default()
            },
            phase: Phase::ShutDown,
        }),
        (texts(), proptest::option::of(reasons())).prop_map(|(name, broken)| {
            EntryKind::Invariant {
                name: name.into(),
                broken,
            }
        }),
        texts().prop_map(|fault| EntryKind::Fault {
            fault: fault.into(),
            phase: FaultPhase::Ended,
        }),
        any::<u32>().prop_map(|epoch| EntryKind::Crashed {
            epoch: Epoch(epoch),
        }),
        texts().prop_map(|mark| EntryKind::Reached(Mark(mark.into()))),
    ]
}

fn histories() -> impl Strategy<Value = History> {
    let sent = proptest::collection::vec((envelopes(), bodies()), 0..4);
    let others = proptest::collection::vec(kinds(), 0..12);
    (sent, others, any::<bool>()).prop_map(|(sent, others, with_profile)| {
        let sent = sent
            .into_iter()
            .enumerate()
            .map(|(index, (envelope, body))| {
                EntryKind::Sent(Sent {
                    message: MessageId(index as u64),
                    envelope,
                    body,
                })
            });
        let kinds: Vec<EntryKind> = sent.chain(others).collect();
        let mut history = History {
            profile: with_profile.then_some(&AGENT_EVENTS),
            ..History::default()
        };
        for (index, kind) in kinds.into_iter().enumerate() {
            let mut clock = crate::VectorClock::default();
            clock.tick(StreamId(index as u64 % 3));
            history.entries.push(Entry {
                at: VirtualTime::from_micros(index as u64 / 2),
                actor: Some(ActorId(index as u64 % 2)),
                clock: (index % 3 == 0).then(|| clock.into()),
                kind,
            });
        }
        history
    })
}

proptest! {
    #[test]
    fn histories_survive_being_written_and_read(history in histories()) {
        let text = written(&history);
        let read = read_jsonl(text.as_bytes());
        let read = read.map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert_eq!(read.entries.len(), history.entries.len());
        prop_assert_eq!(written(&read), text);
    }

    #[test]
    fn oracles_judge_a_history_that_was_read_as_the_one_that_was_written(
        history in histories(),
    ) {
        let read = read_jsonl(written(&history).as_bytes()).expect("a history");
        let oracles: Vec<(OracleRef, Settings)> =
            OracleRef::all().map(|oracle| (oracle, Settings::default())).collect();
        // Which of equal violations is listed may depend on the numbers of ids.
        let counts = |history: &History| -> Vec<(OracleRef, u64, u64)> {
            let findings = judge_history(history, &oracles).into_iter();
            findings
                .map(|(oracle, finding)| (oracle, finding.checked, finding.broken()))
                .collect()
        };
        prop_assert_eq!(counts(&history), counts(&read));
    }

    #[test]
    fn damaged_lines_never_panic(
        history in histories(),
        place in any::<proptest::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = written(&history).into_bytes();
        if !bytes.is_empty() {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Err(JsonlError::Problems(problems)) = read_jsonl(bytes.as_slice()) {
            prop_assert!(!problems.is_empty());
        }
    }
}
