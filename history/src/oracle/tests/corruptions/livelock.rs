//! Spans that go on without progress.

use super::super::builder::{HistoryBuilder, kind};
use super::super::healthy::{DATA, healthy_history};
use super::Case;
use crate::oracle::{OracleRef, SettingValue, Settings};

/// Has a span come to one state that often, beyond the healthy run.
fn repeat(builder: &mut HistoryBuilder, times: u32) {
    for _ in 0..times {
        builder.emit(DATA, kind::THINKING);
    }
}

fn violations(times: u32, settings: &[(&str, SettingValue)]) -> usize {
    let mut builder = healthy_history();
    repeat(&mut builder, times);
    let mut given = Settings::default();
    for (name, value) in settings {
        given.set(*name, value.clone());
    }
    let oracle = OracleRef::parse("livelock").expect("such an oracle");
    builder.with_run(|run| oracle.judge(run, &given).violations.len())
}

#[test]
fn repeats_are_counted_from_the_second_message_on() {
    let repeats = |most: u64| ("repeats", SettingValue::Number(most));
    let healthy = healthy_history();
    let before = healthy.with_run(|run| {
        let sendings = run.messages().of_span(DATA);
        sendings
            .filter(|sent| *sent.kind() == kind::THINKING)
            .count()
    });
    assert_eq!(before, 1, "the healthy run shows the state once");
    assert_eq!(violations(5, &[repeats(5)]), 0);
    assert_eq!(violations(6, &[repeats(5)]), 1);
    assert_eq!(violations(60, &[repeats(5)]), 1, "one for each state");
    assert_eq!(violations(30, &[]), 0);
    assert_eq!(violations(31, &[]), 1);
}

#[test]
fn other_kinds_of_messages_show_no_state_if_one_is_named() {
    let of = |kind: &str| ("of", SettingValue::Text(kind.to_owned()));
    assert_eq!(violations(40, &[of(kind::THINKING)]), 1);
    assert_eq!(violations(40, &[of(kind::TOOL_EXECUTING)]), 0);
}

pub(super) const LIVELOCK: &[Case] = &[Case {
    name: "a span that comes to one state for ever",
    oracle: "livelock",
    rule: "no-progress",
    corrupt: |builder| repeat(builder, 40),
    says: &["run-4", "has come to the same state 32 times"],
}];
