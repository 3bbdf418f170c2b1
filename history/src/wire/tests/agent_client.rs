use serde_json::{Value as Json, json};

use super::draws::Draws;
use super::rpc::{self, line, request_of, response_to};
use super::words::is_id;
use super::{Case, Sample, case};

pub(super) const SAMPLE: Sample = Sample {
    profile: "agent-client-protocol",
    cases,
    legal,
    recognises,
};

fn prompt(id: usize) -> Json {
    let params = json!({"sessionId": "s", "prompt": []});
    line(
        "client",
        json!({"id": id, "method": "session/prompt", "params": params}),
    )
}

fn ends(id: usize, reason: &str) -> Json {
    line("agent", json!({"id": id, "result": {"stopReason": reason}}))
}

fn update(kind: &str) -> Json {
    let params = json!({"sessionId": "s", "update": {"sessionUpdate": kind}});
    line(
        "agent",
        json!({"method": "session/update", "params": params}),
    )
}

fn cancel() -> Json {
    line(
        "client",
        json!({"method": "session/cancel", "params": {"sessionId": "s"}}),
    )
}

fn permission(id: usize) -> Json {
    let method = "session/request_permission";
    let params = json!({"sessionId": "s", "options": []});
    line(
        "agent",
        json!({"id": id, "method": method, "params": params}),
    )
}

fn permitted(id: usize, outcome: &str) -> Json {
    let result = json!({"outcome": {"outcome": outcome, "optionId": "o"}});
    line("client", json!({"id": id, "result": result}))
}

fn load(id: usize) -> Json {
    let params = json!({"sessionId": "s", "cwd": "/"});
    line(
        "client",
        json!({"id": id, "method": "session/load", "params": params}),
    )
}

fn loaded(id: usize) -> Json {
    line("agent", json!({"id": id, "result": {}}))
}

fn cases() -> Vec<Case> {
    let turn = |events: &[Json]| [&[prompt(1)], events, &[ends(1, "end_turn")]].concat();
    let cancelled = |events: &[Json]| [&[prompt(1)], events, &[ends(1, "cancelled")]].concat();
    vec![
        case("malformed", turn(&[]), turn(&[json!({"from": "agent"})])),
        case(
            "id-in-use",
            turn(&[permission(1), permitted(1, "selected")]),
            turn(&[load(1), loaded(1)]),
        ),
        case("unknown-response", turn(&[]), vec![ends(1, "end_turn")]),
        case(
            "prompt-in-turn",
            [turn(&[]), turn(&[])].concat(),
            turn(&[prompt(2), ends(2, "end_turn")]),
        ),
        case(
            "update-outside",
            [
                turn(&[update("plan")]),
                vec![load(2), update("plan"), loaded(2)],
            ]
            .concat(),
            [turn(&[]), vec![update("tool_call")]].concat(),
        ),
        case(
            "unknown-reason",
            turn(&[]),
            vec![prompt(1), ends(1, "bored")],
        ),
        case("not-cancelled", cancelled(&[cancel()]), turn(&[cancel()])),
        case("cancelled-unasked", cancelled(&[cancel()]), cancelled(&[])),
        case(
            "permission-not-cancelled",
            cancelled(&[permission(1), cancel(), permitted(1, "cancelled")]),
            cancelled(&[permission(1), cancel(), permitted(1, "selected")]),
        ),
        case("unanswered", turn(&[]), vec![prompt(1)]),
    ]
}

/// Returns some turns of each session, the messages of the sessions mixed.
fn legal(draws: &mut Draws<'_>) -> Vec<Json> {
    let mut next_id = 0;
    let mut sessions: Vec<Vec<Json>> = (0..=draws.below(3))
        .map(|number| {
            let mut messages = Vec::new();
            for _ in 0..=draws.below(3) {
                messages.extend(turn(draws, &mut next_id));
            }
            for message in &mut messages {
                if let Some(params) = message["message"].get_mut("params") {
                    params["sessionId"] = format!("session-{number}").into();
                }
            }
            messages.reverse();
            messages
        })
        .collect();
    let mut stream = Vec::new();
    while !sessions.is_empty() {
        let place = draws.below(sessions.len());
        match sessions[place].pop() {
            Some(message) => stream.push(message),
            None => drop(sessions.remove(place)),
        }
    }
    stream
}

fn turn(draws: &mut Draws<'_>, next_id: &mut usize) -> Vec<Json> {
    let mut id = || {
        *next_id += 1;
        *next_id - 1
    };
    let mut out = Vec::new();
    if draws.one_in(4) {
        let load_id = id();
        out.extend([
            load(load_id),
            update("agent_message_chunk"),
            loaded(load_id),
        ]);
    }
    let prompt_id = id();
    out.push(prompt(prompt_id));
    let mut asked = Vec::new();
    let mut cancelled = false;
    for _ in 0..draws.below(8) {
        match draws.below(5) {
            0 => out.push(update("agent_thought_chunk")),
            1 => out.push(update("available_commands_update")),
            2 => {
                let permission_id = id();
                out.push(permission(permission_id));
                asked.push((permission_id, false));
            }
            3 if !asked.is_empty() => {
                let (permission_id, is_cancelled) = draws.take(&mut asked);
                let outcome = if is_cancelled {
                    "cancelled"
                } else {
                    "selected"
                };
                out.push(permitted(permission_id, outcome));
            }
            4 if draws.one_in(3) => {
                out.push(cancel());
                cancelled = true;
                asked
                    .iter_mut()
                    .for_each(|(_, is_cancelled)| *is_cancelled = true);
            }
            _ => {}
        }
    }
    let answers = asked.into_iter().map(|(permission_id, is_cancelled)| {
        permitted(
            permission_id,
            if is_cancelled {
                "cancelled"
            } else {
                "selected"
            },
        )
    });
    out.extend(answers);
    out.push(match cancelled {
        true => ends(prompt_id, "cancelled"),
        false if draws.one_in(4) => {
            let error = json!({"code": -32603, "message": "no"});
            line("agent", json!({"id": prompt_id, "error": error}))
        }
        false => ends(
            prompt_id,
            ["end_turn", "max_tokens", "refusal"][draws.below(3)],
        ),
    });
    if draws.one_in(4) {
        out.push(update("current_mode_update"));
    }
    out
}

fn recognises(stream: &[Json]) -> bool {
    (0..stream.len()).all(|index| is_legal(stream, index))
}

fn is_legal(stream: &[Json], index: usize) -> bool {
    let message = &stream[index]["message"];
    let Some((from_client, form)) = rpc::form(&stream[index], "agent") else {
        return false;
    };
    let method = message["method"].as_str().unwrap_or_default();
    let session = &message["params"]["sessionId"];
    let has_session = is_id(&stream[index], "/message/params/sessionId");
    let sessional = matches!(
        (from_client, form.is_request(), method),
        (true, true, "session/prompt" | "session/load")
            | (false, true, "session/request_permission")
            | (_, false, "session/cancel" | "session/update")
    );
    if sessional && !has_session {
        return false;
    }
    if form.is_request() {
        let is_asked = method == "session/prompt" && from_client
            || method == "session/request_permission" && !from_client;
        let in_use = (0..index).any(|other| {
            is_open(stream, other, index)
                && rpc::form(&stream[other], "agent").is_some_and(|(from, _)| from == from_client)
                && stream[other]["message"]["id"] == message["id"]
        });
        let prompts = method == "session/prompt" && from_client;
        let is_unanswered = is_asked && response_to(stream, index, "agent").is_none();
        let mut turns = turns_of(stream, session);
        let is_in_turn = prompts && turns.any(|turn| is_open(stream, turn, index));
        return !(in_use || is_unanswered || is_in_turn);
    }
    if form.is_response() {
        return request_of(stream, index, "agent")
            .is_some_and(|request| is_answer(stream, request, index));
    }
    let kind = message["params"]["update"]["sessionUpdate"]
        .as_str()
        .unwrap_or_default();
    let of_turn = [
        "agent_message_chunk",
        "agent_thought_chunk",
        "tool_call",
        "tool_call_update",
        "plan",
    ];
    if form.is_notification()
        && method == "session/update"
        && !from_client
        && of_turn.contains(&kind)
    {
        return (0..index).any(|other| {
            let method = stream[other]["message"]["method"]
                .as_str()
                .unwrap_or_default();
            ["session/prompt", "session/load"].contains(&method)
                && stream[other]["from"] == "client"
                && stream[other]["message"]["params"]["sessionId"] == *session
                && is_open(stream, other, index)
        });
    }
    true
}

/// Returns `true` if a request came before the place and its response did not.
fn is_open(stream: &[Json], request: usize, place: usize) -> bool {
    rpc::form(&stream[request], "agent").is_some_and(|(_, form)| form.is_request())
        && request < place
        && response_to(stream, request, "agent").is_none_or(|response| response > place)
}

fn turns_of<'s>(stream: &'s [Json], session: &'s Json) -> impl Iterator<Item = usize> + 's {
    (0..stream.len()).filter(move |index| {
        let message = &stream[*index]["message"];
        stream[*index]["from"] == "client"
            && message["method"] == "session/prompt"
            && message["params"]["sessionId"] == *session
    })
}

fn is_answer(stream: &[Json], request: usize, response: usize) -> bool {
    let (asked, answer) = (&stream[request]["message"], &stream[response]["message"]);
    let session = &asked["params"]["sessionId"];
    let is_cancelled = stream[request..response].iter().any(|line| {
        let message = &line["message"];
        line["from"] == "client"
            && message["method"] == "session/cancel"
            && message.get("id").is_none()
            && message["params"]["sessionId"] == *session
    });
    let from_client = stream[request]["from"] == "client";
    match (from_client, asked["method"].as_str().unwrap_or_default()) {
        (true, "session/prompt") => match answer["result"]["stopReason"].as_str() {
            _ if answer.get("error").is_some() => !is_cancelled,
            Some("cancelled") => is_cancelled,
            Some("end_turn" | "max_tokens" | "max_turn_requests" | "refusal") => !is_cancelled,
            _ => false,
        },
        (false, "session/request_permission") => {
            !is_cancelled || answer["result"]["outcome"]["outcome"] == "cancelled"
        }
        _ => true,
    }
}
