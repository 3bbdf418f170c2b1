use std::collections::{BTreeMap, BTreeSet};

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::{Span, TracesData};
use rehearsal_history::wire::{check_stream, wire_profile};

use super::traces;
use crate::report::document::tests::document_of_kept_repro;

/// The spans of a text, as other programs read them.
fn decoded(text: &str) -> Vec<Span> {
    let decode = |line| serde_json::from_str::<TracesData>(line).expect("OTLP");
    let data = text.lines().map(decode);
    let resources = data.flat_map(|data| data.resource_spans);
    let scopes = resources.flat_map(|resource| resource.scope_spans);
    scopes.flat_map(|scope| scope.spans).collect()
}

fn attribute<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a str> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text),
        other => panic!("{key} is {other:?}"),
    }
}

#[test]
fn spans_decode_and_form_one_tree() {
    let document = document_of_kept_repro();
    let spans = decoded(&traces(&document));
    let run = &document.failing;
    assert_eq!(spans.len(), 1 + run.tasks.len() + run.spans.len());
    let by_id: BTreeMap<_, _> = spans.iter().map(|span| (&span.span_id, span)).collect();
    assert_eq!(by_id.len(), spans.len());
    let roots: Vec<_> = spans
        .iter()
        .filter(|span| span.parent_span_id.is_empty())
        .collect();
    let [root] = roots.as_slice() else {
        panic!("{roots:?}");
    };
    assert_eq!(root.name, document.target.name);
    let status = root.status.as_ref().expect("a status");
    assert_eq!(
        (status.code, &status.message),
        (2, &document.failure.message)
    );
    for span in &spans {
        assert_eq!(span.trace_id, root.trace_id);
        assert_eq!((span.trace_id.len(), span.span_id.len()), (16, 8));
        assert!(span.start_time_unix_nano <= span.end_time_unix_nano);
        assert!(span.start_time_unix_nano >= root.start_time_unix_nano);
        assert!(span.end_time_unix_nano <= root.end_time_unix_nano);
        let is_root = span.span_id == root.span_id;
        assert!(
            is_root || by_id.contains_key(&span.parent_span_id),
            "{span:?}"
        );
        for link in &span.links {
            assert!(by_id.contains_key(&link.span_id), "{link:?}");
            assert_ne!(link.span_id, span.span_id);
        }
    }
    assert!(spans.iter().any(|span| !span.links.is_empty()));
}

#[test]
fn runs_of_agents_have_the_attributes_for_generative_ai() {
    let document = document_of_kept_repro();
    let spans = decoded(&traces(&document));
    let agents: Vec<&Span> = spans
        .iter()
        .filter(|span| attribute(&span.attributes, "gen_ai.operation.name").is_some())
        .collect();
    assert!(!agents.is_empty());
    let expected: BTreeSet<&str> = document
        .failing
        .spans
        .iter()
        .map(|span| span.label.as_str())
        .collect();
    let named = agents
        .iter()
        .filter_map(|span| attribute(&span.attributes, "gen_ai.agent.name"));
    assert_eq!(named.collect::<BTreeSet<_>>(), expected);
    let events = agents.iter().flat_map(|span| &span.events);
    assert!(events.into_iter().any(|event| event.name == "sent"));
}

/// The deviation and the failure are in the file, once each.
#[test]
fn every_event_but_polls_and_packets_is_in_one_span() {
    let document = document_of_kept_repro();
    let spans = decoded(&traces(&document));
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for event in spans.iter().flat_map(|span| &span.events) {
        let kind = attribute(&event.attributes, "rehearsal.kind").expect("a kind");
        *counts.entry(kind).or_default() += 1;
    }
    let mut expected: BTreeMap<&str, usize> = BTreeMap::new();
    for event in &document.failing.events {
        *expected.entry(event.kind.as_str()).or_default() += 1;
    }
    for left_out in ["poll", "packet", "arrival"] {
        expected.remove(left_out);
    }
    assert_eq!(counts, expected);
    assert_eq!(counts["failure"], 1);
    assert_eq!(counts["deviation"], document.deviations.len());
}

#[test]
fn spans_follow_the_conventions_for_generative_ai() {
    let profile = wire_profile("otel-genai").expect("a profile");
    let mut stream = String::new();
    for line in traces(&document_of_kept_repro()).lines() {
        let data: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let spans = &data["resourceSpans"][0]["scopeSpans"][0]["spans"];
        for span in spans.as_array().expect("a list") {
            stream.push_str(&format!("{span}\n"));
        }
    }
    let found = check_stream(profile, stream.as_bytes()).expect("it is read");
    assert!(found.is_pass(), "{found:?}");
}
