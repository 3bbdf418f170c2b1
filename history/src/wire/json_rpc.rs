//! Messages of JSON-RPC 2.0 between two sides, each line as
//! `{"from": SIDE, "message": {…}}`.

use serde_json::Value as Json;

use super::fields::{at, text};
use super::open::Id;

/// A side of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Side {
    /// The side that opened the connection.
    Client,
    /// The other one: the server or the agent.
    Server,
}

impl Side {
    pub(super) fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }

    /// Returns the id of a request of this side. The sides choose their ids apart.
    pub(super) fn id(self, id: Id) -> Id {
        match self {
            Self::Client => Id::pair(Id::text("client"), id),
            Self::Server => Id::pair(Id::text("server"), id),
        }
    }
}

/// The outcome that a response reports.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Outcome<'m> {
    Result(&'m Json),
    Error,
}

/// A message in its form.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Rpc<'m> {
    Request {
        id: Id,
        method: &'m str,
        params: &'m Json,
    },
    Notification {
        method: &'m str,
        params: &'m Json,
    },
    Response {
        id: Id,
        outcome: Outcome<'m>,
    },
    /// An error about a request whose id could not be read.
    OrphanError,
}

/// Returns the side and the message of a line, or the complaint about it. The word is the
/// name of the server's side.
pub(super) fn parse<'m>(line: &'m Json, server: &str) -> Result<(Side, Rpc<'m>), String> {
    let from = match text(line, "from") {
        Some("client") => Side::Client,
        Some(side) if side == server => Side::Server,
        _ => return Err(format!("its `from` is not `client` or `{server}`")),
    };
    let message = at(line, "message").filter(|message| message.is_object());
    let message = message.ok_or("it has no `message`")?;
    if text(message, "jsonrpc") != Some("2.0") {
        return Err("its `jsonrpc` is not \"2.0\"".to_owned());
    }
    Ok((from, form_of(message)?))
}

fn form_of(message: &Json) -> Result<Rpc<'_>, String> {
    let id = match message.get("id") {
        None => None,
        Some(id) if id.is_string() || id.is_i64() || id.is_u64() => Id::of(id),
        Some(_) => return Err("its `id` is not a text or a whole number".to_owned()),
    };
    let params = message.get("params").unwrap_or(&Json::Null);
    if !params.is_object() && !params.is_null() {
        return Err("its `params` are no object".to_owned());
    }
    let method = message.get("method").map(|method| {
        let method = method.as_str();
        method.ok_or_else(|| "its `method` is not a text".to_owned())
    });
    match (method.transpose()?, id, outcome_of(message)?) {
        (Some(method), Some(id), None) => Ok(Rpc::Request { id, method, params }),
        (Some(method), None, None) => Ok(Rpc::Notification { method, params }),
        (None, Some(id), Some(outcome)) => Ok(Rpc::Response { id, outcome }),
        (None, None, Some(Outcome::Error)) => Ok(Rpc::OrphanError),
        _ => Err("it is neither a request nor a notification nor a response".to_owned()),
    }
}

fn outcome_of(message: &Json) -> Result<Option<Outcome<'_>>, String> {
    match (message.get("result"), message.get("error")) {
        (None, None) => Ok(None),
        (Some(result), None) => Ok(Some(Outcome::Result(result))),
        (None, Some(error)) => check_error(error).map(|()| Some(Outcome::Error)),
        (Some(_), Some(_)) => Err("it has a `result` and an `error`".to_owned()),
    }
}

/// Checks the form of an error, or returns the complaint about it.
pub(super) fn check_error(error: &Json) -> Result<(), String> {
    let has_code = error.get("code").is_some_and(Json::is_i64);
    if has_code && text(error, "message").is_some() {
        Ok(())
    } else {
        Err("its `error` has no whole number as `code`, or no `message`".to_owned())
    }
}
