//! HTTP/1.1 over simulated TCP: a server, a client with a bounded number of attempts, and
//! event streams.

mod client;
mod server;
pub(super) mod sse;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::{Response, StatusCode, header};
use serde::Serialize;

use super::api::{ErrorCode, Problem, Refusal};

pub(super) use client::{
    Answer, Call, CallError, Called, Client, OnTimeout, RetryPolicy, exchange,
};
pub(super) use server::serve;

/// The error of a body that breaks off.
pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The body of an answer, complete or streamed.
pub(super) type Body = UnsyncBoxBody<Bytes, BoxError>;

/// An answer.
pub(super) type Reply = Response<Body>;

/// Returns an answer with a JSON body.
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Reply {
    let text = serde_json::to_vec(body).expect("bodies of this crate are JSON");
    reply(status, "application/json", complete(text.into()))
}

/// Returns the answer to a request that has no result.
pub(super) fn refusal(problem: Problem) -> Reply {
    json(status(problem.code), &Refusal { error: problem })
}

/// Returns an answer with an event stream.
pub(super) fn event_stream(body: Body) -> Reply {
    reply(StatusCode::OK, sse::CONTENT_TYPE, body)
}

/// Returns a body that is complete.
pub(super) fn complete(bytes: Bytes) -> Body {
    Full::new(bytes)
        .map_err(|never| match never {})
        .boxed_unsync()
}

fn reply(status: StatusCode, content_type: &'static str, body: Body) -> Reply {
    let mut reply = Response::new(body);
    *reply.status_mut() = status;
    let content_type = header::HeaderValue::from_static(content_type);
    reply
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    reply
}

/// Returns the status of an answer without a result.
pub(super) fn status(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::MalformedDelegation | ErrorCode::TwoDelegations | ErrorCode::UnknownAgent => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        ErrorCode::AccessDenied => StatusCode::FORBIDDEN,
        ErrorCode::DelegationFailed => StatusCode::FAILED_DEPENDENCY,
        ErrorCode::ModelExhausted | ErrorCode::ModelUnavailable => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
        ErrorCode::TooManySteps => StatusCode::LOOP_DETECTED,
        ErrorCode::BadRequest => StatusCode::BAD_REQUEST,
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::BadGateway => StatusCode::BAD_GATEWAY,
    }
}
