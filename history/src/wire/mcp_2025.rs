//! The Model Context Protocol of 2025-11-25, which begins with an initialization: the
//! messages of one connection, each line `{"from": "client" | "server", "message": {…}}`.

use serde_json::Value as Json;

use super::exchange::{Exchange, ExchangeRules, Purpose, Work};
use super::fields::{at, id, quoted, text};
use super::json_rpc::{Outcome, Rpc, Side, parse};
use super::open::{Id, Recent};
use super::{Findings, WireMachine, WireProfile, WireRule};

const LIFECYCLE: &str = "Base Protocol, Lifecycle, Initialization";
const TASKS: &str = "Utilities, Tasks, Task Status Lifecycle";

const RULES: ExchangeRules = ExchangeRules {
    malformed: WireRule::new(
        "malformed",
        "Base Protocol, Messages",
        "A line is no message of JSON-RPC 2.0 with the side that sent it, or lacks a field.",
    ),
    reused_id: WireRule::new(
        "reused-id",
        "Base Protocol, Requests",
        "A request has an id that its sender has used before.",
    ),
    unknown_response: WireRule::new(
        "unknown-response",
        "Base Protocol, Responses",
        "A response belongs to no request, or to one that has its response.",
    ),
    unknown_cancel: WireRule::new(
        "unknown-cancel",
        "Utilities, Cancellation, Behavior Requirements",
        "A cancellation names a request that its sender has not made.",
    ),
    reused_token: WireRule::new(
        "reused-token",
        "Utilities, Progress, Progress Flow",
        "A request has the progress token of another open one of its sender.",
    ),
    unknown_token: WireRule::new(
        "unknown-token",
        "Utilities, Progress, Behavior Requirements",
        "Progress has a token that no open request has.",
    ),
    not_increasing: WireRule::new(
        "not-increasing",
        "Utilities, Progress, Progress Flow",
        "The progress of a request does not increase.",
    ),
    ids_are_unique: true,
};

const NOT_INITIALIZED: WireRule = WireRule::new(
    "not-initialized",
    LIFECYCLE,
    "A message comes before the client's request `initialize`.",
);
const TOO_EARLY: WireRule = WireRule::new(
    "too-early",
    LIFECYCLE,
    "A request other than `ping` comes before `notifications/initialized`.",
);
const INITIALIZED_TWICE: WireRule = WireRule::new(
    "initialized-twice",
    LIFECYCLE,
    "A step of the initialization comes a second time, or before the step that it follows.",
);
const INITIALIZE_CANCELLED: WireRule = WireRule::new(
    "initialize-cancelled",
    "Utilities, Cancellation, Behavior Requirements",
    "The client cancels its request `initialize`.",
);
const UNKNOWN_STATUS: WireRule = WireRule::new(
    "unknown-status",
    TASKS,
    "A task has a status that there is not.",
);
const TASK_AFTER_END: WireRule = WireRule::new(
    "task-after-end",
    TASKS,
    "A task has another status after one that ends it.",
);
const TASK_NOT_CANCELLED: WireRule = WireRule::new(
    "task-not-cancelled",
    "Utilities, Tasks, Task Cancellation",
    "The answer to `tasks/cancel` has another status than `cancelled`.",
);

pub(super) const PROFILE: WireProfile = WireProfile {
    name: "mcp-2025-11-25",
    claim: "one connection of a Model Context Protocol client and server, with initialization",
    specification: "Model Context Protocol 2025-11-25",
    rules: &[
        &RULES.list(),
        &[
            NOT_INITIALIZED,
            TOO_EARLY,
            INITIALIZED_TWICE,
            INITIALIZE_CANCELLED,
            UNKNOWN_STATUS,
            TASK_AFTER_END,
            TASK_NOT_CANCELLED,
        ],
    ],
    machine: || Box::new(Connection::new()),
};

/// The statuses of tasks; `true` for those that end one.
const STATUSES: [(&str, bool); 5] = [
    ("working", false),
    ("input_required", false),
    ("completed", true),
    ("failed", true),
    ("cancelled", true),
];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    Start,
    /// The request `initialize` waits for its response.
    Initializing,
    /// The server has answered.
    Answered,
    /// The client has sent `notifications/initialized`.
    Ready,
}

struct Connection {
    phase: Phase,
    exchange: Exchange,
    /// The statuses of tasks that have ended.
    ended_tasks: Recent<&'static str>,
}

impl Connection {
    fn new() -> Self {
        Self {
            phase: Phase::Start,
            exchange: Exchange::new(&RULES),
            ended_tasks: Recent::default(),
        }
    }

    fn request(&mut self, from: Side, id: Id, method: &str, params: &Json, out: &mut Findings) {
        let initializes = from == Side::Client && method == "initialize";
        match self.phase {
            Phase::Start if !initializes => {
                out.broken(NOT_INITIALIZED, || {
                    format!("{} is the first message", quoted(method))
                });
            }
            Phase::Initializing | Phase::Answered if !initializes && method != "ping" => {
                out.broken(TOO_EARLY, || {
                    format!("{} comes before the connection is ready", quoted(method))
                });
            }
            Phase::Start => {}
            _ if initializes => {
                out.broken(INITIALIZED_TWICE, || "`initialize` came before".to_owned());
            }
            _ => {}
        }
        let purpose = match method {
            "initialize" if initializes && self.phase == Phase::Start => Purpose::Initialize,
            "tasks/cancel" => Purpose::CancelTask,
            _ => Purpose::Other,
        };
        let is_taken = self.exchange.request(from, id, purpose, params, out);
        if is_taken && purpose == Purpose::Initialize {
            self.phase = Phase::Initializing;
        }
    }

    fn notification(&mut self, from: Side, method: &str, params: &Json, out: &mut Findings) {
        if self.phase == Phase::Start {
            out.broken(NOT_INITIALIZED, || {
                format!("{} is the first message", quoted(method))
            });
            return;
        }
        match method {
            "notifications/initialized" if from == Side::Client => match self.phase {
                Phase::Answered => self.phase = Phase::Ready,
                _ => out.broken(INITIALIZED_TWICE, || {
                    "no `initialize` has just been answered".to_owned()
                }),
            },
            "notifications/cancelled" => self.cancel(from, params, out),
            "notifications/progress" => self.exchange.progress(from, params, out),
            "notifications/tasks/status" => self.status(params, out),
            _ => {}
        }
    }

    fn cancel(&mut self, from: Side, params: &Json, out: &mut Findings) {
        let request = id(params, "requestId").map(|request| from.id(request));
        let purpose = request.and_then(|request| self.exchange.purpose(request));
        if purpose == Some(Purpose::Initialize) {
            out.broken(INITIALIZE_CANCELLED, || {
                "`initialize` has no response yet".to_owned()
            });
        } else {
            self.exchange.cancel(from, params, out);
        }
    }

    fn response(&mut self, from: Side, id: Id, outcome: Outcome<'_>, out: &mut Findings) {
        if self.phase == Phase::Start {
            out.broken(NOT_INITIALIZED, || {
                "a response is the first message".to_owned()
            });
            return;
        }
        let task = match outcome {
            Outcome::Result(result) => at(result, "task").or(Some(result)),
            Outcome::Error => None,
        };
        let task = task.filter(|task| text(task, "taskId").is_some());
        let work = task.map_or(Work::Done, |_| Work::GoesOn);
        let purpose = self.exchange.response(from, id, work, out);
        match (purpose, outcome) {
            (Some(Purpose::Initialize), Outcome::Result(_)) => self.phase = Phase::Answered,
            (Some(Purpose::Initialize), Outcome::Error) => self.phase = Phase::Start,
            (Some(Purpose::CancelTask), Outcome::Result(result))
                if text(result, "status") != Some("cancelled") =>
            {
                out.broken(TASK_NOT_CANCELLED, || {
                    "the `status` of the result is not `cancelled`".to_owned()
                });
            }
            _ => {}
        }
        if let Some(task) = task {
            self.status(task, out);
        }
    }

    /// Takes a status of a task.
    fn status(&mut self, task: &Json, out: &mut Findings) {
        let (Some(id), Some(name)) = (id(task, "taskId"), text(task, "status")) else {
            out.broken(RULES.malformed, || {
                "a task has no `taskId` or `status`".to_owned()
            });
            return;
        };
        let mut statuses = STATUSES.iter();
        let Some((status, ends)) = statuses.find(|(status, _)| *status == name) else {
            out.broken(UNKNOWN_STATUS, || {
                format!("{} is no status of a task", quoted(name))
            });
            return;
        };
        match self.ended_tasks.get(id) {
            Some(end) if end != status => {
                out.broken(TASK_AFTER_END, || format!("{name} follows {end}"));
            }
            None if *ends => self.ended_tasks.insert(id, *status),
            _ => {}
        }
    }
}

impl WireMachine for Connection {
    fn step(&mut self, message: &Json, findings: &mut Findings) {
        let (from, rpc) = match parse(message, "server") {
            Ok(parsed) => parsed,
            Err(complaint) => return findings.broken(RULES.malformed, || complaint),
        };
        match rpc {
            Rpc::Request { id, method, params } => self.request(from, id, method, params, findings),
            Rpc::Notification { method, params } => {
                self.notification(from, method, params, findings);
            }
            Rpc::Response { id, outcome } => self.response(from, id, outcome, findings),
            Rpc::OrphanError => {}
        }
    }

    fn end(&mut self, _findings: &mut Findings) {}
}
