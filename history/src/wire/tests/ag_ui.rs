use serde_json::{Value as Json, json};

use super::draws::Draws;
use super::words::{is_text, matches, values, word};
use super::{Case, Sample, case};

pub(super) const SDK: Sample = Sample {
    profile: "ag-ui-sdk",
    cases: sdk_cases,
    legal: |draws| Generator::new(false).stream(draws),
    recognises: |stream| recognises(stream, false),
};

pub(super) const SPEC: Sample = Sample {
    profile: "ag-ui-spec",
    cases: spec_cases,
    legal: |draws| Generator::new(true).stream(draws),
    recognises: |stream| recognises(stream, true),
};

fn started() -> Json {
    json!({"type": "RUN_STARTED", "threadId": "t", "runId": "r"})
}

fn finished() -> Json {
    json!({"type": "RUN_FINISHED", "threadId": "t", "runId": "r"})
}

fn failed() -> Json {
    json!({"type": "RUN_ERROR", "message": "no"})
}

fn of(kind: &str) -> Json {
    json!({"type": kind})
}

fn message(kind: &str, id: &str) -> Json {
    json!({"type": kind, "messageId": id, "delta": "x", "role": "assistant"})
}

fn call(kind: &str, id: &str) -> Json {
    json!({
        "type": kind, "toolCallId": id, "toolCallName": "find", "messageId": "m0",
        "delta": "{}", "content": "found",
    })
}

fn step(kind: &str, name: &str) -> Json {
    json!({"type": kind, "stepName": name})
}

/// Returns a run with these events.
fn run(events: &[Json]) -> Vec<Json> {
    [&[started()], events, &[finished()]].concat()
}

fn sdk_cases() -> Vec<Case> {
    let text = |kinds: &[&str]| -> Vec<Json> {
        let events: Vec<Json> = kinds.iter().map(|kind| message(kind, "m")).collect();
        run(&events)
    };
    let whole = text(&[
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_CONTENT",
        "TEXT_MESSAGE_END",
    ]);
    vec![
        case("unknown-event", run(&[]), run(&[of("TEXT_MESSAGE_PAUSE")])),
        case(
            "missing-field",
            whole.clone(),
            run(&[of("TEXT_MESSAGE_START")]),
        ),
        case("not-started", run(&[]), vec![finished()]),
        case(
            "started-twice",
            [run(&[]), run(&[])].concat(),
            vec![started(), started(), finished()],
        ),
        case(
            "after-finish",
            [run(&[]), run(&[])].concat(),
            [run(&[]), vec![finished()]].concat(),
        ),
        case(
            "after-error",
            vec![started(), failed(), started(), finished()],
            vec![started(), failed(), finished()],
        ),
        case(
            "begun-twice",
            whole.clone(),
            text(&[
                "TEXT_MESSAGE_START",
                "TEXT_MESSAGE_START",
                "TEXT_MESSAGE_END",
            ]),
        ),
        case("not-open", whole.clone(), text(&["TEXT_MESSAGE_CONTENT"])),
        case("left-open", whole, text(&["TEXT_MESSAGE_START"])),
        case(
            "outside",
            run(&[
                of("THINKING_START"),
                of("THINKING_TEXT_MESSAGE_START"),
                of("THINKING_TEXT_MESSAGE_END"),
                of("THINKING_END"),
            ]),
            run(&[
                of("THINKING_TEXT_MESSAGE_START"),
                of("THINKING_TEXT_MESSAGE_END"),
            ]),
        ),
    ]
}

fn spec_cases() -> Vec<Case> {
    let called = [call("TOOL_CALL_START", "c"), call("TOOL_CALL_END", "c")];
    let result = call("TOOL_CALL_RESULT", "c");
    let delta = json!({"type": "STATE_DELTA", "delta": []});
    let snapshot = json!({"type": "STATE_SNAPSHOT", "snapshot": {}});
    let other = json!({"type": "RUN_FINISHED", "threadId": "t", "runId": "other"});
    let interrupt = |interrupts: Json| {
        let outcome = json!({"type": "interrupt", "interrupts": interrupts});
        let mut event = finished();
        event["outcome"] = outcome;
        vec![started(), event]
    };
    let mut cases = sdk_cases();
    cases.extend([
        case("unended", run(&[]), vec![started()]),
        case("other-run", run(&[]), vec![started(), other]),
        case(
            "result-without-call",
            run(&[&called[..], std::slice::from_ref(&result)].concat()),
            run(&[&called[..], &[result.clone(), result.clone()]].concat()),
        ),
        case(
            "chunk-without-id",
            run(&[message("TEXT_MESSAGE_CHUNK", "m"), of("TEXT_MESSAGE_CHUNK")]),
            run(&[of("TEXT_MESSAGE_CHUNK")]),
        ),
        case(
            "delta-before-snapshot",
            run(&[snapshot, delta.clone()]),
            run(&[delta]),
        ),
        case(
            "no-interrupt",
            interrupt(json!([{"id": "i"}])),
            interrupt(json!([])),
        ),
    ]);
    cases
}

/// A thing that starts, continues and ends: its events, and the field with its id.
type Part = ([&'static str; 3], &'static str);

const PARTS: [Part; 4] = [
    (
        [
            "TEXT_MESSAGE_START",
            "TEXT_MESSAGE_CONTENT",
            "TEXT_MESSAGE_END",
        ],
        "messageId",
    ),
    (
        ["TOOL_CALL_START", "TOOL_CALL_ARGS", "TOOL_CALL_END"],
        "toolCallId",
    ),
    (["STEP_STARTED", "", "STEP_FINISHED"], "stepName"),
    (
        [
            "REASONING_MESSAGE_START",
            "REASONING_MESSAGE_CONTENT",
            "REASONING_MESSAGE_END",
        ],
        "messageId",
    ),
];

fn event_of(part: usize, event: usize, id: &str) -> Json {
    let (kinds, field) = PARTS[part];
    match field {
        "messageId" => message(kinds[event], id),
        "toolCallId" => call(kinds[event], id),
        _ => step(kinds[event], id),
    }
}

/// A generator that walks through a run as the documentation describes it.
struct Generator {
    is_strict: bool,
    out: Vec<Json>,
    open: Vec<(usize, String)>,
    due: Vec<String>,
    thinking: usize,
    has_state: bool,
    ids: usize,
}

impl Generator {
    fn new(is_strict: bool) -> Self {
        Self {
            is_strict,
            out: Vec::new(),
            open: Vec::new(),
            due: Vec::new(),
            thinking: 0,
            has_state: false,
            ids: 0,
        }
    }

    fn stream(mut self, draws: &mut Draws<'_>) -> Vec<Json> {
        if !self.is_strict && draws.one_in(8) {
            self.out.push(failed());
        }
        for number in 0..=draws.below(3) {
            self.run(number, draws);
        }
        self.out
    }

    fn run(&mut self, number: usize, draws: &mut Draws<'_>) {
        let ids = json!({"threadId": "thread", "runId": format!("run-{number}")});
        let with_ids = |kind: &str| {
            let mut event = ids.clone();
            event["type"] = kind.into();
            event
        };
        let mut start = with_ids("RUN_STARTED");
        if draws.one_in(4) {
            start["input"] = json!({"state": {}});
            self.has_state = true;
        }
        self.out.push(start);
        for _ in 0..draws.below(14) {
            self.event(draws);
        }
        let fails = draws.one_in(4);
        if fails {
            self.out.push(failed());
        } else {
            while !self.open.is_empty() {
                let (part, id) = draws.take(&mut self.open);
                self.end(part, &id);
            }
            self.end_thinking();
            let mut finish = with_ids("RUN_FINISHED");
            let interrupts = draws.one_in(3);
            if interrupts {
                finish["outcome"] = json!({"type": "interrupt", "interrupts": [{"id": "i"}]});
            } else {
                self.due.clear();
            }
            self.out.push(finish);
        }
        if fails {
            self.due.clear();
            self.open.clear();
            self.thinking = 0;
        } else if !self.is_strict && draws.one_in(8) {
            self.out.push(failed());
            self.due.clear();
        }
    }

    fn end(&mut self, part: usize, id: &str) {
        self.out.push(event_of(part, 2, id));
        if PARTS[part].1 == "toolCallId" {
            self.due.push(id.to_owned());
        }
    }

    fn end_thinking(&mut self) {
        for _ in 0..std::mem::take(&mut self.thinking) {
            self.out.push(of("THINKING_END"));
        }
    }

    fn event(&mut self, draws: &mut Draws<'_>) {
        match draws.below(10) {
            0 | 1 => {
                let part = draws.below(PARTS.len());
                self.ids += 1;
                let id = format!("id-{}", self.ids);
                self.out.push(event_of(part, 0, &id));
                self.open.push((part, id));
            }
            2 | 3 if !self.open.is_empty() => {
                let (part, id) = draws.pick(&self.open).clone();
                if !PARTS[part].0[1].is_empty() {
                    self.out.push(event_of(part, 1, &id));
                }
            }
            4 if !self.open.is_empty() => {
                let (part, id) = draws.take(&mut self.open);
                self.end(part, &id);
            }
            5 if !self.due.is_empty() => {
                let id = draws.take(&mut self.due);
                self.out.push(call("TOOL_CALL_RESULT", &id));
            }
            6 => {
                self.has_state = true;
                self.out
                    .push(json!({"type": "STATE_SNAPSHOT", "snapshot": {"a": 1}}));
            }
            7 if self.has_state => self.out.push(json!({"type": "STATE_DELTA", "delta": []})),
            8 => {
                self.ids += 1;
                let id = format!("id-{}", self.ids);
                let chunk = [
                    "TEXT_MESSAGE_CHUNK",
                    "REASONING_MESSAGE_CHUNK",
                    "TOOL_CALL_CHUNK",
                ];
                let chunk = draws.pick(&chunk);
                let first = match *chunk {
                    "TOOL_CALL_CHUNK" => call(chunk, &id),
                    _ => message(chunk, &id),
                };
                self.out.extend([first, of(chunk)]);
                if *chunk == "TOOL_CALL_CHUNK" {
                    self.due.push(id);
                }
            }
            9 if self.thinking == 0 => {
                self.thinking = 1;
                self.out.push(of("THINKING_START"));
                if draws.one_in(2) {
                    self.out.push(of("THINKING_TEXT_MESSAGE_START"));
                    self.out
                        .push(json!({"type": "THINKING_TEXT_MESSAGE_CONTENT", "delta": ""}));
                    self.out.push(of("THINKING_TEXT_MESSAGE_END"));
                }
            }
            _ => self
                .out
                .push(json!({"type": "CUSTOM", "name": "n", "value": null})),
        }
    }
}

fn kind(event: &Json) -> &str {
    event["type"].as_str().unwrap_or_default()
}

/// Returns `true` if the event has the fields that its type demands.
fn is_complete(event: &Json) -> bool {
    let texts: &[&str] = match kind(event) {
        "RUN_STARTED" | "RUN_FINISHED" => &["threadId", "runId"],
        "RUN_ERROR" => &["message"],
        "STEP_STARTED" | "STEP_FINISHED" => &["stepName"],
        "TEXT_MESSAGE_START"
        | "TEXT_MESSAGE_END"
        | "REASONING_START"
        | "REASONING_END"
        | "REASONING_MESSAGE_START"
        | "REASONING_MESSAGE_END" => &["messageId"],
        "TEXT_MESSAGE_CONTENT" | "REASONING_MESSAGE_CONTENT" => &["messageId", "delta"],
        "TOOL_CALL_START" => &["toolCallId", "toolCallName"],
        "TOOL_CALL_ARGS" => &["toolCallId", "delta"],
        "TOOL_CALL_END" => &["toolCallId"],
        "TOOL_CALL_RESULT" => &["messageId", "toolCallId", "content"],
        "THINKING_TEXT_MESSAGE_CONTENT" => &["delta"],
        "STATE_SNAPSHOT" => return event.get("snapshot").is_some_and(|value| !value.is_null()),
        "STATE_DELTA" => return event["delta"].is_array(),
        "CUSTOM" => &["name"],
        "THINKING_START"
        | "THINKING_END"
        | "THINKING_TEXT_MESSAGE_START"
        | "THINKING_TEXT_MESSAGE_END"
        | "TEXT_MESSAGE_CHUNK"
        | "TOOL_CALL_CHUNK"
        | "REASONING_MESSAGE_CHUNK" => &[],
        _ => return false,
    };
    texts
        .iter()
        .all(|field| is_text(event, &format!("/{field}")))
}

fn letter_of_run(event: &Json) -> Option<char> {
    Some(match kind(event) {
        "RUN_STARTED" => 'S',
        "RUN_FINISHED" => 'F',
        "RUN_ERROR" => 'E',
        _ => 'x',
    })
}

/// Returns the letters s, c, e of one part, and F and E of its run.
fn letter_of_part(event: &Json, kinds: [&str; 3]) -> Option<char> {
    let letters = ['s', 'c', 'e'];
    let place = kinds.iter().position(|name| *name == kind(event));
    place.map(|place| letters[place]).or_else(|| {
        let letter = letter_of_run(event)?;
        "FE".contains(letter).then_some(letter)
    })
}

fn recognises(stream: &[Json], is_strict: bool) -> bool {
    let runs = if is_strict {
        "(Sx*(F|E))*"
    } else {
        "E?(Sx*(FE?|E))*(Sx*)?"
    };
    stream.iter().all(is_complete)
        && matches(runs, &word(stream, letter_of_run))
        && segments(stream).all(|run| {
            has_whole_parts(run, is_strict)
                && thinking_is_nested(run)
                && (!is_strict || ends_as_it_starts(run) && chunks_are_named(run))
        })
        && (!is_strict || results_are_due(stream) && deltas_have_a_state(stream))
}

/// Returns the runs of a stream, each from its start to the next one.
fn segments(stream: &[Json]) -> impl Iterator<Item = &[Json]> {
    let mut starts: Vec<usize> = (0..stream.len())
        .filter(|index| kind(&stream[*index]) == "RUN_STARTED")
        .collect();
    starts.push(stream.len());
    let ranges: Vec<(usize, usize)> = starts.windows(2).map(|pair| (pair[0], pair[1])).collect();
    ranges.into_iter().map(|(start, end)| &stream[start..end])
}

fn has_whole_parts(run: &[Json], is_strict: bool) -> bool {
    let whole = if is_strict {
        "(sc*e)*(F|(sc*)?E)"
    } else {
        "(sc*e)*(F?E?|sc*E?)"
    };
    let verified = if is_strict { 4 } else { 3 };
    let mut parts: Vec<Part> = PARTS[..verified].to_vec();
    if is_strict {
        parts.push((["REASONING_START", "", "REASONING_END"], "messageId"));
    }
    let with_ids = parts.iter().all(|(kinds, field)| {
        values(run, &format!("/{field}")).iter().all(|id| {
            let word = word(run, |event| {
                let letter = letter_of_part(event, *kinds)?;
                (event.get(field) == Some(id) || "FE".contains(letter)).then_some(letter)
            });
            // RUN_FINISHED and RUN_ERROR have none of these fields.
            matches(whole, &word)
        })
    });
    let single = [
        ["THINKING_START", "", "THINKING_END"],
        [
            "THINKING_TEXT_MESSAGE_START",
            "THINKING_TEXT_MESSAGE_CONTENT",
            "THINKING_TEXT_MESSAGE_END",
        ],
    ];
    // The SDK lets a run finish in the middle of thinking.
    let whole = if is_strict {
        whole
    } else {
        "(sc*e)*(sc*)?F?E?"
    };
    with_ids
        && single
            .iter()
            .all(|kinds| matches(whole, &word(run, |event| letter_of_part(event, *kinds))))
}

fn thinking_is_nested(run: &[Json]) -> bool {
    let word = word(run, |event| match kind(event) {
        "THINKING_START" => Some('T'),
        "THINKING_END" => Some('t'),
        "THINKING_TEXT_MESSAGE_START" => Some('s'),
        _ => None,
    });
    matches("(Ts*t)*(Ts*)?", &word)
}

fn ends_as_it_starts(run: &[Json]) -> bool {
    let (first, last) = (&run[0], &run[run.len() - 1]);
    let interrupts = last.pointer("/outcome/interrupts").and_then(Json::as_array);
    let interrupted = last.pointer("/outcome/type") == Some(&"interrupt".into());
    kind(last) != "RUN_FINISHED"
        || first["threadId"] == last["threadId"]
            && first["runId"] == last["runId"]
            && (!interrupted || interrupts.is_some_and(|list| !list.is_empty()))
}

/// Returns the chunks of a tool call that are its first one.
fn first_chunks(run: &[Json]) -> Vec<&Json> {
    let chunks: Vec<&Json> = run
        .iter()
        .filter(|event| kind(event) == "TOOL_CALL_CHUNK")
        .collect();
    let named = |chunk: &&&Json| is_text(chunk, "/toolCallId");
    (0..chunks.len())
        .filter(|index| {
            let before = chunks[..*index].iter().rfind(named);
            let own = Some(&chunks[*index]).filter(named);
            match (before, own) {
                (None, _) => true,
                (Some(before), Some(own)) => before["toolCallId"] != own["toolCallId"],
                (Some(_), None) => false,
            }
        })
        .map(|index| chunks[index])
        .collect()
}

fn chunks_are_named(run: &[Json]) -> bool {
    let is_named = |chunk: &Json| is_text(chunk, "/messageId");
    ["TEXT_MESSAGE_CHUNK", "REASONING_MESSAGE_CHUNK"]
        .iter()
        .all(|name| {
            run.iter()
                .find(|event| kind(event) == *name)
                .is_none_or(is_named)
        })
        && first_chunks(run)
            .iter()
            .all(|chunk| is_text(chunk, "/toolCallId") && is_text(chunk, "/toolCallName"))
}

fn results_are_due(stream: &[Json]) -> bool {
    let first_chunks: Vec<&Json> = segments(stream).flat_map(first_chunks).collect();
    values(stream, "/toolCallId").iter().all(|id| {
        let word = word(stream, |event| {
            let is_own = event.get("toolCallId") == Some(id);
            let is_first = first_chunks.iter().any(|chunk| std::ptr::eq(*chunk, event));
            match kind(event) {
                "TOOL_CALL_END" if is_own => Some('a'),
                "TOOL_CALL_CHUNK" if is_own && is_first => Some('a'),
                "TOOL_CALL_RESULT" if is_own => Some('r'),
                "RUN_ERROR" => Some('X'),
                "RUN_FINISHED" => {
                    let interrupts = event.pointer("/outcome/type") == Some(&"interrupt".into());
                    (!interrupts).then_some('X')
                }
                _ => None,
            }
        });
        matches("(a*X|a+r)*a*", &word)
    })
}

fn deltas_have_a_state(stream: &[Json]) -> bool {
    let word = word(stream, |event| {
        let input = event
            .pointer("/input/state")
            .filter(|state| !state.is_null());
        match kind(event) {
            "STATE_SNAPSHOT" => Some('s'),
            "RUN_STARTED" if input.is_some() => Some('s'),
            "STATE_DELTA" => Some('d'),
            _ => None,
        }
    });
    matches("(s.*)?", &word)
}
