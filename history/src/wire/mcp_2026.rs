//! The Model Context Protocol of 2026-07-28, which has no sessions: the messages of one
//! connection, each line `{"from": "client" | "server", "message": {…}}`. Only the client
//! makes requests, and each carries what the server must know.

use serde_json::Value as Json;

use super::exchange::{Exchange, ExchangeRules, Purpose, Work};
use super::fields::{at, id, quoted, text};
use super::json_rpc::{Outcome, Rpc, Side, parse};
use super::open::{Id, OpenIds, Recent};
use super::{Findings, WireMachine, WireProfile, WireRule};

const SUBSCRIPTIONS: &str = "Message Patterns, Subscriptions";

const RULES: ExchangeRules = ExchangeRules {
    malformed: WireRule::new(
        "malformed",
        "Overview, Messages",
        "A line is no message of JSON-RPC 2.0 with the side that sent it, or lacks a field.",
    ),
    reused_id: WireRule::new(
        "reused-id",
        "Overview, Requests",
        "A request has the id of one that has no response yet.",
    ),
    unknown_response: WireRule::new(
        "unknown-response",
        "Overview, Responses",
        "A response belongs to no request, or to one that has its response.",
    ),
    unknown_cancel: WireRule::new(
        "unknown-cancel",
        "Message Patterns, Cancellation, Behavior Requirements",
        "A cancellation names a request that the client has not made.",
    ),
    reused_token: WireRule::new(
        "reused-token",
        "Message Patterns, Progress",
        "A request has the progress token of another open one.",
    ),
    unknown_token: WireRule::new(
        "unknown-token",
        "Message Patterns, Progress",
        "Progress has a token that no open request has.",
    ),
    not_increasing: WireRule::new(
        "not-increasing",
        "Message Patterns, Progress",
        "The progress of a request does not increase.",
    ),
    ids_are_unique: false,
};

const SERVER_REQUEST: WireRule = WireRule::new(
    "server-request",
    "Overview, Requests",
    "The server makes a request.",
);
const REMOVED_METHOD: WireRule = WireRule::new(
    "removed-method",
    "Changelog; Overview, Statelessness",
    "A message has a method of the versions with sessions.",
);
const NO_META: WireRule = WireRule::new(
    "no-meta",
    "Overview, General fields, _meta",
    "A request does not carry the protocol version and the client's capabilities in `_meta`.",
);
const NO_RESULT_TYPE: WireRule = WireRule::new(
    "no-result-type",
    "Overview, ResultType",
    "A result has no `resultType`.",
);
const NOTHING_REQUIRED: WireRule = WireRule::new(
    "nothing-required",
    "Message Patterns, Multi Round-Trip Requests, InputRequiredResult",
    "A result `input_required` has neither `inputRequests` nor `requestState`.",
);
const UNKNOWN_STATE: WireRule = WireRule::new(
    "unknown-state",
    "Message Patterns, Multi Round-Trip Requests, Client Requirements",
    "A request has a `requestState` that no result has had.",
);
const CANCEL_BY_SERVER: WireRule = WireRule::new(
    "cancel-by-server",
    "Message Patterns, Cancellation",
    "The server cancels something else than an open `subscriptions/listen`.",
);
const NOT_ACKNOWLEDGED: WireRule = WireRule::new(
    "not-acknowledged",
    SUBSCRIPTIONS,
    "The first notification of a subscription is not its acknowledgement, or a later one is.",
);
const UNKNOWN_SUBSCRIPTION: WireRule = WireRule::new(
    "unknown-subscription",
    SUBSCRIPTIONS,
    "A notification belongs to a subscription that is not open.",
);
const NOT_SUBSCRIBED: WireRule = WireRule::new(
    "not-subscribed",
    "Message Patterns, Subscriptions, Notification Filter",
    "A notification has a type that the subscription did not ask for.",
);

pub(super) const PROFILE: WireProfile = WireProfile {
    name: "mcp-2026-07-28",
    claim: "one connection of a Model Context Protocol client and server, without sessions",
    specification: "Model Context Protocol 2026-07-28",
    rules: &[
        &RULES.list(),
        &[
            SERVER_REQUEST,
            REMOVED_METHOD,
            NO_META,
            NO_RESULT_TYPE,
            NOTHING_REQUIRED,
            UNKNOWN_STATE,
            CANCEL_BY_SERVER,
            NOT_ACKNOWLEDGED,
            UNKNOWN_SUBSCRIPTION,
            NOT_SUBSCRIBED,
        ],
    ],
    machine: || Box::new(Connection::new()),
};

/// Methods of earlier versions that belong to sessions.
const REMOVED: [&str; 6] = [
    "initialize",
    "notifications/initialized",
    "ping",
    "resources/subscribe",
    "resources/unsubscribe",
    "notifications/roots/list_changed",
];

const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

/// The types of notifications with the members of the filter that ask for them.
const FILTERS: [(&str, &str); 4] = [
    ("notifications/tools/list_changed", "toolsListChanged"),
    ("notifications/prompts/list_changed", "promptsListChanged"),
    (
        "notifications/resources/list_changed",
        "resourcesListChanged",
    ),
    ("notifications/resources/updated", "resourceSubscriptions"),
];

/// An open subscription.
struct Subscription {
    is_acknowledged: bool,
    /// For each type of [`FILTERS`], `true` if it was asked for.
    asked: [bool; 4],
}

struct Connection {
    exchange: Exchange,
    subscriptions: OpenIds<Subscription>,
    /// Subscriptions that the client cancelled, whose notifications may come all the same.
    left: Recent<()>,
    /// The states that results had.
    states: Recent<()>,
}

impl Connection {
    fn new() -> Self {
        Self {
            exchange: Exchange::new(&RULES),
            subscriptions: OpenIds::new("subscriptions"),
            left: Recent::default(),
            states: Recent::default(),
        }
    }

    fn request(&mut self, id: Id, method: &str, params: &Json, out: &mut Findings) {
        let meta = params.get("_meta");
        let member = |name: &str| meta.and_then(|meta| meta.get(name));
        let has_version = member(VERSION).is_some_and(Json::is_string);
        let has_capabilities = member(CAPABILITIES).is_some_and(Json::is_object);
        if !has_version || !has_capabilities {
            out.broken(NO_META, || {
                format!("{} lacks one of the two", quoted(method))
            });
        }
        if let Some(state) = text(params, "requestState").map(Id::text)
            && !self.states.may_contain(state)
        {
            out.broken(UNKNOWN_STATE, || {
                "its `requestState` is not one that a result had".to_owned()
            });
        }
        let purpose = match method {
            "subscriptions/listen" => Purpose::Listen,
            _ => Purpose::Other,
        };
        let is_taken = self
            .exchange
            .request(Side::Client, id, purpose, params, out);
        if is_taken && purpose == Purpose::Listen {
            let filter = at(params, "notifications");
            let subscription = Subscription {
                is_acknowledged: false,
                asked: FILTERS.map(|(_, member)| asks_for(filter, member)),
            };
            self.left.remove(id);
            self.subscriptions.open(id, subscription, out);
        }
    }

    fn notification(&mut self, from: Side, method: &str, params: &Json, out: &mut Findings) {
        match (from, method) {
            (Side::Client, "notifications/cancelled") => self.leave(params, out),
            (Side::Server, "notifications/cancelled") => self.tear_down(params, out),
            (_, "notifications/progress") => self.exchange.progress(from, params, out),
            (Side::Server, _) => self.delivery(method, params, out),
            (Side::Client, _) => {}
        }
    }

    /// Takes a cancellation of the client.
    fn leave(&mut self, params: &Json, out: &mut Findings) {
        self.exchange.cancel(Side::Client, params, out);
        if let Some(request) = id(params, "requestId")
            && self.subscriptions.close(request).is_some()
        {
            self.left.insert(request, ());
        }
    }

    /// Takes a cancellation of the server, which may only end a subscription. One that the
    /// client has left at the same time is no mistake.
    fn tear_down(&mut self, params: &Json, out: &mut Findings) {
        let request = id(params, "requestId");
        let is_open = request.is_some_and(|request| self.subscriptions.close(request).is_some());
        if is_open {
            self.exchange.cancel(Side::Client, params, out);
        } else if !request.is_some_and(|request| self.left.may_contain(request)) {
            out.broken(CANCEL_BY_SERVER, || {
                "no subscription has that id".to_owned()
            });
        }
    }

    /// Takes a notification of the server that may belong to a subscription.
    fn delivery(&mut self, method: &str, params: &Json, out: &mut Findings) {
        let acknowledges = method == "notifications/subscriptions/acknowledged";
        let kind = FILTERS.iter().position(|(name, _)| *name == method);
        let name = params.get("_meta").and_then(|meta| meta.get(SUBSCRIPTION));
        let Some(subscription) = name.and_then(Id::of) else {
            if acknowledges || kind.is_some() {
                out.broken(UNKNOWN_SUBSCRIPTION, || {
                    format!("{} names no subscription", quoted(method))
                });
            }
            return;
        };
        match self.subscriptions.get_mut(subscription) {
            Some(open) => {
                if open.is_acknowledged == acknowledges {
                    let place = if acknowledges { "a later" } else { "the first" };
                    out.broken(NOT_ACKNOWLEDGED, || {
                        format!("{} is {place} notification", quoted(method))
                    });
                }
                open.is_acknowledged = true;
                if kind.is_some_and(|kind| !open.asked[kind]) {
                    out.broken(NOT_SUBSCRIBED, || {
                        format!("the subscription did not ask for {}", quoted(method))
                    });
                }
            }
            None if self.left.may_contain(subscription) => {}
            None => out.broken(UNKNOWN_SUBSCRIPTION, || {
                format!("the subscription of {} is not open", quoted(method))
            }),
        }
    }

    fn response(&mut self, from: Side, id: Id, outcome: Outcome<'_>, out: &mut Findings) {
        let purpose = self.exchange.response(from, id, Work::Done, out);
        if purpose == Some(Purpose::Listen) {
            self.subscriptions.close(id);
        }
        if let Outcome::Result(result) = outcome {
            self.result(result, out);
        }
    }

    fn result(&mut self, result: &Json, out: &mut Findings) {
        let Some(kind) = text(result, "resultType") else {
            out.broken(NO_RESULT_TYPE, || "its `resultType` is missing".to_owned());
            return;
        };
        let state = text(result, "requestState");
        let asks = result
            .get("inputRequests")
            .is_some_and(|asked| !asked.is_null());
        if kind == "input_required" && state.is_none() && !asks {
            out.broken(NOTHING_REQUIRED, || {
                "the result has none of the two".to_owned()
            });
        }
        if let Some(state) = state {
            self.states.insert(Id::text(state), ());
        }
    }
}

/// Returns `true` if a filter asks for a type of notifications.
fn asks_for(filter: Option<&Json>, member: &str) -> bool {
    match filter.and_then(|filter| filter.get(member)) {
        Some(Json::Bool(asked)) => *asked,
        Some(Json::Array(uris)) => !uris.is_empty(),
        _ => false,
    }
}

impl WireMachine for Connection {
    fn step(&mut self, message: &Json, findings: &mut Findings) {
        let (from, rpc) = match parse(message, "server") {
            Ok(parsed) => parsed,
            Err(complaint) => return findings.broken(RULES.malformed, || complaint),
        };
        if let Rpc::Request { method, .. } | Rpc::Notification { method, .. } = rpc
            && REMOVED.contains(&method)
        {
            return findings.broken(REMOVED_METHOD, || {
                format!("this version has no {}", quoted(method))
            });
        }
        match rpc {
            Rpc::Request { method, .. } if from == Side::Server => {
                findings.broken(SERVER_REQUEST, || {
                    format!("the server requests {}", quoted(method))
                });
            }
            Rpc::Request { id, method, params } => self.request(id, method, params, findings),
            Rpc::Notification { method, params } => {
                self.notification(from, method, params, findings);
            }
            Rpc::Response { id, outcome } => self.response(from, id, outcome, findings),
            Rpc::OrphanError => {}
        }
    }

    fn end(&mut self, _findings: &mut Findings) {}
}
