use std::collections::BTreeSet;

use rehearsal_sim::tokio::{self, task};
use rehearsal_sim::{Config, LogLine, Outcome, Recording, run};
use tracing::{debug, debug_span, info, info_span, trace};

use super::layer::subscriber;
use super::{Logs, check};

/// Returns the subscriber for a filter.
fn logs(filter: &str) -> Logs {
    Logs {
        subscriber: Some(subscriber(filter.parse().expect("a filter"))),
    }
}

/// Two tasks that take turns and log them.
async fn program() {
    let turns = ["first", "second"].map(|name| {
        tokio::spawn(async move {
            for turn in 0..2 {
                // The span ends before the other task has its turn.
                info_span!("turn", name, turn).in_scope(|| info!(left = 1 - turn, "taken"));
                debug!("given up");
                task::yield_now().await;
            }
        })
    });
    for turn in turns {
        turn.await.expect("no panic");
    }
}

fn recorded(recording: Recording, logs: Logs) -> Outcome<()> {
    let config = Config {
        recording,
        ..Config::default()
    };
    logs.during(|| run(config, |_| program()))
}

fn texts(lines: &[LogLine]) -> Vec<(&str, &str)> {
    let texts = lines.iter().map(|line| (line.level, line.text.as_str()));
    texts.collect()
}

#[test]
fn spans_and_events_are_lines_at_their_task_and_place() {
    let outcome = recorded(Recording::Full, logs("info"));
    let lines = &outcome.trace.logs;
    let first = [
        ("info", "begins turn{name=\"first\" turn=0}"),
        ("info", "turn{name=\"first\" turn=0}: taken left=1"),
        ("info", "ends turn{name=\"first\" turn=0}"),
    ];
    let at = texts(lines);
    let at = at.iter().position(|line| *line == first[0]);
    let at = at.unwrap_or_else(|| panic!("{lines:?}"));
    assert_eq!(texts(&lines[at..at + 3]), first);
    assert_eq!(lines.len(), 12, "{lines:?}");
    let tasks: BTreeSet<_> = lines.iter().filter_map(|line| line.task).collect();
    assert_eq!(tasks.len(), 2);
    assert!(
        lines
            .iter()
            .all(|line| line.effects <= outcome.trace.entries.len())
    );
    assert!(lines.is_sorted_by_key(|line| line.effects));
}

#[test]
fn filter_chooses_by_level_and_target() {
    let count = |filter: &str| recorded(Recording::Full, logs(filter)).trace.logs.len();
    assert_eq!(count("debug"), 16);
    assert_eq!(count("off"), 0);
    assert_eq!(count("elsewhere=debug"), 0);
    assert_eq!(count(&format!("off,{}=info", module_path!())), 12);
}

/// Neither the fingerprint nor anything else of a run depends on a subscriber.
#[test]
fn lines_are_no_part_of_the_run() {
    let with = recorded(Recording::Full, logs("trace"));
    let without = recorded(Recording::Full, Logs { subscriber: None });
    assert!(!with.trace.logs.is_empty() && without.trace.logs.is_empty());
    assert_eq!(with.fingerprint, without.fingerprint);
    assert_eq!(with.trace.entries, without.trace.entries);
    assert_eq!(with.statistics, without.statistics);
}

#[test]
fn run_that_is_not_recorded_formats_nothing() {
    struct Unformatted;
    impl std::fmt::Debug for Unformatted {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("formatted")
        }
    }
    let config = Config {
        recording: Recording::Fingerprint,
        ..Config::default()
    };
    let outcome = logs("trace").during(|| run(config, |_| async { info!(value = ?Unformatted) }));
    assert!(outcome.trace.logs.is_empty());
    assert_eq!(outcome.value, Some(()));
}

#[test]
fn lines_outside_a_run_are_lost_and_long_ones_cut() {
    let long = "ä".repeat(1_000);
    let config = Config {
        recording: Recording::Full,
        ..Config::default()
    };
    let outcome = logs("trace").during(|| {
        trace!("before");
        run(config, |_| async move {
            let span = debug_span!("outer", id = tracing::field::Empty);
            span.record("id", 7);
            span.in_scope(|| info!("{long}"));
        })
    });
    let lines = texts(&outcome.trace.logs);
    let [begins, event, ends] = lines.as_slice() else {
        panic!("{lines:?}");
    };
    assert_eq!(*begins, ("debug", "begins outer"));
    assert!(event.1.starts_with("outer{id=7}: ä") && event.1.ends_with('…'));
    assert!(event.1.len() <= 1_003);
    assert_eq!(*ends, ("debug", "ends outer{id=7}"));
}

#[test]
fn wrong_filter_is_an_error() {
    assert_eq!(check("info,hyper=off"), Ok(()));
    for wrong in ["my_crate=loud", "a=b=c"] {
        let error = check(wrong).expect_err(wrong);
        assert!(error.contains("is no filter"), "{error}");
    }
}
