//! The HTTP interface of an agent.

use std::sync::Arc;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::{Method, Request, StatusCode};

use super::super::api::{
    ATTEMPT, ChatCompletion, ChatRequest, Choice, ErrorCode, FinishReason, Health, HealthStatus,
    Message, Problem, REQUEST_ID, Role,
};
use super::super::http::{self, Reply};
use super::super::ids::{SessionId, TurnId};
use super::super::observer::StreamId;
use super::turn::Turn;
use super::{Agent, Outcome};

/// The paths of an agent's card: that of the standard, its older form, and the short one.
const CARDS: [&str; 3] = [
    "/.well-known/agent-card.json",
    "/.well-known/agent.json",
    "/.well-known/agent",
];

impl Agent {
    /// Answers a request.
    pub(super) async fn handle(self: Arc<Self>, request: Request<Incoming>) -> Reply {
        let (head, body) = request.into_parts();
        if !self.is_ready() {
            let starting = Health {
                status: HealthStatus::Starting,
            };
            return http::json(StatusCode::SERVICE_UNAVAILABLE, &starting);
        }
        match (&head.method, head.uri.path()) {
            (&Method::GET, "/health") => {
                let status = HealthStatus::Healthy;
                http::json(StatusCode::OK, &Health { status })
            }
            (&Method::GET, "/memory/events") => self.memory_events(&head).await,
            (&Method::GET, path) if CARDS.contains(&path) => {
                http::json(StatusCode::OK, &self.card())
            }
            (&Method::POST, "/v1/chat/completions") => match body.collect().await {
                Ok(body) => self.chat(&head, &body.to_bytes()).await,
                Err(_) => http::refusal(bad_request("the body breaks off")),
            },
            (method, path) => {
                let message = format!("{method} {path} is not served");
                http::refusal(Problem::new(ErrorCode::NotFound, message))
            }
        }
    }

    async fn memory_events(&self, head: &Parts) -> Reply {
        let session = parameter(head, "session").map(SessionId::from);
        let kind = parameter(head, "type");
        let events = self.memory.events(session.as_ref(), kind).await;
        http::json(StatusCode::OK, &events)
    }

    async fn chat(self: Arc<Self>, head: &Parts, body: &[u8]) -> Reply {
        let request: ChatRequest = match serde_json::from_slice(body) {
            Ok(request) => request,
            Err(error) => return http::refusal(bad_request(error.to_string())),
        };
        let Some(id) = header(head, REQUEST_ID).map(TurnId::from) else {
            return http::refusal(bad_request(format!("{REQUEST_ID} is missing")));
        };
        let Some(last) = request.messages.last() else {
            return http::refusal(bad_request("there is no message"));
        };
        let turn = Turn {
            id: id.clone(),
            session: request.session.clone(),
            content: last.content.clone(),
            delegated_by: request.delegated_by,
        };
        if !request.stream {
            return completion(&self.name.clone(), id, self.outcome(turn).await);
        }
        let attempt = header(head, ATTEMPT).and_then(|attempt| attempt.parse().ok());
        let stream = StreamId {
            agent: self.name.clone(),
            session: request.session,
            turn: id,
            attempt: attempt.unwrap_or(1),
        };
        self.streamed(stream, turn)
    }
}

fn bad_request(message: impl Into<String>) -> Problem {
    Problem::new(ErrorCode::BadRequest, message)
}

fn header<'a>(head: &'a Parts, name: &str) -> Option<&'a str> {
    head.headers.get(name)?.to_str().ok()
}

/// Returns a parameter of the query. The values that are asked for need no escapes.
fn parameter<'a>(head: &'a Parts, name: &str) -> Option<&'a str> {
    let pairs = head.uri.query()?.split('&');
    let mut pairs = pairs.filter_map(|pair| pair.split_once('='));
    pairs.find_map(|(key, value)| (key == name).then_some(value))
}

fn completion(model: &super::AgentName, id: TurnId, outcome: Outcome) -> Reply {
    match outcome {
        Ok(content) => {
            let choice = Choice {
                index: 0,
                message: Message {
                    role: Role::Assistant,
                    content,
                },
                finish_reason: FinishReason::Stop,
            };
            let completion = ChatCompletion {
                id,
                model: model.clone(),
                choices: vec![choice],
            };
            http::json(StatusCode::OK, &completion)
        }
        Err(problem) => http::refusal(problem),
    }
}
