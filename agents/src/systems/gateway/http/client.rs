//! The client: a connection for each attempt, and a bounded number of attempts.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::{Method, Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use rehearsal_sim::tokio::net::TcpStream;
use rehearsal_sim::tokio::{spawn, time};
use serde::de::DeserializeOwned;

use super::super::api::{ATTEMPT, REQUEST_ID};
use super::super::ids::TurnId;
use super::sse::{EventReader, ServerEvent};
use crate::effect::CountedStream;

/// The time for one look at an agent that may not be ready.
const POLL_TIMEOUT: Duration = Duration::from_secs(5);

/// The limits of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) struct RetryPolicy {
    /// The time for one attempt, from the connection to the end of the body.
    pub(in super::super) timeout: Duration,
    /// The greatest number of attempts.
    pub(in super::super) attempts: u32,
    /// The time between two attempts.
    pub(in super::super) backoff: Duration,
    pub(in super::super) on_timeout: OnTimeout,
}

/// The treatment of an attempt that takes too long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) enum OnTimeout {
    /// The request fails.
    GiveUp,
    /// The next attempt begins.
    Retry,
}

/// A request.
#[derive(Clone, Debug)]
pub(in super::super) struct Call {
    pub(in super::super) method: Method,
    pub(in super::super) path: String,
    /// The id by which the server knows a request that it has seen before.
    pub(in super::super) id: Option<TurnId>,
    pub(in super::super) body: Bytes,
}

impl Call {
    /// A request without a body.
    pub(in super::super) fn get(path: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            id: None,
            body: Bytes::new(),
        }
    }

    /// A request that is carried out once, however often it is sent.
    pub(in super::super) fn post(path: impl Into<String>, id: TurnId, body: Vec<u8>) -> Self {
        Self {
            method: Method::POST,
            path: path.into(),
            id: Some(id),
            body: body.into(),
        }
    }
}

/// The reason for which an attempt has no answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) enum CallError {
    /// Nothing was sent.
    Unreached,
    /// Something was sent, and the connection broke.
    Unanswered,
    /// The time was up.
    TimedOut,
}

/// An answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in super::super) struct Answer {
    pub(in super::super) status: StatusCode,
    pub(in super::super) body: Bytes,
}

impl Answer {
    /// Returns the body as a value; `None` if it is none of that type.
    pub(in super::super) fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }

    /// Returns `true` if another attempt may get a better answer.
    fn is_transient(&self) -> bool {
        matches!(
            self.status,
            StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE
        )
    }

    /// Returns `true` if the agent certainly has not got the request.
    fn is_unreached(&self) -> bool {
        self.status == StatusCode::SERVICE_UNAVAILABLE
    }
}

/// A client of one host.
#[derive(Clone, Debug)]
pub(in super::super) struct Client {
    address: String,
    policy: RetryPolicy,
}

/// The end of a request, after its last attempt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in super::super) struct Called {
    pub(in super::super) answer: Result<Answer, CallError>,
    pub(in super::super) attempts: u32,
    /// Set if some attempt may have reached the agent.
    pub(in super::super) may_have_reached: bool,
}

/// Takes the events of a streamed answer as they come.
pub(in super::super) type OnEvent<'a> = &'a mut (dyn FnMut(&ServerEvent) + Send);

impl Client {
    pub(in super::super) fn new(address: impl Into<String>, policy: RetryPolicy) -> Self {
        Self {
            address: address.into(),
            policy,
        }
    }

    /// Returns a client that makes one attempt, for an agent that may not be ready.
    pub(in super::super) fn without_retries(&self) -> Self {
        let policy = RetryPolicy {
            timeout: POLL_TIMEOUT,
            attempts: 1,
            ..self.policy
        };
        Self::new(self.address.clone(), policy)
    }

    /// Sends a request as often as it takes, within the policy.
    pub(in super::super) async fn call(&self, call: &Call, on_event: OnEvent<'_>) -> Called {
        let mut attempts = 0;
        let mut may_have_reached = false;
        loop {
            attempts += 1;
            let attempt = self.attempt(call, attempts, &mut *on_event);
            let timed = time::timeout(self.policy.timeout, attempt).await;
            let answer = timed.unwrap_or(Err(CallError::TimedOut));
            let unreached = match &answer {
                Ok(answer) => answer.is_unreached(),
                Err(error) => *error == CallError::Unreached,
            };
            may_have_reached |= !unreached;
            if attempts >= self.policy.attempts || !self.tries_again(&answer) {
                return Called {
                    answer,
                    attempts,
                    may_have_reached,
                };
            }
            time::sleep(self.policy.backoff).await;
        }
    }

    /// Sends a request without a streamed answer.
    pub(in super::super) async fn fetch(&self, call: &Call) -> Called {
        self.call(call, &mut |_| {}).await
    }

    fn tries_again(&self, answer: &Result<Answer, CallError>) -> bool {
        match answer {
            Ok(answer) => answer.is_transient(),
            Err(CallError::Unreached | CallError::Unanswered) => true,
            Err(CallError::TimedOut) => self.policy.on_timeout == OnTimeout::Retry,
        }
    }

    async fn attempt(
        &self,
        call: &Call,
        number: u32,
        on_event: OnEvent<'_>,
    ) -> Result<Answer, CallError> {
        let mut request = Request::builder()
            .method(&call.method)
            .uri(&call.path)
            .header(ATTEMPT, number);
        if let Some(id) = &call.id {
            request = request.header(REQUEST_ID, id.as_str());
        }
        let request = request.body(Full::new(call.body.clone()));
        let request = request.map_err(|_| CallError::Unreached)?;
        let response = exchange(&self.address, request).await?;
        read(response, on_event).await
    }
}

/// Sends a request on a connection of its own, and returns the answer when its head is there.
pub(in super::super) async fn exchange(
    address: &str,
    mut request: Request<Full<Bytes>>,
) -> Result<Response<Incoming>, CallError> {
    let stream = TcpStream::connect(address).await;
    let stream = stream.map_err(|_| CallError::Unreached)?;
    let stream = CountedStream::new(stream);
    let connection = http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = connection.map_err(|_| CallError::Unreached)?;
    // It ends when the answer has been read, or dropped.
    spawn(connection);
    let host = header::HeaderValue::from_str(address).map_err(|_| CallError::Unreached)?;
    request.headers_mut().insert(header::HOST, host);
    let response = sender.send_request(request).await;
    response.map_err(|_| CallError::Unanswered)
}

async fn read(
    mut response: Response<Incoming>,
    on_event: OnEvent<'_>,
) -> Result<Answer, CallError> {
    let mut events = EventReader::of(response.headers());
    let mut body = Vec::new();
    while let Some(frame) = response.body_mut().frame().await {
        let frame = frame.map_err(|_| CallError::Unanswered)?;
        if let Ok(data) = frame.into_data() {
            body.extend_from_slice(&data);
            if let Some(events) = &mut events {
                events.push(&data).iter().for_each(&mut *on_event);
            }
        }
    }
    Ok(Answer {
        status: response.status(),
        body: body.into(),
    })
}
