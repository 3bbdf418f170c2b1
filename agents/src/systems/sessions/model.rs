//! Sessions in the terms of a history.
//!
//! A session is a span, a tenant and a channel. Its events are messages on that channel,
//! those of each agent a stream. The trace that the service returns when a session is
//! closed is read by an actor of the same tenant: an event that it lacks is lost, one that
//! it has twice arrived twice, and one of another session is a breach of isolation.

use rehearsal_history::profile::{KindRule, Part, Profile, Role};
use rehearsal_history::{Body, EntityId, Model, SpanEnd, SpanId, Value, Vocabulary};

use super::trace::{EventKind, Regression};
use super::wire::SessionId;

/// The work of an agent in its session.
const AGENT: Part = Part {
    name: "agent run",
    field: "run",
};

/// The work on one module.
const GENERATION: Part = Part {
    name: "generation",
    field: "module",
};

const fn rule(kind: &'static str, role: Role) -> KindRule {
    KindRule { kind, role }
}

/// The rules of a session.
static TRACE: Profile = Profile {
    name: "session-trace",
    kinds: &[
        rule("session_started", Role::Opening),
        rule("agent_start", Role::BeginsPart(AGENT)),
        rule("agent_end", Role::EndsPart(AGENT)),
        rule("agent_error", Role::EndsPart(AGENT)),
        rule("llm_call", Role::Plain),
        rule("session_delegated", Role::BeginsChild { field: "child" }),
        rule("session_joined", Role::EndsChild { field: "child" }),
        rule("batch_processing_started", Role::Plain),
        rule("test_generation_started", Role::BeginsPart(GENERATION)),
        rule("test_generation_completed", Role::EndsPart(GENERATION)),
        rule("test_verification_started", Role::Plain),
        rule("test_healing_triggered", Role::Plain),
        rule("checkpoint", Role::Plain),
        rule("bottleneck_detected", Role::Plain),
        rule("regression_detected", Role::Plain),
        rule(
            "session_ended",
            Role::Terminal {
                ends: &[SpanEnd::Completed],
                explained_by: None,
            },
        ),
        rule(
            "session_failed",
            Role::Terminal {
                ends: &[SpanEnd::Failed],
                explained_by: Some("error"),
            },
        ),
    ],
};

/// The words and the rules of histories of sessions.
pub const MODEL: Model = Model {
    vocabulary: Vocabulary {
        message: "event",
        channel: "trace",
        stream: "stream",
        actor: "party",
        span: "session",
        tenant: "session",
        object: "object",
        operation: "operation",
    },
    profile: Some(&TRACE),
};

/// Returns kind and fields of an event. `span_of` knows the spans of sessions.
pub(super) fn body(kind: &EventKind, span_of: impl Fn(SessionId) -> Option<SpanId>) -> Body {
    let body = Body::new(kind.name());
    let with_child = |body: Body, child: SessionId| match span_of(child) {
        Some(span) => body.with("child", Value::Entity(EntityId::from(span))),
        None => body,
    };
    match kind {
        EventKind::SessionStarted | EventKind::SessionEnded => body,
        EventKind::AgentStart { run } | EventKind::AgentEnd { run } => body.with("run", *run),
        EventKind::AgentError { run, error } => body.with("run", *run).with("error", error.clone()),
        EventKind::LlmCall {
            model,
            tokens,
            cost_micros,
        } => body
            .with("model", model.as_str())
            .with("tokens", *tokens)
            .with("cost_micros", number(*cost_micros)),
        EventKind::SessionDelegated { child } | EventKind::SessionJoined { child } => {
            with_child(body, *child)
        }
        EventKind::BatchProcessingStarted { modules } => body.with("modules", *modules),
        EventKind::TestGenerationStarted { module }
        | EventKind::TestVerificationStarted { module }
        | EventKind::TestHealingTriggered { module } => body.with("module", *module),
        EventKind::TestGenerationCompleted {
            module,
            tests,
            quality,
        } => body
            .with("module", *module)
            .with("tests", *tests)
            .with("quality", *quality),
        EventKind::Checkpoint { name } => body.with("name", name.clone()),
        EventKind::BottleneckDetected { checkpoint, gap_us } => body
            .with("checkpoint", checkpoint.clone())
            .with("gap_us", number(*gap_us)),
        EventKind::RegressionDetected { regression } => {
            let (metric, severity) = match regression {
                Regression::GenerationTime => ("generation_time", "high"),
                Regression::TestQuality => ("test_quality", "critical"),
            };
            body.with("metric", metric).with("severity", severity)
        }
        EventKind::SessionFailed { error } => body.with("error", error.clone()),
    }
}

fn number(number: u64) -> i64 {
    i64::try_from(number).expect("fewer than 2^63")
}
