use serde_json::{Value as Json, json};

use super::draws::Draws;
use super::words::{is_text, matches, values, word};
use super::{Case, Sample, case};

pub(super) const SAMPLE: Sample = Sample {
    profile: "chat-completions",
    cases,
    legal,
    recognises,
};

fn chunk(choices: &[Json]) -> Json {
    json!({"id": "r", "created": 1, "object": "chat.completion.chunk", "choices": choices})
}

fn text(index: usize) -> Json {
    json!({"index": index, "delta": {"content": "x"}, "finish_reason": null})
}

fn stop(index: usize) -> Json {
    json!({"index": index, "delta": {}, "finish_reason": "stop"})
}

fn call(delta: Json) -> Json {
    json!({"index": 0, "delta": {"tool_calls": [delta]}, "finish_reason": null})
}

fn called() -> Json {
    json!({"index": 0, "delta": {}, "finish_reason": "tool_calls"})
}

fn first_delta(index: usize, arguments: &str) -> Json {
    let function = json!({"name": "find", "arguments": arguments});
    json!({"index": index, "id": format!("call-{index}"), "function": function})
}

fn next_delta(index: usize, arguments: &str) -> Json {
    json!({"index": index, "function": {"arguments": arguments}})
}

fn usage() -> Json {
    let mut chunk = chunk(&[]);
    chunk["usage"] = json!({"total_tokens": 3});
    chunk
}

fn done() -> Json {
    "[DONE]".into()
}

fn response(choices: &[Json]) -> Vec<Json> {
    let chunks = choices
        .iter()
        .map(|choice| chunk(std::slice::from_ref(choice)));
    chunks.chain([done()]).collect()
}

fn cases() -> Vec<Case> {
    let whole = || response(&[text(0), stop(0)]);
    let mut other = whole();
    other[1]["id"] = "other".into();
    let mut unknown = whole();
    unknown[1]["choices"][0]["finish_reason"] = "tired".into();
    let mut other_call = next_delta(0, "}");
    other_call["id"] = "call-1".into();
    let calls = |second: Json| response(&[call(first_delta(0, "{")), call(second), called()]);
    let with_usage = |last: &[Json]| [&whole()[..2], &[usage()], last, &[done()]].concat();
    vec![
        case("not-a-chunk", whole(), vec![json!({"id": "r"}), done()]),
        case("other-response", [whole(), whole()].concat(), other),
        case("after-finish", whole(), response(&[stop(0), text(0)])),
        case("unknown-reason", whole(), unknown),
        case(
            "unnamed-call",
            calls(next_delta(0, "}")),
            response(&[call(next_delta(0, "{}")), called()]),
        ),
        case("other-call", calls(next_delta(0, "}")), calls(other_call)),
        case(
            "broken-arguments",
            calls(next_delta(0, "}")),
            calls(next_delta(0, "]")),
        ),
        case("unfinished", whole(), response(&[text(0)])),
        case("after-usage", with_usage(&[]), with_usage(&[usage()])),
        case(
            "done-without-chunk",
            vec![json!({"error": {"message": "no"}}), done()],
            [whole(), vec![done()]].concat(),
        ),
        case("not-done", whole(), whole()[..2].to_vec()),
    ]
}

fn legal(draws: &mut Draws<'_>) -> Vec<Json> {
    let mut stream = Vec::new();
    for number in 0..=draws.below(3) {
        let mut chunks = chunks(draws);
        if draws.one_in(3) {
            chunks.push(usage());
        }
        for chunk in &mut chunks {
            chunk["id"] = format!("response-{number}").into();
            chunk["created"] = (100 + number).into();
        }
        if draws.one_in(5) {
            chunks.truncate(draws.below(chunks.len()));
            chunks.push(json!({"error": {"message": "no"}}));
            if draws.one_in(2) {
                chunks.push(done());
            }
        } else {
            chunks.push(done());
        }
        stream.extend(chunks);
    }
    stream
}

/// Returns the chunks of one response: some choices, each with its deltas in order, mixed.
fn chunks(draws: &mut Draws<'_>) -> Vec<Json> {
    let mut choices: Vec<Vec<Json>> = (0..=draws.below(2))
        .map(|index| {
            let mut deltas = if index == 0 && draws.one_in(2) {
                calls(draws)
            } else {
                let mut deltas = vec![text(index); draws.below(4)];
                deltas.push(stop(index));
                deltas
            };
            deltas.reverse();
            deltas
        })
        .collect();
    let mut chunks = Vec::new();
    while !choices.is_empty() {
        let place = draws.below(choices.len());
        match choices[place].pop() {
            Some(choice) => chunks.push(chunk(&[choice])),
            None => drop(choices.remove(place)),
        }
    }
    chunks
}

/// Returns the deltas of tool calls that alternate; only the first one of each has an id.
fn calls(draws: &mut Draws<'_>) -> Vec<Json> {
    let mut calls: Vec<(usize, Vec<&str>)> = (0..=draws.below(3))
        .map(|index| {
            (
                index,
                draws.pick(&[vec!["{\"a\":", "1", "}"], vec!["{}"]]).clone(),
            )
        })
        .collect();
    let mut begun = Vec::new();
    let mut deltas = Vec::new();
    while !calls.is_empty() {
        let place = draws.below(calls.len());
        let (index, parts) = &mut calls[place];
        if parts.is_empty() {
            calls.remove(place);
            continue;
        }
        let part = parts.remove(0);
        deltas.push(call(if begun.contains(index) {
            next_delta(*index, part)
        } else {
            begun.push(*index);
            first_delta(*index, part)
        }));
    }
    deltas.push(called());
    deltas
}

fn letter(message: &Json) -> Option<char> {
    let choices = message.get("choices").and_then(Json::as_array);
    Some(match message {
        Json::String(_) => 'D',
        _ if message.get("error").is_some_and(Json::is_object) => 'E',
        _ if choices.is_some_and(Vec::is_empty) && message["usage"].is_object() => 'u',
        _ => 'c',
    })
}

fn recognises(stream: &[Json]) -> bool {
    let is_formed = |message: &Json| match message {
        Json::String(text) => text == "[DONE]",
        _ => letter(message) == Some('E') || is_chunk(message),
    };
    stream.iter().all(is_formed)
        && matches("((c+u?|u)D|c*u?ED?)*", &word(stream, letter))
        && responses(stream)
            .iter()
            .all(|response| is_response(response))
}

fn is_chunk(chunk: &Json) -> bool {
    let count = |value: &Json, field: &str| value.get(field).is_some_and(Json::is_u64);
    is_text(chunk, "/id")
        && count(chunk, "created")
        && chunk["object"] == "chat.completion.chunk"
        && chunk
            .get("choices")
            .and_then(Json::as_array)
            .is_some_and(|choices| {
                choices.iter().all(|choice| {
                    let calls = choice.pointer("/delta/tool_calls").and_then(Json::as_array);
                    let mut calls = calls.into_iter().flatten();
                    count(choice, "index")
                        && choice.get("delta").is_some_and(Json::is_object)
                        && calls.all(|call| count(call, "index"))
                })
            })
}

/// Splits the stream behind each end of a response.
fn responses(stream: &[Json]) -> Vec<Vec<Json>> {
    let ends = |message: &Json| matches!(letter(message), Some('D' | 'E'));
    stream.split_inclusive(ends).map(<[Json]>::to_vec).collect()
}

fn is_response(response: &[Json]) -> bool {
    let choices: Vec<Json> = response
        .iter()
        .filter_map(|chunk| chunk.get("choices").and_then(Json::as_array))
        .flatten()
        .cloned()
        .collect();
    let fails = response.iter().any(|message| letter(message) == Some('E'));
    values(response, "/id").len() <= 1
        && values(response, "/created").len() <= 1
        && values(&choices, "/index").iter().all(|index| {
            let own: Vec<Json> = choices
                .iter()
                .filter(|choice| choice["index"] == *index)
                .cloned()
                .collect();
            is_choice(&own, fails)
        })
}

fn is_choice(own: &[Json], fails: bool) -> bool {
    let finishes = word(own, |choice| {
        Some(match choice["finish_reason"].as_str() {
            None => 'x',
            Some("stop" | "length" | "tool_calls" | "content_filter" | "function_call") => 'f',
            Some(_) => '?',
        })
    });
    let deltas: Vec<Json> = own
        .iter()
        .filter_map(|choice| choice.pointer("/delta/tool_calls").and_then(Json::as_array))
        .flatten()
        .cloned()
        .collect();
    let parses = own
        .iter()
        .any(|choice| choice["finish_reason"] == "tool_calls");
    matches(if fails { "x*f?" } else { "x*f" }, &finishes)
        && values(&deltas, "/index").iter().all(|index| {
            let own: Vec<&Json> = deltas
                .iter()
                .filter(|delta| delta["index"] == *index)
                .collect();
            let arguments: String = own
                .iter()
                .filter_map(|delta| delta.pointer("/function/arguments")?.as_str())
                .collect();
            let first = own[0];
            let same = |delta: &&Json| !is_text(delta, "/id") || delta["id"] == first["id"];
            is_text(first, "/id")
                && is_text(first, "/function/name")
                && own.iter().all(same)
                && (!parses || serde_json::from_str::<Json>(&arguments).is_ok())
        })
}
