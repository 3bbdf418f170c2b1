//! Chat completions, streamed: the chunks of one response after the other, each response
//! ended by `[DONE]` or by an object with an `error`.

use serde_json::Value as Json;

use super::check::DONE;
use super::fields::{Form, Needed, at, id, lacks, quoted, text};
use super::open::{Id, OpenIds};
use super::{Findings, WireMachine, WireProfile, WireRule};

const CHUNK: &str = "The chat completion chunk object";

const NOT_A_CHUNK: WireRule = WireRule::new(
    "not-a-chunk",
    CHUNK,
    "A message is no chunk: a field is missing or has another form.",
);
const OTHER_RESPONSE: WireRule = WireRule::new(
    "other-response",
    "The chat completion chunk object, id and created",
    "A chunk has another `id` or `created` than the first one of its response.",
);
const AFTER_FINISH: WireRule = WireRule::new(
    "after-finish",
    "The chat completion chunk object, choices.finish_reason",
    "A choice goes on after its `finish_reason`.",
);
const UNKNOWN_REASON: WireRule = WireRule::new(
    "unknown-reason",
    "The chat completion chunk object, choices.finish_reason",
    "A `finish_reason` is none of the reasons that there are.",
);
const UNNAMED_CALL: WireRule = WireRule::new(
    "unnamed-call",
    "The chat completion chunk object, choices.delta.tool_calls",
    "The first delta of a tool call has no `id` or no name of a function.",
);
const OTHER_CALL: WireRule = WireRule::new(
    "other-call",
    "The chat completion chunk object, choices.delta.tool_calls",
    "A later delta of a tool call has another `id` than the first one at its index.",
);
const BROKEN_ARGUMENTS: WireRule = WireRule::new(
    "broken-arguments",
    "The chat completion chunk object, choices.delta.tool_calls.function.arguments",
    "The arguments of a tool call are not JSON when its choice finishes with `tool_calls`.",
);
const UNFINISHED: WireRule = WireRule::new(
    "unfinished",
    "The chat completion chunk object, choices.finish_reason",
    "A response ends while a choice has no `finish_reason`.",
);
const AFTER_USAGE: WireRule = WireRule::new(
    "after-usage",
    "stream_options.include_usage",
    "A chunk follows the one with the usage, which is the last.",
);
const DONE_WITHOUT_CHUNK: WireRule = WireRule::new(
    "done-without-chunk",
    "stream",
    "`[DONE]` ends a response that has no chunk.",
);
const NOT_DONE: WireRule = WireRule::new(
    "not-done",
    "stream",
    "The stream ends before the `[DONE]` of its response.",
);

pub(super) const PROFILE: WireProfile = WireProfile {
    name: "chat-completions",
    claim: "streamed chat completions, each ended by [DONE]",
    specification: "OpenAI API, openapi 2.3.0, Chat Completions streaming",
    rules: &[&[
        NOT_A_CHUNK,
        OTHER_RESPONSE,
        AFTER_FINISH,
        UNKNOWN_REASON,
        UNNAMED_CALL,
        OTHER_CALL,
        BROKEN_ARGUMENTS,
        UNFINISHED,
        AFTER_USAGE,
        DONE_WITHOUT_CHUNK,
        NOT_DONE,
    ]],
    machine: || Box::new(Completions::new()),
};

const REASONS: [&str; 5] = [
    "stop",
    "length",
    "tool_calls",
    "content_filter",
    "function_call",
];

/// Bytes of arguments that are kept for all open tool calls together.
const ARGUMENT_BYTES_MAX: usize = 16 << 20;

const NEEDED: &[Needed] = &[
    Needed("id", Form::Text),
    Needed("created", Form::Count),
    Needed("object", Form::Text),
    Needed("choices", Form::List),
];
const CHOICE: &[Needed] = &[Needed("index", Form::Count), Needed("delta", Form::Object)];
const CALL: &[Needed] = &[Needed("index", Form::Count)];

/// The response that the stream carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Response {
    /// None yet, or the one before was done.
    None,
    /// Chunks of the response with this id and time of creation.
    Open { key: Id, has_usage: bool },
    /// An error ended it; `[DONE]` may follow.
    Failed,
}

struct Choice {
    finished: bool,
    first_line: u64,
}

struct Call {
    choice: Id,
    id: Id,
    arguments: String,
}

struct Completions {
    response: Response,
    choices: OpenIds<Choice>,
    calls: OpenIds<Call>,
    /// Bytes of the arguments of all calls.
    argument_bytes: usize,
}

impl Completions {
    fn new() -> Self {
        Self {
            response: Response::None,
            choices: OpenIds::new("choices"),
            calls: OpenIds::new("tool calls"),
            argument_bytes: 0,
        }
    }

    fn leave(&mut self, response: Response) {
        self.response = response;
        self.choices.clear();
        self.calls.clear();
        self.argument_bytes = 0;
    }

    fn done(&mut self, findings: &mut Findings) {
        match self.response {
            Response::None => {
                findings.broken(DONE_WITHOUT_CHUNK, || "no chunk came before".to_owned());
            }
            Response::Open { .. } => self.check_finished(findings),
            Response::Failed => {}
        }
        self.leave(Response::None);
    }

    fn check_finished(&self, findings: &mut Findings) {
        for choice in self.choices.values().filter(|choice| !choice.finished) {
            let line = choice.first_line;
            findings.broken(UNFINISHED, || {
                format!("the choice that begins in line {line} has no `finish_reason`")
            });
        }
    }

    fn chunk(&mut self, chunk: &Json, findings: &mut Findings) {
        if let Some(complaint) = not_a_chunk(chunk) {
            findings.broken(NOT_A_CHUNK, || complaint);
            return;
        }
        let (Some(name), Some(created)) = (id(chunk, "id"), id(chunk, "created")) else {
            return;
        };
        let choices = at(chunk, "choices").and_then(Json::as_array);
        let choices = choices.map(Vec::as_slice).unwrap_or_default();
        let key = Id::pair(name, created);
        let mut has_usage = choices.is_empty() && chunk.get("usage").is_some_and(Json::is_object);
        if let Response::Open {
            key: first,
            has_usage: had_usage,
        } = self.response
        {
            if first != key {
                findings.broken(OTHER_RESPONSE, || {
                    "its `id` or `created` is not that of the first chunk".to_owned()
                });
            }
            if had_usage {
                findings.broken(AFTER_USAGE, || "the usage came before it".to_owned());
            }
            has_usage |= had_usage;
        }
        self.response = Response::Open { key, has_usage };
        for choice in choices {
            self.choice(choice, findings);
        }
    }

    fn choice(&mut self, choice: &Json, findings: &mut Findings) {
        let Some(index) = id(choice, "index") else {
            return;
        };
        match self.choices.get(index) {
            Some(Choice { finished: true, .. }) => {
                findings.broken(AFTER_FINISH, || {
                    format!("choice {} had finished", choice["index"])
                });
                return;
            }
            Some(_) => {}
            None => {
                let state = Choice {
                    finished: false,
                    first_line: findings.line(),
                };
                self.choices.open(index, state, findings);
            }
        }
        let calls = at(choice, "delta.tool_calls").and_then(Json::as_array);
        for call in calls.into_iter().flatten() {
            self.call(index, call, findings);
        }
        if let Some(reason) = text(choice, "finish_reason") {
            self.finish(index, reason, findings);
        }
    }

    fn call(&mut self, choice: Id, delta: &Json, findings: &mut Findings) {
        let Some(index) = id(delta, "index") else {
            return;
        };
        let key = Id::pair(choice, index);
        let name = text(delta, "id").map(Id::text);
        match self.calls.get(key).map(|call| call.id) {
            None => {
                let Some(name) = name.filter(|_| text(delta, "function.name").is_some()) else {
                    findings.broken(UNNAMED_CALL, || {
                        format!("tool call {} begins without them", delta["index"])
                    });
                    return;
                };
                let call = Call {
                    choice,
                    id: name,
                    arguments: String::new(),
                };
                self.calls.open(key, call, findings);
            }
            Some(first) if name.is_some_and(|name| name != first) => {
                findings.broken(OTHER_CALL, || {
                    let name = quoted(text(delta, "id").unwrap_or_default());
                    format!("tool call {} is now {name}", delta["index"])
                });
            }
            Some(_) => {}
        }
        let arguments = text(delta, "function.arguments").unwrap_or_default();
        self.argument_bytes += arguments.len();
        if self.argument_bytes > ARGUMENT_BYTES_MAX {
            findings.exhausted(format!(
                "open tool calls have more than {ARGUMENT_BYTES_MAX} bytes of arguments"
            ));
        } else if let Some(call) = self.calls.get_mut(key) {
            call.arguments.push_str(arguments);
        }
    }

    fn finish(&mut self, index: Id, reason: &str, findings: &mut Findings) {
        if !REASONS.contains(&reason) {
            findings.broken(UNKNOWN_REASON, || format!("{} is none", quoted(reason)));
        }
        if let Some(choice) = self.choices.get_mut(index) {
            choice.finished = true;
        }
        for call in self.calls.take_if(|call| call.choice == index) {
            self.argument_bytes -= call.arguments.len();
            let is_json = serde_json::from_str::<serde::de::IgnoredAny>(&call.arguments).is_ok();
            if reason == "tool_calls" && !is_json {
                findings.broken(BROKEN_ARGUMENTS, || {
                    format!("{} is not JSON", quoted(&call.arguments))
                });
            }
        }
    }
}

/// Returns the complaint about a chunk with a field that is missing or has another form.
fn not_a_chunk(chunk: &Json) -> Option<String> {
    if let Some(complaint) = lacks(chunk, NEEDED) {
        return Some(complaint);
    }
    if text(chunk, "object") != Some("chat.completion.chunk") {
        return Some("its `object` is not `chat.completion.chunk`".to_owned());
    }
    let choices = at(chunk, "choices").and_then(Json::as_array)?;
    choices.iter().find_map(|choice| {
        let calls = at(choice, "delta.tool_calls").and_then(Json::as_array);
        let mut calls = calls.into_iter().flatten();
        lacks(choice, CHOICE).or_else(|| calls.find_map(|call| lacks(call, CALL)))
    })
}

impl WireMachine for Completions {
    fn step(&mut self, message: &Json, findings: &mut Findings) {
        if message == DONE {
            self.done(findings);
        } else if message.get("error").is_some_and(Json::is_object) {
            self.leave(Response::Failed);
        } else {
            self.chunk(message, findings);
        }
    }

    fn end(&mut self, findings: &mut Findings) {
        if let Response::Open { .. } = self.response {
            findings.broken(NOT_DONE, || "`[DONE]` is missing".to_owned());
        }
    }
}
