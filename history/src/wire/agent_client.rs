//! The Agent Client Protocol, version 1: prompt turns and their cancellation. Each line is
//! `{"from": "client" | "agent", "message": {…}}`, in the order in which the agent's end of
//! the connection saw them, so that what follows a `session/cancel` was sent by an agent
//! that had read it.

use serde_json::Value as Json;

use super::fields::{id, quoted, text};
use super::json_rpc::{Outcome, Rpc, Side, parse};
use super::open::{Id, OpenIds};
use super::{Findings, WireMachine, WireProfile, WireRule};

const LIFECYCLE: &str = "Prompt Turn, The Prompt Turn Lifecycle";
const CANCELLATION: &str = "Prompt Turn, Cancellation";

const MALFORMED: WireRule = WireRule::new(
    "malformed",
    "Overview, Communication Model",
    "A line is no message of JSON-RPC 2.0 with the side that sent it, or names no session.",
);
const ID_IN_USE: WireRule = WireRule::new(
    "id-in-use",
    "JSON-RPC 2.0, Request object",
    "A request has the id of one that has no response yet.",
);
const UNKNOWN_RESPONSE: WireRule = WireRule::new(
    "unknown-response",
    "JSON-RPC 2.0, Response object",
    "A response belongs to no request, or to one that has its response.",
);
const PROMPT_IN_TURN: WireRule = WireRule::new(
    "prompt-in-turn",
    LIFECYCLE,
    "A session gets a prompt while the turn before has not ended.",
);
const UPDATE_OUTSIDE: WireRule = WireRule::new(
    "update-outside",
    CANCELLATION,
    "The agent reports on a turn that has ended, or has not begun.",
);
const UNKNOWN_REASON: WireRule = WireRule::new(
    "unknown-reason",
    "Prompt Turn, Stop Reasons",
    "A turn ends with a `stopReason` that there is not.",
);
const NOT_CANCELLED: WireRule = WireRule::new(
    "not-cancelled",
    CANCELLATION,
    "A turn that was cancelled ends with an error or with another reason than `cancelled`.",
);
const CANCELLED_UNASKED: WireRule = WireRule::new(
    "cancelled-unasked",
    CANCELLATION,
    "A turn ends as `cancelled` although the client did not cancel it.",
);
const PERMISSION_NOT_CANCELLED: WireRule = WireRule::new(
    "permission-not-cancelled",
    CANCELLATION,
    "A request for permission that a cancellation met gets another outcome than `cancelled`.",
);
const UNANSWERED: WireRule = WireRule::new(
    "unanswered",
    LIFECYCLE,
    "The stream ends before a prompt or a request for permission has its response.",
);

pub(super) const PROFILE: WireProfile = WireProfile {
    name: "agent-client-protocol",
    claim: "prompt turns between a client and an agent, and their cancellation",
    specification: "Agent Client Protocol, version 1",
    rules: &[&[
        MALFORMED,
        ID_IN_USE,
        UNKNOWN_RESPONSE,
        PROMPT_IN_TURN,
        UPDATE_OUTSIDE,
        UNKNOWN_REASON,
        NOT_CANCELLED,
        CANCELLED_UNASKED,
        PERMISSION_NOT_CANCELLED,
        UNANSWERED,
    ]],
    machine: || Box::new(AgentClient::new()),
};

const REASONS: [&str; 5] = [
    "end_turn",
    "max_tokens",
    "max_turn_requests",
    "refusal",
    "cancelled",
];

/// Updates that report on a turn; the others may come at any time.
const UPDATES_OF_TURNS: [&str; 5] = [
    "agent_message_chunk",
    "agent_thought_chunk",
    "tool_call",
    "tool_call_update",
    "plan",
];

/// The part that a request has in turns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Purpose {
    Prompt(Id),
    /// The replay of a session, which repeats its updates.
    Load(Id),
    Permission {
        session: Id,
        is_cancelled: bool,
    },
    Other,
}

struct Pending {
    purpose: Purpose,
    line: u64,
}

struct AgentClient {
    pending: OpenIds<Pending>,
    /// Sessions with a turn; `true` once it is cancelled.
    turns: OpenIds<bool>,
    /// Sessions that are being replayed, with the number of requests for it.
    loading: OpenIds<u32>,
}

impl AgentClient {
    fn new() -> Self {
        Self {
            pending: OpenIds::new("requests"),
            turns: OpenIds::new("turns"),
            loading: OpenIds::new("sessions that are loaded"),
        }
    }

    fn request(&mut self, from: Side, id: Id, purpose: Purpose, findings: &mut Findings) {
        let id = from.id(id);
        if let Some(pending) = self.pending.get(id) {
            let line = pending.line;
            findings.broken(ID_IN_USE, || format!("the request of line {line} is open"));
            return;
        }
        match purpose {
            Purpose::Prompt(session) if self.turns.contains(session) => {
                findings.broken(PROMPT_IN_TURN, || "its session has a turn".to_owned());
            }
            Purpose::Prompt(session) => self.turns.open(session, false, findings),
            Purpose::Load(session) => {
                let loads = self.loading.get(session).copied().unwrap_or(0);
                self.loading.open(session, loads + 1, findings);
            }
            Purpose::Permission { .. } | Purpose::Other => {}
        }
        let line = findings.line();
        self.pending.open(id, Pending { purpose, line }, findings);
    }

    fn cancel(&mut self, session: Id) {
        if let Some(is_cancelled) = self.turns.get_mut(session) {
            *is_cancelled = true;
        }
        for pending in self.pending.values_mut() {
            if let Purpose::Permission {
                session: asked,
                is_cancelled,
            } = &mut pending.purpose
                && *asked == session
            {
                *is_cancelled = true;
            }
        }
    }

    fn update(&self, params: &Json, session: Id, findings: &mut Findings) {
        let kind = text(params, "update.sessionUpdate").unwrap_or_default();
        let is_free = self.turns.contains(session) || self.loading.contains(session);
        if UPDATES_OF_TURNS.contains(&kind) && !is_free {
            findings.broken(UPDATE_OUTSIDE, || {
                format!("{} comes while the session has no turn", quoted(kind))
            });
        }
    }

    fn respond(&mut self, from: Side, id: Id, outcome: Outcome<'_>, findings: &mut Findings) {
        let Some(pending) = self.pending.close(from.other().id(id)) else {
            findings.broken(UNKNOWN_RESPONSE, || {
                "no request of the other side waits for it".to_owned()
            });
            return;
        };
        match pending.purpose {
            Purpose::Prompt(session) => {
                let is_cancelled = self.turns.close(session).unwrap_or(false);
                check_reason(outcome, is_cancelled, findings);
            }
            Purpose::Load(session) => {
                let loads = self.loading.close(session).unwrap_or(1);
                if loads > 1 {
                    self.loading.open(session, loads - 1, findings);
                }
            }
            Purpose::Permission {
                is_cancelled: true, ..
            } if reason_of(outcome, "outcome.outcome") != Some("cancelled") => {
                findings.broken(PERMISSION_NOT_CANCELLED, || {
                    format!("the request of line {} was cancelled", pending.line)
                });
            }
            Purpose::Permission { .. } | Purpose::Other => {}
        }
    }
}

fn reason_of<'m>(outcome: Outcome<'m>, path: &str) -> Option<&'m str> {
    match outcome {
        Outcome::Result(result) => text(result, path),
        Outcome::Error => None,
    }
}

fn check_reason(outcome: Outcome<'_>, is_cancelled: bool, findings: &mut Findings) {
    let reason = reason_of(outcome, "stopReason");
    let is_known = reason.is_some_and(|reason| REASONS.contains(&reason));
    match outcome {
        Outcome::Result(_) if !is_known => findings.broken(UNKNOWN_REASON, || {
            format!("its `stopReason` is {}", quoted(reason.unwrap_or_default()))
        }),
        _ if is_cancelled && reason != Some("cancelled") => {
            findings.broken(NOT_CANCELLED, || match reason {
                Some(reason) => format!("its `stopReason` is {}", quoted(reason)),
                None => "it is an error".to_owned(),
            });
        }
        _ if !is_cancelled && reason == Some("cancelled") => {
            findings.broken(CANCELLED_UNASKED, || {
                "no session/cancel came in this turn".to_owned()
            });
        }
        _ => {}
    }
}

/// Returns the purpose of a request; none if it should name a session and does not.
fn purpose_of(from: Side, method: &str, params: &Json) -> Option<Purpose> {
    let session = id(params, "sessionId");
    Some(match (from, method) {
        (Side::Client, "session/prompt") => Purpose::Prompt(session?),
        (Side::Client, "session/load") => Purpose::Load(session?),
        (Side::Server, "session/request_permission") => Purpose::Permission {
            session: session?,
            is_cancelled: false,
        },
        _ => Purpose::Other,
    })
}

impl WireMachine for AgentClient {
    fn step(&mut self, message: &Json, findings: &mut Findings) {
        let (from, rpc) = match parse(message, "agent") {
            Ok(parsed) => parsed,
            Err(complaint) => return findings.broken(MALFORMED, || complaint),
        };
        let mut no_session = || findings.broken(MALFORMED, || "it names no session".to_owned());
        match rpc {
            Rpc::Request { id, method, params } => match purpose_of(from, method, params) {
                Some(purpose) => self.request(from, id, purpose, findings),
                None => no_session(),
            },
            Rpc::Notification { method, params } => match (from, method, id(params, "sessionId")) {
                (Side::Client, "session/cancel", Some(session)) => self.cancel(session),
                (Side::Server, "session/update", Some(session)) => {
                    self.update(params, session, findings);
                }
                (_, "session/cancel" | "session/update", None) => no_session(),
                _ => {}
            },
            Rpc::Response { id, outcome } => self.respond(from, id, outcome, findings),
            Rpc::OrphanError => {}
        }
    }

    fn end(&mut self, findings: &mut Findings) {
        for pending in self.pending.values() {
            if let Purpose::Prompt(_) | Purpose::Permission { .. } = pending.purpose {
                let line = pending.line;
                findings.broken(UNANSWERED, || format!("the request of line {line} is open"));
            }
        }
    }
}
