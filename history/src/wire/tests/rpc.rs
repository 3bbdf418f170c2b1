//! Messages of JSON-RPC in the streams of tests.

use serde_json::{Value as Json, json};

use super::words::{is_id, is_text};

/// Returns a line with a message of one side.
pub(super) fn line(from: &str, message: Json) -> Json {
    let mut message = message;
    message["jsonrpc"] = "2.0".into();
    json!({"from": from, "message": message})
}

/// The forms of a message, decided by the members that it has.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    Request,
    Notification,
    Response,
    Orphan,
}

pub(super) fn form(line: &Json, server: &str) -> Option<(bool, FormOf)> {
    let from_client = match line["from"].as_str()? {
        "client" => true,
        side if side == server => false,
        _ => return None,
    };
    let message = line.get("message")?.as_object()?;
    let has = |field: &str| message.contains_key(field);
    let is_fine = message.get("jsonrpc") == Some(&"2.0".into())
        && (!has("id") || is_id(line, "/message/id"))
        && (!has("method") || is_text(line, "/message/method"))
        && (!has("params")
            || line["message"]["params"].is_object()
            || line["message"]["params"].is_null())
        && (!has("error")
            || is_text(line, "/message/error/message")
                && line["message"]["error"]["code"].is_i64());
    let form = match (has("method"), has("id"), has("result"), has("error")) {
        (true, true, false, false) => Form::Request,
        (true, false, false, false) => Form::Notification,
        (false, true, true, false) | (false, true, false, true) => Form::Response,
        (false, false, false, true) => Form::Orphan,
        _ => return None,
    };
    is_fine.then_some((from_client, FormOf(form)))
}

/// The form of a message of JSON-RPC.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct FormOf(Form);

impl FormOf {
    pub(super) fn is_request(self) -> bool {
        self.0 == Form::Request
    }

    pub(super) fn is_notification(self) -> bool {
        self.0 == Form::Notification
    }

    pub(super) fn is_response(self) -> bool {
        self.0 == Form::Response
    }
}

/// Returns the index of the response to the request at an index.
pub(super) fn response_to(stream: &[Json], request: usize, server: &str) -> Option<usize> {
    let (from_client, _) = form(&stream[request], server)?;
    let id = &stream[request]["message"]["id"];
    (request + 1..stream.len()).find(|index| {
        form(&stream[*index], server).is_some_and(|(from, form)| {
            from != from_client && form.is_response() && stream[*index]["message"]["id"] == *id
        })
    })
}

/// Returns the index of the request that the response at an index belongs to: the last one
/// of that id before it, unless that has a response before this one.
pub(super) fn request_of(stream: &[Json], response: usize, server: &str) -> Option<usize> {
    let (from_client, _) = form(&stream[response], server)?;
    let id = &stream[response]["message"]["id"];
    let request = (0..response).rfind(|index| {
        form(&stream[*index], server).is_some_and(|(from, form)| {
            from != from_client && form.is_request() && stream[*index]["message"]["id"] == *id
        })
    })?;
    (response_to(stream, request, server) == Some(response)).then_some(request)
}
