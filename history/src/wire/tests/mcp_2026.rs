use serde_json::{Value as Json, json};

use super::draws::Draws;
use super::rpc::{self, line, request_of, response_to};
use super::{Case, Sample, case};

pub(super) const SAMPLE: Sample = Sample {
    profile: "mcp-2026-07-28",
    cases,
    legal: |draws| Generator::default().stream(draws),
    recognises,
};

const SERVER: &str = "server";
const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

fn request(id: usize, method: &str, params: Json) -> Json {
    let mut params = params;
    params["_meta"][VERSION] = "2026-07-28".into();
    params["_meta"][CAPABILITIES] = json!({});
    line(
        "client",
        json!({"id": id, "method": method, "params": params}),
    )
}

fn result(id: usize, kind: &str, members: Json) -> Json {
    let mut result = members;
    result["resultType"] = kind.into();
    line("server", json!({"id": id, "result": result}))
}

fn done(id: usize) -> Json {
    result(id, "complete", json!({}))
}

fn notice(from: &str, method: &str, params: Json) -> Json {
    let method = format!("notifications/{method}");
    line(from, json!({"method": method, "params": params}))
}

fn call(id: usize) -> Json {
    request(id, "tools/call", json!({"_meta": {"progressToken": id}}))
}

fn progress(token: usize, progress: u32) -> Json {
    notice(
        "server",
        "progress",
        json!({"progressToken": token, "progress": progress}),
    )
}

fn cancelled(from: &str, id: usize) -> Json {
    notice(from, "cancelled", json!({"requestId": id}))
}

fn listen(id: usize) -> Json {
    let filter = json!({"toolsListChanged": true, "resourceSubscriptions": ["file:///a"]});
    request(id, "subscriptions/listen", json!({"notifications": filter}))
}

fn delivered(id: usize, kind: &str) -> Json {
    notice("server", kind, json!({"_meta": {SUBSCRIPTION: id}}))
}

fn acknowledged(id: usize) -> Json {
    delivered(id, "subscriptions/acknowledged")
}

fn cases() -> Vec<Case> {
    let whole = || vec![call(1), progress(1, 1), done(1)];
    let listening = |messages: &[Json]| [&[listen(1), acknowledged(1)], messages].concat();
    let tools = || delivered(1, "tools/list_changed");
    let bare = line(
        "client",
        json!({"id": 1, "method": "tools/list", "params": {}}),
    );
    let untyped = line("server", json!({"id": 1, "result": {}}));
    let asked = |members: Json| vec![call(1), result(1, "input_required", members)];
    let retried = |state: &str| {
        let retry = request(2, "tools/call", json!({"requestState": state}));
        [asked(json!({"requestState": "state"})), vec![retry]].concat()
    };
    vec![
        case("malformed", whole(), vec![json!({"from": "server"})]),
        case(
            "reused-id",
            [whole(), whole()].concat(),
            vec![call(1), call(1)],
        ),
        case(
            "unknown-response",
            vec![call(1), cancelled("client", 1), done(1)],
            vec![done(1)],
        ),
        case(
            "unknown-cancel",
            [whole(), vec![cancelled("client", 1)]].concat(),
            vec![cancelled("client", 1)],
        ),
        case(
            "reused-token",
            whole(),
            vec![
                call(1),
                request(2, "tools/call", json!({"_meta": {"progressToken": 1}})),
            ],
        ),
        case("unknown-token", whole(), vec![progress(1, 1)]),
        case(
            "not-increasing",
            whole(),
            vec![call(1), progress(1, 1), progress(1, 1)],
        ),
        case(
            "server-request",
            whole(),
            vec![line("server", json!({"id": 1, "method": "roots/list"}))],
        ),
        case(
            "removed-method",
            whole(),
            vec![request(1, "ping", json!({}))],
        ),
        case("no-meta", whole(), vec![bare]),
        case("no-result-type", whole(), vec![call(1), untyped]),
        case(
            "nothing-required",
            asked(json!({"inputRequests": {}})),
            asked(json!({})),
        ),
        case("unknown-state", retried("state"), retried("State")),
        case(
            "cancel-by-server",
            listening(&[cancelled("server", 1)]),
            vec![call(1), cancelled("server", 1)],
        ),
        case(
            "not-acknowledged",
            listening(&[tools(), done(1)]),
            vec![listen(1), tools()],
        ),
        case(
            "unknown-subscription",
            listening(&[tools(), cancelled("client", 1), tools()]),
            listening(&[done(1), tools()]),
        ),
        case(
            "not-subscribed",
            listening(&[delivered(1, "resources/updated")]),
            listening(&[delivered(1, "prompts/list_changed")]),
        ),
    ]
}

#[derive(Default)]
struct Generator {
    out: Vec<Json>,
    ids: usize,
    calls: Vec<(usize, u32)>,
    listening: Vec<(usize, bool)>,
    late: Vec<usize>,
    states: Vec<String>,
}

impl Generator {
    fn stream(mut self, draws: &mut Draws<'_>) -> Vec<Json> {
        for _ in 0..draws.below(20) {
            self.message(draws);
        }
        self.out
    }

    fn message(&mut self, draws: &mut Draws<'_>) {
        match draws.below(9) {
            0 | 1 => {
                self.ids += 1;
                let mut call = call(self.ids);
                if !self.states.is_empty() && draws.one_in(2) {
                    call["message"]["params"]["requestState"] = draws.take(&mut self.states).into();
                }
                self.out.push(call);
                self.calls.push((self.ids, 0));
            }
            2 if !self.calls.is_empty() => {
                let (id, _) = draws.take(&mut self.calls);
                self.answer(id, draws);
            }
            3 if !self.calls.is_empty() => {
                let place = draws.below(self.calls.len());
                let (id, step) = &mut self.calls[place];
                *step += 1 + draws.below(2) as u32;
                self.out.push(progress(*id, *step));
            }
            4 if !self.calls.is_empty() => {
                let (id, _) = draws.take(&mut self.calls);
                self.out.push(cancelled("client", id));
                self.late.push(id);
            }
            5 if !self.late.is_empty() => {
                let id = draws.take(&mut self.late);
                self.out.push(done(id));
            }
            6 => {
                self.ids += 1;
                self.out.push(listen(self.ids));
                self.listening.push((self.ids, false));
            }
            7 if !self.listening.is_empty() => {
                let place = draws.below(self.listening.len());
                let (id, is_acknowledged) = &mut self.listening[place];
                let kind = match std::mem::replace(is_acknowledged, true) {
                    false => "subscriptions/acknowledged",
                    true => ["tools/list_changed", "resources/updated"][draws.below(2)],
                };
                self.out.push(delivered(*id, kind));
            }
            8 if !self.listening.is_empty() => {
                let (id, _) = draws.take(&mut self.listening);
                self.out.push(match draws.below(3) {
                    0 => done(id),
                    1 => cancelled("server", id),
                    _ => cancelled("client", id),
                });
            }
            _ => self
                .out
                .push(notice("server", "message", json!({"level": "info"}))),
        }
    }

    fn answer(&mut self, id: usize, draws: &mut Draws<'_>) {
        self.out.push(match draws.below(4) {
            0 => {
                let error = json!({"code": -32602, "message": "no"});
                line("server", json!({"id": id, "error": error}))
            }
            1 => {
                let state = format!("state-{id}");
                self.states.push(state.clone());
                result(id, "input_required", json!({"requestState": state}))
            }
            2 => result(id, "input_required", json!({"inputRequests": {"a": {}}})),
            _ => done(id),
        });
    }
}

/// The part that a message has, decided by its form and its method.
fn kind(line: &Json) -> Option<(bool, &'static str)> {
    let (from_client, form) = rpc::form(line, SERVER)?;
    let method = line["message"]["method"].as_str().unwrap_or_default();
    let removed = [
        "initialize",
        "notifications/initialized",
        "ping",
        "resources/subscribe",
        "resources/unsubscribe",
        "notifications/roots/list_changed",
    ];
    let kind = if removed.contains(&method) {
        "removed"
    } else if form.is_request() {
        "request"
    } else if form.is_response() {
        "response"
    } else {
        match method.strip_prefix("notifications/") {
            Some("cancelled") => "cancelled",
            Some("progress") => "progress",
            Some("subscriptions/acknowledged") => "acknowledged",
            Some("tools/list_changed") => "toolsListChanged",
            Some("prompts/list_changed") => "promptsListChanged",
            Some("resources/list_changed") => "resourcesListChanged",
            Some("resources/updated") => "resourceSubscriptions",
            _ => "other",
        }
    };
    Some((from_client, kind))
}

fn is(line: &Json, from_client: bool, name: &str) -> bool {
    kind(line) == Some((from_client, name))
}

fn listens(line: &Json) -> bool {
    is(line, true, "request") && line["message"]["method"] == "subscriptions/listen"
}

fn params(line: &Json) -> &Json {
    &line["message"]["params"]
}

/// Returns the places of the requests with an id before a place, the last one first.
fn requests<'s>(
    stream: &'s [Json],
    id: &'s Json,
    place: usize,
) -> impl Iterator<Item = usize> + 's {
    let is_own = |line: &Json| is(line, true, "request") && line["message"]["id"] == *id;
    (0..place)
        .rev()
        .filter(move |index| is_own(&stream[*index]))
}

/// Returns the place at which a request was cancelled while it was open: by the client, or
/// by the server if it is a subscription.
fn cancelled_at(stream: &[Json], request: usize) -> Option<usize> {
    let end = response_to(stream, request, SERVER).unwrap_or(stream.len());
    (request..end).find(|index| {
        let line = &stream[*index];
        let by_server = listens(&stream[request]) && is(line, false, "cancelled");
        (is(line, true, "cancelled") || by_server)
            && params(line)["requestId"] == stream[request]["message"]["id"]
    })
}

fn is_open(stream: &[Json], request: usize, place: usize) -> bool {
    let ends = [
        response_to(stream, request, SERVER),
        cancelled_at(stream, request),
    ];
    ends.into_iter().flatten().all(|end| end >= place)
}

fn recognises(stream: &[Json]) -> bool {
    (0..stream.len()).all(|index| match kind(&stream[index]) {
        None | Some((_, "removed") | (false, "request")) => false,
        Some((true, "request")) => request_is_legal(stream, index),
        Some((_, "response")) => response_is_legal(stream, index),
        Some((from_client, "cancelled")) => cancel_is_legal(stream, index, from_client),
        Some((from_client, "progress")) => progress_is_legal(stream, index, from_client),
        Some((false, name)) => delivery_is_legal(stream, index, name),
        Some((true, _)) => true,
    })
}

fn request_is_legal(stream: &[Json], index: usize) -> bool {
    let own = params(&stream[index]);
    let meta = &own["_meta"];
    let token = token_of(own);
    let is_known = |state: &str| {
        stream[..index]
            .iter()
            .any(|line| line["message"]["result"]["requestState"] == state)
    };
    meta[VERSION].is_string()
        && meta[CAPABILITIES].is_object()
        && own["requestState"].as_str().is_none_or(is_known)
        && requests(stream, &stream[index]["message"]["id"], index)
            .all(|other| !is_open(stream, other, index))
        && (0..index)
            .filter(|other| is(&stream[*other], true, "request"))
            .all(|other| {
                token.is_none()
                    || token_of(params(&stream[other])) != token
                    || !is_open(stream, other, index)
            })
}

fn response_is_legal(stream: &[Json], index: usize) -> bool {
    let message = &stream[index]["message"];
    let result = &message["result"];
    let is_whole = match result["resultType"].as_str() {
        Some("input_required") => {
            result["requestState"].is_string() || !result["inputRequests"].is_null()
        }
        Some(_) => true,
        None => false,
    };
    request_of(stream, index, SERVER).is_some() && (message.get("error").is_some() || is_whole)
}

fn cancel_is_legal(stream: &[Json], index: usize, from_client: bool) -> bool {
    let mut requests = requests(stream, &params(&stream[index])["requestId"], index);
    if from_client {
        return requests.next().is_some();
    }
    // The last subscription with the id is open, or was left by the client.
    requests
        .find(|request| listens(&stream[*request]))
        .is_some_and(|request| is_open(stream, request, index) || was_left(stream, request, index))
}

/// Returns `true` if the client cancelled a request while it was open, before a place.
fn was_left(stream: &[Json], request: usize, place: usize) -> bool {
    cancelled_at(stream, request).is_some_and(|at| at < place && is(&stream[at], true, "cancelled"))
}

fn token_of(params: &Json) -> Option<&Json> {
    let token = params.pointer("/_meta/progressToken")?;
    (token.is_string() || token.is_number()).then_some(token)
}

fn progress_is_legal(stream: &[Json], index: usize, from_client: bool) -> bool {
    let (own, token) = (
        params(&stream[index]),
        &params(&stream[index])["progressToken"],
    );
    let request = (0..index).rfind(|other| {
        is(&stream[*other], true, "request") && token_of(params(&stream[*other])) == Some(token)
    });
    let (Some(request), Some(value), false) = (request, own["progress"].as_f64(), from_client)
    else {
        return false;
    };
    let is_above = |line: &Json| {
        !is(line, false, "progress")
            || params(line)["progressToken"] != *token
            || params(line)["progress"]
                .as_f64()
                .is_some_and(|before| before < value)
    };
    if is_open(stream, request, index) {
        stream[request..index].iter().all(is_above)
    } else {
        cancelled_at(stream, request).is_some_and(|at| at < index)
    }
}

fn delivery_is_legal(stream: &[Json], index: usize, name: &str) -> bool {
    let id = &params(&stream[index])["_meta"][SUBSCRIPTION];
    if !id.is_string() && !id.is_number() {
        return name == "other";
    }
    let Some(request) = requests(stream, id, index).find(|request| listens(&stream[*request]))
    else {
        return false;
    };
    if !is_open(stream, request, index) {
        return was_left(stream, request, index);
    }
    let earlier = stream[request..index].iter().any(|line| {
        let is_delivery = matches!(kind(line), Some((false, name))
            if !["response", "cancelled", "progress"].contains(&name));
        is_delivery && params(line)["_meta"][SUBSCRIPTION] == *id
    });
    let asked = &params(&stream[request])["notifications"][name];
    let is_asked = asked == true || asked.as_array().is_some_and(|uris| !uris.is_empty());
    earlier == (name != "acknowledged") && (["acknowledged", "other"].contains(&name) || is_asked)
}
