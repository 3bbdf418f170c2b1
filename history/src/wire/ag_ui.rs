//! AG-UI: the events of an agent for its user interface. One stream carries one run after
//! the other.
//!
//! `ag-ui-sdk` accepts what the verifier of the TypeScript SDK accepts (`verifyEvents` of
//! `@ag-ui/client` 0.0.58), after its schemas have checked the fields. `ag-ui-spec` adds what
//! the documentation says and the verifier leaves out: reasoning, results of tools, chunks,
//! the first delta of the state, the ids at the end of a run, and that each run has an end.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::fields::{Form, Needed, at, id, lacks, quoted, text};
use super::open::{Id, OpenIds};
use super::{Findings, WireMachine, WireProfile, WireRule};

const LIFECYCLE: &str = "Events, Lifecycle Events";
const TEXT: &str = "Events, Text Message Events";
const TOOLS: &str = "Events, Tool Call Events";

const UNKNOWN: WireRule = WireRule::new(
    "unknown-event",
    "Events, Event Types Overview",
    "The protocol has no event of that type.",
);
const MISSING_FIELD: WireRule = WireRule::new(
    "missing-field",
    "Events, Base Event Properties and the tables of each event",
    "An event lacks a field that its type has, or the field has another form.",
);
const NOT_STARTED: WireRule = WireRule::new(
    "not-started",
    LIFECYCLE,
    "The first event is not RUN_STARTED.",
);
const STARTED_TWICE: WireRule = WireRule::new(
    "started-twice",
    LIFECYCLE,
    "A run starts while another one has not ended.",
);
const AFTER_FINISH: WireRule = WireRule::new(
    "after-finish",
    LIFECYCLE,
    "An event follows the RUN_FINISHED of its run.",
);
const AFTER_ERROR: WireRule = WireRule::new(
    "after-error",
    "Events, RunError",
    "An event follows the RUN_ERROR of its run.",
);
const BEGUN_TWICE: WireRule = WireRule::new(
    "begun-twice",
    TEXT,
    "A message, a tool call, a step or a block of thinking starts while it is open.",
);
const NOT_OPEN: WireRule = WireRule::new(
    "not-open",
    TEXT,
    "An event continues or ends what has not started, or has ended.",
);
const LEFT_OPEN: WireRule = WireRule::new(
    "left-open",
    LIFECYCLE,
    "A run finishes while a message, a tool call or a step is open.",
);
const OUTSIDE: WireRule = WireRule::new(
    "outside",
    "Events, Reasoning Events",
    "A message of thinking starts outside of a block of thinking.",
);
const UNENDED: WireRule = WireRule::new(
    "unended",
    LIFECYCLE,
    "The stream ends before the run has RUN_FINISHED or RUN_ERROR.",
);
const OTHER_RUN: WireRule = WireRule::new(
    "other-run",
    "Events, RunFinished",
    "RUN_FINISHED names another thread or run than RUN_STARTED did.",
);
const RESULT_WITHOUT_CALL: WireRule = WireRule::new(
    "result-without-call",
    "Events, ToolCallResult",
    "A result belongs to no tool call that has ended and awaits its result.",
);
const CHUNK_WITHOUT_ID: WireRule = WireRule::new(
    "chunk-without-id",
    TOOLS,
    "The first chunk does not name its message, or its tool call and the tool.",
);
const DELTA_BEFORE_SNAPSHOT: WireRule = WireRule::new(
    "delta-before-snapshot",
    "Events, State Management Events",
    "A delta of the state comes before there is a state to apply it to.",
);
const NO_INTERRUPT: WireRule = WireRule::new(
    "no-interrupt",
    "Interrupts, RUN_FINISHED outcome",
    "A run finishes with the outcome `interrupt` and lists no interrupt.",
);

/// The rules that the verifier of the SDK applies.
const VERIFIED: [WireRule; 10] = [
    UNKNOWN,
    MISSING_FIELD,
    NOT_STARTED,
    STARTED_TWICE,
    AFTER_FINISH,
    AFTER_ERROR,
    BEGUN_TWICE,
    NOT_OPEN,
    LEFT_OPEN,
    OUTSIDE,
];

/// The rules that the verifier of the SDK leaves out.
const DOCUMENTED: [WireRule; 6] = [
    UNENDED,
    OTHER_RUN,
    RESULT_WITHOUT_CALL,
    CHUNK_WITHOUT_ID,
    DELTA_BEFORE_SNAPSHOT,
    NO_INTERRUPT,
];

pub(super) const SDK: WireProfile = WireProfile {
    name: "ag-ui-sdk",
    claim: "AG-UI events, as strict as the verifier of the SDK",
    specification: "AG-UI, @ag-ui/client 0.0.58 and docs/concepts",
    rules: &[&VERIFIED],
    machine: || Box::new(AgUi::new(Strictness::Sdk)),
};

pub(super) const SPEC: WireProfile = WireProfile {
    name: "ag-ui-spec",
    claim: "AG-UI events, as strict as the documentation",
    specification: "AG-UI, docs/concepts at @ag-ui/core 0.0.58",
    rules: &[&VERIFIED, &DOCUMENTED],
    machine: || Box::new(AgUi::new(Strictness::Spec)),
};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Strictness {
    Sdk,
    Spec,
}

/// A thing within a run that starts and ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Part {
    Message,
    ToolCall,
    Step,
    Thinking,
    ThinkingMessage,
    Reasoning,
    ReasoningMessage,
}

/// The properties of a part.
struct PartRule {
    part: Part,
    noun: &'static str,
    /// The field with its id; none if there is one of it at most.
    field: Option<&'static str>,
    /// The part that must be open when it starts.
    within: Option<Part>,
    /// `false` if the SDK does not verify its events.
    is_verified: bool,
    /// `false` if the SDK lets a run finish while it is open.
    is_awaited: bool,
}

const fn part(part: Part, noun: &'static str, field: Option<&'static str>) -> PartRule {
    PartRule {
        part,
        noun,
        field,
        within: None,
        is_verified: true,
        is_awaited: true,
    }
}

const PARTS: [PartRule; 7] = [
    part(Part::Message, "message", Some("messageId")),
    part(Part::ToolCall, "tool call", Some("toolCallId")),
    part(Part::Step, "step", Some("stepName")),
    PartRule {
        is_awaited: false,
        ..part(Part::Thinking, "block of thinking", None)
    },
    PartRule {
        within: Some(Part::Thinking),
        is_awaited: false,
        ..part(Part::ThinkingMessage, "message of thinking", None)
    },
    PartRule {
        is_verified: false,
        ..part(Part::Reasoning, "block of reasoning", Some("messageId"))
    },
    PartRule {
        is_verified: false,
        ..part(
            Part::ReasoningMessage,
            "message of reasoning",
            Some("messageId"),
        )
    },
];

impl Part {
    fn rule(self) -> &'static PartRule {
        let rule = &PARTS[self as usize];
        assert_eq!(rule.part, self, "the table has the order of the enum");
        rule
    }
}

/// The role of an event in its run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Role {
    RunStarted,
    RunFinished,
    RunError,
    Begins(Part),
    Continues(Part),
    Ends(Part),
    /// A part in one event, or in several that need no start and no end.
    Chunk(Part),
    ToolResult,
    Snapshot,
    Delta,
    Free,
}

struct EventRule {
    name: &'static str,
    role: Role,
    needed: &'static [Needed],
}

const fn event(name: &'static str, role: Role, needed: &'static [Needed]) -> EventRule {
    EventRule { name, role, needed }
}

const MESSAGE: Needed = Needed("messageId", Form::Text);
const CALL: Needed = Needed("toolCallId", Form::Text);
const DELTA: Needed = Needed("delta", Form::Text);
const RUN: &[Needed] = &[Needed("threadId", Form::Text), Needed("runId", Form::Text)];
const STEP: &[Needed] = &[Needed("stepName", Form::Text)];

#[rustfmt::skip]
const EVENTS: &[EventRule] = &[
    event("RUN_STARTED", Role::RunStarted, RUN),
    event("RUN_FINISHED", Role::RunFinished, RUN),
    event("RUN_ERROR", Role::RunError, &[Needed("message", Form::Text)]),
    event("STEP_STARTED", Role::Begins(Part::Step), STEP),
    event("STEP_FINISHED", Role::Ends(Part::Step), STEP),
    event("TEXT_MESSAGE_START", Role::Begins(Part::Message), &[MESSAGE]),
    event("TEXT_MESSAGE_CONTENT", Role::Continues(Part::Message), &[MESSAGE, DELTA]),
    event("TEXT_MESSAGE_END", Role::Ends(Part::Message), &[MESSAGE]),
    event("TEXT_MESSAGE_CHUNK", Role::Chunk(Part::Message), &[]),
    event("TOOL_CALL_START", Role::Begins(Part::ToolCall), &[CALL, Needed("toolCallName", Form::Text)]),
    event("TOOL_CALL_ARGS", Role::Continues(Part::ToolCall), &[CALL, DELTA]),
    event("TOOL_CALL_END", Role::Ends(Part::ToolCall), &[CALL]),
    event("TOOL_CALL_CHUNK", Role::Chunk(Part::ToolCall), &[]),
    event("TOOL_CALL_RESULT", Role::ToolResult, &[MESSAGE, CALL, Needed("content", Form::Text)]),
    event("STATE_SNAPSHOT", Role::Snapshot, &[Needed("snapshot", Form::Any)]),
    event("STATE_DELTA", Role::Delta, &[Needed("delta", Form::List)]),
    event("MESSAGES_SNAPSHOT", Role::Free, &[Needed("messages", Form::List)]),
    event("ACTIVITY_SNAPSHOT", Role::Free, &[MESSAGE, Needed("activityType", Form::Text)]),
    event("ACTIVITY_DELTA", Role::Free, &[MESSAGE, Needed("activityType", Form::Text), Needed("patch", Form::List)]),
    event("RAW", Role::Free, &[Needed("event", Form::Any)]),
    event("CUSTOM", Role::Free, &[Needed("name", Form::Text)]),
    event("REASONING_START", Role::Begins(Part::Reasoning), &[MESSAGE]),
    event("REASONING_MESSAGE_START", Role::Begins(Part::ReasoningMessage), &[MESSAGE]),
    event("REASONING_MESSAGE_CONTENT", Role::Continues(Part::ReasoningMessage), &[MESSAGE, DELTA]),
    event("REASONING_MESSAGE_END", Role::Ends(Part::ReasoningMessage), &[MESSAGE]),
    event("REASONING_MESSAGE_CHUNK", Role::Chunk(Part::ReasoningMessage), &[]),
    event("REASONING_END", Role::Ends(Part::Reasoning), &[MESSAGE]),
    event("REASONING_ENCRYPTED_VALUE", Role::Free, &[Needed("entityId", Form::Text), Needed("encryptedValue", Form::Text)]),
    event("THINKING_START", Role::Begins(Part::Thinking), &[]),
    event("THINKING_END", Role::Ends(Part::Thinking), &[]),
    event("THINKING_TEXT_MESSAGE_START", Role::Begins(Part::ThinkingMessage), &[]),
    event("THINKING_TEXT_MESSAGE_CONTENT", Role::Continues(Part::ThinkingMessage), &[DELTA]),
    event("THINKING_TEXT_MESSAGE_END", Role::Ends(Part::ThinkingMessage), &[]),
];

/// The state of the run that a stream carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Run {
    None,
    Active { thread: Id, run: Id, line: u64 },
    Finished,
    Failed,
}

/// A part that is open, and the line in which it started.
type Open = (Part, u64);

struct AgUi {
    strictness: Strictness,
    run: Run,
    open: OpenIds<Open>,
    /// Tool calls that have ended and have no result yet.
    called: OpenIds<()>,
    /// The tool call that chunks continue.
    chunked_call: Option<Id>,
    /// Parts other than tool calls of which a chunk came.
    chunked: BTreeSet<Part>,
    /// `true` once a state was seen; it lasts longer than its run.
    has_state: bool,
}

impl AgUi {
    fn new(strictness: Strictness) -> Self {
        Self {
            strictness,
            run: Run::None,
            open: OpenIds::new("messages, tool calls and steps"),
            called: OpenIds::new("tool calls without a result"),
            chunked_call: None,
            chunked: BTreeSet::new(),
            has_state: false,
        }
    }

    fn is_strict(&self) -> bool {
        self.strictness == Strictness::Spec
    }

    /// Checks the place of an event in its run. Returns `false` if it stands outside of one.
    fn is_in_run(&self, event: &EventRule, findings: &mut Findings) -> bool {
        let (name, role) = (event.name, event.role);
        let may_follow = role == Role::RunStarted || role == Role::RunError && !self.is_strict();
        match self.run {
            Run::Active { .. } if role == Role::RunStarted => {
                findings.broken(STARTED_TWICE, || "the run before has not ended".to_owned());
            }
            Run::None if !may_follow => {
                findings.broken(NOT_STARTED, || format!("{name} is the first event"));
            }
            Run::Finished if !may_follow => {
                findings.broken(AFTER_FINISH, || format!("{name} follows RUN_FINISHED"));
            }
            Run::Failed if role != Role::RunStarted => {
                findings.broken(AFTER_ERROR, || format!("{name} follows RUN_ERROR"));
            }
            Run::Active { .. } => return true,
            Run::None | Run::Finished | Run::Failed => {}
        }
        matches!(role, Role::RunStarted | Role::RunError)
    }

    fn start(&mut self, message: &Json, findings: &Findings) {
        self.open.clear();
        self.chunked_call = None;
        self.chunked.clear();
        self.has_state |= at(message, "input.state").is_some_and(|state| !state.is_null());
        if let (Some(thread), Some(run)) = (id(message, "threadId"), id(message, "runId")) {
            let line = findings.line();
            self.run = Run::Active { thread, run, line };
        }
    }

    fn finish(&mut self, message: &Json, findings: &mut Findings) {
        for (part, line) in self.open.values() {
            let rule = part.rule();
            let is_awaited = rule.is_awaited && rule.is_verified;
            if is_awaited || self.is_strict() {
                findings.broken(LEFT_OPEN, || {
                    format!("the {} that starts in line {line} has no end", rule.noun)
                });
            }
        }
        if self.is_strict() {
            self.check_finish(message, findings);
        }
        // The next run of the thread gives the results that an interrupt waits for.
        if text(message, "outcome.type") != Some("interrupt") {
            self.called.clear();
        }
        self.run = Run::Finished;
    }

    fn fail(&mut self) {
        self.called.clear();
        self.run = Run::Failed;
    }

    fn check_finish(&self, message: &Json, findings: &mut Findings) {
        if let Run::Active { thread, run, line } = self.run {
            let same = id(message, "threadId") == Some(thread) && id(message, "runId") == Some(run);
            if !same {
                findings.broken(OTHER_RUN, || {
                    format!("its ids are not those of RUN_STARTED in line {line}")
                });
            }
        }
        if text(message, "outcome.type") == Some("interrupt") {
            let interrupts = at(message, "outcome.interrupts").and_then(Json::as_array);
            if interrupts.is_none_or(Vec::is_empty) {
                findings.broken(NO_INTERRUPT, || "`outcome.interrupts` is empty".to_owned());
            }
        }
    }

    /// Returns the id of an event's part; ids of different parts never collide.
    fn part_id(message: &Json, part: Part) -> Id {
        let rule = part.rule();
        let own = rule.field.and_then(|field| id(message, field));
        Id::pair(Id::text(rule.noun), own.unwrap_or(Id::ONLY))
    }

    fn is_checked(&self, part: Part) -> bool {
        part.rule().is_verified || self.is_strict()
    }

    fn begin(&mut self, message: &Json, part: Part, findings: &mut Findings) {
        if !self.is_checked(part) {
            return;
        }
        let rule = part.rule();
        let within = rule.within.map(|outer| Self::part_id(message, outer));
        if within.is_some_and(|outer| !self.open.contains(outer)) {
            findings.broken(OUTSIDE, || "no block of thinking is open".to_owned());
        }
        let id = Self::part_id(message, part);
        match self.open.get(id) {
            Some((_, line)) => findings.broken(BEGUN_TWICE, || {
                format!("the {} is open since line {line}", rule.noun)
            }),
            None => {
                let line = findings.line();
                self.open.open(id, (part, line), findings);
            }
        }
    }

    /// Checks that a part is open, and ends it if the event does.
    fn go_on(&mut self, message: &Json, part: Part, ends: bool, findings: &mut Findings) {
        if !self.is_checked(part) {
            return;
        }
        let part_id = Self::part_id(message, part);
        if !self.open.contains(part_id) {
            findings.broken(NOT_OPEN, || {
                let rule = part.rule();
                let name = rule.field.and_then(|field| text(message, field));
                let name = name.map(|name| format!(" {}", quoted(name)));
                format!("no {}{} is open", rule.noun, name.unwrap_or_default())
            });
        }
        if ends {
            self.open.close(part_id);
            if part == Part::ToolCall {
                self.await_result(message, findings);
            }
        }
    }

    fn await_result(&mut self, message: &Json, findings: &mut Findings) {
        if let Some(call) = id(message, "toolCallId")
            && self.is_strict()
        {
            self.called.open(call, (), findings);
        }
    }

    fn result(&mut self, message: &Json, findings: &mut Findings) {
        let call = id(message, "toolCallId");
        let is_due = call.and_then(|call| self.called.close(call)).is_some();
        if !is_due && self.is_strict() {
            findings.broken(RESULT_WITHOUT_CALL, || {
                let call = text(message, "toolCallId").unwrap_or_default();
                format!("no tool call {} awaits a result", quoted(call))
            });
        }
    }

    fn chunk(&mut self, message: &Json, part: Part, findings: &mut Findings) {
        if !self.is_strict() {
            return;
        }
        if part == Part::ToolCall {
            return self.chunk_of_call(message, findings);
        }
        if text(message, "messageId").is_some() {
            self.chunked.insert(part);
        } else if !self.chunked.contains(&part) {
            findings.broken(CHUNK_WITHOUT_ID, || {
                "the first chunk has no `messageId`".to_owned()
            });
        }
    }

    fn chunk_of_call(&mut self, message: &Json, findings: &mut Findings) {
        let call = text(message, "toolCallId").map(Id::text);
        let is_first = self.chunked_call.is_none() || call.is_some() && call != self.chunked_call;
        if !is_first {
            return;
        }
        if call.is_none() || text(message, "toolCallName").is_none() {
            findings.broken(CHUNK_WITHOUT_ID, || {
                "the first chunk of a tool call needs `toolCallId` and `toolCallName`".to_owned()
            });
        }
        self.chunked_call = call.or(self.chunked_call);
        self.await_result(message, findings);
    }

    fn delta(&self, findings: &mut Findings) {
        if !self.has_state && self.is_strict() {
            findings.broken(DELTA_BEFORE_SNAPSHOT, || {
                "no STATE_SNAPSHOT and no `input.state` came before".to_owned()
            });
        }
    }
}

impl WireMachine for AgUi {
    fn step(&mut self, message: &Json, findings: &mut Findings) {
        let name = text(message, "type").unwrap_or_default();
        let Some(event) = EVENTS.iter().find(|event| event.name == name) else {
            findings.broken(UNKNOWN, || format!("{} is no type of event", quoted(name)));
            return;
        };
        if let Some(complaint) = lacks(message, event.needed) {
            findings.broken(MISSING_FIELD, || format!("{name}: {complaint}"));
            return;
        }
        if !self.is_in_run(event, findings) {
            return;
        }
        match event.role {
            Role::RunStarted => self.start(message, findings),
            Role::RunFinished => self.finish(message, findings),
            Role::RunError => self.fail(),
            Role::Begins(part) => self.begin(message, part, findings),
            Role::Continues(part) => self.go_on(message, part, false, findings),
            Role::Ends(part) => self.go_on(message, part, true, findings),
            Role::Chunk(part) => self.chunk(message, part, findings),
            Role::ToolResult => self.result(message, findings),
            Role::Snapshot => self.has_state = true,
            Role::Delta => self.delta(findings),
            Role::Free => {}
        }
    }

    fn end(&mut self, findings: &mut Findings) {
        if let Run::Active { line, .. } = self.run
            && self.is_strict()
        {
            findings.broken(UNENDED, || format!("the run of line {line} has no end"));
        }
    }
}
