//! The gateway: it forwards requests to agents by their path.
//!
//! An agent that cannot be reached, is not ready or is busy gets nothing, and the client is
//! told so (503); one that is lost while it has the request may have done anything (502).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};

use super::api::{ATTEMPT, ErrorCode, Problem, REQUEST_ID};
use super::http::{self, CallError, Reply};
use super::ids::{AgentName, TurnId};
use super::observer::Observer;
use crate::record::recorder::lock;

/// The port of the gateway and of the agents.
pub(super) const PORT: u16 = 80;

/// Returns the path under which the gateway serves an agent.
pub(super) fn base_path(namespace: &str, agent: &AgentName) -> String {
    format!("/{namespace}/agent/{agent}")
}

/// The numbers of transient failures, drawn before the run.
#[derive(Clone, Default, Debug)]
pub(super) struct Transients {
    /// For each agent, the requests that are refused before its route is known everywhere.
    pub(super) unready: BTreeMap<AgentName, u32>,
    /// The attempts at a chat request that are refused, for one request after the other.
    pub(super) busy: Vec<u32>,
    /// The status of such an answer.
    pub(super) status: StatusCode,
}

/// The gateway.
pub(super) struct Gateway {
    namespace: String,
    state: Mutex<State>,
    status: StatusCode,
    busy: Vec<u32>,
    observer: Arc<dyn Observer>,
}

/// The transient failures that are still to come.
struct State {
    unready: BTreeMap<AgentName, u32>,
    /// By request, until it is forwarded.
    busy: BTreeMap<TurnId, u32>,
    requests: usize,
}

impl Gateway {
    /// A gateway to the agents for which `transients` has a number.
    pub(super) fn new(
        namespace: &str,
        transients: Transients,
        observer: Arc<dyn Observer>,
    ) -> Self {
        Self {
            namespace: namespace.to_owned(),
            state: Mutex::new(State {
                unready: transients.unready,
                busy: BTreeMap::new(),
                requests: 0,
            }),
            status: transients.status,
            busy: transients.busy,
            observer,
        }
    }

    /// Forwards a request and returns the answer, whose body may still be coming.
    pub(super) async fn forward(self: Arc<Self>, request: Request<Incoming>) -> Reply {
        let (head, body) = request.into_parts();
        let Some((agent, path)) = self.route(head.uri.path()) else {
            let message = format!("no agent serves {}", head.uri.path());
            return http::refusal(Problem::new(ErrorCode::NotFound, message));
        };
        let turn = turn(&head);
        if let Some((turn, attempt)) = &turn {
            self.observer.attempted(turn, *attempt);
        }
        if self.refuses(&agent, turn.as_ref().map(|(turn, _)| turn)) {
            return self.transient(&agent);
        }
        let Ok(body) = body.collect().await else {
            let problem = Problem::new(ErrorCode::BadRequest, "the body breaks off");
            return http::refusal(problem);
        };
        let path = match head.uri.query() {
            Some(query) => format!("{path}?{query}"),
            None => path,
        };
        let forwarded = forwarded(&head.method, &path, &head.headers, body.to_bytes());
        match http::exchange(&format!("{agent}:{PORT}"), forwarded).await {
            Ok(response) => passed_on(response),
            Err(CallError::Unreached) => {
                let message = format!("{agent} cannot be reached");
                http::refusal(Problem::new(ErrorCode::Unavailable, message))
            }
            Err(CallError::Unanswered | CallError::TimedOut) => {
                let message = format!("{agent} was lost");
                http::refusal(Problem::new(ErrorCode::BadGateway, message))
            }
        }
    }

    /// Returns the agent that a path names, and the rest of the path.
    fn route(&self, path: &str) -> Option<(AgentName, String)> {
        let path = path.strip_prefix('/')?.strip_prefix(&self.namespace)?;
        let path = path.strip_prefix("/agent/")?;
        let (agent, rest) = path.split_once('/')?;
        let agent = AgentName::from(agent);
        let is_known = lock(&self.state).unready.contains_key(&agent);
        is_known.then(|| (agent, format!("/{rest}")))
    }

    /// Returns `true` if this request is one of those that meet a transient failure.
    fn refuses(&self, agent: &AgentName, turn: Option<&TurnId>) -> bool {
        let mut state = lock(&self.state);
        if let Some(unready) = state.unready.get_mut(agent)
            && *unready > 0
        {
            *unready -= 1;
            return true;
        }
        let Some(turn) = turn else {
            return false;
        };
        let left = match state.busy.get(turn) {
            Some(left) => *left,
            None => {
                state.requests += 1;
                let drawn = self.busy.get((state.requests - 1) % self.busy.len().max(1));
                drawn.copied().unwrap_or_default()
            }
        };
        match left.checked_sub(1) {
            Some(left) => {
                state.busy.insert(turn.clone(), left);
                true
            }
            None => {
                state.busy.insert(turn.clone(), 0);
                false
            }
        }
    }

    fn transient(&self, agent: &AgentName) -> Reply {
        let message = format!("{agent} is busy");
        let problem = Problem::new(ErrorCode::Unavailable, message);
        let mut reply = http::refusal(problem);
        *reply.status_mut() = self.status;
        reply
    }
}

/// Returns the id and the number of an attempt.
fn turn(head: &Parts) -> Option<(TurnId, u32)> {
    let text = |name| head.headers.get(name)?.to_str().ok();
    let attempt = text(ATTEMPT)?.parse().ok()?;
    Some((text(REQUEST_ID)?.into(), attempt))
}

fn forwarded(
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    body: Bytes,
) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = method.clone();
    // A path that came in with a request is one.
    *request.uri_mut() = path.parse().unwrap_or_default();
    for name in [REQUEST_ID, ATTEMPT] {
        if let Some(value) = headers.get(name) {
            request.headers_mut().insert(name, value.clone());
        }
    }
    request
}

fn passed_on(response: Response<Incoming>) -> Reply {
    let (head, body) = response.into_parts();
    let body = body.map_err(Into::into).boxed_unsync();
    Response::from_parts(head, body)
}
