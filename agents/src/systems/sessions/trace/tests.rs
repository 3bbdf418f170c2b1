use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::super::wire::{EventId, SessionId};
use super::export::Status;
use super::timeline::{Bottleneck, Checkpoint, bottleneck};
use super::*;

const SESSION: SessionId = SessionId(7);

/// A session with these events, each at its time.
fn session(events: Vec<(u64, &str, EventKind)>) -> SessionState {
    let mut state = SessionState::open(SESSION, None, 0);
    for (number, (at_us, source, kind)) in events.into_iter().enumerate() {
        let event = Event {
            id: EventId(number.to_string()),
            source: source.to_owned(),
            kind,
        };
        state.apply(at_us, event);
    }
    state
}

fn call(tokens: u32) -> EventKind {
    let model = Model::Large;
    EventKind::LlmCall {
        model,
        tokens,
        cost_micros: model.cost_micros(tokens),
    }
}

fn checkpoint(name: &str) -> EventKind {
    EventKind::Checkpoint {
        name: name.to_owned(),
    }
}

fn completed(module: u32, tests: u32, quality: u32) -> EventKind {
    EventKind::TestGenerationCompleted {
        module,
        tests,
        quality,
    }
}

#[test]
fn costs_are_whole_millionths() {
    assert_eq!(Model::Large.cost_micros(1_500), 45_000);
    assert_eq!(Model::Small.cost_micros(1_500), 3_000);
    assert_eq!(Model::Large.cost_micros(u32::MAX), 128_849_018_850);
}

#[test]
fn sums_are_a_fold_over_the_events() {
    let state = session(vec![
        (1, "lead", EventKind::SessionStarted),
        (2, "writer-1", call(1_500)),
        (3, "writer-2", call(500)),
        (4, "writer-1", EventKind::TestHealingTriggered { module: 1 }),
        (5, "writer-1", completed(1, 3, 270)),
        (6, "writer-2", completed(2, 1, 80)),
        (9, "lead", EventKind::SessionEnded),
    ]);
    let sums = Totals {
        llm_calls: 2,
        tokens: 2_000,
        cost_micros: 60_000,
        modules_processed: 2,
        tests_generated: 4,
        healing_iterations: 1,
        quality: 350,
    };
    assert_eq!(state.totals, sums);
    assert_eq!(state.duration_us(), 9);
    let replayed = SessionState::replay(SESSION, None, 0, &state.events);
    assert_eq!(replayed, state);
}

#[test]
fn checkpoint_is_a_copy() {
    let state = session(vec![
        (1, "lead", call(10)),
        (2, "lead", checkpoint("early")),
        (3, "lead", call(20)),
        (4, "lead", checkpoint("late")),
    ]);
    let tokens: Vec<u64> = state
        .checkpoints
        .iter()
        .map(|it| it.totals.tokens)
        .collect();
    assert_eq!(tokens, [10, 30]);
}

fn at(times: &[(&str, u64)]) -> Vec<Checkpoint> {
    let checkpoints = times.iter().map(|(name, at_us)| Checkpoint {
        name: (*name).to_owned(),
        at_us: *at_us,
        totals: Totals::default(),
    });
    checkpoints.collect()
}

#[test]
fn bottleneck_is_the_end_of_the_longest_gap() {
    let longest = |times: &[(&str, u64)]| bottleneck(&at(times));
    let of = |name: &str, gap_us| {
        let checkpoint = name.to_owned();
        Some(Bottleneck { checkpoint, gap_us })
    };
    assert_eq!(longest(&[]), None);
    assert_eq!(longest(&[("only", 5)]), None);
    assert_eq!(longest(&[("a", 5), ("b", 5)]), None);
    assert_eq!(
        longest(&[("a", 0), ("b", 300), ("c", 1_500), ("d", 1_600)]),
        of("c", 1_200)
    );
    // The first of two that are equally long.
    assert_eq!(longest(&[("a", 0), ("b", 10), ("c", 20)]), of("b", 10));
}

#[test]
fn metrics_are_totals_over_closed_sessions() {
    let closed = session(vec![
        (1, "lead", EventKind::SessionStarted),
        (2, "writer-1", EventKind::AgentStart { run: 1 }),
        (3, "writer-1", call(100)),
        (
            4,
            "writer-1",
            EventKind::AgentError {
                run: 1,
                error: "no answer".to_owned(),
            },
        ),
        (
            5,
            "lead",
            EventKind::SessionFailed {
                error: "no answer".to_owned(),
            },
        ),
    ]);
    let open = session(vec![(1, "writer-1", call(7))]);
    let metrics = Metrics::of([&closed, &closed, &open].into_iter());
    let expected = Metrics {
        total_sessions: 2,
        total_events: 10,
        agent_usage: BTreeMap::from([("writer-1".to_owned(), 2)]),
        total_llm_tokens: 200,
        total_errors: 2,
        error_rate_ppm: 200_000,
    };
    assert_eq!(metrics, expected);
    assert_eq!(Metrics::of(std::iter::empty()), Metrics::default());
}

#[test]
fn regressions_begin_beyond_their_thresholds() {
    let baseline = Baseline {
        time_per_module: Duration::from_millis(100),
        quality: 80,
    };
    let of = |duration_us, modules, tests, quality| {
        let totals = Totals {
            modules_processed: modules,
            tests_generated: tests,
            quality,
            ..Totals::default()
        };
        regressions(duration_us, &totals, &baseline)
    };
    let (slower, worse) = (Regression::GenerationTime, Regression::TestQuality);
    // One and a half times the baseline for two modules are 300 ms.
    assert_eq!(of(300_000, 2, 0, 0), []);
    assert_eq!(of(300_001, 2, 0, 0), [slower]);
    // Nine tenths of the baseline for ten tests are 720.
    assert_eq!(of(0, 1, 10, 720), []);
    assert_eq!(of(0, 1, 10, 719), [worse]);
    assert_eq!(of(300_001, 2, 10, 719), [slower, worse]);
    // Without modules and tests there is no average.
    assert_eq!(of(u64::MAX, 0, 0, 0), []);
}

#[test]
fn export_reads_back_and_has_the_spans_of_its_agents() {
    let state = session(vec![
        (1_000, "lead", EventKind::SessionStarted),
        (2_000, "writer-1", EventKind::AgentStart { run: 1 }),
        (
            3_000,
            "writer-1",
            EventKind::TestGenerationStarted { module: 4 },
        ),
        (8_000, "writer-1", call(100)),
        (9_000, "writer-1", completed(4, 3, 270)),
        (
            9_500,
            "writer-1",
            EventKind::AgentError {
                run: 1,
                error: "no answer".to_owned(),
            },
        ),
        (9_900, "lead", EventKind::SessionEnded),
    ]);
    let file = export(&state);
    let text = serde_json::to_string(&file).expect("it has keys of texts only");
    let read: Export = serde_json::from_str(&text).expect("it was exported");
    assert_eq!(read, file);
    let names: Vec<&str> = file.spans.iter().map(|span| span.name.as_str()).collect();
    let expected = [
        "session",
        "invoke_agent writer-1",
        "test_generation_module-4",
        "chat large",
    ];
    assert_eq!(names, expected);
    let [root, agent, generation, chat] = file.spans.as_slice() else {
        panic!("not four spans");
    };
    assert_eq!(root.parent_span_id, None);
    for span in [agent, generation, chat] {
        assert_eq!(span.parent_span_id, Some(root.span_id));
        assert_eq!(span.trace_id, SESSION);
        assert!(root.start_us <= span.start_us && span.end_us <= root.end_us);
    }
    assert_eq!(agent.status, Status::Error("no answer".to_owned()));
    assert_eq!(agent.attributes["gen_ai.agent.name"], json!("writer-1"));
    assert_eq!((generation.start_us, generation.end_us), (3_000, 9_000));
    let attributes = [
        ("module.name", json!("module-4")),
        ("generator.version", json!("2.0")),
        ("framework", json!("testmaster")),
        ("tests.generated", json!(3)),
        ("quality.score", json!(270)),
    ];
    for (key, value) in attributes {
        assert_eq!(generation.attributes[key], value, "{key}");
    }
    assert_eq!(chat.attributes["gen_ai.usage.tokens"], json!(100));
    assert_eq!(chat.attributes["llm.cost_micros"], json!(3_000));
}

/// Type and payload stand beside each other, with the source and the time of the service.
#[test]
fn event_names_its_type_payload_time_and_source() {
    let state = session(vec![(
        1_500,
        "writer-2",
        EventKind::TestVerificationStarted { module: 4 },
    )]);
    let logged = serde_json::to_value(&state.events[0]).expect("JSON");
    let expected = json!({
        "at_us": 1_500,
        "event": {
            "id": "0",
            "source": "writer-2",
            "event_type": "test_verification_started",
            "payload": { "module": 4 },
        },
    });
    assert_eq!(logged, expected);
}
