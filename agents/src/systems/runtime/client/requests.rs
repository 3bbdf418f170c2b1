//! Requests to agents: each is begun at its time, and some are cancelled.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rehearsal_history::{Actor, Receipt, Sending, Span, SpanDraft, SpanEnd};
use rehearsal_sim::tokio::task::JoinSet;
use rehearsal_sim::tokio::{select, time};
use rehearsal_sim::tokio_util::sync::CancellationToken;

use super::super::host::Observer;
use super::super::marks::{
    ANSWER_AFTER_CANCEL, CANCELLED_UNDER_WAY, DISCONNECTED_UNDER_WAY, REQUEST_TIMED_OUT,
};
use super::super::model::{self, inbox, mailbox};
use super::super::plan::PlannedRequest;
use super::super::wire::{Message, Outcome, Progress};
use super::Shared;
use super::connection::CallError;
use crate::record::Recorder;
use crate::record::recorder::name_task;

/// Makes requests, without waiting for one before the next.
pub(super) async fn run(shared: Arc<Shared>, requests: Vec<PlannedRequest>) {
    let mut open = JoinSet::new();
    for (number, request) in (1_u32..).zip(requests) {
        time::sleep(request.wait).await;
        open.spawn(make(Arc::clone(&shared), number, request));
    }
    while open.join_next().await.is_some() {}
}

/// Makes one request, and records it from its beginning to its end.
async fn make(shared: Arc<Shared>, number: u32, request: PlannedRequest) {
    let (actor, name) = (&shared.actor, shared.plan.id.to_string());
    name_task(&format!("request {number} of {name}"));
    let draft = SpanDraft::new("request").labelled(request.to.to_string());
    let span = actor.begin(draft.on(inbox(&name)));
    let draft = model::request(number, &shared.plan.secret);
    let sending = actor.sending(&mailbox(&request.to), draft);
    let message = Message {
        id: Arc::clone(sending.id()),
        context: (&span).into(),
        secret: Arc::clone(&shared.plan.secret),
        number,
        task: request.task,
    };
    let observer = Arc::new(Inbox {
        actor: actor.clone(),
        recorder: shared.recorder.clone(),
        channel: inbox(&name),
        secret: Arc::clone(&shared.plan.secret),
        number,
        cancelled: AtomicBool::new(false),
    });
    let result = call(&shared, request, message, observer).await;
    record_end(&shared, sending, span, result);
}

/// Makes the call, and cancels it when it is time.
async fn call(
    shared: &Shared,
    request: PlannedRequest,
    message: Message,
    inbox: Arc<Inbox>,
) -> Result<Outcome, CallError> {
    let token = CancellationToken::new();
    let observer: Arc<dyn Observer> = Arc::clone(&inbox) as Arc<dyn Observer>;
    let runtime = &shared.runtime;
    let calling = runtime.send_within(request.to, message, observer, &token, request.timeout);
    let cancelling = async {
        if let Some(after) = request.cancel_after {
            time::sleep(after).await;
            inbox.cancelled.store(true, Ordering::Relaxed);
            token.cancel();
        }
        std::future::pending::<Infallible>().await
    };
    select! {
        biased;
        result = calling => result,
        never = cancelling => match never {},
    }
}

/// Records the end of a request as its caller sees it.
fn record_end(shared: &Shared, sending: Sending, span: Span, result: Result<Outcome, CallError>) {
    match result {
        Ok(Outcome::Answered(_)) => {
            sending.accepted();
            span.end(SpanEnd::Completed);
        }
        Ok(Outcome::Failed(_)) => {
            sending.accepted();
            span.end(SpanEnd::Failed);
        }
        Ok(Outcome::Refused(refusal)) => {
            sending.rejected(refusal);
            span.end(SpanEnd::Failed);
        }
        Ok(Outcome::Cancelled) | Err(CallError::Cancelled) => span.end(SpanEnd::Cancelled),
        Err(CallError::TimedOut) => {
            shared.recorder.mark(REQUEST_TIMED_OUT);
            span.end(SpanEnd::TimedOut);
        }
        Err(CallError::Disconnected) => {
            shared.recorder.mark(DISCONNECTED_UNDER_WAY);
            span.end(SpanEnd::Cancelled);
        }
    }
}

/// The inbox of a client: what comes for one of its requests.
struct Inbox {
    actor: Actor,
    recorder: Recorder,
    channel: String,
    secret: Arc<str>,
    number: u32,
    cancelled: AtomicBool,
}

impl Observer for Inbox {
    fn progress(&self, progress: &Progress) {
        self.actor.received(&self.channel, &progress.id);
    }

    fn ended(&self, outcome: &Outcome) {
        let cancelled = self.cancelled.load(Ordering::Relaxed);
        match outcome {
            Outcome::Answered(answer) => {
                let recalled = answer.recalled.as_deref();
                let body = model::response(answer.number, &self.secret, recalled);
                let receipt = Receipt::of(Arc::clone(&answer.id)).with_body(body);
                self.actor.received(&self.channel, receipt);
                let checked = match answer.number == self.number {
                    true => Ok(()),
                    false => Err(format!(
                        "request {} is answered with {}",
                        self.number, answer.number
                    )),
                };
                self.actor.invariant("an answer fits its request", checked);
                if cancelled {
                    self.recorder.mark(ANSWER_AFTER_CANCEL);
                }
            }
            Outcome::Cancelled if cancelled => self.recorder.mark(CANCELLED_UNDER_WAY),
            Outcome::Cancelled | Outcome::Failed(_) | Outcome::Refused(_) => {}
        }
    }
}
