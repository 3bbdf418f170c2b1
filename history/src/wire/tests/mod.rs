//! Each profile against streams that are made, and recognised, without its machine.
//!
//! A [`Sample`] has three things that share no code with the machine: a stream that passes
//! and one that fails for each rule, a generator of legal streams, and a recogniser that
//! decides about a whole stream by regular expressions over the letters of each id.

mod a2a;
mod ag_ui;
mod agent_client;
mod chat_completions;
mod cloud_events;
mod draws;
mod mcp_2025;
mod mcp_2026;
mod mutation;
mod otel_genai;
mod reading;
mod rpc;
mod spans;
mod window;
mod words;

use std::cell::Cell;
use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::Value as Json;

use super::{StreamFinding, WIRE_PROFILES, check_stream, wire_profile};
use draws::Draws;

/// The streams and the recogniser that a profile is compared with.
struct Sample {
    profile: &'static str,
    cases: fn() -> Vec<Case>,
    legal: fn(&mut Draws<'_>) -> Vec<Json>,
    recognises: fn(&[Json]) -> bool,
}

/// Two streams for one rule. The first rule that the failing one breaks is this one.
struct Case {
    rule: &'static str,
    passing: Vec<Json>,
    failing: Vec<Json>,
}

fn case(rule: &'static str, passing: Vec<Json>, failing: Vec<Json>) -> Case {
    Case {
        rule,
        passing,
        failing,
    }
}

/// Returns one message a line.
fn text_of(stream: &[Json]) -> String {
    stream
        .iter()
        .map(|message| format!("{message}\n"))
        .collect()
}

fn check(profile: &str, stream: &[Json]) -> StreamFinding {
    let profile = wire_profile(profile).expect("a profile of the table");
    check_stream(profile, text_of(stream).as_bytes()).expect("a text can be read")
}

fn breaks_nothing(finding: &StreamFinding) -> bool {
    finding.violations.is_empty() && finding.stop.is_none()
}

/// Legal streams, and mutations of them, of each profile.
const STREAMS: u32 = 10_000;

/// Returns the values that a generator draws from. The values after the last one are 0.
fn choices() -> impl Strategy<Value = Vec<u32>> {
    proptest::collection::vec(any::<u32>(), 0..160)
}

fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(STREAMS)
    }
}

fn legal_streams_pass(sample: &Sample) {
    proptest!(config(), |(choices in choices())| {
        let stream = (sample.legal)(&mut Draws::new(&choices));
        prop_assert!((sample.recognises)(&stream), "not recognised:\n{}", text_of(&stream));
        let finding = check(sample.profile, &stream);
        prop_assert!(breaks_nothing(&finding), "{finding:#?}\n{}", text_of(&stream));
    });
}

fn mutations_are_flagged_if_they_leave_the_language(sample: &Sample) {
    let (inside, outside) = (Cell::new(0), Cell::new(0));
    proptest!(config(), |(choices in choices(), mutation in any::<[u32; 6]>())| {
        let legal = (sample.legal)(&mut Draws::new(&choices));
        let (stream, what) = mutation::mutated(&legal, &mut Draws::new(&mutation));
        let is_legal = (sample.recognises)(&stream);
        let finding = check(sample.profile, &stream);
        prop_assert_eq!(
            breaks_nothing(&finding),
            is_legal,
            "{}: {:#?}\n{}",
            what,
            finding.violations,
            text_of(&stream)
        );
        let count = if is_legal { &inside } else { &outside };
        count.set(count.get() + 1);
    });
    let counts = (inside.get(), outside.get());
    assert!(
        counts.0 > 100 && counts.1 > 100,
        "inside and outside: {counts:?}"
    );
}

fn each_rule_has_a_stream_that_passes_and_one_that_fails(sample: &Sample) {
    let profile = wire_profile(sample.profile).expect("a profile of the table");
    let cases = (sample.cases)();
    let shown: BTreeSet<&str> = cases.iter().map(|case| case.rule).collect();
    let rules: BTreeSet<&str> = profile.rules().map(|rule| rule.name).collect();
    assert_eq!(shown, rules, "{}", profile.name);
    assert_eq!(
        rules.len(),
        profile.rules().count(),
        "each rule is listed once"
    );
    for case in cases {
        let passing = check(profile.name, &case.passing);
        assert!(passing.is_pass(), "{}: {passing:#?}", case.rule);
        assert!((sample.recognises)(&case.passing), "{}", case.rule);
        let failing = check(profile.name, &case.failing);
        let first = failing.violations.first();
        let first = first.unwrap_or_else(|| panic!("{} is not broken", case.rule));
        assert_eq!(first.rule.name, case.rule, "{failing:#?}");
        assert!(!(sample.recognises)(&case.failing), "{}", case.rule);
        for violation in &failing.violations {
            assert!(rules.contains(violation.rule.name), "{violation:?}");
        }
    }
}

/// Declares the tests of each sample.
macro_rules! samples {
    ($($name:ident: $sample:expr,)*) => {
        const SAMPLES: &[Sample] = &[$($sample,)*];

        $(
            mod $name {
                use super::*;

                #[test]
                fn legal_streams_pass() {
                    super::legal_streams_pass(&$sample);
                }

                #[test]
                fn mutations_are_flagged_if_they_leave_the_language() {
                    super::mutations_are_flagged_if_they_leave_the_language(&$sample);
                }

                #[test]
                fn each_rule_has_a_stream_that_passes_and_one_that_fails() {
                    super::each_rule_has_a_stream_that_passes_and_one_that_fails(&$sample);
                }
            }
        )*
    };
}

samples! {
    a2a_0_3: a2a::V0_3,
    a2a_1_0: a2a::V1_0,
    ag_ui_sdk: ag_ui::SDK,
    ag_ui_spec: ag_ui::SPEC,
    agent_client_protocol: agent_client::SAMPLE,
    streamed_chat: chat_completions::SAMPLE,
    cloudevents: cloud_events::SAMPLE,
    mcp_2025_11_25: mcp_2025::SAMPLE,
    mcp_2026_07_28: mcp_2026::SAMPLE,
    otel: otel_genai::SAMPLE,
    agent_events: spans::AGENT_EVENTS,
    agent_calls: spans::AGENT_CALLS,
    request_response: spans::REQUEST_RESPONSE,
}

#[test]
fn every_profile_has_a_sample() {
    let profiles: BTreeSet<&str> = WIRE_PROFILES.iter().map(|profile| profile.name).collect();
    let samples: BTreeSet<&str> = SAMPLES.iter().map(|sample| sample.profile).collect();
    assert_eq!(profiles, samples);
    assert_eq!(
        profiles.len(),
        WIRE_PROFILES.len(),
        "each name is there once"
    );
}
