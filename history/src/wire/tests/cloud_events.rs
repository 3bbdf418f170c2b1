use serde_json::{Value as Json, json};

use super::draws::Draws;
use super::words::{is_text, matches};
use super::{Case, Sample, case};

pub(super) const SAMPLE: Sample = Sample {
    profile: "cloudevents",
    cases,
    legal,
    recognises,
};

fn event(id: usize, sequence: usize) -> Json {
    json!({
        "id": format!("event-{id}"), "source": "/agents/1", "specversion": "1.0",
        "type": "agent.started", "sequence": format!("{sequence:08}"),
        "causationid": "event-0", "data": {"step": 1},
    })
}

fn with(field: &str, value: impl Into<Json>) -> Vec<Json> {
    let mut event = event(1, 1);
    event[field] = value.into();
    vec![event]
}

fn cases() -> Vec<Case> {
    let fine = || vec![event(1, 1), event(2, 2)];
    vec![
        case("missing-attribute", fine(), with("id", "")),
        case("other-version", fine(), with("specversion", "0.3")),
        case(
            "attribute-name",
            with("traceparent", "00"),
            with("traceParent", "00"),
        ),
        case("attribute-type", with("priority", 3), with("priority", 3.5)),
        case("two-data", fine(), with("data_base64", "AA==")),
        case(
            "reused-id",
            vec![event(1, 1), event(1, 1)],
            vec![event(1, 1), event(1, 2)],
        ),
        case("sequence", fine(), vec![event(1, 2), event(2, 1)]),
    ]
}

fn legal(draws: &mut Draws<'_>) -> Vec<Json> {
    let mut stream: Vec<Json> = Vec::new();
    let mut sequence = 0;
    for number in 0..draws.below(16) {
        if !stream.is_empty() && draws.one_in(5) {
            stream.push(draws.pick(&stream.clone()).clone());
            continue;
        }
        sequence += 1 + draws.below(3);
        let mut event = event(number, sequence);
        event["source"] = format!("/agents/{}", draws.below(3)).into();
        if draws.one_in(4) {
            event.as_object_mut().expect("an object").remove("sequence");
        }
        if draws.one_in(4) {
            event["sampled"] = true.into();
        }
        stream.push(event);
    }
    stream
}

fn is_event(event: &Json) -> bool {
    let needed = ["id", "source", "specversion", "type"];
    let is_attribute = |(name, value): (&String, &Json)| {
        let is_fine = match value {
            Json::Number(_) => value.as_i64().is_some_and(|n| n.unsigned_abs() < 1 << 31),
            Json::Array(_) | Json::Object(_) => false,
            _ => true,
        };
        name.starts_with("data") && matches("data(_base64)?", name)
            || is_fine && matches("[a-z0-9]+", name)
    };
    needed
        .iter()
        .all(|name| is_text(event, &format!("/{name}")) && event[name] != "")
        && event["specversion"] == "1.0"
        && event
            .as_object()
            .is_some_and(|event| event.iter().all(is_attribute))
        && !(event.get("data").is_some() && event.get("data_base64").is_some())
}

fn recognises(stream: &[Json]) -> bool {
    stream.iter().all(is_event)
        && (0..stream.len()).all(|later| {
            (0..later).all(|earlier| {
                let same = |field| stream[earlier][field] == stream[later][field];
                !(same("source") && same("id")) || stream[earlier] == stream[later]
            })
        })
        && (0..stream.len()).all(|index| {
            let is_new = !stream[..index].contains(&stream[index]);
            let own = stream[index]["sequence"]
                .as_str()
                .filter(|own| !own.is_empty());
            let above = stream[..index]
                .iter()
                .filter(|other| other["source"] == stream[index]["source"])
                .filter_map(|other| other["sequence"].as_str());
            !is_new || own.is_none_or(|own| above.into_iter().all(|other| other < own))
        })
}
