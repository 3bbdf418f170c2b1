use serde_json::{Value as Json, json};

use super::draws::Draws;
use super::rpc::{self, line, request_of, response_to};
use super::words::{matches, values};
use super::{Case, Sample, case};

pub(super) const SAMPLE: Sample = Sample {
    profile: "mcp-2025-11-25",
    cases,
    legal: |draws| Generator::default().stream(draws),
    recognises,
};

const SERVER: &str = "server";

fn request(from: &str, id: usize, method: &str, params: Json) -> Json {
    line(from, json!({"id": id, "method": method, "params": params}))
}

fn result(from: &str, id: usize, result: Json) -> Json {
    line(from, json!({"id": id, "result": result}))
}

fn notice(from: &str, method: &str, params: Json) -> Json {
    let method = format!("notifications/{method}");
    line(from, json!({"method": method, "params": params}))
}

fn call(id: usize, token: usize) -> Json {
    let params = json!({"name": "find", "_meta": {"progressToken": token}});
    request("client", id, "tools/call", params)
}

fn progress(token: usize, progress: f64) -> Json {
    notice(
        "server",
        "progress",
        json!({"progressToken": token, "progress": progress}),
    )
}

fn cancelled(id: usize) -> Json {
    notice("client", "cancelled", json!({"requestId": id}))
}

fn status(task: &str, status: &str) -> Json {
    notice(
        "server",
        "tasks/status",
        json!({"taskId": task, "status": status}),
    )
}

fn opening() -> [Json; 3] {
    [
        request(
            "client",
            0,
            "initialize",
            json!({"protocolVersion": "2025-11-25"}),
        ),
        result("server", 0, json!({"protocolVersion": "2025-11-25"})),
        notice("client", "initialized", json!({})),
    ]
}

fn session(messages: &[Json]) -> Vec<Json> {
    [&opening()[..], messages].concat()
}

fn cases() -> Vec<Case> {
    let whole = || session(&[call(1, 1), progress(1, 0.5), result("server", 1, json!({}))]);
    let [initialize, answer, initialized] = opening();
    let ping = request("server", 1, "ping", json!({}));
    let cancel_task = |status: &str| {
        let request = request("client", 1, "tasks/cancel", json!({"taskId": "t"}));
        session(&[
            request,
            result("server", 1, json!({"taskId": "t", "status": status})),
        ])
    };
    vec![
        case("malformed", whole(), session(&[json!({"from": "proxy"})])),
        case(
            "reused-id",
            session(&[call(1, 1), request("server", 1, "roots/list", json!({}))]),
            [whole(), vec![call(1, 1)]].concat(),
        ),
        case(
            "unknown-response",
            session(&[call(1, 1), cancelled(1), result("server", 1, json!({}))]),
            session(&[result("server", 1, json!({}))]),
        ),
        case(
            "unknown-cancel",
            [whole(), vec![cancelled(1)]].concat(),
            session(&[cancelled(1)]),
        ),
        case(
            "reused-token",
            [whole(), vec![call(2, 1)]].concat(),
            session(&[call(1, 1), call(2, 1)]),
        ),
        case(
            "unknown-token",
            whole(),
            [whole(), vec![progress(1, 1.0)]].concat(),
        ),
        case(
            "not-increasing",
            whole(),
            session(&[call(1, 1), progress(1, 0.5), progress(1, 0.5)]),
        ),
        case("not-initialized", whole(), vec![call(1, 1)]),
        case(
            "too-early",
            vec![
                initialize.clone(),
                ping,
                answer.clone(),
                initialized.clone(),
            ],
            vec![
                initialize.clone(),
                call(1, 1),
                answer.clone(),
                initialized.clone(),
            ],
        ),
        case(
            "initialized-twice",
            whole(),
            session(std::slice::from_ref(&initialized)),
        ),
        case(
            "initialize-cancelled",
            whole(),
            vec![initialize, cancelled(0), answer, initialized],
        ),
        case(
            "unknown-status",
            session(&[status("t", "working"), status("t", "completed")]),
            session(&[status("t", "paused")]),
        ),
        case(
            "task-after-end",
            session(&[status("t", "failed"), status("t", "failed")]),
            session(&[status("t", "cancelled"), status("t", "completed")]),
        ),
        case(
            "task-not-cancelled",
            cancel_task("cancelled"),
            cancel_task("working"),
        ),
    ]
}

/// A request without a response: its side, its id, and its token with the last progress.
type Open = (&'static str, usize, Option<(usize, u32)>);

/// A generator of connections: each side makes requests and answers those of the other.
#[derive(Default)]
struct Generator {
    out: Vec<Json>,
    ids: usize,
    open: Vec<Open>,
    late: Vec<(&'static str, usize)>,
    tasks: Vec<(String, bool)>,
}

fn other(side: &str) -> &'static str {
    if side == "client" { "server" } else { "client" }
}

impl Generator {
    fn stream(mut self, draws: &mut Draws<'_>) -> Vec<Json> {
        let [initialize, answer, initialized] = opening();
        self.out.push(initialize);
        if draws.one_in(4) {
            self.out.push(request("server", 900, "ping", json!({})));
            self.out.push(result("client", 900, json!({})));
        }
        self.out.extend([answer, initialized]);
        self.ids = 1;
        for _ in 0..draws.below(16) {
            self.message(draws);
        }
        self.out
    }

    fn message(&mut self, draws: &mut Draws<'_>) {
        match draws.below(8) {
            0..=2 => self.request(draws),
            3 if !self.open.is_empty() => {
                let (from, id, _) = draws.take(&mut self.open);
                self.out.push(if draws.one_in(4) {
                    let error = json!({"code": -32603, "message": "no"});
                    line(other(from), json!({"id": id, "error": error}))
                } else {
                    result(other(from), id, json!({}))
                });
            }
            4 if !self.open.is_empty() => {
                let place = draws.below(self.open.len());
                let (from, _, token) = &mut self.open[place];
                if let Some((token, progress)) = token {
                    *progress += 1 + draws.below(3) as u32;
                    let params = json!({"progressToken": *token, "progress": *progress});
                    self.out.push(notice(other(from), "progress", params));
                }
            }
            5 if !self.open.is_empty() => {
                let (from, id, _) = draws.take(&mut self.open);
                self.out
                    .push(notice(from, "cancelled", json!({"requestId": id})));
                self.late.push((from, id));
            }
            6 if !self.late.is_empty() => {
                let (from, id) = draws.take(&mut self.late);
                self.out.push(result(other(from), id, json!({})));
            }
            _ => self.task(draws),
        }
    }

    fn request(&mut self, draws: &mut Draws<'_>) {
        let from = if draws.one_in(3) { "server" } else { "client" };
        self.ids += 1;
        let token = draws.one_in(2).then_some((self.ids, 0));
        let params = match token {
            Some((token, _)) => json!({"_meta": {"progressToken": token}}),
            None => json!({}),
        };
        self.out.push(request(from, self.ids, "tools/call", params));
        self.open.push((from, self.ids, token));
    }

    fn task(&mut self, draws: &mut Draws<'_>) {
        if self.tasks.is_empty() || draws.one_in(3) {
            self.tasks
                .push((format!("task-{}", self.tasks.len()), false));
        }
        let place = draws.below(self.tasks.len());
        let (task, ended) = &mut self.tasks[place];
        if *ended {
            return;
        }
        match draws.below(3) {
            0 => self.out.push(status(task, "working")),
            1 => {
                *ended = true;
                self.out.push(status(task, "completed"));
            }
            _ => {
                *ended = true;
                self.ids += 1;
                let params = json!({"taskId": task});
                self.out
                    .push(request("client", self.ids, "tasks/cancel", params));
                let answer = json!({"taskId": task, "status": "cancelled"});
                self.out.push(result("server", self.ids, answer));
            }
        }
    }
}

/// A stream whose messages have the form of JSON-RPC.
struct Stream<'s>(&'s [Json]);

impl Stream<'_> {
    fn message(&self, index: usize) -> &Json {
        &self.0[index]["message"]
    }

    fn method(&self, index: usize) -> &str {
        self.message(index)["method"].as_str().unwrap_or_default()
    }

    fn is_from_client(&self, index: usize) -> bool {
        self.0[index]["from"] == "client"
    }

    fn is_request(&self, index: usize) -> bool {
        rpc::form(&self.0[index], SERVER).is_some_and(|(_, form)| form.is_request())
    }

    fn is_response(&self, index: usize) -> bool {
        rpc::form(&self.0[index], SERVER).is_some_and(|(_, form)| form.is_response())
    }

    /// Returns `true` if the message is this notification.
    fn is_notice(&self, index: usize, name: &str) -> bool {
        let form = rpc::form(&self.0[index], SERVER);
        form.is_some_and(|(_, form)| form.is_notification())
            && self.method(index).strip_prefix("notifications/") == Some(name)
    }

    fn params(&self, index: usize) -> &Json {
        &self.message(index)["params"]
    }

    /// Returns the place of the cancellation of a request, if one came while it was open.
    fn cancelled_at(&self, request: usize) -> Option<usize> {
        let end = response_to(self.0, request, SERVER).unwrap_or(self.0.len());
        (request..end).find(|index| {
            self.is_notice(*index, "cancelled")
                && self.is_from_client(*index) == self.is_from_client(request)
                && self.params(*index)["requestId"] == self.message(request)["id"]
        })
    }

    /// Returns `true` if a request came before a place and was neither answered nor cancelled
    /// there.
    fn is_open(&self, request: usize, place: usize) -> bool {
        let ends = [
            response_to(self.0, request, SERVER),
            self.cancelled_at(request),
        ];
        request < place && ends.into_iter().flatten().all(|end| end > place)
    }

    /// Returns the requests of a side.
    fn requests(&self, from_client: bool) -> impl DoubleEndedIterator<Item = usize> {
        (0..self.0.len()).filter(move |index| {
            self.is_request(*index) && self.is_from_client(*index) == from_client
        })
    }

    fn letter(&self, index: usize) -> char {
        if self.is_request(index) {
            return match (self.method(index), self.is_from_client(index)) {
                ("initialize", true) => 'I',
                ("ping", _) => 'p',
                _ => 'q',
            };
        }
        if self.is_response(index) {
            let request = request_of(self.0, index, SERVER);
            let initializes = request.is_some_and(|request| self.letter(request) == 'I');
            return match (initializes, self.message(index).get("error")) {
                (true, None) => 'r',
                (true, Some(_)) => 'e',
                (false, _) => 'R',
            };
        }
        match (
            self.is_notice(index, "initialized"),
            self.is_from_client(index),
        ) {
            (true, true) => 'n',
            _ if self.message(index).get("method").is_some() => 'N',
            _ => 'o',
        }
    }

    fn request_is_legal(&self, index: usize) -> bool {
        let others = || {
            self.requests(self.is_from_client(index))
                .filter(|other| *other < index)
        };
        let token = token_of(self.params(index));
        others().all(|other| self.message(other)["id"] != self.message(index)["id"])
            && others().all(|other| {
                token.is_none()
                    || token_of(self.params(other)) != token
                    || !self.is_open(other, index)
            })
    }

    fn response_is_legal(&self, index: usize) -> bool {
        request_of(self.0, index, SERVER).is_some_and(|request| {
            self.method(request) != "tasks/cancel"
                || self.cancelled_at(request).is_some()
                || self.message(index).get("error").is_some()
                || self.message(index)["result"]["status"] == "cancelled"
        })
    }

    fn cancel_is_legal(&self, index: usize) -> bool {
        self.requests(self.is_from_client(index)).any(|request| {
            request < index
                && self.message(request)["id"] == self.params(index)["requestId"]
                && !(self.letter(request) == 'I' && self.cancelled_at(request) == Some(index))
        })
    }

    fn progress_is_legal(&self, index: usize) -> bool {
        let (token, progress) = (
            &self.params(index)["progressToken"],
            &self.params(index)["progress"],
        );
        let same_token =
            |request: &usize| *request < index && token_of(self.params(*request)) == Some(token);
        let request = self.requests(!self.is_from_client(index)).rfind(same_token);
        let Some((request, progress)) = request.zip(progress.as_f64()) else {
            return false;
        };
        if self.is_open(request, index) {
            return (request..index).all(|other| {
                !self.is_notice(other, "progress")
                    || self.is_from_client(other) != self.is_from_client(index)
                    || self.params(other)["progressToken"] != *token
                    || self.params(other)["progress"]
                        .as_f64()
                        .is_some_and(|other| other < progress)
            });
        }
        let answer = response_to(self.0, request, SERVER).map(|answer| self.message(answer));
        self.cancelled_at(request)
            .is_some_and(|cancelled| cancelled < index)
            || answer.is_some_and(|answer| task_of(&answer["result"]).is_some())
    }
}

fn token_of(params: &Json) -> Option<&Json> {
    let token = params.pointer("/_meta/progressToken")?;
    (token.is_string() || token.is_number()).then_some(token)
}

/// Returns the task in a result.
fn task_of(result: &Json) -> Option<&Json> {
    let task = result.get("task").unwrap_or(result);
    task["taskId"].is_string().then_some(task)
}

fn tasks_are_legal(stream: &Stream<'_>) -> bool {
    let mut seen = Vec::new();
    for index in 0..stream.0.len() {
        let message = stream.message(index);
        if stream.is_notice(index, "tasks/status") {
            seen.push(stream.params(index).clone());
        } else if let Some(task) = message.get("result").and_then(task_of) {
            seen.push(task.clone());
        }
    }
    let is_whole = |task: &Json| {
        (task["taskId"].is_string() || task["taskId"].is_number()) && task["status"].is_string()
    };
    seen.iter().all(is_whole)
        && values(&seen, "/taskId").iter().all(|id| {
            let own = seen.iter().filter(|task| task["taskId"] == *id);
            let word: String = own
                .map(|task| match task["status"].as_str() {
                    Some("working" | "input_required") => 'w',
                    Some("completed") => 'c',
                    Some("failed") => 'f',
                    Some("cancelled") => 'x',
                    _ => '?',
                })
                .collect();
            matches("w*(c*|f*|x*)", &word)
        })
}

fn recognises(stream: &[Json]) -> bool {
    if stream.iter().any(|line| rpc::form(line, SERVER).is_none()) {
        return false;
    }
    let all = Stream(stream);
    let word: String = (0..stream.len()).map(|index| all.letter(index)).collect();
    let phases = "o*(I[pNRo]*eo*)*(I[pNRo]*(r[pNRo]*(n[pqNRo]*)?)?)?";
    matches(phases, &word)
        && (0..stream.len()).all(|index| {
            if all.is_request(index) {
                all.request_is_legal(index)
            } else if all.is_response(index) {
                all.response_is_legal(index)
            } else if all.is_notice(index, "cancelled") {
                all.cancel_is_legal(index)
            } else if all.is_notice(index, "progress") {
                all.progress_is_legal(index)
            } else {
                true
            }
        })
        && tasks_are_legal(&all)
}
