use serde_json::{Value as Json, json};

use super::draws::Draws;
use super::words::{is_id, is_text, matches, values, word};
use super::{Case, Sample, case};

pub(super) const AGENT_EVENTS: Sample = Sample {
    profile: "agent-events",
    cases: cases_of_events,
    legal: |draws| interleaved(draws, run_of_agent),
    recognises: |stream| recognises(stream, &EVENTS),
};

pub(super) const AGENT_CALLS: Sample = Sample {
    profile: "agent-calls",
    cases: cases_of_calls,
    legal: |draws| interleaved(draws, call_of_agent),
    recognises: |stream| recognises(stream, &CALLS),
};

pub(super) const REQUEST_RESPONSE: Sample = Sample {
    profile: "request-response",
    cases: cases_of_requests,
    legal: |draws| interleaved(draws, request),
    recognises: |stream| recognises(stream, &REQUESTS),
};

fn of(kind: &str) -> Json {
    json!({"span": "s", "kind": kind, "fields": {}})
}

fn with(kind: &str, field: &str, value: impl Into<Json>) -> Json {
    let mut message = of(kind);
    message["fields"][field] = value.into();
    message
}

fn whole_run(events: &[Json]) -> Vec<Json> {
    [&[of("agent_started")], events, &[of("agent_completed")]].concat()
}

fn cases_of_parts(around: fn(&[Json]) -> Vec<Json>) -> Vec<Case> {
    let (begin, end) = (
        with("tool_executing", "call", 1),
        with("tool_completed", "call", 1),
    );
    let whole = || around(&[begin.clone(), end.clone()]);
    vec![
        case("unnamed", whole(), around(&[of("tool_executing")])),
        case("unknown-kind", whole(), around(&[of("tool_abandoned")])),
        case(
            "after-end",
            whole(),
            [whole(), vec![with("tool_executing", "call", 2)]].concat(),
        ),
        case(
            "begun-twice",
            whole(),
            around(&[begin.clone(), begin.clone(), end.clone()]),
        ),
        case(
            "begun-after-end",
            whole(),
            around(&[begin.clone(), end.clone(), begin.clone(), end.clone()]),
        ),
        case(
            "ended-twice",
            whole(),
            around(&[begin.clone(), end.clone(), end.clone()]),
        ),
        case(
            "ended-before-begin",
            whole(),
            around(std::slice::from_ref(&end)),
        ),
        case("left-open", whole(), around(std::slice::from_ref(&begin))),
    ]
}

fn cases_of_events() -> Vec<Case> {
    let progress = |number: i64| with("progress", "progress", number);
    let error = with("agent_error", "error", "no");
    let mut cases = cases_of_parts(whole_run);
    cases.extend([
        case("opening", whole_run(&[]), vec![of("agent_completed")]),
        case(
            "not-increasing",
            whole_run(&[progress(1), progress(2)]),
            whole_run(&[progress(1), progress(1)]),
        ),
        case(
            "unexplained",
            vec![of("agent_started"), error],
            vec![of("agent_started"), of("agent_error")],
        ),
        case("unended", whole_run(&[]), vec![of("agent_started")]),
    ]);
    cases
}

fn cases_of_calls() -> Vec<Case> {
    let around = |events: &[Json]| [events, &[of("response")]].concat();
    let step = |number: i64| with("progress", "step", number);
    let mut cases = cases_of_parts(around);
    cases.push(case(
        "not-increasing",
        around(&[step(1), step(2)]),
        around(&[step(2), step(1)]),
    ));
    cases
}

fn cases_of_requests() -> Vec<Case> {
    let other = json!({"span": 2, "kind": "response", "fields": {}});
    vec![
        case(
            "unnamed",
            vec![of("response")],
            vec![json!({"kind": "response"})],
        ),
        case("unknown-kind", vec![of("response")], vec![of("request")]),
        case(
            "after-end",
            vec![of("response"), other],
            vec![of("response"), of("response")],
        ),
    ]
}

/// Mixes the messages of some spans, each in its order.
fn interleaved(draws: &mut Draws<'_>, span: fn(&mut Draws<'_>) -> Vec<Json>) -> Vec<Json> {
    let mut spans: Vec<std::vec::IntoIter<Json>> = (0..1 + draws.below(4))
        .map(|number| {
            let mut messages = span(draws);
            for message in &mut messages {
                message["span"] = format!("span-{number}").into();
            }
            messages.into_iter()
        })
        .collect();
    let mut stream = Vec::new();
    while !spans.is_empty() {
        let index = draws.below(spans.len());
        match spans[index].next() {
            Some(message) => stream.push(message),
            None => drop(spans.remove(index)),
        }
    }
    stream
}

/// Steps and tool calls in any order; each call begins before it ends. Ends them all if
/// `all` is set.
fn work(draws: &mut Draws<'_>, step: &str, all: bool) -> Vec<Json> {
    let (mut out, mut open, mut number) = (Vec::new(), Vec::new(), 0_i64);
    for _ in 0..draws.below(8) {
        number += 1 + i64::from(draws.one_in(3));
        match draws.below(3) {
            0 => out.push(with("progress", step, number)),
            1 => {
                out.push(with("tool_executing", "call", number));
                open.push(number);
            }
            _ if open.is_empty() => {}
            _ => out.push(with("tool_completed", "call", draws.take(&mut open))),
        }
    }
    let left = if all { open } else { Vec::new() };
    out.extend(
        left.into_iter()
            .map(|call| with("tool_completed", "call", call)),
    );
    out
}

fn run_of_agent(draws: &mut Draws<'_>) -> Vec<Json> {
    let end = draws.below(3);
    let terminal = match end {
        0 => of("agent_completed"),
        1 => with("agent_error", "error", "no"),
        _ => of("agent_death"),
    };
    if end > 0 && draws.one_in(4) {
        return vec![terminal];
    }
    let mut events = work(draws, "progress", end == 0);
    if draws.one_in(2) {
        events.insert(0, of("agent_thinking"));
    }
    if draws.one_in(2) {
        events.push(with("subagent_started", "subagent", "run-9"));
        events.push(with("subagent_completed", "subagent", "run-9"));
    }
    [vec![of("agent_started")], events, vec![terminal]].concat()
}

fn call_of_agent(draws: &mut Draws<'_>) -> Vec<Json> {
    let responds = !draws.one_in(3);
    let mut events = work(draws, "step", responds);
    if responds {
        events.push(of("response"));
    }
    events
}

fn request(_draws: &mut Draws<'_>) -> Vec<Json> {
    vec![of("response")]
}

/// The language of one profile.
struct Language {
    kinds: &'static [&'static str],
    /// The kinds of all messages of a span: b begins it, C completes it, X ends it otherwise.
    span: &'static str,
    letters: fn(&str) -> char,
    /// The field of `progress`.
    number: &'static str,
}

const EVENTS: Language = Language {
    kinds: &[
        "agent_started",
        "agent_thinking",
        "tool_executing",
        "tool_completed",
        "progress",
        "subagent_started",
        "subagent_completed",
        "agent_completed",
        "agent_error",
        "agent_death",
    ],
    span: "bx*(C|X)|X",
    letters: |kind| match kind {
        "agent_started" => 'b',
        "agent_completed" => 'C',
        "agent_error" | "agent_death" => 'X',
        _ => 'x',
    },
    number: "progress",
};

const CALLS: Language = Language {
    kinds: &["progress", "tool_executing", "tool_completed", "response"],
    span: "x*C?",
    letters: |kind| if kind == "response" { 'C' } else { 'x' },
    number: "step",
};

const REQUESTS: Language = Language {
    kinds: &["response"],
    span: "C?",
    letters: |_| 'C',
    number: "",
};

fn kind(message: &Json) -> &str {
    message["kind"].as_str().unwrap_or_default()
}

fn recognises(stream: &[Json], language: &Language) -> bool {
    let is_known = |message: &Json| {
        is_id(message, "/span")
            && language.kinds.contains(&kind(message))
            && is_named(message, language)
    };
    stream.iter().all(is_known)
        && values(stream, "/span").iter().all(|span| {
            let own = stream.iter().filter(|message| message["span"] == *span);
            let own: Vec<Json> = own.cloned().collect();
            is_span(&own, language)
        })
}

fn is_named(message: &Json, language: &Language) -> bool {
    let field = |name: &str| format!("/fields/{name}");
    let is_integer = |name: &str| message.pointer(&field(name)).is_some_and(Json::is_i64);
    match kind(message) {
        "tool_executing" | "tool_completed" => is_integer("call"),
        "progress" => is_integer(language.number),
        "subagent_started" | "subagent_completed" => is_id(message, &field("subagent")),
        "agent_error" => is_text(message, &field("error")) && message["fields"]["error"] != "",
        _ => true,
    }
}

fn is_span(own: &[Json], language: &Language) -> bool {
    let letter = |message: &Json| Some((language.letters)(kind(message)));
    let numbers = own.iter().filter(|message| kind(message) == "progress");
    let numbers: Vec<i64> = numbers
        .filter_map(|message| message["fields"][language.number].as_i64())
        .collect();
    matches(language.span, &word(own, letter))
        && numbers.windows(2).all(|pair| pair[0] < pair[1])
        && are_whole(own, language, "call", ["tool_executing", "tool_completed"])
        && are_whole(
            own,
            language,
            "subagent",
            ["subagent_started", "subagent_completed"],
        )
}

/// Returns `true` if each part begins once, then ends once, and has ended when the span
/// completes.
fn are_whole(own: &[Json], language: &Language, field: &str, kinds: [&str; 2]) -> bool {
    let path = format!("/fields/{field}");
    values(own, &path).iter().all(|id| {
        let word = word(own, |message| {
            let is_own = message.pointer(&path) == Some(id);
            match kind(message) {
                name if name == kinds[0] && is_own => Some('s'),
                name if name == kinds[1] && is_own => Some('e'),
                name if (language.letters)(name) == 'C' => Some('C'),
                _ => None,
            }
        });
        matches("(se)?C?|s", &word)
    })
}
