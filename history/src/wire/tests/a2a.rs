use serde_json::{Value as Json, json};

use super::draws::Draws;
use super::words::{is_text, matches, values, word};
use super::{Case, Sample, case};

pub(super) const V1_0: Sample = Sample {
    profile: "a2a-v1.0",
    cases: || cases(&NEW),
    legal: |draws| legal(&NEW, draws),
    recognises: |stream| recognises(stream, &NEW),
};

pub(super) const V0_3: Sample = Sample {
    profile: "a2a-v0.3",
    cases: || {
        let final_working = |last: &[Json]| {
            let mut status = OLD.status("input-required");
            status["final"] = true.into();
            [&[OLD.task("working"), status], last].concat()
        };
        let mut not_final = OLD.status("completed");
        not_final["final"] = false.into();
        let mut cases = cases(&OLD);
        cases.extend([
            case(
                "after-final",
                final_working(&[]),
                final_working(&[OLD.artifact("a", false, false)]),
            ),
            case(
                "not-final",
                vec![OLD.task("working"), OLD.status("completed")],
                vec![OLD.task("working"), not_final],
            ),
        ]);
        cases
    },
    legal: |draws| legal(&OLD, draws),
    recognises: |stream| recognises(stream, &OLD),
};

/// The names of a version.
struct Names {
    is_old: bool,
    active: [&'static str; 2],
    interrupted: [&'static str; 2],
    terminal: [&'static str; 4],
}

const NEW: Names = Names {
    is_old: false,
    active: ["TASK_STATE_WORKING", "TASK_STATE_SUBMITTED"],
    interrupted: ["TASK_STATE_INPUT_REQUIRED", "TASK_STATE_AUTH_REQUIRED"],
    terminal: [
        "TASK_STATE_COMPLETED",
        "TASK_STATE_FAILED",
        "TASK_STATE_CANCELED",
        "TASK_STATE_REJECTED",
    ],
};

const OLD: Names = Names {
    is_old: true,
    active: ["working", "submitted"],
    interrupted: ["input-required", "auth-required"],
    terminal: ["completed", "failed", "canceled", "rejected"],
};

impl Names {
    fn item(&self, new: &str, old: &str, content: Json) -> Json {
        let mut content = content;
        if self.is_old {
            content["kind"] = old.into();
            content
        } else {
            json!({ new: content })
        }
    }

    fn task(&self, state: &str) -> Json {
        let task = json!({"id": "t", "contextId": "c", "status": {"state": state}});
        self.item("task", "task", task)
    }

    fn message(&self) -> Json {
        let message = json!({"messageId": "m", "role": "agent", "parts": []});
        self.item("message", "message", message)
    }

    fn status(&self, state: &str) -> Json {
        let mut status = json!({"taskId": "t", "contextId": "c", "status": {"state": state}});
        if self.is_old {
            status["final"] = self.terminal.contains(&state).into();
        }
        self.item("statusUpdate", "status-update", status)
    }

    fn artifact(&self, id: &str, append: bool, last: bool) -> Json {
        let artifact = json!({"artifactId": id, "parts": []});
        let update = json!({
            "taskId": "t", "contextId": "c", "artifact": artifact,
            "append": append, "lastChunk": last,
        });
        self.item("artifactUpdate", "artifact-update", update)
    }

    /// Returns the kind of an item, in the word of version 1.0, and its content.
    fn open<'m>(&self, item: &'m Json) -> Option<(&'static str, &'m Json)> {
        let names = [
            ("task", "task"),
            ("message", "message"),
            ("statusUpdate", "status-update"),
            ("artifactUpdate", "artifact-update"),
        ];
        let found: Vec<_> = names
            .iter()
            .filter_map(|(new, old)| {
                if self.is_old {
                    (item["kind"] == *old).then_some((*new, item))
                } else {
                    Some((*new, item.get(new)?))
                }
            })
            .collect();
        (found.len() == 1).then(|| found[0])
    }
}

fn cases(names: &Names) -> Vec<Case> {
    let end = names.status(names.terminal[0]);
    let task = |items: &[Json]| {
        [
            &[names.task(names.active[0])],
            items,
            std::slice::from_ref(&end),
        ]
        .concat()
    };
    let chunks = |append: bool, last: bool| {
        task(&[
            names.artifact("a", append, last),
            names.artifact("a", true, true),
        ])
    };
    let mut other = task(&[]);
    let (new, _) = names.open(&end).expect("an item");
    match names.is_old {
        true => other[1]["taskId"] = "other".into(),
        false => other[1][new]["taskId"] = "other".into(),
    }
    let failed = |items: &[Json]| [&[names.task(names.active[0]), error()], items].concat();
    let mut unknown_error = error();
    unknown_error["error"]["code"] = "unknown".into();
    vec![
        case("malformed", task(&[]), task(&[json!({"status": "ok"})])),
        case("malformed", vec![error()], vec![unknown_error]),
        case("unknown-state", task(&[]), task(&[names.status("asleep")])),
        case("not-first", task(&[]), vec![end.clone()]),
        case(
            "after-message",
            vec![names.message()],
            vec![names.message(), names.message()],
        ),
        case(
            "second-task",
            task(&[]),
            task(&[names.task(names.active[0])]),
        ),
        case("after-end", task(&[]), task(std::slice::from_ref(&end))),
        case("after-end", failed(&[]), failed(std::slice::from_ref(&end))),
        case("after-end", failed(&[]), failed(&[error()])),
        case("other-task", task(&[]), other),
        case("append-first", chunks(false, false), chunks(true, false)),
        case(
            "after-last-chunk",
            chunks(false, false),
            chunks(false, true),
        ),
        case("unended", task(&[]), vec![names.task(names.active[0])]),
    ]
}

/// Returns a response that says that the request has failed.
fn error() -> Json {
    json!({"jsonrpc": "2.0", "id": 1, "error": {"code": -32603, "message": "internal error"}})
}

fn legal(names: &Names, draws: &mut Draws<'_>) -> Vec<Json> {
    if draws.one_in(6) {
        return vec![names.message()];
    }
    if draws.one_in(12) {
        return vec![error()];
    }
    if draws.one_in(6) {
        return vec![names.task(draws.pick::<&str>(&names.terminal))];
    }
    let mut stream = vec![names.task(draws.pick::<&str>(&names.active))];
    // The chunks that each artifact has so far; none once it had its last one.
    let mut artifacts = [Some(0), Some(0), Some(0)];
    for _ in 0..draws.below(10) {
        let place = draws.below(artifacts.len());
        match (draws.below(3), artifacts[place]) {
            (0, _) => stream.push(names.status(draws.pick::<&str>(&names.active))),
            (1, _) => stream.push(names.status(draws.pick::<&str>(&names.interrupted))),
            (_, Some(chunks)) => {
                let last = draws.one_in(3);
                let append = chunks > 0 && !draws.one_in(4);
                stream.push(names.artifact(&format!("artifact-{place}"), append, last));
                artifacts[place] = (!last).then_some(chunks + 1);
            }
            (_, None) => {}
        }
    }
    if draws.one_in(6) {
        stream.push(error());
    } else if draws.one_in(3) {
        let mut status = names.status(draws.pick::<&str>(&names.interrupted));
        if names.is_old {
            status["final"] = true.into();
        }
        stream.push(status);
    } else {
        stream.push(names.status(draws.pick::<&str>(&names.terminal)));
    }
    stream
}

/// Returns `true` if a line is a response with an error.
fn is_error(line: &Json) -> bool {
    line.get("jsonrpc").is_some()
        && line.get("result").is_none()
        && line.pointer("/error/code").is_some_and(Json::is_i64)
        && is_text(line, "/error/message")
}

fn letter(item: &Json, names: &Names) -> Option<char> {
    if is_error(item) {
        return Some('E');
    }
    let (kind, content) = names.open(item)?;
    let state = content["status"]["state"].as_str().unwrap_or_default();
    let ends = names.is_old && content["final"] == true;
    let meaning = if names.active.contains(&state) {
        's'
    } else if names.interrupted.contains(&state) {
        'i'
    } else if names.terminal.contains(&state) {
        'z'
    } else {
        '?'
    };
    Some(match (kind, meaning) {
        ("message", _) => 'M',
        ("artifactUpdate", _) => 'a',
        ("task", 's') => 'T',
        ("task", 'i') => 'I',
        ("task", 'z') => 'Z',
        (_, 's' | 'i') if ends => 'f',
        (_, 'z') if names.is_old && !ends => '?',
        (_, meaning) => meaning,
    })
}

fn is_formed(item: &Json, names: &Names) -> bool {
    let Some((kind, content)) = names.open(item) else {
        return false;
    };
    let texts: &[&str] = match kind {
        "task" => &["/id", "/status/state"],
        "message" => &["/messageId", "/role"],
        "statusUpdate" => &["/taskId", "/contextId", "/status/state"],
        _ => &["/taskId", "/contextId", "/artifact/artifactId"],
    };
    texts.iter().all(|path| is_text(content, path))
        && (kind != "message" || content["parts"].is_array())
        && (kind != "artifactUpdate" || content["artifact"]["parts"].is_array())
}

fn recognises(stream: &[Json], names: &Names) -> bool {
    let form = match names.is_old {
        true => "E|M|Z|T[sia]*[Efz]|I(a*|[sia]*[Efz])",
        false => "E|M|Z|T[sia]*(E|z|ia*)|I(a*|[sia]*(E|z|ia*))",
    };
    if stream.is_empty() {
        return true;
    }
    let fits = |item: &Json| is_error(item) || is_formed(item, names);
    if !stream.iter().all(fits) || !matches(form, &word(stream, |item| letter(item, names))) {
        return false;
    }
    let opened = stream.iter().filter_map(|item| names.open(item));
    let contents: Vec<Json> = opened
        .filter(|(kind, _)| *kind != "message")
        .map(|(kind, content)| {
            let mut content = content.clone();
            if kind == "task" {
                content["taskId"] = content["id"].clone();
            }
            content
        })
        .collect();
    values(&contents, "/taskId").len() <= 1
        && has_one_context(&contents)
        && values(&contents, "/artifact/artifactId").iter().all(|id| {
            // f: first or anew; p: appended; capital letters: the last chunk.
            let word = word(&contents, |content| {
                let is_own = content.pointer("/artifact/artifactId") == Some(id);
                let letter = if content["append"] == true { 'p' } else { 'f' };
                let last = content["lastChunk"] == true;
                is_own.then_some(if last {
                    letter.to_ascii_uppercase()
                } else {
                    letter
                })
            });
            matches("F|f[fp]*[FP]?", &word)
        })
}

/// Returns `true` if all items name one context. A task need not name one.
fn has_one_context(contents: &[Json]) -> bool {
    let texts = values(contents, "/contextId");
    texts
        .iter()
        .filter(|context| context.is_string() || context.is_number())
        .count()
        <= 1
}
